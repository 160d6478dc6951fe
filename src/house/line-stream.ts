// One client's stream of changes: lines in, an answer to each out, in order. The lines that came together are checked one
// by one, applied together and stored together; what is wrong with one is nothing to the others.

import type { EntryStream, Line, LineAnswer, StreamSummary, WriteFailure, WriteOptions } from '../api/house.js';
import { sanitised } from '../net/text.js';
import { octetWork } from '../sources/octet-work.js';
import type { Service } from '../table/service.js';
import { foreignOwner, invalid, unwritable } from './entries.js';
import type { Manner } from './entry-changes.js';
import { LineReader, parsed } from './sent-table.js';
import type { StreamOfOne } from './stream-claims.js';
import type { WriterRooms } from './writers.js';

/** What a line asks for; `service` undefined: that the entry goes. */
interface Operation {
  readonly name: string;
  readonly service: Service | undefined;
}

type Failed = { readonly name: string | undefined; readonly failure: WriteFailure };
type Outcome = { readonly name: string } | Failed;

const shape = 'a line is {"op":"upsert","service":{…}} or {"op":"delete","name":"…"}';

const failed = (name: string | undefined, failure: WriteFailure): Failed => ({ name, failure });

export class LineStream implements EntryStream, StreamOfOne {
  readonly source: string;
  readonly #options: WriteOptions;
  readonly #rooms: WriterRooms;
  readonly #counts = { written: 0, removed: 0, unchanged: 0, refused: 0 };
  #reader: LineReader;
  #aliases: unknown;

  constructor(source: string, options: WriteOptions, rooms: WriterRooms) {
    this.source = source;
    this.#options = options;
    this.#rooms = rooms;
    const { communityAliases } = rooms.config();
    this.#aliases = communityAliases;
    this.#reader = new LineReader(communityAliases, options);
  }

  async take(lines: readonly Line[]): Promise<readonly LineAnswer[]> {
    const outcomes: Outcome[] = [];
    /** Those that are applied together, by name: where their outcome goes. */
    let batch = new Map<string, readonly [Operation, number]>();
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
      if (decided !== undefined) outcomes.push(decided);
      else if ('service' in asked) batch.set(asked.name, [asked, outcomes.push(asked) - 1]);
    }
    flush();
    const failure = await this.#rooms.changes.stored();
    return outcomes.map((outcome) => this.#answer(outcome, failure));
  }

  close(): StreamSummary {
    return { ...this.#counts, withdrawnAfterSeconds: this.#rooms.claims.closed(this) };
  }

  get #manner(): Manner {
    return { force: this.#options.force, owner: this.#options.owner, stream: this };
  }

  /** Undefined for a blank line. */
  #asked(line: Line): Operation | Outcome | undefined {
    if (line === 'tooLong') return failed(undefined, invalid(undefined, ['the line is longer than 1 MiB']));
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

  /** What can be said without touching anything; undefined: it is to be applied. */
  #decide({ name, service }: Operation): Outcome | undefined {
    const { changes } = this.#rooms;
    const { owner, force } = this.#options;
    const known = changes.of(this.source, name);
    const foreign = foreignOwner(known, service === undefined ? (owner ?? '') : service.owner, force);
    if (foreign !== undefined) return failed(name, foreign);
    if (service === undefined)
      return known === undefined && !changes.isHeld(this.source, name)
        ? failed(name, { failure: 'noSuchService', name })
        : undefined;
    if (!changes.isInForce(this.source, service, this)) return undefined;
    this.#counts.unchanged++;
    return { name };
  }

  #apply(batch: readonly (readonly [Operation, number])[]): (readonly [number, Outcome])[] {
    if (batch.length === 0) return [];
    const refused = this.#applyTogether(batch.map(([operation]) => operation));
    if (refused === undefined) return [];
    // Of many at once safety may allow some.
    return batch.flatMap(([operation, index]): (readonly [number, Outcome])[] => {
      const failure = batch.length === 1 ? refused : this.#applyTogether([operation]);
      return failure === undefined ? [] : [[index, failed(operation.name, failure)]];
    });
  }

  #applyTogether(operations: readonly Operation[]): WriteFailure | undefined {
    const upserted = operations.flatMap(({ service }) => service ?? []);
    const removed = operations.filter(({ service }) => service === undefined).map(({ name }) => name);
    const held = this.#rooms.changes.apply(this.source, { upserted, removed }, this.#manner);
    if ('failure' in held) return held;
    this.#counts.written += upserted.length;
    this.#counts.removed += removed.length;
    return undefined;
  }

  #answer(outcome: Outcome, notStored: WriteFailure | undefined): LineAnswer {
    const failure = 'failure' in outcome ? outcome.failure : notStored;
    if (failure === undefined) return this.#rooms.listing.brief(this.source, outcome.name ?? '');
    this.#counts.refused++;
    return { name: outcome.name, failure };
  }
}
