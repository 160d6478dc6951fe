// Everything BGP can say, as fast-check arbitraries: values that encoding must carry unharmed.

import fc from 'fast-check';
import type { PathAttribute } from '../../src/bgp/attribute.js';
import type { AsPathSegment } from '../../src/bgp/attribute-as-path.js';
import type { Capability, Message } from '../../src/bgp/message.js';
import type { Update } from '../../src/bgp/update.js';
import type { Address, Family, Prefix } from '../../src/net/address.js';
import { prefixOf } from '../../src/net/address.js';
import type { Community } from '../../src/net/community.js';
import { utf8Octets } from '../../src/net/text.js';

/** Plain objects: deepEqual looks at prototypes. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffffffff });
export const families: readonly Family[] = ['ipv4', 'ipv6'];

const addressOf = (family: Family): fc.Arbitrary<Address> =>
  fc
    .array(u32, { minLength: family === 'ipv4' ? 1 : 4, maxLength: family === 'ipv4' ? 1 : 4 })
    .map((words) => ({ family, words }));

export const prefix = (family: Family): fc.Arbitrary<Prefix> =>
  fc
    .tuple(addressOf(family), fc.integer({ min: 0, max: family === 'ipv4' ? 32 : 128 }))
    .map(([address, length]) => prefixOf(address, length));

const linkLocalAddress = addressOf('ipv6').map(
  ({ words: [, ...rest] }): Address => ({ family: 'ipv6', words: [0xfe800000, ...rest] }),
);

/** Characters that UTF-8 can carry, at most `most` octets of them. */
const text = (most: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: most }).filter((string) => utf8Octets(string).length <= most);

const afiSafi = { afi: u16, safi: u8 };

export const capabilities: { readonly [C in Capability as C['kind']]: fc.Arbitrary<C> } = {
  multiprotocol: record({ kind: fc.constant('multiprotocol'), ...afiSafi }),
  routeRefresh: record({ kind: fc.constant('routeRefresh') }),
  extendedNextHop: record({
    kind: fc.constant('extendedNextHop'),
    tuples: fc.array(record({ afi: u16, safi: u16, nextHopAfi: u16 })),
  }),
  extendedMessage: record({ kind: fc.constant('extendedMessage') }),
  role: record({ kind: fc.constant('role'), role: u8 }),
  gracefulRestart: record({
    kind: fc.constant('gracefulRestart'),
    restartState: fc.boolean(),
    notification: fc.boolean(),
    restartTimeSeconds: fc.integer({ min: 0, max: 4095 }),
    families: fc.array(record({ ...afiSafi, forwarding: fc.boolean() })),
  }),
  fourOctetAs: record({ kind: fc.constant('fourOctetAs'), asn: u32 }),
  addPath: record({
    kind: fc.constant('addPath'),
    families: fc.array(record({ ...afiSafi, direction: u8 })),
  }),
  enhancedRouteRefresh: record({ kind: fc.constant('enhancedRouteRefresh') }),
  longLivedGracefulRestart: record({
    kind: fc.constant('longLivedGracefulRestart'),
    families: fc.array(
      record({ ...afiSafi, forwarding: fc.boolean(), staleTimeSeconds: fc.integer({ min: 0, max: 0xffffff }) }),
    ),
  }),
  fqdn: record({ kind: fc.constant('fqdn'), host: text(64), domain: text(189) }),
  softwareVersion: record({ kind: fc.constant('softwareVersion'), version: text(254) }),
  unknown: record({
    kind: fc.constant('unknown'),
    code: u8.filter((code) => ![1, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73, 75].includes(code)),
    value: fc.uint8Array({ maxLength: 255 }),
  }),
};

export const capability: fc.Arbitrary<Capability> = fc.oneof(...Object.values(capabilities));

const asn = (wide: boolean): fc.Arbitrary<number> => fc.integer({ min: 1, max: wide ? 0xffffffff : 0xffff });

const segment = (wide: boolean): fc.Arbitrary<AsPathSegment> =>
  record({
    type: fc.constantFrom('sequence' as const, 'set' as const),
    asns: fc.array(asn(wide), { minLength: 1, maxLength: 255 }),
  });

const routerId = u32;
const filled = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 20 });

/** All but the two that are made of others (RFC 6793 §4.2.2). `nextHop` is the address of a host. */
export const attributes = {
  origin: record({
    kind: fc.constant('origin' as const),
    origin: fc.constantFrom('igp' as const, 'egp' as const, 'incomplete' as const),
  }),
  asPath: record({ kind: fc.constant('asPath' as const), segments: fc.array(segment(true), { maxLength: 3 }) }),
  nextHop: record({
    kind: fc.constant('nextHop' as const),
    address: fc.integer({ min: 1, max: 0xdfffffff }).map((word): Address => ({ family: 'ipv4', words: [word] })),
  }),
  med: record({ kind: fc.constant('med' as const), med: u32 }),
  localPref: record({ kind: fc.constant('localPref' as const), localPref: u32 }),
  atomicAggregate: record({ kind: fc.constant('atomicAggregate' as const) }),
  aggregator: record({ kind: fc.constant('aggregator' as const), asn: asn(true), routerId }),
  communities: record({ kind: fc.constant('communities' as const), communities: filled(u32) }),
  originatorId: record({ kind: fc.constant('originatorId' as const), routerId }),
  clusterList: record({ kind: fc.constant('clusterList' as const), clusterIds: filled(u32) }),
  mpReach: fc.oneof(
    record({
      kind: fc.constant('mpReach' as const),
      family: fc.constant('ipv4' as const),
      nextHop: addressOf('ipv4'),
      prefixes: fc.array(prefix('ipv4'), { minLength: 1 }),
    }),
    record({
      kind: fc.constant('mpReach' as const),
      family: fc.constant('ipv6' as const),
      nextHop: addressOf('ipv6'),
      linkLocal: fc.option(linkLocalAddress, { nil: undefined }),
      prefixes: fc.array(prefix('ipv6'), { minLength: 1 }),
    }).map(({ linkLocal, ...reach }) => (linkLocal === undefined ? reach : { ...reach, linkLocal })),
  ),
  mpUnreach: fc.constantFrom(...families).chain((family) =>
    record({
      kind: fc.constant('mpUnreach' as const),
      family: fc.constant(family),
      prefixes: fc.array(prefix(family)),
    }),
  ),
  extendedCommunities: record({
    kind: fc.constant('extendedCommunities' as const),
    communities: filled(record({ high: u32, low: u32 })),
  }),
  largeCommunities: record({
    kind: fc.constant('largeCommunities' as const),
    communities: filled(record({ global: u32, local1: u32, local2: u32 })),
  }),
  onlyToCustomer: record({ kind: fc.constant('onlyToCustomer' as const), asn: u32 }),
  unknown: record({
    kind: fc.constant('unknown' as const),
    type: fc.integer({ min: 36, max: 255 }),
    flags: fc.constantFrom(0xc0, 0xe0),
    value: fc.uint8Array({ maxLength: 300 }),
  }),
} satisfies Partial<{ readonly [A in PathAttribute as A['kind']]: fc.Arbitrary<A> }>;

/** As an iBGP peer of both families may send it: what is mandatory is there, attributes in wire order. */
export const update: fc.Arbitrary<Update> = fc
  .record({
    withdrawn: fc.array(prefix('ipv4')),
    announced: fc.array(prefix('ipv4')),
    mandatory: fc.tuple(attributes.origin, attributes.asPath, attributes.nextHop),
    reach: fc.option(attributes.mpReach, { nil: undefined }),
    unreach: fc.option(attributes.mpUnreach, { nil: undefined }),
    others: fc.subarray(
      ['med', 'localPref', 'atomicAggregate', 'aggregator', 'communities', 'originatorId', 'clusterList'] as const,
      { minLength: 0 },
    ),
    late: fc.subarray(['extendedCommunities', 'largeCommunities', 'onlyToCustomer', 'unknown'] as const),
  })
  .chain(({ withdrawn, announced, mandatory: [origin, asPath, nextHop], reach, unreach, others, late }) =>
    fc.tuple(...[...others, ...late].map((kind): fc.Arbitrary<PathAttribute> => attributes[kind])).map(
      (optional): Update => ({
        kind: 'update',
        withdrawn,
        announced,
        attributes: [
          ...(reach ? [reach] : []),
          ...(unreach ? [unreach] : []),
          origin,
          asPath,
          ...(reach && announced.length === 0 ? [] : [nextHop]),
          ...optional,
        ],
      }),
    ),
  );

export const messages: { readonly [M in Message as M['kind']]: fc.Arbitrary<M> } = {
  open: record({
    kind: fc.constant('open'),
    asn: u16,
    holdTimeSeconds: u16,
    routerId,
    capabilities: fc.array(capability, { maxLength: 14 }),
  }),
  update,
  notification: record({
    kind: fc.constant('notification'),
    code: u8,
    subcode: u8,
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  keepalive: record({ kind: fc.constant('keepalive') }),
  routeRefresh: record({ kind: fc.constant('routeRefresh'), ...afiSafi, subtype: u8 }),
};

export const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(messages));

export const community: fc.Arbitrary<Community> = fc.oneof(
  record({ kind: fc.constant('standard'), value: u32 }),
  record({ kind: fc.constant('large'), global: u32, local1: u32, local2: u32 }),
  record({ kind: fc.constant('extended'), high: u32, low: u32 }),
  // The kinds that have a text of their own.
  record({
    kind: fc.constant('extended'),
    high: fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4 }), u16)
      .map(([type, subtype, word]) => type * 0x1000000 + subtype * 0x10000 + word),
    low: u32,
  }),
);
