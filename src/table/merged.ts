// The tables of all sources as one: a service name belongs to the earliest configured source that has it, and the claims
// of later ones are kept, so that they take over when it goes.

import { NameMap } from '../net/name-map.js';
import { hashOf, type KeptService, whole } from './plain-service.js';
import type { Service } from './service.js';

export interface Claim {
  readonly source: string;
  readonly service: Service;
}

export interface SourceChange {
  readonly upserted: readonly KeptService[];
  readonly removed: readonly string[];
  /** When it came to our notice, by the clock: where it is of interest how long it takes to the wire. */
  readonly sinceMs?: number | undefined;
}

interface KeptClaim {
  readonly source: string;
  readonly service: KeptService;
}

/** A name of the table. One that has gone and come back is another one. */
export interface Slot<Kept> {
  readonly name: string;
  /** The claim that ranks first, nearly always the only one, stands in the slot itself. Undefined: the name has gone. */
  readonly service: KeptService | undefined;
  readonly source: string;
  /** In order of rank. */
  readonly others: readonly KeptClaim[];
  readonly since: Date;
  /** For whoever reads the table: what is to be found again without another table of names. */
  kept: Kept | undefined;
}

type Draft<Kept> = { -readonly [K in keyof Slot<Kept>]: Slot<Kept>[K] };

const none: readonly KeptClaim[] = Object.freeze([]);

export class MergedTable<Kept = unknown> {
  readonly #slots = new NameMap<Draft<Kept>>();
  #ranks: ReadonlyMap<string, number> = new Map();
  readonly #counts = new Map<string, number>();
  #names: string[] | undefined;

  get size(): number {
    return this.#slots.size;
  }

  /** Sources in order of rank: all that count. */
  rank(sources: readonly string[]): void {
    this.#ranks = new Map(sources.map((source, rank) => [source, rank]));
    for (const slot of this.#slots.values()) if (slot.others.length > 0) this.#set(slot, claimsOf(slot));
  }

  /** Slots whose service may be another one now. `since`: from when on a name is there that was not. */
  apply(source: string, { upserted, removed }: SourceChange, since: (name: string) => Date): readonly Slot<Kept>[] {
    const affected: Slot<Kept>[] = [];
    for (const name of removed) {
      const slot = this.#slots.get(name);
      if (slot !== undefined && this.#remove(slot, source)) affected.push(slot);
    }
    let added = 0;
    for (const service of upserted) {
      const { name } = service;
      const fresh: Draft<Kept> = { name, service, source, others: none, since: since(name), kept: undefined };
      const known = this.#slots.add(fresh, hashOf(service));
      if (known === undefined) {
        affected.push(fresh);
        added++;
      } else if (this.#put(known, source, service)) affected.push(known);
    }
    if (added > 0) {
      this.#count(source, added);
      this.#names = undefined;
    }
    return affected;
  }

  /** In no order. */
  slots(): Iterable<Slot<Kept>> {
    return this.#slots.values();
  }

  /** The service that counts, as it is kept. One of a source that is no longer among the ranked ones does not. */
  countedOf({ source, service }: Slot<Kept>): KeptService | undefined {
    return this.#ranks.has(source) ? service : undefined;
  }

  slot(name: string): Slot<Kept> | undefined {
    return this.#slots.get(name);
  }

  claims(name: string): readonly Claim[] {
    const slot = this.#slots.get(name);
    return slot === undefined ? [] : claimsOf(slot).map((claim) => ({ ...claim, service: whole(claim.service) }));
  }

  /** The claim that counts. */
  winner(name: string): Claim | undefined {
    const slot = this.#slots.get(name);
    const service = slot && this.countedOf(slot);
    return service && { source: slot.source, service: whole(service) };
  }

  since(name: string): Date | undefined {
    return this.#slots.get(name)?.since;
  }

  of(source: string, name: string): Service | undefined {
    return this.claims(name).find((claim) => claim.source === source)?.service;
  }

  namesOf(source: string): string[] {
    const names: string[] = [];
    for (const slot of this.#slots.values())
      if (slot.source === source || slot.others.some((claim) => claim.source === source)) names.push(slot.name);
    return names;
  }

  countOf(source: string): number {
    return this.#counts.get(source) ?? 0;
  }

  /** All names, sorted; kept until a name comes or goes. */
  names(): readonly string[] {
    this.#names ??= this.#slots
      .values()
      .map(({ name }) => name)
      .sort();
    return this.#names;
  }

  /** Answers whether it ranks first. */
  #put(slot: Draft<Kept>, source: string, service: KeptService): boolean {
    if (slot.source === source) {
      slot.service = service;
      return true;
    }
    const others = slot.others.filter((claim) => claim.source !== source);
    if (others.length === slot.others.length) this.#count(source, 1);
    this.#set(slot, [...claimsOf({ ...slot, others }), { source, service }]);
    return slot.source === source;
  }

  /** Answers whether it ranked first. */
  #remove(slot: Draft<Kept>, source: string): boolean {
    const claims = claimsOf(slot);
    const staying = claims.filter((claim) => claim.source !== source);
    if (staying.length === claims.length) return false;
    this.#count(source, -1);
    const wasFirst = slot.source === source;
    this.#set(slot, staying);
    if (staying.length === 0) {
      this.#slots.delete(slot.name);
      this.#names = undefined;
    }
    return wasFirst;
  }

  #count(source: string, difference: number): void {
    this.#counts.set(source, this.countOf(source) + difference);
  }

  #set(slot: Draft<Kept>, claims: readonly KeptClaim[]): void {
    const rankOf = ({ source }: KeptClaim): number => this.#ranks.get(source) ?? Number.POSITIVE_INFINITY;
    const [first, ...others] = claims.toSorted((a, b) => rankOf(a) - rankOf(b));
    slot.service = first?.service;
    slot.source = first?.source ?? '';
    slot.others = others.length === 0 ? none : others;
  }
}

const claimsOf = <Kept>({ source, service, others }: Slot<Kept>): readonly KeptClaim[] =>
  service === undefined ? none : [{ source, service }, ...others];
