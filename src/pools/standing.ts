// Whether what a service holds is still what its entry asks for, and whether a pool still covers it. Pure: who else is on
// the addresses does not matter here.

import { type Address, type Family, formatAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import { familyWish } from './demand.js';
import type { Holding } from './holding.js';
import { sameAddresses, without } from './holding.js';
import { accepts, type PoolSet } from './pool-set.js';

export interface Standing {
  /** Those of its addresses that its entry still asks for. */
  readonly fitting: readonly Address[];
  /** Those of the fitting that no pool covers, for this service. */
  readonly uncovered: readonly Address[];
  /** Families its entry asks for and it has no address of. */
  readonly missing: readonly Family[];
  /** It can do without what is missing. */
  readonly isEnough: boolean;
  /** Why it needs others, if it does; '' when the pools are at fault, not the entry. */
  readonly unfit: string;
}

export function standing(service: Service, { addresses, asked }: Holding, pools: PoolSet): Standing {
  const isCovered = (address: Address): boolean => {
    const pool = pools.of(address);
    return pool !== undefined && accepts(pool, service);
  };
  const { addressPool } = service;
  // A pool that was renamed or split is no reason to move; another wish is.
  const wantsOther =
    addressPool !== '' && addressPool !== asked && addresses.some((one) => pools.of(one)?.name !== addressPool);
  if (service.addresses.length > 0) {
    const isSame = !wantsOther && sameAddresses(addresses, service.addresses);
    const fitting = isSame ? addresses : [];
    const unfit = isSame ? '' : 'its entry names other addresses';
    return { fitting, uncovered: fitting.filter((one) => !isCovered(one)), missing: [], isEnough: isSame, unfit };
  }
  const { families, count } = familyWish(service);
  const byFamily = families.map((family) => addresses.find((one) => one.family === family));
  const held = byFamily.filter((one) => one !== undefined);
  const fitting = wantsOther ? [] : count === 'one' ? held.slice(0, 1) : held;
  const missing = count === 'one' ? [] : families.filter((family) => !fitting.some((one) => one.family === family));
  const isEnough = fitting.length > 0 && (count !== 'both' || missing.length === 0);
  const unfit = wantsOther
    ? `its entry asks for the pool ${addressPool}`
    : isEnough
      ? ''
      : 'its entry asks for other address families';
  return { fitting, uncovered: fitting.filter((one) => !isCovered(one)), missing, isEnough, unfit };
}

/** As operators are told. */
export function whyRevoked(service: Service, { uncovered }: Standing, pools: PoolSet): string {
  const [first] = uncovered;
  if (first === undefined) return '';
  const pool = pools.of(first);
  const text = formatAddress(first);
  return pool === undefined
    ? `no pool covers ${text} any more`
    : `the pool ${pool.name} is not for ${service.name} any more`;
}

export const covered = ({ fitting, uncovered }: Standing): Address[] => without(fitting, uncovered);
