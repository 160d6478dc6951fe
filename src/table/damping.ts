// Flap damping: an entry whose requested addresses change more than five times in a minute is held at what is in force,
// for two seconds, and for twice as long each time it has gone on meanwhile. Then what was asked for last is taken over.
// Pure: time is handed in, and whoever asks applies what is admitted. A removal is never held, only counted.

import { type Address, type Prefix, sameAddress } from '../net/address.js';
import type { SourceChange } from './merged.js';
import { type KeptService, whole } from './plain-service.js';
import type { Service } from './service.js';

export const mostChanges = 5;
export const windowMs = 60_000;
/** Two to this power, in seconds, is the longest that an entry is held at a time. */
const mostLevel = 8;
/** A change of the whole table is not a fight; that its entries were there need not be remembered one by one. */
const mostRemovalsCounted = 1000;
/** Of those who changed it last. */
const mostWriters = 3;

/** Who writes, in words: an owner, or a source. */
export type WriterName = string;

/** A held entry, for whoever looks. */
export interface Held {
  readonly source: string;
  readonly name: string;
  /** The last ones, the latest last. */
  readonly writers: readonly WriterName[];
  readonly untilMs: number;
}

export type DampingEvent = { readonly kind: 'flapping' | 'settled' } & Held;

export interface Admission {
  /** What may be applied now. */
  readonly change: SourceChange;
  /** Names that stay as they are. */
  readonly held: readonly string[];
  readonly events: readonly DampingEvent[];
}

export interface Settling {
  readonly source: string;
  readonly change: SourceChange;
  readonly event: DampingEvent;
}

interface Watched {
  readonly source: string;
  readonly name: string;
  /** What was asked for last, removals aside. */
  requested: Service;
  /** When its addresses changed: the latest ones only. */
  times: number[];
  writers: WriterName[];
  /** How often in a row it was held. */
  level: number;
  /** Of a held one. */
  untilMs: number;
  /** It was changed while held. */
  isBusy: boolean;
  /** What was asked for is not what is in force. */
  isDue: boolean;
}

export class Damping {
  /** Held ones, and those that changed in the last minute or the one before: what is older than that is calm again. */
  readonly #held = new Map<string, Watched>();
  #young = new Map<string, Watched>();
  #old = new Map<string, Watched>();
  #youngSinceMs = 0;

  /** `current`: what is in force of the source; with the place among those upserted, where it is one of them. */
  admit(
    source: string,
    { upserted, removed, sinceMs }: SourceChange,
    current: (name: string, index?: number) => Service | undefined,
    writerOf: (service: Service | undefined) => WriterName,
    nowMs: number,
  ): Admission {
    this.#age(nowMs);
    const admitted: KeptService[] = [];
    const held: string[] = [];
    const events: DampingEvent[] = [];
    for (const name of removed) this.#removed(source, name, removed.length, current, writerOf(undefined));
    for (const [index, kept] of upserted.entries()) {
      const service = whole(kept);
      const before = current(service.name, index);
      const known = this.#find(source, service.name);
      // Most entries are new, or change something else.
      const last = known?.requested ?? before;
      const isChange = last !== undefined && !sameRequest(last, service);
      if (known === undefined && !isChange) {
        admitted.push(kept);
        continue;
      }
      const record = known ?? this.#record(source, last ?? service, writerOf(last));
      record.requested = service;
      if (isChange) count(record, writerOf(service), nowMs);
      if (!this.#isHeld(record) && record.times.length > mostChanges) {
        this.#hold(record, nowMs);
        events.push({ kind: 'flapping', ...heldOf(record) });
      }
      record.isDue = this.#isHeld(record) && (before === undefined || !sameRequest(before, service));
      if (record.isDue) held.push(service.name);
      else admitted.push(kept);
    }
    return { change: { removed, upserted: admitted, sinceMs }, held, events };
  }

  /** When settle() has something to do next. */
  get dueMs(): number | undefined {
    let due: number | undefined;
    for (const { untilMs } of this.#held.values()) if (due === undefined || untilMs < due) due = untilMs;
    return due;
  }

  /** Those whose time is up: held on where it goes on, else set to what was asked for last. */
  settle(nowMs: number): Settling[] {
    this.#age(nowMs);
    const settled: Settling[] = [];
    for (const [key, record] of this.#held) {
      if (record.untilMs > nowMs) continue;
      if (record.isBusy) {
        this.#hold(record, nowMs);
        continue;
      }
      this.#held.delete(key);
      this.#young.set(key, record);
      record.times = [];
      const upserted = record.isDue ? [record.requested] : [];
      record.isDue = false;
      const event = { kind: 'settled', ...heldOf(record) } as const;
      settled.push({ source: record.source, change: { upserted, removed: [] }, event });
    }
    return settled;
  }

  held(source: string, name: string): Held | undefined {
    const record = this.#held.size === 0 ? undefined : this.#held.get(keyOf(source, name));
    return record && heldOf(record);
  }

  /** Every held one, and what is wanted of it if that is not in force. */
  *allHeld(): Generator<Held & { readonly wanted: Service | undefined }> {
    for (const record of this.#held.values())
      yield { ...heldOf(record), wanted: record.isDue ? record.requested : undefined };
  }

  /** Entries that it keeps anything of. */
  get remembered(): number {
    return this.#held.size + this.#young.size + this.#old.size;
  }

  /** The source is gone. */
  forget(source: string): void {
    for (const records of [this.#held, this.#young, this.#old])
      for (const [key, record] of records) if (record.source === source) records.delete(key);
  }

  #removed(
    source: string,
    name: string,
    together: number,
    current: (name: string) => Service | undefined,
    writer: WriterName,
  ): void {
    const known = this.#find(source, name);
    if (known !== undefined) {
      known.isDue = false;
      noteWriter(known, writer);
      return;
    }
    // That it comes back with other addresses is a change.
    const before = together > mostRemovalsCounted ? undefined : current(name);
    if (before !== undefined) this.#record(source, before, writer);
  }

  #record(source: string, requested: Service, writer: WriterName): Watched {
    const { name } = requested;
    const fresh = { times: [], writers: [writer], level: 0, untilMs: 0, isBusy: false, isDue: false };
    const record = { source, name, requested, ...fresh };
    this.#young.set(keyOf(source, name), record);
    return record;
  }

  #find(source: string, name: string): Watched | undefined {
    if (this.remembered === 0) return undefined;
    const key = keyOf(source, name);
    const found = this.#held.get(key) ?? this.#young.get(key);
    if (found !== undefined) return found;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, old);
    return old;
  }

  #isHeld({ source, name }: Watched): boolean {
    return this.#held.has(keyOf(source, name));
  }

  #hold(record: Watched, nowMs: number): void {
    const key = keyOf(record.source, record.name);
    this.#young.delete(key);
    record.level = Math.min(record.level + 1, mostLevel);
    record.untilMs = nowMs + 2 ** record.level * 1000;
    record.isBusy = false;
    this.#held.set(key, record);
  }

  #age(nowMs: number): void {
    if (nowMs - this.#youngSinceMs < windowMs) return;
    this.#old = nowMs - this.#youngSinceMs < 2 * windowMs ? this.#young : new Map();
    this.#young = new Map();
    this.#youngSinceMs = nowMs;
  }
}

const keyOf = (source: string, name: string): string => `${source}\n${name}`;

const heldOf = ({ source, name, writers, untilMs }: Watched): Held => ({ source, name, writers, untilMs });

function count(record: Watched, writer: WriterName, nowMs: number): void {
  record.isBusy = true;
  record.times = [...record.times.slice(-mostChanges), nowMs].filter((time) => nowMs - time < windowMs);
  noteWriter(record, writer);
}

function noteWriter(record: Watched, writer: WriterName): void {
  record.writers = [...record.writers.filter((known) => known !== writer), writer].slice(-mostWriters);
}

/** Whether two versions ask for the same addresses. */
function sameRequest(a: Service, b: Service): boolean {
  return (
    a.addressPool === b.addressPool &&
    sameList(a.addresses, b.addresses, sameAddress) &&
    sameList(a.prefixes, b.prefixes, samePrefix)
  );
}

const samePrefix = (a: Prefix, b: Prefix): boolean => a.length === b.length && sameAddress(a, b);

function sameList<T extends Address>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => same(item, b[index]!)));
}
