// One interface of the LAN's workshop: the addresses wanted there, those of them that are answered for, and what the
// responder was told. It changes in two steps, settle() and say(), so that all that comes in one turn goes out as one.

import type { Address, Family } from '../net/address.js';
import type { Clock, Random } from '../ports.js';
import { AddressRows, addressKey, columnsOf, type Row } from './address-rows.js';
import { type ConflictAction, conflictAction } from './claim.js';
import { Conflicts, type SeenConflict } from './conflicts.js';
import { type OutOfService, outOfService } from './interfaces.js';
import { Refreshes, Retries } from './intervals.js';
import type { Link } from './link.js';
import { Probing } from './probing.js';
import type { LinkCounters } from './responder.js';
import { ServedLink, type ServingSurroundings } from './served-link.js';
import { type LanState, merged, type Policy } from './wish.js';

export interface LanSurroundings extends ServingSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the neighbour of the track answers on the interface. */
  isReachable(track: string, link: number): boolean;
  /** settle() and say() are to be called once this turn is over. */
  changed(link: LanLink): void;
  hear(event: LanEvent): void;
}

export type LanEvent =
  | {
      readonly kind: 'conflict';
      readonly link: string;
      readonly address: Address;
      readonly mac: Uint8Array;
      readonly action: ConflictAction;
    }
  /** An address that was refused is announced after all. */
  | { readonly kind: 'conflictOver'; readonly link: string; readonly address: Address }
  /** The responder does not take the interface; it is asked again. */
  | { readonly kind: 'failed'; readonly link: string; readonly problem: string };

interface Claim {
  readonly service: string;
  readonly policy: Policy;
}

/** One address on this interface. `row` is where it stands among those that are answered for. */
export interface Entry extends Row {
  readonly link: LanLink;
  claims: readonly Claim[];
  state: 'idle' | 'probing' | 'announced' | 'refused';
  wasRefused: boolean;
}

export class LanLink {
  readonly index: number;
  readonly #around: LanSurroundings;
  readonly #entries = new Map<number | string, Entry>();
  readonly #touched = new Set<Entry>();
  /** What the responder answers for while it has the interface open. */
  readonly #rows = new AddressRows<Entry>();
  /** To be answered for and announced, and nobody was told yet. */
  readonly #fresh = new Set<Entry>();
  readonly #probing: Probing<Entry>;
  readonly #refused: Retries<Entry>;
  readonly #refreshes: Refreshes;
  readonly #conflicts: Conflicts<Entry>;
  readonly #served: ServedLink;
  #link: Link | undefined;
  /** It was out of service: switches have forgotten where our addresses are. */
  #isBack: boolean = false;

  constructor(index: number, around: LanSurroundings) {
    this.index = index;
    this.#around = around;
    const { timers, clock, random } = around;
    this.#probing = new Probing(
      timers,
      random,
      (entries) => this.#served.probe(columnsOf(entries.map(({ address }) => address))),
      (entries) => {
        for (const entry of entries) this.#begin(entry);
        around.changed(this);
      },
    );
    this.#refused = new Retries(timers, clock, (entry) => {
      entry.state = 'idle';
      this.#touched.add(entry);
      around.changed(this);
    });
    this.#refreshes = new Refreshes(timers, random, (intervalMs) => this.#refresh(intervalMs));
    this.#conflicts = new Conflicts(clock);
    this.#served = new ServedLink(
      index,
      around,
      (problem) => around.hear({ kind: 'failed', link: this.name, problem }),
      () => around.changed(this),
    );
  }

  get name(): string {
    return this.#link?.name ?? '';
  }

  /** Why it is not served although it could be; '' when it is. */
  get problem(): string {
    return this.#served.problem === '' ? (this.counters?.problem ?? '') : this.#served.problem;
  }

  /** Addresses that are answered for. */
  get announced(): number {
    return this.#served.isOpen ? this.#rows.size : 0;
  }

  get pendingWithdrawals(): number {
    let count = 0;
    for (const entry of this.#touched) if (entry.claims.length === 0 && this.isAnnounced(entry)) count++;
    return count;
  }

  get conflicts(): Iterable<SeenConflict> {
    return this.#conflicts.all;
  }

  /** Nothing is wanted here, and nothing said. */
  get isIdle(): boolean {
    return this.#entries.size === 0 && !this.#served.isOpen;
  }

  get counters(): LinkCounters | undefined {
    return this.#served.counters;
  }

  isAnnounced(entry: Entry): boolean {
    return this.#served.isOpen && entry.row >= 0;
  }

  /** Answered for, or to be. */
  *addresses(): Generator<Address> {
    if (this.#outOfService !== undefined) return;
    for (const { address } of this.#rows) yield address;
    for (const { address } of this.#fresh) yield address;
  }

  /** The interface as it is now; undefined: it is gone. */
  update(link: Link | undefined): void {
    const was = this.#outOfService;
    // News of it, and nothing is new: it went away and came back before anybody could look.
    const hasFlapped = link !== undefined && this.#link !== undefined && isEqual(link, this.#link);
    this.#link = link;
    const is = this.#outOfService;
    if ((is !== undefined || hasFlapped) && was === undefined) this.#leaveService();
    if (is === undefined && (was !== undefined || hasFlapped)) {
      this.#isBack = true;
      for (const entry of this.#entries.values()) if (entry.state === 'idle') this.#touched.add(entry);
    }
    this.#around.changed(this);
  }

  /** The neighbour of a track answers, or does not any more. */
  reachabilityChanged(track: string): void {
    for (const entry of this.#entries.values()) {
      if (policyOf(entry)?.tracks.includes(track)) this.#touched.add(entry);
    }
    this.#around.changed(this);
  }

  claim(address: Address, claim: Claim): Entry {
    const key = addressKey(address);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { address, link: this, claims: [], state: 'idle', wasRefused: false, row: -1 };
      this.#entries.set(key, entry);
    }
    this.#setClaims(entry, [...entry.claims, claim]);
    return entry;
  }

  unclaim(entry: Entry, service: string): void {
    const at = entry.claims.findIndex((claim) => claim.service === service);
    this.#setClaims(entry, entry.claims.toSpliced(at, 1));
  }

  state(address: Address): LanState {
    const reason = this.#outOfService;
    if (reason !== undefined) return { state: 'withheld', reason };
    if (this.#served.problem !== '') return { state: 'withheld', reason: 'interfaceFailed' };
    const entry = this.#entries.get(addressKey(address));
    switch (entry?.state) {
      case undefined:
      case 'idle': {
        const policy = entry && policyOf(entry);
        if (policy !== undefined && !this.#isReachable(policy))
          return { state: 'withheld', reason: 'neighbourUnreachable' };
        return { state: 'pending', reason: '' };
      }
      case 'probing':
        return { state: 'pending', reason: 'probing' };
      case 'refused':
        return { state: 'withheld', reason: 'conflict' };
      case 'announced':
        return {
          state: this.isAnnounced(entry) ? 'announced' : 'pending',
          reason: this.#conflicts.isRecent(entry) ? 'conflict' : '',
        };
    }
  }

  /** Another host claims one of our addresses (RFC 5227 §2.4, RFC 4862 §5.4.4). */
  conflict(family: Family, words: readonly number[], mac: Uint8Array): void {
    const entry = this.#entries.get(addressKey({ family, words }));
    const policy = entry && policyOf(entry);
    if (entry === undefined || policy === undefined || (entry.state !== 'announced' && entry.state !== 'probing'))
      return;
    const { clock, hear } = this.#around;
    const defendedAtMs = this.#conflicts.of(entry)?.defendedAtMs;
    const action = conflictAction(policy, this.isAnnounced(entry), defendedAtMs, clock.monotonicMs());
    this.#conflicts.see(entry, mac, action === 'defend');
    if (action === 'defend') this.#served.announce(columnsOf([entry.address]), 1);
    if (action === 'refuse') this.#refuse(entry);
    hear({ kind: 'conflict', link: this.name, address: entry.address, mac, action });
  }

  /** First half: what is to be answered for. True when there is anything that was not. */
  settle(): boolean {
    const beginning: Entry[] = [];
    for (const entry of this.#touched) {
      const policy = policyOf(entry);
      if (policy === undefined) this.#forget(entry);
      else if (!this.#isReachable(policy)) this.#take(entry);
      else if (entry.state === 'idle' && this.#outOfService === undefined) {
        if (policy.probe) beginning.push(entry);
        else this.#begin(entry);
      }
    }
    this.#touched.clear();
    for (const entry of beginning) entry.state = 'probing';
    this.#probing.begin(beginning);
    return this.#fresh.size > 0 || this.#isBack || this.#isAnother;
  }

  /** What settle() found to begin with; say() is to be called with it. */
  takeFresh(): readonly Entry[] {
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }

  /** Second half: the responder is told. */
  say(fresh: readonly Entry[]): void {
    // What was taken back meanwhile is not announced.
    const begun = fresh.filter(({ state, row }) => state === 'announced' && row < 0);
    for (const entry of begun) this.#rows.add(entry);
    const isAnother = this.#isAnother;
    if (this.#link === undefined || !this.#isNeeded) this.#shut();
    else if (this.#served.open(this.#link)) {
      const all = this.#rows.columns();
      this.#served.answerFor(all);
      this.#served.announce(isAnother || this.#isBack ? all : columnsOf(begun.map(({ address }) => address)));
      this.#isBack = false;
      for (const entry of isAnother ? this.#rows : begun) this.#refreshes.need(policyOf(entry)?.refreshMs ?? 0);
    }
  }

  /** In place of say() while that has to wait: what is not to be answered for any more is not. */
  withdraw(): void {
    if (!this.#served.isOpen) return;
    if (this.#isNeeded) this.#served.answerFor(this.#rows.columns());
    else this.#shut();
  }

  /** Stops answering at once. */
  close(): void {
    this.#link = undefined;
    this.#shut();
    this.#probing.clear();
    this.#refused.stop();
  }

  get #outOfService(): OutOfService | 'interfaceGone' | undefined {
    return this.#link === undefined ? 'interfaceGone' : outOfService(this.#link);
  }

  /** The responder does not have it open as what it is. */
  get #isAnother(): boolean {
    return this.#link === undefined || !this.#served.is(this.#link);
  }

  #isReachable({ tracks }: Policy): boolean {
    return tracks.length === 0 || tracks.some((track) => this.#around.isReachable(track, this.index));
  }

  #setClaims(entry: Entry, claims: readonly Claim[]): void {
    entry.claims = claims;
    this.#touched.add(entry);
    this.#around.changed(this);
  }

  /** Nobody can be asked while it is down, and who comes up with it may have taken what was asked about before. */
  #leaveService(): void {
    for (const entry of this.#entries.values())
      if (entry.state === 'probing' || policyOf(entry)?.probe === true) this.#take(entry);
  }

  get #isNeeded(): boolean {
    return this.#outOfService === undefined && this.#rows.size + this.#probing.size > 0;
  }

  #begin(entry: Entry): void {
    entry.state = 'announced';
    this.#fresh.add(entry);
    if (entry.wasRefused) this.#around.hear({ kind: 'conflictOver', link: this.name, address: entry.address });
    entry.wasRefused = false;
  }

  /** Back to nothing done. */
  #take(entry: Entry): void {
    if (entry.row >= 0) this.#rows.remove(entry);
    this.#fresh.delete(entry);
    this.#probing.drop(entry);
    this.#refused.delete(entry);
    entry.state = 'idle';
  }

  #forget(entry: Entry): void {
    this.#take(entry);
    this.#conflicts.forget(entry);
    this.#entries.delete(addressKey(entry.address));
  }

  #refuse(entry: Entry): void {
    this.#take(entry);
    entry.state = 'refused';
    entry.wasRefused = true;
    this.#refused.add(entry);
    this.#around.changed(this);
  }

  #refresh(intervalMs: number): boolean {
    const due = Array.from(this.#rows).filter((entry) => policyOf(entry)?.refreshMs === intervalMs);
    if (due.length === 0) return false;
    this.#served.announce(columnsOf(due.map(({ address }) => address)), 1);
    return true;
  }

  #shut(): void {
    this.#refreshes.stop();
    this.#served.close();
  }
}

/** Several services may share an address; undefined: nobody wants it. */
function policyOf({ claims }: Entry): Policy | undefined {
  const [first] = claims;
  return first === undefined || claims.every(({ policy }) => policy === first.policy)
    ? first?.policy
    : merged(claims.map(({ policy }) => policy));
}

const isEqual = (a: Link, b: Link): boolean =>
  a.addresses.length === b.addresses.length && JSON.stringify(a) === JSON.stringify(b);
