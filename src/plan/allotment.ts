// The allocator with its ledger: decides, stores, and only then lets be announced. Where nothing can be stored nothing new
// is given, and what is held stays announced. Hosts without pools pay nothing for it.

import type { Config } from '../config/config.js';
import type { Address } from '../net/address.js';
import { Allocations, type Revocation } from '../pools/allocations.js';
import type { LedgerChange, LedgerContents } from '../pools/ledger.js';
import { type Settlement, settledAlone } from '../pools/settlement.js';
import type { Lookup } from '../pools/settler.js';
import { type Transition, transitions } from '../pools/transitions.js';
import type { PoolUsage } from '../pools/usage.js';
import type { Service } from '../table/service.js';

export interface AllotmentPorts {
  /** Durable when it returns; throws when it cannot be, and then nothing of it is stored. */
  store(change: LedgerChange): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** After every change: what is worth a line, and when tick() is due next. */
  settled(lines: readonly Transition[], wakeAt: number | undefined, hasChanged: boolean): void;
}

/** For those who need no ledger. */
export const inMemory = (now: () => number): AllotmentPorts => ({ store: () => {}, now, settled: () => {} });

/** How soon it is tried again to store what could not be. */
const retryMs = 5000;

export class Allotment {
  readonly #allocations: Allocations;
  readonly #ports: AllotmentPorts;
  readonly #lookup: Lookup;
  /** Does what was done last once more. */
  #redo: () => void = () => {};
  #retryAt: number | undefined;
  /** Not every source has been read yet. */
  #isReading = false;
  /** Something may have changed that was not kept yet. */
  #isToKeep = true;
  /** The part of the configuration that was settled by last. */
  #said = '';

  constructor(config: Config, lookup: Lookup, ports: AllotmentPorts) {
    this.#allocations = new Allocations(config);
    this.#lookup = lookup;
    this.#ports = ports;
  }

  /** No pools, and nothing held: every entry is settled by itself. */
  get isIdle(): boolean {
    return this.#allocations.isIdle;
  }

  /** All there is to know about who holds what. */
  contents(): Pick<LedgerContents, 'holdings' | 'releases'> {
    return this.#allocations.books.contents();
  }

  /** What the service holds for good; undefined: nothing from a pool. */
  held(name: string): readonly Address[] | undefined {
    return this.#allocations.books.account(name)?.holding?.addresses;
  }

  /** Who has the address from a pool, be its entry known or not. */
  holdersOf(address: Address): string[] {
    return this.#allocations.books.occupancy.holdersOf(address);
  }

  /** Who had it lately, and until when nobody else gets it unless there is no other; in milliseconds since 1970. */
  resting(address: Address): { readonly service: string; readonly until: number } | undefined {
    const release = this.#allocations.books.occupancy.resting(address);
    if (release === undefined) return undefined;
    return { service: release.service, until: release.at + this.#allocations.rules.pools.reuseDelayMs(address) };
  }

  /** As they are served when several want the same. */
  inOrder(names: readonly string[]): readonly string[] {
    if (this.isIdle) return names;
    const orderOf = (name: string): number => this.#allocations.books.account(name)?.order ?? Number.MAX_SAFE_INTEGER;
    return names.toSorted((a, b) => orderOf(a) - orderOf(b));
  }

  /** Of a service that asks something of pools, or of none where none are. */
  settled(name: string): Settlement | undefined {
    return this.#allocations.settlement(name);
  }

  usage(): PoolUsage[] {
    return this.#allocations.usage();
  }

  restore(contents: Pick<LedgerContents, 'holdings' | 'releases'>): void {
    this.#allocations.restore(contents);
    this.#isToKeep = true;
  }

  /** Until allRead() nothing new is given: who holds what must be known first. */
  beginReading(): void {
    this.#isReading = true;
    this.#allocations.halt({
      reason: 'notYetRead',
      message: 'it waits until every source has been read',
      isReading: true,
    });
  }

  /** The names of services that stand otherwise now. */
  endReading(): string[] {
    if (!this.#isReading) return [];
    this.#isReading = false;
    this.#allocations.halt(undefined);
    return this.#make(() => this.#allocations.retry(this.#lookup, this.#ports.now()));
  }

  /** What no source asks for is given back. */
  sweep(): string[] {
    return this.#make(() => this.#allocations.sweep(this.#lookup, this.#ports.now()));
  }

  settlement(service: Service): Settlement {
    const settled = this.isIdle ? undefined : this.#allocations.settlement(service.name);
    if (settled !== undefined) return settled;
    const demand = this.#allocations.rules.demand(service);
    // Should pools come, the table's order counts.
    if (demand.kind === 'impossible') this.#allocations.foresee(service.name);
    return (
      settledAlone(demand, service) ?? {
        state: 'Pending',
        reason: 'noIPAllocated',
        message: 'it is not settled yet',
        pool: '',
        addresses: [],
      }
    );
  }

  /** These services are other ones, or gone. Answers who else stands otherwise now. */
  change(names: readonly string[]): string[] {
    if (this.isIdle) return [];
    return this.#make(() => this.#allocations.change(names, this.#lookup, this.#ports.now()));
  }

  refusals(config: Config): Revocation[] {
    return this.isIdle ? [] : this.#allocations.refusals(config, this.#lookup);
  }

  configure(config: Config, names: () => Iterable<string>, accepts: boolean): void {
    if (!accepts && this.#isSettledBy(config)) return;
    const staysIdle = this.isIdle && config.addressPools.length === 0;
    this.#make(() =>
      this.#allocations.reconfigure(config, staysIdle ? [] : names(), this.#lookup, accepts, this.#ports.now()),
    );
  }

  /** Nothing that matters here is another, as in most reloads. */
  #isSettledBy({ addressPools, allocation, loadBalancerClasses, handleUnclassed, sources }: Config): boolean {
    const said = JSON.stringify([addressPools, allocation, loadBalancerClasses, handleUnclassed, sources]);
    const isSame = said === this.#said;
    this.#said = said;
    return isSame;
  }

  /** Takes the last change back. */
  undo(): void {
    this.#said = '';
    this.#allocations.rollback();
  }

  /** Stores the last change, and holds it. Answers who stands otherwise because it could not be stored. */
  keep(): string[] {
    if (!this.#isToKeep && this.#retryAt === undefined) return [];
    this.#isToKeep = false;
    const change = this.#allocations.unwritten();
    let changed: string[] = [];
    try {
      if (change !== undefined) this.#ports.store(change);
      this.#allocations.written();
      if (this.#retryAt !== undefined) changed = this.#stored();
    } catch (error) {
      changed = this.#notStored(error instanceof Error ? error.message : String(error));
    }
    const { books, whys } = this.#allocations;
    const lines = transitions(books.changed, (name) => books.account(name), whys);
    const hasChanged = books.changed.size > 0;
    this.#allocations.commit();
    const due = [this.#allocations.wakeAt(), this.#retryAt].filter((at) => at !== undefined);
    this.#ports.settled(lines, due.length === 0 ? undefined : Math.min(...due), hasChanged);
    return changed;
  }

  /** A timer of ours is due. */
  tick(): string[] {
    return this.#make(() => this.#allocations.tick(this.#lookup, this.#ports.now()));
  }

  #make(change: () => void): string[] {
    this.#redo = change;
    this.#isToKeep = true;
    change();
    return [...this.#allocations.books.changed.keys()];
  }

  /** The change once more, without anything that would have to be stored before it is announced. */
  #notStored(why: string): string[] {
    const tried = this.#allocations.books.changed;
    const names = new Set(tried.keys());
    this.#allocations.rollback();
    this.#retryAt = this.#ports.now() + retryMs;
    if (!this.#isReading)
      this.#allocations.halt({
        reason: 'ledgerUnavailable',
        message: `nothing new is given out: ${why}`,
        isReading: false,
      });
    this.#redo();
    for (const name of this.#allocations.books.changed.keys()) names.add(name);
    return [...names];
  }

  /** Storing works again: whoever waited for that gets what is due. */
  #stored(): string[] {
    this.#retryAt = undefined;
    if (this.#isReading) return [];
    this.#allocations.halt(undefined);
    this.#allocations.books.goOn();
    const before = new Set(this.#allocations.books.changed.keys());
    this.#allocations.retry(this.#lookup, this.#ports.now());
    const change = this.#allocations.unwritten();
    if (change !== undefined) this.#ports.store(change);
    this.#allocations.written();
    return [...new Set([...before, ...this.#allocations.books.changed.keys()])];
  }
}
