import assert from 'node:assert/strict';
import { poolBodies } from '../../src/house/allocation-bodies.js';
import { pool, pools, World } from './world.js';

const usage = (world: World): unknown => poolBodies(world.announcer.allotment);

describe('The usage of a pool', () => {
  it('counts by family what is there, in use and resting', () => {
    const world = new World(
      pools(
        pool('b', ['203.0.113.0/28', '198.51.100.5-198.51.100.7', '2001:db8::/64'], 'autoAssign: false'),
        pool('a', ['192.0.2.0/24'], 'state: disabled'),
      ),
    );
    world.put({ one: { addressPool: 'b' }, two: { addressPool: 'b', ipFamilyPolicy: 'RequireDualStack' } });
    world.put({
      shared: { addresses: ['203.0.113.9'], allowSharedIP: 'k' },
      same: { addresses: ['203.0.113.9'], allowSharedIP: 'k' },
    });
    world.remove('one');
    assert.deepEqual(usage(world), [
      {
        name: 'b',
        state: 'active',
        autoAssign: false,
        addresses: ['203.0.113.0/28', '198.51.100.5-198.51.100.7', '2001:db8::/64'],
        ipv4: { capacity: 19, inUse: 2, quarantined: 1 },
        ipv6: { capacity: '18446744073709551616', inUse: 1, quarantined: 0 },
      },
      {
        name: 'a',
        state: 'disabled',
        autoAssign: true,
        addresses: ['192.0.2.0/24'],
        ipv4: { capacity: 256, inUse: 0, quarantined: 0 },
      },
    ]);
  });

  for (const [range, capacity] of [
    ['203.0.113.0/24', 254],
    ['203.0.112.0/22', 1016],
    ['203.0.113.0/25', 127],
    ['203.0.113.128/25', 127],
    ['203.0.113.64/26', 64],
    ['203.0.113.255-203.0.114.0', 0],
    ['2001:db8::/120', 256],
  ] as const)
    it(`of ${range} without buggy addresses is ${capacity}`, () => {
      const [body] = poolBodies(new World(pools(pool('p', [range], 'avoidBuggyIPs: true'))).announcer.allotment);
      assert.equal((body?.ipv4 ?? body?.ipv6)?.capacity, capacity);
    });
});
