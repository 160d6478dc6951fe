// Pools and allocations as the API and allocations.json show them.

import type { PoolBody, PoolFamilyBody } from '../api/house.js';
import { formatAddress } from '../net/address.js';
import type { Allotment } from '../plan/allotment.js';
import type { Announcer } from '../plan/announcer.js';
import type { AllocationLine } from './allocations-file.js';

const exact = (count: bigint): number | string =>
  count > BigInt(Number.MAX_SAFE_INTEGER) ? String(count) : Number(count);

export const poolBodies = (allotment: Allotment): PoolBody[] =>
  allotment.usage().map(({ name, state, autoAssign, addresses, families }) => {
    const of = (wanted: string): PoolFamilyBody | undefined => {
      const found = families.find(({ family }) => family === wanted);
      return found && { capacity: exact(found.capacity), inUse: found.inUse, quarantined: found.quarantined };
    };
    const [ipv4, ipv6] = [of('ipv4'), of('ipv6')];
    return { name, state, autoAssign, addresses, ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
  });

/** By name, of the services that are asked for. */
export function* allocationLines({ allotment, table }: Announcer): Generator<AllocationLine> {
  if (allotment.isIdle) return;
  for (const name of table.names()) {
    const settled = allotment.settled(name);
    if (settled === undefined) continue;
    const { state, reason, message, pool, addresses, since } = settled;
    const sinceText = since === undefined ? '' : new Date(since).toISOString();
    yield { name, state, reason, message, pool, addresses: addresses.map(formatAddress), since: sinceText };
  }
}
