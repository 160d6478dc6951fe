// The BGP finite state machine of one connection chain, as a table: every (state, event) pair names its decision.
// A peer runs two of them (peer.ts): an active one that dials, a passive one that listens. Read RFC 4271 §8 first.
// What each decision does stands in fsm-decisions.ts; which of two connections survives in collision.ts.

import type { BgpError } from './errors.js';
import {
  alive,
  already,
  beginAfresh,
  beginAgain,
  closed,
  closedBeforeOpen,
  confirmed,
  connected,
  dialAgain,
  dialFailed,
  faulty,
  holdLonger,
  holdRanOut,
  hush,
  loseCollision,
  loseHope,
  news,
  notified,
  opened,
  proven,
  refresh,
  speak,
  spoke,
  stalled,
  standBy,
  standByFromDialling,
  stopDialling,
  stopWaiting,
  stray,
  superseded,
  turnAway,
  unexpected,
  unmoved,
} from './fsm-decisions.js';
import type { Notification } from './message.js';
import type { TimerRequest } from './timers.js';

export type StateName = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

export interface FsmState {
  readonly name: StateName;
  /** `active` dials; `passive` listens: its Active is waiting for the peer to come. */
  readonly mode: 'active' | 'passive';
  /** RFC 4271 §8.1.1 ConnectRetryCounter: failures in a row. Collisions are none (§6.8 ends a connection, not an attempt). */
  readonly failures: number;
  /** Idle with the timer running that ends it. Idle without: stopped, or the other connection of the peer does the work. */
  readonly holding: boolean;
  /** OpenSent, and so young that the OPEN of the peer is still on its way. */
  readonly expectsOpen: boolean;
  /** Negotiated; 0: neither timer runs (RFC 4271 §4.2, §4.4). */
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
}

/** What came of an OPEN: the times it settled, or what was wrong with it. */
export type OpenVerdict = { readonly holdTimeSeconds: number; readonly keepaliveSeconds: number } | BgpError;

export type FsmEvent =
  | { readonly kind: 'start' }
  /** `farewell` absent: the connection is closed without a word, so that a helper keeps the routes (RFC 4724 §4.1). */
  | { readonly kind: 'stop'; readonly farewell?: Notification }
  /** The other connection of the peer does the work (RFC 4271 §8.1.5, OpenCollisionDump). */
  | { readonly kind: 'standDown' }
  /** Unconnected, it waits out an idle hold as after so many failures. */
  | { readonly kind: 'holdOff'; readonly failures: number }
  /** The peer opened a new connection in place of this one. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'tcpConnected' }
  | { readonly kind: 'tcpFailed'; readonly reason: string }
  | { readonly kind: 'tcpClosed'; readonly reason: string }
  | { readonly kind: 'connectRetryExpired' }
  | { readonly kind: 'idleHoldExpired' }
  | { readonly kind: 'holdExpired' }
  | { readonly kind: 'keepaliveExpired' }
  | { readonly kind: 'patienceExpired' }
  | { readonly kind: 'stableExpired' }
  /** Nothing that we wrote has moved for too long (RFC 9687). */
  | { readonly kind: 'sendStalled' }
  | { readonly kind: 'updateSent' }
  | { readonly kind: 'open'; readonly verdict: OpenVerdict }
  | { readonly kind: 'keepalive' }
  | { readonly kind: 'update' }
  | { readonly kind: 'routeRefresh' }
  | { readonly kind: 'notification'; readonly notification: Notification }
  /** What the framer or a decoder found wrong. */
  | { readonly kind: 'fault'; readonly error: BgpError };

export type EventKind = FsmEvent['kind'];

/** Why a connection, or an attempt at one, ended. */
export type Ending =
  | { readonly kind: 'stopped'; readonly farewell?: Notification }
  | { readonly kind: 'fault'; readonly code: number; readonly subcode: number; readonly text: string }
  | { readonly kind: 'notified'; readonly notification: Notification }
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'dialFailed'; readonly reason: string }
  | { readonly kind: 'collision' };

export type FsmAction =
  | { readonly kind: 'dial' }
  | { readonly kind: 'cancelDial' }
  | { readonly kind: 'sendOpen' }
  | { readonly kind: 'sendKeepalive' }
  | { readonly kind: 'sendNotification'; readonly notification: Notification }
  /** Sends what was written, then FIN, then closes (the peer must be able to read our last word). */
  | { readonly kind: 'finish' }
  | { readonly kind: 'destroy' }
  | { readonly kind: 'startTimer'; readonly request: TimerRequest }
  | { readonly kind: 'stopTimers' }
  | { readonly kind: 'established' }
  /** The message at hand counts. */
  | { readonly kind: 'deliver' }
  /** Established for long enough to call it a success. */
  | { readonly kind: 'stable' }
  | { readonly kind: 'ended'; readonly from: StateName; readonly ending: Ending };

export interface FsmStep {
  readonly state: FsmState;
  readonly actions: readonly FsmAction[];
}

type EventOf<K extends EventKind> = Extract<FsmEvent, { kind: K }>;
export type Cell<K extends EventKind> = (state: FsmState, event: EventOf<K>) => FsmStep;
export type Row = { readonly [K in EventKind]: Cell<K> };

const idleRow: Row = {
  start: beginAfresh,
  stop: stopWaiting,
  standDown: standBy,
  holdOff: holdLonger,
  superseded: stray,
  tcpConnected: turnAway,
  tcpFailed: stray,
  tcpClosed: stray,
  connectRetryExpired: stray,
  idleHoldExpired: beginAgain,
  holdExpired: stray,
  keepaliveExpired: stray,
  patienceExpired: stray,
  stableExpired: stray,
  sendStalled: stray,
  updateSent: stray,
  open: stray,
  keepalive: stray,
  update: stray,
  routeRefresh: stray,
  notification: stray,
  fault: stray,
};

const connectRow: Row = {
  ...idleRow,
  start: already,
  stop: stopDialling,
  standDown: standByFromDialling,
  holdOff: unmoved,
  tcpConnected: connected,
  tcpFailed: dialFailed,
  // The dial has a timeout of its own, which arrives as tcpFailed: it is the ConnectRetryTimer of this state.
  connectRetryExpired: stray,
  idleHoldExpired: stray,
};

const activeRow: Row = {
  ...idleRow,
  start: already,
  tcpConnected: connected,
  connectRetryExpired: dialAgain,
  idleHoldExpired: stray,
};

const openSentRow: Row = {
  start: already,
  stop: hush,
  standDown: loseCollision,
  holdOff: unmoved,
  superseded,
  // RFC 4271 §8.2.2: a second connection is tracked apart, until its OPEN tells which of them stays.
  tcpConnected: stray,
  tcpFailed: stray,
  tcpClosed: closedBeforeOpen,
  connectRetryExpired: stray,
  idleHoldExpired: stray,
  holdExpired: holdRanOut,
  keepaliveExpired: stray,
  patienceExpired: loseHope,
  stableExpired: stray,
  sendStalled: stalled,
  updateSent: stray,
  open: opened,
  keepalive: unexpected(1, 'keepalive'),
  update: unexpected(1, 'update'),
  routeRefresh: unexpected(1, 'routeRefresh'),
  notification: notified,
  fault: faulty,
};

const openConfirmRow: Row = {
  ...openSentRow,
  tcpClosed: closed,
  keepaliveExpired: speak,
  patienceExpired: stray,
  open: unexpected(2, 'open'),
  keepalive: confirmed,
  update: unexpected(2, 'update'),
  routeRefresh: unexpected(2, 'routeRefresh'),
};

const establishedRow: Row = {
  ...openConfirmRow,
  stableExpired: proven,
  updateSent: spoke,
  open: unexpected(3, 'open'),
  keepalive: alive,
  update: news,
  routeRefresh: refresh,
};

const rows: { readonly [S in StateName]: Row } = {
  Idle: idleRow,
  Connect: connectRow,
  Active: activeRow,
  OpenSent: openSentRow,
  OpenConfirm: openConfirmRow,
  Established: establishedRow,
};

export function step(state: FsmState, event: FsmEvent): FsmStep {
  // The union of cells cannot be called with the union of events: the row's type pairs them, the compiler forgets it here.
  const cell = rows[state.name][event.kind] as (state: FsmState, event: FsmEvent) => FsmStep;
  return cell(state, event);
}
