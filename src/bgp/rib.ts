// What one view wants announced, for one address family: a row a prefix in typed arrays, found by an open-addressing
// index, and linked into a change log: a list through the rows in order of their last change. A prefix stands in the log
// once however often it changed, so a reader that falls behind finds less to read, and memory is bounded by the table.

import type { Family } from '../net/address.js';

/** Row 0 is the log's two ends: its `next` is the oldest change, its `previous` the newest. */
const ends = 0;
/** Attribute-set id of a row that is withdrawn but not yet read as such by every cursor. */
export const withdrawn = 0;

/** Memory that nobody has written to costs nothing. */
const spareRows = 16384;

/** Routes as they cross from thread to thread: row i is `words[i*w …]`, `lengths[i]`, `attributes[i]` (0 withdraws). */
export interface RouteColumns {
  readonly family: Family;
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly attributes: Uint32Array;
  /** Prefixes that these columns and those behind them are known to add; 0: not known. */
  readonly coming: number;
}

/** A place in the change log: everything up to and including row `at` has been read. */
export interface Cursor {
  at: number;
}

export class Rib {
  readonly family: Family;
  /** Words of an address: 1 or 4. */
  readonly width: number;
  words: Uint32Array;
  lengths: Uint8Array;
  attributes: Uint32Array;
  /** Changes whenever a row does, or is no longer the row that it was. */
  version = 0;
  /** Rows announced. */
  size = 0;
  /** Rows withdrawn that some cursor has still to read. */
  withdrawals = 0;

  #next: Uint32Array;
  #previous: Uint32Array;
  #sequence: Uint32Array;
  /** 1 where a cursor stands. */
  #marked: Uint8Array;
  #index: Uint32Array;
  #rows = 1;
  #free = 0;
  #lastSequence = 0;
  readonly #cursors = new Set<Cursor>();
  /** Withdrawn rows in order of withdrawal; a sequence that is no longer the row's says that it has changed since. */
  #graveRows: number[] = [];
  #graveSequences: number[] = [];
  /** Every row is a grave, and they stand in no list: as long as nobody asks which of them may go, there need be none. */
  #allGraves = false;

  constructor(family: Family, capacity = 64) {
    this.family = family;
    this.width = family === 'ipv4' ? 1 : 4;
    this.words = new Uint32Array(capacity * this.width);
    this.lengths = new Uint8Array(capacity);
    this.attributes = new Uint32Array(capacity);
    this.#next = new Uint32Array(capacity);
    this.#previous = new Uint32Array(capacity);
    this.#sequence = new Uint32Array(capacity);
    this.#marked = new Uint8Array(capacity);
    this.#index = new Uint32Array(indexSize(capacity));
  }

  /** Makes room at once for `count` more rows, so that a big batch does not grow in steps, nor a large table for the first change after it. */
  #reserve(count: number): void {
    const wanted = this.#rows + count + spareRows;
    if (wanted > this.lengths.length) this.#grow(wanted);
  }

  apply(columns: RouteColumns): void {
    const { count, words, lengths, attributes, coming } = columns;
    if (coming > 0) {
      this.#reserve(coming);
      // Nothing else is in the table then, unless it still has to be read as withdrawn.
      if (this.withdrawals === 0 && this.#free === 0) {
        this.#append(columns);
        return;
      }
    }
    for (let i = 0; i < count; i++) this.#put(words, i * this.width, lengths[i]!, attributes[i]!);
    this.#bury();
  }

  /** Nothing is wanted any more: every row becomes a withdrawal, and every cursor has all of them before it. */
  withdrawAll(): void {
    if (this.size === 0) return;
    this.withdrawals += this.size;
    this.size = 0;
    this.version++;
    this.attributes.fill(withdrawn);
    for (const cursor of this.#cursors) cursor.at = ends;
    this.#graveRows = [];
    this.#graveSequences = [];
    this.#allGraves = true;
    this.#bury();
  }

  /** The attribute-set id of a prefix, 0 when it is not announced. */
  lookup(words: ArrayLike<number>, length: number): number {
    const slot = this.#find(words, 0, length);
    const row = this.#index[slot]!;
    return row === 0 ? withdrawn : this.attributes[row]!;
  }

  /** A cursor before the oldest row. */
  open(): Cursor {
    const cursor = { at: ends };
    this.#cursors.add(cursor);
    return cursor;
  }

  /** A cursor behind the newest row. */
  openAtEnd(): Cursor {
    const cursor = this.open();
    this.advance(cursor, this.#previous[ends]!);
    return cursor;
  }

  /** Of two cursors, the one with less stands further behind. */
  progress({ at }: Cursor): number {
    return at === ends ? 0 : this.#sequence[at]!;
  }

  close(cursor: Cursor): void {
    this.#cursors.delete(cursor);
    this.#bury();
  }

  /** The row after this one in the log; 0 at its end. */
  after(row: number): number {
    return this.#next[row]!;
  }

  caughtUp(cursor: Cursor): boolean {
    return this.#next[cursor.at] === ends;
  }

  advance(cursor: Cursor, row: number): void {
    cursor.at = row;
    if (row !== ends) this.#marked[row] = 1;
  }

  /** Frees what every cursor has read as withdrawn: some time after cursors have advanced, when there is nothing to send. */
  settle(): void {
    this.#bury();
  }

  /** Rows between a cursor and the end of the log: what a session has still to be told. */
  pending(cursor: Cursor): { announcements: number; withdrawals: number } {
    let announcements = 0;
    let withdrawals = 0;
    for (let row = this.#next[cursor.at]!; row !== ends; row = this.#next[row]!) {
      if (this.attributes[row] === withdrawn) withdrawals++;
      else announcements++;
    }
    return { announcements, withdrawals };
  }

  /** Rows that are known to be new: copied as they are, and entered in the index without a look at what is there. */
  #append({ count, words, lengths, attributes }: RouteColumns): void {
    if (count === 0) return;
    if (this.#lastSequence + count > 0xffffffff) this.#renumber();
    const first = this.#rows;
    this.words.set(words.subarray(0, count * this.width), first * this.width);
    this.lengths.set(lengths.subarray(0, count), first);
    this.attributes.set(attributes.subarray(0, count), first);
    // All of it local: most tables come when the process has just begun, and no compiler has seen this loop yet.
    const { width } = this;
    const [index, next, previous, sequence] = [this.#index, this.#next, this.#previous, this.#sequence];
    const mask = index.length - 1;
    const last = previous[ends]!;
    const before = this.#lastSequence + 1;
    for (let i = 0; i < count; i++) {
      const row = first + i;
      let slot = hashOf(words, i * width, width, lengths[i]!) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = row;
      next[row] = row + 1;
      previous[row] = row - 1;
      sequence[row] = before + i;
    }
    next[last] = first;
    previous[first] = last;
    next[first + count - 1] = ends;
    previous[ends] = first + count - 1;
    this.#lastSequence += count;
    this.#rows += count;
    this.size += count;
    this.version++;
  }

  #put(words: ArrayLike<number>, offset: number, length: number, attributes: number): void {
    if (this.#free === 0 && this.#rows === this.lengths.length) this.#grow(this.#rows + 1);
    const slot = this.#find(words, offset, length);
    let row = this.#index[slot]!;
    if (row === 0) {
      if (attributes === withdrawn) return;
      row = this.#take();
      for (let k = 0; k < this.width; k++) this.words[row * this.width + k] = words[offset + k]!;
      this.lengths[row] = length;
      this.#index[slot] = row;
      this.size++;
    } else {
      const before = this.attributes[row]!;
      if (before === attributes) return;
      if (before === withdrawn) {
        this.withdrawals--;
        this.size++;
      } else if (attributes === withdrawn) {
        this.withdrawals++;
        this.size--;
      }
      this.#unlink(row);
    }
    this.attributes[row] = attributes;
    this.#link(row);
    this.version++;
    if (attributes === withdrawn && !this.#allGraves) {
      this.#graveRows.push(row);
      this.#graveSequences.push(this.#sequence[row]!);
      // Routes that flap behind a reader that stands still leave entries that mean nothing any more.
      if (this.#graveRows.length > 2 * this.#rows + 1024) this.#renumber();
    }
  }

  #link(row: number): void {
    const last = this.#previous[ends]!;
    this.#next[last] = row;
    this.#previous[row] = last;
    this.#next[row] = ends;
    this.#previous[ends] = row;
    if (this.#lastSequence === 0xffffffff) this.#renumber();
    this.#sequence[row] = ++this.#lastSequence;
  }

  #unlink(row: number): void {
    const previous = this.#previous[row]!;
    const next = this.#next[row]!;
    if (this.#marked[row] === 1) {
      // Whoever stood here has read all before it, and will read this row again where it goes.
      for (const cursor of this.#cursors) if (cursor.at === row) this.advance(cursor, previous);
      this.#marked[row] = 0;
    }
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #renumber(): void {
    this.#lastSequence = 0;
    this.#graveRows = [];
    this.#graveSequences = [];
    this.#allGraves = false;
    for (let row = this.#next[ends]!; row !== ends; row = this.#next[row]!) {
      this.#sequence[row] = ++this.#lastSequence;
      if (this.attributes[row] !== withdrawn) continue;
      this.#graveRows.push(row);
      this.#graveSequences.push(this.#lastSequence);
    }
  }

  #bury(): void {
    if (this.#graveRows.length === 0 && !this.#allGraves) return;
    let oldest = Number.POSITIVE_INFINITY;
    for (const cursor of this.#cursors) {
      if (!this.caughtUp(cursor)) oldest = Math.min(oldest, this.progress(cursor));
    }
    if (this.size === 0 && oldest === Number.POSITIVE_INFINITY) {
      this.#clear();
      return;
    }
    if (oldest === 0) return;
    if (this.#allGraves) {
      this.#renumber();
      this.#bury();
      return;
    }
    let buried = 0;
    for (const row of this.#graveRows) {
      const sequence = this.#graveSequences[buried]!;
      if (sequence > oldest) break;
      buried++;
      // Announced again since, or withdrawn once more: then a later entry speaks for it, or none.
      if (this.#sequence[row] !== sequence || this.attributes[row] !== withdrawn) continue;
      this.#unlink(row);
      this.#forget(row);
      this.withdrawals--;
    }
    if (buried === 0) return;
    this.version++;
    this.#graveRows = this.#graveRows.slice(buried);
    this.#graveSequences = this.#graveSequences.slice(buried);
  }

  /** Empty, and everybody knows: as on the first day, but for the room that it has. */
  #clear(): void {
    for (const cursor of this.#cursors) cursor.at = ends;
    this.#index.fill(0);
    this.#marked.fill(0);
    this.#next[ends] = ends;
    this.#previous[ends] = ends;
    this.#rows = 1;
    this.#free = 0;
    this.#graveRows = [];
    this.#graveSequences = [];
    this.#allGraves = false;
    this.withdrawals = 0;
    this.version++;
  }

  #take(): number {
    if (this.#free !== 0) {
      const row = this.#free;
      this.#free = this.#next[row]!;
      return row;
    }
    return this.#rows++;
  }

  #forget(row: number): void {
    this.#unindex(row);
    this.#sequence[row] = 0;
    this.#next[row] = this.#free;
    this.#free = row;
  }

  #grow(wanted: number): void {
    const capacity = Math.max(wanted, Math.ceil(this.lengths.length * 1.5));
    this.words = enlarged(this.words, new Uint32Array(capacity * this.width));
    this.lengths = enlarged(this.lengths, new Uint8Array(capacity));
    this.attributes = enlarged(this.attributes, new Uint32Array(capacity));
    this.#next = enlarged(this.#next, new Uint32Array(capacity));
    this.#previous = enlarged(this.#previous, new Uint32Array(capacity));
    this.#sequence = enlarged(this.#sequence, new Uint32Array(capacity));
    this.#marked = enlarged(this.#marked, new Uint8Array(capacity));
    const size = indexSize(capacity);
    if (size > this.#index.length) {
      this.#index = new Uint32Array(size);
      for (let row = this.#next[ends]!; row !== ends; row = this.#next[row]!) {
        this.#index[this.#find(this.words, row * this.width, this.lengths[row]!)] = row;
      }
    }
  }

  /** The slot that holds the prefix, or the empty one where it belongs. Linear probing. */
  #find(words: ArrayLike<number>, offset: number, length: number): number {
    const mask = this.#index.length - 1;
    let slot = hashOf(words, offset, this.width, length) & mask;
    for (;;) {
      const row = this.#index[slot]!;
      if (row === 0 || (this.lengths[row] === length && this.#sameWords(row, words, offset))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #sameWords(row: number, words: ArrayLike<number>, offset: number): boolean {
    const at = row * this.width;
    for (let k = 0; k < this.width; k++) if (this.words[at + k] !== words[offset + k]) return false;
    return true;
  }

  /** Takes a row out of the index and closes the gap, so that probing never meets a grave. */
  #unindex(row: number): void {
    const mask = this.#index.length - 1;
    let hole = this.#find(this.words, row * this.width, this.lengths[row]!);
    this.#index[hole] = 0;
    for (let slot = (hole + 1) & mask; this.#index[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#index[slot]!;
      const home = hashOf(this.words, other * this.width, this.width, this.lengths[other]!) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        this.#index[hole] = other;
        this.#index[slot] = 0;
        hole = slot;
      }
    }
  }
}

function hashOf(words: ArrayLike<number>, offset: number, width: number, length: number): number {
  let hash = length;
  for (let k = 0; k < width; k++) hash = Math.imul(hash ^ words[offset + k]!, 0x9e3779b1) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A power of two, at most three quarters full. */
const indexSize = (rows: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, rows * 1.34)));

function enlarged<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
