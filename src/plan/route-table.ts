// What services want announced, a row for each prefix of a view, in columns: a million routes are a few typed arrays. A row
// keeps its number while it is there.

import type { Family } from '../net/address.js';
import { RowIndex } from '../net/row-index.js';

const stride = 4;
const leastRows = 64;

/** `words` of which the address begins at `offset`. */
export interface PrefixAt {
  readonly family: Family;
  readonly words: ArrayLike<number>;
  readonly offset?: number;
  readonly length: number;
}

export class RouteTable<Claimant> {
  /** The first claim, nearly always the only one: whose, and with which attributes. */
  readonly claimants: (Claimant | undefined)[] = [];
  ids = new Uint32Array(leastRows);
  /** What the BGP thread knows; 0: nothing. */
  said = new Uint32Array(leastRows);
  /** 1: it is among those that have to be looked at. */
  changed = new Uint8Array(leastRows);
  words = new Uint32Array(leastRows * stride);
  lengths = new Uint8Array(leastRows);
  /** The view times two, and one more for IPv6. */
  #groups = new Uint32Array(leastRows);
  readonly #index = new RowIndex();
  readonly #free: number[] = [];

  get size(): number {
    return this.claimants.length - this.#free.length;
  }

  /** -1: there is none. */
  find(view: number, prefix: PrefixAt): number {
    const slot = this.#slotOf(view, prefix);
    return slot < 0 ? -1 : this.#index.rowAt(slot);
  }

  /** A row for a prefix that has none in this view; nobody claims it yet. */
  add(view: number, prefix: PrefixAt): number {
    const { family, words, offset = 0, length } = prefix;
    const row = this.#free.pop() ?? this.claimants.length;
    if (row === this.claimants.length) this.claimants.push(undefined);
    if (row === this.lengths.length) this.#grow(row * 4);
    for (let k = 0; k < (family === 'ipv4' ? 1 : 4); k++) this.words[row * stride + k] = words[offset + k]!;
    this.lengths[row] = length;
    this.#groups[row] = groupOf(view, family);
    this.#index.add(row, hashOf(view, prefix));
    return row;
  }

  remove(row: number): void {
    this.#index.remove(this.#slotOf(this.viewOf(row), this.prefixOf(row)));
    this.claimants[row] = undefined;
    this.ids[row] = 0;
    this.said[row] = 0;
    this.changed[row] = 0;
    this.#groups[row] = noGroup;
    this.#free.push(row);
  }

  isAt(row: number, view: number, prefix: PrefixAt): boolean {
    return this.#isPrefix(row, groupOf(view, prefix.family), prefix);
  }

  viewOf(row: number): number {
    return this.#groups[row]! >>> 1;
  }

  familyOf(row: number): Family {
    return this.#groups[row]! % 2 === 0 ? 'ipv4' : 'ipv6';
  }

  prefixOf(row: number): PrefixAt {
    return { family: this.familyOf(row), words: this.words, offset: row * stride, length: this.lengths[row]! };
  }

  /** Rows of one view. */
  *rowsOf(view: number): Generator<number> {
    for (let row = 0; row < this.claimants.length; row++)
      if (this.#groups[row] !== noGroup && this.viewOf(row) === view) yield row;
  }

  #slotOf(view: number, prefix: PrefixAt): number {
    const group = groupOf(view, prefix.family);
    const hash = hashOf(view, prefix);
    for (let slot = this.#index.find(hash); slot >= 0; slot = this.#index.find(hash, slot))
      if (this.#isPrefix(this.#index.rowAt(slot), group, prefix)) return slot;
    return -1;
  }

  #isPrefix(row: number, group: number, { family, words, offset = 0, length }: PrefixAt): boolean {
    const at = row * stride;
    if (this.words[at] !== words[offset] || this.lengths[row] !== length || this.#groups[row] !== group) return false;
    if (family === 'ipv6') for (let k = 1; k < stride; k++) if (this.words[at + k] !== words[offset + k]) return false;
    return true;
  }

  #grow(rows: number): void {
    this.ids = grown(this.ids, rows);
    this.said = grown(this.said, rows);
    this.words = grown(this.words, rows * stride);
    this.#groups = grown(this.#groups, rows);
    const [lengths, changed] = [this.lengths, this.changed];
    this.lengths = new Uint8Array(rows);
    this.lengths.set(lengths);
    this.changed = new Uint8Array(rows);
    this.changed.set(changed);
  }
}

const noGroup = 0xffffffff;

const groupOf = (view: number, family: Family): number => view * 2 + (family === 'ipv4' ? 0 : 1);

function grown(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(length);
  result.set(column);
  return result;
}

function hashOf(view: number, { family, words, offset = 0, length }: PrefixAt): number {
  let hash = words[offset]! | 0;
  if (family === 'ipv6') for (let k = 1; k < 4; k++) hash = Math.imul(hash, 31) + words[offset + k]!;
  return (hash ^ Math.imul(length + view * 256, 0x85ebca6b)) | 0;
}
