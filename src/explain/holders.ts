// Who has to do with an address or a prefix: found by looking at every entry, which takes some ten milliseconds for a million.

import { type Address, bitsOf, contains, formatPrefix, type Prefix, prefixOf, sameAddress } from '../net/address.js';
import type { Announcer } from '../plan/announcer.js';
import { rowOf } from '../table/bulk.js';
import { type KeptService, PlainService, whole } from '../table/plain-service.js';
import type { Service } from '../table/service.js';

/** Names of services that hold the address; then of those that ask for it, or announce a prefix that it is in. */
export function holdersOf(address: Address, { table, allotment }: Announcer): string[] {
  const holders = allotment.holdersOf(address).filter((name) => table.slot(name) !== undefined);
  const asking: string[] = [];
  for (const { name, service, others } of table.slots()) {
    const isIts = isFor(address, service) || others.some((claim) => isFor(address, claim.service));
    if (isIts && !holders.includes(name)) asking.push(name);
  }
  return [...holders.sort(), ...asking.sort()];
}

function isFor(address: Address, kept: KeptService | undefined): boolean {
  if (kept === undefined) return false;
  if (!(kept instanceof PlainService))
    return (
      kept.addresses.some((one) => sameAddress(one, address)) ||
      kept.prefixes.some((prefix) => contains(prefix, address))
    );
  if (address.family === 'ipv4') return kept.ipv4 === (address.words[0]! | 0);
  return kept.ipv6?.every((word, i) => word >>> 0 === address.words[i]) === true;
}

export interface PrefixHolders {
  /** Names of services that announce just this prefix, or would. */
  readonly announcing: readonly string[];
  /** Of services that have addresses in it. */
  readonly inside: readonly string[];
  /** Of services that announce one that it is in. */
  readonly around: readonly string[];
}

export function prefixHolders(prefix: Prefix, announcer: Announcer): PrefixHolders {
  const announcing: string[] = [];
  const inside: string[] = [];
  const around: string[] = [];
  const text = formatPrefix(prefix);
  const isAggregate = aggregationLengths(prefix, announcer).includes(prefix.length);
  for (const slot of announcer.table.slots()) {
    const kept = announcer.table.countedOf(slot);
    if (kept === undefined) continue;
    const service = whole(kept);
    const { prefixes } = service;
    const isIn = holds(service, prefix, announcer);
    if (isIn) inside.push(slot.name);
    const isAnnounced =
      prefixes.some((one) => formatPrefix(one) === text) ||
      (isIn && isAggregate && prefixesOf(service, announcer).includes(text));
    if (isAnnounced) announcing.push(slot.name);
    else if (prefixes.some((one) => one.length < prefix.length && contains(one, prefix))) around.push(slot.name);
  }
  return { announcing: announcing.sort(), inside: inside.sort(), around: around.sort() };
}

function prefixesOf(service: Service, announcer: Announcer): string[] {
  const { routes, withheld } = announcer.planOf(service);
  return [...routes, ...withheld].map((one) => formatPrefix(one.prefix));
}

const holds = (service: Service, prefix: Prefix, announcer: Announcer): boolean =>
  announcer.settlement(service).addresses.some((address) => contains(prefix, address));

function aggregationLengths({ family }: Address, { config }: Announcer): number[] {
  const lengths = config.bgpAdvertisements.map((one) =>
    family === 'ipv4' ? one.aggregationLength : one.aggregationLengthV6,
  );
  return [...new Set(lengths)].filter((length) => length < bitsOf(family));
}

/** Prefixes as which others of its neighbourhood may be announced, and the address with them. */
export const aggregatesOf = (address: Address, announcer: Announcer): Prefix[] =>
  aggregationLengths(address, announcer).map((length) => prefixOf(address, length));

export interface BulkRow {
  readonly source: string;
  readonly prefix: Prefix;
  /** As it is counted in lists. */
  readonly row: number;
}

/** Rows of bulks that are this prefix, and with `orAround` those that it is in; the longest first. */
export function bulkRows(prefix: Prefix, orAround: boolean, { bulks }: Announcer): BulkRow[] {
  const rows: BulkRow[] = [];
  for (let length = prefix.length; length >= (orAround ? 0 : prefix.length); length--) {
    const wanted = prefixOf(prefix, length);
    for (const [source, bulk] of bulks) {
      const row = rowOf(bulk, wanted);
      if (row >= 0) rows.push({ source, prefix: wanted, row });
    }
  }
  return rows;
}
