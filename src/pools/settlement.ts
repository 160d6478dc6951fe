// How a service stands with its addresses: the state operators see first, and the words that explain it.

import type { OnRevoke } from '../config/config.js';
import { type Address, formatAddress, sameAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import type { Demand } from './demand.js';
import { everyAddress, type Holding } from './holding.js';
import type { SettlementReason } from './reasons.js';

export interface Settlement {
  readonly state: 'Allocated' | 'Pending' | 'Rejected' | 'Ignored' | 'OutOfPool' | 'Moving';
  /** One word to search for; '' when there is nothing to explain. */
  readonly reason: SettlementReason;
  readonly message: string;
  readonly pool: string;
  /** All that may be announced: while it moves, the new before the old. */
  readonly addresses: readonly Address[];
  /** Milliseconds since 1970; undefined: as long as the entry has been there. */
  readonly since?: number;
  /** Which pool those came from that are in none any more, or are leaving. */
  readonly origin?: (address: Address) => string | undefined;
}

const nothing = (state: Settlement['state'], reason: SettlementReason, message: string): Settlement => ({
  state,
  reason,
  message,
  pool: '',
  addresses: [],
});

export const pending = (reason: SettlementReason, message: string): Settlement => nothing('Pending', reason, message);
export const rejected = (reason: SettlementReason, message: string): Settlement => nothing('Rejected', reason, message);
export const ignored = (message: string): Settlement => nothing('Ignored', 'loadBalancerClass', message);

/** Announced as the entry says: no pool is involved. */
export const asWritten = (addresses: readonly Address[]): Settlement => ({
  ...nothing('Allocated', '', ''),
  addresses,
});

/** Of an entry that gets nothing from a pool, whatever others have; undefined: that is for the allocator to say. */
export function settledAlone(demand: Demand, { addresses }: Service): Settlement | undefined {
  switch (demand.kind) {
    case 'foreign':
      return ignored(demand.message);
    case 'nothing':
      return asWritten([]);
    case 'asWritten':
      return asWritten(addresses);
    case 'impossible':
      return rejected(demand.reason, demand.message);
    case 'explicit':
    case 'automatic':
      return undefined;
  }
}

export const listed = (addresses: readonly Address[]): string => addresses.map(formatAddress).join(' and ');

/** `why` it moves, if it does. */
export function holds(holding: Holding, why = ''): Settlement {
  const { addresses, pool, since, leaving } = holding;
  if (leaving === undefined || leaving.addresses.length === 0)
    return { state: 'Allocated', reason: '', message: '', pool, addresses, since };
  const until = new Date(leaving.until).toISOString();
  return {
    state: 'Moving',
    reason: 'moving',
    message: `moving from ${listed(leaving.addresses)} to ${listed(addresses)}${why === '' ? '' : `: ${why}`}; both are announced until ${until}`,
    pool,
    addresses: everyAddress(holding),
    since,
    origin: originOf(holding),
  };
}

export function outOfPool(holding: Holding, reason: SettlementReason, message: string): Settlement {
  const { pool, since } = holding;
  return {
    state: 'OutOfPool',
    reason,
    message,
    pool,
    addresses: everyAddress(holding),
    since,
    origin: originOf(holding),
  };
}

export const sameSettlement = (a: Settlement, b: Settlement): boolean =>
  a.state === b.state &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.pool === b.pool &&
  a.since === b.since &&
  a.addresses.length === b.addresses.length &&
  a.addresses.every((address, i) => sameAddress(address, b.addresses[i]!));

const originOf =
  ({ pool, leaving }: Holding) =>
  (address: Address): string | undefined =>
    (leaving?.addresses.includes(address) === true ? leaving.pool : pool) || undefined;

/** Why an address that its pool no longer covers is kept. */
export function whyKept(
  policy: Exclude<OnRevoke, 'release'>,
  isExplicit: boolean,
): readonly [SettlementReason, string] {
  switch (policy) {
    case 'keep':
      return ['kept', 'it keeps its address, as onRevoke: keep says'];
    case 'refuse':
      return [
        'notAccepted',
        'it keeps its address until `herald reload --accept-revocations`, as onRevoke: refuse says',
      ];
    case 'reassign':
      return isExplicit
        ? ['kept', 'its entry names this address, so it keeps it']
        : ['noFreeAddress', 'it keeps its address until another is free'];
  }
}
