// Who gets which address, decided: a machine that is told what changed and what time it is, and answers what that means.
// It neither waits nor writes; its shell does both, and can take a change back before anything was said.
// Order: what is held stays held; then addresses named by entries; then services that must move; then all others.

import type { Account } from './books.js';
import { Books } from './books.js';
import { type PoolRules, Rules } from './demand.js';
import type { LedgerChange, LedgerContents } from './ledger.js';
import { holds, type Settlement } from './settlement.js';
import { type Halt, type Lookup, type Queues, Settler } from './settler.js';
import { standing, whyRevoked } from './standing.js';
import { type PoolUsage, poolUsage } from './usage.js';

/** A live allocation that a configuration would take away, and its pools refuse to. */
export interface Revocation {
  readonly service: string;
  readonly message: string;
}

/** Far more than anybody has: so that it cannot grow for ever. */
const mostForeseen = 1_000_000;

export class Allocations {
  readonly #books: Books;
  readonly #settler: Settler;
  #rulesBefore: Rules | undefined;
  /** Of entries that asked for an address before there were pools. */
  readonly #foreseen = new Map<string, number>();

  constructor(rules: PoolRules) {
    const compiled = new Rules(rules);
    this.#books = new Books(compiled.pools);
    this.#settler = new Settler(this.#books, compiled);
  }

  /** Nothing to decide: no pools exist, and nothing is held. */
  get isIdle(): boolean {
    return !this.#settler.rules.hasPools && this.#books.holding === 0;
  }

  get books(): Books {
    return this.#books;
  }

  get rules(): Rules {
    return this.#settler.rules;
  }

  get whys(): ReadonlyMap<string, string> {
    return this.#settler.whys;
  }

  restore(contents: Pick<LedgerContents, 'holdings' | 'releases'>): void {
    this.#books.restore(contents, (holding) => holds(holding, 'it was moving before the restart'));
    const sinces: number[] = [];
    for (const { name, holding } of this.#books.accounts()) {
      if (holding?.leaving !== undefined) this.#settler.leaving.add(name);
      if (holding !== undefined) sinces.push(holding.since);
    }
    // Which of them were moves is not known any more: rather too slow than too fast.
    for (const since of sinces.sort((a, b) => a - b)) this.#settler.pace.record(since);
    this.#settler.pace.commit();
  }

  /** Undefined: it is not among what is decided here. */
  settlement(name: string): Settlement | undefined {
    return this.#books.account(name)?.settlement;
  }

  /** Until it is lifted nothing is given that a service has not got already. What is held stays. */
  halt(halt: Halt | undefined): void {
    this.#settler.halt = halt;
  }

  /** It would be asking, were there pools: its place in the order is kept. */
  foresee(name: string): void {
    if (this.#foreseen.size >= mostForeseen) this.#foreseen.clear();
    if (!this.#foreseen.has(name)) this.#foreseen.set(name, ++this.#settler.orders);
  }

  change(names: Iterable<string>, lookup: Lookup, now: number): void {
    this.#settle(names, lookup, now, false);
  }

  /** Everything once more, by other rules. `names`: of all services, in the order of the table. */
  reconfigure(rules: PoolRules, names: Iterable<string>, lookup: Lookup, accepts: boolean, now: number): void {
    this.#rulesBefore ??= this.#settler.rules;
    const next = new Rules(rules);
    if (accepts) for (const { service } of this.#refused(next, lookup)) this.#settler.accepted.add(service);
    this.#settler.rules = next;
    this.#books.repool(next.pools);
    const known = [...this.#books.accounts()].filter(({ service }) => service !== undefined).map(({ name }) => name);
    const rankOf = (name: string): number => this.#foreseen.get(name) ?? Number.MAX_SAFE_INTEGER;
    const fresh = [...names].filter((name) => this.#books.account(name) === undefined);
    fresh.sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
    this.#settle(new Set([...known, ...fresh, ...names]), lookup, now, true);
  }

  /** Time went by: what was leaving goes, and who waited may move. */
  tick(lookup: Lookup, now: number): void {
    const due = [...this.#settler.leaving].filter(
      (name) => (this.#books.account(name)?.holding?.leaving?.until ?? 0) <= now,
    );
    for (const name of due) {
      const account = this.#books.account(name);
      if (account?.holding === undefined) continue;
      const holding = { ...account.holding, leaving: undefined };
      const stays = { ...account, holding, settlement: holds(holding) };
      this.#books.hold(stays, now);
      this.#settler.track(name);
      this.#settler.whys.set(name, 'both were announced long enough');
    }
    const isPaceOver = this.#settler.isPaced && this.#settler.movesLeft(now) > 0;
    if (isPaceOver) this.#settler.isPaced = false;
    const known = due.filter((name) => this.#books.account(name)?.service !== undefined);
    this.#settle(known, lookup, now, isPaceOver);
  }

  /** Everybody who waits is asked again: nothing is in the way any more. */
  retry(lookup: Lookup, now: number): void {
    this.#settle([], lookup, now, true);
  }

  /** When tick() is due next; undefined: never by itself. */
  wakeAt(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const name of this.#settler.leaving)
      next = Math.min(next, this.#books.account(name)?.holding?.leaving?.until ?? next);
    if (this.#settler.isPaced)
      next = Math.min(next, this.#settler.pace.next(this.#settler.rules.allocation.maxMovesPerMinute) ?? next);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** What other rules would newly take from services whose pools refuse that. */
  refusals(rules: PoolRules, lookup: Lookup): Revocation[] {
    const now = this.#settler.rules.pools;
    return this.#refused(new Rules(rules), lookup).filter(({ service }) => {
      const entry = lookup(service)!;
      return standing(entry, this.#books.account(service)!.holding!, now).uncovered.length === 0;
    });
  }

  #refused({ pools }: Rules, lookup: Lookup): Revocation[] {
    return [...this.#books.accounts()].flatMap(({ name, holding }) => {
      const service = lookup(name);
      if (holding === undefined || service === undefined || pools.onRevoke(holding.pool) !== 'refuse') return [];
      const after = standing(service, holding, pools);
      if (after.uncovered.length === 0) return [];
      const what = after.uncovered.length > 1 ? 'its addresses' : 'its address';
      return [{ service: name, message: `${name} would lose ${what}: ${whyRevoked(service, after, pools)}` }];
    });
  }

  commit(): void {
    if (this.isIdle && this.#settler.waiting.size > 0) this.#settler.waiting.clear();
    if (this.isIdle) this.#books.clear();
    this.#books.commit();
    this.#settler.whys.clear();
    this.#rulesBefore = undefined;
    this.#settler.pace.commit();
  }

  rollback(): void {
    const names = [...this.#books.changed.keys()];
    this.#settler.rules = this.#rulesBefore ?? this.#settler.rules;
    this.#books.rollback(this.#settler.rules.pools);
    this.#settler.pace.rollback();
    for (const name of names) this.#settler.track(name);
    this.commit();
  }

  /** Every source has been read: what no entry asks for is nobody's. */
  sweep(lookup: Lookup, now: number): void {
    const orphans = [...this.#books.accounts()].filter(({ service }) => service === undefined);
    for (const account of orphans) this.#settler.remove(account, now);
    this.#settle([], lookup, now, false);
  }

  usage(): PoolUsage[] {
    return poolUsage(this.#settler.rules, this.#books.occupancy);
  }

  unwritten(): LedgerChange | undefined {
    return this.#books.unwritten();
  }

  written(): void {
    this.#books.written();
  }

  #settle(names: Iterable<string>, lookup: Lookup, now: number, retriesAll: boolean): void {
    const books = this.#books;
    for (const release of books.occupancy.rested(now)) books.forget(release.address);
    let asked: ReadonlySet<string> = new Set(names);
    let retries = retriesAll;
    // Whatever becomes free on the way is offered to those who wait.
    for (;;) {
      const queues: Queues = { named: [], moving: [], others: [] };
      this.#settler.settleHeld(asked, lookup, now, queues);
      if (books.hasOpenings || retries) {
        const waiting = [...this.#settler.waiting].filter((name) => !asked.has(name));
        this.#settler.settleHeld(waiting, lookup, now, queues);
      }
      books.hasOpenings = false;
      retries = false;
      for (const account of inOrder(queues.named)) this.#settler.giveNamed(account, now);
      for (const mover of queues.moving.toSorted((a, b) => a.account.order - b.account.order))
        this.#settler.move(mover, now);
      for (const account of inOrder(queues.others)) this.#settler.give(account, now);
      if (!books.hasOpenings || this.#settler.waiting.size === 0) break;
      asked = new Set();
    }
    books.hasOpenings = false;
  }
}

function inOrder<A extends Account>(accounts: readonly A[]): readonly A[] {
  return accounts.toSorted((a, b) => a.order - b.order);
}
