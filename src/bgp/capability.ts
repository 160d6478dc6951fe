// Capabilities of OPEN: one row each with its code and both directions. Nothing is rejected but wrong lengths, and nothing is
// sanitised: what we do not know is kept as it came, and strings are made fit to print where they are printed. RFC 5492 §4.

import { type Reader, Writer } from '../net/bytes.js';
import { sanitised, utf8Text, utf8Within } from '../net/text.js';
import { malformedOpen } from './errors.js';
import type { AfiSafi, Capability } from './message.js';

type Known = Exclude<Capability, { readonly kind: 'unknown' }>;

interface Row<C extends Capability> {
  readonly code: number;
  /** The value without code and length. */
  encode(capability: C, to: Writer): void;
  decode(from: Reader): C;
}

/** A row for a capability without a value. */
const bare = <K extends Known['kind']>(code: number, kind: K) => ({
  code,
  encode: () => undefined,
  decode: () => ({ kind }),
});

/** A value has at most 255 octets, inner lengths included. */
const maxHostOctets = 64;
const maxDomainOctets = 189;
const maxVersionOctets = 254;

const restartStateBit = 0x8000;
const notificationBit = 0x4000;
const forwardingBit = 0x80;

const rows: { readonly [C in Known as C['kind']]: Row<C> } = {
  multiprotocol: {
    code: 1,
    encode: ({ afi, safi }, to) => to.u16(afi).u8(0).u8(safi),
    decode: (from) => {
      const afi = from.u16();
      from.u8(); // reserved
      return { kind: 'multiprotocol', afi, safi: from.u8() };
    },
  },
  routeRefresh: bare(2, 'routeRefresh'),
  extendedNextHop: {
    code: 5,
    encode: ({ tuples }, to) => {
      for (const { afi, safi, nextHopAfi } of tuples) to.u16(afi).u16(safi).u16(nextHopAfi);
    },
    decode: (from) => ({
      kind: 'extendedNextHop',
      tuples: from.each(() => ({ afi: from.u16(), safi: from.u16(), nextHopAfi: from.u16() })),
    }),
  },
  extendedMessage: bare(6, 'extendedMessage'),
  role: {
    code: 9,
    encode: ({ role }, to) => to.u8(role),
    decode: (from) => ({ kind: 'role', role: from.u8() }),
  },
  gracefulRestart: {
    code: 64,
    encode: ({ restartState, notification, restartTimeSeconds, families }, to) => {
      to.u16(
        (restartState ? restartStateBit : 0) | (notification ? notificationBit : 0) | (restartTimeSeconds & 0xfff),
      );
      for (const { afi, safi, forwarding } of families)
        to.u16(afi)
          .u8(safi)
          .u8(forwarding ? forwardingBit : 0);
    },
    decode: (from) => {
      const head = from.u16();
      return {
        kind: 'gracefulRestart',
        restartState: (head & restartStateBit) !== 0,
        notification: (head & notificationBit) !== 0,
        restartTimeSeconds: head & 0xfff,
        families: from.each(() => ({
          afi: from.u16(),
          safi: from.u8(),
          forwarding: (from.u8() & forwardingBit) !== 0,
        })),
      };
    },
  },
  fourOctetAs: {
    code: 65,
    encode: ({ asn }, to) => to.u32(asn),
    decode: (from) => ({ kind: 'fourOctetAs', asn: from.u32() }),
  },
  addPath: {
    code: 69,
    encode: ({ families }, to) => {
      for (const { afi, safi, direction } of families) to.u16(afi).u8(safi).u8(direction);
    },
    decode: (from) => ({
      kind: 'addPath',
      families: from.each(() => ({ afi: from.u16(), safi: from.u8(), direction: from.u8() })),
    }),
  },
  enhancedRouteRefresh: bare(70, 'enhancedRouteRefresh'),
  longLivedGracefulRestart: {
    code: 71,
    encode: ({ families }, to) => {
      for (const { afi, safi, forwarding, staleTimeSeconds } of families)
        to.u16(afi)
          .u8(safi)
          .u8(forwarding ? forwardingBit : 0)
          .u8(staleTimeSeconds >>> 16)
          .u16(staleTimeSeconds & 0xffff);
    },
    decode: (from) => ({
      kind: 'longLivedGracefulRestart',
      families: from.each(() => ({
        afi: from.u16(),
        safi: from.u8(),
        forwarding: (from.u8() & forwardingBit) !== 0,
        staleTimeSeconds: from.u8() * 0x10000 + from.u16(),
      })),
    }),
  },
  fqdn: {
    code: 73,
    encode: ({ host, domain }, to) => {
      to.counted(1, () => to.octets(utf8Within(host, maxHostOctets)));
      to.counted(1, () => to.octets(utf8Within(domain, maxDomainOctets)));
    },
    decode: (from) => ({
      kind: 'fqdn',
      host: utf8Text(from.octets(from.u8())),
      domain: utf8Text(from.octets(from.u8())),
    }),
  },
  softwareVersion: {
    code: 75,
    // With the inner length of the draft's earlier versions: FRR before 2025-12 takes the later form for malformed, while who
    // expects the later one merely reads a stray first character.
    encode: ({ version }, to) => to.counted(1, () => to.octets(utf8Within(version, maxVersionOctets))),
    decode: (from) => {
      const value = from.rest();
      const hasInnerLength = value[0] === value.length - 1;
      return { kind: 'softwareVersion', version: utf8Text(hasInnerLength ? value.subarray(1) : value) };
    },
  },
};

const byCode = new Map<number, Row<Capability>>(Object.values<Row<Capability>>(rows).map((row) => [row.code, row]));

export function encodeCapability(capability: Capability, to: Writer): void {
  if (capability.kind === 'unknown') {
    to.u8(capability.code).counted(1, () => to.octets(capability.value));
    return;
  }
  const row: Row<Capability> = rows[capability.kind];
  to.u8(row.code).counted(1, () => row.encode(capability, to));
}

/** Code, length, value; one after the other, as a capabilities parameter or a NOTIFICATION 2/7 has them. */
export function encodeCapabilities(capabilities: readonly Capability[]): Uint8Array {
  const to = new Writer();
  for (const capability of capabilities) encodeCapability(capability, to);
  return to.finish();
}

/** The capabilities of one parameter. `from` must throw malformedOpen() when it runs short. */
export const decodeCapabilities = (from: Reader): Capability[] =>
  from.each(() => {
    const code = from.u8();
    const length = from.u8();
    const wrongLength = () => malformedOpen(`capability ${code} cannot have a length of ${length}`);
    const value = from.within(length, wrongLength);
    const row = byCode.get(code);
    if (row === undefined) return { kind: 'unknown', code, value: value.rest().slice() };
    const capability = row.decode(value);
    if (!value.done) throw wrongLength();
    return capability;
  });

const safiNames: Readonly<Record<number, string>> = {
  1: 'unicast',
  2: 'multicast',
  4: 'labeled-unicast',
  70: 'evpn',
  71: 'link-state',
  128: 'vpn',
  133: 'flowspec',
};
const afiNames: Readonly<Record<number, string>> = { 1: 'ipv4', 2: 'ipv6', 25: 'l2vpn', 16388: 'link-state' };
const roleNames = ['provider', 'route server', 'route server client', 'customer', 'peer'] as const; // RFC 9234 §4.1
const addPathNames = [undefined, 'receive', 'send', 'send and receive'] as const; // RFC 7911 §4

/** "ipv4/unicast"; numbers where there is no name. */
export const describeFamily = ({ afi, safi }: AfiSafi): string =>
  `${afiNames[afi] ?? `afi ${afi}`}/${safiNames[safi] ?? `safi ${safi}`}`;

/** A few words for status, fit to print. */
export function describeCapability(capability: Capability): string {
  switch (capability.kind) {
    case 'multiprotocol':
      return `multiprotocol ${describeFamily(capability)}`;
    case 'routeRefresh':
      return 'route refresh';
    case 'extendedNextHop':
      return `extended next hop ${list(capability.tuples, (tuple) => `${describeFamily(tuple)} over ${afiNames[tuple.nextHopAfi] ?? `afi ${tuple.nextHopAfi}`}`)}`;
    case 'extendedMessage':
      return 'extended message';
    case 'role':
      return `role ${roleNames[capability.role] ?? capability.role}`;
    case 'gracefulRestart':
      return [
        `graceful restart ${capability.restartTimeSeconds}s`,
        ...(capability.restartState ? ['restarting'] : []),
        ...(capability.notification ? ['notification'] : []),
        ...capability.families.map(
          (family) => `${describeFamily(family)}${family.forwarding ? ' forwarding preserved' : ''}`,
        ),
      ].join(', ');
    case 'fourOctetAs':
      return `four-octet AS ${capability.asn}`;
    case 'addPath':
      return `additional paths ${list(capability.families, (family) => `${describeFamily(family)} ${addPathNames[family.direction] ?? `direction ${family.direction}`}`)}`;
    case 'enhancedRouteRefresh':
      return 'enhanced route refresh';
    case 'longLivedGracefulRestart':
      return `long-lived graceful restart ${list(capability.families, (family) => `${describeFamily(family)} ${family.staleTimeSeconds}s`)}`;
    case 'fqdn':
      return `host name ${sanitised([capability.host, capability.domain].filter((part) => part !== '').join('.'))}`;
    case 'softwareVersion':
      return `software version ${sanitised(capability.version)}`;
    case 'unknown':
      return `capability ${capability.code} (${capability.value.length} octets)`;
  }
}

const list = <T>(items: readonly T[], text: (item: T) => string): string => items.map(text).join(', ');
