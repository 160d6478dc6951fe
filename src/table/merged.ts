// The tables of all sources as one: a service name belongs to the earliest configured source that has it, and the claims
// of later ones are kept, so that they take over when it goes.

import type { Service } from './service.js';

export interface Claim {
  readonly source: string;
  readonly service: Service;
}

export interface SourceChange {
  readonly upserted: readonly Service[];
  readonly removed: readonly string[];
}

interface Slot {
  /** In order of rank; the first is the one that counts. */
  claims: Claim[];
  readonly since: Date;
}

function counting({ claims }: Slot, ranks: ReadonlyMap<string, number>): Claim | undefined {
  const [first] = claims;
  return first !== undefined && ranks.has(first.source) ? first : undefined;
}

export class MergedTable {
  readonly #slots = new Map<string, Slot>();
  #ranks = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  #names: string[] | undefined;

  get size(): number {
    return this.#slots.size;
  }

  /** Sources in order of rank: all that count. Answers the names whose service is another one now. */
  rank(sources: readonly string[]): string[] {
    const affected: string[] = [];
    const before = this.#ranks;
    this.#ranks = new Map(sources.map((source, rank) => [source, rank]));
    for (const [name, slot] of this.#slots) {
      const counted = counting(slot, before);
      if (slot.claims.length > 1) this.#sort(slot);
      if (counting(slot, this.#ranks) !== counted) affected.push(name);
    }
    return affected;
  }

  /** Names whose service is another one now. `since`: from when on a name is there that was not. */
  apply(source: string, { upserted, removed }: SourceChange, since: (name: string) => Date): string[] {
    const affected: string[] = [];
    for (const name of removed) if (this.#remove(source, name)) affected.push(name);
    for (const service of upserted) if (this.#upsert({ source, service }, since)) affected.push(service.name);
    return affected;
  }

  claims(name: string): readonly Claim[] {
    return this.#slots.get(name)?.claims ?? [];
  }

  /** The claim that counts. One of a source that is no longer among the ranked ones does not. */
  winner(name: string): Claim | undefined {
    const slot = this.#slots.get(name);
    return slot && counting(slot, this.#ranks);
  }

  since(name: string): Date | undefined {
    return this.#slots.get(name)?.since;
  }

  of(source: string, name: string): Service | undefined {
    return this.claims(name).find((claim) => claim.source === source)?.service;
  }

  namesOf(source: string): string[] {
    return [...this.#slots]
      .filter(([, { claims }]) => claims.some((claim) => claim.source === source))
      .map(([name]) => name);
  }

  countOf(source: string): number {
    return this.#counts.get(source) ?? 0;
  }

  /** All names, sorted; kept until a name comes or goes. */
  names(): readonly string[] {
    this.#names ??= [...this.#slots.keys()].sort();
    return this.#names;
  }

  #upsert(claim: Claim, since: (name: string) => Date): boolean {
    const { name } = claim.service;
    const slot = this.#slots.get(name);
    if (slot === undefined) {
      this.#count(claim.source, 1);
      this.#slots.set(name, { claims: [claim], since: since(name) });
      this.#names = undefined;
      return true;
    }
    const at = slot.claims.findIndex(({ source }) => source === claim.source);
    if (at >= 0) slot.claims[at] = claim;
    else {
      this.#count(claim.source, 1);
      slot.claims.push(claim);
      this.#sort(slot);
    }
    return slot.claims[0] === claim;
  }

  #remove(source: string, name: string): boolean {
    const slot = this.#slots.get(name);
    const at = slot?.claims.findIndex((claim) => claim.source === source) ?? -1;
    if (slot === undefined || at < 0) return false;
    this.#count(source, -1);
    slot.claims.splice(at, 1);
    if (slot.claims.length === 0) {
      this.#slots.delete(name);
      this.#names = undefined;
    }
    return at === 0;
  }

  #count(source: string, difference: 1 | -1): void {
    this.#counts.set(source, this.countOf(source) + difference);
  }

  #sort({ claims }: Slot): void {
    const rankOf = ({ source }: Claim): number => this.#ranks.get(source) ?? Number.POSITIVE_INFINITY;
    claims.sort((a, b) => rankOf(a) - rankOf(b));
  }
}
