// The lowest of some addresses, quickly: a binary heap that holds each of them once.

import { type Address, type AddressKey, addressKey, compareAddresses } from '../net/address.js';

export class AddressHeap {
  readonly #items: Address[] = [];
  readonly #keys = new Set<AddressKey>();

  get lowest(): Address | undefined {
    return this.#items[0];
  }

  add(address: Address): void {
    const key = addressKey(address);
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    const items = this.#items;
    let at = items.length;
    items.push(address);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (compareAddresses(items[parent]!, address) <= 0) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = address;
  }

  removeLowest(): void {
    const items = this.#items;
    const [lowest] = items;
    const last = items.pop();
    if (lowest === undefined || last === undefined) return;
    this.#keys.delete(addressKey(lowest));
    if (items.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && compareAddresses(items[child + 1]!, items[child]!) < 0) child++;
      if (compareAddresses(items[child]!, last) >= 0) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
  }
}
