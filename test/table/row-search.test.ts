import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePrefix } from '../../src/net/address.js';
import { RowSearch } from '../../src/table/row-search.js';

/** In pieces of so many octets. */
function lineOf(prefix: string, text: string, size = text.length): number | undefined {
  const search = new RowSearch(parsePrefix(prefix)!);
  const octets = new TextEncoder().encode(text);
  const chunk = new Uint8Array(size);
  for (let at = 0; at < octets.length; at += size) {
    const part = octets.subarray(at, at + size);
    // A reader uses one chunk for all.
    chunk.set(part);
    search.push(chunk.subarray(0, part.length));
  }
  return search.finish();
}

const text = `\ufeff# bulk
prefix,med
192.0.2.0/24,5\r
"198.51.100.0/24",7

2001:DB8::/32
203.0.113.7/24
 192.0.2.0/24 , 9
10.0.0.1`;

describe('The line of a row', () => {
  for (const [prefix, line] of [
    ['192.0.2.0/24', 3],
    ['198.51.100.0/24', 4],
    ['2001:db8::/32', 6],
    ['203.0.113.0/24', 7],
    ['10.0.0.1/32', 9],
    ['192.0.2.0/25', undefined],
    ['0.0.0.0/0', undefined],
  ] as const)
    it(`is found however it is written: ${prefix}`, () => assert.equal(lineOf(prefix, text), line));

  it('is the same however the file is cut', () => {
    for (let size = 1; size < text.length; size++) assert.equal(lineOf('10.0.0.1/32', text, size), 9);
  });

  it('is counted past lines that are too long to be rows', () => {
    const long = `prefix\n${'x'.repeat(200_000)}\n192.0.2.0/24,${'0'.repeat(70_000)}\n192.0.2.0/24\n`;
    assert.equal(lineOf('192.0.2.0/24', long, 1000), 4);
  });

  it('is found among many', () => {
    const rows = Array.from({ length: 2000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    fc.assert(
      fc.property(fc.nat(1999), fc.integer({ min: 1, max: 5000 }), (index, size) => {
        assert.equal(lineOf(rows[index]!, `prefix\n${rows.join('\n')}\n`, size), index + 2);
      }),
      { numRuns: 30 },
    );
  });
});
