import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MergedTable } from '../../src/table/merged.js';
import { service } from '../plan/given.js';

const at = (time: number) => () => new Date(time);
const named = (...names: string[]) => names.map((name) => service(name, {}));
const keyed = (...names: string[]) => names.map((name) => `default/${name}`);

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
    assert.deepEqual(table.apply('cli', { upserted: [low!], removed: [] }, at(1)), keyed('web'));
    assert.deepEqual(table.apply('static', { upserted: [high!], removed: [] }, at(2)), keyed('web'));
    assert.equal(table.winner('default/web')?.service, high);
    assert.deepEqual(table.apply('cli', { upserted: named('web'), removed: [] }, at(3)), [], 'in the shadow');
    assert.deepEqual(
      table.claims('default/web').map(({ source }) => source),
      ['static', 'cli'],
    );
    assert.deepEqual(table.apply('static', { upserted: [], removed: keyed('web') }, at(4)), keyed('web'));
    assert.equal(table.winner('default/web')?.source, 'cli');
    assert.equal(table.since('default/web')?.getTime(), 1, 'the name has been there all the time');
    assert.deepEqual(table.apply('cli', { upserted: [], removed: keyed('web', 'other') }, at(5)), keyed('web'));
    assert.equal(table.size, 0);
  });

  it('follow the sources when they are ranked anew', () => {
    const table = tableOf('a', 'b');
    table.apply('a', { upserted: named('one', 'two'), removed: [] }, at(1));
    table.apply('b', { upserted: named('two', 'three'), removed: [] }, at(1));
    assert.deepEqual(table.rank(['b', 'a']), keyed('two'));
    assert.equal(table.winner('default/two')?.source, 'b');
    assert.deepEqual(table.rank(['b', 'a']), []);
  });

  it('count nothing of a source that is no longer ranked, and all of it when it is again', () => {
    const table = tableOf('a', 'b');
    table.apply('a', { upserted: named('one', 'two'), removed: [] }, at(1));
    table.apply('b', { upserted: named('two'), removed: [] }, at(1));
    assert.deepEqual(table.rank(['b']).sort(), keyed('one', 'two'));
    assert.equal(table.winner('default/one'), undefined);
    assert.equal(table.winner('default/two')?.source, 'b');
    assert.deepEqual(table.rank(['a', 'b']).sort(), keyed('one', 'two'));
    assert.equal(table.winner('default/one')?.source, 'a');
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

  it('name every service that is another one now, and no other', () => {
    const change = fc.record({
      source: fc.constantFrom('a', 'b', 'c'),
      upserted: fc.subarray(['1', '2', '3', '4']),
      removed: fc.subarray(['1', '2', '3', '4']),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(change, fc.shuffledSubarray(['a', 'b', 'c']))), (changes) => {
        const table = tableOf('a', 'b', 'c');
        const winners = () => new Map(table.names().map((name) => [name, table.winner(name)]));
        for (const action of changes) {
          const before = winners();
          const affected = Array.isArray(action)
            ? table.rank(action)
            : table.apply(
                action.source,
                { upserted: named(...action.upserted), removed: keyed(...action.removed) },
                at(1),
              );
          const after = winners();
          const different = keyed('1', '2', '3', '4').filter((name) => before.get(name) !== after.get(name));
          for (const name of different) assert.ok(affected.includes(name), name);
          if (Array.isArray(action)) assert.deepEqual([...affected].sort(), different);
        }
      }),
    );
  });
});
