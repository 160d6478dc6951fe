// Which address of a pool is the lowest free one, at a cost that depends neither on the size of the pool nor on how much of
// it is in use: everything before a cursor has been given out once, and what of it came back waits in a heap.

import {
  type Address,
  type AddressKey,
  addressKey,
  compareAddresses,
  nextAddress,
  sameAddress,
} from '../net/address.js';
import { AddressHeap } from './address-heap.js';

export interface Range {
  readonly first: Address;
  readonly last: Address;
}

/** Some devices take these for network and broadcast addresses, whatever the prefix. */
export const isBuggy = ({ family, words }: Address): boolean => {
  const octet = words[0]! & 255;
  return family === 'ipv4' && (octet === 0 || octet === 255);
};

export class FreeAddresses {
  readonly #ranges: readonly Range[];
  readonly #avoidsBuggy: boolean;
  readonly #isTaken: (key: AddressKey) => boolean;
  readonly #returned = new AddressHeap();
  #range = 0;
  /** Nothing from here on has ever been given out by lowest(). Undefined: the end. */
  #cursor: Address | undefined;

  /** Ranges of one family, none of which overlaps another. */
  constructor(ranges: readonly Range[], avoidsBuggy: boolean, isTaken: (key: AddressKey) => boolean) {
    this.#ranges = ranges.toSorted((a, b) => compareAddresses(a.first, b.first));
    this.#avoidsBuggy = avoidsBuggy;
    this.#isTaken = isTaken;
    this.#cursor = this.#ranges[0]?.first;
  }

  lowest(): Address | undefined {
    for (let back = this.#returned.lowest; back !== undefined; back = this.#returned.lowest) {
      if (!this.#isTaken(addressKey(back))) return back;
      this.#returned.removeLowest();
    }
    while (this.#cursor !== undefined) {
      const isSkipped = this.#avoidsBuggy && isBuggy(this.#cursor);
      if (!isSkipped && !this.#isTaken(addressKey(this.#cursor))) return this.#cursor;
      this.#advance(this.#cursor);
    }
    return undefined;
  }

  /** An address that was taken is free again. */
  giveBack(address: Address): void {
    if (this.#avoidsBuggy && isBuggy(address)) return;
    if (this.#cursor === undefined || compareAddresses(address, this.#cursor) < 0) this.#returned.add(address);
  }

  #advance(from: Address): void {
    const isLast = sameAddress(from, this.#ranges[this.#range]!.last);
    this.#cursor = isLast ? this.#ranges[++this.#range]?.first : nextAddress(from);
  }
}
