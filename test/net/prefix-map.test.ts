import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatPrefix, type Prefix, parsePrefix } from '../../src/net/address.js';
import { PrefixMap } from '../../src/net/prefix-map.js';

const prefix = fc
  .constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/9', '203.0.113.1/32', '203.0.113.2', '::/0', '2001:db8::/32')
  .map((text) => parsePrefix(text)!);

describe('Values by prefix', () => {
  it('are those that a map by text would have', () => {
    const step = fc.tuple(fc.constantFrom('set', 'delete'), prefix, fc.nat());
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const map = new PrefixMap<number>();
        const byText = new Map<string, number>();
        for (const [kind, at, value] of steps) {
          if (kind === 'delete') assert.equal(map.delete(at), byText.delete(formatPrefix(at)));
          else {
            map.set(at, value);
            byText.set(formatPrefix(at), value);
          }
          assert.equal(map.get(at), byText.get(formatPrefix(at)));
          assert.equal(map.size, byText.size);
          assert.deepEqual([...map.values()].sort(), [...byText.values()].sort());
        }
      }),
    );
  });

  it('are found by a row of columns as well', () => {
    const map = new PrefixMap<string>();
    const { family, words, length }: Prefix = parsePrefix('2001:db8::7/128')!;
    map.set({ family, words, length }, 'seven');
    assert.equal(map.getAt(family, [1, 2, 3, 4, ...words], 4, length), 'seven');
    assert.equal(map.getAt(family, [1, 2, 3, 4, ...words], 0, length), undefined);
  });
});
