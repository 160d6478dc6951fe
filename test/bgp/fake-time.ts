// A clock that only moves when a test moves it, and timers that fire in its order.

import type { Clock, Timer, Timers } from '../../src/ports.js';

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class FakeTime implements Clock, Timers {
  #nowMs = 1_000;
  #order = 0;
  #waiting: Waiting[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  now(): Date {
    return new Date(1_700_000_000_000 + this.#nowMs);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#waiting.length;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const waiting: Waiting = { atMs: this.#nowMs + Math.max(0, milliseconds), order: this.#order++, callback };
    const after = this.#waiting.findIndex(({ atMs }) => atMs > waiting.atMs);
    this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, waiting);
    return {
      cancel: () => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
      },
    };
  }

  /** Lets so much time pass. */
  run(milliseconds: number): void {
    const untilMs = this.#nowMs + milliseconds;
    for (let next = this.#waiting[0]; next !== undefined && next.atMs <= untilMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  /** Whether it came true before so much time had passed. */
  runUntil(isTrue: () => boolean, limitMs: number): boolean {
    const untilMs = this.#nowMs + limitMs;
    while (!isTrue()) {
      const next = this.#waiting[0];
      if (next === undefined || next.atMs > untilMs) return false;
      this.run(Math.max(0, next.atMs - this.#nowMs));
    }
    return true;
  }

  /** The process stood still meanwhile: what came due fires late, all at once, when time runs on. */
  sleep(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }
}
