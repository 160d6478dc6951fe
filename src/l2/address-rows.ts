// Addresses in columns, as the responder takes them: a change costs one row, and the whole is a copy of memory.

import type { Address } from '../net/address.js';
import type { AddressColumns } from './responder.js';

export interface Row {
  readonly address: Address;
  /** Where it stands; -1: nowhere. Kept by the rows alone. */
  row: number;
}

class Column<T extends Row> {
  readonly #width: number;
  #words: Uint32Array;
  readonly #items: T[] = [];

  constructor(width: number) {
    this.#width = width;
    this.#words = new Uint32Array(16 * width);
  }

  get items(): readonly T[] {
    return this.#items;
  }

  get words(): Uint32Array {
    return this.#words.subarray(0, this.#items.length * this.#width);
  }

  add(item: T): void {
    const at = this.#items.length * this.#width;
    if (at === this.#words.length) {
      const wider = new Uint32Array(at * 2);
      wider.set(this.#words);
      this.#words = wider;
    }
    for (let i = 0; i < this.#width; i++) this.#words[at + i] = item.address.words[i]!;
    item.row = this.#items.length;
    this.#items.push(item);
  }

  /** The last takes its place: order means nothing here. */
  remove(item: T): void {
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      const from = this.#items.length * this.#width;
      this.#words.copyWithin(item.row * this.#width, from, from + this.#width);
      this.#items[item.row] = last;
      last.row = item.row;
    }
    item.row = -1;
  }
}

export class AddressRows<T extends Row> {
  readonly #ipv4 = new Column<T>(1);
  readonly #ipv6 = new Column<T>(4);

  get size(): number {
    return this.#ipv4.items.length + this.#ipv6.items.length;
  }

  add(item: T): void {
    this.#of(item).add(item);
  }

  remove(item: T): void {
    this.#of(item).remove(item);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#ipv4.items;
    yield* this.#ipv6.items;
  }

  /** All of it, in memory of its own. */
  columns(): AddressColumns {
    return { ipv4: this.#ipv4.words.slice(), ipv6: this.#ipv6.words.slice() };
  }

  #of({ address }: T): Column<T> {
    return address.family === 'ipv4' ? this.#ipv4 : this.#ipv6;
  }
}

export function columnsOf(addresses: readonly Address[]): AddressColumns {
  const words = (family: Address['family']): Uint32Array =>
    Uint32Array.from(addresses.flatMap((address) => (address.family === family ? address.words : [])));
  return { ipv4: words('ipv4'), ipv6: words('ipv6') };
}

/** A Map key of an address, a number for IPv4 because a table of a hundred thousand has so many of them. */
export const addressKey = ({
  family,
  words,
}: {
  readonly family: Address['family'];
  readonly words: readonly number[];
}): number | string => (family === 'ipv4' ? words[0]! : words.join(','));
