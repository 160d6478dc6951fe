// Values by prefix, for tables of a million: an IPv4 prefix is looked up by its word among those of its length, so that
// no key stands on the heap.

import type { Family, Prefix } from './address.js';

export class PrefixMap<T> {
  /** By length. */
  readonly #ipv4: Map<number, T>[] = [];
  readonly #ipv6 = new Map<string, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ family, words, length }: Prefix): T | undefined {
    return this.getAt(family, words, 0, length);
  }

  /** Of the prefix whose address begins at `offset` among others'. */
  getAt(family: Family, words: ArrayLike<number>, offset: number, length: number): T | undefined {
    return family === 'ipv4'
      ? this.#ipv4[length]?.get(words[offset]! | 0)
      : this.#ipv6.get(ipv6Key(words, offset, length));
  }

  set(prefix: Prefix, value: T): void {
    const { family, words, length } = prefix;
    if (family === 'ipv4') {
      let ofLength = this.#ipv4[length];
      if (ofLength === undefined) {
        ofLength = new Map();
        this.#ipv4[length] = ofLength;
      }
      this.#size -= ofLength.size;
      ofLength.set(words[0]! | 0, value);
      this.#size += ofLength.size;
    } else {
      this.#size -= this.#ipv6.size;
      this.#ipv6.set(ipv6Key(words, 0, length), value);
      this.#size += this.#ipv6.size;
    }
  }

  delete({ family, words, length }: Prefix): boolean {
    const gone =
      family === 'ipv4'
        ? (this.#ipv4[length]?.delete(words[0]! | 0) ?? false)
        : this.#ipv6.delete(ipv6Key(words, 0, length));
    if (gone) this.#size--;
    return gone;
  }

  *values(): Generator<T> {
    for (const ofLength of this.#ipv4) if (ofLength !== undefined) yield* ofLength.values();
    yield* this.#ipv6.values();
  }
}

const ipv6Key = (words: ArrayLike<number>, at: number, length: number): string =>
  `${words[at]!},${words[at + 1]!},${words[at + 2]!},${words[at + 3]!}/${length}`;
