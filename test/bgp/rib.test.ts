import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Cursor, Rib } from '../../src/bgp/rib.js';
import type { Family } from '../../src/net/address.js';

type Change = readonly [address: number, length: number, attributes: number];

const columns = (family: Family, changes: readonly Change[]) => ({
  family,
  count: changes.length,
  words: Uint32Array.from(changes.flatMap(([address]) => (family === 'ipv4' ? [address] : [address, 0, address, 7]))),
  lengths: Uint8Array.from(changes.map(([, length]) => length)),
  attributes: Uint32Array.from(changes.map(([, , attributes]) => attributes)),
  coming: 0,
});

/** What a reader has been told, as a session's peer would remember it. */
class Reader {
  readonly known = new Map<string, number>();
  readonly cursor: Cursor;
  readonly #rib: Rib;

  constructor(rib: Rib) {
    this.#rib = rib;
    this.cursor = rib.open();
  }

  read(rows: number): void {
    for (let i = 0; i < rows; i++) {
      const row = this.#rib.after(this.cursor.at);
      if (row === 0) break;
      assert.ok(i < 100000, 'the log ends');
      const key = `${this.#rib.words[row * this.#rib.width]}/${this.#rib.lengths[row]}`;
      const attributes = this.#rib.attributes[row]!;
      if (attributes === 0) this.known.delete(key);
      else this.known.set(key, attributes);
      this.#rib.advance(this.cursor, row);
    }
    this.#rib.settle();
  }
}

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.integer({ min: 0, max: 40 }).map((n) => n * 0x01000001),
  fc.constantFrom(24, 32),
  fc.integer({ min: 0, max: 3 }),
);

describe('the table of a view', () => {
  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`tells every reader, however slow, the same ${family} table in the end`, () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('change' as const), changes: fc.array(change, { maxLength: 30 }) }),
        fc.record({ kind: fc.constant('read' as const), reader: fc.nat(4), rows: fc.nat(20) }),
        fc.record({ kind: fc.constant('open' as const) }),
        fc.record({ kind: fc.constant('withdrawAll' as const) }),
        fc.record({ kind: fc.constant('close' as const), reader: fc.nat(4) }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const rib = new Rib(family, 2);
          const model = new Map<string, number>();
          let readers: Reader[] = [];
          for (const action of steps) {
            if (action.kind === 'change') {
              rib.apply(columns(family, action.changes));
              for (const [address, length, attributes] of action.changes) {
                if (attributes === 0) model.delete(`${address}/${length}`);
                else model.set(`${address}/${length}`, attributes);
              }
            } else if (action.kind === 'withdrawAll') {
              rib.withdrawAll();
              model.clear();
            } else if (action.kind === 'open') readers.push(new Reader(rib));
            else if (action.kind === 'read') readers[action.reader]?.read(action.rows);
            else {
              const reader = readers[action.reader];
              if (reader !== undefined) rib.close(reader.cursor);
              readers = readers.filter((other) => other !== reader);
            }
            assert.equal(rib.size, model.size);
          }
          for (const reader of readers) {
            reader.read(Number.POSITIVE_INFINITY);
            assert.deepEqual([...reader.known].sort(), [...model].sort());
            assert.ok(rib.caughtUp(reader.cursor));
          }
          if (readers.length > 0) assert.equal(rib.withdrawals, 0);
          for (const [key, attributes] of model) {
            const [address, length] = key.split('/').map(Number) as [number, number];
            assert.equal(rib.lookup(family === 'ipv4' ? [address] : [address, 0, address, 7], length), attributes);
          }
        }),
        { numRuns: 300 },
      );
    });
  }

  it('takes a table that is known to be new as it comes, also after others have gone', () => {
    const prefixes = fc.uniqueArray(change, { selector: ([address, length]) => `${address}/${length}`, maxLength: 30 });
    fc.assert(
      fc.property(prefixes, prefixes, fc.boolean(), (first, second, isRead) => {
        const rib = new Rib('ipv4', 2);
        const reader = new Reader(rib);
        for (const table of [first, second]) {
          const known = table.map(([address, length]) => [address, length, 7] as const);
          for (const part of [known.slice(0, 10), known.slice(10)]) {
            const coming = part.length === 0 ? 0 : known.length - (part[0] === known[0] ? 0 : 10);
            rib.apply({ ...columns('ipv4', part), coming });
          }
          assert.equal(rib.size, known.length);
          for (const [address, length] of known) assert.equal(rib.lookup([address], length), 7);
          rib.apply(columns('ipv4', [[99, 32, 3], ...known.slice(3, 5).map(([a, l]) => [a, l, 4] as const)]));
          if (isRead) reader.read(Number.POSITIVE_INFINITY);
          if (table === first) rib.withdrawAll();
          if (isRead) reader.read(Number.POSITIVE_INFINITY);
        }
        reader.read(Number.POSITIVE_INFINITY);
        const expected = second.map(
          ([address, length], i) => [`${address}/${length}`, i === 3 || i === 4 ? 4 : 7] as const,
        );
        assert.deepEqual([...reader.known].sort(), [...expected, ['99/32', 3] as const].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('keeps one row for a prefix that changes a thousand times behind a reader that stands still', () => {
    const rib = new Rib('ipv4');
    const cursor = rib.open();
    for (let i = 0; i < 1000; i++) rib.apply(columns('ipv4', [[1, 32, 1 + (i % 2)]]));
    assert.deepEqual(rib.pending(cursor), { announcements: 1, withdrawals: 0 });
  });

  it('does not keep what is withdrawn when nobody reads', () => {
    const rib = new Rib('ipv4');
    for (let i = 0; i < 1000; i++) {
      rib.apply(columns('ipv4', [[i, 32, 1]]));
      rib.apply(columns('ipv4', [[i, 32, 0]]));
    }
    assert.equal(rib.withdrawals, 0);
    assert.ok(rib.lengths.length <= 64);
  });

  it('says nothing new for a route that is announced as it is', () => {
    const rib = new Rib('ipv4');
    rib.apply(columns('ipv4', [[1, 32, 5]]));
    const { version } = rib;
    rib.apply(columns('ipv4', [[1, 32, 5]]));
    assert.equal(rib.version, version);
  });
});
