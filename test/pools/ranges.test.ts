import assert from 'node:assert/strict';
import { poolIndex } from '../../src/pools/ranges.js';
import { address, configured } from '../plan/given.js';

const { addressPools } = configured(
  [
    'addressPools:',
    '  - { name: production, addresses: [203.0.113.0/24, "2001:db8:1::/64"] }',
    '  - { name: staging, addresses: [198.51.100.10-198.51.100.50, 203.0.112.255/32] }',
  ].join('\n'),
);
const poolOf = poolIndex(addressPools);

describe('The pool of an address', () => {
  for (const [text, pool] of [
    ['203.0.113.0', 'production'],
    ['203.0.113.255', 'production'],
    ['203.0.114.0', undefined],
    ['203.0.112.255', 'staging'],
    ['203.0.112.254', undefined],
    ['198.51.100.9', undefined],
    ['198.51.100.10', 'staging'],
    ['198.51.100.50', 'staging'],
    ['198.51.100.51', undefined],
    ['2001:db8:1::', 'production'],
    ['2001:db8:1:0:ffff:ffff:ffff:ffff', 'production'],
    ['2001:db8:1:1::', undefined],
    ['::', undefined],
  ] as const)
    it(`of ${text} is ${pool ?? 'none'}`, () => {
      assert.equal(poolOf(address(text)), pool);
    });

  it('is none without pools', () => {
    assert.equal(poolIndex([])(address('203.0.113.1')), undefined);
  });
});
