// Sessions that are sent the same octets: one view, one family, one encoding. What follows a place in the change log is
// encoded once and written to every member that stands there. A member that does not read stays behind alone, with a
// cursor and nothing queued; members that meet again go on together.

import type { Cursor, Rib } from './rib.js';
import { type EncodedBatch, type Encoding, encodeBatch } from './update-encoder.js';

/** What a group needs of a session. */
export interface Member {
  /** Whether it takes more now; when it answers no, pump() is called again once it does. */
  readonly writable: boolean;
  write(octets: Uint8Array): void;
  /** So many messages were: said when all members have theirs, so that the last waits for no book-keeping of the others. */
  wrote(messages: number): void;
}

/** What a member is to be told when it has read the log to its end for the first time: End-of-RIB, or the end of a refresh. */
export type Finish = () => void;

/** So many members have been written what began to change at this time. */
export type Told = (sinceMs: number, members: number) => void;

interface Place {
  readonly cursor: Cursor;
  readonly members: Map<Member, Finish | undefined>;
  /** When the oldest change began that these members have still to be told. One number, however far they are behind. */
  sinceMs: number | undefined;
}

/** Rows encoded in one go: enough to fill messages whatever the mix of attributes, little enough to stay below 10 ms. */
export const batchRows = 131072;

export class UpdateGroup {
  readonly rib: Rib;
  readonly encoding: Encoding;
  readonly #oversized: (id: number) => void;
  readonly #told: Told;
  #places: Place[] = [];
  /** Batches by the row they follow, valid while the table stands still: a member that comes later costs a copy to its socket. */
  readonly #encoded = new Map<number, EncodedBatch>();
  #encodedVersion = -1;
  #encodedOctets = 0;
  /** The first End-of-RIB waits until the table is known (RFC 4724 §4.1: a helper drops what was not sent by then). */
  #complete = false;

  constructor(rib: Rib, encoding: Encoding, oversized: (id: number) => void, told: Told) {
    this.rib = rib;
    this.encoding = encoding;
    this.#oversized = oversized;
    this.#told = told;
  }

  get empty(): boolean {
    return this.#places.length === 0;
  }

  /** The table is loaded: whoever has read it all may be told so. */
  complete(): void {
    this.#complete = true;
    this.pump();
  }

  /** Starts a member at a cursor of its own: at the head of the log, where it goes once more for a refresh, unless told otherwise. */
  join(member: Member, finish: Finish, cursor: Cursor = this.rib.open()): void {
    // The old cursor closes after the new one opens: what the member has not been told is withdrawn stays known.
    const left = this.#take(member);
    this.#places.push({ cursor, members: new Map([[member, finish]]), sinceMs: left?.sinceMs });
    this.#drop(left);
  }

  leave(member: Member): void {
    this.#drop(this.#take(member));
    this.rib.settle();
  }

  cursorOf(member: Member): Cursor | undefined {
    return this.#places.find(({ members }) => members.has(member))?.cursor;
  }

  /** Of the members that do not take more the one that stands furthest behind, and how far it got. */
  laggard(): { readonly member: Member; readonly progress: number } | undefined {
    let worst: { readonly member: Member; readonly progress: number } | undefined;
    for (const { cursor, members } of this.#places) {
      const progress = this.rib.progress(cursor);
      if (this.rib.caughtUp(cursor) || progress >= (worst?.progress ?? Number.POSITIVE_INFINITY)) continue;
      const member = [...members.keys()].find(({ writable }) => !writable);
      if (member !== undefined) worst = { member, progress };
    }
    return worst;
  }

  /**
   * Writes to every member what it takes. Bounded: a member that has been written a batch takes no more in this turn, or is at the end.
   * `sinceMs`: when what was just changed began to.
   */
  pump(sinceMs?: number): void {
    for (let i = 0; i < this.#places.length; i++) this.#advance(this.#places[i]!, sinceMs);
    if (this.#places.length > 1) this.#merge();
    // A table in motion keeps nothing: what was encoded is no longer what a newcomer must be told.
    if (this.#encodedVersion !== this.rib.version) this.#forgetEncoded();
  }

  #forgetEncoded(): void {
    this.#encoded.clear();
    this.#encodedOctets = 0;
  }

  #advance(place: Place, sinceMs?: number): void {
    if (!this.rib.caughtUp(place.cursor)) place.sinceMs ??= sinceMs;
    while (!this.rib.caughtUp(place.cursor)) {
      const waiting = [...place.members].filter(([member]) => !member.writable);
      if (waiting.length === place.members.size) return;
      if (waiting.length > 0) this.#splitOff(place, waiting);
      const batch = this.#batchAfter(place.cursor.at);
      for (const member of place.members.keys()) member.write(batch.octets);
      for (const member of place.members.keys()) member.wrote(batch.messages);
      this.rib.advance(place.cursor, batch.last);
    }
    if (place.sinceMs !== undefined) {
      this.#told(place.sinceMs, place.members.size);
      place.sinceMs = undefined;
    }
    if (!this.#complete) return;
    for (const [member, finish] of place.members) {
      if (finish === undefined) continue;
      place.members.set(member, undefined);
      finish();
    }
  }

  #splitOff(place: Place, waiting: readonly (readonly [Member, Finish | undefined])[]): void {
    const cursor = this.rib.open();
    this.rib.advance(cursor, place.cursor.at);
    for (const [member] of waiting) place.members.delete(member);
    this.#places.push({ cursor, members: new Map(waiting), sinceMs: place.sinceMs });
  }

  #batchAfter(row: number): EncodedBatch {
    if (this.#encodedVersion !== this.rib.version) {
      this.#forgetEncoded();
      this.#encodedVersion = this.rib.version;
    }
    const known = this.#encoded.get(row);
    if (known !== undefined) return known;
    const batch = encodeBatch(this.rib, row, batchRows, this.encoding);
    for (const id of batch.oversized) this.#oversized(id);
    // Members that stand at different rows make batches that overlap: together never more than a few tables.
    if (this.#encodedOctets > 65536 + this.rib.size * this.rib.width * 20) this.#forgetEncoded();
    this.#encoded.set(row, batch);
    this.#encodedOctets += batch.octets.length;
    return batch;
  }

  #merge(): void {
    const byRow = new Map<number, Place>();
    for (const place of this.#places) {
      const other = byRow.get(place.cursor.at);
      if (other === undefined) {
        byRow.set(place.cursor.at, place);
        continue;
      }
      for (const [member, finish] of place.members) other.members.set(member, finish);
      other.sinceMs = earlier(other.sinceMs, place.sinceMs);
      this.rib.close(place.cursor);
    }
    this.#places = [...byRow.values()];
  }

  #take(member: Member): Place | undefined {
    const place = this.#places.find(({ members }) => members.has(member));
    place?.members.delete(member);
    return place;
  }

  #drop(place: Place | undefined): void {
    if (place === undefined || place.members.size > 0) return;
    this.#places = this.#places.filter((other) => other !== place);
    this.rib.close(place.cursor);
  }
}

const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
