// What a checked write does: to the table, to the disk, to who keeps the entry alive. Applied at once, stored with all else
// of this turn. What is the same as before costs nothing: no announcement, no line in the log, no write to the disk.

import type { WriteFailure } from '../api/house.js';
import { type Announcer, describeRefusal } from '../plan/announcer.js';
import { type Service, sameService } from '../table/service.js';
import type { DampedTable } from './damped-table.js';
import { foreignOwner, type OtherOwner } from './entries.js';
import { NotStored, type StoredEntries } from './stored-entries.js';
import type { StreamClaims, StreamOfOne } from './stream-claims.js';

/** One entry: as it is, and as it is to be. */
export interface EntryEdit {
  readonly name: string;
  readonly before: Service | undefined;
  readonly after: Service | undefined;
  /** `after` as JSON, for whoever has it at hand. */
  readonly entry?: string;
}

export interface Manner {
  readonly force: boolean;
  /** In whose name entries are removed. */
  readonly owner: string | undefined;
  /** The stream that it came by. */
  readonly stream: StreamOfOne | undefined;
  /** When it had arrived, by the clock; undefined: nobody wrote it. */
  readonly sinceMs: number | undefined;
}

export type Refused = Extract<WriteFailure, { failure: 'refused' | 'full' }>;

/** For entries of all sources that are written to: unlike a file, a client can go on without end. */
export interface Room {
  readonly most: number;
  taken(): number;
}

export const full = (most: number): Extract<WriteFailure, { failure: 'full' }> => ({
  failure: 'full',
  message: `there is memory for ${most} written entries, and not for more`,
});

export class EntryChanges {
  readonly #announcer: Announcer;
  readonly #table: DampedTable;
  readonly #stored: StoredEntries;
  readonly #claims: StreamClaims;
  readonly #changed: (source: string) => void;
  readonly #room: Room;

  /** `changed`: a source has other entries now. */
  constructor(
    announcer: Announcer,
    table: DampedTable,
    stored: StoredEntries,
    claims: StreamClaims,
    changed: (source: string) => void,
    room: Room,
  ) {
    this.#room = room;
    this.#announcer = announcer;
    this.#table = table;
    this.#stored = stored;
    this.#claims = claims;
    this.#changed = changed;
  }

  /** What is in force of the source. */
  of(source: string, name: string): Service | undefined {
    return this.#announcer.table.of(source, name);
  }

  isHeld(source: string, name: string): boolean {
    return this.#table.isHeld(source, name);
  }

  /** Why the entry may not be changed in that name; it is remembered that it was tried. */
  foreign(source: string, held: Service | undefined, owner: string, force: boolean): OtherOwner | undefined {
    const foreign = foreignOwner(held, owner, force);
    if (foreign !== undefined) this.#table.refused(source, foreign.name, owner);
    return foreign;
  }

  /** Whether the entry is in force as it stands. Then it is nobody's but its writer's all the same. */
  isInForce(source: string, known: Service | undefined, service: Service, stream: StreamOfOne | undefined): boolean {
    if (known === undefined || !sameService(known, service)) return false;
    if (this.isHeld(source, service.name)) this.#table.again(source, known);
    if (!this.#claims.has(source, service.name)) return true;
    this.#claims.claim(source, service.name, stream);
    if (stream === undefined)
      this.#stored.note({ source, name: service.name, before: known, after: known, ofStream: false });
    return true;
  }

  /** All or nothing, but for entries that flap: their names are answered. No name stands in it twice. */
  apply(
    source: string,
    edits: readonly EntryEdit[],
    { force, owner, stream, sinceMs }: Manner,
  ): Refused | readonly string[] {
    const upserted: Service[] = [];
    const before: (Service | undefined)[] = [];
    const removed: string[] = [];
    let more = 0;
    for (const edit of edits) {
      more += Number(edit.before === undefined) - Number(edit.after === undefined);
      if (edit.after === undefined) removed.push(edit.name);
      else {
        upserted.push(edit.after);
        before.push(edit.before);
      }
    }
    if (more > 0 && this.#room.taken() + more > this.#room.most) return full(this.#room.most);
    const { refusal, held } = this.#table.apply(source, { upserted, removed, sinceMs }, force, owner, before);
    if (refusal !== undefined) return { failure: 'refused', message: describeRefusal(refusal) };
    const staying = held.length === 0 ? undefined : new Set(held);
    const ofStream = stream !== undefined;
    for (const edit of edits) {
      const { name, after } = edit;
      if (staying?.has(name) === true) continue;
      this.#claims.claim(source, name, after === undefined ? undefined : stream);
      if (after !== undefined || edit.before !== undefined) this.#stored.note({ ...edit, source, ofStream });
    }
    this.#changed(source);
    return held;
  }

  /** Undefined when all that was written until now is on disk. */
  async stored(): Promise<WriteFailure | undefined> {
    try {
      await this.#stored.stored();
      return undefined;
    } catch (error) {
      if (error instanceof NotStored) return { failure: 'notStored', message: error.message };
      throw error;
    }
  }
}
