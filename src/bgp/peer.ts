// One peer: an active machine that dials and a passive one that listens (fsm.ts), made to agree on a single session.
// Also what outlives a connection: admin state, the R bit, flaps, how the last one ended. Decides; session.ts performs.
// Read RFC 4271 §6.8 and §8.2.1, RFC 4724 §4 and RFC 8538 §3 first.

import { type Direction, loser, opposite, type Speaker } from './collision.js';
import { BgpError } from './errors.js';
import { type Ending, type FsmAction, type FsmEvent, type FsmState, type StateName, step as stepFsm } from './fsm.js';
import { initialFsm, isConnected, isStubborn, toleratedFailures } from './fsm-decisions.js';
import type { Notification } from './message.js';
import { cease, hardReset } from './notification.js';
import { ceaseSubcode } from './numbers.js';

export interface PeerSettings extends Speaker {
  /** Never dials. */
  readonly passive: boolean;
}

/** What two OPENs agreed on, as far as it decides anything here. */
export interface Agreement {
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  readonly remote: Speaker;
  /** The peer may restart and come back on a new connection while the old one still looks alive (RFC 4724 §4.2). */
  readonly peerRestarts: boolean;
  /** The peer keeps our routes when the connection closes without a word (RFC 4724 §4.1). */
  readonly peerHelps: boolean;
  /** The N bit, both ways (RFC 8538 §2): only a Hard Reset makes the peer drop our routes. */
  readonly hardReset: boolean;
}

/** RFC 4486 subcodes; `keepRoutes`: leave so that a helper keeps them, if there is one. */
export interface StopReason {
  readonly subcode: number;
  /** RFC 9003, for administrativeShutdown and administrativeReset. */
  readonly text?: string;
  readonly keepRoutes?: boolean;
}

export interface PeerState {
  readonly settings: PeerSettings;
  readonly running: boolean;
  readonly outgoing: FsmState;
  readonly incoming: FsmState;
  /** Of each connection that got that far. */
  readonly agreements: { readonly outgoing?: Agreement; readonly incoming?: Agreement };
  /** The established session has lasted; a peer's second connection then means that it restarted, not that both dialled. */
  readonly stable: boolean;
  /** The R bit (RFC 4724 §3): until the first session with this peer since the process began. */
  readonly restarting: boolean;
  /** Established sessions lost, other than by our own operator. */
  readonly flaps: number;
  readonly lastEnding?: Ending;
}

type Unconnected = Extract<FsmEvent, { kind: 'start' | 'stop' | 'standDown' | 'holdOff' | 'superseded' | 'open' }>;

export type PeerEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop'; readonly reason: StopReason }
  | { readonly kind: 'reset'; readonly reason: StopReason }
  | { readonly kind: 'configured'; readonly settings: PeerSettings }
  /** The peer opened a TCP connection; answered by `adopt` or `refuse`. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'opened'; readonly direction: Direction; readonly verdict: Agreement | BgpError }
  | { readonly kind: 'connection'; readonly direction: Direction; readonly event: Exclude<FsmEvent, Unconnected> };

export type PeerAction =
  | { readonly kind: 'adopt' }
  | { readonly kind: 'refuse'; readonly notification: Notification; readonly reason: string }
  | { readonly kind: 'perform'; readonly direction: Direction; readonly action: FsmAction }
  /** The state an operator sees has changed. */
  | { readonly kind: 'transition'; readonly from: StateName; readonly to: StateName };

export interface PeerStep {
  readonly state: PeerState;
  readonly actions: readonly PeerAction[];
}

export const initialPeer = (settings: PeerSettings): PeerState => ({
  settings,
  running: false,
  outgoing: initialFsm('active'),
  incoming: initialFsm('passive'),
  agreements: {},
  stable: false,
  restarting: true,
  flaps: 0,
});

const directions: readonly Direction[] = ['outgoing', 'incoming'];
const rank: { readonly [S in StateName]: number } = {
  Idle: 0,
  Active: 1,
  Connect: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
};

/** The direction whose state is the peer's: the more advanced connection; unconnected, the machine that does the trying. */
export function leading({ settings, outgoing, incoming }: PeerState): Direction {
  if (isConnected(outgoing) || isConnected(incoming))
    return rank[outgoing.name] >= rank[incoming.name] ? 'outgoing' : 'incoming';
  return settings.passive && outgoing.name === 'Idle' ? 'incoming' : 'outgoing';
}

export const stateName = (state: PeerState): StateName => state[leading(state)].name;

export function establishedDirection(state: PeerState): Direction | undefined {
  return directions.find((direction) => state[direction].name === 'Established');
}

/** Undefined: nothing is said, so that a helper keeps the routes. */
function farewell(
  { subcode, text, keepRoutes }: StopReason,
  agreement: Agreement | undefined,
): Notification | undefined {
  if (keepRoutes && agreement?.peerHelps) return undefined;
  const plain = cease(subcode, text);
  // RFC 8538 §3: with the N bit, a plain Cease would make the peer keep what it should forget.
  return agreement?.hardReset ? hardReset(plain) : plain;
}

/** One event's worth of work on both machines. */
class Walk {
  state: PeerState;
  readonly actions: PeerAction[] = [];

  constructor(state: PeerState) {
    this.state = state;
  }

  tell(direction: Direction, event: FsmEvent): void {
    const { state: fsm, actions } = stepFsm(this.state[direction], event);
    if (fsm !== this.state[direction]) this.state = { ...this.state, [direction]: fsm };
    for (const action of actions) {
      this.actions.push({ kind: 'perform', direction, action });
      if (action.kind === 'established') this.#established(direction);
      else if (action.kind === 'stable') this.#stable(direction);
      else if (action.kind === 'ended') this.#ended(direction, action.from, action.ending);
    }
  }

  #established(direction: Direction): void {
    this.state = { ...this.state, restarting: false, stable: false };
    this.tell(opposite(direction), { kind: 'standDown' });
  }

  #stable(direction: Direction): void {
    const other = opposite(direction);
    this.state = { ...this.state, stable: true, [other]: { ...this.state[other], failures: 0 } };
  }

  #ended(direction: Direction, from: StateName, ending: Ending): void {
    const { [direction]: _, ...agreements } = this.state.agreements;
    const lost = from === 'Established';
    this.state = {
      ...this.state,
      agreements,
      stable: lost ? false : this.state.stable,
      flaps: this.state.flaps + (lost && ending.kind !== 'stopped' ? 1 : 0),
      // RFC 4271 §6.8 ends connections that are one too many: nothing went wrong.
      ...(ending.kind === 'collision' ? {} : { lastEnding: ending }),
    };
    if (ending.kind === 'fault' && isStubborn(ending.code, ending.subcode))
      this.tell(opposite(direction), { kind: 'holdOff', failures: this.state[direction].failures });
  }

  start(): void {
    this.state = { ...this.state, running: true };
    this.tell('incoming', { kind: 'start' });
    if (!this.state.settings.passive && !isConnected(this.state.incoming)) this.tell('outgoing', { kind: 'start' });
  }

  stop(reason: StopReason): void {
    const { agreements } = this.state;
    this.state = { ...this.state, running: false };
    for (const direction of directions) {
      const established = this.state[direction].name === 'Established';
      const word = farewell(reason, established ? agreements[direction] : undefined);
      this.tell(direction, word === undefined ? { kind: 'stop' } : { kind: 'stop', farewell: word });
    }
  }

  configure(settings: PeerSettings): void {
    this.state = { ...this.state, settings };
    if (settings.passive && !isConnected(this.state.outgoing)) this.tell('outgoing', { kind: 'standDown' });
  }

  accept(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      const [subcode, reason] = refusal;
      this.actions.push({ kind: 'refuse', notification: cease(subcode), reason });
      return;
    }
    const established = establishedDirection(this.state);
    if (established !== undefined) this.tell(established, { kind: 'superseded' });
    else if (this.state.incoming.name === 'OpenSent') this.tell('incoming', { kind: 'superseded' });
    this.actions.push({ kind: 'adopt' });
    this.tell('incoming', { kind: 'tcpConnected' });
  }

  #refusal(): readonly [subcode: number, reason: string] | undefined {
    const { running, incoming, stable, agreements } = this.state;
    const { connectionRejected, connectionCollision } = ceaseSubcode;
    if (!running) return [connectionRejected, 'the peer is shut down here'];
    if (incoming.name === 'Idle') return [connectionRejected, 'its last connections failed, it has to wait'];
    const established = establishedDirection(this.state);
    if (established !== undefined) {
      // RFC 4724 §4.2: a restarted peer comes back before its old connection is known to be dead. A session of a few
      // seconds is no such case: there the second connection is the late half of a simultaneous start.
      const restarted = stable && agreements[established]?.peerRestarts === true;
      return restarted ? undefined : [connectionCollision, 'a session with the peer is already established'];
    }
    if (incoming.name === 'OpenConfirm')
      return [connectionCollision, 'a connection of the peer is about to be established'];
    // The newer connection is the likelier to be alive; but a storm of them must not churn for ever.
    if (incoming.name === 'OpenSent' && incoming.failures + 1 >= toleratedFailures)
      return [connectionCollision, 'the peer opens too many connections'];
    return undefined;
  }

  opened(direction: Direction, verdict: Agreement | BgpError): void {
    if (!(verdict instanceof BgpError) && this.state[direction].name === 'OpenSent') {
      const { settings, agreements } = this.state;
      const lost = loser(direction, this.state[opposite(direction)], settings, verdict.remote);
      if (lost !== undefined) this.tell(lost, { kind: 'standDown' });
      if (lost === direction) return;
      this.state = { ...this.state, agreements: { ...agreements, [direction]: verdict } };
    }
    this.tell(direction, { kind: 'open', verdict });
  }

  /** Who stood back for the other connection tries again once that is gone. */
  settle(): void {
    const { running, settings, outgoing, incoming } = this.state;
    if (running && !settings.passive && outgoing.name === 'Idle' && !outgoing.holding && !isConnected(incoming))
      this.tell('outgoing', { kind: 'holdOff', failures: 0 });
  }
}

export function step(state: PeerState, event: PeerEvent): PeerStep {
  const walk = new Walk(state);
  switch (event.kind) {
    case 'start':
      walk.start();
      break;
    case 'stop':
      walk.stop(event.reason);
      break;
    case 'reset':
      if (!state.running) break;
      walk.stop(event.reason);
      walk.start();
      break;
    case 'configured':
      walk.configure(event.settings);
      break;
    case 'accepted':
      walk.accept();
      break;
    case 'opened':
      walk.opened(event.direction, event.verdict);
      break;
    case 'connection':
      walk.tell(event.direction, event.event);
      break;
  }
  walk.settle();
  const from = stateName(state);
  const to = stateName(walk.state);
  if (from !== to) walk.actions.push({ kind: 'transition', from, to });
  return { state: walk.state, actions: walk.actions };
}
