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

export const batchRows = 65536;
const firstRows = 64;

export const widthOf = (family: Family): number => (family === 'ipv4' ? 1 : 4);

/** Gathers changes in any order of views and families; they leave together. */
export class RouteBatches {
  readonly #writers = new Map<number, BatchWriter>();

  add(view: number, prefix: PrefixAt, id: AttributesId): void {
    const { family } = prefix;
    const key = view * 2 + (family === 'ipv4' ? 0 : 1);
    let writer = this.#writers.get(key);
    if (writer === undefined) {
      writer = new BatchWriter(view, family);
      this.#writers.set(key, writer);
    }
    writer.add(prefix, id);
  }

  /** `isEmpty`: the BGP thread knows no route of the view, so that every one of these is new. */
  deliver(to: (batch: RouteBatch) => void, isEmpty: (view: number) => boolean): void {
    for (const writer of this.#writers.values()) {
      let coming = isEmpty(writer.view) ? writer.count : 0;
      for (const batch of writer.finish()) {
        to({ ...batch, coming });
        coming = Math.max(0, coming - batch.count);
      }
    }
  }
}

class BatchWriter {
  readonly view: number;
  readonly #family: Family;
  readonly #width: number;
  readonly #full: Omit<RouteBatch, 'coming'>[] = [];
  #rows = 0;
  #capacity = firstRows;
  #words: Uint32Array;
  #lengths: Uint8Array;
  #attributes: Uint32Array;

  constructor(view: number, family: Family) {
    this.view = view;
    this.#family = family;
    this.#width = widthOf(family);
    this.#words = new Uint32Array(firstRows * this.#width);
    this.#lengths = new Uint8Array(firstRows);
    this.#attributes = new Uint32Array(firstRows);
  }

  get count(): number {
    return this.#full.length * batchRows + this.#rows;
  }

  add({ words, offset = 0, length }: PrefixAt, id: AttributesId): void {
    if (this.#rows === this.#capacity) this.#grow();
    const width = this.#width;
    const at = this.#rows * width;
    for (let k = 0; k < width; k++) this.#words[at + k] = words[offset + k]!;
    this.#lengths[this.#rows] = length;
    this.#attributes[this.#rows++] = id;
  }

  /** All batches; their buffers may be transferred. */
  finish(): Omit<RouteBatch, 'coming'>[] {
    if (this.#rows > 0) this.#full.push(this.#batch());
    return this.#full;
  }

  #grow(): void {
    const [words, lengths, attributes] = [this.#words, this.#lengths, this.#attributes];
    if (this.#rows === batchRows) {
      this.#full.push(this.#batch());
      this.#rows = 0;
      this.#make();
      return;
    }
    this.#capacity = Math.min(batchRows, this.#capacity * 8);
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

  #batch(): Omit<RouteBatch, 'coming'> {
    const count = this.#rows;
    const isExact = count === this.#capacity;
    return {
      view: this.view,
      family: this.#family,
      count,
      words: isExact ? this.#words : this.#words.slice(0, count * this.#width),
      lengths: isExact ? this.#lengths : this.#lengths.slice(0, count),
      attributes: isExact ? this.#attributes : this.#attributes.slice(0, count),
    };
  }
}
