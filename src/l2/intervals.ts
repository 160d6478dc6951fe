// Clocks of one interface: what repeats itself at several intervals, and what comes back after one wait.

import type { Clock, Random, Timer, Timers } from '../ports.js';
import { jittered, retryMs } from './claim.js';

/** One clock for each interval that anything needs. */
export class Refreshes {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #due: (intervalMs: number) => boolean;
  readonly #clocks = new Map<number, Timer>();

  /** `due`: false when nothing needs the interval any more. */
  constructor(timers: Timers, random: Random, due: (intervalMs: number) => boolean) {
    this.#timers = timers;
    this.#random = random;
    this.#due = due;
  }

  /** 0: needs none. */
  need(intervalMs: number): void {
    if (intervalMs > 0 && !this.#clocks.has(intervalMs)) this.#wait(intervalMs);
  }

  stop(): void {
    for (const clock of this.#clocks.values()) clock.cancel();
    this.#clocks.clear();
  }

  #wait(intervalMs: number): void {
    const clock = this.#timers.after(jittered(intervalMs, this.#random), () => {
      this.#clocks.delete(intervalMs);
      if (this.#due(intervalMs)) this.#wait(intervalMs);
    });
    this.#clocks.set(intervalMs, clock);
  }
}

/** All wait equally long, so the first that came is the first that is due, and one clock does. */
export class Retries<T> {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #due: (item: T) => void;
  readonly #waiting = new Map<T, number>();
  #timer: Timer | undefined;

  constructor(timers: Timers, clock: Clock, due: (item: T) => void) {
    this.#timers = timers;
    this.#clock = clock;
    this.#due = due;
  }

  add(item: T): void {
    this.#waiting.delete(item);
    this.#waiting.set(item, this.#clock.monotonicMs() + retryMs);
    this.#await();
  }

  delete(item: T): void {
    this.#waiting.delete(item);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #await(): void {
    const [first] = this.#waiting.values();
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.#timers.after(Math.max(0, first - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      for (const [item, dueMs] of this.#waiting) {
        if (dueMs > this.#clock.monotonicMs()) break;
        this.#waiting.delete(item);
        this.#due(item);
      }
      this.#await();
    });
  }
}
