// Which pool an address belongs to. Pools do not overlap (the configuration is checked for that), so the ranges of all
// of them stand in one sorted list.

import type { AddressPool } from '../config/config.js';
import { type Address, compareAddresses } from '../net/address.js';

export type PoolOf = (address: Address) => string | undefined;
/** The pool itself. */
export type FindPool = (address: Address) => AddressPool | undefined;

export function poolIndex(pools: readonly AddressPool[]): PoolOf {
  const find = poolFinder(pools);
  return (address) => find(address)?.name;
}

export function poolFinder(pools: readonly AddressPool[]): FindPool {
  const ranges = pools
    .flatMap((pool) => pool.ranges.map(({ first, last }) => ({ pool, first, last })))
    .sort((a, b) => compareAddresses(a.first, b.first));
  return (address) => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAddresses(ranges[middle]!.first, address) <= 0) low = middle + 1;
      else high = middle;
    }
    const candidate = ranges[low - 1];
    return candidate !== undefined && compareAddresses(address, candidate.last) <= 0 ? candidate.pool : undefined;
  };
}
