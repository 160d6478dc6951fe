// Path attributes: one row each with its type, flags, what may be wrong with it and what that costs, and both directions.
// Which attributes an UPDATE must have, and how faults add up, is update.ts. RFC 4271 §4.3 and §5, RFC 7606 §7.

import {
  type Address,
  addressFromOctets,
  addressOctets,
  type Family,
  isIpv6LinkLocal,
  type Prefix,
} from '../net/address.js';
import { type Reader, Writer } from '../net/bytes.js';
import {
  type AsPathSegment,
  as4PathFor,
  decodeSegments,
  encodeSegments,
  segmentsFault,
  withoutConfederation,
} from './attribute-as-path.js';
import { type Severity, updateSubcode } from './errors.js';
import { afiSafiOf, decodePrefixes, encodePrefixes, familyOf } from './nlri.js';
import { asTrans } from './numbers.js';

const origins = ['igp', 'egp', 'incomplete'] as const;

export type PathAttribute =
  | { readonly kind: 'origin'; readonly origin: (typeof origins)[number] }
  | { readonly kind: 'asPath'; readonly segments: readonly AsPathSegment[] }
  | { readonly kind: 'nextHop'; readonly address: Address }
  | { readonly kind: 'med'; readonly med: number }
  | { readonly kind: 'localPref'; readonly localPref: number }
  | { readonly kind: 'atomicAggregate' }
  | { readonly kind: 'aggregator'; readonly asn: number; readonly routerId: number }
  | { readonly kind: 'communities'; readonly communities: readonly number[] }
  | { readonly kind: 'originatorId'; readonly routerId: number }
  | { readonly kind: 'clusterList'; readonly clusterIds: readonly number[] }
  | {
      readonly kind: 'mpReach';
      readonly family: Family;
      readonly nextHop: Address;
      /** Only a real fe80::/10 address, and only towards a peer on that link (RFC 2545 §3). */
      readonly linkLocal?: Address;
      readonly prefixes: readonly Prefix[];
    }
  | { readonly kind: 'mpUnreach'; readonly family: Family; readonly prefixes: readonly Prefix[] }
  | {
      readonly kind: 'extendedCommunities';
      readonly communities: readonly { readonly high: number; readonly low: number }[];
    }
  | { readonly kind: 'as4Path'; readonly segments: readonly AsPathSegment[] }
  | { readonly kind: 'as4Aggregator'; readonly asn: number; readonly routerId: number }
  | {
      readonly kind: 'largeCommunities';
      readonly communities: readonly { readonly global: number; readonly local1: number; readonly local2: number }[];
    }
  | { readonly kind: 'onlyToCustomer'; readonly asn: number }
  /** `flags`: the optional, transitive and partial bits as they came. */
  | { readonly kind: 'unknown'; readonly type: number; readonly flags: number; readonly value: Uint8Array };

export interface EncodeContext {
  readonly fourOctetAs: boolean;
}

export interface ReceiveContext extends EncodeContext {
  /** The peer is in our own AS. */
  readonly internal: boolean;
}

export const attributeFlag = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;
const wellKnown = attributeFlag.transitive;
const optional = attributeFlag.optional;
const optionalTransitive = attributeFlag.optional | attributeFlag.transitive;

export interface AttributeRow<A extends PathAttribute> {
  readonly type: number;
  readonly flags: number;
  /** What a malformed one costs (RFC 7606 §7), and what RFC 4271 §6.3 calls it. */
  readonly malformed: Severity | 'sessionReset';
  readonly subcode: number;
  /** Discarded when it comes from another AS, whatever it holds. */
  readonly internalOnly?: true;
  /** What is wrong with the value octets[from … to), as the end of a sentence about it. */
  fault(octets: Uint8Array, from: number, to: number, context: ReceiveContext): string | undefined;
  /** The value without its header. */
  encode(attribute: A, to: Writer, context: EncodeContext): void;
  /** Only for a value without fault. */
  decode(from: Reader, context: EncodeContext): A;
}

/** Of MP_REACH_NLRI but the next hop and the prefixes: AFI, SAFI, next hop length, a reserved octet. */
export const mpReachOctets = 5;

const asnOctets = ({ fourOctetAs }: EncodeContext): 2 | 4 => (fourOctetAs ? 4 : 2);
const lengthOf = (wanted: number) => (_octets: Uint8Array, from: number, to: number) =>
  to - from === wanted ? undefined : `has ${to - from} octets, not ${wanted}`;
/** RFC 7606 §4: none at all is a fault too. */
const lengthIn = (unit: number) => (_octets: Uint8Array, from: number, to: number) =>
  to > from && (to - from) % unit === 0 ? undefined : `has ${to - from} octets, not a multiple of ${unit}`;
const oneOctet = lengthOf(1);
const fourOctets = lengthOf(4);
const sixOctets = lengthOf(6);
const eightOctets = lengthOf(8);

function isZero(octets: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (octets[at] !== 0) return false;
  return true;
}

/** RFC 7607 §2. */
const asnFault = (octets: Uint8Array, from: number, width: number): string | undefined =>
  isZero(octets, from, from + width) ? 'has AS number 0' : undefined;

type Known = Exclude<PathAttribute, { readonly kind: 'unknown' }>;

const rows: { readonly [A in Known as A['kind']]: AttributeRow<A> } = {
  origin: {
    type: 1,
    flags: wellKnown,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.invalidOrigin,
    fault: (octets, from, to) =>
      oneOctet(octets, from, to) ?? (octets[from]! < origins.length ? undefined : `is ${octets[from]}`),
    encode: ({ origin }, to) => to.u8(origins.indexOf(origin)),
    decode: (from) => ({ kind: 'origin', origin: origins[from.u8()] ?? 'incomplete' }),
  },
  asPath: {
    type: 2,
    flags: wellKnown,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.malformedAsPath,
    fault: (octets, from, to, context) => segmentsFault(octets, from, to, asnOctets(context), context.internal),
    encode: ({ segments }, to, context) => encodeSegments(segments, asnOctets(context), to),
    decode: (from, context) => ({ kind: 'asPath', segments: decodeSegments(from, asnOctets(context)) }),
  },
  nextHop: {
    type: 3,
    flags: wellKnown,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.invalidNextHop,
    // RFC 4271 §6.3: it must be the address of a host: not 0.0.0.0, not 224.0.0.0/4 or above.
    fault: (octets, from, to) =>
      fourOctets(octets, from, to) ??
      (octets[from]! >= 224 || isZero(octets, from, to) ? 'is not the address of a host' : undefined),
    encode: ({ address }, to) => to.octets(addressOctets(address)),
    decode: (from) => ({ kind: 'nextHop', address: addressFromOctets(from.octets(4)) }),
  },
  med: {
    type: 4,
    flags: optional,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.attributeLength,
    fault: fourOctets,
    encode: ({ med }, to) => to.u32(med),
    decode: (from) => ({ kind: 'med', med: from.u32() }),
  },
  localPref: {
    type: 5,
    flags: wellKnown,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.attributeLength,
    internalOnly: true,
    fault: fourOctets,
    encode: ({ localPref }, to) => to.u32(localPref),
    decode: (from) => ({ kind: 'localPref', localPref: from.u32() }),
  },
  atomicAggregate: {
    type: 6,
    flags: wellKnown,
    malformed: 'attributeDiscard',
    subcode: updateSubcode.attributeLength,
    fault: lengthOf(0),
    encode: () => undefined,
    decode: () => ({ kind: 'atomicAggregate' }),
  },
  aggregator: {
    type: 7,
    flags: optionalTransitive,
    malformed: 'attributeDiscard',
    subcode: updateSubcode.optionalAttribute,
    fault: (octets, from, to, context) =>
      (context.fourOctetAs ? eightOctets : sixOctets)(octets, from, to) ?? asnFault(octets, from, asnOctets(context)),
    encode: ({ asn, routerId }, to, { fourOctetAs }) => {
      if (fourOctetAs) to.u32(asn).u32(routerId);
      else to.u16(asn > 0xffff ? asTrans : asn).u32(routerId);
    },
    decode: (from, { fourOctetAs }) => ({
      kind: 'aggregator',
      asn: fourOctetAs ? from.u32() : from.u16(),
      routerId: from.u32(),
    }),
  },
  communities: {
    type: 8, // RFC 1997
    flags: optionalTransitive,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    fault: lengthIn(4),
    encode: ({ communities }, to) => {
      for (const community of communities) to.u32(community);
    },
    decode: (from) => ({ kind: 'communities', communities: from.each(() => from.u32()) }),
  },
  originatorId: {
    type: 9, // RFC 4456 §8
    flags: optional,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    internalOnly: true,
    fault: fourOctets,
    encode: ({ routerId }, to) => to.u32(routerId),
    decode: (from) => ({ kind: 'originatorId', routerId: from.u32() }),
  },
  clusterList: {
    type: 10, // RFC 4456 §8
    flags: optional,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    internalOnly: true,
    fault: lengthIn(4),
    encode: ({ clusterIds }, to) => {
      for (const clusterId of clusterIds) to.u32(clusterId);
    },
    decode: (from) => ({ kind: 'clusterList', clusterIds: from.each(() => from.u32()) }),
  },
  mpReach: {
    type: 14, // RFC 4760 §3
    flags: optional,
    malformed: 'sessionReset', // RFC 7606 §7.11: behind a wrong next hop length, the prefixes cannot be found
    subcode: updateSubcode.optionalAttribute,
    fault: (octets, from, to) => {
      if (to - from < mpReachOctets) return `has ${to - from} octets, fewer than ${mpReachOctets}`;
      const length = octets[from + 3]!;
      const isIpv4 = octets[from + 1] === 1;
      if (isIpv4 ? length !== 4 : length !== 16 && length !== 32) return `has a next hop of ${length} octets`;
      return from + mpReachOctets + length > to ? 'ends within its next hop' : undefined;
    },
    encode: ({ family, nextHop, linkLocal, prefixes }, to) => {
      const { afi, safi } = afiSafiOf(family);
      to.u16(afi).u8(safi);
      to.counted(1, () => {
        to.octets(addressOctets(nextHop));
        if (linkLocal !== undefined && isIpv6LinkLocal(linkLocal)) to.octets(addressOctets(linkLocal));
      });
      to.u8(0);
      encodePrefixes(prefixes, to);
    },
    decode: (from) => {
      const family = familyOf(from.u16(), from.u8()) ?? 'ipv6';
      const next = from.within(from.u8());
      const nextHop = addressFromOctets(next.octets(family === 'ipv4' ? 4 : 16));
      const second = next.done ? undefined : addressFromOctets(next.octets(16));
      from.u8();
      const octets = from.rest();
      const prefixes = decodePrefixes(family, octets, 0, octets.length);
      const isLinkLocal = second !== undefined && isIpv6LinkLocal(second);
      return { kind: 'mpReach', family, nextHop, ...(isLinkLocal && { linkLocal: second }), prefixes };
    },
  },
  mpUnreach: {
    type: 15, // RFC 4760 §4
    flags: optional,
    malformed: 'sessionReset',
    subcode: updateSubcode.optionalAttribute,
    fault: () => undefined,
    encode: ({ family, prefixes }, to) => {
      const { afi, safi } = afiSafiOf(family);
      to.u16(afi).u8(safi);
      encodePrefixes(prefixes, to);
    },
    decode: (from) => {
      const family = familyOf(from.u16(), from.u8()) ?? 'ipv6';
      const octets = from.rest();
      return { kind: 'mpUnreach', family, prefixes: decodePrefixes(family, octets, 0, octets.length) };
    },
  },
  extendedCommunities: {
    type: 16, // RFC 4360
    flags: optionalTransitive,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    fault: lengthIn(8),
    encode: ({ communities }, to) => {
      for (const { high, low } of communities) to.u32(high).u32(low);
    },
    decode: (from) => ({
      kind: 'extendedCommunities',
      communities: from.each(() => ({ high: from.u32(), low: from.u32() })),
    }),
  },
  as4Path: {
    type: 17, // RFC 6793 §3
    flags: optionalTransitive,
    malformed: 'attributeDiscard',
    subcode: updateSubcode.optionalAttribute,
    fault: (octets, from, to, { fourOctetAs }) => {
      if (fourOctetAs) return 'comes from a peer that has no need of it'; // RFC 6793 §6
      return to - from < 6 ? 'is too short for one AS number' : segmentsFault(octets, from, to, 4, true);
    },
    encode: ({ segments }, to) => encodeSegments(segments, 4, to),
    decode: (from) => ({ kind: 'as4Path', segments: withoutConfederation(decodeSegments(from, 4)) }),
  },
  as4Aggregator: {
    type: 18, // RFC 6793 §3
    flags: optionalTransitive,
    malformed: 'attributeDiscard',
    subcode: updateSubcode.optionalAttribute,
    fault: (octets, from, to, { fourOctetAs }) =>
      fourOctetAs
        ? 'comes from a peer that has no need of it'
        : (eightOctets(octets, from, to) ?? asnFault(octets, from, 4)),
    encode: ({ asn, routerId }, to) => to.u32(asn).u32(routerId),
    decode: (from) => ({ kind: 'as4Aggregator', asn: from.u32(), routerId: from.u32() }),
  },
  largeCommunities: {
    type: 32, // RFC 8092
    flags: optionalTransitive,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    fault: lengthIn(12),
    encode: ({ communities }, to) => {
      for (const { global, local1, local2 } of communities) to.u32(global).u32(local1).u32(local2);
    },
    decode: (from) => ({
      kind: 'largeCommunities',
      communities: from.each(() => ({ global: from.u32(), local1: from.u32(), local2: from.u32() })),
    }),
  },
  onlyToCustomer: {
    type: 35, // RFC 9234 §5
    flags: optionalTransitive,
    malformed: 'treatAsWithdraw',
    subcode: updateSubcode.optionalAttribute,
    fault: fourOctets,
    encode: ({ asn }, to) => to.u32(asn),
    decode: (from) => ({ kind: 'onlyToCustomer', asn: from.u32() }),
  },
};

export const attributeType = {
  asPath: rows.asPath.type,
  nextHop: rows.nextHop.type,
  origin: rows.origin.type,
  mpReach: rows.mpReach.type,
  mpUnreach: rows.mpUnreach.type,
} as const;

/** By type code; undefined where we know none. */
export const attributeRows: readonly (AttributeRow<PathAttribute> | undefined)[] = Array.from(
  { length: 256 },
  (_, type) => Object.values<AttributeRow<PathAttribute>>(rows).find((row) => row.type === type),
);

const names = new Map(Object.entries(rows).map(([name, row]) => [row.type, name]));

export const attributeName = (type: number): string => names.get(type) ?? `attribute ${type}`;

/**
 * All given attributes in wire order. AS4_PATH and AS4_AGGREGATOR are not given but made, for a peer of two-octet AS
 * numbers and only where something would be lost (RFC 6793 §4.2.2); given ones are left out.
 */
export function encodeAttributes(attributes: readonly PathAttribute[], context: EncodeContext): Uint8Array {
  const to = new Writer();
  const ordered = attributes
    .filter(({ kind }) => kind !== 'as4Path' && kind !== 'as4Aggregator')
    .flatMap((attribute) => (context.fourOctetAs ? [attribute] : [attribute, ...lostOn(attribute)]))
    .map((attribute) => ({ attribute, rank: rankOf(attribute) }))
    .sort((a, b) => a.rank - b.rank);
  for (const { attribute } of ordered) encodeAttribute(attribute, to, context);
  return to.finish();
}

/** What a peer of two-octet AS numbers would miss of the attribute. */
function lostOn(attribute: PathAttribute): PathAttribute[] {
  if (attribute.kind === 'aggregator' && attribute.asn > 0xffff) return [{ ...attribute, kind: 'as4Aggregator' }];
  const segments = attribute.kind === 'asPath' ? as4PathFor(attribute.segments) : undefined;
  return segments === undefined ? [] : [{ kind: 'as4Path', segments }];
}

const typeOf = (attribute: PathAttribute): number =>
  attribute.kind === 'unknown' ? attribute.type : rows[attribute.kind].type;

/** RFC 7606 §5.1: MP_REACH_NLRI and MP_UNREACH_NLRI first; the rest ascending (RFC 4271 §5). */
const rankOf = (attribute: PathAttribute): number =>
  attribute.kind === 'mpReach' || attribute.kind === 'mpUnreach' ? typeOf(attribute) - 256 : typeOf(attribute);

function encodeAttribute(attribute: PathAttribute, to: Writer, context: EncodeContext): void {
  const value = new Writer();
  let flags: number;
  if (attribute.kind === 'unknown') {
    flags = attribute.flags & 0xe0;
    value.octets(attribute.value);
  } else {
    const row: AttributeRow<PathAttribute> = rows[attribute.kind];
    flags = row.flags;
    row.encode(attribute, value, context);
  }
  const isLong = value.length > 0xff;
  to.u8(isLong ? flags | attributeFlag.extendedLength : flags).u8(typeOf(attribute));
  to.counted(isLong ? 2 : 1, () => to.octets(value.finish()));
}
