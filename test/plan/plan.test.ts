import assert from 'node:assert/strict';
import { formatPrefix } from '../../src/net/address.js';
import { formatCommunity } from '../../src/net/community.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import { configured, type Given, saying, service, ToldPort } from './given.js';

const advertisements = (...lines: string[]): string =>
  ['bgpAdvertisements:', ...lines.map((line) => `  - ${line}`)].join('\n');

/** The plan of one service: `PREFIX` for what is announced, `PREFIX REASON` for what is withheld; a view each line. */
function planned(config: string, given: Given, peers = 1): string[] {
  const announcer = new Announcer(configured(config, peers), new ToldPort(), () => new Date(0));
  const web = service('web', given);
  announcer.applyServices(cliSource, { upserted: [web], removed: [] });
  const { routes, withheld } = announcer.planOf(web);
  return announcer.views.map(({ id }) =>
    [
      ...routes.filter(({ view }) => view === id).map((route) => formatPrefix(route.prefix)),
      ...withheld.filter(({ view }) => view === id).map((route) => `${formatPrefix(route.prefix)} ${route.reason}`),
    ].join(', '),
  );
}

/** What the one route of a service is announced with. */
function attributesOf(config: string, given: Given) {
  const announcer = new Announcer(configured(config), new ToldPort(), () => new Date(0));
  const { routes, withheld } = announcer.planOf(service('web', given));
  assert.equal(withheld.length, 0);
  assert.equal(routes.length, 1);
  const { communities = [], ...rest } = routes[0]!.attributes;
  return { ...rest, communities: communities.map(formatCommunity) };
}

const web: Given = { addresses: ['203.0.113.10'] };
const node = (name: string, ready: boolean | undefined, serving: boolean) => ({ node: name, ready, serving });

describe('A service', () => {
  it('is announced by its host routes where nothing says otherwise', () => {
    assert.deepEqual(planned('', { addresses: ['203.0.113.10', '2001:db8::10'] }), [
      '203.0.113.10/32, 2001:db8::10/128',
    ]);
  });

  describe('is withheld', () => {
    it('disabled', () => {
      assert.deepEqual(planned('', { ...web, enabled: false }), ['203.0.113.10/32 disabled']);
    });

    it('notThisNode: its nodes are others', () => {
      assert.deepEqual(planned('', { ...web, nodes: ['node-b'] }), ['203.0.113.10/32 notThisNode']);
      assert.deepEqual(planned('', { ...web, nodes: ['node-b', 'node-a'] }), ['203.0.113.10/32']);
    });

    it('notThisNode: the advertisement that matches selects other nodes', () => {
      const elsewhere = advertisements('{ name: b, nodeSelectors: [{ matchLabels: { rack: r2 } }] }');
      assert.deepEqual(planned(elsewhere, { ...web, prefixes: ['192.0.2.0/24'] }), [
        '203.0.113.10/32 notThisNode, 192.0.2.0/24 notThisNode',
      ]);
      const other = advertisements(
        '{ name: b, nodeSelectors: [{ matchLabels: { rack: r2 } }], serviceSelectors: [{ matchLabels: { tier: gold } }] }',
      );
      assert.deepEqual(planned(other, web), ['203.0.113.10/32 noMatchingAdvertisement']);
    });

    it('notThisNode only towards peers that the advertisement of other nodes is for', () => {
      const elsewhere = advertisements(
        '{ name: a, peers: [tor-1], serviceSelectors: [{ matchLabels: { tier: gold } }] }',
        '{ name: b, peers: [tor-1], nodeSelectors: [{ matchLabels: { rack: r2 } }] }',
      );
      assert.deepEqual(planned(elsewhere, web, 2), [
        '203.0.113.10/32 notThisNode',
        '203.0.113.10/32 noMatchingAdvertisement',
      ]);
    });

    it('noEndpoints: none of them serves, anywhere', () => {
      assert.deepEqual(planned('', { ...web, endpoints: [] }), ['203.0.113.10/32 noEndpoints']);
      assert.deepEqual(planned('', { ...web, endpoints: [node('node-b', false, false)] }), [
        '203.0.113.10/32 noEndpoints',
      ]);
      assert.deepEqual(planned('', { ...web, endpoints: [node('node-b', true, true)] }), ['203.0.113.10/32']);
    });

    it('noLocalEndpoints: with externalTrafficPolicy Local none serves here', () => {
      const local: Given = { ...web, externalTrafficPolicy: 'Local' };
      assert.deepEqual(planned('', { ...local, endpoints: [node('node-b', true, true)] }), [
        '203.0.113.10/32 noLocalEndpoints',
      ]);
      assert.deepEqual(planned('', { ...local, endpoints: [node('node-a', false, false)] }), [
        '203.0.113.10/32 noLocalEndpoints',
      ]);
      // Kubernetes' rule: what is not ready may still serve while it terminates; what says nothing is ready.
      for (const endpoint of [node('node-a', false, true), node('node-a', undefined, false)])
        assert.deepEqual(planned('', { ...local, endpoints: [endpoint] }), ['203.0.113.10/32']);
      assert.deepEqual(planned('', local), ['203.0.113.10/32'], 'without endpoints nobody looks');
    });

    it('noMatchingAdvertisement', () => {
      assert.deepEqual(planned('bgpAdvertisements: []', { ...web, prefixes: ['192.0.2.0/24'] }), [
        '203.0.113.10/32 noMatchingAdvertisement, 192.0.2.0/24 noMatchingAdvertisement',
      ]);
      const gold = advertisements('{ name: a, serviceSelectors: [{ matchLabels: { tier: gold } }] }');
      assert.deepEqual(planned(gold, web), ['203.0.113.10/32 noMatchingAdvertisement']);
      assert.deepEqual(planned(gold, { ...web, labels: { tier: 'gold' } }), ['203.0.113.10/32']);
    });

    it('conflictingAdvertisements: they say different things about one route', () => {
      const conflict = advertisements('{ name: a, med: 1 }', '{ name: b, med: 2 }');
      assert.deepEqual(planned(conflict, { ...web, prefixes: ['192.0.2.0/24'] }), [
        '203.0.113.10/32 conflictingAdvertisements, 192.0.2.0/24 conflictingAdvertisements',
      ]);
      const hops = advertisements('{ name: a, nextHop: [10.0.0.8] }', '{ name: b, nextHop: [10.0.0.9] }');
      assert.deepEqual(planned(hops, web), ['203.0.113.10/32 conflictingAdvertisements']);
      const otherFamily = advertisements('{ name: a, nextHop: [10.0.0.8] }', '{ name: b, nextHop: ["2001:db8::9"] }');
      assert.deepEqual(planned(otherFamily, web), ['203.0.113.10/32']);
    });

    it('not, where the service itself settles the conflict', () => {
      const conflict = advertisements('{ name: a, med: 1 }', '{ name: b, med: 2 }');
      assert.deepEqual(attributesOf(conflict, { ...web, bgp: { med: 9 } }), { med: 9, communities: [] });
    });

    for (const [what, given] of [
      ['of a class that is not ours', { loadBalancerClass: 'foreign' }],
      ['with an address outside every pool', { addresses: ['198.51.100.1'] }],
    ] as const) {
      it(`altogether, its prefixes too, when it is an entry ${what}`, () => {
        const pools = 'addressPools: [{ name: production, addresses: [203.0.113.0/24] }]';
        assert.deepEqual(planned(pools, { ...web, prefixes: ['192.0.2.0/24'], ...given }), ['']);
      });
    }
  });

  describe('with address pools', () => {
    const pools =
      'addressPools: [{ name: one, addresses: [203.0.113.0/24] }, { name: two, addresses: [198.51.100.0/24], labels: { tier: gold } }]\n';

    it('is announced by the advertisements of its pool', () => {
      const one = pools + advertisements('{ name: a, ipAddressPools: [one] }');
      assert.deepEqual(planned(one, { addresses: ['203.0.113.1', '198.51.100.1'] }), [
        '203.0.113.1/32, 198.51.100.1/32 noMatchingAdvertisement',
      ]);
      const gold = pools + advertisements('{ name: a, ipAddressPoolSelectors: [{ matchLabels: { tier: gold } }] }');
      assert.deepEqual(planned(gold, { addresses: ['203.0.113.1', '198.51.100.1'] }), [
        '198.51.100.1/32, 203.0.113.1/32 noMatchingAdvertisement',
      ]);
    });

    it('announces prefixes, which are in no pool, by advertisements that ask for none', () => {
      const mixed =
        pools + advertisements('{ name: a, ipAddressPools: [one], med: 1 }', '{ name: b, med: 1, localPref: 50 }');
      assert.deepEqual(planned(mixed, { prefixes: ['203.0.113.0/24'] }), ['203.0.113.0/24']);
      assert.deepEqual(attributesOf(mixed, { prefixes: ['203.0.113.0/24'] }), {
        med: 1,
        localPref: 50,
        communities: [],
      });
      const asking = pools + advertisements('{ name: a, ipAddressPools: [one] }');
      assert.deepEqual(planned(asking, { prefixes: ['203.0.113.0/24'] }), ['203.0.113.0/24 noMatchingAdvertisement']);
    });
  });

  describe('aggregated', () => {
    const aggregating = advertisements('{ name: a, aggregationLength: 24, aggregationLengthV6: 64 }');

    it('is announced by the prefix its addresses lie in, once', () => {
      assert.deepEqual(planned(aggregating, { addresses: ['203.0.113.10', '203.0.113.20', '2001:db8::1'] }), [
        '203.0.113.0/24, 2001:db8::/64',
      ]);
    });

    it('is announced by both prefixes where two advertisements differ in length', () => {
      const both = advertisements(
        '{ name: a, communities: ["64512:1"] }',
        '{ name: b, aggregationLength: 24, med: 5 }',
      );
      assert.deepEqual(planned(both, web), ['203.0.113.10/32, 203.0.113.0/24']);
    });

    it('shares the prefix with other services, whose communities add up and of whom the first by name decides', () => {
      const port = new ToldPort();
      const announcer = new Announcer(configured(aggregating), port, () => new Date(0));
      const community = (value: number) => ({ communities: [{ kind: 'standard' as const, value }] });
      const upserted = [
        service('b', { addresses: ['203.0.113.2'], bgp: { med: 2, ...community(2) } }),
        service('a', { addresses: ['203.0.113.1'], bgp: { med: 1, ...community(1) } }),
      ];
      announcer.applyServices(cliSource, { upserted, removed: [] });
      const shared = (said: object): string => saying({ ...said });
      const view = port.view(1);
      assert.deepEqual(
        [...view],
        [
          [
            '203.0.113.0/24',
            shared({ med: 1, communities: [...community(1).communities, ...community(2).communities] }),
          ],
        ],
      );
      announcer.applyServices(cliSource, { upserted: [], removed: ['default/a'] });
      assert.deepEqual([...view], [['203.0.113.0/24', shared({ med: 2, ...community(2) })]]);
      announcer.applyServices(cliSource, { upserted: [], removed: ['default/b'] });
      assert.deepEqual([...view], []);
    });
  });

  describe('matched by several advertisements', () => {
    it('is announced once, with the communities of all and what any of them says', () => {
      const merged = advertisements(
        '{ name: a, communities: ["64512:1", no-export] }',
        '{ name: b, communities: ["64512:2", "64512:1"], med: 7 }',
        '{ name: c, asPathPrepend: 2, nextHop: [10.0.0.9] }',
      );
      const { nextHop, ...rest } = attributesOf(merged, web);
      assert.deepEqual(rest, { med: 7, asPathPrepend: 2, communities: ['64512:1', '65535:65281', '64512:2'] });
      assert.equal(nextHop?.length, 1);
    });

    it('overrides them and adds its own communities', () => {
      const config = advertisements('{ name: a, communities: ["64512:1"], med: 7, localPref: 200 }');
      const bgp = { med: 1, communities: [{ kind: 'standard' as const, value: (64512 << 16) >>> 0 }] };
      assert.deepEqual(attributesOf(config, { ...web, bgp }), {
        med: 1,
        localPref: 200,
        communities: ['64512:1', '64512:0'],
      });
    });

    it('is announced to each peer by the advertisements that are for it', () => {
      const split = advertisements(
        '{ name: a, peers: [tor-1, tor-3] }',
        '{ name: b, peers: [tor-2], aggregationLength: 24 }',
      );
      assert.deepEqual(planned(split, web, 3), ['203.0.113.10/32', '203.0.113.0/24']);
    });
  });
});
