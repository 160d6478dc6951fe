import assert from 'node:assert/strict';
import { messageType } from '../../src/bgp/numbers.js';
import { type LineEnd, Rehearsal } from '../../src/bgp/rehearsal.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import type { ConnectionEvents, Endpoint } from '../../src/bgp/transport.js';
import { addressOf, baseSettings } from './fake-speaker.js';
import { FakeTime } from './fake-time.js';

/** A line in memory that hands over at once, and remembers what our side said. */
class End implements LineEnd {
  readonly said: Uint8Array[] = [];
  readonly unsentOctets = 0;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #time: FakeTime;
  other: End | undefined;
  finished = false;
  #events: ConnectionEvents | undefined;

  constructor(time: FakeTime, local: Endpoint, remote: Endpoint) {
    this.#time = time;
    this.local = local;
    this.remote = remote;
  }

  report(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(octets: Uint8Array): void {
    this.said.push(octets);
    this.#time.after(0, () => this.other?.hear(octets));
  }

  hear(octets: Uint8Array): void {
    this.#events?.received(octets);
  }

  finish(): void {
    this.finished = true;
  }
  destroy(): void {
    this.finished = true;
  }
  restrict(): void {}
}

const route = {
  family: 'ipv4' as const,
  count: 1,
  words: Uint32Array.of(0xc6336401),
  lengths: Uint8Array.of(32),
  attributes: Uint32Array.of(1),
  coming: 0,
};

describe('a rehearsal', () => {
  const casts: Readonly<Record<string, Partial<SessionSettings>>> = {
    'one that we call': {},
    'one that calls us': { passive: true },
    'one inside our AS': { peerAsn: 'internal' },
    'any outside': { peerAsn: 'external' },
    'one whose AS number needs four octets': { asn: 4_200_000_000, peerAsn: 4_200_000_001 },
    'one that speaks over IPv6': {
      remote: { address: addressOf('2001:db8::2'), port: 179 },
      families: ['ipv6', 'ipv4'],
    },
    'one that helps a restart': { gracefulRestart: { restartTimeSeconds: 120, forwardingPreserved: true } },
    'one without timers': { holdTimeSeconds: 0 },
  };
  for (const [what, settings] of Object.entries(casts))
    it(`has a peer like ${what}, who is told of a change and, in the end, farewell`, () => {
      const time = new FakeTime();
      const ends: End[] = [];
      const rehearsal = new Rehearsal({
        clock: time,
        timers: time,
        random: () => 0.5,
        neighbourAddress: (_, family) => addressOf(family === 'ipv4' ? '127.0.0.1' : '::1'),
        connectionPair: (local, remote) => {
          const [ours, theirs] = [new End(time, local, remote), new End(time, remote, local)];
          ours.other = theirs;
          theirs.other = ours;
          ends.push(ours);
          return [ours, theirs];
        },
      });
      const session = { ...baseSettings, ...settings };
      rehearsal.receive({ kind: 'configure', settings: { listen: [], peers: [{ session, generation: 0, view: 1 }] } });
      rehearsal.receive({ kind: 'tableLoaded' });
      time.run(1000);
      rehearsal.receive({ kind: 'defineAttributes', sets: [{ id: 1, attributes: {} }] });
      rehearsal.receive({ kind: 'changeRoutes', view: 1, columns: route });
      time.run(100);
      assert.equal(ends.length, 1);
      const told = (type: number) => ends[0]!.said.filter((octets) => octets[18] === type).length;
      // End-of-RIB for each family, and the change.
      assert.equal(told(messageType.update), session.families.length + 1);
      rehearsal.receive({ kind: 'stop', text: '', keepRoutes: false });
      assert.deepEqual([told(messageType.notification), ends[0]!.finished], [1, true]);
    });

  it('survives being over before it began', () => {
    const time = new FakeTime();
    const rehearsal = new Rehearsal({
      clock: time,
      timers: time,
      random: () => 0.5,
      neighbourAddress: () => undefined,
      connectionPair: (local, remote) => [new End(time, local, remote), new End(time, remote, local)],
    });
    const session = { ...baseSettings, passive: true };
    rehearsal.receive({ kind: 'configure', settings: { listen: [], peers: [{ session, generation: 0, view: 1 }] } });
    rehearsal.receive({ kind: 'stop', text: '', keepRoutes: false });
    time.run(1000);
  });
});
