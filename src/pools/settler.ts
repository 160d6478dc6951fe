// Settles one service after the other: what it keeps, what it loses, what it is given next. When, and in which order, is for
// allocations.ts to say.

import { type Address, formatAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import { allocate, extend, type Given } from './allocate.js';
import type { Account, Books } from './books.js';
import { type Demand, familyWish, type Rules } from './demand.js';
import { everyAddress, type Holding, isAmong, without } from './holding.js';
import type { Seeker } from './occupancy.js';
import { Pace } from './pace.js';
import type { SettlementReason } from './reasons.js';
import {
  asWritten,
  holds,
  ignored,
  outOfPool,
  pending,
  rejected,
  type Settlement,
  sameSettlement,
  whyKept,
} from './settlement.js';
import { sameTerms, termsOf } from './sharing.js';
import { covered, type Standing, standing, whyRevoked } from './standing.js';

export type Lookup = (name: string) => Service | undefined;

/** Why nothing new is given out at present. */
export interface Halt {
  readonly reason: SettlementReason;
  readonly message: string;
  /** Nothing is taken away either: an entry that ranks before those that are known may be still to come. */
  readonly isReading: boolean;
}

export type Asking = Account & { readonly service: Service };

/** One that holds addresses and needs others. */
export interface Mover {
  readonly account: Asking;
  readonly held: Standing;
  readonly why: string;
}

/** What must be given, once all that is held is settled. */
export interface Queues {
  readonly named: Asking[];
  readonly moving: Mover[];
  readonly others: Asking[];
}

const unsettled: Settlement = pending('noIPAllocated', 'it has not been settled yet');

export class Settler {
  readonly books: Books;
  rules: Rules;
  /** Nothing is given that a service has not got already. */
  halt: Halt | undefined;
  /** How many have been given their place in the order. */
  orders = 0;
  /** Services that may get something once it is free. */
  readonly waiting = new Set<string>();
  /** Services with an address that goes when the overlap is over. */
  readonly leaving = new Set<string>();
  /** Of moves because pools changed. */
  readonly pace = new Pace();
  /** Somebody waits for the pace. */
  isPaced = false;
  /** Revocations that refusing pools had, and the operator accepted. */
  readonly accepted = new Set<string>();
  /** Why accounts are not what they were, for the log. */
  readonly whys = new Map<string, string>();

  constructor(books: Books, rules: Rules) {
    this.books = books;
    this.rules = rules;
  }

  /** What is held is settled first, the longest held before the others; what must be given is queued. */
  settleHeld(names: Iterable<string>, lookup: Lookup, now: number, queues: Queues): void {
    const held: (Asking & { readonly holding: Holding })[] = [];
    for (const name of names) {
      const service = lookup(name);
      const known = this.books.account(name);
      if (service === undefined) {
        if (known !== undefined) this.remove(known, now);
        continue;
      }
      const order = known === undefined || known.order === 0 ? ++this.orders : known.order;
      const { holding, settlement = unsettled } = known ?? {};
      const account = { name, service, order, holding, settlement };
      if (holding === undefined) this.#queue(account, queues);
      else held.push({ ...account, holding });
      if (holding !== undefined && opensUp(known?.service, service)) this.books.hasOpenings = true;
    }
    for (const { name, holding } of held)
      for (const address of everyAddress(holding)) this.books.occupancy.setTerms(address, name, undefined);
    held.sort((a, b) => a.holding.since - b.holding.since || a.order - b.order);
    for (const account of held) this.#keep(account, account.holding, now, queues);
  }

  #queue(account: Asking, { named, others }: Queues): void {
    (account.service.addresses.length > 0 ? named : others).push(account);
  }

  #keep(account: Asking, holding: Holding, now: number, queues: Queues): void {
    const { service, name } = account;
    const { occupancy } = this.books;
    if (this.halt?.isReading === true) {
      this.settled(account, holds(holding));
      this.waiting.add(name);
      return;
    }
    const demand = this.rules.demand(service);
    if (demand.kind === 'foreign' || demand.kind === 'nothing' || demand.kind === 'asWritten') {
      // Without pools addresses stay announced as written: those do not rest.
      const staying = demand.kind === 'asWritten' ? service.addresses : [];
      const why = demand.kind === 'foreign' ? demand.message : 'its entry needs no address of a pool';
      this.#queue(this.#release(account, why, now, staying), queues);
      return;
    }
    const seeker = seekerOf(account);
    const every = everyAddress(holding);
    const quarrel = every.map((address) => occupancy.disagreement(address, seeker)).find((why) => why !== undefined);
    if (quarrel !== undefined) {
      this.#queue(this.#release(account, quarrel, now), queues);
      return;
    }
    for (const address of every) occupancy.setTerms(address, name, seeker.terms);
    const held = standing(service, holding, this.rules.pools);
    if (service.addresses.length > 0 && !held.isEnough) {
      queues.named.push(account);
      return;
    }
    if (held.uncovered.length > 0) {
      this.#revoked(account, holding, held, now, queues);
      return;
    }
    this.accepted.delete(name);
    if (held.unfit !== '') {
      queues.moving.push({ account, held, why: held.unfit });
      return;
    }
    const refreshed = this.#refreshed(account, holding, held);
    if (refreshed !== holding) this.whys.set(name, 'its entry asks for no more');
    const kept = this.#hold(account, refreshed, now);
    if (held.missing.length > 0) this.#complete(kept, held, now);
  }

  /** Of a service that has what it must have: no more than that, with the pool's present name. */
  #refreshed({ service }: Asking, holding: Holding, { fitting }: Standing): Holding {
    const addresses = holding.addresses.filter((address) => isAmong(address, fitting));
    const pool = this.rules.pools.of(addresses[0]!)?.name ?? holding.pool;
    const asked = service.addressPool;
    const isAsIs = pool === holding.pool && holding.asked === asked && addresses.length === holding.addresses.length;
    return isAsIs ? holding : { ...holding, addresses, pool, asked };
  }

  #revoked(account: Asking, holding: Holding, held: Standing, now: number, queues: Queues): void {
    const { service, name } = account;
    const why = whyRevoked(service, held, this.rules.pools);
    const policy = this.rules.pools.onRevoke(holding.pool);
    const acts = policy === 'refuse' && this.accepted.has(name) ? 'reassign' : policy;
    if (acts === 'release') this.#queue(this.#release(account, why, now), queues);
    else if (acts === 'reassign' && service.addresses.length === 0) queues.moving.push({ account, held, why });
    else {
      const [reason, rest] = whyKept(acts, service.addresses.length > 0);
      this.settled(account, outOfPool(holding, reason, `${why}; ${rest}`));
    }
  }

  /** The second address of a service that would like one and can do without, from the pool of the first. */
  #complete(account: Asking, { fitting, missing }: Standing, now: number): void {
    const [first] = fitting;
    const { holding } = account;
    const pool = first && this.rules.pools.of(first);
    if (pool === undefined || holding === undefined) return;
    if (this.halt !== undefined) {
      this.waiting.add(account.name);
      return;
    }
    const more = extend(this.books.occupancy, pool, missing, seekerOf(account));
    if (more !== undefined) {
      this.whys.set(account.name, 'the pool of its other address has one');
      this.#hold(account, { ...holding, addresses: [...fitting, ...more] }, now);
    } else if (missing.some((family) => pool.ranges.some((range) => range.first.family === family)))
      this.waiting.add(account.name);
  }

  giveNamed(account: Asking, now: number): void {
    const { service, name } = account;
    const demand = this.rules.demand(service);
    const failure = this.#whyNotNamed(account, demand);
    if (failure !== undefined) {
      this.settled(this.#release(account, failure.message, now), failure);
      return;
    }
    if (demand.kind === 'explicit') {
      const { addresses } = service;
      const pool = demand.pool.name;
      this.#hold(account, { addresses, pool, asked: service.addressPool, since: now, leaving: undefined }, now);
    } else this.settled(account, demand.kind === 'foreign' ? ignored(demand.message) : asWritten(service.addresses));
    this.whys.set(name, 'its entry names it');
  }

  #whyNotNamed(account: Asking, demand: Demand): Settlement | undefined {
    if (demand.kind === 'foreign') return undefined;
    if (demand.kind === 'impossible') return rejected(demand.reason, demand.message);
    const { service, holding } = account;
    const own = everyAddress(holding);
    if (this.halt !== undefined && demand.kind === 'explicit' && without(service.addresses, own).length > 0)
      return pending(this.halt.reason, this.halt.message);
    for (const address of service.addresses) {
      const why = this.books.occupancy.conflict(address, seekerOf(account));
      if (why !== undefined) return pending('addressInUse', `${formatAddress(address)} is ${why}`);
      const pool = this.rules.pools.of(address);
      if (pool?.state === 'draining' && !isAmong(address, own))
        return pending('poolDraining', `${formatAddress(address)} is in the pool ${pool.name}, which is draining`);
    }
    return undefined;
  }

  move({ account, held, why }: Mover, now: number): void {
    const { name, service, holding } = account;
    if (holding === undefined) return;
    const isRevoked = held.uncovered.length > 0;
    const stay = (reason: SettlementReason, message: string): void => {
      this.settled(account, isRevoked ? outOfPool(holding, reason, `${why}; ${message}`) : holds(holding, why));
      this.waiting.add(name);
    };
    if (this.halt !== undefined) {
      stay(this.halt.reason, this.halt.message);
      return;
    }
    if (isRevoked && this.movesLeft(now) <= 0) {
      this.isPaced = true;
      stay(
        'movePaced',
        `it keeps its address until its turn: maxMovesPerMinute is ${this.rules.allocation.maxMovesPerMinute}`,
      );
      return;
    }
    const given = this.#elsewhere(account, held);
    if (typeof given === 'string') {
      if (isRevoked) stay('noFreeAddress', `it keeps its address until another is free: ${given}`);
      else this.give(this.#release(account, why, now), now);
      return;
    }
    if (isRevoked) this.pace.record(now);
    const leaving = without(everyAddress(holding), given.addresses);
    const until = now + this.rules.allocation.overlapSeconds * 1000;
    const asked = service.addressPool;
    const moved: Holding = {
      addresses: given.addresses,
      pool: given.pool,
      asked,
      since: now,
      leaving: leaving.length > 0 && until > now ? { addresses: leaving, pool: holding.pool, until } : undefined,
    };
    this.whys.set(name, why);
    this.accepted.delete(name);
    this.#hold(account, moved, now, why);
  }

  /** Where a service goes that cannot stay as it is; or why it cannot. */
  #elsewhere(account: Asking, held: Standing): Given | string {
    const { service } = account;
    const stays = covered(held);
    const seeker = seekerOf(account);
    const wish = familyWish(service);
    const [first] = stays;
    const pool = first && this.rules.pools.of(first);
    const lacking = wish.families.filter((family) => !stays.some((address) => address.family === family));
    const more = pool && wish.count !== 'one' && extend(this.books.occupancy, pool, lacking, seeker);
    if (pool && more) {
      const both = [...stays, ...more];
      const addresses = wish.families.flatMap((family) => both.find((address) => address.family === family) ?? []);
      return { addresses, pool: pool.name, why: '' };
    }
    const demand = this.rules.demand(service);
    if (demand.kind !== 'automatic') return demand.kind === 'impossible' ? demand.message : 'no pool is for it';
    const given = allocate(this.books.occupancy, demand.pools, wish, seeker);
    // One address that may stay is as good as another.
    if (pool && wish.count === 'preferBoth' && (!('addresses' in given) || given.addresses.length < 2))
      return { addresses: stays, pool: pool.name, why: '' };
    return 'addresses' in given ? given : given.message;
  }

  give(account: Asking, now: number): void {
    const { service, name } = account;
    const demand = this.rules.demand(service);
    switch (demand.kind) {
      case 'foreign':
        this.settled(account, ignored(demand.message));
        return;
      case 'nothing':
      case 'asWritten':
        this.settled(account, asWritten([]));
        return;
      case 'impossible':
        this.settled(account, rejected(demand.reason, demand.message));
        return;
      case 'explicit':
        this.giveNamed(account, now);
        return;
      case 'automatic':
    }
    if (this.halt !== undefined) {
      this.settled(account, pending(this.halt.reason, this.halt.message));
      return;
    }
    const given = allocate(this.books.occupancy, demand.pools, familyWish(service), seekerOf(account));
    if (!('addresses' in given)) {
      this.settled(account, pending('noIPAllocated', given.message));
      return;
    }
    if (given.why !== '') this.whys.set(name, given.why);
    const { addresses, pool } = given;
    const holding: Holding = { addresses, pool, asked: service.addressPool, since: now, leaving: undefined };
    const kept = this.#hold(account, holding, now);
    if (service.ipFamilyPolicy !== 'PreferDualStack' || addresses.length > 1) return;
    this.#complete(kept, standing(service, holding, this.rules.pools), now);
  }

  #hold(account: Asking, holding: Holding, now: number, why = ''): Asking {
    if (holding === account.holding) {
      // The reason of a move that goes on is the one it had.
      const goesOn = holding.leaving !== undefined && account.settlement.state === 'Moving';
      return this.settled(account, goesOn ? account.settlement : holds(holding));
    }
    const { name, service, order } = account;
    const changed = { name, service, order, holding, settlement: holds(holding, why) };
    this.books.hold(changed, now);
    this.track(name);
    return changed;
  }

  #release<A extends Account>(account: A, why: string, now: number, staying: readonly Address[] = []): A {
    if (account.holding === undefined) return account;
    const released = { ...account, holding: undefined, settlement: unsettled };
    this.books.hold(released, now, staying);
    this.whys.set(account.name, why);
    this.track(account.name);
    return released;
  }

  remove(account: Account, now: number): void {
    this.#release(account, 'its entry is gone', now);
    this.books.close(account.name);
    this.track(account.name);
  }

  settled<A extends Account>(account: A, settlement: Settlement): A {
    const known = this.books.account(account.name);
    const isSame = known !== undefined && sameSettlement(known.settlement, settlement);
    const changed = { ...account, settlement: isSame ? known.settlement : settlement };
    if (!isSame || known.service !== account.service || known.order !== account.order) this.books.put(changed);
    this.track(account.name);
    return changed;
  }

  /** Keeps the lists of those who wait for something. */
  track(name: string): void {
    const account = this.books.account(name);
    const state = account?.settlement.state;
    if (state === 'Pending' || state === 'OutOfPool') this.waiting.add(name);
    else this.waiting.delete(name);
    if (account?.holding?.leaving === undefined) this.leaving.delete(name);
    else this.leaving.add(name);
    if (account === undefined) this.accepted.delete(name);
  }

  movesLeft(now: number): number {
    return this.pace.left(this.rules.allocation.maxMovesPerMinute, now);
  }
}

const seekerOf = ({ name, service }: Asking): Seeker => ({ service: name, terms: termsOf(service) });

/** Whoever could not share its address may be able to now. */
function opensUp(before: Service | undefined, after: Service): boolean {
  if (before === after || after.allowSharedIP === '') return false;
  return before === undefined || !sameTerms(termsOf(before), termsOf(after));
}
