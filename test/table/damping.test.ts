import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress } from '../../src/net/address.js';
import { Damping, type DampingEvent } from '../../src/table/damping.js';
import type { SourceChange } from '../../src/table/merged.js';
import { whole } from '../../src/table/plain-service.js';
import type { Service } from '../../src/table/service.js';
import { type Given, service } from '../plan/given.js';

const name = 'default/web';
const [x, y] = ['203.0.113.10', '203.0.113.20'];

/** A source and what is in force of it, on a clock of the test's own. */
const wholeChange = ({ upserted, removed }: SourceChange) => ({ upserted: upserted.map(whole), removed });

class Table {
  readonly damping = new Damping();
  readonly inForce = new Map<string, Service>();
  readonly events: DampingEvent[] = [];
  /** Changes of what is in force. */
  applied = 0;
  nowMs = 0;

  put(address: string | undefined, owner = '', more: Given = {}): 'held' | 'admitted' {
    const wanted = service('web', { addresses: address === undefined ? [] : [address], owner, ...more });
    return this.change([wanted], []);
  }

  remove(): void {
    this.change([], [name]);
  }

  change(upserted: readonly Service[], removed: readonly string[]): 'held' | 'admitted' {
    const writerOf = (written: Service | undefined): string => written?.owner ?? '';
    const current = (wanted: string): Service | undefined => this.inForce.get(wanted);
    const admission = this.damping.admit('controller', { upserted, removed }, current, writerOf, this.nowMs);
    this.#take(wholeChange(admission.change));
    this.events.push(...admission.events);
    return admission.held.length > 0 ? 'held' : 'admitted';
  }

  /** Time passes, and whatever is due happens when it is. */
  wait(seconds: number): void {
    const endMs = this.nowMs + seconds * 1000;
    for (let dueMs = this.damping.dueMs; dueMs !== undefined && dueMs <= endMs; dueMs = this.damping.dueMs) {
      this.nowMs = dueMs;
      for (const { change, event } of this.damping.settle(dueMs)) {
        this.#take(wholeChange(change));
        this.events.push(event);
      }
    }
    this.nowMs = endMs;
  }

  get address(): string | undefined {
    return this.inForce.get(name)?.addresses.map(formatAddress).join();
  }

  get told(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  #take({ upserted, removed }: { upserted: readonly Service[]; removed: readonly string[] }): void {
    for (const gone of removed) if (this.inForce.delete(gone)) this.applied++;
    for (const taken of upserted) {
      const before = this.address;
      this.inForce.set(taken.name, taken);
      if (this.address !== before) this.applied++;
    }
  }
}

/** Put, and changed five times in five seconds: y is in force, and one more is too many. */
function restless(): Table {
  const table = new Table();
  for (const address of [x, y, x, y, x, y]) {
    assert.equal(table.put(address), 'admitted');
    table.wait(1);
  }
  return table;
}

describe('Flap damping', () => {
  it('lets five changes of addresses in a minute pass, and holds what is in force at the sixth', () => {
    const table = restless();
    assert.deepEqual([table.put(x), table.address, table.told], ['held', y, ['flapping']]);
    assert.equal(table.damping.held('controller', name)?.untilMs, table.nowMs + 2000);
    assert.equal(table.damping.held('cli', name), undefined, 'of another source the name is another entry');
  });

  it('takes over what was asked for last when it was calm for two seconds, with one event for each transition', () => {
    const table = restless();
    table.put(x);
    table.wait(1.9);
    assert.equal(table.address, y);
    table.wait(0.1);
    assert.deepEqual([table.address, table.told], [x, ['flapping', 'settled']]);
    assert.equal(table.damping.held('controller', name), undefined);
    assert.equal(table.put(y), 'admitted', 'it starts to count anew');
  });

  it('holds for twice as long each time it goes on meanwhile, to a bound, and says so once', () => {
    const table = restless();
    table.put(x);
    const holds: number[] = [];
    for (let round = 0; round < 10; round++) {
      holds.push((table.damping.held('controller', name)!.untilMs - table.nowMs) / 1000);
      table.put(round % 2 === 0 ? y : x);
      table.wait(holds.at(-1)!);
    }
    assert.deepEqual(holds, [2, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
    assert.deepEqual([table.address, table.told], [y, ['flapping']]);
    table.wait(256);
    assert.deepEqual([table.address, table.told], [x, ['flapping', 'settled']]);
  });

  it('begins with two seconds again after a minute or two of calm', () => {
    const table = restless();
    table.put(x);
    table.wait(2);
    const again = (): number => {
      for (const address of [y, x, y, x, y, x]) table.put(address);
      return (table.damping.held('controller', name)!.untilMs - table.nowMs) / 1000;
    };
    assert.equal(again(), 4);
    table.wait(4 + 120);
    assert.equal(again(), 2);
  });

  it('does not count what is older than a minute, nor what leaves the addresses as they are', () => {
    const slow = new Table();
    for (let i = 0; i < 30; i++) {
      assert.equal(slow.put(i % 2 === 0 ? x : y), 'admitted');
      slow.wait(13);
    }
    const relabelled = new Table();
    for (let i = 0; i < 30; i++) assert.equal(relabelled.put(x, '', { labels: { round: `${i}` } }), 'admitted');
    const toggled = new Table();
    for (let i = 0; i < 30; i++) {
      assert.equal(toggled.put(x), 'admitted');
      toggled.remove();
    }
    assert.deepEqual([...slow.events, ...relabelled.events, ...toggled.events], []);
  });

  it('counts addresses that are taken away and given back, and an entry that comes back with others', () => {
    const stripped = new Table();
    for (let i = 0; i < 6; i++) stripped.put(i % 2 === 0 ? x : undefined);
    assert.equal(stripped.put(x), 'held');
    const renewed = new Table();
    for (let i = 0; i < 6; i++) {
      renewed.put(i % 2 === 0 ? x : y);
      renewed.remove();
    }
    assert.equal(renewed.put(x), 'held');
    assert.equal(renewed.address, undefined, 'what was in force is nothing');
    assert.deepEqual(
      [...renewed.damping.allHeld()].map(({ wanted }) => wanted?.name),
      [name],
    );
    renewed.wait(2);
    assert.equal(renewed.address, x);
  });

  it('counts pools and prefixes that are asked for as it counts addresses', () => {
    const pools = new Table();
    for (let i = 0; i < 6; i++) pools.put(undefined, '', { addressPool: `pool-${i}` });
    assert.equal(pools.put(undefined), 'held');
    const prefixes = new Table();
    for (let i = 0; i < 6; i++) prefixes.put(undefined, '', { prefixes: [`192.0.2.0/${24 + (i % 2)}`] });
    assert.equal(prefixes.put(undefined), 'held');
  });

  it('never holds a removal back', () => {
    const table = restless();
    table.put(x);
    table.remove();
    assert.equal(table.address, undefined);
    table.wait(10);
    assert.equal(table.address, undefined, 'what was asked for before the removal is over');
  });

  it('takes over at once what leaves a held entry where it is', () => {
    const table = restless();
    table.put(x);
    assert.equal(table.put(y, '', { labels: { a: 'b' } }), 'admitted');
    assert.deepEqual(table.inForce.get(name)?.labels, { a: 'b' });
    table.wait(4);
    table.wait(4);
    assert.deepEqual([table.address, table.told], [y, ['flapping', 'settled']]);
  });

  it('remembers the last who wrote it, the holder among them', () => {
    const table = new Table();
    for (let i = 0; i < 8; i++) table.put(i % 2 === 0 ? x : y, i % 2 === 0 ? 'metallb' : 'chisel');
    assert.deepEqual(new Set(table.damping.held('controller', name)?.writers), new Set(['metallb', 'chisel']));
  });

  it('forgets a source that is gone', () => {
    const table = restless();
    table.put(x);
    table.damping.forget('controller');
    assert.deepEqual([table.damping.dueMs, table.put(x)], [undefined, 'admitted']);
  });

  it('lets few of any number of changes pass, and always ends with what was asked for last', () => {
    const step = fc.record({ address: fc.constantFrom(x, y), seconds: fc.constantFrom(0, 0.001, 0.5, 3, 20) });
    const law = fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      const table = new Table();
      for (const { address, seconds } of steps) {
        table.put(address);
        table.wait(seconds);
      }
      const minutes = table.nowMs / 60_000;
      assert.ok(table.applied <= 12 * (minutes + 2), `${table.applied} in ${minutes} minutes`);
      table.wait(600);
      assert.equal(table.address, steps.at(-1)?.address);
      assert.notEqual(table.told.at(-1), 'flapping');
    });
    fc.assert(law, { numRuns: 200 });
  });

  it('costs nothing to remember where nothing changes its addresses', () => {
    const table = new Table();
    const many = Array.from({ length: 1000 }, (_, index) => service(`web-${index}`, { addresses: [x] }));
    table.change(many, []);
    table.change(many, []);
    assert.equal(table.damping.remembered, 0);
    table.put(x);
    table.put(y);
    assert.equal(table.damping.remembered, 1);
    table.wait(60);
    table.change(many, []);
    table.wait(60);
    table.change(many, []);
    assert.equal(table.damping.remembered, 0);
  });
});
