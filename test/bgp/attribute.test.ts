import assert from 'node:assert/strict';
import { encodeAttributes, type PathAttribute } from '../../src/bgp/attribute.js';
import type { AsPathSegment } from '../../src/bgp/attribute-as-path.js';
import { decodeUpdate } from '../../src/bgp/update.js';
import { type Address, parseAddress, parsePrefix } from '../../src/net/address.js';
import { hex, textOf } from './hex.js';

const toNew = { fourOctetAs: true };
const toOld = { fourOctetAs: false };
const address = (text: string): Address => parseAddress(text)!;
const prefixes = (...texts: readonly string[]) => texts.map((text) => parsePrefix(text)!);
const octetsOf = (attributes: readonly PathAttribute[], context = toNew): string =>
  textOf(encodeAttributes(attributes, context));
const plain = (text: string): string => textOf(hex(text));

const sequence = (...asns: readonly number[]): AsPathSegment => ({ type: 'sequence', asns });
const path = (...segments: readonly AsPathSegment[]): PathAttribute => ({ kind: 'asPath', segments });

/** What is understood of path attributes in an UPDATE that withdraws nothing and announces 10.0.0.0/8. */
function read(attributes: string, fourOctetAs = true): readonly PathAttribute[] {
  const octets = hex(attributes);
  const body = Uint8Array.of(0, 0, octets.length >>> 8, octets.length & 0xff, ...octets, ...hex('08 0a'));
  const { update, faults } = decodeUpdate(body, { fourOctetAs, internal: true, families: ['ipv4', 'ipv6'] });
  assert.deepEqual(faults, []);
  return update.attributes;
}

/** One example of each, as RFC octets. */
const examples: readonly (readonly [title: string, attribute: PathAttribute, octets: string])[] = [
  ['ORIGIN', { kind: 'origin', origin: 'igp' }, '40 01 01 00'],
  ['AS_PATH', path(sequence(64512, 4200000000)), '40 02 0a 02 02 0000fc00 fa56ea00'],
  ['[42] an empty AS_PATH', path(), '40 02 00'],
  ['NEXT_HOP', { kind: 'nextHop', address: address('192.0.2.1') }, '40 03 04 c0000201'],
  ['[42] MED, optional and not transitive', { kind: 'med', med: 100 }, '80 04 04 00000064'],
  ['LOCAL_PREF', { kind: 'localPref', localPref: 100 }, '40 05 04 00000064'],
  ['[43] ATOMIC_AGGREGATE of length 0', { kind: 'atomicAggregate' }, '40 06 00'],
  ['AGGREGATOR', { kind: 'aggregator', asn: 64512, routerId: 0x0a000001 }, 'c0 07 08 0000fc00 0a000001'],
  ['COMMUNITIES', { kind: 'communities', communities: [0xffffff01] }, 'c0 08 04 ffffff01'],
  ['ORIGINATOR_ID', { kind: 'originatorId', routerId: 0x0a000001 }, '80 09 04 0a000001'],
  ['CLUSTER_LIST', { kind: 'clusterList', clusterIds: [1, 2] }, '80 0a 08 00000001 00000002'],
  [
    'MP_REACH_NLRI',
    {
      kind: 'mpReach',
      family: 'ipv6',
      nextHop: address('2001:db8::1'),
      prefixes: prefixes('2001:db8:1::/48', '::/0'),
    },
    '80 0e 1d 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001 00',
  ],
  [
    'MP_UNREACH_NLRI',
    { kind: 'mpUnreach', family: 'ipv6', prefixes: prefixes('2001:db8::1/128') },
    '80 0f 14 0002 01 80 20010db8000000000000000000000001',
  ],
  [
    'EXTENDED COMMUNITIES',
    { kind: 'extendedCommunities', communities: [{ high: 0x0002fc00, low: 1 }] },
    'c0 10 08 0002fc00 00000001',
  ],
  [
    'LARGE_COMMUNITY',
    { kind: 'largeCommunities', communities: [{ global: 64512, local1: 1, local2: 2 }] },
    'c0 20 0c 0000fc00 00000001 00000002',
  ],
  ['ONLY_TO_CUSTOMER', { kind: 'onlyToCustomer', asn: 64512 }, 'c0 23 04 0000fc00'],
  ['[64] one we do not know', { kind: 'unknown', type: 99, flags: 0xe0, value: hex('0102') }, 'e0 63 02 0102'],
];

describe('path attributes', () => {
  for (const [title, attribute, octets] of examples) {
    it(`${title}: is written and read`, () => {
      assert.equal(octetsOf([attribute]), plain(octets));
      const mandatory = ['40010100', '400200', '400304c0000201'].filter(
        (other) => !plain(octets).startsWith(other.slice(0, 4)),
      );
      assert.deepEqual(
        read(plain(octets) + mandatory.join('')).filter(({ kind }) => kind === attribute.kind),
        [attribute],
      );
    });
  }

  it('[38] puts MP_REACH_NLRI and MP_UNREACH_NLRI first and the rest in ascending order', () => {
    const [origin, asPath, , nextHop, med, localPref, , , , , , reach, unreach, , , , unknown] = examples.map(
      ([, attribute]) => attribute,
    );
    const shuffled = [unknown, med, reach, localPref, unreach, nextHop, asPath, origin].map((attribute) => attribute!);
    const types: number[] = [];
    const octets = encodeAttributes(shuffled, toNew);
    for (let at = 0; at < octets.length; at += 3 + octets[at + 2]!) types.push(octets[at + 1]!);
    assert.deepEqual(types, [14, 15, 1, 2, 3, 4, 5, 99]);
  });

  it('[38] reads attributes in any order', () => {
    assert.deepEqual(
      read('40 05 04 00000064  40 03 04 c0000201  40 02 00  40 01 01 00').map(({ kind }) => kind),
      ['localPref', 'nextHop', 'asPath', 'origin'],
    );
  });

  it('[40] writes two octets of length only for values of more than 255', () => {
    const unknown = (length: number): PathAttribute => ({
      kind: 'unknown',
      type: 99,
      flags: 0xc0,
      value: new Uint8Array(length),
    });
    assert.equal(octetsOf([unknown(255)]).slice(0, 6), 'c063ff');
    assert.equal(octetsOf([unknown(256)]).slice(0, 8), 'd0630100');
  });

  it('[40] reads two octets of length where one would have done', () => {
    assert.deepEqual(read('50 01 0001 00  50 02 0000  50 03 0004 c0000201'), [
      { kind: 'origin', origin: 'igp' },
      path(),
      { kind: 'nextHop', address: address('192.0.2.1') },
    ]);
  });

  it('[41] opens a new segment after 255 AS numbers', () => {
    const asns = Array.from({ length: 256 }, (_, i) => i + 1);
    const octets = encodeAttributes([path(sequence(...asns))], toNew);
    assert.equal(octets.length, 4 + 2 + 255 * 4 + 2 + 4);
    assert.equal(textOf(octets.subarray(0, 6)), plain('50 02 0404 02 ff'));
    assert.equal(textOf(octets.subarray(4 + 2 + 255 * 4)), plain('02 01 00000100'));
  });

  it('[41] writes no segment without AS numbers', () => {
    assert.equal(octetsOf([path(sequence(), { type: 'set', asns: [] })]), '400200');
  });

  it('[44] says AS_TRANS to a two-octet peer, and the whole path in AS4_PATH', () => {
    assert.equal(
      octetsOf([path(sequence(4200000000, 64512))], toOld),
      plain('40 02 06 02 02 5ba0 fc00  c0 11 0a 02 02 fa56ea00 0000fc00'),
    );
  });

  it('[44] sends no AS4_PATH where two octets say it all', () => {
    assert.equal(octetsOf([path(sequence(64512, 65535))], toOld), plain('40 02 06 02 02 fc00 ffff'));
  });

  it('[44] never sends AS4_PATH or AS4_AGGREGATOR to a four-octet peer', () => {
    const aggregator = { asn: 4200000000, routerId: 1 };
    assert.equal(
      octetsOf([path(sequence(4200000000)), { kind: 'aggregator', ...aggregator }], toNew),
      plain('40 02 06 02 01 fa56ea00  c0 07 08 fa56ea00 00000001'),
    );
    assert.equal(
      octetsOf([
        { kind: 'as4Path', segments: [sequence(4200000000)] },
        { kind: 'as4Aggregator', ...aggregator },
      ]),
      '',
    );
  });

  it('[44] writes AGGREGATOR in six octets to a two-octet peer', () => {
    assert.equal(octetsOf([{ kind: 'aggregator', asn: 64512, routerId: 1 }], toOld), plain('c0 07 06 fc00 00000001'));
    assert.equal(
      octetsOf([{ kind: 'aggregator', asn: 4200000000, routerId: 1 }], toOld),
      plain('c0 07 06 5ba0 00000001  c0 12 08 fa56ea00 00000001'),
    );
  });

  it('[44] leaves confederation segments out of AS4_PATH', () => {
    assert.equal(
      octetsOf([path({ type: 'confedSequence', asns: [64513] }, sequence(4200000000))], toOld),
      plain('40 02 08 03 01 fc01 02 01 5ba0  c0 11 06 02 01 fa56ea00'),
    );
  });

  const mandatory = '40 01 01 00  40 03 04 c0000201';
  const merged = (asPath: string, others: string): PathAttribute | undefined =>
    read(`${others} ${mandatory} ${asPath}`, false).find(({ kind }) => kind === 'asPath');

  it('[45] puts the leading AS numbers of AS_PATH before AS4_PATH, which may come first', () => {
    assert.deepEqual(
      merged('40 02 08 02 03 fc00 5ba0 5ba0', 'c0 11 0a 02 02 fa56ea00 fa56ea01'),
      path(sequence(64512, 4200000000, 4200000001)),
    );
  });

  it('[45] ignores an AS4_PATH longer than AS_PATH', () => {
    assert.deepEqual(merged('40 02 04 02 01 5ba0', 'c0 11 0a 02 02 fa56ea00 fa56ea01'), path(sequence(23456)));
  });

  it('[45] counts a set as one AS number and a confederation as none', () => {
    assert.deepEqual(
      merged('40 02 10 03 01 fc01 01 02 fc02 fc03 02 02 5ba0 5ba0', 'c0 11 0a 02 02 fa56ea00 fa56ea01'),
      path(
        { type: 'confedSequence', asns: [64513] },
        { type: 'set', asns: [64514, 64515] },
        sequence(4200000000, 4200000001),
      ),
    );
  });

  it('[45] reads a confederation segment of AS4_PATH as not there', () => {
    assert.deepEqual(
      merged('40 02 04 02 01 5ba0', 'c0 11 0c 03 01 0000fc01 02 01 fa56ea00'),
      path(sequence(4200000000)),
    );
  });

  it('[45] takes AS4_AGGREGATOR for AGGREGATOR where that is AS_TRANS', () => {
    const attributes = read(
      `${mandatory} 40 02 04 02 01 5ba0  c0 07 06 5ba0 00000001  c0 11 06 02 01 fa56ea00  c0 12 08 fa56ea00 00000002`,
      false,
    );
    assert.deepEqual(attributes.slice(2), [
      path(sequence(4200000000)),
      { kind: 'aggregator', asn: 4200000000, routerId: 2 },
    ]);
  });

  it('[45] ignores AS4_PATH and AS4_AGGREGATOR where AGGREGATOR is not AS_TRANS', () => {
    const attributes = read(
      `${mandatory} 40 02 04 02 01 5ba0  c0 07 06 fc00 00000001  c0 11 06 02 01 fa56ea00  c0 12 08 fa56ea00 00000002`,
      false,
    );
    assert.deepEqual(attributes.slice(2), [path(sequence(23456)), { kind: 'aggregator', asn: 64512, routerId: 1 }]);
  });

  const reach = (nextHop: string, linkLocal?: string): PathAttribute => ({
    kind: 'mpReach',
    family: 'ipv6',
    nextHop: address(nextHop),
    ...(linkLocal !== undefined && { linkLocal: address(linkLocal) }),
    prefixes: [],
  });
  const global = '20010db8000000000000000000000001';

  it('[46] writes 32 octets of next hop only with a real link-local address', () => {
    assert.equal(octetsOf([reach('2001:db8::1')]), plain(`80 0e 15 0002 01 10 ${global} 00`));
    assert.equal(
      octetsOf([reach('2001:db8::1', 'fe80::1')]),
      plain(`80 0e 25 0002 01 20 ${global} fe800000000000000000000000000001 00`),
    );
    assert.equal(octetsOf([reach('2001:db8::1', '::')]), octetsOf([reach('2001:db8::1')]));
  });

  it('[46] reads a second next hop of zeros as none', () => {
    const [first] = read(`80 0e 29 0002 01 20 ${global} ${'00'.repeat(16)} 00 18 20010d ${mandatory} 40 02 00`);
    assert.deepEqual(first, {
      kind: 'mpReach',
      family: 'ipv6',
      nextHop: address('2001:db8::1'),
      prefixes: prefixes('2001:d00::/24'),
    });
  });
});
