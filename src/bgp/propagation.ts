// How long changes of the table take until peers have been sent them: counted in fixed buckets, so that it costs the same
// memory however many there are and however slow a peer is.

import type { PropagationCounts } from './protocol.js';

const boundsMs: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
];

export class Propagation {
  readonly #counts = new Float64Array(boundsMs.length + 1);
  #sumMs = 0;

  /** A change that took so long to each of some peers. */
  add(tookMs: number, peers: number): void {
    let bucket = 0;
    while (bucket < boundsMs.length && tookMs > boundsMs[bucket]!) bucket++;
    this.#counts[bucket]! += peers;
    this.#sumMs += tookMs * peers;
  }

  get counts(): PropagationCounts {
    return { boundsMs, counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
