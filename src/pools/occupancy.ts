// Who is on each address, what rests after it was freed, and which is the next to be given out. Knows pools and services by
// what they hold, and decides nothing: allocate.ts does.

import type { AddressPool } from '../config/config.js';
import { type Address, type AddressKey, addressKey, compareAddresses, type Family } from '../net/address.js';
import { FreeAddresses } from './free-addresses.js';
import type { PoolSet } from './pool-set.js';
import { SharedAddresses } from './shared-addresses.js';
import { conflict, type SharingTerms } from './sharing.js';

export interface Release {
  readonly address: Address;
  readonly pool: string;
  /** Who had it, and may have it back at once. */
  readonly service: string;
  /** Milliseconds since 1970; the next as well. */
  readonly at: number;
}

interface Holder {
  readonly service: string;
  /** Undefined: held since before the restart, and its entry has not been read again yet. It shares with nobody new. */
  terms: SharingTerms | undefined;
  /** Nearly always there is one alone. */
  next: Holder | undefined;
}

interface Space {
  readonly free: FreeAddresses;
  /** In the order in which they were freed. */
  readonly resting: Map<AddressKey, Release>;
  /** By sharing key and backend. */
  readonly shared: Map<string, SharedAddresses>;
  inUse: number;
}

export interface Seeker {
  readonly service: string;
  readonly terms: SharingTerms;
}

const sharedKey = ({ key, backend }: SharingTerms): string => `${key}\n${backend}`;

export class Occupancy {
  readonly #pools: PoolSet;
  readonly #holders = new Map<AddressKey, Holder>();
  readonly #spaces: Readonly<Record<Family, Map<AddressPool, Space>>> = { ipv4: new Map(), ipv6: new Map() };
  /** Addresses in no pool rest as well: they may be in one again. */
  readonly #elsewhere = new Map<AddressKey, Release>();
  readonly #restingOf = new Map<string, Address[]>();

  constructor(pools: PoolSet) {
    this.#pools = pools;
    for (const pool of pools.all)
      for (const family of ['ipv4', 'ipv6'] as const) {
        const ranges = pool.ranges.filter(({ first }) => first.family === family);
        if (ranges.length === 0) continue;
        const resting = new Map<AddressKey, Release>();
        const isTaken = (key: AddressKey): boolean => this.#holders.has(key) || resting.has(key);
        const free = new FreeAddresses(ranges, pool.avoidBuggyIPs, isTaken);
        this.#spaces[family].set(pool, { free, resting, shared: new Map(), inUse: 0 });
      }
  }

  isHeld(address: Address): boolean {
    return this.#holders.has(addressKey(address));
  }

  holdersOf(address: Address): string[] {
    const names: string[] = [];
    for (let holder = this.#holders.get(addressKey(address)); holder !== undefined; holder = holder.next)
      names.push(holder.service);
    return names;
  }

  take(address: Address, service: string, terms: SharingTerms | undefined): void {
    const key = addressKey(address);
    const space = this.#spaceOf(address);
    const next = this.#holders.get(key);
    this.#holders.set(key, { service, terms, next });
    if (space !== undefined && next === undefined) space.inUse++;
    enlist(space, address, terms);
  }

  setTerms(address: Address, service: string, terms: SharingTerms | undefined): void {
    const first = this.#holders.get(addressKey(address));
    for (let holder = first; holder !== undefined; holder = holder.next) {
      if (holder.service !== service || holder.terms === terms) continue;
      const space = this.#spaceOf(address);
      unlist(space, address, holder, first);
      holder.terms = terms;
      enlist(space, address, terms);
    }
  }

  leave(address: Address, service: string): void {
    const key = addressKey(address);
    this.setTerms(address, service, undefined);
    const first = this.#holders.get(key);
    if (first === undefined) return;
    let rest: Holder | undefined;
    for (let holder: Holder | undefined = first; holder !== undefined; holder = holder.next)
      if (holder.service !== service) rest = { ...holder, next: rest };
    if (rest !== undefined) {
      this.#holders.set(key, rest);
      return;
    }
    this.#holders.delete(key);
    const space = this.#spaceOf(address);
    if (space === undefined) return;
    space.inUse--;
    space.free.giveBack(address);
  }

  /** Why the seeker cannot have the address because of those that are on it. */
  conflict(address: Address, { service, terms }: Seeker): string | undefined {
    for (let holder = this.#holders.get(addressKey(address)); holder !== undefined; holder = holder.next) {
      if (holder.service === service) continue;
      const why =
        holder.terms === undefined ? 'existing service does not allow sharing' : conflict(holder.terms, terms);
      if (why !== undefined) return `in use by ${holder.service}: ${why}`;
    }
    return undefined;
  }

  /** As conflict(), of a holder among those that have been settled already. */
  disagreement(address: Address, { service, terms }: Seeker): string | undefined {
    for (let holder = this.#holders.get(addressKey(address)); holder !== undefined; holder = holder.next) {
      const why = holder.service === service || !holder.terms ? undefined : conflict(holder.terms, terms);
      if (why !== undefined) return `in use by ${holder.service}: ${why}`;
    }
    return undefined;
  }

  rest(release: Release): void {
    const key = addressKey(release.address);
    const resting = this.#spaceOf(release.address)?.resting ?? this.#elsewhere;
    resting.delete(key);
    resting.set(key, release);
    const own = this.#restingOf.get(release.service) ?? [];
    this.#restingOf.set(release.service, [...own.filter((other) => addressKey(other) !== key), release.address]);
  }

  resting(address: Address): Release | undefined {
    return (this.#spaceOf(address)?.resting ?? this.#elsewhere).get(addressKey(address));
  }

  *releases(): Generator<Release> {
    for (const resting of this.#restingPlaces()) yield* resting.values();
  }

  /** It is held again, or has rested long enough. */
  forget(address: Address): void {
    const key = addressKey(address);
    const space = this.#spaceOf(address);
    const resting = space?.resting ?? this.#elsewhere;
    const release = resting.get(key);
    if (release === undefined) return;
    resting.delete(key);
    const own = (this.#restingOf.get(release.service) ?? []).filter((other) => addressKey(other) !== key);
    if (own.length === 0) this.#restingOf.delete(release.service);
    else this.#restingOf.set(release.service, own);
    if (!this.#holders.has(key)) space?.free.giveBack(address);
  }

  /** What has rested long enough by now. */
  rested(now: number): Release[] {
    const over: Release[] = [];
    for (const resting of this.#restingPlaces()) {
      for (const release of resting.values()) {
        if (release.at + this.#pools.reuseDelayMs(release.address) > now) break;
        over.push(release);
      }
    }
    return over;
  }

  /** The address of a pool the seeker gets next: the lowest that is free, was its own, or that it may share. */
  pick(pool: AddressPool, family: Family, seeker: Seeker): Address | undefined {
    const space = this.#spaces[family].get(pool);
    if (space === undefined) return undefined;
    let lowest = space.free.lowest();
    for (const own of this.#restingOf.get(seeker.service) ?? [])
      if (space.resting.has(addressKey(own)) && isLower(own, lowest)) lowest = own;
    const { terms } = seeker;
    const shared = terms.key === '' ? undefined : space.shared.get(sharedKey(terms));
    for (const address of shared?.candidates(terms.ports) ?? []) {
      if (!isLower(address, lowest)) break;
      if (this.conflict(address, seeker) === undefined) return address;
    }
    return lowest;
  }

  /** The one that has rested longest: for when nothing else is free. */
  pickResting(pool: AddressPool, family: Family): Address | undefined {
    for (const release of this.#spaces[family].get(pool)?.resting.values() ?? []) return release.address;
    return undefined;
  }

  usage(pool: AddressPool, family: Family): { readonly inUse: number; readonly resting: number } {
    const space = this.#spaces[family].get(pool);
    return { inUse: space?.inUse ?? 0, resting: space?.resting.size ?? 0 };
  }

  *#restingPlaces(): Generator<ReadonlyMap<AddressKey, Release>> {
    for (const spaces of [this.#spaces.ipv4, this.#spaces.ipv6])
      for (const { resting } of spaces.values()) yield resting;
    yield this.#elsewhere;
  }

  #spaceOf(address: Address): Space | undefined {
    const pool = this.#pools.of(address);
    return pool && this.#spaces[address.family].get(pool);
  }
}

const isLower = (address: Address, than: Address | undefined): boolean =>
  than === undefined || compareAddresses(address, than) < 0;

function enlist(space: Space | undefined, address: Address, terms: SharingTerms | undefined): void {
  if (space === undefined || terms === undefined || terms.key === '') return;
  let shared = space.shared.get(sharedKey(terms));
  if (shared === undefined) {
    shared = new SharedAddresses();
    space.shared.set(sharedKey(terms), shared);
  }
  shared.add(address);
  shared.usePorts(terms.ports, 1);
}

function unlist(space: Space | undefined, address: Address, holder: Holder, first: Holder | undefined): void {
  const { terms } = holder;
  if (space === undefined || terms === undefined || terms.key === '') return;
  const key = sharedKey(terms);
  const shared = space.shared.get(key);
  if (shared === undefined) return;
  shared.usePorts(terms.ports, -1);
  for (let other = first; other !== undefined; other = other.next)
    if (other !== holder && other.terms !== undefined && sharedKey(other.terms) === key) return;
  shared.remove(address);
  if (shared.isEmpty) space.shared.delete(key);
}
