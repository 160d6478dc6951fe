// Short runs of octets, each with a number from 0 on: the attribute part of a million rows is a handful of distinct texts,
// and none of them should become a string a million times.

export class InternedOctets {
  #pool = new Uint8Array(1024);
  #used = 0;
  /** Number i is pool[starts[i] .. starts[i + 1]). */
  readonly #starts: number[] = [0];
  readonly #byHash = new Map<number, number>();
  /** The next with the same hash; -1: none. */
  readonly #next: number[] = [];
  #last = -1;

  get size(): number {
    return this.#next.length;
  }

  intern(octets: Uint8Array, start: number, end: number): number {
    // Rows that follow one another mostly say the same.
    if (this.#last >= 0 && this.#is(this.#last, octets, start, end)) return this.#last;
    let hash = 0x811c9dc5; // FNV-1a
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ octets[at]!, 0x01000193);
    const first = this.#byHash.get(hash) ?? -1;
    for (let number = first; number >= 0; number = this.#next[number]!)
      if (this.#is(number, octets, start, end)) {
        this.#last = number;
        return number;
      }
    this.#last = this.#next.length;
    this.#next.push(first);
    this.#byHash.set(hash, this.#last);
    this.#store(octets, start, end);
    return this.#last;
  }

  #is(number: number, octets: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[number]!;
    if (this.#starts[number + 1]! - from !== end - start) return false;
    for (let at = start; at < end; at++) if (octets[at] !== this.#pool[from + at - start]) return false;
    return true;
  }

  #store(octets: Uint8Array, start: number, end: number): void {
    const used = this.#used + end - start;
    if (used > this.#pool.length) {
      const pool = new Uint8Array(Math.max(used, this.#pool.length * 2));
      pool.set(this.#pool);
      this.#pool = pool;
    }
    this.#pool.set(octets.subarray(start, end), this.#used);
    this.#used = used;
    this.#starts.push(used);
  }
}
