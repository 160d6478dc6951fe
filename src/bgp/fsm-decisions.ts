// What the state machine of fsm.ts can decide, one function a decision: from a state and an event to the next state and
// what to do about it. Only the table there says when which is called. RFC 4271 §8.2.2.

import { BgpError, connectionCollision, holdTimerExpired, sendHoldTimerExpired } from './errors.js';
import type { Cell, Ending, FsmAction, FsmState, FsmStep } from './fsm.js';
import { notificationOf } from './notification.js';
import { ceaseSubcode, errorCode, messageType } from './numbers.js';
import { openHoldSeconds, type TimerRequest } from './timers.js';

/** A passive machine forgives so many failures in a row before it turns the peer away for a while. */
export const toleratedFailures = 3;

export const initialFsm = (mode: FsmState['mode']): FsmState => ({
  name: 'Idle',
  mode,
  failures: 0,
  holding: false,
  expectsOpen: false,
  holdTimeSeconds: 0,
  keepaliveSeconds: 0,
});

export const isConnected = ({ name }: FsmState): boolean =>
  name === 'OpenSent' || name === 'OpenConfirm' || name === 'Established';

const stay = (state: FsmState, ...actions: FsmAction[]): FsmStep => ({ state, actions });
const startTimer = (request: TimerRequest): FsmAction => ({ kind: 'startTimer', request });
const startHold = ({ holdTimeSeconds }: FsmState): FsmAction[] =>
  holdTimeSeconds === 0 ? [] : [startTimer({ timer: 'hold', seconds: holdTimeSeconds })];
const startKeepalive = ({ holdTimeSeconds, keepaliveSeconds }: FsmState): FsmAction[] =>
  holdTimeSeconds === 0 ? [] : [startTimer({ timer: 'keepalive', seconds: keepaliveSeconds })];

// ---- Where a chain goes that has no connection

const idle = (state: FsmState, failures: number): FsmState => ({
  ...initialFsm(state.mode),
  failures,
});

function holdOff(state: FsmState, failures: number): FsmStep {
  return stay(
    { ...idle(state, failures), holding: true },
    startTimer({ timer: 'idleHold', attempt: Math.max(failures, 1) }),
  );
}

/** RFC 4271 §8.2.2 Idle, on ManualStart and AutomaticStart, with and without PassiveTcpEstablishment. */
function begin(state: FsmState): FsmStep {
  if (state.mode === 'passive') return stay({ ...state, name: 'Active', holding: false });
  return stay({ ...state, name: 'Connect', holding: false }, { kind: 'dial' });
}

/** By the operator: as if nothing had ever failed. */
export const beginAfresh: Cell<'start'> = (state) => {
  const { state: next, actions } = begin({ ...state, failures: 0 });
  return stay(next, { kind: 'stopTimers' }, ...actions);
};

export const beginAgain: Cell<'idleHoldExpired'> = (state) => (state.holding ? begin(state) : stray(state));

export const dialAgain: Cell<'connectRetryExpired'> = (state) =>
  state.mode === 'active' ? begin(state) : stray(state);

export const holdLonger: Cell<'holdOff'> = (state, event) => {
  const { state: next, actions } = holdOff(state, Math.max(state.failures, event.failures));
  return stay(next, { kind: 'stopTimers' }, ...actions);
};

/** RFC 4271 §8.2.2 Idle: "the local system refuses all incoming BGP connections for this peer". */
export const turnAway: Cell<'tcpConnected'> = (state) => stay(state, { kind: 'destroy' });

/**
 * After a connection: the active machine rests in Idle, each time longer. The passive one listens on at once, or a peer
 * that was merely restarted could not come back; only a peer that keeps failing is turned away while the hold runs, and
 * one whose failure will not go away by itself (too many prefixes, no resources) is from the first time on.
 */
function rest(state: FsmState, failures: number, stubborn = false): FsmStep {
  if (state.mode === 'passive' && failures < toleratedFailures && !stubborn)
    return stay({ ...idle(state, failures), name: 'Active' });
  return holdOff(state, failures);
}

// ---- Endings

/** Actions first close the connection, then say so, then prepare what comes next. */
function end(state: FsmState, ending: Ending, closing: readonly FsmAction[], next: FsmStep): FsmStep {
  return {
    state: next.state,
    actions: [...closing, { kind: 'stopTimers' }, { kind: 'ended', from: state.name, ending }, ...next.actions],
  };
}

export const isStubborn = (code: number, subcode: number): boolean =>
  code === errorCode.cease &&
  (subcode === ceaseSubcode.maximumPrefixesReached || subcode === ceaseSubcode.outOfResources);

function giveUp(state: FsmState, error: BgpError): FsmStep {
  const { code, subcode, message } = error;
  const closing: FsmAction[] = [{ kind: 'sendNotification', notification: notificationOf(error) }, { kind: 'finish' }];
  const next = rest(state, state.failures + 1, isStubborn(code, subcode));
  return end(state, { kind: 'fault', code, subcode, text: message }, closing, next);
}

// RFC 4271 §6.4: a NOTIFICATION is never answered with another, or two broken peers would talk for ever.
export const notified: Cell<'notification'> = (state, { notification }) => {
  const { code, subcode } = notification;
  if (code === errorCode.cease && subcode === ceaseSubcode.connectionCollision)
    return end(state, { kind: 'collision' }, [{ kind: 'finish' }], rest(state, state.failures));
  return end(state, { kind: 'notified', notification }, [{ kind: 'finish' }], rest(state, state.failures + 1));
};

export const closed: Cell<'tcpClosed'> = (state, { reason }) =>
  end(state, { kind: 'closed', reason }, [], rest(state, state.failures + 1));

// RFC 4271 §8.2.2 OpenSent, event 18: back to Active and its ConnectRetryTimer, not to Idle.
export const closedBeforeOpen: Cell<'tcpClosed'> = (state, event) => {
  if (state.mode === 'passive') return closed(state, event);
  const failures = state.failures + 1;
  const next = stay(
    { ...idle(state, failures), name: 'Active' },
    startTimer({ timer: 'connectRetry', attempt: failures }),
  );
  return end(state, { kind: 'closed', reason: event.reason }, [], next);
};

export const superseded: Cell<'superseded'> = (state) =>
  end(
    state,
    { kind: 'closed', reason: 'the peer opened a new connection' },
    [{ kind: 'destroy' }],
    rest(state, state.failures + 1),
  );

export const hush: Cell<'stop'> = (state, { farewell }) => {
  const closing: FsmAction[] = farewell
    ? [{ kind: 'sendNotification', notification: farewell }, { kind: 'finish' }]
    : [{ kind: 'finish' }];
  const ending: Ending = farewell ? { kind: 'stopped', farewell } : { kind: 'stopped' };
  return end(state, ending, closing, stay(idle(state, 0)));
};

export const stopWaiting: Cell<'stop'> = (state) => stay(idle(state, 0), { kind: 'stopTimers' });
export const stopDialling: Cell<'stop'> = (state) =>
  stay(idle(state, 0), { kind: 'cancelDial' }, { kind: 'stopTimers' });

export const loseCollision: Cell<'standDown'> = (state) =>
  end(
    state,
    { kind: 'collision' },
    [{ kind: 'sendNotification', notification: notificationOf(connectionCollision()) }, { kind: 'finish' }],
    stay({ ...idle(state, state.failures), name: state.mode === 'passive' ? 'Active' : 'Idle' }),
  );

/** The passive machine goes on listening, or holding off: it is not in anybody's way. */
export const standBy: Cell<'standDown'> = (state) =>
  state.mode === 'passive' ? already(state) : stay(idle(state, state.failures), { kind: 'stopTimers' });

export const standByFromDialling: Cell<'standDown'> = (state) =>
  stay(idle(state, state.failures), { kind: 'cancelDial' }, { kind: 'stopTimers' });

export const holdRanOut: Cell<'holdExpired'> = (state) => giveUp(state, holdTimerExpired());

// RFC 9687 §4: nothing that we could still send would be read, and lingering for it would only take longer.
export const stalled: Cell<'sendStalled'> = (state) => {
  const { code, subcode, message } = sendHoldTimerExpired();
  const ending: Ending = { kind: 'fault', code, subcode, text: message };
  return end(state, ending, [{ kind: 'destroy' }], rest(state, state.failures + 1));
};

export const faulty: Cell<'fault'> = (state, { error }) => giveUp(state, error);

/** RFC 6608 §3: the data field is the type of the message that should not have come. */
export function unexpected(subcode: 1 | 2 | 3, type: keyof typeof messageType): (state: FsmState) => FsmStep {
  const text = { open: 'an OPEN', update: 'an UPDATE', keepalive: 'a KEEPALIVE', routeRefresh: 'a ROUTE-REFRESH' };
  return (state) =>
    giveUp(
      state,
      new BgpError(
        errorCode.finiteStateMachine,
        subcode,
        `${type === 'notification' ? 'a NOTIFICATION' : text[type]} came in ${state.name}`,
        Uint8Array.of(messageType[type]),
      ),
    );
}

// ---- The way up

// RFC 4271 §8.2.2: "a HoldTimer value of 4 minutes is suggested" for OpenSent.
export const connected: Cell<'tcpConnected'> = (state) =>
  stay(
    { ...state, name: 'OpenSent', expectsOpen: true },
    { kind: 'stopTimers' },
    { kind: 'sendOpen' },
    startTimer({ timer: 'hold', seconds: openHoldSeconds }),
    startTimer({ timer: 'patience' }),
  );

export const dialFailed: Cell<'tcpFailed'> = (state, { reason }) => {
  const failures = state.failures + 1;
  return end(
    state,
    { kind: 'dialFailed', reason },
    [],
    stay({ ...idle(state, failures), name: 'Active' }, startTimer({ timer: 'connectRetry', attempt: failures })),
  );
};

export const opened: Cell<'open'> = (state, { verdict }) => {
  if (verdict instanceof BgpError) return giveUp(state, verdict);
  const { holdTimeSeconds, keepaliveSeconds } = verdict;
  const next: FsmState = { ...state, name: 'OpenConfirm', expectsOpen: false, holdTimeSeconds, keepaliveSeconds };
  return stay(next, { kind: 'stopTimers' }, { kind: 'sendKeepalive' }, ...startHold(next), ...startKeepalive(next));
};

export const confirmed: Cell<'keepalive'> = (state) =>
  stay({ ...state, name: 'Established' }, ...startHold(state), startTimer({ timer: 'stable' }), {
    kind: 'established',
  });

export const loseHope: Cell<'patienceExpired'> = (state) => stay({ ...state, expectsOpen: false });
export const alive: Cell<'keepalive'> = (state) => stay(state, ...startHold(state));
export const speak: Cell<'keepaliveExpired'> = (state) =>
  stay(state, { kind: 'sendKeepalive' }, ...startKeepalive(state));
export const spoke: Cell<'updateSent'> = (state) => stay(state, ...startKeepalive(state));
export const news: Cell<'update'> = (state) => stay(state, ...startHold(state), { kind: 'deliver' });
export const refresh: Cell<'routeRefresh'> = (state) => stay(state, { kind: 'deliver' });
export const proven: Cell<'stableExpired'> = (state) => stay({ ...state, failures: 0 }, { kind: 'stable' });

// ---- Nothing to do, for three different reasons

/** It is so already. */
export const already = (state: FsmState): FsmStep => stay(state);
/** Meant for a connection or a timer that is gone: what was in flight when it ended. */
export const stray = (state: FsmState): FsmStep => stay(state);
/** It has something better: a connection, or an attempt under way. */
export const unmoved = (state: FsmState): FsmStep => stay(state);
