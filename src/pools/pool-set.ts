// The pools of a configuration as the allocator asks for them. A disabled pool is as if it were not there.

import type { AddressPool, AllocationRules, OnRevoke, ServiceAllocation } from '../config/config.js';
import { anySelects, type LabelSelector } from '../config/selector.js';
import type { Address } from '../net/address.js';
import type { Service } from '../table/service.js';
import { isBuggy } from './free-addresses.js';
import { type FindPool, poolFinder } from './ranges.js';

type Pools = readonly AddressPool[];

/** The label every namespace of Kubernetes has by itself; here it is the only one. */
const namespaceLabel = 'kubernetes.io/metadata.name';

export class PoolSet {
  /** By name, so that nothing depends on the order of the configuration. */
  readonly all: Pools;
  readonly #byName: ReadonlyMap<string, AddressPool>;
  readonly #find: FindPool;
  readonly #rules: AllocationRules;
  /** For whichever services their selectors accept, the preferred first. */
  readonly #selecting: Pools;
  readonly #others: Pools;

  constructor(pools: Pools, rules: AllocationRules) {
    this.all = pools.filter(({ state }) => state !== 'disabled').toSorted(byName);
    this.#byName = new Map(pools.map((pool) => [pool.name, pool]));
    this.#find = poolFinder(this.all);
    this.#rules = rules;
    const automatic = this.all.filter(({ autoAssign, state }) => autoAssign && state === 'active');
    this.#others = automatic.filter(({ serviceAllocation }) => serviceAllocation === undefined);
    this.#selecting = automatic
      .filter(({ serviceAllocation }) => serviceAllocation !== undefined)
      .toSorted((a, b) => priorityOf(a) - priorityOf(b) || byName(a, b));
  }

  named(name: string): AddressPool | undefined {
    const pool = this.#byName.get(name);
    return pool?.state === 'disabled' ? undefined : pool;
  }

  /** The pool that can give the address, or has given it. */
  of(address: Address): AddressPool | undefined {
    const pool = this.#find(address);
    return pool?.avoidBuggyIPs === true && isBuggy(address) ? undefined : pool;
  }

  /** Where an address comes from that nobody asked for, in order: pools meant for the service, then those meant for all. */
  automatic(service: Service): Pools {
    const meant = this.#selecting.filter((pool) => accepts(pool, service));
    return meant.length === 0 ? this.#others : [...meant, ...this.#others];
  }

  /** Disabled pools still say what becomes of what they gave. */
  onRevoke(pool: string): OnRevoke {
    return this.#byName.get(pool)?.onRevoke ?? this.#rules.onRevoke;
  }

  reuseDelayMs(address: Address): number {
    return (this.#find(address)?.reuseDelaySeconds ?? this.#rules.reuseDelaySeconds) * 1000;
  }
}

/** A service must be in one of the namespaces, if any are named, and match one of the selectors, if there are any. */
export function accepts({ serviceAllocation }: AddressPool, { name, labels }: Service): boolean {
  if (serviceAllocation === undefined) return true;
  const { serviceSelectors } = serviceAllocation;
  return inNamespaces(serviceAllocation, name) && anySelects(serviceSelectors, labels);
}

function inNamespaces({ namespaces, namespaceSelectors }: ServiceAllocation, name: string): boolean {
  if (namespaces.length === 0 && namespaceSelectors.length === 0) return true;
  const namespace = name.slice(0, name.indexOf('/'));
  return namespaces.includes(namespace) || selectsNamespace(namespaceSelectors, namespace);
}

const selectsNamespace = (selectors: readonly LabelSelector[], namespace: string): boolean =>
  selectors.length > 0 && anySelects(selectors, { [namespaceLabel]: namespace });

const priorityOf = ({ serviceAllocation }: AddressPool): number => {
  const priority = serviceAllocation?.priority ?? 0;
  return priority === 0 ? Number.MAX_SAFE_INTEGER : priority;
};

const byName = (a: AddressPool, b: AddressPool): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
