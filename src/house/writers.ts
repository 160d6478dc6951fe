// Everything that clients of the API write to a source: single entries, whole tables, streams. Applied at once, answered
// when it is stored.

import type {
  EntryStream,
  EntryWritten,
  TableBody,
  TableWritten,
  WriteFailure,
  WriteOptions,
  WriteOutcome,
} from '../api/house.js';
import type { Config } from '../config/config.js';
import type { Announcer } from '../plan/announcer.js';
import type { Listing } from '../plan/listing.js';
import type { Clock } from '../ports.js';
import { EntryReader, formatEntry } from '../table/entry.js';
import type { Service } from '../table/service.js';
import { readWritten, unwritable } from './entries.js';
import type { EntryChanges, EntryEdit } from './entry-changes.js';
import { LineStream } from './line-stream.js';
import { readSentTable, type SentTable } from './sent-table.js';
import type { StreamClaims } from './stream-claims.js';

export interface WriterRooms {
  readonly announcer: Announcer;
  readonly changes: EntryChanges;
  readonly claims: StreamClaims;
  readonly listing: Listing;
  readonly clock: Clock;
  /** Of one table; all that are written may be no more together. */
  readonly mostEntries: number;
  config(): Config;
}

export class Writers {
  readonly #rooms: WriterRooms;

  constructor(rooms: WriterRooms) {
    this.#rooms = rooms;
  }

  async put(source: string, name: string, entry: unknown, options: WriteOptions): Promise<EntryWritten | WriteFailure> {
    const { changes, clock } = this.#rooms;
    const sinceMs = clock.monotonicMs();
    const config = this.#rooms.config();
    const refused = unwritable(source, config);
    if (refused !== undefined) return refused;
    const written = readWritten(new EntryReader(config.communityAliases), entry, options, name);
    if ('failure' in written) return written;
    const { service, warnings } = written;
    const before = changes.of(source, name);
    const foreign = changes.foreign(source, before, service.owner, options.force);
    if (foreign !== undefined) return foreign;
    let outcome: WriteOutcome = 'unchanged';
    if (!changes.isInForce(source, before, service, undefined)) {
      const { force, owner } = options;
      const manner = { force, owner, stream: undefined, sinceMs };
      const held = changes.apply(source, [{ name, before, after: service }], manner);
      if ('failure' in held) return held;
      outcome = held.length > 0 ? 'held' : 'done';
    }
    return (await changes.stored()) ?? this.#written(source, name, outcome, service, warnings);
  }

  async delete(source: string, name: string, options: WriteOptions): Promise<EntryWritten | WriteFailure> {
    const { changes, clock } = this.#rooms;
    const sinceMs = clock.monotonicMs();
    const { force, owner } = options;
    const refused = unwritable(source, this.#rooms.config());
    if (refused !== undefined) return refused;
    const known = changes.of(source, name);
    if (known === undefined && !changes.isHeld(source, name)) return { failure: 'noSuchService', name };
    const foreign = changes.foreign(source, known, owner ?? '', force);
    if (foreign !== undefined) return foreign;
    const edit = { name, before: known, after: undefined };
    const removed = changes.apply(source, [edit], { force, owner, stream: undefined, sinceMs });
    if ('failure' in removed) return removed;
    return (await changes.stored()) ?? this.#written(source, name, 'done', undefined, []);
  }

  async replace(source: string, body: TableBody, options: WriteOptions): Promise<TableWritten | WriteFailure> {
    const refused = unwritable(source, this.#rooms.config());
    if (refused !== undefined) return refused;
    const { changes, clock, mostEntries } = this.#rooms;
    const atMs = clock.monotonicMs();
    const sent = await readSentTable(body, this.#rooms.config().communityAliases, options, mostEntries);
    if ('failure' in sent) return sent;
    // Lines are read as the client sends them, which may take it as long as it likes.
    const sinceMs = body.format === 'json' ? atMs : clock.monotonicMs();
    // While it was read the source may have gone.
    const gone = unwritable(source, this.#rooms.config());
    if (gone !== undefined) return gone;
    const difference = this.#difference(source, sent, options);
    if ('failure' in difference) return difference;
    const { force, owner } = options;
    const edits = difference.edits.filter(
      ({ before, after }) => after === undefined || !changes.isInForce(source, before, after, undefined),
    );
    const held = edits.length === 0 ? [] : changes.apply(source, edits, { force, owner, stream: undefined, sinceMs });
    if ('failure' in held) return held;
    const failure = await changes.stored();
    if (failure !== undefined) return failure;
    const added = edits.filter(({ before }) => before === undefined).length;
    const removed = edits.filter(({ after }) => after === undefined).length;
    return {
      outcome: edits.length === 0 ? 'unchanged' : 'done',
      services: sent.services.size,
      added,
      changed: edits.length - added - removed,
      removed,
      held: held.length,
      warnings: sent.warnings,
    };
  }

  stream(source: string, options: WriteOptions): EntryStream | WriteFailure {
    const refused = unwritable(source, this.#rooms.config());
    return refused ?? new LineStream(source, options, this.#rooms);
  }

  /** What replaces a table, as far as owners allow. */
  #difference(
    source: string,
    { services }: SentTable,
    { owner, force }: WriteOptions,
  ): WriteFailure | { readonly edits: readonly EntryEdit[] } {
    const { changes, announcer } = this.#rooms;
    const edits: EntryEdit[] = [];
    for (const [name, after] of services) edits.push({ name, before: changes.of(source, name), after });
    for (const name of announcer.table.namesOf(source))
      if (!services.has(name)) edits.push({ name, before: changes.of(source, name), after: undefined });
    for (const { before, after } of edits) {
      const foreign = changes.foreign(source, before, after?.owner ?? owner ?? '', force);
      if (foreign !== undefined) return foreign;
    }
    return { edits };
  }

  #written(
    source: string,
    name: string,
    outcome: WriteOutcome,
    service: Service | undefined,
    warnings: readonly string[],
  ): EntryWritten {
    return {
      outcome,
      service: this.#rooms.listing.items(name).find((item) => item.source === source),
      warnings,
      entry: service === undefined ? '' : JSON.stringify(formatEntry(service)),
    };
  }
}
