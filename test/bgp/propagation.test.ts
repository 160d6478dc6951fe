import assert from 'node:assert/strict';
import { Propagation } from '../../src/bgp/propagation.js';
import type { FromSpeaker } from '../../src/bgp/protocol.js';
import { Speaker } from '../../src/bgp/speaker.js';
import { FakeNetwork } from './fake-network.js';
import { FakeRouter } from './fake-router.js';
import { addressOf, baseSettings, ours } from './fake-speaker.js';
import { FakeTime } from './fake-time.js';
import { columnsOf, type Row, tagged } from './told-member.js';

const hosts = (from: number, count: number, tag = 1): Row[] =>
  Array.from({ length: count }, (_, n): Row => [{ family: 'ipv4', words: [0x0a800000 + from + n], length: 32 }, tag]);

/** Our speaker, and peers in one view that are Established. */
class House {
  readonly time = new FakeTime();
  readonly #network = new FakeNetwork(this.time, () => 0.999999);
  readonly reports: FromSpeaker[] = [];
  readonly routers: readonly FakeRouter[];
  readonly speaker = new Speaker({
    transport: this.#network.host(ours),
    clock: this.time,
    timers: this.time,
    random: () => 0.5,
    log: { write: () => {} },
    neighbourAddress: () => undefined,
    report: (message) => this.reports.push(message),
  });

  constructor(peers: number) {
    this.routers = Array.from({ length: peers }, (_, i) => new FakeRouter(this.#network, addressOf(`10.0.1.${i + 1}`)));
    this.speaker.receive({ kind: 'defineAttributes', sets: [{ id: 1, attributes: tagged(1) }] });
    this.speaker.receive({
      kind: 'configure',
      settings: {
        listen: [],
        peers: this.routers.map(({ address }, i) => ({
          session: { ...baseSettings, name: `tor-${i + 1}`, remote: { address, port: 179 } },
          generation: 1,
          view: 1,
        })),
      },
    });
  }

  up(): this {
    this.speaker.receive({ kind: 'tableLoaded' });
    this.time.run(3000);
    return this;
  }

  /** A change that began so long ago. */
  change(rows: readonly Row[], agoMs: number): void {
    const sinceMs = this.time.monotonicMs() - agoMs;
    this.speaker.receive({ kind: 'changeRoutes', view: 1, columns: columnsOf('ipv4', rows), sinceMs });
  }

  /** How many of each bucket that is not empty, by its upper bound. */
  get counted(): readonly (readonly [number | undefined, number])[] {
    const { boundsMs, counts } = this.speaker.status().propagation;
    return counts.flatMap((count, i) => (count === 0 ? [] : [[boundsMs[i], count] as const]));
  }
}

describe('The time from a change of the table to its UPDATEs', () => {
  it('is counted in the bucket whose bound it does not exceed', () => {
    const propagation = new Propagation();
    for (const tookMs of [0, 0.1, 0.2, 60_000, 61_000]) propagation.add(tookMs, 1);
    propagation.add(5, 3);
    const { boundsMs, counts, sumMs } = propagation.counts;
    const of = (boundMs: number): number => counts[boundsMs.indexOf(boundMs)]!;
    assert.deepEqual([of(0.1), of(0.25), of(5), of(60_000), counts.at(-1)], [2, 1, 3, 1, 1]);
    assert.equal(counts.length, boundsMs.length + 1);
    assert.equal(Math.round(sumMs), 121_015);
  });

  it('counts once for each peer, however many routes the change has', () => {
    const house = new House(3).up();
    house.change(hosts(0, 1), 2);
    house.change(hosts(1, 10_000), 40);
    assert.deepEqual(house.counted, [
      [2.5, 3],
      [50, 3],
    ]);
  });

  it('is not counted for peers that are down, nor for those that come up later', () => {
    const house = new House(2);
    house.change(hosts(0, 10), 5);
    assert.deepEqual(house.counted, []);
    house.up();
    assert.equal(house.routers[0]?.table.size, 10);
    assert.deepEqual(house.counted, []);
  });

  it('is not counted for a change that tells nobody anything', () => {
    const house = new House(1).up();
    house.change(hosts(0, 1), 1);
    house.change(hosts(0, 1), 1);
    house.speaker.receive({ kind: 'changeRoutes', view: 2, columns: columnsOf('ipv4', hosts(0, 1)), sinceMs: 0 });
    assert.deepEqual(house.counted, [[1, 1]]);
  });

  it('is not counted for what nobody changed, such as a reload', () => {
    const house = new House(1).up();
    house.speaker.receive({ kind: 'changeRoutes', view: 1, columns: columnsOf('ipv4', hosts(0, 1)) });
    assert.deepEqual(house.counted, []);
  });

  it('ends for a peer that does not read when it has caught up, once for all that it missed', () => {
    const house = new House(2).up();
    const [slow] = house.routers;
    assert.ok(slow !== undefined);
    slow.reading = false;
    house.change(hosts(0, 90_000), 0);
    assert.deepEqual(house.counted, [[0.1, 2]], 'its socket took what its peer does not read');
    house.time.run(1000);
    for (const at of [200_000, 200_001]) {
      house.change(hosts(at, 1), 0);
      house.time.run(2000);
    }
    assert.deepEqual(house.counted, [[0.1, 4]], 'for the one that reads');
    const before = house.speaker.status().propagation;
    slow.reading = true;
    house.time.run(20_000);
    const { boundsMs, counts, sumMs } = house.speaker.status().propagation;
    const [more] = counts.flatMap((count, i) => (count > before.counts[i]! ? [[i, count - before.counts[i]!]] : []));
    assert.deepEqual(more, [boundsMs.indexOf(5000), 1], 'from the oldest change');
    assert.ok(sumMs - before.sumMs >= 4000);
    assert.equal(slow.table.size, 90_002);
  });

  it('is not counted for a peer that goes before it has caught up', () => {
    const house = new House(1).up();
    const [slow] = house.routers;
    assert.ok(slow !== undefined);
    slow.reading = false;
    house.change(hosts(0, 90_000), 0);
    house.change(hosts(200_000, 1), 0);
    house.speaker.receive({ kind: 'command', peer: 'tor-1', command: { kind: 'reset', text: '' } });
    slow.reading = true;
    house.time.run(60_000);
    assert.equal(slow.table.size, 90_001);
    assert.deepEqual(house.counted, [[0.1, 1]]);
  });

  it('counts a withdrawal of everything as well', () => {
    const house = new House(1).up();
    house.change(hosts(0, 10), 1);
    const sinceMs = house.time.monotonicMs() - 7;
    house.speaker.receive({ kind: 'withdrawAll', view: 1, family: 'ipv4', sinceMs });
    assert.deepEqual(house.counted, [
      [1, 1],
      [10, 1],
    ]);
  });
});
