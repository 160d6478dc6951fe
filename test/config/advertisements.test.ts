import assert from 'node:assert/strict';
import type { BgpAdvertisement } from '../../src/config/config.js';
import { formatAddress } from '../../src/net/address.js';
import { accepts, refuses } from './given.js';

const head = [
  'bgp: { asn: 64512 }',
  'bgpPeers: [{ name: tor-1, peerAddress: 10.0.0.1, peerASN: 64500 }, { name: tor-2, peerAddress: 10.0.0.2, peerASN: 64500 }]',
  'addressPools:',
  '  - { name: production, addresses: [203.0.113.0/24, "2001:db8:1::/64"], labels: { tier: public } }',
  '  - { name: staging, addresses: [198.51.100.10-198.51.100.50] }',
  'communities: [{ name: blue, value: "64512:100" }]',
  'bgpAdvertisements:',
];

/** One advertisement; its keys stand in line 9 and after. */
const advertising = (...lines: string[]): string =>
  [...head, '  - name: x', ...lines.map((line) => `    ${line}`), ''].join('\n');

const only = (...lines: string[]): BgpAdvertisement => accepts(advertising(...lines)).bgpAdvertisements[0]!;

describe('BGP advertisements', () => {
  it('are one for everything when the key is absent, and none when the list is empty', () => {
    assert.deepEqual(accepts('bgp: { asn: 1 }\n').bgpAdvertisements, [
      {
        name: 'default',
        pools: undefined,
        aggregationLength: 32,
        aggregationLengthV6: 128,
        attributes: {},
        peers: [],
        serviceSelectors: [],
      },
    ]);
    assert.deepEqual(accepts('bgpAdvertisements: []\n').bgpAdvertisements, []);
  });

  it('say nothing that is not written', () => {
    assert.deepEqual(only(), {
      name: 'x',
      pools: undefined,
      aggregationLength: 32,
      aggregationLengthV6: 128,
      attributes: {},
      peers: [],
      serviceSelectors: [],
    });
  });

  it('carry attributes', () => {
    const { nextHop, ...attributes } = only(
      'localPref: 0',
      'med: 4294967295',
      'asPathPrepend: 255',
      'nextHop: [10.0.0.9, "2001:db8::9"]',
      'communities: [blue, "65535:65282", "large:64512:1:2", "ext:rt:64512:1", no-export]',
    ).attributes;
    assert.deepEqual(nextHop?.map(formatAddress), ['10.0.0.9', '2001:db8::9']);
    assert.deepEqual(attributes, {
      localPref: 0,
      med: 4294967295,
      asPathPrepend: 255,
      communities: [
        { kind: 'standard', value: 64512 * 65536 + 100 },
        { kind: 'standard', value: 0xffffff02 },
        { kind: 'large', global: 64512, local1: 1, local2: 2 },
        { kind: 'extended', high: 0x0002fc00, low: 1 },
        { kind: 'standard', value: 0xffffff01 },
      ],
    });
    assert.deepEqual(only('nextHop: 10.0.0.9').attributes.nextHop?.map(formatAddress), ['10.0.0.9']);
  });

  it('refuse attributes out of range', () => {
    refuses(
      advertising('localPref: -1', 'med: 4294967296', 'asPathPrepend: 256', 'nextHop: [10.0.0.1, 10.0.0.2]'),
      '9: bgpAdvertisements[0].localPref: -1 is not a whole number',
      '10: bgpAdvertisements[0].med: 4294967296 is not a whole number',
      '11: bgpAdvertisements[0].asPathPrepend: 256 is not a whole number from 0 to 255',
      '12: bgpAdvertisements[0].nextHop: "10.0.0.2" is a second IPv4 next hop',
    );
  });

  it('are checked item by item, whatever is wrong with the item before', () => {
    refuses(
      advertising('communities:', '  - blue', '  - 7', '  - bleu', '  - [x]', '  - "1:x"'),
      '11: bgpAdvertisements[0].communities[1]: 7 is a number here',
      '12: bgpAdvertisements[0].communities[2]: invalid community value: "bleu"',
      '13: bgpAdvertisements[0].communities[3]: a list is not text',
      '14: bgpAdvertisements[0].communities[4]: invalid community value',
    );
  });

  it('refuse communities that are none, and name the alias that was meant', () => {
    refuses(
      advertising('communities:', '  - bleu', '  - "1:2:3"', '  - "64512:65536"'),
      '10: bgpAdvertisements[0].communities[0]: invalid community value: "bleu" is neither a number pair nor a well-known community; did you mean the alias "blue"?',
      '11: bgpAdvertisements[0].communities[1]: invalid community value: three numbers are a large community',
      '12: bgpAdvertisements[0].communities[2]: invalid community value: a community is two numbers',
    );
    const many = Array.from({ length: 64 }, (_, i) => `"1:${i}"`).join(', ');
    refuses(
      advertising(`communities: [${many}]`),
      '9: bgpAdvertisements[0].communities[63]: max supported communities is 63',
    );
  });

  it('cover the pools they name and those their selectors match', () => {
    assert.deepEqual(only('ipAddressPools: [staging]').pools, ['staging']);
    assert.deepEqual(only('ipAddressPoolSelectors: [{ matchLabels: { tier: public } }]').pools, ['production']);
    assert.deepEqual(only('ipAddressPools: [staging]', 'ipAddressPoolSelectors: [{}]').pools, [
      'staging',
      'production',
    ]);
    assert.deepEqual(only('ipAddressPoolSelectors: [{ matchLabels: { tier: none } }]').pools, []);
  });

  it('refuse names of pools and peers that do not exist, with the nearest that does', () => {
    refuses(
      advertising('ipAddressPools: [prodction, staging, staging]', 'peers:', '  - tor1', '  - other'),
      '9: bgpAdvertisements[0].ipAddressPools[0]: no pool is named "prodction"; did you mean "production"?',
      '9: bgpAdvertisements[0].ipAddressPools[2]: duplicate definition of ipAddressPools: "staging"',
      '11: bgpAdvertisements[0].peers[0]: no peer is named "tor1"; did you mean "tor-1"?',
      '12: bgpAdvertisements[0].peers[1]: no peer is named "other"; there are tor-1, tor-2',
    );
  });

  it('may name peers and pools that have problems of their own', () => {
    refuses(
      'bgpPeers:\n  - { name: a, peerAddress: x, peerASN: 1, myASN: 2 }\naddressPools:\n  - { name: p, addresses: [y] }\nbgpAdvertisements:\n  - { name: x, peers: [a], ipAddressPools: [p] }\n',
      '2: bgpPeers[0].peerAddress',
      '4: addressPools[0].addresses[0]',
    );
  });

  it('aggregate no further than the pool reaches', () => {
    assert.equal(only('ipAddressPools: [production]', 'aggregationLength: 24').aggregationLength, 24);
    refuses(
      advertising('ipAddressPools: [production]', 'aggregationLength: 23', 'aggregationLengthV6: 63'),
      '10: bgpAdvertisements[0].aggregationLength: invalid aggregation length 23: prefix 24 in this pool'.replace(
        'this pool',
        'pool "production"',
      ),
      '11: bgpAdvertisements[0].aggregationLengthV6: invalid aggregation length 63: prefix 64 in pool "production" is more specific than the aggregation length for addresses 2001:db8:1::',
    );
    refuses(
      advertising('aggregationLength: 27'),
      '9: bgpAdvertisements[0].aggregationLength: invalid aggregation length 27: prefix 28 in pool "staging"',
    );
    refuses(advertising('aggregationLength: 33', 'aggregationLengthV6: 129'), '9: ', '10: ');
    refuses(
      advertising('aggregationLength: 28', 'serviceSelectors: [{}]'),
      '9: bgpAdvertisements[0].aggregationLength: cannot be set together with serviceSelectors',
    );
  });

  it('refuse two preferences for one route', () => {
    const second = (...lines: string[]): string =>
      `${advertising('localPref: 100', 'peers: [tor-1]')}${['  - name: y', ...lines.map((line) => `    ${line}`)].join('\n')}\n`;
    refuses(
      second('localPref: 200'),
      '12: bgpAdvertisements[1].localPref: invalid local preference 200: local preference 100 was already set for the same type of BGP update in line 9',
    );
    accepts(second('localPref: 100'));
    accepts(second('localPref: 200', 'peers: [tor-2]'));
    accepts(second('localPref: 200', 'ipAddressPools: [production]', 'aggregationLength: 24'));
    accepts(second('localPref: 200', 'serviceSelectors: [{}]'));
    accepts(second('localPref: 200', 'nodeSelectors: [{ matchLabels: { a: b } }]'));
    accepts(second('med: 200'));
  });

  it('of other nodes are kept apart, so that status can tell why a route is missing', () => {
    const config = accepts(advertising('nodeSelectors: [{ matchLabels: { rack: r9 } }]'));
    assert.deepEqual(config.bgpAdvertisements, []);
    assert.deepEqual(
      config.bgpAdvertisementsElsewhere.map(({ name }) => name),
      ['x'],
    );
  });
});

describe('community aliases', () => {
  it('are known to tables too', () => {
    assert.deepEqual(
      [...accepts(advertising()).communityAliases],
      [['blue', { kind: 'standard', value: 64512 * 65536 + 100 }]],
    );
  });

  it('can be pasted from MetalLB as a spec', () => {
    const text =
      'communities:\n  - name: mine\n    spec:\n      communities:\n        - { name: vpn-only, value: "1234:1" }\n  - { name: blue, value: "1:2" }\n';
    assert.deepEqual([...accepts(text).communityAliases.keys()], ['vpn-only', 'blue']);
    refuses(
      text.replace('"1234:1"', '"x"').replace('"1:2"', '"y"'),
      '5: communities[0].spec.communities[0].value: invalid community value',
      '6: communities[1].value: invalid community value',
    );
  });

  it('are unique and no well-known names', () => {
    refuses(
      'communities:\n  - { name: a, value: "1:2" }\n  - { name: a, value: "1:3" }\n  - { name: no-export, value: "1:4" }\n  - { value: "1:5" }\n',
      '3: communities[1].name: duplicate definition of community "a"; the first is in line 2',
      '4: communities[2].name: "no-export" is a well-known community already',
      '5: communities[3].name: missing community name',
    );
  });
});
