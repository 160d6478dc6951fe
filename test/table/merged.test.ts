import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MergedTable, type Slot } from '../../src/table/merged.js';
import type { Service } from '../../src/table/service.js';
import { service } from '../plan/given.js';

const at = (time: number) => () => new Date(time);
const named = (...names: string[]) => names.map((name) => service(name, {}));
const keyed = (...names: string[]) => names.map((name) => `default/${name}`);

const namesIn = (slots: Iterable<Slot<unknown>>) => Array.from(slots, ({ name }) => name);

function tableOf(...sources: string[]): MergedTable {
  const table = new MergedTable();
  table.rank(sources);
  return table;
}

describe('The tables of all sources', () => {
  it('give a name to the earliest source that has it, and to the next when that lets go', () => {
    const table = tableOf('static', 'cli');
    const [low] = named('web');
    const [high] = named('web');
    assert.deepEqual(namesIn(table.apply('cli', { upserted: [low!], removed: [] }, at(1))), keyed('web'));
    assert.deepEqual(namesIn(table.apply('static', { upserted: [high!], removed: [] }, at(2))), keyed('web'));
    assert.equal(table.winner('default/web')?.service, high);
    assert.deepEqual(namesIn(table.apply('cli', { upserted: named('web'), removed: [] }, at(3))), [], 'in the shadow');
    assert.deepEqual(
      table.claims('default/web').map(({ source }) => source),
      ['static', 'cli'],
    );
    assert.deepEqual(namesIn(table.apply('static', { upserted: [], removed: keyed('web') }, at(4))), keyed('web'));
    assert.equal(table.winner('default/web')?.source, 'cli');
    assert.equal(table.since('default/web')?.getTime(), 1, 'the name has been there all the time');
    assert.deepEqual(
      namesIn(table.apply('cli', { upserted: [], removed: keyed('web', 'other') }, at(5))),
      keyed('web'),
    );
    assert.equal(table.size, 0);
  });

  it('follow the sources when they are ranked anew', () => {
    const table = tableOf('a', 'b');
    table.apply('a', { upserted: named('one', 'two'), removed: [] }, at(1));
    table.apply('b', { upserted: named('two', 'three'), removed: [] }, at(1));
    table.rank(['b', 'a']);
    assert.deepEqual(
      keyed('one', 'two', 'three').map((name) => table.winner(name)?.source),
      ['a', 'b', 'b'],
    );
  });

  it('count nothing of a source that is no longer ranked, and all of it when it is again', () => {
    const table = tableOf('a', 'b');
    table.apply('a', { upserted: named('one', 'two'), removed: [] }, at(1));
    table.apply('b', { upserted: named('two'), removed: [] }, at(1));
    table.rank(['b']);
    assert.equal(table.winner('default/one'), undefined);
    assert.equal(table.winner('default/two')?.source, 'b');
    table.rank(['a', 'b']);
    assert.equal(table.winner('default/one')?.source, 'a');
    assert.equal(table.winner('default/two')?.source, 'a');
  });

  it('keep what is kept with a name as long as the name is there', () => {
    const table = tableOf('a', 'b');
    const [slot] = table.apply('b', { upserted: named('one'), removed: [] }, at(1));
    slot!.kept = 'something';
    assert.equal(table.apply('a', { upserted: named('one'), removed: [] }, at(2))[0]?.kept, 'something');
    table.apply('b', { upserted: [], removed: keyed('one') }, at(3));
    assert.deepEqual(
      [...table.slots()].map(({ kept }) => kept),
      ['something'],
    );
    const [gone, fresh] = table.apply('a', { upserted: named('one'), removed: keyed('one') }, at(4));
    assert.deepEqual([gone?.kept, gone?.service, fresh?.kept], ['something', undefined, undefined]);
  });

  it('know the names and the number of entries of each source', () => {
    const table = tableOf('a', 'b');
    table.apply('a', { upserted: named('z', 'm', 'z'), removed: [] }, at(1));
    table.apply('b', { upserted: named('a', 'z'), removed: [] }, at(1));
    assert.deepEqual(table.names(), keyed('a', 'm', 'z'));
    assert.deepEqual(table.namesOf('a').sort(), keyed('m', 'z'));
    assert.deepEqual([table.countOf('a'), table.countOf('b'), table.countOf('c')], [2, 2, 0]);
    table.apply('a', { upserted: [], removed: keyed('m') }, at(2));
    assert.deepEqual(table.names(), keyed('a', 'z'));
    assert.equal(table.countOf('a'), 1);
    assert.equal(table.of('a', 'default/m'), undefined);
    assert.ok(table.of('b', 'default/z'));
  });

  it('name every service that is another one now, whatever happened before', () => {
    const change = fc.record({
      source: fc.constantFrom('a', 'b', 'c'),
      upserted: fc.subarray(['1', '2', '3', '4']),
      removed: fc.subarray(['1', '2', '3', '4']),
    });
    const ranking = fc.shuffledSubarray(['a', 'b', 'c']);
    fc.assert(
      fc.property(fc.array(fc.oneof(change, ranking)), (changes) => {
        const table = tableOf('a', 'b', 'c');
        const services = () => new Map(table.names().map((name) => [name, table.winner(name)?.service]));
        const entries = new Map<string, Map<string, Service>>();
        let ranks: readonly string[] = ['a', 'b', 'c'];
        for (const action of changes) {
          if (Array.isArray(action)) {
            table.rank(action);
            ranks = action;
          } else {
            const before = services();
            const { source, removed } = action;
            const upserted = named(...action.upserted);
            const affected = namesIn(table.apply(source, { upserted, removed: keyed(...removed) }, at(1)));
            const after = services();
            for (const name of keyed('1', '2', '3', '4'))
              if (before.get(name) !== after.get(name)) assert.ok(affected.includes(name), name);
            const own = entries.get(source) ?? new Map<string, Service>();
            for (const name of keyed(...removed)) own.delete(name);
            for (const service of upserted) own.set(service.name, service);
            entries.set(source, own);
          }
          for (const [source, own] of entries) {
            assert.deepEqual(table.namesOf(source).sort(), [...own.keys()].sort());
            assert.equal(table.countOf(source), own.size);
          }
          for (const name of keyed('1', '2', '3', '4')) {
            const first = ranks.find((source) => entries.get(source)?.has(name));
            assert.equal(table.winner(name)?.service, first && entries.get(first)?.get(name));
          }
        }
      }),
    );
  });
});
