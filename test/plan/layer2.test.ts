import assert from 'node:assert/strict';
import { sha256 } from '../../src/io/sha256.js';
import { Electorate } from '../../src/l2/election.js';
import { matcher, segments } from '../../src/l2/interfaces.js';
import { formatAddress } from '../../src/net/address.js';
import { type LanFacts, lanContext, planLan } from '../../src/plan/layer2.js';
import { poolIndex } from '../../src/pools/ranges.js';
import { link } from '../l2/given.js';
import { configured, type Given, service } from './given.js';

const links = [
  link(1, 'eth0', { addresses: ['10.0.0.11/24', '2001:db8::11/64'] }),
  link(2, 'eth1', { addresses: ['10.1.0.11/24'] }),
];

const pools =
  'addressPools: [{ name: lan, addresses: [10.0.0.0/24, "2001:db8::/64"], labels: { tier: inner } }, { name: wan, addresses: [203.0.113.0/24] }]\n';

/** `ADDRESS INTERFACE`, and ` REASON` where it is withheld. */
function planned(lines: string, given: Given, dead: readonly string[] = [], name = 'node-a'): string[] {
  const parsed = configured(lines);
  const config = { ...parsed, node: { ...parsed.node, name } };
  const facts: LanFacts = {
    segments: segments(links, matcher([])),
    membership: { isAlive: (name) => !dead.includes(name) },
  };
  const electorate = new Electorate(
    config.electionMembers.map((member) => member.name),
    sha256,
  );
  const context = lanContext(config, poolIndex(config.addressPools), facts, electorate, new Map());
  const wanted = service('a', { addresses: ['10.0.0.100'], ...given });
  const { wishes, withheld } = planLan(wanted, wanted.addresses, context);
  return [
    ...wishes.map(({ address, via }) => `${formatAddress(address)} ${via}`),
    ...withheld.map(({ address, via, reason }) => `${formatAddress(address)} ${via} ${reason}`),
  ];
}

const everything = 'l2Advertisements: [{ name: lan }]';

describe('the plan for the LAN', () => {
  it('is empty without advertisements, and for a service of prefixes only', () => {
    assert.deepEqual(planned('', {}), []);
    assert.deepEqual(planned('l2Advertisements: []', {}), []);
    assert.deepEqual(planned(everything, { addresses: [], prefixes: ['192.0.2.0/24'] }), []);
  });

  it('announces each address on the interface whose subnet holds it', () => {
    assert.deepEqual(planned(everything, { addresses: ['10.1.0.100', '2001:db8::100'] }), [
      '10.1.0.100 eth1',
      '2001:db8::100 eth0',
    ]);
  });

  it('announces where any of several advertisements says, as MetalLB: two segments, both answered', () => {
    const two = 'l2Advertisements: [{ name: a, interfaces: [eth0] }, { name: b, interfaces: ["*1"] }]';
    assert.deepEqual(planned(two, { addresses: ['203.0.113.1'] }), ['203.0.113.1 eth0', '203.0.113.1 eth1']);
  });

  for (const [what, lines, given, expected] of [
    ['enabled: false', everything, { enabled: false }, 'eth0 disabled'],
    ['nodes without this one', everything, { nodes: ['node-b'] }, 'eth0 notThisNode'],
    [
      'endpoints that do not serve',
      everything,
      { endpoints: [{ node: 'node-a', ready: false, serving: false }] },
      'eth0 noEndpoints',
    ],
    ['no endpoints at all', everything, { endpoints: [] }, 'eth0 noEndpoints'],
    [
      'externalTrafficPolicy: Local and endpoints elsewhere',
      everything,
      { externalTrafficPolicy: 'Local', endpoints: [{ node: 'node-b', ready: true, serving: true }] },
      'eth0 noLocalEndpoints',
    ],
    [
      'a pool that no advertisement names',
      `${pools}l2Advertisements: [{ name: a, ipAddressPools: [wan] }]`,
      {},
      ' noMatchingAdvertisement',
    ],
    [
      'labels that no advertisement selects',
      'l2Advertisements: [{ name: a, serviceSelectors: [{ matchLabels: { tier: web } }] }]',
      { labels: { tier: 'db' } },
      ' noMatchingAdvertisement',
    ],
    [
      'an advertisement of other nodes',
      'l2Advertisements: [{ name: a, nodeSelectors: [{ matchLabels: { rack: r2 } }] }]',
      {},
      ' notThisNode',
    ],
    ['an interface that is not there', 'l2Advertisements: [{ name: a, interfaces: [eth7] }]', {}, ' noInterface'],
    [
      'a shared address and an advertisement with serviceSelectors (MetalLB: candidates could differ)',
      'l2Advertisements: [{ name: a }, { name: b, serviceSelectors: [{ matchLabels: { tier: web } }] }]',
      { allowSharedIP: 'key' },
      'eth0 sharedIPWithServiceSelector',
    ],
  ] as const satisfies readonly (readonly [string, string, Given, string])[]) {
    it(`withholds for one reason: ${what}`, () => {
      assert.deepEqual(planned(lines, given), [`10.0.0.100 ${expected}`]);
    });
  }

  it('announces an endpoint that is not ready and still serves, and one whose readiness nobody said', () => {
    for (const endpoint of [
      { node: 'node-a', ready: false, serving: true },
      { node: 'node-a', ready: undefined, serving: false },
    ])
      assert.deepEqual(planned(everything, { endpoints: [endpoint], externalTrafficPolicy: 'Local' }), [
        '10.0.0.100 eth0',
      ]);
  });

  it('announces the pools that are named or selected by their labels', () => {
    const selected = `${pools}l2Advertisements: [{ name: a, ipAddressPoolSelectors: [{ matchLabels: { tier: inner } }] }]`;
    assert.deepEqual(planned(selected, {}), ['10.0.0.100 eth0']);
    assert.deepEqual(planned(selected, { addresses: ['203.0.113.1'] }), ['203.0.113.1  noMatchingAdvertisement']);
  });

  describe('with an election', () => {
    const members = `${everything}\nelection: { members: [node-a, node-b, node-c] }`;

    it("announces what this node wins, by MetalLB's hash", () => {
      // 10.0.0.1 ranks b, a, c; 10.0.0.2 b, c, a; 192.168.10.1 c, b, a.
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1'] }), ['10.0.0.1 eth0 notOwner']);
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1'] }, ['node-b']), ['10.0.0.1 eth0']);
      assert.deepEqual(planned(members, { addresses: ['10.0.0.2'] }, ['node-b']), ['10.0.0.2 eth0 notOwner']);
      assert.deepEqual(planned(members, { addresses: ['10.0.0.2'] }, ['node-b', 'node-c']), ['10.0.0.2 eth0']);
    });

    it('lets the addresses of one service move together, by the first', () => {
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1', '2001:db8::1'] }, ['node-b']), [
        '10.0.0.1 eth0',
        '2001:db8::1 eth0',
      ]);
    });

    it('lets only those stand that the service names', () => {
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1'], nodes: ['node-a', 'node-c'] }), ['10.0.0.1 eth0']);
    });

    it('lets only those stand that have an endpoint, with externalTrafficPolicy: Local', () => {
      const endpoints = ['node-a', 'node-c'].map((node) => ({ node, ready: true, serving: true }));
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1'], endpoints, externalTrafficPolicy: 'Local' }), [
        '10.0.0.1 eth0',
      ]);
      assert.deepEqual(planned(members, { addresses: ['10.0.0.1'], endpoints }), ['10.0.0.1 eth0 notOwner']);
    });

    it("lets those stand that any matching advertisement selects, this node's or not", () => {
      const racks = [
        'l2Advertisements:',
        '  - { name: a, nodeSelectors: [{ matchLabels: { rack: r1 } }] }',
        '  - { name: b, nodeSelectors: [{ matchLabels: { rack: r2 } }] }',
        'election: { members: [{ name: node-a, labels: { rack: r1 } }, { name: node-b, labels: { rack: r2 } }, node-c] }',
      ];
      assert.deepEqual(planned(racks.join('\n'), { addresses: ['10.0.0.1'] }), ['10.0.0.1 eth0 notOwner']);
      assert.deepEqual(planned(racks.filter((_, i) => i !== 2).join('\n'), { addresses: ['10.0.0.1'] }), [
        '10.0.0.1 eth0',
      ]);
    });

    it('announces nothing where this node is no member, or is said not to be there', () => {
      assert.deepEqual(planned(`${everything}\nelection: { members: [node-b] }`, {}), ['10.0.0.100 eth0 notOwner']);
      assert.deepEqual(planned(members, {}, ['node-a', 'node-b', 'node-c']), ['10.0.0.100 eth0 notOwner']);
    });

    it('has exactly one owner, whoever counts', () => {
      for (let host = 1; host < 100; host++) {
        const owners = ['node-a', 'node-b', 'node-c'].filter((name) => {
          const [said] = planned(members, { addresses: [`10.0.0.${host}`] }, [], name);
          return said === `10.0.0.${host} eth0`;
        });
        assert.equal(owners.length, 1);
      }
    });
  });
});
