// How many moves there may be in a minute, counted over the last one.

const spanMs = 60_000;

export class Pace {
  /** When each was, the oldest first. */
  #moves: number[] = [];
  #head = 0;
  /** Since the last commit. */
  #fresh = 0;

  record(at: number): void {
    this.#moves.push(at);
    this.#fresh++;
  }

  left(most: number, now: number): number {
    while (this.#head < this.#moves.length && this.#moves[this.#head]! <= now - spanMs) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#moves.length) {
      this.#moves = this.#moves.slice(this.#head);
      this.#head = 0;
    }
    return most - (this.#moves.length - this.#head);
  }

  /** When there is room again. */
  next(most: number): number | undefined {
    const holding = this.#moves[Math.max(this.#head, this.#moves.length - most)];
    return holding === undefined ? undefined : holding + spanMs;
  }

  commit(): void {
    this.#fresh = 0;
  }

  rollback(): void {
    this.#moves.length -= Math.min(this.#fresh, this.#moves.length);
    this.#head = Math.min(this.#head, this.#moves.length);
    this.#fresh = 0;
  }
}
