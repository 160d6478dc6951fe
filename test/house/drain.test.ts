import assert from 'node:assert/strict';
import type { DrainBody, DrainCalledOff } from '../../src/api/drain.js';
import { Drainage, type DrainMemory } from '../../src/house/drain.js';
import type { Drain } from '../../src/plan/drain.js';
import { KeptLog } from '../api/served.js';
import { FakeTime } from '../bgp/fake-time.js';

/** What stays of a drain when herald ends, in the time of the host. */
class Memory implements DrainMemory {
  readonly #time: FakeTime;
  endMs: number | undefined;
  isOtherBoot = false;
  isReadOnly = false;

  constructor(time: FakeTime) {
    this.#time = time;
  }

  read(): number | 'otherBoot' | undefined {
    if (this.endMs === undefined) return undefined;
    return this.isOtherBoot ? 'otherBoot' : Math.max(0, this.endMs - this.#time.monotonicMs());
  }

  write(remainingMs: number): void {
    if (this.isReadOnly) throw new Error('EROFS: read-only file system');
    this.endMs = this.#time.monotonicMs() + remainingMs;
  }

  remove(): void {
    if (this.isReadOnly) throw new Error('EROFS: read-only file system');
    this.endMs = undefined;
  }
}

class House {
  readonly time: FakeTime;
  readonly memory: Memory;
  readonly log = new KeptLog();
  /** What was asked of the plan, in order. */
  readonly asked: Drain[] = [];
  /** Peers that have not taken everything. */
  behind: readonly string[] = [];
  lanSettled: Promise<void> = Promise.resolve();
  changes = 0;
  readonly drainage: Drainage;

  constructor(time = new FakeTime(), memory = new Memory(time)) {
    this.time = time;
    this.memory = memory;
    this.drainage = new Drainage({
      announcer: { setDrain: (drain) => this.asked.push(drain) },
      memory,
      log: this.log,
      timers: time,
      nowMs: () => time.monotonicMs(),
      behind: async () => this.behind,
      lanSettled: () => this.lanSettled,
      changed: () => this.changes++,
    });
    this.drainage.resume();
  }

  /** The same host, and a process that knows nothing else. */
  restart(): House {
    this.drainage.stop();
    return new House(this.time, this.memory);
  }

  /** A call of the API, and what it was answered as soon as it was. */
  call(forMs: number, wait = true): { answer: DrainBody | DrainCalledOff | undefined } {
    const call: { answer: DrainBody | DrainCalledOff | undefined } = { answer: undefined };
    void this.drainage.drain({ forMs, wait }).then((answer) => {
      call.answer = answer;
    });
    return call;
  }

  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left >= 0; left -= 100) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      this.time.run(Math.min(100, left));
    }
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  get events(): string[] {
    return this.log.lines.map(({ level, event }) => `${level} ${event}`);
  }
}

const drained: DrainBody = { drained: true, draining: false, pendingPeers: [] };
const draining: DrainBody = { drained: false, draining: true, pendingPeers: [] };
const off: DrainBody = { drained: false, draining: false, pendingPeers: [] };

describe('A drain', () => {
  it('makes everything a last resort for its time, then withdraws it, and answers when that is done', async () => {
    const house = new House();
    const call = house.call(30_000);
    await house.pass(29_900);
    assert.deepEqual([house.asked, house.drainage.body, call.answer], [['grace'], draining, undefined]);
    house.behind = ['tor-1'];
    await house.pass(1000);
    assert.deepEqual([house.asked, house.drainage.body, call.answer], [['grace', 'drained'], draining, undefined]);
    house.behind = [];
    await house.pass(300);
    assert.deepEqual([house.drainage.body, call.answer], [drained, drained]);
    assert.deepEqual(house.events, ['info draining', 'info drained']);
    assert.equal(house.changes, 3);
  });

  it('of no time withdraws before it answers', async () => {
    const house = new House();
    const call = house.call(0);
    assert.deepEqual(house.asked, ['drained']);
    await house.pass(0);
    assert.deepEqual(call.answer, drained);
  });

  it('waits for the LAN as well', async () => {
    const house = new House();
    let settle: () => void = () => {};
    house.lanSettled = new Promise((resolve) => {
      settle = resolve;
    });
    const call = house.call(0);
    await house.pass(1000);
    assert.deepEqual([house.drainage.body, call.answer], [draining, undefined]);
    settle();
    await house.pass(300);
    assert.deepEqual(call.answer, drained);
  });

  it('waits for nobody for ever who does not read, and names them', async () => {
    const house = new House();
    house.behind = ['tor-2'];
    const call = house.call(1000);
    await house.pass(5000);
    assert.deepEqual(call.answer, { drained: true, draining: false, pendingPeers: ['tor-2'] });
    assert.deepEqual(house.events, ['info draining', 'warn drained']);
    assert.match(house.log.lines.at(-1)?.message ?? '', /tor-2/);
  });

  it('answers at once whoever does not wait, and goes on', async () => {
    const house = new House();
    const call = house.call(1000, false);
    await house.pass(0);
    assert.deepEqual(call.answer, draining);
    await house.pass(1500);
    assert.deepEqual(house.drainage.body, drained);
  });

  it('is joined by a second, which shortens it and never lengthens it', async () => {
    const house = new House();
    const calls = [house.call(30_000), house.call(60_000)];
    await house.pass(10_000);
    calls.push(house.call(2000));
    await house.pass(1900);
    assert.deepEqual(house.asked, ['grace']);
    await house.pass(500);
    assert.deepEqual(
      calls.map(({ answer }) => answer),
      [drained, drained, drained],
    );
    assert.deepEqual(house.asked, ['grace', 'drained']);
    calls.push(house.call(30_000));
    await house.pass(0);
    assert.deepEqual([calls.at(-1)?.answer, house.asked.length], [drained, 2], 'there is nothing left to do');
  });

  for (const [when, ms] of [
    ['before anything is withdrawn', 500],
    ['while peers are told', 1500],
  ] as const)
    it(`is called off ${when}, and who waits is told`, async () => {
      const house = new House();
      house.behind = ['tor-1'];
      const call = house.call(1000);
      await house.pass(ms);
      assert.equal(house.drainage.undrain(), true);
      await house.pass(10_000);
      assert.deepEqual(call.answer, { calledOff: 'undrained' });
      assert.deepEqual([house.asked.at(-1), house.drainage.body], ['off', off]);
      assert.equal(house.drainage.undrain(), false);
      assert.deepEqual(house.events, ['info draining', 'info undrained']);
      const again = house.call(1000, false);
      await house.pass(0);
      assert.deepEqual(again.answer, draining, 'one after it is another');
    });

  it('is over for who waits when herald stops, and goes on in the next', async () => {
    const house = new House();
    const call = house.call(10_000);
    await house.pass(4000);
    const next = house.restart();
    await house.pass(0);
    assert.deepEqual(call.answer, { calledOff: 'stopping' });
    assert.deepEqual([next.asked, next.drainage.body], [['grace'], draining]);
    await next.pass(5900);
    assert.deepEqual(next.asked, ['grace']);
    await next.pass(500);
    assert.deepEqual([next.asked, next.drainage.body], [['grace', 'drained'], drained]);
    const last = next.restart();
    assert.deepEqual([last.asked, last.drainage.body, last.events], [['drained'], drained, ['warn drained']]);
    last.drainage.undrain();
    assert.deepEqual(last.restart().asked, []);
  });

  it('ends with the boot of the host', () => {
    const house = new House();
    house.call(0);
    house.memory.isOtherBoot = true;
    const booted = house.restart();
    assert.deepEqual([booted.asked, booted.drainage.body, booted.events], [[], off, ['info undrained']]);
    assert.deepEqual(booted.restart().events, [], 'said once');
  });

  it('holds for the process where nothing can be written, and says so', async () => {
    const house = new House();
    house.memory.isReadOnly = true;
    const call = house.call(0);
    await house.pass(0);
    assert.deepEqual([call.answer, house.events], [drained, ['warn stateDirectory', 'info drained']]);
    assert.match(house.log.lines[0]?.message ?? '', /read-only/);
    assert.deepEqual(house.restart().asked, []);
  });
});
