// What a peer announces to us: validated, counted, guarded by a bound, never stored as routes. RFC 7606, RFC 4486 §4.
// Exact numbers need a set of prefixes, which is kept only where a bound keeps it small.

import { type Family, prefixKey } from '../net/address.js';
import { maximumPrefixesReached } from './errors.js';
import { afiSafiOf, type PrefixVisitor, prefixAt } from './nlri.js';
import { scanUpdate, type UpdateScan } from './update.js';
import type { UpdateContext } from './update-survey.js';

export class ReceivedRoutes {
  readonly #maxPrefixes: number | undefined;
  readonly #prefixes: Readonly<Record<Family, Set<number | string>>> = { ipv4: new Set(), ipv6: new Set() };
  #balance = 0;

  /** `maxPrefixes` of each family. */
  constructor(maxPrefixes: number | undefined) {
    this.#maxPrefixes = maxPrefixes;
  }

  /** Exact with a bound; else announcements less withdrawals, which counts what is announced twice twice. */
  get count(): number {
    if (this.#maxPrefixes === undefined) return this.#balance;
    return this.#prefixes.ipv4.size + this.#prefixes.ipv6.size;
  }

  /** Throws BgpError for an UPDATE that costs the session, or for one prefix too many. */
  take(body: Uint8Array, context: UpdateContext): UpdateScan {
    if (this.#maxPrefixes !== undefined) return scanUpdate(body, context, this.#visit);
    const scan = scanUpdate(body, context);
    const { announced, withdrawn } = scan;
    this.#balance = Math.max(0, this.#balance + announced.ipv4 + announced.ipv6 - withdrawn.ipv4 - withdrawn.ipv6);
    return scan;
  }

  readonly #visit: PrefixVisitor = (family, octets, at, withdrawn) => {
    const prefixes = this.#prefixes[family];
    const key = prefixKey(prefixAt(family, octets, at));
    if (withdrawn) {
      prefixes.delete(key);
      return;
    }
    prefixes.add(key);
    if (this.#maxPrefixes !== undefined && prefixes.size > this.#maxPrefixes)
      throw maximumPrefixesReached(afiSafiOf(family), this.#maxPrefixes);
  };
}
