// The addresses of one pool, family and sharing key: where a service that shares might join, the lowest first.

import { type Address, compareAddresses } from '../net/address.js';
import type { Port } from '../table/service.js';
import { portText } from './sharing.js';

export class SharedAddresses {
  readonly #sorted: Address[] = [];
  /** On how many of the addresses a port is in use. */
  readonly #ports = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#sorted.length === 0;
  }

  add(address: Address): void {
    const at = this.#seek(address);
    const known = this.#sorted[at];
    if (known === undefined || compareAddresses(known, address) !== 0) this.#sorted.splice(at, 0, address);
  }

  remove(address: Address): void {
    const at = this.#seek(address);
    const known = this.#sorted[at];
    if (known !== undefined && compareAddresses(known, address) === 0) this.#sorted.splice(at, 1);
  }

  usePorts(ports: readonly Port[], by: 1 | -1): void {
    for (const port of ports) {
      const text = portText(port);
      const count = (this.#ports.get(text) ?? 0) + by;
      if (count === 0) this.#ports.delete(text);
      else this.#ports.set(text, count);
    }
  }

  /** Those that may have all of the ports free, in order; nothing at once where one of them is in use everywhere. */
  *candidates(ports: readonly Port[]): Generator<Address> {
    if (ports.some((port) => this.#ports.get(portText(port)) === this.#sorted.length)) return;
    yield* this.#sorted;
  }

  #seek(address: Address): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAddresses(this.#sorted[middle]!, address) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
