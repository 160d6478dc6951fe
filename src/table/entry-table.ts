// The entries of one source in the order of its text, and what they amount to: which services are in force, which entries
// are rejected. Knows nothing of the text itself; whoever does replaces runs of entries and says where each stands.

import { NameMap } from '../net/name-map.js';
import type { Place, Problem } from '../problem.js';
import { hashOf, type KeptService, sameKept } from './plain-service.js';
import { ProblemList } from './problem-list.js';
import type { EntryProblem } from './reading.js';
import type { Service } from './service.js';

/** Counted from the first character of the entry, both from 0; the column from the line's beginning once the line is another. */
export interface Offset {
  readonly line: number;
  readonly column: number;
}

/** An entry about which there is something to say: rejected when it has no service. */
export class TroubledEntry {
  readonly name: string | undefined;
  readonly service: Service | undefined;
  readonly problems: readonly (EntryProblem & { readonly at: Offset })[];

  constructor(
    name: string | undefined,
    service: Service | undefined,
    problems: readonly (EntryProblem & { readonly at: Offset })[],
  ) {
    this.name = name;
    this.service = service;
    this.problems = problems;
  }
}

export type Entry = KeptService | TroubledEntry;

export interface RejectedEntry {
  /** When it could be made out. */
  readonly name: string | undefined;
  /** An entry before it has the name, and speaks for it. */
  readonly isRepeat: boolean;
  readonly problems: readonly Problem[];
}

export interface ServiceDifference {
  readonly upserted: readonly KeptService[];
  readonly removed: readonly string[];
}

export interface Exchange {
  readonly gone: readonly Entry[];
  readonly fresh: readonly Entry[];
}

/** Within its file; from 1. */
export type EntryPlace = Omit<Place, 'file'>;

/** What an entry's place in its file is called. */
export interface Layout {
  readonly file: string;
  /** Of the first character of the entry. Asked in ascending order. */
  placeOf(index: number): EntryPlace;
  lineOf(index: number): number;
  pathOf(index: number): string;
}

/** Has a name that no good entry ever had. */
class NeverGood {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Claim = KeptService | NeverGood;

const inForce = (claim: Claim | undefined): KeptService | undefined => (claim instanceof NeverGood ? undefined : claim);

const serviceOf = (entry: Entry): KeptService | undefined => (entry instanceof TroubledEntry ? entry.service : entry);

export class EntryTable {
  #entries: Entry[] = [];
  /** The services in force, and the names of entries that never were good. */
  #claims = new NameMap<Claim>();
  #repeats = 0;
  #troubled = 0;
  #count = 0;

  /** Services in force. */
  get count(): number {
    return this.#count;
  }

  get length(): number {
    return this.#entries.length;
  }

  at(index: number): Entry {
    return this.#entries[index]!;
  }

  /** Of the entry that speaks for the name; -1: there is none. Looks at all of them. */
  indexOf(name: string): number {
    return this.#entries.findIndex((entry) => entry.name === name);
  }

  /**
   * Puts `entries` in the place of those from `from` to before `to`; `exchange` says which of them are new, when not all are.
   * The first entry with a name speaks for it; when that entry is bad, the last good version of the service stays in force
   * until it is mended or gone.
   */
  replace(
    from: number,
    to: number,
    entries: readonly Entry[],
    exchange: Exchange = { gone: this.#entries.slice(from, to), fresh: entries },
  ): ServiceDifference {
    if (to - from === entries.length) for (const [i, entry] of entries.entries()) this.#entries[from + i] = entry;
    else if (this.#entries.length === 0) this.#entries = [...entries];
    else this.#entries = this.#entries.slice(0, from).concat(entries, this.#entries.slice(to));
    const { gone, fresh } = exchange;
    this.#troubled += countTroubled(fresh) - countTroubled(gone);
    const few = fresh.length < this.#entries.length / 2;
    return few && this.#repeats === 0 && this.#isDisjoint(gone, fresh) ? this.#settle(gone, fresh) : this.#settleAll();
  }

  /** Whether no name of `added` is claimed twice afterwards. */
  #isDisjoint(gone: readonly Entry[], added: readonly Entry[]): boolean {
    const freed = new Set(gone.map(({ name }) => name));
    const taken = new Set<string>();
    for (const { name } of added) {
      if (name === undefined) continue;
      if (taken.has(name) || (this.#claims.get(name) !== undefined && !freed.has(name))) return false;
      taken.add(name);
    }
    return true;
  }

  /** Without repeated names only the exchanged entries matter. */
  #settle(gone: readonly Entry[], added: readonly Entry[]): ServiceDifference {
    const before = new NameMap<Claim>();
    for (const { name } of gone) {
      const claim = name === undefined ? undefined : this.#claims.get(name);
      if (claim === undefined) continue;
      before.add(claim);
      this.#claims.delete(claim.name);
    }
    return this.#claim(added, before);
  }

  #settleAll(): ServiceDifference {
    const before = this.#claims;
    this.#claims = new NameMap();
    this.#repeats = 0;
    return this.#claim(this.#entries, before);
  }

  /** `before`: what was in force of all names that have no claim now. */
  #claim(entries: readonly Entry[], before: NameMap<Claim>): ServiceDifference {
    const upserted: KeptService[] = [];
    const removed: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (name === undefined) continue;
      const known = before.size === 0 ? undefined : inForce(before.get(name));
      const service = serviceOf(entry) ?? known;
      const isSame = service !== undefined && known !== undefined && sameKept(service, known);
      const claim = isSame ? known : service;
      const taken =
        claim === undefined ? this.#claims.add(new NeverGood(name)) : this.#claims.add(claim, hashOf(claim));
      if (taken !== undefined) {
        this.#repeats++;
        continue;
      }
      if (claim === undefined) continue;
      if (!isSame) upserted.push(claim);
      if (known === undefined) this.#count++;
    }
    for (const claim of before.values()) {
      if (inForce(claim) === undefined || this.#claims.get(claim.name) !== undefined) continue;
      removed.push(claim.name);
      this.#count--;
    }
    return { upserted, removed };
  }

  /** What is wrong at present, as it stands in the file now. */
  report(layout: Layout): { readonly rejected: readonly RejectedEntry[]; readonly problems: readonly Problem[] } {
    const rejected: RejectedEntry[] = [];
    const all = new ProblemList(layout.file);
    if (this.#troubled > 0 || this.#repeats > 0) {
      const firsts = this.#repeats > 0 ? new Map<string, number>() : undefined;
      for (const [index, entry] of this.#entries.entries()) {
        const first = entry.name === undefined ? undefined : firsts?.get(entry.name);
        if (first === undefined && entry.name !== undefined) firsts?.set(entry.name, index);
        if (first === undefined && !(entry instanceof TroubledEntry)) continue;
        const problems = problemsOf(entry, index, first, layout);
        for (const problem of problems) all.add(problem);
        const isRepeat = first !== undefined;
        if (isRepeat || serviceOf(entry) === undefined) rejected.push({ name: entry.name, isRepeat, problems });
      }
    }
    return { rejected, problems: all.finish() };
  }
}

function countTroubled(entries: readonly Entry[]): number {
  let count = 0;
  for (const entry of entries) if (entry instanceof TroubledEntry) count++;
  return count;
}

/** `first`: the index of the entry that has the name already. */
function problemsOf(entry: Entry, index: number, first: number | undefined, layout: Layout): Problem[] {
  const { line, column } = layout.placeOf(index);
  const path = layout.pathOf(index);
  const { file } = layout;
  const problems = (entry instanceof TroubledEntry ? entry.problems : []).map(
    (problem): Problem => ({
      severity: problem.severity,
      where: { file, line: line + problem.at.line, column: problem.at.column + (problem.at.line === 0 ? column : 1) },
      path: [path, problem.path].filter((part) => part !== '').join('.'),
      message: problem.message,
    }),
  );
  if (first === undefined) return problems;
  const message = `the name ${entry.name} is taken by the entry in line ${layout.lineOf(first)}`;
  return [...problems, { severity: 'error', where: { file, line, column }, path, message }];
}
