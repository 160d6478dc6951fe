// Addresses of one interface that others are being asked about before they are announced (RFC 5227 §2.1.1, and the same
// for RFC 4862 §5.4): those that begin together are asked about together.

import type { Random, Timer, Timers } from '../ports.js';
import { probeStep } from './claim.js';

interface Batch<T> {
  readonly items: Set<T>;
  sent: number;
  timer: Timer | undefined;
}

export class Probing<T> {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #ask: (items: readonly T[]) => void;
  readonly #over: (items: readonly T[]) => void;
  readonly #batchOf = new Map<T, Batch<T>>();

  /** `over`: nobody has them. */
  constructor(timers: Timers, random: Random, ask: (items: readonly T[]) => void, over: (items: readonly T[]) => void) {
    this.#timers = timers;
    this.#random = random;
    this.#ask = ask;
    this.#over = over;
  }

  get size(): number {
    return this.#batchOf.size;
  }

  begin(items: readonly T[]): void {
    if (items.length === 0) return;
    const batch: Batch<T> = { items: new Set(items), sent: 0, timer: undefined };
    for (const item of items) this.#batchOf.set(item, batch);
    this.#wait(batch);
  }

  drop(item: T): void {
    const batch = this.#batchOf.get(item);
    if (batch === undefined) return;
    this.#batchOf.delete(item);
    batch.items.delete(item);
    if (batch.items.size === 0) batch.timer?.cancel();
  }

  clear(): void {
    for (const item of [...this.#batchOf.keys()]) this.drop(item);
  }

  #wait(batch: Batch<T>): void {
    const { waitMs, next } = probeStep(batch.sent, this.#random);
    batch.timer = this.#timers.after(waitMs, () => {
      const items = [...batch.items];
      if (next === 'announce') {
        for (const item of items) this.drop(item);
        this.#over(items);
        return;
      }
      batch.sent++;
      this.#ask(items);
      this.#wait(batch);
    });
  }
}
