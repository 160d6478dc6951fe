// What one entry asks of the pools, seen by itself: not whether anything is free, only what could be given at all.

import type { AddressPool, Config } from '../config/config.js';
import { type Address, type Family, formatAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import { accepts, PoolSet } from './pool-set.js';
import type { SettlementReason } from './reasons.js';

export type PoolRules = Pick<Config, 'addressPools' | 'allocation' | 'loadBalancerClasses' | 'handleUnclassed'>;

export type Demand =
  /** Of a class that is not ours: left alone altogether. */
  | { readonly kind: 'foreign'; readonly message: string }
  /** It wants prefixes announced, which need no pool. */
  | { readonly kind: 'nothing' }
  /** Where no pools exist: its addresses, as they stand. */
  | { readonly kind: 'asWritten' }
  | { readonly kind: 'impossible'; readonly reason: SettlementReason; readonly message: string }
  /** These and no others. The pool: of the first. */
  | { readonly kind: 'explicit'; readonly addresses: readonly Address[]; readonly pool: AddressPool }
  /** From the first of these pools that has room. */
  | { readonly kind: 'automatic'; readonly pools: readonly AddressPool[] };

export class Rules {
  readonly pools: PoolSet;
  readonly #rules: PoolRules;

  constructor(rules: PoolRules) {
    this.pools = new PoolSet(rules.addressPools, rules.allocation);
    this.#rules = rules;
  }

  get allocation(): PoolRules['allocation'] {
    return this.#rules.allocation;
  }

  get addressPools(): readonly AddressPool[] {
    return this.#rules.addressPools;
  }

  get hasPools(): boolean {
    return this.#rules.addressPools.length > 0;
  }

  demand(service: Service): Demand {
    if (!this.#isOurs(service)) {
      const what = service.loadBalancerClass === '' ? 'no class' : `the class ${service.loadBalancerClass}`;
      return { kind: 'foreign', message: `it has ${what}, which is not one that this herald takes` };
    }
    if (service.addresses.length > 0) return this.hasPools ? this.#explicit(service) : { kind: 'asWritten' };
    if (service.prefixes.length > 0 && service.addressPool === '') return { kind: 'nothing' };
    if (!this.hasPools)
      return impossible('noAddresses', 'it names no addresses and no addressPools exist to allocate from');
    return this.#automatic(service);
  }

  #isOurs({ loadBalancerClass }: Service): boolean {
    const { loadBalancerClasses, handleUnclassed } = this.#rules;
    if (loadBalancerClass !== '') return loadBalancerClasses.includes(loadBalancerClass);
    return loadBalancerClasses.length === 0 || handleUnclassed;
  }

  #explicit(service: Service): Demand {
    let first: AddressPool | undefined;
    for (const address of service.addresses) {
      const pool = this.pools.of(address);
      const text = formatAddress(address);
      if (pool === undefined) return impossible('AddressNotInPool', `${text} is in no address pool`);
      const { addressPool: asked } = service;
      if (asked !== '' && pool.name !== asked)
        return impossible('AddressNotInPool', `${text} is in the pool ${pool.name}, not in the asked ${asked}`);
      if (!accepts(pool, service))
        return impossible('poolNotCompatible', `${text} is in the pool ${pool.name}, which is not for this service`);
      first ??= pool;
    }
    return { kind: 'explicit', addresses: service.addresses, pool: first! };
  }

  #automatic(service: Service): Demand {
    const { addressPool: asked } = service;
    if (asked === '') return { kind: 'automatic', pools: this.pools.automatic(service) };
    const pool = this.pools.named(asked);
    if (pool === undefined) return impossible('unknownPool', `unknown pool "${asked}"`);
    if (!accepts(pool, service))
      return impossible(
        'poolNotCompatible',
        `pool ${asked} not compatible for ip assignment: it is not for this service`,
      );
    return { kind: 'automatic', pools: [pool] };
  }
}

const impossible = (reason: SettlementReason, message: string): Demand => ({ kind: 'impossible', reason, message });

/** Which families an entry wants addresses of, in the order of its preference. */
export interface FamilyWish {
  readonly families: readonly Family[];
  /** one: whichever comes first. preferBoth: both, or else one. */
  readonly count: 'one' | 'preferBoth' | 'both';
}

export function familyWish({ ipFamilyPolicy, ipFamilies }: Service): FamilyWish {
  const [first = 'ipv4'] = ipFamilies;
  const both: readonly Family[] = [first, first === 'ipv4' ? 'ipv6' : 'ipv4'];
  switch (ipFamilyPolicy) {
    case 'SingleStack':
      return { families: ipFamilies.length === 0 ? both : [first], count: 'one' };
    case 'PreferDualStack':
      return { families: both, count: 'preferBoth' };
    case 'RequireDualStack':
      return { families: both, count: 'both' };
  }
}
