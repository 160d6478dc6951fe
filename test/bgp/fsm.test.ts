import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BgpError } from '../../src/bgp/errors.js';
import {
  type EventKind,
  type FsmAction,
  type FsmEvent,
  type FsmState,
  type StateName,
  step,
} from '../../src/bgp/fsm.js';
import { initialFsm, isConnected } from '../../src/bgp/fsm-decisions.js';
import type { Notification } from '../../src/bgp/message.js';
import { cease } from '../../src/bgp/notification.js';
import { openHoldSeconds } from '../../src/bgp/timers.js';

const verdict = { holdTimeSeconds: 90, keepaliveSeconds: 30 };

/** One event of each kind, as usual as can be. */
const events: { readonly [K in EventKind]: Extract<FsmEvent, { kind: K }> } = {
  start: { kind: 'start' },
  stop: { kind: 'stop', farewell: cease(2) },
  standDown: { kind: 'standDown' },
  holdOff: { kind: 'holdOff', failures: 2 },
  superseded: { kind: 'superseded' },
  tcpConnected: { kind: 'tcpConnected' },
  tcpFailed: { kind: 'tcpFailed', reason: 'connection refused' },
  tcpClosed: { kind: 'tcpClosed', reason: 'connection reset by peer' },
  connectRetryExpired: { kind: 'connectRetryExpired' },
  idleHoldExpired: { kind: 'idleHoldExpired' },
  holdExpired: { kind: 'holdExpired' },
  keepaliveExpired: { kind: 'keepaliveExpired' },
  patienceExpired: { kind: 'patienceExpired' },
  stableExpired: { kind: 'stableExpired' },
  sendStalled: { kind: 'sendStalled' },
  updateSent: { kind: 'updateSent' },
  open: { kind: 'open', verdict },
  keepalive: { kind: 'keepalive' },
  update: { kind: 'update' },
  routeRefresh: { kind: 'routeRefresh' },
  notification: { kind: 'notification', notification: cease(2) },
  fault: { kind: 'fault', error: new BgpError(1, 1, 'the marker is not all ones') },
};

/** The state it reaches, then what it does: `hold+` starts that timer. A passive machine never dials: it has no Connect. */
const table: {
  readonly active: { readonly [S in StateName]: { readonly [K in EventKind]: string } };
  readonly passive: { readonly [S in Exclude<StateName, 'Connect'>]: { readonly [K in EventKind]: string } };
} = {
  active: {
    Idle: {
      start: 'Connect, stopTimers, dial',
      stop: 'Idle, stopTimers',
      standDown: 'Idle, stopTimers',
      holdOff: 'Idle, stopTimers, idleHold+',
      superseded: 'Idle',
      tcpConnected: 'Idle, destroy',
      tcpFailed: 'Idle',
      tcpClosed: 'Idle',
      connectRetryExpired: 'Idle',
      idleHoldExpired: 'Connect, dial',
      holdExpired: 'Idle',
      keepaliveExpired: 'Idle',
      patienceExpired: 'Idle',
      stableExpired: 'Idle',
      sendStalled: 'Idle',
      updateSent: 'Idle',
      open: 'Idle',
      keepalive: 'Idle',
      update: 'Idle',
      routeRefresh: 'Idle',
      notification: 'Idle',
      fault: 'Idle',
    },
    Connect: {
      start: 'Connect',
      stop: 'Idle, cancelDial, stopTimers',
      standDown: 'Idle, cancelDial, stopTimers',
      holdOff: 'Connect',
      superseded: 'Connect',
      tcpConnected: 'OpenSent, stopTimers, sendOpen, hold+, patience+',
      tcpFailed: 'Active, stopTimers, ended(dialFailed), connectRetry+',
      tcpClosed: 'Connect',
      connectRetryExpired: 'Connect',
      idleHoldExpired: 'Connect',
      holdExpired: 'Connect',
      keepaliveExpired: 'Connect',
      patienceExpired: 'Connect',
      stableExpired: 'Connect',
      sendStalled: 'Connect',
      updateSent: 'Connect',
      open: 'Connect',
      keepalive: 'Connect',
      update: 'Connect',
      routeRefresh: 'Connect',
      notification: 'Connect',
      fault: 'Connect',
    },
    Active: {
      start: 'Active',
      stop: 'Idle, stopTimers',
      standDown: 'Idle, stopTimers',
      holdOff: 'Idle, stopTimers, idleHold+',
      superseded: 'Active',
      tcpConnected: 'OpenSent, stopTimers, sendOpen, hold+, patience+',
      tcpFailed: 'Active',
      tcpClosed: 'Active',
      connectRetryExpired: 'Connect, dial',
      idleHoldExpired: 'Active',
      holdExpired: 'Active',
      keepaliveExpired: 'Active',
      patienceExpired: 'Active',
      stableExpired: 'Active',
      sendStalled: 'Active',
      updateSent: 'Active',
      open: 'Active',
      keepalive: 'Active',
      update: 'Active',
      routeRefresh: 'Active',
      notification: 'Active',
      fault: 'Active',
    },
    OpenSent: {
      start: 'OpenSent',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Idle, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'OpenSent',
      superseded: 'Idle, destroy, stopTimers, ended(closed), idleHold+',
      tcpConnected: 'OpenSent',
      tcpFailed: 'OpenSent',
      tcpClosed: 'Active, stopTimers, ended(closed), connectRetry+',
      connectRetryExpired: 'OpenSent',
      idleHoldExpired: 'OpenSent',
      holdExpired: 'Idle, notify 4/0, finish, stopTimers, ended(fault), idleHold+',
      keepaliveExpired: 'OpenSent',
      patienceExpired: 'OpenSent',
      stableExpired: 'OpenSent',
      sendStalled: 'Idle, destroy, stopTimers, ended(fault), idleHold+',
      updateSent: 'OpenSent',
      open: 'OpenConfirm, stopTimers, sendKeepalive, hold+, keepalive+',
      keepalive: 'Idle, notify 5/1, finish, stopTimers, ended(fault), idleHold+',
      update: 'Idle, notify 5/1, finish, stopTimers, ended(fault), idleHold+',
      routeRefresh: 'Idle, notify 5/1, finish, stopTimers, ended(fault), idleHold+',
      notification: 'Idle, finish, stopTimers, ended(notified), idleHold+',
      fault: 'Idle, notify 1/1, finish, stopTimers, ended(fault), idleHold+',
    },
    OpenConfirm: {
      start: 'OpenConfirm',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Idle, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'OpenConfirm',
      superseded: 'Idle, destroy, stopTimers, ended(closed), idleHold+',
      tcpConnected: 'OpenConfirm',
      tcpFailed: 'OpenConfirm',
      tcpClosed: 'Idle, stopTimers, ended(closed), idleHold+',
      connectRetryExpired: 'OpenConfirm',
      idleHoldExpired: 'OpenConfirm',
      holdExpired: 'Idle, notify 4/0, finish, stopTimers, ended(fault), idleHold+',
      keepaliveExpired: 'OpenConfirm, sendKeepalive, keepalive+',
      patienceExpired: 'OpenConfirm',
      stableExpired: 'OpenConfirm',
      sendStalled: 'Idle, destroy, stopTimers, ended(fault), idleHold+',
      updateSent: 'OpenConfirm',
      open: 'Idle, notify 5/2, finish, stopTimers, ended(fault), idleHold+',
      keepalive: 'Established, hold+, stable+, established',
      update: 'Idle, notify 5/2, finish, stopTimers, ended(fault), idleHold+',
      routeRefresh: 'Idle, notify 5/2, finish, stopTimers, ended(fault), idleHold+',
      notification: 'Idle, finish, stopTimers, ended(notified), idleHold+',
      fault: 'Idle, notify 1/1, finish, stopTimers, ended(fault), idleHold+',
    },
    Established: {
      start: 'Established',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Idle, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'Established',
      superseded: 'Idle, destroy, stopTimers, ended(closed), idleHold+',
      tcpConnected: 'Established',
      tcpFailed: 'Established',
      tcpClosed: 'Idle, stopTimers, ended(closed), idleHold+',
      connectRetryExpired: 'Established',
      idleHoldExpired: 'Established',
      holdExpired: 'Idle, notify 4/0, finish, stopTimers, ended(fault), idleHold+',
      keepaliveExpired: 'Established, sendKeepalive, keepalive+',
      patienceExpired: 'Established',
      stableExpired: 'Established, stable',
      sendStalled: 'Idle, destroy, stopTimers, ended(fault), idleHold+',
      updateSent: 'Established, keepalive+',
      open: 'Idle, notify 5/3, finish, stopTimers, ended(fault), idleHold+',
      keepalive: 'Established, hold+',
      update: 'Established, hold+, deliver',
      routeRefresh: 'Established, deliver',
      notification: 'Idle, finish, stopTimers, ended(notified), idleHold+',
      fault: 'Idle, notify 1/1, finish, stopTimers, ended(fault), idleHold+',
    },
  },
  passive: {
    Idle: {
      start: 'Active, stopTimers',
      stop: 'Idle, stopTimers',
      standDown: 'Idle',
      holdOff: 'Idle, stopTimers, idleHold+',
      superseded: 'Idle',
      tcpConnected: 'Idle, destroy',
      tcpFailed: 'Idle',
      tcpClosed: 'Idle',
      connectRetryExpired: 'Idle',
      idleHoldExpired: 'Active',
      holdExpired: 'Idle',
      keepaliveExpired: 'Idle',
      patienceExpired: 'Idle',
      stableExpired: 'Idle',
      sendStalled: 'Idle',
      updateSent: 'Idle',
      open: 'Idle',
      keepalive: 'Idle',
      update: 'Idle',
      routeRefresh: 'Idle',
      notification: 'Idle',
      fault: 'Idle',
    },
    Active: {
      start: 'Active',
      stop: 'Idle, stopTimers',
      standDown: 'Active',
      holdOff: 'Idle, stopTimers, idleHold+',
      superseded: 'Active',
      tcpConnected: 'OpenSent, stopTimers, sendOpen, hold+, patience+',
      tcpFailed: 'Active',
      tcpClosed: 'Active',
      connectRetryExpired: 'Active',
      idleHoldExpired: 'Active',
      holdExpired: 'Active',
      keepaliveExpired: 'Active',
      patienceExpired: 'Active',
      stableExpired: 'Active',
      sendStalled: 'Active',
      updateSent: 'Active',
      open: 'Active',
      keepalive: 'Active',
      update: 'Active',
      routeRefresh: 'Active',
      notification: 'Active',
      fault: 'Active',
    },
    OpenSent: {
      start: 'OpenSent',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Active, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'OpenSent',
      superseded: 'Active, destroy, stopTimers, ended(closed)',
      tcpConnected: 'OpenSent',
      tcpFailed: 'OpenSent',
      tcpClosed: 'Active, stopTimers, ended(closed)',
      connectRetryExpired: 'OpenSent',
      idleHoldExpired: 'OpenSent',
      holdExpired: 'Active, notify 4/0, finish, stopTimers, ended(fault)',
      keepaliveExpired: 'OpenSent',
      patienceExpired: 'OpenSent',
      stableExpired: 'OpenSent',
      sendStalled: 'Active, destroy, stopTimers, ended(fault)',
      updateSent: 'OpenSent',
      open: 'OpenConfirm, stopTimers, sendKeepalive, hold+, keepalive+',
      keepalive: 'Active, notify 5/1, finish, stopTimers, ended(fault)',
      update: 'Active, notify 5/1, finish, stopTimers, ended(fault)',
      routeRefresh: 'Active, notify 5/1, finish, stopTimers, ended(fault)',
      notification: 'Active, finish, stopTimers, ended(notified)',
      fault: 'Active, notify 1/1, finish, stopTimers, ended(fault)',
    },
    OpenConfirm: {
      start: 'OpenConfirm',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Active, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'OpenConfirm',
      superseded: 'Active, destroy, stopTimers, ended(closed)',
      tcpConnected: 'OpenConfirm',
      tcpFailed: 'OpenConfirm',
      tcpClosed: 'Active, stopTimers, ended(closed)',
      connectRetryExpired: 'OpenConfirm',
      idleHoldExpired: 'OpenConfirm',
      holdExpired: 'Active, notify 4/0, finish, stopTimers, ended(fault)',
      keepaliveExpired: 'OpenConfirm, sendKeepalive, keepalive+',
      patienceExpired: 'OpenConfirm',
      stableExpired: 'OpenConfirm',
      sendStalled: 'Active, destroy, stopTimers, ended(fault)',
      updateSent: 'OpenConfirm',
      open: 'Active, notify 5/2, finish, stopTimers, ended(fault)',
      keepalive: 'Established, hold+, stable+, established',
      update: 'Active, notify 5/2, finish, stopTimers, ended(fault)',
      routeRefresh: 'Active, notify 5/2, finish, stopTimers, ended(fault)',
      notification: 'Active, finish, stopTimers, ended(notified)',
      fault: 'Active, notify 1/1, finish, stopTimers, ended(fault)',
    },
    Established: {
      start: 'Established',
      stop: 'Idle, notify 6/2, finish, stopTimers, ended(stopped)',
      standDown: 'Active, notify 6/7, finish, stopTimers, ended(collision)',
      holdOff: 'Established',
      superseded: 'Active, destroy, stopTimers, ended(closed)',
      tcpConnected: 'Established',
      tcpFailed: 'Established',
      tcpClosed: 'Active, stopTimers, ended(closed)',
      connectRetryExpired: 'Established',
      idleHoldExpired: 'Established',
      holdExpired: 'Active, notify 4/0, finish, stopTimers, ended(fault)',
      keepaliveExpired: 'Established, sendKeepalive, keepalive+',
      patienceExpired: 'Established',
      stableExpired: 'Established, stable',
      sendStalled: 'Active, destroy, stopTimers, ended(fault)',
      updateSent: 'Established, keepalive+',
      open: 'Active, notify 5/3, finish, stopTimers, ended(fault)',
      keepalive: 'Established, hold+',
      update: 'Established, hold+, deliver',
      routeRefresh: 'Established, deliver',
      notification: 'Active, finish, stopTimers, ended(notified)',
      fault: 'Active, notify 1/1, finish, stopTimers, ended(fault)',
    },
  },
};

function shown(action: FsmAction): string {
  switch (action.kind) {
    case 'startTimer':
      return `${action.request.timer}+`;
    case 'sendNotification':
      return `notify ${action.notification.code}/${action.notification.subcode}`;
    case 'ended':
      return `ended(${action.ending.kind})`;
    default:
      return action.kind;
  }
}

function stateOf(mode: FsmState['mode'], name: StateName): FsmState {
  const settled = name === 'OpenConfirm' || name === 'Established' ? verdict : {};
  return { ...initialFsm(mode), name, holding: name === 'Idle', ...settled };
}

const kinds = Object.keys(events) as EventKind[];

describe('BGP finite state machine', () => {
  for (const mode of ['active', 'passive'] as const)
    for (const [name, row] of Object.entries(table[mode]) as [StateName, { readonly [K in EventKind]: string }][])
      it(`decides every event in ${name} (${mode})`, () => {
        const decided = kinds.map((kind) => {
          const { state, actions } = step(stateOf(mode, name), events[kind]);
          return [kind, [state.name, ...actions.map(shown)].join(', ')];
        });
        assert.deepEqual(Object.fromEntries(decided), row);
      });

  it('[4] does not answer a NOTIFICATION with another, in any state', () => {
    for (const name of ['OpenSent', 'OpenConfirm', 'Established'] as const) {
      const { actions } = step(stateOf('active', name), {
        kind: 'notification',
        notification: { kind: 'notification', code: 1, subcode: 1, data: new Uint8Array() },
      });
      assert.equal(
        actions.some(({ kind }) => kind === 'sendNotification'),
        false,
        name,
      );
    }
  });

  it('[6] runs neither hold nor keepalive timer once a hold time of zero is agreed', () => {
    const opened = step(stateOf('active', 'OpenSent'), {
      kind: 'open',
      verdict: { holdTimeSeconds: 0, keepaliveSeconds: 0 },
    });
    assert.deepEqual(opened.actions.map(shown), ['stopTimers', 'sendKeepalive']);
    const confirmed = step(opened.state, events.keepalive);
    assert.deepEqual(confirmed.actions.map(shown), ['stable+', 'established']);
    for (const kind of ['keepalive', 'update', 'updateSent'] as const) {
      const { actions } = step(confirmed.state, events[kind]);
      assert.equal(
        actions.some((action) => action.kind === 'startTimer'),
        false,
        kind,
      );
    }
  });

  it('[17] counts a lost collision as no failure, whoever says so', () => {
    const collided: FsmEvent[] = [events.standDown, { kind: 'notification', notification: cease(7) }];
    for (const event of collided)
      for (const name of ['OpenSent', 'OpenConfirm'] as const) {
        const before = { ...stateOf('active', name), failures: 1 };
        assert.equal(step(before, event).state.failures, 1);
      }
  });

  it('[21] waits 240 s for an OPEN, not the configured hold time', () => {
    const { actions } = step(stateOf('active', 'Connect'), events.tcpConnected);
    assert.deepEqual(
      actions.filter((action) => action.kind === 'startTimer').map(({ request }) => request),
      [{ timer: 'hold', seconds: 240 }, { timer: 'patience' }],
    );
    assert.equal(openHoldSeconds, 240);
  });

  it('[21] sends KEEPALIVEs from OpenConfirm on', () => {
    const opened = step(stateOf('active', 'OpenSent'), events.open);
    assert.deepEqual(opened.actions.map(shown), ['stopTimers', 'sendKeepalive', 'hold+', 'keepalive+']);
    const later = step(opened.state, events.keepaliveExpired);
    assert.deepEqual(later.actions.map(shown), ['sendKeepalive', 'keepalive+']);
  });

  it('[22] restarts the hold timer for what arrives and the keepalive timer for what leaves', () => {
    const established = stateOf('active', 'Established');
    const restarted = (event: FsmEvent): string[] =>
      step(established, event)
        .actions.map(shown)
        .filter((name) => name.endsWith('+'));
    assert.deepEqual(restarted(events.keepalive), ['hold+']);
    assert.deepEqual(restarted(events.update), ['hold+']);
    assert.deepEqual(restarted(events.routeRefresh), []);
    assert.deepEqual(restarted(events.updateSent), ['keepalive+']);
    assert.deepEqual(restarted(events.keepaliveExpired), ['keepalive+']);
  });

  it('[23] says which message came in which state, and names its type', () => {
    const answered = (
      name: StateName,
      kind: 'open' | 'update' | 'keepalive' | 'routeRefresh',
    ): Notification | undefined =>
      step(stateOf('active', name), events[kind]).actions.find((action) => action.kind === 'sendNotification')
        ?.notification;
    const expected = (subcode: number, type: number): Notification => ({
      kind: 'notification',
      code: 5,
      subcode,
      data: Uint8Array.of(type),
    });
    assert.deepEqual(answered('OpenSent', 'update'), expected(1, 2));
    assert.deepEqual(answered('OpenSent', 'keepalive'), expected(1, 4));
    assert.deepEqual(answered('OpenSent', 'routeRefresh'), expected(1, 5));
    assert.deepEqual(answered('OpenConfirm', 'update'), expected(2, 2));
    assert.deepEqual(answered('OpenConfirm', 'open'), expected(2, 1));
    assert.deepEqual(answered('Established', 'open'), expected(3, 1));
  });

  it('[25] sends its last word before it closes, and closes so that the word can be read', () => {
    for (const name of ['OpenSent', 'OpenConfirm', 'Established'] as const)
      for (const event of [events.stop, events.fault, events.holdExpired, events.standDown]) {
        const order = step(stateOf('active', name), event).actions.map(({ kind }) => kind);
        assert.deepEqual(order.slice(0, 2), ['sendNotification', 'finish'], `${event.kind} in ${name}`);
      }
  });

  it('[26] rests longer after each failure and never begins again by itself at once', () => {
    let state = stateOf('active', 'OpenSent');
    const attempts: number[] = [];
    for (let i = 0; i < 4; i++) {
      const failed = step({ ...state, name: 'OpenSent' }, events.fault);
      for (const action of failed.actions)
        if (action.kind === 'startTimer')
          attempts.push(action.request.timer === 'idleHold' ? action.request.attempt : -1);
      assert.equal(
        failed.actions.some(({ kind }) => kind === 'dial'),
        false,
      );
      state = failed.state;
    }
    assert.deepEqual(attempts, [1, 2, 3, 4]);
  });

  it('[27] drops a connection on which nothing moves without lingering for it', () => {
    const { actions } = step(stateOf('active', 'Established'), events.sendStalled);
    assert.equal(actions[0]?.kind, 'destroy');
    const ended = actions.find((action) => action.kind === 'ended');
    assert.ok(ended?.ending.kind === 'fault' && ended.ending.code === 8 && ended.ending.subcode === 0);
  });

  it('lets a peer come back at once twice, and turns it away after the third failure in a row', () => {
    let state = stateOf('passive', 'Established');
    const reached: string[] = [];
    for (let i = 0; i < 4; i++) {
      state = step({ ...state, name: 'Established' }, events.tcpClosed).state;
      reached.push(state.name);
    }
    assert.deepEqual(reached, ['Active', 'Active', 'Idle', 'Idle']);
  });

  it('turns a peer with too many prefixes away from the first time on', () => {
    const { state } = step(stateOf('passive', 'Established'), {
      kind: 'fault',
      error: new BgpError(6, 1, 'too many prefixes'),
    });
    assert.deepEqual([state.name, state.holding], ['Idle', true]);
  });

  it('forgets failures once a session has lasted', () => {
    assert.equal(step({ ...stateOf('active', 'Established'), failures: 5 }, events.stableExpired).state.failures, 0);
  });

  it('is total: any sequence of events leaves it with a connection, an attempt, a timer, or stopped', () => {
    const anyEvent = fc.constantFrom(...Object.values(events));
    fc.assert(
      fc.property(
        fc.constantFrom('active' as const, 'passive' as const),
        fc.array(anyEvent, { maxLength: 60 }),
        (mode, sequence) => {
          let state = initialFsm(mode);
          let idleOnPurpose = true;
          const running = new Set<string>();
          let dialling = false;
          for (const event of sequence) {
            const before = state;
            const { state: next, actions } = step(state, event);
            for (const action of actions) {
              if (action.kind === 'stopTimers') running.clear();
              if (action.kind === 'startTimer') running.add(action.request.timer);
              if (action.kind === 'dial') dialling = true;
              if (action.kind === 'cancelDial') dialling = false;
            }
            if (event.kind === 'tcpConnected' || event.kind === 'tcpFailed')
              dialling = dialling && next.name === 'Connect';
            if (event.kind === 'connectRetryExpired' && before.name === 'Active' && next.name !== 'Active')
              running.delete('connectRetry');
            if (event.kind === 'idleHoldExpired' && before.name === 'Idle') running.delete('idleHold');
            if (event.kind === 'stop' || event.kind === 'standDown')
              idleOnPurpose = next.name === 'Idle' && !next.holding;
            else if (next.name !== 'Idle' || next.holding) idleOnPurpose = false;
            state = next;
            if (state.name === 'Idle') assert.equal(running.has('idleHold'), state.holding);
            const moving =
              isConnected(state) ||
              dialling ||
              running.has('idleHold') ||
              running.has('connectRetry') ||
              (mode === 'passive' && state.name === 'Active');
            assert.ok(moving || idleOnPurpose, `${event.kind} left ${state.name} without a way on`);
          }
        },
      ),
    );
  });
});
