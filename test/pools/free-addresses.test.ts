import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressKey, compareAddresses, formatAddress, nextAddress, parseAddress } from '../../src/net/address.js';
import { FreeAddresses, isBuggy } from '../../src/pools/free-addresses.js';
import { address } from '../plan/given.js';

const ranges = [
  ['203.0.113.254', '203.0.114.2'],
  ['198.51.100.7', '198.51.100.7'],
  ['203.0.113.10', '203.0.113.12'],
] as const;
const all = [
  ['198.51.100.7'],
  ['203.0.113.10', '203.0.113.11', '203.0.113.12'],
  ['203.0.113.254', '203.0.113.255', '203.0.114.0', '203.0.114.1', '203.0.114.2'],
].flat();

describe('The lowest free address', () => {
  it('is what a search through all of them would find, whatever is taken and comes back', () => {
    const step = fc.record({ name: fc.constantFrom('take', 'takeLowest', 'giveBack'), text: fc.constantFrom(...all) });
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (avoidsBuggy, steps) => {
        const taken = new Set<string>();
        const isTaken = (key: number | string): boolean => [...taken].some((text) => addressKey(address(text)) === key);
        const pairs = ranges.map(([first, last]) => ({ first: address(first), last: address(last) }));
        const free = new FreeAddresses(pairs, avoidsBuggy, isTaken);
        for (const { name, text } of steps) {
          const lowest = free.lowest();
          const expected = all
            .map(address)
            .filter((one) => !taken.has(formatAddress(one)) && !(avoidsBuggy && isBuggy(one)))
            .sort(compareAddresses)[0];
          assert.deepEqual(lowest, expected);
          if (name === 'take') taken.add(text);
          else if (name === 'takeLowest') {
            if (lowest !== undefined) taken.add(formatAddress(lowest));
          } else if (taken.delete(text)) free.giveBack(address(text));
        }
      }),
    );
  });

  it('may be the very last that there is', () => {
    const last = address('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
    const taken = new Set<number | string>();
    const free = new FreeAddresses([{ first: last, last }], false, (key) => taken.has(key));
    assert.deepEqual(free.lowest(), last);
    taken.add(addressKey(last));
    assert.equal(free.lowest(), undefined);
  });
});

describe('The next address', () => {
  for (const [text, next] of [
    ['203.0.113.255', '203.0.114.0'],
    ['255.255.255.255', '0.0.0.0'],
    ['2001:db8::ffff:ffff', '2001:db8::1:0:0'],
    ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
  ] as const)
    it(`of ${text} is ${next}`, () => {
      assert.deepEqual(nextAddress(address(text)), parseAddress(next));
    });
});
