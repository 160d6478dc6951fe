import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Direction } from '../../src/bgp/collision.js';
import { BgpError } from '../../src/bgp/errors.js';
import { isConnected } from '../../src/bgp/fsm-decisions.js';
import type { Notification } from '../../src/bgp/message.js';
import { cease, innerOf } from '../../src/bgp/notification.js';
import { ceaseSubcode } from '../../src/bgp/numbers.js';
import {
  type Agreement,
  initialPeer,
  type PeerAction,
  type PeerEvent,
  type PeerSettings,
  type PeerState,
  stateName,
  step,
} from '../../src/bgp/peer.js';

const settings: PeerSettings = { asn: 64512, routerId: 0x0a000001, passive: false };
/** The peer's identifier is the higher one: what it dialled survives a collision. */
const agreement: Agreement = {
  holdTimeSeconds: 90,
  keepaliveSeconds: 30,
  remote: { asn: 64500, routerId: 0x0a000002 },
  peerRestarts: false,
  peerHelps: false,
  hardReset: false,
};

const start: PeerEvent = { kind: 'start' };
const accepted: PeerEvent = { kind: 'accepted' };
const on = (direction: Direction, event: Extract<PeerEvent, { kind: 'connection' }>['event']): PeerEvent => ({
  kind: 'connection',
  direction,
  event,
});
const opened = (direction: Direction, verdict: Agreement | BgpError = agreement): PeerEvent => ({
  kind: 'opened',
  direction,
  verdict,
});
const tcpConnected = on('outgoing', { kind: 'tcpConnected' });

/** The state after so many events, and what the last of them led to. */
function led(
  events: readonly PeerEvent[],
  from: PeerState = initialPeer(settings),
): { state: PeerState; actions: readonly PeerAction[] } {
  return events.reduce<{ state: PeerState; actions: readonly PeerAction[] }>(({ state }, event) => step(state, event), {
    state: from,
    actions: [],
  });
}

const established = (direction: Direction, terms: Agreement = agreement): PeerEvent[] => [
  start,
  direction === 'outgoing' ? tcpConnected : accepted,
  opened(direction, terms),
  on(direction, { kind: 'keepalive' }),
];
const lasted = (direction: Direction): PeerEvent => on(direction, { kind: 'stableExpired' });

function shown(actions: readonly PeerAction[]): string[] {
  return actions.map((action) => {
    if (action.kind === 'refuse') return `refuse ${action.notification.code}/${action.notification.subcode}`;
    if (action.kind !== 'perform') return action.kind;
    const { direction, action: inner } = action;
    if (inner.kind === 'startTimer') return `${direction} ${inner.request.timer}+`;
    if (inner.kind === 'sendNotification')
      return `${direction} notify ${inner.notification.code}/${inner.notification.subcode}`;
    return `${direction} ${inner.kind}`;
  });
}

const notifications = (actions: readonly PeerAction[]): Notification[] =>
  actions.flatMap((action) =>
    action.kind === 'perform' && action.action.kind === 'sendNotification' ? [action.action.notification] : [],
  );

describe('BGP peer', () => {
  describe('starting', () => {
    it('dials at once', () => {
      assert.deepEqual(
        shown(led([start]).actions).filter((action) => action.includes('dial')),
        ['outgoing dial'],
      );
    });

    it('only listens when passive, and shows Active', () => {
      const { state, actions } = led([start], initialPeer({ ...settings, passive: true }));
      assert.equal(
        shown(actions).some((action) => action.includes('dial')),
        false,
      );
      assert.equal(stateName(state), 'Active');
    });

    it('takes the connection of a peer while its own dialling rests after a failure', () => {
      const { state, actions } = led([
        start,
        tcpConnected,
        on('outgoing', { kind: 'notification', notification: cease(5) }),
        accepted,
      ]);
      assert.ok(shown(actions).includes('adopt'));
      assert.equal(stateName(state), 'OpenSent');
      assert.equal(state.outgoing.name, 'Idle');
    });
  });

  describe('two connections', () => {
    it('[18] keeps an incoming connection parked in OpenSent while its own is in Connect, and in OpenSent', () => {
      const parked = led([start, accepted]);
      assert.deepEqual([parked.state.outgoing.name, parked.state.incoming.name], ['Connect', 'OpenSent']);
      const both = led([tcpConnected], parked.state);
      assert.deepEqual([both.state.outgoing.name, both.state.incoming.name], ['OpenSent', 'OpenSent']);
      // It keeps silent for so long that the other may go on without it, but it stays.
      const first = led([on('incoming', { kind: 'patienceExpired' }), opened('outgoing')], both.state);
      assert.deepEqual([first.state.outgoing.name, first.state.incoming.name], ['OpenConfirm', 'OpenSent']);
    });

    for (const order of [
      ['outgoing', 'incoming'],
      ['incoming', 'outgoing'],
    ] as const)
      it(`[17] keeps what the higher identifier dialled, its OPEN first on the ${order[0]} connection`, () => {
        const first = led([start, tcpConnected, accepted, opened(order[0])]);
        const second = led([opened(order[1])], first.state);
        const { state } = second;
        const actions = [...first.actions, ...second.actions];
        assert.deepEqual([state.outgoing.name, state.incoming.name], ['Idle', 'OpenConfirm']);
        assert.ok(shown(actions).includes('outgoing notify 6/7'));
        assert.equal(state.outgoing.failures, 0);
        assert.equal(state.lastEnding, undefined);
      });

    it('[17] does not back off after a collision: when the survivor fails, the next dial is a first retry away', () => {
      const { actions } = led([
        start,
        tcpConnected,
        accepted,
        opened('outgoing'),
        opened('incoming'),
        on('incoming', { kind: 'tcpClosed', reason: 'connection reset by peer' }),
      ]);
      const holds = actions.flatMap((action) =>
        action.kind === 'perform' && action.action.kind === 'startTimer' ? [action.action.request] : [],
      );
      assert.deepEqual(holds, [{ timer: 'idleHold', attempt: 1 }]);
    });

    it('[17] decides as soon as it knows the identifier of the peer, before the survivor has had its OPEN', () => {
      const { state, actions } = led([start, tcpConnected, accepted, opened('outgoing')]);
      assert.deepEqual([state.outgoing.name, state.incoming.name], ['Idle', 'OpenSent']);
      assert.ok(shown(actions).includes('outgoing notify 6/7'));
      const last = led([opened('incoming'), on('incoming', { kind: 'keepalive' })], state);
      assert.equal(stateName(last.state), 'Established');
    });

    it('gives up the connection still opening once the other is established', () => {
      const { state, actions } = led([
        start,
        accepted,
        opened('incoming'),
        tcpConnected,
        on('incoming', { kind: 'keepalive' }),
      ]);
      assert.deepEqual([state.outgoing.name, state.incoming.name], ['Idle', 'Established']);
      assert.ok(shown(actions).includes('outgoing notify 6/7'));
    });

    it('[19] rejects a second connection with 6/7 where graceful restart was not negotiated', () => {
      const { state, actions } = led([...established('outgoing'), lasted('outgoing'), accepted]);
      assert.deepEqual(shown(actions), ['refuse 6/7']);
      assert.equal(state.outgoing.name, 'Established');
    });

    it('[19] takes a second connection for the restart of a peer that negotiated it, and closes the old one without a word', () => {
      for (const direction of ['outgoing', 'incoming'] as const) {
        const restarting = { ...agreement, peerRestarts: true, peerHelps: true };
        const { state, actions } = led([...established(direction, restarting), lasted(direction), accepted]);
        assert.deepEqual(notifications(actions), []);
        assert.ok(shown(actions).includes(`${direction} destroy`));
        assert.equal(state.incoming.name, 'OpenSent');
        assert.equal(stateName(state), 'OpenSent');
      }
    });

    it('[19] takes the late half of a simultaneous start for no restart', () => {
      const { actions } = led([...established('outgoing', { ...agreement, peerRestarts: true }), accepted]);
      assert.deepEqual(shown(actions), ['refuse 6/7']);
    });

    it('replaces a connection that never said anything by a newer one, but not for ever', () => {
      const first = led([start, accepted]);
      const actions: string[] = [];
      let { state } = first;
      for (let i = 0; i < 5; i++) {
        const next = step(state, accepted);
        actions.push(shown(next.actions)[0]!);
        state = next.state;
      }
      assert.deepEqual(actions, ['incoming destroy', 'incoming destroy', 'refuse 6/7', 'refuse 6/7', 'refuse 6/7']);
    });
  });

  describe('failing', () => {
    it('[26] counts dial failures for dialling only: the peer may still come to us', () => {
      const failures = Array.from({ length: 6 }, () => [
        on('outgoing', { kind: 'tcpFailed', reason: 'connection refused' }),
        on('outgoing', { kind: 'connectRetryExpired' }),
      ]).flat();
      const { state, actions } = led([start, ...failures, accepted]);
      assert.equal(state.outgoing.failures, 6);
      assert.ok(shown(actions).includes('adopt'));
    });

    it('[26] turns a peer away whose connections keep failing, until the hold runs out', () => {
      const reset = on('incoming', { kind: 'tcpClosed', reason: 'connection reset by peer' });
      const looped = led([start, accepted, reset, accepted, reset, accepted, reset, accepted]);
      assert.deepEqual(shown(looped.actions), ['refuse 6/5']);
      const later = led([on('incoming', { kind: 'idleHoldExpired' }), accepted], looped.state);
      assert.ok(shown(later.actions).includes('adopt'));
    });

    it('lets a peer that restarts cleanly come back at once, as often as its sessions last', () => {
      let state = initialPeer({ ...settings, passive: true });
      state = led([start], state).state;
      for (let i = 0; i < 10; i++) {
        const up = led(
          [accepted, opened('incoming'), on('incoming', { kind: 'keepalive' }), lasted('incoming')],
          state,
        );
        assert.equal(stateName(up.state), 'Established');
        state = led([on('incoming', { kind: 'notification', notification: cease(2) })], up.state).state;
        assert.equal(stateName(state), 'Active');
      }
      assert.equal(state.flaps, 10);
    });

    it('holds off both ways, longer each time, when the peer announces too much', () => {
      const tooMany = on('incoming', { kind: 'fault', error: new BgpError(6, 1, 'too many prefixes') });
      const first = led([...established('incoming'), tooMany]);
      assert.deepEqual([first.state.outgoing.holding, first.state.incoming.holding], [true, true]);
      assert.deepEqual(shown(step(first.state, accepted).actions), ['refuse 6/5']);
      const second = led(
        [
          on('incoming', { kind: 'idleHoldExpired' }),
          accepted,
          opened('incoming'),
          on('incoming', { kind: 'keepalive' }),
          tooMany,
        ],
        first.state,
      );
      assert.equal(second.state.incoming.failures, 2);
      assert.equal(second.state.outgoing.failures, 2);
    });

    it('forgets failures in both directions after a session that lasted', () => {
      const failed = led([start, on('outgoing', { kind: 'tcpFailed', reason: 'connection refused' })]).state;
      const { state } = led(
        [accepted, opened('incoming'), on('incoming', { kind: 'keepalive' }), lasted('incoming')],
        failed,
      );
      assert.equal(state.outgoing.failures, 0);
    });
  });

  describe('stopping', () => {
    const helped: Agreement = { ...agreement, peerHelps: true };
    const farewells = (terms: Agreement, event: PeerEvent): Notification[] =>
      notifications(led([...established('outgoing', terms), event]).actions);
    const stop = (subcode: number, more: object = {}): PeerEvent => ({ kind: 'stop', reason: { subcode, ...more } });

    it('[29] gives each reason its subcode', () => {
      for (const subcode of [
        ceaseSubcode.administrativeShutdown,
        ceaseSubcode.peerDeconfigured,
        ceaseSubcode.otherConfigurationChange,
        ceaseSubcode.outOfResources,
        ceaseSubcode.bfdDown,
      ])
        assert.deepEqual(farewells(agreement, stop(subcode)), [cease(subcode)]);
    });

    it('[30] tells the other operator why, as an octet of length and UTF-8', () => {
      const [farewell] = farewells(agreement, stop(2, { text: 'Wartung für 5 min' }));
      assert.equal(farewell?.data[0], 18);
      assert.equal(new TextDecoder().decode(farewell?.data.subarray(1)), 'Wartung für 5 min');
    });

    it('[53] leaves for a restart without a word where the peer keeps the routes, else with 6/2', () => {
      assert.deepEqual(farewells(helped, stop(2, { keepRoutes: true })), []);
      assert.deepEqual(farewells(agreement, stop(2, { keepRoutes: true })), [cease(2)]);
    });

    it('[53] wraps its farewell in a Hard Reset where the N bit was negotiated', () => {
      const [farewell] = farewells({ ...helped, hardReset: true }, stop(2, { text: 'bye' }));
      assert.equal(farewell?.subcode, ceaseSubcode.hardReset);
      assert.deepEqual(farewell && innerOf(farewell), cease(2, 'bye'));
    });

    it('stays down: no timer, no dial, and a caller is rejected with 6/5', () => {
      const stopped = led([...established('outgoing'), stop(2)]);
      assert.equal(stateName(stopped.state), 'Idle');
      assert.equal(
        shown(stopped.actions).some((action) => action.endsWith('+') || action.endsWith('dial')),
        false,
      );
      assert.deepEqual(shown(step(stopped.state, accepted).actions), ['refuse 6/5']);
    });

    it('takes a peer up at once when it is started again, however often it had failed', () => {
      const refused = (): PeerEvent => on('outgoing', { kind: 'tcpFailed', reason: 'connection refused' });
      const again = on('outgoing', { kind: 'connectRetryExpired' });
      const failed = led([start, refused(), again, refused(), again, refused()]).state;
      assert.equal(failed.outgoing.failures, 3);
      const stopped = led([stop(2)], failed).state;
      const { state, actions } = led([start], stopped);
      assert.ok(shown(actions).includes('outgoing dial'));
      assert.deepEqual([state.outgoing.failures, state.incoming.failures], [0, 0]);
    });

    it('is not a flap when our own operator does it, and is one otherwise', () => {
      assert.equal(led([...established('outgoing'), stop(2)]).state.flaps, 0);
      assert.equal(
        led([...established('outgoing'), on('outgoing', { kind: 'tcpClosed', reason: 'reset' })]).state.flaps,
        1,
      );
    });

    it('begins again at once after a reset, as if nothing had ever failed', () => {
      const failed = led([start, on('outgoing', { kind: 'tcpFailed', reason: 'connection refused' })]).state;
      const { state, actions } = led([{ kind: 'reset', reason: { subcode: 4 } }], failed);
      assert.ok(shown(actions).includes('outgoing dial'));
      assert.equal(state.outgoing.failures, 0);
    });

    it('does not start what is stopped when it is reset', () => {
      assert.deepEqual(led([{ kind: 'reset', reason: { subcode: 4 } }]).actions, []);
    });
  });

  it('[50] sets the R bit until the first session with the peer, whatever was tried before', () => {
    const failed = led([
      start,
      tcpConnected,
      on('outgoing', { kind: 'fault', error: new BgpError(1, 1, 'noise') }),
    ]).state;
    assert.equal(failed.restarting, true);
    const up = led([accepted, opened('incoming'), on('incoming', { kind: 'keepalive' })], failed).state;
    assert.equal(up.restarting, false);
    assert.equal(led([on('incoming', { kind: 'tcpClosed', reason: 'reset' })], up).state.restarting, false);
  });

  describe('whatever happens', () => {
    const directions = fc.constantFrom<Direction>('outgoing', 'incoming');
    const connectionEvent = fc.constantFrom<Extract<PeerEvent, { kind: 'connection' }>['event']>(
      { kind: 'tcpConnected' },
      { kind: 'tcpFailed', reason: 'connection refused' },
      { kind: 'tcpClosed', reason: 'connection reset by peer' },
      { kind: 'connectRetryExpired' },
      { kind: 'idleHoldExpired' },
      { kind: 'holdExpired' },
      { kind: 'keepaliveExpired' },
      { kind: 'patienceExpired' },
      { kind: 'stableExpired' },
      { kind: 'sendStalled' },
      { kind: 'updateSent' },
      { kind: 'keepalive' },
      { kind: 'update' },
      { kind: 'routeRefresh' },
      { kind: 'notification', notification: cease(2) },
      { kind: 'notification', notification: cease(7) },
      { kind: 'fault', error: new BgpError(1, 1, 'the marker is not all ones') },
      { kind: 'fault', error: new BgpError(6, 1, 'too many prefixes') },
    );
    const verdict = fc.constantFrom<Agreement | BgpError>(
      agreement,
      { ...agreement, remote: { asn: 64500, routerId: 1 } },
      { ...agreement, peerRestarts: true, peerHelps: true, hardReset: true },
      { ...agreement, holdTimeSeconds: 0, keepaliveSeconds: 0 },
      new BgpError(2, 2, 'another AS'),
    );
    const anyEvent = fc.oneof(
      { weight: 1, arbitrary: fc.constant<PeerEvent>(start) },
      { weight: 1, arbitrary: fc.constant<PeerEvent>({ kind: 'stop', reason: { subcode: 2, keepRoutes: true } }) },
      { weight: 1, arbitrary: fc.constant<PeerEvent>({ kind: 'reset', reason: { subcode: 4 } }) },
      {
        weight: 1,
        arbitrary: fc
          .boolean()
          .map<PeerEvent>((passive) => ({ kind: 'configured', settings: { ...settings, passive } })),
      },
      { weight: 4, arbitrary: fc.constant<PeerEvent>(accepted) },
      { weight: 6, arbitrary: fc.tuple(directions, verdict).map(([direction, said]) => opened(direction, said)) },
      {
        weight: 20,
        arbitrary: fc.tuple(directions, connectionEvent).map(([direction, event]) => on(direction, event)),
      },
    );

    it('never establishes two sessions, and answers every connection that comes', () => {
      fc.assert(
        fc.property(fc.array(anyEvent, { maxLength: 100 }), (events) => {
          let state = initialPeer(settings);
          for (const event of events) {
            const next = step(state, event);
            state = next.state;
            assert.ok(state.outgoing.name !== 'Established' || state.incoming.name !== 'Established');
            const answers = next.actions.filter(({ kind }) => kind === 'adopt' || kind === 'refuse');
            assert.equal(answers.length, event.kind === 'accepted' ? 1 : 0);
          }
        }),
        { numRuns: 500 },
      );
    });

    it('always has a way on: a connection, a dial, a timer or an open ear, unless it is stopped', () => {
      fc.assert(
        fc.property(fc.array(anyEvent, { maxLength: 100 }), (events) => {
          let state = initialPeer(settings);
          const timers = { outgoing: new Set<string>(), incoming: new Set<string>() };
          let dialling = false;
          for (const event of events) {
            if (event.kind === 'connection') {
              // Only what runs can expire, only what is under way can end.
              const { kind } = event.event;
              const timer = kind.endsWith('Expired') ? kind.slice(0, -'Expired'.length) : undefined;
              if (timer !== undefined && !timers[event.direction].delete(timer)) continue;
              const isDialled = kind === 'tcpFailed' || kind === 'tcpConnected';
              if (isDialled && (event.direction === 'incoming' || !dialling)) continue;
              if (isDialled) dialling = false;
            }
            const next = step(state, event);
            state = next.state;
            for (const action of next.actions) {
              if (action.kind !== 'perform') continue;
              const { direction, action: inner } = action;
              if (inner.kind === 'stopTimers') timers[direction].clear();
              if (inner.kind === 'startTimer') timers[direction].add(inner.request.timer);
              if (inner.kind === 'dial') dialling = true;
              if (inner.kind === 'cancelDial') dialling = false;
            }
            assert.equal(dialling, state.outgoing.name === 'Connect');
            const reachable =
              state.incoming.name === 'Active' || timers.incoming.has('idleHold') || isConnected(state.incoming);
            const reaching =
              dialling ||
              isConnected(state.outgoing) ||
              isConnected(state.incoming) ||
              timers.outgoing.has('idleHold') ||
              timers.outgoing.has('connectRetry');
            assert.equal(reachable, state.running, 'the listening half');
            assert.ok(!state.running || state.settings.passive || reaching, 'the dialling half');
          }
        }),
        { numRuns: 500 },
      );
    });
  });
});
