// The behaviours that MetalLB's own suites test, from a table file through a daemon to a router's view of it.

import assert from 'node:assert/strict';
import type { PoolBody, ServiceBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { Router } from './router.js';

type Entry = Readonly<Record<string, unknown>> & { readonly name: string };
type Pool = Readonly<Record<string, unknown>> & { readonly name: string; readonly addresses: readonly string[] };

const dual = { families: ['ipv4', 'ipv6'] };
const prefers = { ipFamilyPolicy: 'PreferDualStack' };
const requires = { ipFamilyPolicy: 'RequireDualStack' };
const tcp = (port: number) => ({ ports: [{ protocol: 'TCP', port }] });

describe('Address pools', () => {
  const herald = new Herald();
  let router: Router;

  const writeTable = (...services: readonly Entry[]): void => herald.write('table.json', JSON.stringify({ services }));

  function writeConfig(addressPools: readonly Pool[], more: Readonly<Record<string, unknown>> = {}): void {
    herald.writeConfig({
      node: { name: 'node-a' },
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [router.peer('router', dual)],
      bgpAdvertisements: [{ name: 'all', nextHop: ['10.0.0.11', '2001:db8:ffff::11'] }],
      sources: [{ name: 'table', file: herald.path('table.json') }],
      addressPools,
      allocation: { overlap: '0s', reuseDelay: '0s' },
      ...more,
    });
  }

  const reload = async (addressPools: readonly Pool[], more: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    writeConfig(addressPools, more);
    await herald.done('POST', '/v1/reload');
  };

  /** From nothing: these pools and these services. */
  async function given(addressPools: readonly Pool[], ...services: readonly Entry[]): Promise<void> {
    writeTable();
    await router.holds();
    await reload(addressPools);
    writeTable(...services);
    await eventually(
      () => herald.services(),
      (seen) => assert.equal(seen.length, services.length),
    );
  }

  /** Waits until the services stand so: `Allocated 203.0.113.0`. */
  async function stand(expected: Readonly<Record<string, string>>): Promise<void> {
    const show = ({ state, addresses }: ServiceBody): string => [state, ...addresses].join(' ');
    await eventually(
      async () =>
        Object.fromEntries((await herald.services()).map((its) => [its.name.replace('default/', ''), show(its)])),
      (seen) => assert.deepEqual(seen, expected, herald.text),
      5000,
    );
    const addresses = Object.values(expected).flatMap((state) => state.split(' ').slice(1));
    await router.holds(...new Set(addresses.map((address) => `${address}/${address.includes(':') ? 128 : 32}`)));
  }

  const one: Pool = { name: 'one', addresses: ['203.0.113.7/32'] };
  const v4: Pool = { name: 'four', addresses: ['203.0.113.0/30'] };
  const both: Pool = { name: 'both', addresses: ['198.51.100.0/30', '2001:db8:b::/126'] };

  before(async () => {
    router = await Router.listen('127.0.0.2', dual as { families: ['ipv4', 'ipv6'] });
    writeTable();
    writeConfig([one]);
    await herald.start();
    await herald.established('router');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  it('1. a pool of one address: the service that waits gets exactly that one when the other is deleted', async () => {
    await given([one], { name: 'a' }, { name: 'b' });
    await stand({ a: 'Allocated 203.0.113.7', b: 'Pending' });
    writeTable({ name: 'b' });
    await stand({ b: 'Allocated 203.0.113.7' });
  });

  it('2. … or when the other is no longer for us', async () => {
    await given([one], { name: 'a' }, { name: 'b' });
    await stand({ a: 'Allocated 203.0.113.7', b: 'Pending' });
    writeTable({ name: 'a', loadBalancerClass: 'example.com/other' }, { name: 'b' });
    await stand({ a: 'Ignored', b: 'Allocated 203.0.113.7' });
  });

  it('3. two addresses, four services, five restarts: those that have one keep it, the others never steal', async () => {
    const pool = { name: 'two', addresses: ['203.0.113.0/31'] };
    await given([pool], { name: 'd' }, { name: 'c' }, { name: 'b' }, { name: 'a' });
    const expected = { a: 'Pending', b: 'Pending', c: 'Allocated 203.0.113.1', d: 'Allocated 203.0.113.0' };
    await stand(expected);
    for (let restart = 1; restart <= 5; restart++) {
      // The last ones without a farewell, and the table in another order.
      herald.signal(restart > 3 ? 'SIGKILL' : 'SIGTERM');
      await herald.ended;
      if (restart === 2) writeTable({ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' });
      await herald.start();
      await herald.established('router');
      await stand(expected);
    }
  });

  it('4.-6. two that share an address: who goes Local loses it; the same selector brings both together again', async () => {
    const shared = (port: number, app = ''): object => ({
      allowSharedIP: 'k',
      ...tcp(port),
      ...(app === '' ? {} : { externalTrafficPolicy: 'Local', selector: { app } }),
    });
    const [a, b] = ['a', 'b'].map(
      (name) =>
        (more: object): Entry => ({ name, ...more }),
    );
    await given([one], a!(shared(80)), b!(shared(443)));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Allocated 203.0.113.7' });
    writeTable(a!(shared(80)), b!(shared(443, 'web')));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Pending' });
    writeTable(a!(shared(80, 'web')), b!(shared(443, 'web')));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Allocated 203.0.113.7' });
    writeTable(a!(shared(80, 'mail')), b!(shared(443, 'web')));
    await stand({ a: 'Pending', b: 'Allocated 203.0.113.7' });
    writeTable(a!(shared(80, 'mail')), b!(shared(443, 'mail')));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Allocated 203.0.113.7' });
  });

  it('7. the preferred pool is deleted: the service gets an address of the other', async () => {
    const scoped = { ...one, serviceAllocation: { priority: 20, namespaces: ['default'] } };
    await given([scoped, v4], { name: 'a' });
    await stand({ a: 'Allocated 203.0.113.7' });
    await reload([v4]);
    await stand({ a: 'Allocated 203.0.113.0' });
  });

  it('8. all pools are removed: addresses stay announced, or are withdrawn where onRevoke is release', async () => {
    await given([one], { name: 'a' });
    await stand({ a: 'Allocated 203.0.113.7' });
    await reload([]);
    await stand({ a: 'OutOfPool 203.0.113.7' });
    await reload([], { allocation: { onRevoke: 'release', reuseDelay: '0s' } });
    await stand({ a: 'Rejected' });
    await reload([one]);
    await stand({ a: 'Allocated 203.0.113.7' });
  });

  const ranked = (name: string, address: string, allocation: object): Pool => ({
    name,
    addresses: [`${address}/32`],
    serviceAllocation: allocation,
  });

  it('9. priorities 10 and 20: the first service gets the pool of 10, the second overflows', async () => {
    const pools = [ranked('a', '203.0.113.20', { priority: 20 }), ranked('b', '203.0.113.10', { priority: 10 })];
    await given(pools, { name: 'x' }, { name: 'y' });
    await stand({ x: 'Allocated 203.0.113.10', y: 'Allocated 203.0.113.20' });
  });

  it('10. a pool without priority comes after those that have one', async () => {
    const pools = [
      ranked('a', '203.0.113.1', { namespaces: ['default'] }),
      ranked('b', '203.0.113.2', { priority: 9, namespaces: ['default'] }),
    ];
    await given(pools, { name: 'x' }, { name: 'y' });
    await stand({ x: 'Allocated 203.0.113.2', y: 'Allocated 203.0.113.1' });
  });

  it('11. a pool for a namespace and a label serves nobody without the label', async () => {
    const selecting = { namespaces: ['default'], serviceSelectors: [{ matchLabels: { tier: 'gold' } }] };
    await given([ranked('a', '203.0.113.1', selecting)], { name: 'plain' }, { name: 'gold', labels: { tier: 'gold' } });
    await stand({ gold: 'Allocated 203.0.113.1', plain: 'Pending' });
  });

  const v6: Pool = { name: 'six', addresses: ['2001:db8:6::/126'] };

  it('12. prefer both: two addresses, of the pool that has both', async () => {
    await given([v4, v6, both], { name: 'a', ...prefers });
    await stand({ a: 'Allocated 198.51.100.0 2001:db8:b::' });
  });

  it('13. prefer both where no pool has: IPv4, or what stands first in ipFamilies', async () => {
    await given([v4, v6], { name: 'a', ...prefers }, { name: 'b', ...prefers, ipFamilies: ['IPv6', 'IPv4'] });
    await stand({ a: 'Allocated 203.0.113.0', b: 'Allocated 2001:db8:6::' });
  });

  it('14. the pool gets the other family: a second address comes, the first stays', async () => {
    await given([v4], { name: 'a', ...prefers });
    await stand({ a: 'Allocated 203.0.113.0' });
    await reload([{ ...v4, addresses: [...v4.addresses, '2001:db8:4::/126'] }]);
    await stand({ a: 'Allocated 203.0.113.0 2001:db8:4::' });
  });

  it('15. require both on a pool of one: none; prefer both again: one again', async () => {
    await given([v4], { name: 'a', ...prefers });
    await stand({ a: 'Allocated 203.0.113.0' });
    writeTable({ name: 'a', ...requires });
    await stand({ a: 'Pending' });
    writeTable({ name: 'a', ...prefers });
    await stand({ a: 'Allocated 203.0.113.0' });
  });

  it('16. a pool that has both appears: nobody jumps to it', async () => {
    await given([v4], { name: 'a', ...prefers });
    await reload([{ ...both, name: 'a-both' }, v4]);
    await stand({ a: 'Allocated 203.0.113.0' });
  });

  it('17. the pool loses a family and another has both: both addresses move there', async () => {
    await given([both], { name: 'a', ...prefers }, { name: 'b', ...requires });
    await stand({ a: 'Allocated 198.51.100.0 2001:db8:b::', b: 'Allocated 198.51.100.1 2001:db8:b::1' });
    const other = { name: 'other', addresses: ['203.0.113.0/30', '2001:db8:c::/126'] };
    await reload([{ ...both, addresses: ['2001:db8:b::/126'] }, other]);
    await stand({ a: 'Allocated 203.0.113.0 2001:db8:c::', b: 'Allocated 203.0.113.1 2001:db8:c::1' });
  });

  it('18. the counts of a pool follow services and ranges', async () => {
    const free = async (): Promise<unknown> => {
      const { pools } = await herald.get<{ pools: PoolBody[] }>('/v1/pools');
      return [pools[0]?.ipv4, pools[0]?.ipv6].map((usage) => Number(usage?.capacity) - (usage?.inUse ?? 0));
    };
    await given([both]);
    assert.deepEqual(await free(), [4, 4]);
    writeTable({ name: 'a', ...requires });
    await stand({ a: 'Allocated 198.51.100.0 2001:db8:b::' });
    assert.deepEqual(await free(), [3, 3]);
    await reload([{ ...both, addresses: ['198.51.100.0/29', '2001:db8:b::/125'] }]);
    assert.deepEqual(await free(), [7, 7]);
    writeTable();
    await stand({});
    assert.deepEqual(await free(), [8, 8]);
    const { out } = await herald.type('pools');
    assert.match(out, /^both +active +ipv4 +8 +0 +198\.51\.100\.0\/29$/m);
  });

  it('19. an address that is named: exactly that one; outside the pools rejected, with the reason, and not announced', async () => {
    await given([v4], { name: 'in', addresses: ['203.0.113.2'] }, { name: 'out', addresses: ['192.0.2.1'] });
    await stand({ in: 'Allocated 203.0.113.2', out: 'Rejected' });
    const { reason, message } = await herald.service('default/out');
    assert.deepEqual([reason, message], ['AddressNotInPool', '192.0.2.1 is in no address pool']);
  });

  it('20. an address and a pool that do not match: rejected', async () => {
    await given([v4, one], { name: 'a', addresses: ['203.0.113.2'], addressPool: 'one' });
    await stand({ a: 'Rejected' });
    assert.match((await herald.service('default/a')).message, /in the pool four, not in the asked one/);
  });

  it('21. autoAssign: false: nobody gets an address by himself, whoever asks does', async () => {
    await given([{ ...v4, autoAssign: false }], { name: 'a' }, { name: 'b', addressPool: 'four' });
    await stand({ a: 'Pending', b: 'Allocated 203.0.113.0' });
  });

  it('22. one address, one key, two ports, backends on two nodes: announced here, once for both', async () => {
    const on = (name: string, port: number, node: string): Entry => ({
      name,
      addresses: ['203.0.113.7'],
      allowSharedIP: 'k',
      ...tcp(port),
      endpoints: [{ node, ready: true }],
    });
    await given([one], on('a', 80, 'node-a'), on('b', 443, 'node-b'));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Allocated 203.0.113.7' });
    writeTable(on('b', 443, 'node-b'));
    await stand({ b: 'Allocated 203.0.113.7' });
  });

  it('23. one key and the same port: the second is refused, and told why', async () => {
    const shared = (name: string): Entry => ({ name, addresses: ['203.0.113.7'], allowSharedIP: 'k', ...tcp(80) });
    await given([one], shared('a'), shared('b'));
    await stand({ a: 'Allocated 203.0.113.7', b: 'Pending' });
    assert.match((await herald.service('default/b')).message, /port TCP\/80 is already in use/);
  });

  it('53. peers and pools that come one by one leave addresses and sessions alone', async () => {
    await given([v4], { name: 'a' });
    await stand({ a: 'Allocated 203.0.113.0' });
    const { session } = router;
    const { updates } = session;
    const second = await Router.listen('127.0.0.4', dual as { families: ['ipv4', 'ipv6'] });
    try {
      for (const [pools, peers] of [
        [[v4, one], [router.peer('router', dual)]],
        [[{ ...both, name: 'a-first' }, v4, one], [router.peer('router', dual)]],
        [
          [{ ...both, name: 'a-first' }, v4, one],
          [second.peer('second', dual), router.peer('router', dual)],
        ],
      ] as const) {
        await reload(pools, { bgpPeers: peers });
        await stand({ a: 'Allocated 203.0.113.0' });
      }
      await herald.established('second');
      await second.holds('203.0.113.0/32');
      assert.equal(router.session, session);
      assert.equal(session.updates, updates, 'the first router was told nothing');
    } finally {
      await second.close();
    }
  });

  it('57. a class is configured: entries without it, or of another, get no address and lose what they had', async () => {
    const loadBalancerClass = 'metallb.universe.tf/metallb';
    await given(
      [v4],
      { name: 'plain' },
      { name: 'ours', loadBalancerClass },
      { name: 'other', loadBalancerClass: 'x/y' },
    );
    await stand({ plain: 'Allocated 203.0.113.0', ours: 'Ignored', other: 'Ignored' });
    await reload([v4], { loadBalancerClass });
    await stand({ plain: 'Ignored', ours: 'Allocated 203.0.113.0', other: 'Ignored' });
    await reload([v4], { loadBalancerClass, handleUnclassed: true });
    await stand({ plain: 'Allocated 203.0.113.1', ours: 'Allocated 203.0.113.0', other: 'Ignored' });
  });
});
