// The decision which addresses a service gets: pools in order, the lowest free address first; what was freed lately only
// when nothing else is free. Both addresses of a dual-stack service come from one pool.

import type { AddressPool } from '../config/config.js';
import type { Address, Family } from '../net/address.js';
import type { FamilyWish } from './demand.js';
import type { Occupancy, Seeker } from './occupancy.js';

export interface Given {
  readonly addresses: readonly Address[];
  readonly pool: string;
  /** '' when it is the lowest free one, as nearly always. */
  readonly why: string;
}

export interface NoRoom {
  readonly message: string;
}

const lastResort = 'it has rested longest, and no eligible pool has another';
const familyNames = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** `pools`: those that may give, in order. */
export function allocate(
  occupancy: Occupancy,
  pools: readonly AddressPool[],
  wish: FamilyWish,
  seeker: Seeker,
): Given | NoRoom {
  const giving = pools.filter(({ state }) => state === 'active');
  for (const families of attempts(wish, giving)) {
    for (const mayDisturb of [false, true])
      for (const pool of giving) {
        const addresses = fromOne(occupancy, pool, families, seeker, mayDisturb);
        if (addresses !== undefined) return { addresses, pool: pool.name, why: mayDisturb ? lastResort : '' };
      }
  }
  return { message: whyNone(pools, giving, wish) };
}

/** The families that a holder lacks, from the pool that it has the others from. */
export const extend = (
  occupancy: Occupancy,
  pool: AddressPool,
  families: readonly Family[],
  seeker: Seeker,
): readonly Address[] | undefined =>
  pool.state === 'active'
    ? (fromOne(occupancy, pool, families, seeker, false) ?? fromOne(occupancy, pool, families, seeker, true))
    : undefined;

/** What is tried, in order. Where a single address of either family will do, the second counts only if no pool has the first. */
function attempts({ families, count }: FamilyWish, pools: readonly AddressPool[]): (readonly Family[])[] {
  const single = families.map((family) => [family]);
  switch (count) {
    case 'both':
      return [families];
    case 'preferBoth':
      return [families, ...single];
    case 'one':
      return single.filter(([family]) => pools.some((pool) => hasFamily(pool, family!))).slice(0, 1);
  }
}

/** `mayDisturb`: also what rests. */
function fromOne(
  occupancy: Occupancy,
  pool: AddressPool,
  families: readonly Family[],
  seeker: Seeker,
  mayDisturb: boolean,
): readonly Address[] | undefined {
  const addresses: Address[] = [];
  for (const family of families) {
    const address =
      occupancy.pick(pool, family, seeker) ?? (mayDisturb ? occupancy.pickResting(pool, family) : undefined);
    if (address === undefined) return undefined;
    addresses.push(address);
  }
  return addresses;
}

const hasFamily = ({ ranges }: AddressPool, family: Family): boolean =>
  ranges.some(({ first }) => first.family === family);

function whyNone(
  pools: readonly AddressPool[],
  giving: readonly AddressPool[],
  { families, count }: FamilyWish,
): string {
  const [only] = pools;
  const where = pools.length === 1 && only !== undefined ? ` in pool ${only.name}` : '';
  if (only !== undefined && giving.length === 0)
    return `no available IPs${where}: it is draining and gives nothing new`;
  if (giving.length === 0) return 'no available IPs: no pool gives this service an address by itself';
  const what = count === 'one' ? familyNames[families[0]!] : 'dual-stack';
  const isSuited = giving.some((pool) =>
    count === 'both' ? families.every((family) => hasFamily(pool, family)) : families.some((f) => hasFamily(pool, f)),
  );
  if (!isSuited) return `no suitable pool for ${what}${where}`;
  const tried = giving.map(({ name }) => name).join(', ');
  return where === '' ? `no available IPs in the pools ${tried}` : `no available IPs${where}`;
}
