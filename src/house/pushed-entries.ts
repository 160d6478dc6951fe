// What clients of the API have written: restored at the start, written to, forgotten with their source. Joins the parts.

import { getHeapStatistics } from 'node:v8';
import type { Config } from '../config/config.js';
import { type Announcer, cliSource } from '../plan/announcer.js';
import type { Listing } from '../plan/listing.js';
import type { Ledger, LedgerEntry } from '../pools/ledger.js';
import type { Clock, Log, Timers } from '../ports.js';
import type { SourceChange } from '../table/merged.js';
import type { Service } from '../table/service.js';
import type { DampedTable, Settled } from './damped-table.js';
import { unwritable } from './entries.js';
import { EntryChanges } from './entry-changes.js';
import type { LedgerKeeper } from './ledger-keeper.js';
import { StoredEntries } from './stored-entries.js';
import { StreamClaims, type StreamOfOne } from './stream-claims.js';
import { Writers } from './writers.js';

/** While a table of them is taken over an entry stands in memory as text, as it was and as it is to be. */
const heapOctetsPerEntry = 4096;
const mostInHeap = Math.min(1_000_000, Math.floor(getHeapStatistics().heap_size_limit / heapOctetsPerEntry));

export interface PushedRooms {
  readonly announcer: Announcer;
  readonly table: DampedTable;
  readonly listing: Listing;
  readonly keeper: LedgerKeeper;
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Of all clients together; without it, as many as memory has room for. */
  readonly mostEntries?: number;
  config(): Config;
  /** The entries of a source are others now. */
  changed(source: string): void;
}

export class PushedEntries {
  readonly writers: Writers;
  readonly #rooms: PushedRooms;
  readonly #stored: StoredEntries;
  readonly #claims: StreamClaims;
  readonly #changes: EntryChanges;

  constructor(rooms: PushedRooms) {
    this.#rooms = rooms;
    const { announcer, table, listing, keeper, log, clock, timers, mostEntries = mostInHeap } = rooms;
    const config = (): Config => rooms.config();
    const putBack = (source: string, change: SourceChange): void => {
      announcer.applyServices(source, change, true);
      rooms.changed(source);
    };
    this.#stored = new StoredEntries(keeper, putBack, log);
    this.#claims = new StreamClaims(config, timers, (source, names) => this.#withdraw(source, names));
    const changed = (source: string): void => rooms.changed(source);
    const room = { most: mostEntries, taken: () => this.#count() };
    this.#changes = new EntryChanges(announcer, table, this.#stored, this.#claims, changed, room);
    this.writers = new Writers({
      announcer,
      listing,
      changes: this.#changes,
      claims: this.#claims,
      clock,
      config,
      mostEntries,
    });
  }

  /** Before the first End-of-RIB. What a stream had written waits for it to return, as if it had closed just now. */
  restore(ledger: Ledger, stored: readonly LedgerEntry[]): void {
    const config = this.#rooms.config();
    const isWritten = (source: string): boolean => unwritable(source, config) === undefined;
    const sources = new Map<string, Service[]>();
    const streams = new Map<string, StreamOfOne>();
    for (const { source, service, ofStream } of this.#stored.restore(
      ledger,
      stored,
      isWritten,
      config.communityAliases,
    )) {
      const services = sources.get(source) ?? [];
      sources.set(source, services);
      services.push(service);
      if (!ofStream) continue;
      const stream = streams.get(source) ?? { source };
      streams.set(source, stream);
      this.#claims.claim(source, service.name, stream);
    }
    for (const [source, upserted] of sources) {
      this.#rooms.announcer.applyServices(source, { upserted, removed: [] }, true);
    }
    for (const stream of streams.values()) this.#claims.closed(stream);
  }

  /** A flapping entry is in force as it was asked for last. Of other sources than those written to nothing is stored. */
  readonly settled: Settled = (source, changed) => {
    if (unwritable(source, this.#rooms.config()) !== undefined) return;
    for (const { before, after } of changed)
      this.#stored.note({ source, name: after.name, before, after, ofStream: this.#claims.has(source, after.name) });
    this.#rooms.changed(source);
  };

  /** The source is about to go. */
  forget(source: string): void {
    this.#claims.forget(source);
    for (const name of this.#rooms.announcer.table.namesOf(source))
      this.#stored.note({ source, name, before: undefined, after: undefined, ofStream: false });
  }

  stop(): void {
    this.#claims.stop();
  }

  #count(): number {
    const { announcer, config } = this.#rooms;
    const sources = config().sources.flatMap(({ kind, name }) => (kind === 'socket' ? [name] : []));
    return [...sources, cliSource].reduce((sum, source) => sum + announcer.table.countOf(source), 0);
  }

  #withdraw(source: string, removed: readonly string[]): void {
    const { log } = this.#rooms;
    const edits = removed.map((name) => ({ name, before: this.#changes.of(source, name), after: undefined }));
    const gone = this.#changes.apply(source, edits, {
      force: false,
      owner: undefined,
      stream: undefined,
      sinceMs: undefined,
    });
    const what = `${removed.length} ${removed.length === 1 ? 'entry' : 'entries'} of ${source}, whose stream closed`;
    if ('failure' in gone) log.write('error', 'tableRefused', `${what}, stay: ${gone.message}`, { source });
    else log.write('info', 'entriesWithdrawn', `${what}, are withdrawn`, { source, count: removed.length });
  }
}
