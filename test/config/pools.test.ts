import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shortestLength } from '../../src/config/pools.js';
import { formatAddress, parsePrefix } from '../../src/net/address.js';
import { accepts, refuses, warningsOf } from './given.js';

const rangesOf = (text: string): string[] =>
  accepts(text).addressPools.flatMap(({ ranges }) =>
    ranges.map(({ first, last }) => `${formatAddress(first)}-${formatAddress(last)}`),
  );

const pool = (...addresses: string[]): string =>
  ['addressPools:', '  - name: p', '    addresses:', ...addresses.map((item) => `      - ${item}`), ''].join('\n');

describe('an address pool', () => {
  it('is made of prefixes and ranges of both families, ends included', () => {
    assert.deepEqual(
      rangesOf(
        pool(
          '203.0.113.0/24',
          ' 198.51.100.10 - 198.51.100.50 ',
          '"2001:db8:1::/64"',
          '192.0.2.7/32',
          '192.0.2.8/31',
          '"2001:db8::1-2001:db8::f"',
          '"2001:db8::10/128"',
        ),
      ),
      [
        '203.0.113.0-203.0.113.255',
        '198.51.100.10-198.51.100.50',
        '2001:db8:1::-2001:db8:1:0:ffff:ffff:ffff:ffff',
        '192.0.2.7-192.0.2.7',
        '192.0.2.8-192.0.2.9',
        '2001:db8::1-2001:db8::f',
        '2001:db8::10-2001:db8::10',
      ],
    );
  });

  it('can be pasted from MetalLB as a spec under a name', () => {
    assert.deepEqual(
      rangesOf(
        'addressPools:\n  - name: p\n    spec:\n      addresses: [192.0.2.0/30]\n      autoAssign: true\n      serviceAllocation: { priority: 50, namespaces: [a, b] }\n',
      ),
      ['192.0.2.0-192.0.2.3'],
    );
  });

  it('warns of host bits, which MetalLB masks without a word', () => {
    assert.deepEqual(rangesOf(pool('10.0.0.200/28')), ['10.0.0.192-10.0.0.207']);
    assert.ok(
      warningsOf(pool('10.0.0.200/28')).includes(
        '4: addressPools[0].addresses[0]: "10.0.0.200/28" has host bits set and means "10.0.0.192/28"',
      ),
    );
  });

  it('needs a name and addresses', () => {
    refuses(
      'addressPools:\n  - addresses: []\n  - name: a\n  - { name: a, addresses: [10.0.0.0/8] }\n',
      '2: addressPools[0].name: missing pool name',
      '2: addressPools[0].addresses: pool has no prefixes defined',
      '3: addressPools[1].addresses: pool has no prefixes defined',
      '4: addressPools[2].name: duplicate definition of pool "a"; the first is in line 3',
    );
  });

  it("refuses what is no prefix and no range, in MetalLB's words", () => {
    refuses(
      pool(
        '10.0.0.0/33',
        '10.0.0.1',
        '10.0.0.9-10.0.0.1',
        'x-10.0.0.1',
        '10.0.0.1-y',
        '"10.0.0.1-2001:db8::1"',
        '010.0.0.0/8',
        '"::ffff:10.0.0.0/120"',
        '""',
        '/8',
      ),
      '4: addressPools[0].addresses[0]: invalid CIDR "10.0.0.0/33" in pool "p": ',
      '5: addressPools[0].addresses[1]: invalid CIDR "10.0.0.1" in pool "p": no prefix length; one address is "10.0.0.1/32"',
      '6: addressPools[0].addresses[2]: invalid IP range "10.0.0.9-10.0.0.1": start IP "10.0.0.9" is after the end IP "10.0.0.1"',
      '7: addressPools[0].addresses[3]: invalid IP range "x-10.0.0.1": invalid start IP "x"',
      '8: addressPools[0].addresses[4]: invalid IP range "10.0.0.1-y": invalid end IP "y"',
      '9: addressPools[0].addresses[5]: invalid IP range "10.0.0.1-2001:db8::1": its ends are of different families',
      '10: addressPools[0].addresses[6]: invalid CIDR "010.0.0.0/8" in pool "p": ',
      '11: addressPools[0].addresses[7]: invalid CIDR "::ffff:10.0.0.0/120" in pool "p": ',
      '12: addressPools[0].addresses[8]: invalid CIDR "" in pool "p": ',
      '13: addressPools[0].addresses[9]: invalid CIDR "/8" in pool "p": ',
    );
  });

  it('overlaps nothing, within itself and in other pools; the later one is at fault', () => {
    refuses(
      'addressPools:\n  - name: a\n    addresses: [10.0.1.0/24, 10.0.0.0/16]\n  - name: b\n    addresses: [10.0.1.9-10.0.1.9, 10.1.0.0/16]\n',
      '3: addressPools[0].addresses[1]: CIDR "10.0.0.0/16" in pool "a" overlaps with already defined CIDR "10.0.1.0/24"',
      '5: addressPools[1].addresses[0]: IP range "10.0.1.9-10.0.1.9" in pool "b" overlaps with already defined CIDR "10.0.0.0/16" of pool "a"',
    );
  });

  it('refuses doubled namespaces', () => {
    refuses(
      'addressPools:\n  - name: a\n    addresses: [10.0.0.0/8]\n    serviceAllocation:\n      namespaces: [x, y, x]\n',
      '5: addressPools[0].serviceAllocation.namespaces[2]: duplicate definition in namespaces field',
    );
  });
});

describe('the shortest prefix within a range', () => {
  it('is that of a summary into prefixes', () => {
    const of = (text: string): number => {
      const [range] = accepts(pool(`"${text}"`)).addressPools[0]?.ranges ?? [];
      return shortestLength(range!);
    };
    assert.equal(of('198.51.100.10-198.51.100.50'), 28); // 10/31 12/30 16/28 32/28 48/31 50/32
    assert.equal(of('0.0.0.0-255.255.255.255'), 0);
    assert.equal(of('10.0.0.1-10.0.0.1'), 32);
    assert.equal(of('10.0.0.1-10.0.0.2'), 32);
    assert.equal(of('2001:db8::/64'), 64);
    assert.equal(of('2001:db8::1-2001:db8::ffff'), 113);
  });

  it('of a prefix is its own length', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), (word, length) => {
        const prefix = parsePrefix(`${formatAddress({ family: 'ipv4', words: [word] })}/${length}`)!;
        const [range] = accepts(pool(`${formatAddress(prefix)}/${length}`)).addressPools[0]!.ranges;
        assert.equal(shortestLength(range!), length);
      }),
      { numRuns: 50 },
    );
  });
});
