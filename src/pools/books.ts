// The books of the allocator: an account for each service, who is on which address, and what the ledger has still to be told.
// Every change can be taken back as long as it is not committed.

import { type Address, type AddressKey, addressKey, formatAddress } from '../net/address.js';
import type { Service } from '../table/service.js';
import {
  everyAddress,
  fromLedger,
  type Holding,
  isAmong,
  releaseFromLedger,
  releaseToLedger,
  sameHolding,
  toLedger,
} from './holding.js';
import type { LedgerChange, LedgerContents } from './ledger.js';
import { Occupancy, type Release } from './occupancy.js';
import type { PoolSet } from './pool-set.js';
import type { Settlement } from './settlement.js';
import { termsOf } from './sharing.js';

export interface Account {
  readonly name: string;
  /** Undefined: held since before a restart, and its entry has not been read yet. */
  readonly service: Service | undefined;
  /** Of several that want the same, the lower goes first. */
  readonly order: number;
  readonly holding: Holding | undefined;
  readonly settlement: Settlement;
}

interface KnownRelease {
  readonly address: Address;
  readonly release: Release | undefined;
}

export class Books {
  #accounts = new Map<string, Account>();
  #occupancy: Occupancy;
  #pools: PoolSet;
  #holding = 0;
  /** As it was before the change that is being made. */
  readonly #before = new Map<string, Account | undefined>();
  readonly #releasesBefore = new Map<AddressKey, KnownRelease>();
  /** As the ledger has it, where earlier changes could not be written. */
  readonly #written = new Map<string, Holding | undefined>();
  /** The ledger has this change already. */
  #isWritten = false;
  readonly #releasesWritten = new Map<AddressKey, KnownRelease>();
  /** Something became free, or open to sharing, that somebody may wait for. */
  hasOpenings: boolean = false;

  constructor(pools: PoolSet) {
    this.#pools = pools;
    this.#occupancy = new Occupancy(pools);
  }

  get occupancy(): Occupancy {
    return this.#occupancy;
  }

  /** Services that hold an address. */
  get holding(): number {
    return this.#holding;
  }

  accounts(): IterableIterator<Account> {
    return this.#accounts.values();
  }

  account(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  /** What the ledger has, before anything else. */
  restore(
    { holdings, releases }: Pick<LedgerContents, 'holdings' | 'releases'>,
    asHeld: (holding: Holding) => Settlement,
  ): void {
    for (const stored of holdings) {
      const holding = fromLedger(stored);
      if (holding === undefined) continue;
      const { service: name } = stored;
      this.#accounts.set(name, { name, service: undefined, order: 0, holding, settlement: asHeld(holding) });
      this.#holding++;
    }
    this.#rebuild(releases.flatMap((release) => releaseFromLedger(release) ?? []));
  }

  /** All there is to know about who holds what: as the ledger would have it. */
  contents(): Pick<LedgerContents, 'holdings' | 'releases'> {
    const holding = [...this.#accounts.values()].flatMap((account) =>
      account.holding === undefined ? [] : [toLedger(account.name, account.holding)],
    );
    return { holdings: holding, releases: [...this.#occupancy.releases()].map(releaseToLedger) };
  }

  /** From now on by these pools. */
  repool(pools: PoolSet): void {
    this.#pools = pools;
    this.#rebuild([...this.#occupancy.releases()]);
  }

  #rebuild(releases: readonly Release[]): void {
    this.#occupancy = new Occupancy(this.#pools);
    for (const { name, service, holding } of this.#accounts.values())
      for (const address of everyAddress(holding)) this.#occupancy.take(address, name, service && termsOf(service));
    for (const release of releases.toSorted((a, b) => a.at - b.at))
      if (!this.#occupancy.isHeld(release.address)) this.#occupancy.rest(release);
  }

  /** What is known of the service, its holding left as it is. */
  put(account: Account): void {
    this.#remember(account.name);
    this.#accounts.set(account.name, account);
  }

  /** As put(), with another holding. What it lacks is not given to others at once, unless it is `staying` in use otherwise. */
  hold(account: Account, now: number, staying: readonly Address[] = []): void {
    const { name, service, holding } = account;
    const known = this.#remember(name);
    const [before, after] = [everyAddress(known?.holding), everyAddress(holding)];
    for (const address of after) {
      if (isAmong(address, before)) continue;
      this.forget(address);
      this.#occupancy.take(address, name, service && termsOf(service));
    }
    for (const address of before) {
      if (isAmong(address, after)) continue;
      this.#occupancy.leave(address, name);
      if (this.#occupancy.isHeld(address)) continue;
      this.hasOpenings = true;
      const isLeaving = known?.holding?.leaving?.addresses.includes(address) === true;
      const pool = (isLeaving ? known?.holding?.leaving?.pool : known?.holding?.pool) ?? '';
      const rests = !isAmong(address, staying) && this.#pools.reuseDelayMs(address) > 0;
      if (rests) this.#rest({ address, pool, service: name, at: now });
    }
    this.#holding += (holding === undefined ? 0 : 1) - (known?.holding === undefined ? 0 : 1);
    this.#accounts.set(name, account);
  }

  /** Nothing is decided any more: what is held is nothing, and what rests goes on resting. */
  clear(): void {
    this.#accounts.clear();
    this.#rebuild([...this.#occupancy.releases()]);
  }

  close(name: string): void {
    this.#remember(name);
    this.#accounts.delete(name);
  }

  #remember(name: string): Account | undefined {
    const known = this.#accounts.get(name);
    if (!this.#before.has(name)) this.#before.set(name, known);
    return known;
  }

  #rest(release: Release): void {
    this.#rememberRelease(release.address);
    this.#occupancy.rest(release);
  }

  forget(address: Address): void {
    if (this.#occupancy.resting(address) === undefined) return;
    this.#rememberRelease(address);
    this.#occupancy.forget(address);
  }

  #rememberRelease(address: Address): void {
    const key = addressKey(address);
    const known = { address, release: this.#occupancy.resting(address) };
    if (!this.#releasesBefore.has(key)) this.#releasesBefore.set(key, known);
    if (!this.#releasesWritten.has(key)) this.#releasesWritten.set(key, known);
  }

  /** The accounts as they were before the change that is made now. */
  get changed(): ReadonlyMap<string, Account | undefined> {
    return this.#before;
  }

  commit(): void {
    if (!this.#isWritten)
      for (const [name, account] of this.#before)
        if (!this.#written.has(name)) this.#written.set(name, account?.holding);
    this.#forgetChange();
  }

  #forgetChange(): void {
    this.#isWritten = false;
    this.#before.clear();
    this.#releasesBefore.clear();
  }

  rollback(pools: PoolSet): void {
    if (this.#before.size === 0 && this.#releasesBefore.size === 0 && pools === this.#pools) return;
    const releases = new Map([...this.#occupancy.releases()].map((release) => [addressKey(release.address), release]));
    for (const [key, { release }] of this.#releasesBefore) {
      if (release === undefined) releases.delete(key);
      else releases.set(key, release);
    }
    for (const [name, account] of this.#before) {
      const now = this.#accounts.get(name);
      this.#holding += (account?.holding === undefined ? 0 : 1) - (now?.holding === undefined ? 0 : 1);
      if (account === undefined) this.#accounts.delete(name);
      else this.#accounts.set(name, account);
    }
    this.#forgetChange();
    this.#pools = pools;
    this.#rebuild([...releases.values()]);
  }

  /** What the ledger lacks; undefined: nothing. */
  unwritten(): LedgerChange | undefined {
    const held = [];
    const dropped = [];
    for (const [name, written] of this.#ledgerHas()) {
      const holding = this.#accounts.get(name)?.holding;
      if (sameHolding(holding, written)) continue;
      if (holding === undefined) dropped.push(name);
      else held.push(toLedger(name, holding));
    }
    const released = [];
    const forgotten = [];
    for (const { address, release: written } of this.#releasesWritten.values()) {
      const release = this.#occupancy.resting(address);
      if (release === undefined) {
        if (written !== undefined) forgotten.push(formatAddress(address));
      } else if (release.at !== written?.at || release.service !== written.service)
        released.push(releaseToLedger(release));
    }
    if (held.length + dropped.length + released.length === 0) return undefined;
    return { held, dropped, released, forgotten };
  }

  *#ledgerHas(): Generator<readonly [name: string, holding: Holding | undefined]> {
    yield* this.#written;
    if (this.#isWritten) return;
    for (const [name, account] of this.#before) if (!this.#written.has(name)) yield [name, account?.holding];
  }

  /** The change goes on after it was written. */
  goOn(): void {
    if (this.#isWritten)
      for (const name of this.#before.keys()) this.#written.set(name, this.#accounts.get(name)?.holding);
    this.#isWritten = false;
  }

  written(): void {
    this.#isWritten = true;
    this.#written.clear();
    this.#releasesWritten.clear();
  }
}
