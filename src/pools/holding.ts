// What a service holds, as the house uses it and as the ledger keeps it.

import { type Address, formatAddress, parseAddress, sameAddress } from '../net/address.js';
import type { LedgerHolding, LedgerRelease } from './ledger.js';
import type { Release } from './occupancy.js';

export interface Holding {
  readonly addresses: readonly Address[];
  /** Where the first of them came from; as its pool is called now, as long as it is in one. */
  readonly pool: string;
  /** The pool its entry asked for when it got them. */
  readonly asked: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly leaving: Leaving | undefined;
}

/** What it has beside them for a while, after it moved. */
export interface Leaving {
  readonly addresses: readonly Address[];
  readonly pool: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const none: readonly Address[] = [];

export const everyAddress = (holding: Holding | undefined): readonly Address[] =>
  holding?.leaving === undefined ? (holding?.addresses ?? none) : [...holding.addresses, ...holding.leaving.addresses];

export const isAmong = (address: Address, list: readonly Address[]): boolean =>
  list.some((other) => sameAddress(other, address));

export const without = (list: readonly Address[], others: readonly Address[]): Address[] =>
  list.filter((address) => !isAmong(address, others));

export const sameAddresses = (a: readonly Address[], b: readonly Address[]): boolean =>
  a.length === b.length && a.every((address) => isAmong(address, b));

export const sameHolding = (a: Holding | undefined, b: Holding | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.pool === b.pool &&
    a.asked === b.asked &&
    a.since === b.since &&
    sameAddresses(a.addresses, b.addresses) &&
    a.leaving?.until === b.leaving?.until &&
    sameAddresses(a.leaving?.addresses ?? [], b.leaving?.addresses ?? []));

export function toLedger(service: string, { addresses, pool, asked, since, leaving }: Holding): LedgerHolding {
  return {
    service,
    addresses: addresses.map(formatAddress),
    pool,
    ...(asked === '' ? {} : { asked }),
    since,
    ...(leaving === undefined
      ? {}
      : { leaving: { addresses: leaving.addresses.map(formatAddress), pool: leaving.pool, until: leaving.until } }),
  };
}

/** Undefined: there is no address in it that can be read. */
export function fromLedger({ addresses, pool, asked = '', since, leaving }: LedgerHolding): Holding | undefined {
  const held = parsed(addresses);
  if (held.length === 0) return undefined;
  const left = parsed(leaving?.addresses ?? []);
  return {
    addresses: held,
    pool,
    asked,
    since,
    leaving: leaving && { addresses: left, pool: leaving.pool ?? '', until: leaving.until },
  };
}

const parsed = (texts: readonly string[]): Address[] => texts.flatMap((text) => parseAddress(text) ?? []);

export const releaseToLedger = ({ address, pool, service, at }: Release): LedgerRelease => ({
  address: formatAddress(address),
  pool,
  service,
  at,
});

export function releaseFromLedger({ address, pool, service, at }: LedgerRelease): Release | undefined {
  const parsedAddress = parseAddress(address);
  return parsedAddress && { address: parsedAddress, pool, service, at };
}
