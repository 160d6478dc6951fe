import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NameMap } from '../../src/net/name-map.js';
import { RowIndex } from '../../src/net/row-index.js';

describe('Values by name', () => {
  it('are those that a Map would have, and the first with a name stays', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(60).map(String));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = new NameMap<{ readonly name: string; readonly number: number }>();
        const known = new Map<string, { readonly name: string; readonly number: number }>();
        for (const [number, [isAdded, name]] of steps.entries()) {
          const value = { name, number };
          if (!isAdded) assert.equal(map.delete(name), known.delete(name));
          else {
            assert.equal(map.add(value), known.get(name));
            if (!known.has(name)) known.set(name, value);
          }
          assert.equal(map.get(name), known.get(name));
          assert.deepEqual(new Set(map.values()), new Set(known.values()));
          assert.equal(map.size, known.size);
        }
      }),
    );
  });
});

describe('An index of rows', () => {
  it('finds every row that is there by its hash, however many share one, and no other', () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: 3 }).map((add) => ({ add })),
      fc.nat().map((remove) => ({ remove })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const index = new RowIndex();
        const hashes: number[] = [];
        const slotsOf = (hash: number): number[] => {
          const slots: number[] = [];
          for (let slot = index.find(hash); slot >= 0; slot = index.find(hash, slot)) slots.push(slot);
          return slots;
        };
        for (const action of steps) {
          if ('add' in action) {
            index.add(hashes.length, action.add);
            hashes.push(action.add);
          } else if (hashes.length > 0) {
            const row = action.remove % hashes.length;
            index.remove(slotsOf(hashes[row]!).find((slot) => index.rowAt(slot) === row)!);
            const last = hashes.pop()!;
            if (row < hashes.length) {
              hashes[row] = last;
              index.renumber(hashes.length, row);
            }
          }
          for (const hash of [0, 1, 2, 3, 4]) {
            const rows = slotsOf(hash).map((slot) => index.rowAt(slot));
            const expected = hashes.flatMap((other, row) => (other === hash ? [row] : []));
            assert.deepEqual(
              rows.sort((a, b) => a - b),
              expected,
            );
          }
        }
      }),
    );
  });
});
