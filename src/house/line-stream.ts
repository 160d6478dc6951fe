// One client's stream of changes: lines in, an answer to each out, in order. The lines that came together are checked one
// by one, applied together and stored together; what is wrong with one is nothing to the others.

import type { EntryStream, Line, LineAnswer, StreamSummary, WriteFailure, WriteOptions } from '../api/house.js';
import { sanitised } from '../net/text.js';
import { octetWork } from '../sources/octet-work.js';
import type { Service } from '../table/service.js';
import { invalid, unwritable } from './entries.js';
import type { EntryEdit, Manner } from './entry-changes.js';
import { LineReader, parsed } from './sent-table.js';
import type { StreamOfOne } from './stream-claims.js';
import type { WriterRooms } from './writers.js';

/** What a line asks for; `service` undefined: that the entry goes. */
interface Operation {
  readonly name: string;
  readonly service: Service | undefined;
  /** The service as JSON, if it stands in the line as it may be stored. */
  readonly entry?: string;
}

type Failed = { readonly name: string | undefined; readonly failure: WriteFailure };
type Outcome = { readonly name: string; readonly edit?: EntryEdit } | Failed;

const shape = 'a line is {"op":"upsert","service":{…}} or {"op":"delete","name":"…"}';

const upsertHead = Buffer.from('{"op":"upsert","service":');
const closeObject = 0x7d;

const failed = (name: string | undefined, failure: WriteFailure): Failed => ({ name, failure });

export class LineStream implements EntryStream, StreamOfOne {
  readonly source: string;
  readonly #options: WriteOptions;
  readonly #rooms: WriterRooms;
  readonly #counts = { written: 0, removed: 0, unchanged: 0, refused: 0 };
  #reader: LineReader;
  #aliases: unknown;
  /** When the lines that are being taken had arrived. */
  #sinceMs = 0;

  constructor(source: string, options: WriteOptions, rooms: WriterRooms) {
    this.source = source;
    this.#options = options;
    this.#rooms = rooms;
    const { communityAliases } = rooms.config();
    this.#aliases = communityAliases;
    this.#reader = new LineReader(communityAliases, options);
  }

  async take(lines: readonly Line[]): Promise<readonly LineAnswer[]> {
    this.#sinceMs = this.#rooms.clock.monotonicMs();
    const outcomes: Outcome[] = [];
    /** Those that are applied together, by name: what is to be done, and where its outcome goes. */
    let batch = new Map<string, readonly [EntryEdit, number]>();
    const flush = (): void => {
      for (const [index, outcome] of this.#apply([...batch.values()])) outcomes[index] = outcome;
      batch = new Map();
    };
    for (const line of lines) {
      const asked = this.#asked(line);
      if (asked === undefined) continue;
      // Answers are in order, and so is what happens to one entry.
      if ('service' in asked && batch.has(asked.name)) flush();
      const decided = 'service' in asked ? this.#decide(asked) : asked;
      if ('edit' in decided && decided.edit !== undefined)
        batch.set(decided.edit.name, [decided.edit, outcomes.length]);
      outcomes.push(decided);
    }
    flush();
    const failure = await this.#rooms.changes.stored();
    return outcomes.map((outcome) => this.#answer(outcome, failure));
  }

  close(): StreamSummary {
    return { ...this.#counts, withdrawnAfterSeconds: this.#rooms.claims.closed(this) };
  }

  /** Where entries stay when their stream closes, they might as well have been put. */
  get #claimant(): StreamOfOne | undefined {
    return this.#rooms.claims.goWithStreams(this.source) ? this : undefined;
  }

  get #manner(): Manner {
    const { force, owner } = this.#options;
    return { force, owner, stream: this.#claimant, sinceMs: this.#sinceMs };
  }

  /** Undefined for a blank line. */
  #asked(line: Line): Operation | Outcome | undefined {
    if (line === 'tooLong') return failed(undefined, invalid(undefined, ['the line is longer than 1 MiB']));
    if (line.length === 0) return undefined;
    const plain = this.#plain(line);
    if (plain !== undefined) return plain;
    const text = octetWork.text(line, 0, line.length);
    const value = parsed(text);
    if (value === undefined)
      return text.trim() === '' ? undefined : failed(undefined, invalid(undefined, ['the line is not JSON']));
    if (typeof value !== 'object' || value === null || !('op' in value))
      return failed(undefined, invalid(undefined, [shape]));
    const gone = unwritable(this.source, this.#rooms.config());
    if (gone !== undefined) return failed(undefined, gone);
    const stray = Object.keys(value).find(
      (key) => key !== 'op' && key !== (value.op === 'delete' ? 'name' : 'service'),
    );
    if (stray !== undefined)
      return failed(undefined, invalid(undefined, [`${sanitised(stray, 60)}: unknown key; ${shape}`]));
    if (value.op === 'upsert' && 'service' in value) return this.#upserted(value.service);
    if (value.op === 'delete' && 'name' in value) return this.#deleted(value.name);
    return failed(undefined, invalid(undefined, [shape]));
  }

  /** As nearly all lines of a program are written: nothing but a name and addresses. */
  #plain(line: Uint8Array): Operation | undefined {
    for (let at = 0; at < upsertHead.length; at++) if (line[at] !== upsertHead[at]) return undefined;
    const end = line.length - 1;
    const service = line[end] === closeObject ? this.#reader.plain(line, upsertHead.length, end) : undefined;
    if (service === undefined || unwritable(this.source, this.#rooms.config()) !== undefined) return undefined;
    const { name, owner } = service;
    return owner === '' ? { name, service, entry: octetWork.text(line, upsertHead.length, end) } : { name, service };
  }

  #upserted(entry: unknown): Operation | Outcome {
    const { communityAliases } = this.#rooms.config();
    if (communityAliases !== this.#aliases) {
      this.#aliases = communityAliases;
      this.#reader = new LineReader(communityAliases, this.#options);
    }
    const written = this.#reader.entry(entry);
    return 'failure' in written
      ? failed(written.name, written)
      : { name: written.service.name, service: written.service };
  }

  #deleted(name: unknown): Operation | Outcome {
    const named = this.#reader.entry({ name });
    if ('failure' in named) return failed(undefined, named);
    return { name: named.service.name, service: undefined };
  }

  /** What can be said without touching anything, or what is to be done. */
  #decide({ name, service, entry }: Operation): Outcome {
    const { changes } = this.#rooms;
    const { owner, force } = this.#options;
    const before = changes.of(this.source, name);
    const foreign = changes.foreign(this.source, before, service === undefined ? (owner ?? '') : service.owner, force);
    if (foreign !== undefined) return failed(name, foreign);
    if (service === undefined && before === undefined && !changes.isHeld(this.source, name))
      return failed(name, { failure: 'noSuchService', name });
    if (service === undefined || !changes.isInForce(this.source, before, service, this.#claimant))
      return { name, edit: { name, before, after: service, ...(entry === undefined ? {} : { entry }) } };
    this.#counts.unchanged++;
    return { name };
  }

  #apply(batch: readonly (readonly [EntryEdit, number])[]): (readonly [number, Outcome])[] {
    if (batch.length === 0) return [];
    const refused = this.#applyTogether(batch.map(([edit]) => edit));
    if (refused === undefined) return [];
    // Of many at once safety may allow some.
    return batch.flatMap(([edit, index]): (readonly [number, Outcome])[] => {
      const failure = batch.length === 1 ? refused : this.#applyTogether([edit]);
      return failure === undefined ? [] : [[index, failed(edit.name, failure)]];
    });
  }

  #applyTogether(edits: readonly EntryEdit[]): WriteFailure | undefined {
    const held = this.#rooms.changes.apply(this.source, edits, this.#manner);
    if ('failure' in held) return held;
    const removed = edits.filter(({ after }) => after === undefined).length;
    this.#counts.written += edits.length - removed;
    this.#counts.removed += removed;
    return undefined;
  }

  #answer(outcome: Outcome, notStored: WriteFailure | undefined): LineAnswer {
    const failure = 'failure' in outcome ? outcome.failure : notStored;
    if (failure === undefined) return this.#rooms.listing.brief(this.source, outcome.name ?? '');
    this.#counts.refused++;
    return { name: outcome.name, failure };
  }
}
