import assert from 'node:assert/strict';
import fc from 'fast-check';
import { radixOrder } from '../../src/net/radix.js';

describe('a radix order', () => {
  it('is the stable order of its columns, the first one counting most', () => {
    const word = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffffffff }));
    const rows = fc.array(fc.tuple(word, word, fc.nat(255)), { maxLength: 200 });
    fc.assert(
      fc.property(rows, (rows) => {
        const words = Uint32Array.from(rows.flatMap((row) => row.slice(0, 2)));
        const order = radixOrder(rows.length, [
          { values: words, stride: 2, offset: 0 },
          { values: words, stride: 2, offset: 1 },
          { values: Uint8Array.from(rows, ([, , c]) => c), stride: 1, offset: 0 },
        ]);
        const expected = rows
          .map((row, i) => ({ row, i }))
          .sort(({ row: a }, { row: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
          .map(({ i }) => i);
        assert.deepEqual([...order], expected);
      }),
    );
  });
});
