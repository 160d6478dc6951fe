// How full the pools are, in the order of the configuration.

import type { AddressPool } from '../config/config.js';
import { type Address, bitsOf, type Family, formatAddress } from '../net/address.js';
import type { Rules } from './demand.js';
import type { Range } from './free-addresses.js';
import type { Occupancy } from './occupancy.js';

export interface PoolUsage {
  readonly name: string;
  readonly state: AddressPool['state'];
  readonly autoAssign: boolean;
  /** As `FIRST-LAST`, or as a prefix where it is one. */
  readonly addresses: readonly string[];
  readonly families: readonly FamilyUsage[];
}

export interface FamilyUsage {
  readonly family: Family;
  /** Beyond what a number holds exactly. */
  readonly capacity: bigint;
  readonly inUse: number;
  /** Freed lately, and not given to others yet. */
  readonly quarantined: number;
}

export const poolUsage = ({ addressPools }: Rules, occupancy: Occupancy): PoolUsage[] =>
  addressPools.map((pool) => ({
    name: pool.name,
    state: pool.state,
    autoAssign: pool.autoAssign,
    addresses: pool.ranges.map(formatRange),
    families: (['ipv4', 'ipv6'] as const).flatMap((family): FamilyUsage[] => {
      const ranges = pool.ranges.filter(({ first }) => first.family === family);
      if (ranges.length === 0) return [];
      const capacity = ranges.reduce((sum, range) => sum + capacityOf(range, pool.avoidBuggyIPs), 0n);
      const { inUse, resting } = occupancy.usage(pool, family);
      return [{ family, capacity, inUse, quarantined: resting }];
    }),
  }));

const toNumber = ({ words }: Address): bigint => words.reduce((sum, word) => sum * 0x100000000n + BigInt(word), 0n);

function capacityOf({ first, last }: Range, avoidsBuggy: boolean): bigint {
  const [start, end] = [toNumber(first), toNumber(last)];
  const size = end - start + 1n;
  if (!avoidsBuggy || first.family === 'ipv6') return size;
  /** How many up to and with `to` end in this octet. */
  const ending = (octet: bigint, to: bigint): bigint => (to - octet + 256n) / 256n;
  const buggy = [0n, 255n].reduce((sum, octet) => sum + ending(octet, end) - ending(octet, start - 1n), 0n);
  return size - buggy;
}

function formatRange({ first, last }: Range): string {
  const [start, end] = [toNumber(first), toNumber(last)];
  const size = end - start + 1n;
  const hostBits = size.toString(2).length - 1;
  const isPrefix = size === 1n << BigInt(hostBits) && start % size === 0n;
  return isPrefix
    ? `${formatAddress(first)}/${bitsOf(first.family) - hostBits}`
    : `${formatAddress(first)}-${formatAddress(last)}`;
}
