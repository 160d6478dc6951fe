import assert from 'node:assert/strict';
import { BgpError } from '../../src/bgp/errors.js';
import { encodeMessage, type Message } from '../../src/bgp/message.js';
import { afiSafiOf } from '../../src/bgp/nlri.js';
import { cease, communicationOf } from '../../src/bgp/notification.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import { endOfRib, type Update } from '../../src/bgp/update.js';
import { type Prefix, parsePrefix } from '../../src/net/address.js';
import { FakeNetwork } from './fake-network.js';
import {
  baseSettings,
  joined,
  openOf,
  ours,
  type Puppet,
  puppetDial,
  puppetListener,
  type Speaker,
  setReading,
  speaker,
} from './fake-speaker.js';
import { FakeTime } from './fake-time.js';

const keepalive: Message = { kind: 'keepalive' };

interface Stage extends Speaker {
  readonly time: FakeTime;
  readonly network: FakeNetwork;
  /** One for each time our session dialled. */
  readonly puppets: Puppet[];
}

interface Wire {
  readonly maxDelayMs: number;
  /** Near 1: nothing is cut. */
  readonly random: number;
}

const usual: Wire = { maxDelayMs: 5, random: 0.5 };

function stage(changes: Partial<SessionSettings> = {}, { maxDelayMs, random }: Wire = usual): Stage {
  const time = new FakeTime();
  const network = new FakeNetwork(time, () => random, maxDelayMs);
  const puppets = puppetListener(network);
  return { time, network, puppets, ...speaker(network, { ...baseSettings, ...changes }, { address: ours }) };
}

/** Up to OpenConfirm on the puppet's side, or wherever the messages lead. */
function connected(
  changes: Partial<SessionSettings>,
  said: readonly Message[],
  wire = usual,
): Stage & { puppet: Puppet } {
  const on = stage(changes, wire);
  on.session.start();
  assert.ok(on.time.runUntil(() => on.puppets.length === 1, 1000));
  const puppet = on.puppets[0]!;
  puppet.say(...said);
  on.time.run(200);
  return { ...on, puppet };
}

const established = (
  changes: Partial<SessionSettings> = {},
  open: Message = openOf(),
  wire = usual,
): Stage & { puppet: Puppet } => {
  const on = connected(changes, [open, keepalive], wire);
  assert.equal(on.session.status().state, 'Established');
  return on;
};

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  assert.ok(parsed);
  return parsed;
};

const announcing = (...prefixes: string[]): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', segments: [{ type: 'sequence', asns: [64500] }] },
    { kind: 'nextHop', address: { family: 'ipv4', words: [0x0a000002] } },
  ],
  announced: prefixes.map(prefix),
});
const withdrawing = (...prefixes: string[]): Update => ({
  kind: 'update',
  withdrawn: prefixes.map(prefix),
  attributes: [],
  announced: [],
});

const chunkMessages = 2_800;
const chunk = joined(Array.from({ length: chunkMessages }, () => encodeMessage(endOfRib('ipv4'))));

const lastNotification = ({
  puppet,
}: {
  puppet: Puppet;
}): [code: number, subcode: number, data: number[]] | undefined => {
  const said = puppet.heardOf('notification').at(-1);
  return said && [said.code, said.subcode, [...said.data]];
};

describe('BGP session', () => {
  describe('coming up', () => {
    it('[24] takes OPEN, KEEPALIVE and UPDATE out of one segment', () => {
      const time = new FakeTime();
      const network = new FakeNetwork(time, () => 0.999999); // never cuts
      const puppets = puppetListener(network);
      const { session } = speaker(network, baseSettings, { address: ours });
      session.start();
      time.runUntil(() => puppets.length === 1, 1000);
      puppets[0]!.connection.write(
        joined(
          [openOf(), keepalive, announcing('192.0.2.0/24', '198.51.100.0/24')].map((message) => encodeMessage(message)),
        ),
      );
      time.run(100);
      assert.equal(session.status().state, 'Established');
      assert.equal(session.status().receivedPrefixes, 2);
    });

    it('offers what it has, and sets the R bit until the first session only', () => {
      const on = connected(
        { gracefulRestart: { restartTimeSeconds: 120, forwardingPreserved: true }, families: ['ipv4', 'ipv6'] },
        [openOf({ gracefulRestart: true }), keepalive],
      );
      const restarts = (): boolean[] =>
        on.puppets.map(({ heard }) => {
          const [open] = heard;
          assert.ok(open?.kind === 'open');
          return open.capabilities.some((offered) => offered.kind === 'gracefulRestart' && offered.restartState);
        });
      assert.deepEqual(restarts(), [true]);
      on.puppet.connection.destroy();
      on.time.run(15_000);
      assert.deepEqual(restarts(), [true, false]);
    });

    it('[20] keeps the R bit when the peer of a graceful restart calls before we have dialled', () => {
      const time = new FakeTime();
      const network = new FakeNetwork(time, () => 0.5);
      const gracefulRestart = { restartTimeSeconds: 120, forwardingPreserved: true };
      const { session } = speaker(network, { ...baseSettings, gracefulRestart }, { address: ours });
      network.dark.add('10.0.0.2');
      session.start();
      const called = puppetDial(network);
      time.run(100);
      const puppet = called[0];
      const open = puppet?.heardOf('open')[0];
      assert.ok(open?.capabilities.some((offered) => offered.kind === 'gracefulRestart' && offered.restartState));
      puppet?.say(openOf({ gracefulRestart: true }), keepalive);
      time.run(100);
      assert.equal(session.status().state, 'Established');
    });

    it('[14] takes long messages where it offered to, though the peer did not', () => {
      const long: Update = announcing(...Array.from({ length: 1200 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`));
      for (const extendedMessage of [true, false]) {
        const on = established({ extendedMessage });
        on.puppet.say(long);
        on.time.run(300);
        assert.equal(on.session.status().state, extendedMessage ? 'Established' : 'Idle');
        if (!extendedMessage) assert.deepEqual(lastNotification(on)?.slice(0, 2), [1, 2]);
      }
    });

    it('tells whoever holds the routes, with what was agreed', () => {
      const { established: told, transitions, log } = established({ holdTimeSeconds: 30 });
      assert.equal(told.length, 1);
      assert.equal(told[0]?.holdTimeSeconds, 30);
      assert.deepEqual(transitions, [
        'Idle Connect',
        'Connect OpenSent',
        'OpenSent OpenConfirm',
        'OpenConfirm Established',
      ]);
      assert.equal(log.filter(({ event }) => event === 'sessionUp').length, 1);
    });

    it('reports the peer as the API shows it', () => {
      const { session, time } = established();
      time.run(9_000);
      const status = session.status();
      assert.deepEqual(
        { ...status, capabilities: undefined, messages: undefined },
        {
          name: 'tor-1',
          description: '',
          address: '10.0.0.2',
          port: 179,
          asn: 64500,
          localAsn: 64512,
          localAddress: '10.0.0.1',
          routerId: '10.0.0.1',
          remoteRouterId: '10.0.0.2',
          state: 'Established',
          adminState: 'enabled',
          shutdown: false,
          passive: false,
          uptimeSeconds: 9,
          holdTimeSeconds: 90,
          keepaliveSeconds: 30,
          families: ['ipv4'],
          capabilities: undefined,
          receivedPrefixes: 0,
          messages: undefined,
          updateFaults: { treatAsWithdraw: 0, attributeDiscard: 0 },
          lastError: null,
          flaps: 0,
        },
      );
      assert.deepEqual(status.messages.sent, { open: 1, update: 0, notification: 0, keepalive: 1, routeRefresh: 0 });
      assert.deepEqual(status.messages.received, {
        open: 1,
        update: 0,
        notification: 0,
        keepalive: 1,
        routeRefresh: 0,
      });
      assert.ok(status.capabilities.local.includes('host name node-a'));
      assert.ok(status.capabilities.remote.includes('four-octet AS 64500'));
    });

    it('refuses another AS with 2/2 and tries again later', () => {
      const on = connected({ peerAsn: 65000 }, [openOf()]);
      assert.deepEqual(lastNotification(on)?.slice(0, 2), [2, 2]);
      const { lastError, state } = on.session.status();
      assert.deepEqual([lastError?.code, lastError?.subcode, lastError?.direction, state], [2, 2, 'sent', 'Idle']);
      assert.match(lastError?.text ?? '', /64500.*65000/);
      on.time.run(15_000);
      assert.equal(on.puppets.length, 2);
    });

    it('[6] refuses hold times of one and two seconds with 2/6', () => {
      for (const holdTimeSeconds of [1, 2])
        assert.deepEqual(lastNotification(connected({}, [openOf({ holdTimeSeconds })]))?.slice(0, 2), [2, 6]);
    });

    it('accepts any AS of the kind it was told, and learns its number', () => {
      const { session } = established({ peerAsn: 'external' });
      assert.equal(session.status().asn, 64500);
    });
  });

  describe('time', () => {
    it('[21] waits four minutes for an OPEN, whatever hold time is configured', () => {
      const on = connected({ holdTimeSeconds: 3 }, []);
      on.time.run(235_000);
      assert.equal(on.session.status().state, 'OpenSent');
      on.time.run(6_000);
      assert.deepEqual(lastNotification(on), [4, 0, []]);
    });

    it('[22] speaks before a third of the hold time is over, and not like clockwork', () => {
      const time = new FakeTime();
      let seed = 1;
      const random = (): number => {
        seed = (seed * 16807) % 2147483647;
        return seed / 2147483647;
      };
      const network = new FakeNetwork(time, random, 0);
      const puppets = puppetListener(network);
      const { session } = speaker(network, { ...baseSettings, holdTimeSeconds: 9 }, { address: ours });
      session.start();
      time.runUntil(() => puppets.length === 1, 1000);
      const puppet = puppets[0]!;
      puppet.say(openOf({ holdTimeSeconds: 9 }), keepalive);
      time.run(100);
      const gaps = new Set<number>();
      for (let i = 0; i < 12; i++) {
        const before = puppet.heardOf('keepalive').length;
        const from = time.monotonicMs();
        assert.ok(time.runUntil(() => puppet.heardOf('keepalive').length > before, 3_000));
        gaps.add(Math.round(time.monotonicMs() - from));
        puppet.say(keepalive);
      }
      assert.ok(gaps.size > 6, 'jitter');
      assert.ok([...gaps].every((gap) => gap >= 1_900));
    });

    it('[22] lets an UPDATE stand for a KEEPALIVE', () => {
      const on = established();
      const before = on.puppet.heardOf('keepalive').length;
      for (let i = 0; i < 20; i++) {
        on.session.write(encodeMessage(endOfRib('ipv4')));
        on.session.wrote(1);
        on.puppet.say(keepalive);
        on.time.run(15_000);
      }
      assert.equal(on.puppet.heardOf('keepalive').length, before);
      assert.equal(on.session.status().messages.sent.update, 20);
    });

    it('[6] runs no timer at all with a hold time of zero', () => {
      const on = established({ holdTimeSeconds: 0 });
      on.time.run(24 * 3600_000);
      assert.equal(on.session.status().state, 'Established');
      assert.equal(on.puppet.heardOf('keepalive').length, 1);
      assert.equal(on.time.pending, 0);
    });

    it('gives up a peer that falls silent once the hold time is over', () => {
      const on = established({ holdTimeSeconds: 3 });
      on.time.run(2_700);
      assert.equal(on.session.status().state, 'Established');
      on.time.run(400);
      assert.deepEqual(lastNotification(on), [4, 0, []]);
      assert.equal(on.session.status().flaps, 1);
      assert.equal(on.counts.closed, 1);
    });

    it('[28] reads what has been lying in the socket before it takes its own sleep for the silence of the peer', () => {
      const on = established({ holdTimeSeconds: 9 }, openOf(), { maxDelayMs: 0, random: 0.999999 });
      on.time.sleep(60_000);
      on.puppet.say(keepalive);
      on.time.run(100);
      assert.equal(on.session.status().state, 'Established');
      on.time.run(9_100);
      assert.equal(on.session.status().state, 'Idle');
    });

    it('[27] closes a connection on which nothing it wrote has moved for eight minutes', () => {
      const on = established();
      setReading(on.puppet, false);
      for (let i = 0; i < 10; i++) {
        on.session.write(chunk);
        on.session.wrote(chunkMessages);
      }
      for (let i = 0; i < 31; i++) {
        on.puppet.say(keepalive);
        on.time.run(15_000);
      }
      assert.equal(on.session.status().state, 'Established');
      on.puppet.say(keepalive);
      on.time.run(30_000);
      assert.equal(on.session.status().lastError?.code, 8);
      assert.equal(on.counts.closed, 1);
    });

    it('[27] bears a peer that reads slowly, for as long as it reads', () => {
      const on = established();
      for (let i = 0; i < 100; i++) {
        on.session.write(chunk);
        on.session.wrote(chunkMessages);
      }
      for (let i = 0; i < 60; i++) {
        setReading(on.puppet, false);
        on.time.run(29_900);
        on.puppet.say(keepalive);
        setReading(on.puppet, true);
        on.time.run(6);
      }
      assert.equal(on.session.status().state, 'Established');
      assert.ok(on.session.unsentOctets > 0);
    });
  });

  describe('ending', () => {
    it('[26] rests between attempts whatever the peer does: twenty minutes cost few dials', () => {
      const endings: ((puppet: Puppet) => void)[] = [
        (puppet) => puppet.connection.destroy(),
        (puppet) => puppet.connection.finish(),
        (puppet) => puppet.connection.write(new Uint8Array(19)),
        (puppet) => puppet.say(openOf(), keepalive, cease(5)),
        (puppet) => puppet.say(openOf(), keepalive, openOf()),
        (puppet) => {
          puppet.say(openOf(), keepalive);
          puppet.connection.finish();
        },
      ];
      for (const ending of endings) {
        const on = stage();
        on.session.start();
        let answered = 0;
        on.time.runUntil(() => {
          for (; answered < on.puppets.length; answered++) ending(on.puppets[answered]!);
          return false;
        }, 1_200_000);
        assert.ok(on.puppets.length >= 9 && on.puppets.length <= 18, `${on.puppets.length} dials`);
      }
    });

    it('[30] says why it shuts down, and shows what the peer says, fit to print', () => {
      const on = established();
      on.session.stop({ subcode: 2, text: 'maintenance' });
      on.time.run(100);
      const said = on.puppet.heardOf('notification')[0];
      assert.equal(said && communicationOf(said), 'maintenance');
      assert.equal(on.puppet.closed, 'connection closed by peer');

      const other = established();
      other.puppet.say(cease(2, 'bye\u001b[2Jbye'));
      other.time.run(100);
      const { lastError } = other.session.status();
      assert.match(lastError?.text ?? '', /bye\?\[2Jbye/);
      assert.deepEqual([lastError?.code, lastError?.subcode, lastError?.direction], [6, 2, 'received']);
    });

    it('[53] leaves for a restart without a word where the peer keeps the routes', () => {
      const on = established(
        { gracefulRestart: { restartTimeSeconds: 120, forwardingPreserved: true } },
        openOf({ gracefulRestart: true }),
      );
      on.session.stop({ subcode: 2, keepRoutes: true });
      on.time.run(100);
      assert.deepEqual(on.puppet.heardOf('notification'), []);
      assert.equal(on.puppet.closed, 'connection closed by peer');
    });

    it('[25] sends its NOTIFICATION before the FIN', () => {
      const on = established();
      on.puppet.connection.write(new Uint8Array(19));
      on.time.run(100);
      assert.deepEqual(lastNotification(on), [1, 1, []]);
      assert.equal(on.puppet.closed, 'connection closed by peer');
    });

    it('[4] answers a NOTIFICATION by closing', () => {
      const on = established();
      on.puppet.say({ kind: 'notification', code: 3, subcode: 1, data: new Uint8Array(3) });
      on.time.run(100);
      assert.deepEqual(on.puppet.heardOf('notification'), []);
      assert.equal(on.puppet.closed, 'connection closed by peer');
    });

    it('stays down when its settings say so, and comes up when they say so no more', () => {
      const on = established();
      on.session.update({ ...baseSettings, adminState: 'shutdown' });
      on.time.run(300_000);
      assert.deepEqual(lastNotification(on), [6, 2, []]);
      assert.equal(on.puppets.length, 1);
      on.session.update(baseSettings);
      on.time.run(100);
      assert.equal(on.puppets.length, 2);
    });

    it('[30] is taken down with a message, and still shows what went wrong before', () => {
      const on = established();
      on.puppet.say({ kind: 'notification', code: 3, subcode: 1, data: new Uint8Array() });
      on.time.run(20_000);
      const again = on.puppets.at(-1)!;
      again.say(openOf(), keepalive);
      on.time.run(200);
      assert.equal(on.session.status().state, 'Established');
      const before = on.session.status();
      on.session.update({ ...baseSettings, adminState: 'disabled', shutdownText: 'new optics' });
      on.time.run(300_000);
      const said = again.heardOf('notification')[0];
      assert.deepEqual([said?.code, said?.subcode, said && communicationOf(said)], [6, 2, 'new optics']);
      const { state, adminState, shutdown, lastError, flaps } = on.session.status();
      assert.deepEqual({ state, adminState, shutdown }, { state: 'Idle', adminState: 'disabled', shutdown: false });
      assert.deepEqual([lastError, flaps], [before.lastError, before.flaps]);
      assert.deepEqual([lastError?.code, lastError?.subcode, lastError?.direction], [3, 1, 'received']);
    });

    it('shows a reset as the last thing that ended it', () => {
      const on = established();
      on.session.reset({ subcode: 4, text: 'again' });
      on.time.run(100);
      assert.equal(on.session.status().lastError?.text, 'Cease/Administrative Reset: again');
    });

    it('goes on being down when the configuration takes over from the operator, and back', () => {
      const on = established();
      for (const adminState of ['disabled', 'shutdown', 'disabled'] as const) {
        on.session.update({ ...baseSettings, adminState });
        on.time.run(10_000);
      }
      assert.equal(on.puppet.heardOf('notification').length, 1);
      assert.equal(on.puppets.length, 1);
    });

    it('backs off where we give up for a reason of our own', () => {
      const on = established();
      on.session.giveUp(new BgpError(6, 8, 'too much memory held for it'));
      on.time.run(100);
      assert.deepEqual(lastNotification(on), [6, 8, []]);
      const [call] = [puppetDial(on.network)];
      on.time.run(100);
      assert.equal(call[0]?.heardOf('notification')[0]?.subcode, 5);
    });

    it('warns once of a failure that repeats itself, and again when it changes', () => {
      const time = new FakeTime();
      const network = new FakeNetwork(time, () => 0.5);
      const { session, log } = speaker(network, baseSettings, { address: ours });
      session.start();
      time.run(600_000);
      network.dark.add('10.0.0.2');
      time.run(600_000);
      const failures = log.filter(({ event }) => event === 'connectFailed');
      assert.ok(failures.length > 8);
      assert.deepEqual(
        failures.filter(({ level }) => level === 'warn').map(({ message }) => message),
        ['tor-1: connection refused', 'tor-1: connection timed out'],
      );
    });

    it('never logs a password', () => {
      const on = established({ socket: { md5Password: 'hunter2' } });
      on.puppet.connection.destroy();
      on.time.run(60_000);
      assert.equal(JSON.stringify([on.log, on.session.status()]).includes('hunter2'), false);
    });
  });

  describe('what the peer announces', () => {
    it('[71] is counted and nothing else', () => {
      const on = established();
      on.puppet.say(announcing('192.0.2.0/24', '198.51.100.0/24'), withdrawing('192.0.2.0/24'));
      on.time.run(100);
      assert.equal(on.session.status().receivedPrefixes, 1);
      assert.equal(on.session.status().messages.received.update, 2);
    });

    it('is counted exactly where it is bounded', () => {
      const on = established({ maxPrefixes: 2 });
      for (let i = 0; i < 5; i++) on.puppet.say(announcing('192.0.2.0/24', '198.51.100.0/24'));
      on.puppet.say(withdrawing('203.0.113.0/24'));
      on.time.run(100);
      assert.equal(on.session.status().receivedPrefixes, 2);
    });

    it('ends the session with 6/1, the family and the bound when it is too much', () => {
      const on = established({ maxPrefixes: 2 });
      on.puppet.say(announcing('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'));
      on.time.run(100);
      assert.deepEqual(lastNotification(on), [6, 1, [0, 1, 1, 0, 0, 0, 2]]);
    });

    it('is asked for once more when a bound appears that was not counted for', () => {
      const on = established();
      on.puppet.say(announcing('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'));
      on.time.run(100);
      on.session.update({ ...baseSettings, maxPrefixes: 2 });
      on.time.run(100);
      assert.deepEqual(on.puppet.heardOf('routeRefresh'), [{ kind: 'routeRefresh', ...afiSafiOf('ipv4'), subtype: 0 }]);
      on.puppet.say(announcing('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'));
      on.time.run(100);
      assert.deepEqual(lastNotification(on)?.slice(0, 2), [6, 1]);
    });

    it('may be malformed: worth a counter each time and a log line once', () => {
      const on = established();
      const malformed: Update = { ...announcing('192.0.2.0/24'), attributes: announcing().attributes.slice(0, 2) };
      for (let i = 0; i < 3; i++) on.puppet.say(malformed);
      on.time.run(100);
      assert.equal(on.session.status().state, 'Established');
      assert.deepEqual(on.session.status().updateFaults, { treatAsWithdraw: 3, attributeDiscard: 0 });
      assert.equal(on.log.filter(({ event }) => event === 'updateFault').length, 1);
    });
  });

  describe('route refresh', () => {
    const refresh = (subtype = 0, afi = 1): Message => ({ kind: 'routeRefresh', afi, safi: 1, subtype });

    it('passes a request on at once, and a flood of them once a second', () => {
      const on = established();
      on.puppet.say(refresh());
      on.time.run(100);
      assert.equal(on.counts.refreshes, 1);
      for (let i = 0; i < 1000; i++) on.puppet.say(refresh());
      on.time.run(1_000);
      assert.equal(on.counts.refreshes, 2);
      on.time.run(60_000);
      assert.ok(on.counts.refreshes <= 3);
    });

    it('[55] ignores a family that was not negotiated, aloud', () => {
      const on = established();
      on.puppet.say(refresh(0, 2), refresh(0, 2));
      on.time.run(100);
      assert.equal(on.counts.refreshes, 0);
      assert.equal(on.log.filter(({ event }) => event === 'familyIgnored').length, 1);
      assert.equal(on.session.status().state, 'Established');
    });

    it('[54] ignores subtypes it does not know', () => {
      const on = established();
      on.puppet.say(refresh(7), refresh(1), refresh(2));
      on.time.run(100);
      assert.equal(on.counts.refreshes, 0);
      assert.equal(on.session.status().state, 'Established');
    });

    it('forgets a request that waits when the session ends', () => {
      const on = established();
      on.puppet.say(refresh(), refresh(), cease(2));
      on.time.run(5_000);
      assert.equal(on.counts.refreshes, 1);
    });
  });

  describe('writing', () => {
    it('tells when there is room again', () => {
      const on = established();
      setReading(on.puppet, false);
      on.session.write(encodeMessage(endOfRib('ipv4')));
      on.session.wrote(1);
      on.time.run(10);
      assert.equal(on.counts.drained > 0, true);
      const drained = on.counts.drained;
      for (let i = 0; i < 5; i++) {
        on.session.write(chunk);
        on.session.wrote(chunkMessages);
      }
      on.time.run(1_000);
      assert.ok(on.session.unsentOctets > 0);
      assert.equal(on.counts.drained, drained);
    });

    it('drops what is written without a session', () => {
      const on = stage();
      on.session.write(encodeMessage(endOfRib('ipv4')));
      on.session.wrote(1);
      assert.equal(on.session.status().messages.sent.update, 0);
      assert.equal(on.session.unsentOctets, 0);
    });
  });
});
