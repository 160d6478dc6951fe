import assert from 'node:assert/strict';
import { poolIndex } from '../../src/pools/ranges.js';
import { settle } from '../../src/pools/settle.js';
import { configured, type Given, service } from '../plan/given.js';

const pools = [
  'addressPools:',
  '  - { name: one, addresses: [203.0.113.0/24] }',
  '  - { name: two, addresses: [198.51.100.0/24] }',
].join('\n');

/** State, reason and pool. */
function settled(lines: string, given: Given): string {
  const config = configured(lines);
  const { state, reason, message, pool, addresses } = settle(
    service('web', given),
    config,
    poolIndex(config.addressPools),
  );
  assert.equal(message === '', reason === '', 'a reason is explained');
  assert.equal(addresses.length, state === 'Allocated' ? (given.addresses?.length ?? 0) : 0);
  return [state, reason, pool].filter((word) => word !== '').join(' ');
}

const web: Given = { addresses: ['203.0.113.10'] };

describe('A service', () => {
  it('holds the addresses it names where no pools exist', () => {
    assert.equal(settled('', web), 'Allocated');
    assert.equal(settled('', { prefixes: ['192.0.2.0/24'] }), 'Allocated');
  });

  it('is rejected where it names none and none can be allocated', () => {
    assert.equal(settled('', {}), 'Rejected noAddresses');
  });

  it('waits for allocation where pools exist', () => {
    assert.equal(settled(pools, {}), 'Pending noIPAllocated');
    assert.equal(settled(pools, { prefixes: ['192.0.2.0/24'] }), 'Allocated');
  });

  it('holds addresses of a pool, and no others', () => {
    assert.equal(settled(pools, web), 'Allocated one');
    assert.equal(settled(pools, { addresses: ['192.0.2.1'] }), 'Rejected AddressNotInPool');
    assert.equal(settled(pools, { addresses: ['203.0.113.10', '192.0.2.1'] }), 'Rejected AddressNotInPool');
  });

  it('holds them only in the pool it asks for', () => {
    assert.equal(settled(pools, { ...web, addressPool: 'one' }), 'Allocated one');
    assert.equal(settled(pools, { ...web, addressPool: 'two' }), 'Rejected AddressNotInPool');
  });

  for (const [classes, ofNone, ofOurs, ofAnother] of [
    ['', 'Allocated', 'Ignored loadBalancerClass', 'Ignored loadBalancerClass'],
    ['loadBalancerClass: ours', 'Ignored loadBalancerClass', 'Allocated', 'Ignored loadBalancerClass'],
    ['loadBalancerClass: [ours, too]\nhandleUnclassed: true', 'Allocated', 'Allocated', 'Ignored loadBalancerClass'],
  ] as const) {
    it(`is ours by its class, with ${classes === '' ? 'no class set' : classes.replace('\n', ', ')}`, () => {
      const states = ['', 'ours', 'another'].map((loadBalancerClass) =>
        settled(classes, { ...web, loadBalancerClass }),
      );
      assert.deepEqual(states, [ofNone, ofOurs, ofAnother]);
    });
  }
});
