// Which interfaces can serve addresses, and which of them one address is for. What an interface is decides where an
// address belongs; whether it is up decides only whether it is announced there now.

import { type Address, bitsOf, contains, type Prefix, prefixOf } from '../net/address.js';
import type { Link } from './link.js';

/** What no event but a new configuration, or another device, will change. */
export type Unsuitable =
  | 'excluded'
  | 'loopback'
  | 'notBroadcast'
  | 'noArp'
  | 'noEthernetAddress'
  | 'bridgeOrBondMember';

/** What passes. */
export type OutOfService = 'interfaceDown' | 'noCarrier';

/** An interface that addresses can be announced on, up or not. */
export interface Segment {
  readonly index: number;
  readonly name: string;
  /** Only an advertisement that names it reaches it. */
  readonly isExcluded: boolean;
  /** What is on link there; host prefixes say nothing about that. */
  readonly subnets: readonly Prefix[];
}

/** Devices that hold others together: a member's frames belong to them. A VRF is none of these. */
const holdingKinds = ['bridge', 'bond', 'team', 'openvswitch'];

export type Matches = (name: string) => boolean;

const isGlob = (pattern: string): boolean => /[*?]/.test(pattern);

/** Names, and globs where `*` stands for any characters and `?` for one. */
export function matcher(patterns: readonly string[]): Matches {
  const names = new Set(patterns.filter((pattern) => !isGlob(pattern)));
  const globs = patterns.filter(isGlob).map((pattern) => {
    const literal = pattern.replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&');
    return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u');
  });
  return (name) => names.has(name) || globs.some((glob) => glob.test(name));
}

export function unsuitable(link: Link, links: readonly Link[], isExcluded: Matches): Unsuitable | undefined {
  if (link.isLoopback) return 'loopback';
  if (isExcluded(link.name)) return 'excluded';
  if (!link.isBroadcast) return 'notBroadcast';
  if (link.isNoArp) return 'noArp';
  if (link.mac === undefined) return 'noEthernetAddress';
  const master = link.master === 0 ? undefined : links.find(({ index }) => index === link.master);
  return master !== undefined && holdingKinds.includes(master.kind) ? 'bridgeOrBondMember' : undefined;
}

export function outOfService({ isUp, hasCarrier }: Link): OutOfService | undefined {
  if (!isUp) return 'interfaceDown';
  return hasCarrier ? undefined : 'noCarrier';
}

export function segments(links: readonly Link[], isExcluded: Matches): Segment[] {
  return links.flatMap((link): Segment[] => {
    const why = unsuitable(link, links, isExcluded);
    // An excluded one is kept for those who name it, if it is good for anything.
    if (why !== undefined && (why !== 'excluded' || unsuitable(link, links, () => false) !== undefined)) return [];
    const subnets = link.addresses
      .filter(({ address, prefixLength }) => prefixLength < bitsOf(address.family))
      .map(({ address, prefixLength }) => prefixOf(address, prefixLength));
    return [{ index: link.index, name: link.name, isExcluded: why === 'excluded', subnets }];
  });
}

/** Where one advertisement announces an address. */
export type Choose = (address: Address) => readonly Segment[];

/** `interfaces`: of the advertisement; empty: the interfaces whose subnet holds the address, else every one. */
export function chooser(interfaces: readonly string[], all: readonly Segment[]): Choose {
  if (interfaces.length > 0) {
    const matches = matcher(interfaces);
    const named = all.filter(({ name, isExcluded }) => (isExcluded ? interfaces.includes(name) : matches(name)));
    return () => named;
  }
  const usual = all.filter(({ isExcluded }) => !isExcluded);
  return (address) => {
    const holding = usual.filter(({ subnets }) => subnets.some((subnet) => contains(subnet, address)));
    return holding.length > 0 ? holding : usual;
  };
}

/** Equal for links among which every address is for the same interfaces. */
export const segmentsKey = (all: readonly Segment[]): string => JSON.stringify(all);
