// Whether a service holds its addresses, and if not why: the state operators see first.

import type { Config } from '../config/config.js';
import { type Address, formatAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import type { PoolOf } from './ranges.js';

export interface Settlement {
  readonly state: 'Allocated' | 'Pending' | 'Rejected' | 'Ignored';
  /** One word to search for; '' when there is nothing to explain. */
  readonly reason: string;
  readonly message: string;
  readonly pool: string;
  readonly addresses: readonly Address[];
}

export type PoolRules = Pick<Config, 'addressPools' | 'loadBalancerClasses' | 'handleUnclassed'>;

const refused = (state: Settlement['state'], reason: string, message: string): Settlement => ({
  state,
  reason,
  message,
  pool: '',
  addresses: [],
});

/** Entries of a class that is not ours are left alone altogether. */
function isOurs({ loadBalancerClass }: Service, { loadBalancerClasses, handleUnclassed }: PoolRules): boolean {
  if (loadBalancerClass !== '') return loadBalancerClasses.includes(loadBalancerClass);
  return loadBalancerClasses.length === 0 || handleUnclassed;
}

export function settle(service: Service, rules: PoolRules, poolOf: PoolOf): Settlement {
  if (!isOurs(service, rules)) {
    const what = service.loadBalancerClass === '' ? 'no class' : `the class ${service.loadBalancerClass}`;
    return refused('Ignored', 'loadBalancerClass', `it has ${what}, which is not one that this herald takes`);
  }
  if (service.addresses.length === 0) {
    if (service.prefixes.length > 0) return { state: 'Allocated', reason: '', message: '', pool: '', addresses: [] };
    return rules.addressPools.length === 0
      ? refused('Rejected', 'noAddresses', 'it names no addresses and no addressPools exist to allocate from')
      : refused(
          'Pending',
          'noIPAllocated',
          'it names no addresses, and allocation from addressPools is not in force yet',
        );
  }
  if (rules.addressPools.length === 0) {
    return { state: 'Allocated', reason: '', message: '', pool: '', addresses: service.addresses };
  }
  const asked = service.addressPool;
  let pool = '';
  for (const address of service.addresses) {
    const found = poolOf(address);
    if (found === undefined)
      return refused('Rejected', 'AddressNotInPool', `${formatAddress(address)} is in no address pool`);
    if (asked !== '' && found !== asked) {
      return refused(
        'Rejected',
        'AddressNotInPool',
        `${formatAddress(address)} is in the pool ${found}, not in the asked ${asked}`,
      );
    }
    pool = found;
  }
  return { state: 'Allocated', reason: '', message: '', pool, addresses: service.addresses };
}
