// Which pool an address belongs to. Pools do not overlap (the configuration is checked for that), so the ranges of all
// of them stand in one sorted list.

import type { AddressPool } from '../config/config.js';
import { type Address, compareAddresses } from '../net/address.js';

export type PoolOf = (address: Address) => string | undefined;

export function poolIndex(pools: readonly AddressPool[]): PoolOf {
  const ranges = pools
    .flatMap(({ name, ranges }) => ranges.map(({ first, last }) => ({ name, first, last })))
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
    return candidate !== undefined && compareAddresses(address, candidate.last) <= 0 ? candidate.name : undefined;
  };
}
