// Rows of one family while a bulk is read: columns that grow, then sorted, without doubles, and cut to size.

import type { Family } from '../net/address.js';
import { radixOrder } from '../net/radix.js';
import type { BulkColumns } from './bulk.js';

const firstCapacity = 1024;

export class BulkRows {
  readonly #family: Family;
  readonly #width: 1 | 4;
  #count = 0;
  #words: Uint32Array;
  #lengths = new Uint8Array(firstCapacity);
  /** Absent as long as every row has the attribute set 0. */
  #attributes: Uint16Array | Uint32Array | undefined;
  #ascending = true;
  /** Row numbers from which on `line - row` is another, and the line there. */
  readonly #breaks: { readonly rows: number[]; readonly lines: number[] } = { rows: [], lines: [] };
  #lineOffset = Number.NaN;

  constructor(family: Family) {
    this.#family = family;
    this.#width = family === 'ipv4' ? 1 : 4;
    this.#words = new Uint32Array(firstCapacity * this.#width);
  }

  /** `words` in canonical form. */
  append(words: Uint32Array, length: number, attributes: number, line: number): void {
    const row = this.#count++;
    if (row === this.#lengths.length) this.#grow();
    this.#noteLine(row, line);
    const width = this.#width;
    for (let k = 0; k < width; k++) this.#words[row * width + k] = words[k]!;
    this.#lengths[row] = length;
    if (attributes !== 0) this.#setAttributes(row, attributes);
    if (this.#ascending && row > 0) this.#ascending = this.#compare(row - 1, row) < 0;
  }

  /** Rows on consecutive lines, IPv4, alike in all but the prefix. */
  appendRun(words: Uint32Array, lengths: Uint8Array, count: number, attributes: number, line: number): void {
    if (count === 0) return;
    const row = this.#count;
    const end = row + count;
    while (end > this.#lengths.length) this.#grow();
    this.#noteLine(row, line);
    this.#words.set(words.subarray(0, count), row);
    this.#lengths.set(lengths.subarray(0, count), row);
    if (attributes !== 0) {
      this.#setAttributes(row, attributes);
      this.#attributes?.fill(attributes, row, end);
    }
    this.#count = end;
    this.#ascending &&= isAscending(this.#words, this.#lengths, Math.max(row, 1), end);
  }

  #noteLine(row: number, line: number): void {
    if (line - row === this.#lineOffset) return;
    this.#lineOffset = line - row;
    this.#breaks.rows.push(row);
    this.#breaks.lines.push(line);
  }

  #grow(): void {
    const capacity = this.#lengths.length * 2;
    const [words, lengths] = [new Uint32Array(capacity * this.#width), new Uint8Array(capacity)];
    words.set(this.#words);
    lengths.set(this.#lengths);
    this.#words = words;
    this.#lengths = lengths;
    if (this.#attributes !== undefined) this.#attributes = resized(this.#attributes, capacity);
  }

  #setAttributes(row: number, attributes: number): void {
    this.#attributes ??= new Uint16Array(this.#lengths.length);
    if (attributes > 0xffff && this.#attributes instanceof Uint16Array)
      this.#attributes = Uint32Array.from(this.#attributes);
    this.#attributes[row] = attributes;
  }

  #compare(a: number, b: number): number {
    const width = this.#width;
    for (let k = 0; k < width; k++) {
      const difference = this.#words[a * width + k]! - this.#words[b * width + k]!;
      if (difference !== 0) return difference;
    }
    return this.#lengths[a]! - this.#lengths[b]!;
  }

  #lineOf(row: number): number {
    const { rows, lines } = this.#breaks;
    let low = 0;
    for (let high = rows.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if (rows[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return lines[low]! + row - rows[low]!;
  }

  /** Sorted columns; of equal prefixes the first written stays, and each later one is reported. */
  finish(repeated: (line: number, firstLine: number) => void): BulkColumns {
    const order = this.#ascending ? undefined : this.#sortedWithoutRepeats(repeated);
    const count = order?.length ?? this.#count;
    const width = this.#width;
    const words = order === undefined ? this.#words.slice(0, count * width) : new Uint32Array(count * width);
    if (order !== undefined) gather(this.#words, words, order, width);
    const lengths = order === undefined ? this.#lengths.slice(0, count) : new Uint8Array(count);
    if (order !== undefined) gather(this.#lengths, lengths, order, 1);
    return { family: this.#family, count, words, lengths, attributes: this.#finishAttributes(count, order) };
  }

  #finishAttributes(count: number, order: Uint32Array | undefined): Uint16Array | Uint32Array {
    if (this.#attributes === undefined) return new Uint16Array(count);
    if (order === undefined) return this.#attributes.slice(0, count);
    const attributes = this.#attributes instanceof Uint16Array ? new Uint16Array(count) : new Uint32Array(count);
    gather(this.#attributes, attributes, order, 1);
    return attributes;
  }

  #sortedWithoutRepeats(repeated: (line: number, firstLine: number) => void): Uint32Array {
    const width = this.#width;
    const words = Array.from({ length: width }, (_, k) => ({ values: this.#words, stride: width, offset: k }));
    const order = radixOrder(this.#count, [...words, { values: this.#lengths, stride: 1, offset: 0 }]);
    let kept = 0;
    for (const row of order) {
      const first = kept > 0 ? order[kept - 1]! : -1;
      if (first >= 0 && this.#compare(first, row) === 0) repeated(this.#lineOf(row), this.#lineOf(first));
      else order[kept++] = row;
    }
    return order.subarray(0, kept);
  }
}

/** Whether IPv4 rows from `start` on each come after the one before. */
function isAscending(words: Uint32Array, lengths: Uint8Array, start: number, end: number): boolean {
  for (let row = start; row < end; row++) {
    const before = words[row - 1]!;
    const word = words[row]!;
    if (before > word || (before === word && lengths[row - 1]! >= lengths[row]!)) return false;
  }
  return true;
}

function resized(from: Uint16Array | Uint32Array, capacity: number): Uint16Array | Uint32Array {
  const to = from instanceof Uint16Array ? new Uint16Array(capacity) : new Uint32Array(capacity);
  to.set(from);
  return to;
}

type Column = Uint8Array | Uint16Array | Uint32Array;

function gather(from: Column, to: Column, order: Uint32Array, width: number): void {
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    for (let k = 0; k < width; k++) to[i * width + k] = from[row * width + k]!;
  }
}
