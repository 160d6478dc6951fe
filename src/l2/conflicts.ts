// What other hosts claimed of ours on one interface, as far back as anybody will ask. They decide how much there is, so it
// is bounded.

import type { Address } from '../net/address.js';
import type { Clock } from '../ports.js';

export interface SeenConflict {
  readonly address: Address;
  /** Whose frame it was last. */
  readonly mac: Uint8Array;
  readonly at: Date;
  readonly atMs: number;
  readonly count: number;
  /** When the address was last announced for that reason. */
  readonly defendedAtMs: number | undefined;
}

const maxConflicts = 1000;
/** How long a conflict is told of in the status of an announcement. */
const shownMs = 60_000;

export class Conflicts<T extends { readonly address: Address }> {
  readonly #clock: Clock;
  /** Seen last, last. */
  readonly #seen = new Map<T, SeenConflict>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): Iterable<SeenConflict> {
    return this.#seen.values();
  }

  of(item: T): SeenConflict | undefined {
    return this.#seen.get(item);
  }

  isRecent(item: T): boolean {
    const seen = this.#seen.get(item);
    return seen !== undefined && this.#clock.monotonicMs() - seen.atMs < shownMs;
  }

  see(item: T, mac: Uint8Array, isDefended: boolean): void {
    const before = this.#seen.get(item);
    this.#seen.delete(item);
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined && this.#seen.size >= maxConflicts) this.#seen.delete(oldest);
    const atMs = this.#clock.monotonicMs();
    const count = (before?.count ?? 0) + 1;
    const defendedAtMs = isDefended ? atMs : before?.defendedAtMs;
    this.#seen.set(item, { address: item.address, mac, at: this.#clock.now(), atMs, count, defendedAtMs });
  }

  forget(item: T): void {
    this.#seen.delete(item);
  }
}
