// A session with one peer: performs what its machine (peer.ts) decides, and turns sockets and timers into events. It owns
// OPEN, KEEPALIVE and NOTIFICATION; UPDATEs are written through it by whoever holds the routes, and theirs are counted.

import { Driver } from '../machine.js';
import { formatAddress, formatIpv4 } from '../net/address.js';
import type { Clock, Log, Random, Timers } from '../ports.js';
import type { Direction } from './collision.js';
import { BgpError, badMessageType } from './errors.js';
import type { RawMessage } from './framer.js';
import type { FsmAction, StateName } from './fsm.js';
import type { AfiSafi } from './message.js';
import type { Negotiated } from './negotiate.js';
import { afiSafiOf } from './nlri.js';
import { decodeNotification } from './notification.js';
import { ceaseSubcode, messageType } from './numbers.js';
import { decodeOpen } from './open.js';
import {
  type Agreement,
  establishedDirection,
  initialPeer,
  leading,
  type PeerAction,
  type PeerEvent,
  type PeerSettings,
  type PeerState,
  type StopReason,
  step,
} from './peer.js';
import { SendWatch } from './send-watch.js';
import { Intake } from './session-intake.js';
import { Journal } from './session-journal.js';
import { Link, localOpen } from './session-link.js';
import { noMessages, type SessionStatus, statusOf } from './session-status.js';
import type { SessionSettings } from './settings.js';
import { delayMs, dialSeconds, sendHoldMs, TimerSet } from './timers.js';
import { type Connection, type ConnectionEvents, type Dialling, type Transport, TransportError } from './transport.js';

export type { SessionStatus };

/** Who holds the routes. Called while the session performs: what it does to the session in return takes effect after. */
export interface SessionOutput {
  /** From here to closed(), UPDATEs may be written. Their next hop is `connection.local`. */
  established(session: Session, negotiated: Negotiated, connection: Pick<Connection, 'local' | 'remote'>): void;
  closed(session: Session): void;
  /** All that was written has left: more would be sent at once. Only while established. */
  drained(session: Session): void;
  /** The peer wants everything once more: at most once a second for each negotiated family. */
  refreshRequested(session: Session, family: AfiSafi): void;
  transition(session: Session, from: StateName, to: StateName, reason: string): void;
}

export interface SessionEnvironment {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly output: SessionOutput;
}

const peerSettings = ({ asn, routerId, passive, remote }: SessionSettings): PeerSettings => ({
  asn,
  routerId,
  passive: passive || remote === undefined,
});

/** Why a state was entered, where no ending says so. */
const entered: { readonly [S in StateName]: string } = {
  Idle: 'waiting for the next attempt',
  Connect: 'connecting',
  Active: 'waiting for a connection',
  OpenSent: 'connected',
  OpenConfirm: 'OPEN accepted',
  Established: 'KEEPALIVE received',
};

const deaf: ConnectionEvents = { received() {}, drained() {}, closed() {} };

export class Session {
  #settings: SessionSettings;
  readonly #environment: SessionEnvironment;
  readonly #driver: Driver<PeerState, PeerEvent, PeerAction>;
  readonly #journal: Journal;
  readonly #intake: Intake;
  readonly #timers: { readonly [D in Direction]: TimerSet };
  readonly #links: { [D in Direction]?: Link | undefined } = {};
  readonly #sent = noMessages();
  readonly #received = noMessages();
  #dialling: Dialling | undefined;
  /** A connection of the peer that the machine has not decided on yet. */
  #candidate: Connection | undefined;
  /** The message that the machine is looking at. */
  #message: RawMessage | undefined;
  #establishedAtMs: number | undefined;
  #reason: string | undefined;

  constructor(settings: SessionSettings, environment: SessionEnvironment) {
    const { clock, timers, log, output } = environment;
    this.#settings = settings;
    this.#environment = environment;
    this.#driver = new Driver({ initial: initialPeer(peerSettings(settings)), step }, (action) =>
      this.#perform(action),
    );
    this.#journal = new Journal(settings.name, log, clock);
    this.#intake = new Intake(this.#journal, clock, timers, (family) => output.refreshRequested(this, family));
    const timersOf = (direction: Direction): TimerSet =>
      new TimerSet(clock, timers, (name) => this.#tell(direction, { kind: `${name}Expired` }));
    this.#timers = { outgoing: timersOf('outgoing'), incoming: timersOf('incoming') };
  }

  get name(): string {
    return this.#settings.name;
  }

  get settings(): SessionSettings {
    return this.#settings;
  }

  /** Dials, or listens, at once; does nothing while administratively down. */
  start(): void {
    if (this.#settings.adminState === 'enabled') this.#driver.dispatch({ kind: 'start' });
  }

  /** Says farewell and stays down until start(). The connection closes by itself once the farewell is through. */
  stop(reason: StopReason): void {
    this.#driver.dispatch({ kind: 'stop', reason });
  }

  /** Ends what is there and begins again at once, with the settings of now. Not while it is stopped. */
  reset(reason: StopReason): void {
    this.#driver.dispatch({ kind: 'reset', reason });
  }

  /** Ends the established session for a reason of ours and backs off: out of resources, for one. */
  giveUp(error: BgpError): void {
    const direction = establishedDirection(this.#driver.state);
    if (direction !== undefined) this.#tell(direction, { kind: 'fault', error });
  }

  /**
   * Timers and bounds hold at once, what an OPEN or a socket carries from the next connection on: whether to bounce the
   * session for that is the caller's decision. `adminState` stops and starts it.
   */
  update(settings: SessionSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#driver.dispatch({ kind: 'configured', settings: peerSettings(settings) });
    if (settings.maxPrefixes !== before.maxPrefixes) this.#countAgain();
    const [isUp, wasUp] = [settings, before].map(({ adminState }) => adminState === 'enabled');
    if (wasUp && !isUp) this.stop({ subcode: ceaseSubcode.administrativeShutdown, text: settings.shutdownText });
    if (isUp && !wasUp) this.start();
  }

  /** A connection that the peer opened. Undefined: it is to be closed. */
  accept(connection: Connection): ConnectionEvents | undefined {
    try {
      connection.restrict(this.#settings.socket);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.#journal.refused(error.message);
      return undefined;
    }
    this.#candidate = connection;
    this.#driver.dispatch({ kind: 'accepted' });
    this.#candidate = undefined;
    const link = this.#links.incoming;
    // A refused one is told so first: it must not be cut off before the peer has read why.
    return link?.connection === connection ? this.#eventsOf('incoming', link) : deaf;
  }

  /** One or more whole UPDATEs that must not change from now on. Dropped unless established. */
  write(chunk: Uint8Array): void {
    this.#establishedLink?.write(chunk);
  }

  /** Comes after write(): so many messages were in it. */
  wrote(messageCount: number): void {
    const direction = establishedDirection(this.#driver.state);
    if (direction === undefined) return;
    this.#sent.update += messageCount;
    this.#tell(direction, { kind: 'updateSent' });
  }

  /** What was written and the kernel has not taken yet. */
  get unsentOctets(): number {
    return this.#establishedLink?.connection.unsentOctets ?? 0;
  }

  status(): SessionStatus {
    const { clock } = this.#environment;
    const state = this.#driver.state;
    return statusOf({
      settings: this.#settings,
      state,
      link: this.#links[leading(state)],
      uptimeMs: this.#establishedAtMs === undefined ? 0 : clock.monotonicMs() - this.#establishedAtMs,
      receivedPrefixes: this.#intake.receivedPrefixes,
      sent: this.#sent,
      received: this.#received,
      updateFaults: this.#intake.updateFaults,
      lastError: this.#journal.lastError,
    });
  }

  get #establishedLink(): Link | undefined {
    const direction = establishedDirection(this.#driver.state);
    return direction && this.#links[direction];
  }

  #tell(direction: Direction, event: Extract<PeerEvent, { kind: 'connection' }>['event']): void {
    this.#driver.dispatch({ kind: 'connection', direction, event });
  }

  // ---- What the machine decided

  #perform(action: PeerAction): void {
    switch (action.kind) {
      case 'adopt':
        if (this.#candidate) this.#links.incoming = new Link(this.#candidate, this.#sent);
        break;
      case 'refuse':
        this.#journal.refused(action.reason);
        if (this.#candidate) {
          new Link(this.#candidate, this.#sent).send(action.notification);
          this.#candidate.finish();
        }
        break;
      case 'transition':
        this.#moved(action.from, action.to);
        break;
      case 'perform':
        this.#performOn(action.direction, action.action);
        break;
    }
  }

  #performOn(direction: Direction, action: FsmAction): void {
    const link = this.#links[direction];
    const { random } = this.#environment;
    switch (action.kind) {
      case 'dial':
        this.#dial();
        break;
      case 'cancelDial':
        this.#dialling?.cancel();
        this.#dialling = undefined;
        break;
      case 'sendOpen':
        link?.offer(localOpen(this.#settings, this.#driver.state.restarting));
        break;
      case 'sendKeepalive':
        link?.send({ kind: 'keepalive' });
        break;
      case 'sendNotification':
        link?.send(action.notification);
        break;
      case 'finish':
        link?.connection.finish();
        break;
      case 'destroy':
        link?.connection.destroy();
        break;
      case 'startTimer': {
        const { request } = action;
        this.#timers[direction].start(request.timer, delayMs(request, this.#settings.connectRetrySeconds, random));
        break;
      }
      case 'stopTimers':
        this.#timers[direction].stop();
        break;
      case 'established':
        if (link?.negotiated) this.#established(direction, link, link.negotiated);
        break;
      case 'deliver':
        if (this.#message && link?.negotiated) this.#deliver(direction, this.#message, link.negotiated);
        break;
      case 'stable':
        break;
      case 'ended':
        link?.close();
        this.#links[direction] = undefined;
        this.#reason = this.#journal.ended(action.from, action.ending, this.#driver.state.running);
        if (action.from === 'Established') this.#lost();
        break;
    }
  }

  #dial(): void {
    const { remote, socket } = this.#settings;
    if (remote === undefined) return;
    this.#dialling = this.#environment.transport.dial(
      { ...socket, remote, timeoutMs: dialSeconds * 1000 },
      (connection) => {
        this.#dialling = undefined;
        const link = new Link(connection, this.#sent);
        this.#links.outgoing = link;
        this.#tell('outgoing', { kind: 'tcpConnected' });
        return this.#eventsOf('outgoing', link);
      },
      ({ message }) => {
        this.#dialling = undefined;
        this.#tell('outgoing', { kind: 'tcpFailed', reason: message });
      },
    );
  }

  #established(direction: Direction, link: Link, negotiated: Negotiated): void {
    const { clock, timers, output } = this.#environment;
    const limitMs = sendHoldMs(negotiated.holdTimeSeconds);
    if (limitMs !== undefined)
      link.watch = new SendWatch(link.connection, clock, timers, limitMs, () =>
        this.#tell(direction, { kind: 'sendStalled' }),
      );
    this.#intake.open(this.#settings.maxPrefixes);
    this.#establishedAtMs = clock.monotonicMs();
    const { local, remote } = link.connection;
    this.#journal.up({
      local: formatAddress(local.address),
      remote: formatAddress(remote.address),
      direction,
      asn: negotiated.remoteAsn,
      routerId: formatIpv4(negotiated.remoteRouterId),
      holdTimeSeconds: negotiated.holdTimeSeconds,
      families: negotiated.families,
    });
    output.established(this, negotiated, link.connection);
  }

  #lost(): void {
    this.#establishedAtMs = undefined;
    this.#intake.close();
    this.#environment.output.closed(this);
  }

  #moved(from: StateName, to: StateName): void {
    const reason = this.#reason ?? entered[to];
    this.#reason = undefined;
    this.#journal.moved(from, to, reason);
    this.#environment.output.transition(this, from, to, reason);
  }

  // ---- What the peer said

  #eventsOf(direction: Direction, link: Link): ConnectionEvents {
    const current = (): boolean => this.#links[direction] === link;
    return {
      received: (octets) => {
        link.framer.push(octets);
        while (current() && this.#takeOne(direction, link));
      },
      drained: () => {
        if (!current()) return;
        link.watch?.drained();
        if (link === this.#establishedLink) this.#environment.output.drained(this);
      },
      closed: (reason) => {
        if (current()) this.#tell(direction, { kind: 'tcpClosed', reason });
      },
    };
  }

  /** Whether there was a whole message. */
  #takeOne(direction: Direction, link: Link): boolean {
    try {
      const message = link.framer.next();
      if (message === undefined) return false;
      this.#message = message;
      this.#take(direction, link, message);
    } catch (error) {
      this.#tell(direction, { kind: 'fault', error: asBgpError(error) });
    } finally {
      this.#message = undefined;
    }
    return true;
  }

  #take(direction: Direction, link: Link, message: RawMessage): void {
    const { type, body } = message;
    switch (type) {
      case messageType.open:
        this.#received.open++;
        this.#driver.dispatch({ kind: 'opened', direction, verdict: this.#verdictOn(body, link) });
        break;
      case messageType.update:
        this.#received.update++;
        this.#tell(direction, { kind: 'update' });
        break;
      case messageType.notification:
        this.#received.notification++;
        this.#tell(direction, { kind: 'notification', notification: decodeNotification(body) });
        break;
      case messageType.keepalive:
        this.#received.keepalive++;
        this.#tell(direction, { kind: 'keepalive' });
        break;
      case messageType.routeRefresh:
        this.#received.routeRefresh++;
        this.#tell(direction, { kind: 'routeRefresh' });
        break;
      default:
        throw badMessageType(type);
    }
  }

  #verdictOn(body: Uint8Array, link: Link): Agreement | BgpError {
    try {
      return link.agree(decodeOpen(body), this.#settings);
    } catch (error) {
      return asBgpError(error);
    }
  }

  /** What only counts once established. */
  #deliver(direction: Direction, message: RawMessage, negotiated: Negotiated): void {
    try {
      this.#intake.take(message, negotiated);
    } catch (error) {
      this.#tell(direction, { kind: 'fault', error: asBgpError(error) });
    }
  }

  /** A new bound needs a new count, which only the peer can give (RFC 2918); without that, what comes from now on counts. */
  #countAgain(): void {
    const link = this.#establishedLink;
    if (!link?.negotiated) return;
    this.#intake.open(this.#settings.maxPrefixes);
    if (!link.negotiated.routeRefresh) return;
    for (const family of link.negotiated.families)
      link.send({ kind: 'routeRefresh', ...afiSafiOf(family), subtype: 0 });
  }
}

function asBgpError(error: unknown): BgpError {
  if (error instanceof BgpError) return error;
  throw error;
}
