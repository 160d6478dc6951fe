// What the kernel says about interfaces and their addresses, and what we ask of it: RTM_*LINK and RTM_*ADDR.
// Read rtnetlink(7), linux/if_link.h and linux/if_addr.h first.

import { type Address, addressFromOctets, addressOctets, sameAddress } from '../net/address.js';
import { utf8Octets, utf8Text } from '../net/text.js';
import type { Link } from './link.js';
import { HostView, NetlinkError, type NetlinkMessage, readAttributes, u32Octets, writeBody } from './netlink.js';

/** RTNLGRP_*: what netlink tells unasked. */
export const groups = { link: 1, ipv4Address: 5, ipv6Address: 9 } as const;

export const messageType = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
} as const;

/** NLM_F_*: of requests. */
export const requestFlag = { request: 0x1, ack: 0x4, dump: 0x300, exclusive: 0x200, create: 0x400 } as const;

/** IFA_F_*. */
export const addressFlag = {
  noDad: 0x02,
  dadFailed: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  noPrefixRoute: 0x200,
} as const;

/** An interface without its addresses, which come in messages of their own. */
export type LinkFacts = Omit<Link, 'addresses'>;

export interface InterfaceAddress {
  /** Of the interface. */
  readonly index: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** IFA_F_*. */
  readonly flags: number;
  /** The far end of a point-to-point interface. */
  readonly peer?: Address | undefined;
  /** Who put it there (since Linux 5.18); 0: nobody says. */
  readonly protocol: number;
  /** Of the prefix's route (since Linux 4.18); 0: the kernel's. */
  readonly metric: number;
}

export type LinkEvent =
  | { readonly kind: 'link'; readonly link: LinkFacts }
  | { readonly kind: 'linkGone'; readonly index: number }
  | { readonly kind: 'address'; readonly address: InterfaceAddress }
  | { readonly kind: 'addressGone'; readonly address: InterfaceAddress };

/** undefined: it is not about what we follow. */
export function readEvent({ type, body }: NetlinkMessage): LinkEvent | undefined {
  switch (type) {
    case messageType.newLink: {
      const link = readLink(body);
      return link && { kind: 'link', link };
    }
    case messageType.deleteLink: {
      const fixed = new HostView(body, linkHeaderOctets);
      // A port that leaves its bridge is "deleted" as well, for the family of bridges.
      return fixed.u8(0) === unspecified ? { kind: 'linkGone', index: fixed.u32(4) } : undefined;
    }
    case messageType.newAddress: {
      const address = readAddress(body);
      return address && { kind: 'address', address };
    }
    case messageType.deleteAddress: {
      const address = readAddress(body);
      return address && { kind: 'addressGone', address };
    }
    default:
      return undefined;
  }
}

// ── Interfaces: struct ifinfomsg, IFLA_* ─────────────────────────────────────────────────────────────────────────────

const unspecified = 0;
const linkHeaderOctets = 16;
const ethernet = 1;
const linkFlag = { up: 0x1, broadcast: 0x2, loopback: 0x8, noArp: 0x80, lowerUp: 0x10000 } as const;
const linkAttribute = { address: 1, name: 3, master: 10, wireless: 11, linkInfo: 18, extendedMask: 29 } as const;
const linkInfoKind = 1;
/** RTEXT_FILTER_SKIP_STATS: half of every message would be counters. */
const skipStatistics = 8;

const text = (octets: Uint8Array): string => {
  const end = octets.indexOf(0);
  return utf8Text(end < 0 ? octets : octets.subarray(0, end));
};

function readLink(body: Uint8Array): LinkFacts | undefined {
  const fixed = new HostView(body, linkHeaderOctets);
  const attributes = readAttributes(body.subarray(linkHeaderOctets));
  // Bridges and IPv6 tell of their side of an interface under their own family, wireless drivers of theirs without the rest.
  if (fixed.u8(0) !== unspecified || attributes.has(linkAttribute.wireless)) return undefined;
  const name = attributes.get(linkAttribute.name);
  if (name === undefined) throw new NetlinkError('an interface without a name');
  const flags = fixed.u32(8);
  const mac = attributes.get(linkAttribute.address);
  const master = attributes.get(linkAttribute.master);
  const kind = readAttributes(attributes.get(linkAttribute.linkInfo) ?? new Uint8Array()).get(linkInfoKind);
  return {
    index: fixed.u32(4),
    name: text(name),
    mac: fixed.u16(2) === ethernet && mac?.length === 6 ? Uint8Array.from(mac) : undefined,
    isUp: (flags & linkFlag.up) !== 0,
    hasCarrier: (flags & linkFlag.lowerUp) !== 0,
    isBroadcast: (flags & linkFlag.broadcast) !== 0,
    isLoopback: (flags & linkFlag.loopback) !== 0,
    isNoArp: (flags & linkFlag.noArp) !== 0,
    master: master === undefined ? 0 : new HostView(master, 4).u32(0),
    kind: kind === undefined ? '' : text(kind),
  };
}

/** RTM_GETLINK, of all of them. */
export const allLinks = (): Uint8Array =>
  writeBody(new Uint8Array(linkHeaderOctets), new Map([[linkAttribute.extendedMask, u32Octets(skipStatistics)]]));

/** RTM_GETLINK, of one; ENODEV where there is none of that name. */
export const linkNamed = (name: string): Uint8Array =>
  writeBody(new Uint8Array(linkHeaderOctets), new Map([[linkAttribute.name, utf8Octets(`${name}\0`)]]));

// ── Addresses: struct ifaddrmsg, IFA_* ───────────────────────────────────────────────────────────────────────────────

const addressHeaderOctets = 8;
/** AF_INET, AF_INET6. */
const familyNumber = { ipv4: 2, ipv6: 10 } as const;

interface AddressAttributes {
  /** On a point-to-point interface the far end, elsewhere the same as `local`; IPv6 has `local` only there. */
  readonly address: Address;
  readonly local: Address;
  readonly lifetimes: { readonly preferredSeconds: number; readonly validSeconds: number };
  readonly flags: number;
  readonly metric: number;
  readonly protocol: number;
}

interface Row<Value> {
  readonly type: number;
  encode(value: Value): Uint8Array;
  decode(octets: Uint8Array): Value;
}

function exactly(octets: Uint8Array, ...lengths: readonly number[]): Uint8Array {
  if (!lengths.includes(octets.length))
    throw new NetlinkError(`an attribute of an address has ${octets.length} octets`);
  return octets;
}

const ipRow = (type: number): Row<Address> => ({
  type,
  encode: addressOctets,
  decode: (octets) => addressFromOctets(exactly(octets, 4, 16)),
});
const u32Row = (type: number): Row<number> => ({
  type,
  encode: u32Octets,
  decode: (octets) => new HostView(octets, 4).u32(0),
});

const addressRows: { readonly [K in keyof AddressAttributes]: Row<AddressAttributes[K]> } = {
  address: ipRow(1),
  local: ipRow(2),
  // struct ifa_cacheinfo; the two moments after the lifetimes are the kernel's to say.
  lifetimes: {
    type: 6,
    encode: ({ preferredSeconds, validSeconds }) =>
      new Uint8Array(Uint32Array.of(preferredSeconds, validSeconds, 0, 0).buffer),
    decode: (octets) => {
      const view = new HostView(octets, 16);
      return { preferredSeconds: view.u32(0), validSeconds: view.u32(4) };
    },
  },
  flags: u32Row(8),
  metric: u32Row(9),
  protocol: { type: 11, encode: (value) => Uint8Array.of(value), decode: (octets) => new HostView(octets, 1).u8(0) },
};

function readAddress(body: Uint8Array): InterfaceAddress | undefined {
  const fixed = new HostView(body, addressHeaderOctets);
  const family = fixed.u8(0);
  if (family !== familyNumber.ipv4 && family !== familyNumber.ipv6) return undefined;
  const attributes = readAttributes(body.subarray(addressHeaderOctets));
  const value = <T>({ type, decode }: Row<T>): T | undefined => {
    const octets = attributes.get(type);
    return octets === undefined ? undefined : decode(octets);
  };
  const far = value(addressRows.address);
  const address = value(addressRows.local) ?? far;
  if (address === undefined || familyNumber[address.family] !== family)
    throw new NetlinkError('an address of another family than its message, or none');
  return {
    index: fixed.u32(4),
    address,
    prefixLength: fixed.u8(1),
    flags: value(addressRows.flags) ?? fixed.u8(2),
    peer: far === undefined || sameAddress(address, far) ? undefined : far,
    protocol: value(addressRows.protocol) ?? 0,
    metric: value(addressRows.metric) ?? 0,
  };
}

/** RTM_GETADDR, of both families and all interfaces. */
export const allAddresses = (): Uint8Array => new Uint8Array(addressHeaderOctets);

/** RTM_NEWADDR, RTM_DELADDR. A deprecated one is never the source of what this host sends, unless a program asks for it. */
export function writeAddress(address: InterfaceAddress): Uint8Array {
  const fixed = new Uint8Array(addressHeaderOctets);
  fixed[0] = familyNumber[address.address.family];
  fixed[1] = address.prefixLength;
  fixed.set(u32Octets(address.index), 4);
  const attributes = new Map<number, Uint8Array>();
  const put = <T>({ type, encode }: Row<T>, value: T): void => void attributes.set(type, encode(value));
  put(addressRows.address, address.peer ?? address.address);
  put(addressRows.local, address.address);
  put(addressRows.flags, address.flags);
  const isDeprecated = (address.flags & addressFlag.deprecated) !== 0;
  put(addressRows.lifetimes, { preferredSeconds: isDeprecated ? 0 : forever, validSeconds: forever });
  if (address.metric !== 0) put(addressRows.metric, address.metric);
  if (address.protocol !== 0) put(addressRows.protocol, address.protocol);
  return writeBody(fixed, attributes);
}

const forever = 0xffffffff;
