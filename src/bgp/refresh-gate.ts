// Requests to send everything once more, tamed: each may cost a full table, so that of a flood one a second passes for
// each family, and the last one always does. RFC 2918 §4.

import type { Clock, Timer, Timers } from '../ports.js';
import type { AfiSafi } from './message.js';

const apartMs = 1000;

interface Gate {
  passedAtMs: number;
  pending: Timer | undefined;
}

export class RefreshGate {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #pass: (family: AfiSafi) => void;
  readonly #gates = new Map<string, Gate>();

  constructor(clock: Clock, timers: Timers, pass: (family: AfiSafi) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#pass = pass;
  }

  /** Of negotiated families only: they bound the memory. */
  request(family: AfiSafi): void {
    const key = `${family.afi}/${family.safi}`;
    const now = this.#clock.monotonicMs();
    const gate = this.#gates.get(key);
    if (gate?.pending !== undefined) return;
    const waitMs = gate === undefined ? 0 : gate.passedAtMs + apartMs - now;
    if (gate === undefined || waitMs <= 0) {
      this.#gates.set(key, { passedAtMs: now, pending: undefined });
      this.#pass(family);
      return;
    }
    gate.pending = this.#timers.after(waitMs, () => {
      gate.pending = undefined;
      gate.passedAtMs = this.#clock.monotonicMs();
      this.#pass(family);
    });
  }

  close(): void {
    for (const { pending } of this.#gates.values()) pending?.cancel();
    this.#gates.clear();
  }
}
