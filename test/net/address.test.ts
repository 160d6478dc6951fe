import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import {
  type Address,
  addressFromOctets,
  addressOctets,
  compareAddresses,
  comparePrefixes,
  contains,
  formatAddress,
  formatPrefix,
  hostPrefix,
  isIpv6LinkLocal,
  maskWord,
  type Prefix,
  parseAddress,
  parseIpv4,
  parseIpv6,
  parsePrefix,
  prefixKey,
  prefixOf,
  sameAddress,
} from '../../src/net/address.js';

const word = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const address: fc.Arbitrary<Address> = fc.oneof(
  word.map((value): Address => ({ family: 'ipv4', words: [value] })),
  fc.tuple(word, word, word, word).map((words): Address => ({ family: 'ipv6', words })),
);
const prefix: fc.Arbitrary<Prefix> = address.chain((its) =>
  fc.integer({ min: 0, max: its.words.length * 32 }).map((length) => prefixOf(its, length)),
);
const bits = ({ words }: Address): string => words.map((value) => value.toString(2).padStart(32, '0')).join('');

describe('An address', () => {
  it('is read back from what is written of it', () => {
    fc.assert(fc.property(address, (its) => assert.deepEqual(parseAddress(formatAddress(its)), its)));
    fc.assert(fc.property(address, (its) => assert.deepEqual(addressFromOctets(addressOctets(its)), its)));
  });

  for (const [text, canonical] of [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:0201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ] as const)
    it(`${text} is written ${canonical} (RFC 5952)`, () => {
      assert.equal(formatAddress(parseAddress(text)!), canonical);
    });

  for (const text of [
    ...['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.04', '1.2..4', '.1.2.3.4', '1.2.3.4.', ' 1.2.3.4'],
    ...['1.2.3.4 ', '+1.2.3.4', '0x1.2.3.4', '1.2.3.1e1', '１.2.3.4', '1.2.3.-4', '1,2,3,4'],
    ...[':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '12345::', 'g::', ':1', '1:'],
    ...[
      '::1.2.3',
      '1.2.3.4::',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:1.2.3.4',
      'fe80::1%eth0',
      '[::1]',
      '::1/128',
      '1:2:3::4:5:6:7:8',
    ],
  ])
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parseAddress(text), undefined);
    });

  it('is what Node takes for one, and nothing else', () => {
    const character = fc.constantFrom(...'0123456789abcfF.:::..');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 20 }), (text) => {
        assert.equal(parseIpv4(text) !== undefined, isIPv4(text));
        assert.equal(parseIpv6(text) !== undefined, isIPv6(text));
      }),
      { numRuns: 3000 },
    );
    const group = fc.constantFrom('0', '1', 'ffff', '00ab', '', '192.0.2.1');
    fc.assert(
      fc.property(fc.array(group, { maxLength: 9 }), (groups) => {
        assert.equal(parseIpv6(groups.join(':')) !== undefined, isIPv6(groups.join(':')));
      }),
      { numRuns: 3000 },
    );
  });

  it('stands in order: IPv4 first, then by value', () => {
    const texts = ['0.0.0.0', '9.0.0.0', '10.0.0.0', '255.0.0.0', '::', '::1:0', '2001:db8::', 'ffff::'];
    const sorted = texts.map((text) => parseAddress(text)!).toReversed();
    assert.deepEqual(sorted.sort(compareAddresses).map(formatAddress), texts);
    fc.assert(
      fc.property(address, address, (a, b) => {
        assert.equal(sameAddress(a, b), formatAddress(a) === formatAddress(b));
        assert.equal(Math.sign(compareAddresses(a, b)), -Math.sign(compareAddresses(b, a)) + 0);
      }),
    );
  });

  it('is link-local within fe80::/10', () => {
    for (const text of ['fe80::1', 'febf::']) assert.ok(isIpv6LinkLocal(parseAddress(text)!));
    for (const text of ['fe7f::', 'fec0::', '254.128.0.0', '::fe80']) assert.ok(!isIpv6LinkLocal(parseAddress(text)!));
  });
});

describe('A prefix', () => {
  it('is read back from what is written of it', () => {
    fc.assert(fc.property(prefix, (its) => assert.deepEqual(parsePrefix(formatPrefix(its)), its)));
  });

  it('has no bits beyond its length', () => {
    assert.equal(formatPrefix(parsePrefix('203.0.113.77/24')!), '203.0.113.0/24');
    assert.equal(formatPrefix(parsePrefix('255.255.255.255/0')!), '0.0.0.0/0');
    assert.equal(formatPrefix(parsePrefix('2001:db8:ffff::1/33')!), '2001:db8:8000::/33');
    fc.assert(
      fc.property(prefix, (its) => {
        assert.match(bits(its).slice(its.length), /^0*$/);
        for (const value of its.words) assert.ok(value >= 0 && value <= 0xffffffff);
      }),
    );
  });

  it('is a bare address as well', () => {
    assert.deepEqual(parsePrefix('203.0.113.7'), hostPrefix(parseAddress('203.0.113.7')!));
    assert.equal(parsePrefix('::1')?.length, 128);
  });

  for (const text of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/1.5',
    '/8',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.0.0/8',
  ])
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parsePrefix(text), undefined);
    });

  it('contains the addresses that begin with its bits', () => {
    fc.assert(
      fc.property(prefix, address, fc.boolean(), (its, other, near) => {
        // Near ones share some bits, or all.
        const looked =
          near && other.family === its.family
            ? { ...other, words: other.words.map((value, i) => (its.words[i]! | (value & 1)) >>> 0) }
            : other;
        const expected =
          looked.family === its.family && bits(looked).slice(0, its.length) === bits(its).slice(0, its.length);
        assert.equal(contains(its, looked), expected);
      }),
    );
  });

  it('has a key of its own', () => {
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        const same = formatPrefix(a) === formatPrefix(b);
        assert.equal(prefixKey(a) === prefixKey(b), same);
        assert.equal(comparePrefixes(a, b) === 0, same);
      }),
      { numRuns: 2000 },
    );
  });

  it('masks a word by any number of bits', () => {
    assert.deepEqual(
      [-5, 0, 1, 8, 31, 32, 64].map(maskWord),
      [0, 0, 0x80000000, 0xff000000, 0xfffffffe, 0xffffffff, 0xffffffff],
    );
  });
});
