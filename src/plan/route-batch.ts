// Changed routes in columns, as they cross to the BGP thread: gathered by view and family, handed out when enough.

import type { Family } from '../net/address.js';
import type { AttributesId } from './attribute-sets.js';
import type { PrefixAt } from './route-table.js';

/** Changes of one view and family, as they go to the BGP thread; attributes 0 withdraws. */
export interface RouteBatch {
  readonly view: number;
  readonly family: Family;
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly attributes: Uint32Array;
  /** Prefixes that this batch and those behind it are known to add: room to be made at once. */
  readonly coming: number;
}

/** Small enough that the BGP thread has begun while the rest is gathered. */
const batchRows = 16384;
const firstRows = 64;

export const widthOf = (family: Family): number => (family === 'ipv4' ? 1 : 4);

/** Gathers changes in any order of views and families, and delivers a batch when it is full and the rest at the end. */
export class RouteBatches {
  readonly #deliver: (batch: RouteBatch) => void;
  readonly #writers = new Map<number, BatchWriter>();
  /** One change follows another of the same view and family. */
  #last: BatchWriter | undefined;

  constructor(deliver: (batch: RouteBatch) => void) {
    this.#deliver = deliver;
  }

  /** So many prefixes, or fewer, will be added to a view in which nothing stands that these batches do not add. */
  expect(view: number, family: Family, count: number): void {
    this.#writer(view, family).coming = count;
  }

  add(view: number, prefix: PrefixAt, id: AttributesId): void {
    const writer = this.#writer(view, prefix.family);
    writer.add(prefix, id);
    if (writer.count === batchRows) this.#deliver(writer.take());
  }

  finish(): void {
    for (const writer of this.#writers.values()) if (writer.count > 0) this.#deliver(writer.take());
  }

  #writer(view: number, family: Family): BatchWriter {
    if (this.#last?.view === view && this.#last.family === family) return this.#last;
    const key = view * 2 + (family === 'ipv4' ? 0 : 1);
    let writer = this.#writers.get(key);
    if (writer === undefined) {
      writer = new BatchWriter(view, family);
      this.#writers.set(key, writer);
    }
    this.#last = writer;
    return writer;
  }
}

class BatchWriter {
  readonly view: number;
  readonly family: Family;
  readonly #width: number;
  coming = 0;
  count = 0;
  #capacity = firstRows;
  #words: Uint32Array;
  #lengths: Uint8Array;
  #attributes: Uint32Array;

  constructor(view: number, family: Family) {
    this.view = view;
    this.family = family;
    this.#width = widthOf(family);
    this.#words = new Uint32Array(firstRows * this.#width);
    this.#lengths = new Uint8Array(firstRows);
    this.#attributes = new Uint32Array(firstRows);
  }

  add({ words, offset = 0, length }: PrefixAt, id: AttributesId): void {
    if (this.count === this.#capacity) this.#grow();
    const width = this.#width;
    const at = this.count * width;
    for (let k = 0; k < width; k++) this.#words[at + k] = words[offset + k]!;
    this.#lengths[this.count] = length;
    this.#attributes[this.count++] = id;
  }

  /** What was gathered, whose buffers may be transferred; the writer starts anew. */
  take(): RouteBatch {
    const { count, coming } = this;
    const isExact = count === this.#capacity;
    const batch = {
      view: this.view,
      family: this.family,
      count,
      words: isExact ? this.#words : this.#words.slice(0, count * this.#width),
      lengths: isExact ? this.#lengths : this.#lengths.slice(0, count),
      attributes: isExact ? this.#attributes : this.#attributes.slice(0, count),
      // With bulks and services in one change it may be fewer than come.
      coming: coming < count ? 0 : coming,
    };
    this.coming = Math.max(0, coming - count);
    this.count = 0;
    if (isExact) this.#make();
    return batch;
  }

  #grow(): void {
    const [words, lengths, attributes] = [this.#words, this.#lengths, this.#attributes];
    this.#capacity = Math.min(batchRows, this.#capacity * 16);
    this.#make();
    this.#words.set(words);
    this.#lengths.set(lengths);
    this.#attributes.set(attributes);
  }

  #make(): void {
    this.#words = new Uint32Array(this.#capacity * this.#width);
    this.#lengths = new Uint8Array(this.#capacity);
    this.#attributes = new Uint32Array(this.#capacity);
  }
}
