// A change with a way back: what was in force before returns, unless somebody confirms in time. Decides nothing about
// configurations; what T says is the keeper's business (config-keeper.ts).

import type { Clock, Timer, Timers } from '../ports.js';

export interface OpenWindow<T> {
  /** What returns. */
  readonly fallback: T;
  readonly withinSeconds: number;
  /** For what people read; a timer decides. */
  readonly confirmBefore: Date;
}

export class ConfirmWindow<T> {
  readonly #time: Pick<Clock, 'now'> & Timers;
  readonly #silence: (missed: OpenWindow<T>) => void;
  #previous: T | undefined;
  #open: (OpenWindow<T> & { readonly timer: Timer }) | undefined;

  /** `silence`: nobody confirmed, and the window is closed. */
  constructor(time: Pick<Clock, 'now'> & Timers, silence: (missed: OpenWindow<T>) => void) {
    this.#time = time;
    this.#silence = silence;
  }

  get open(): OpenWindow<T> | undefined {
    return this.#open;
  }

  /** This was in force until something else came. */
  replaced(previous: T): void {
    this.#previous = previous;
  }

  /** From now on so long. The way back of a window that is open stays. Undefined: there is nothing to go back to. */
  ask(withinSeconds: number): OpenWindow<T> | undefined {
    const fallback = this.#open?.fallback ?? this.#previous;
    if (fallback === undefined) return undefined;
    this.#open?.timer.cancel();
    const milliseconds = withinSeconds * 1000;
    this.#open = {
      fallback,
      withinSeconds,
      confirmBefore: new Date(this.#time.now().getTime() + milliseconds),
      timer: this.#time.after(milliseconds, () => this.#miss()),
    };
    return this.#open;
  }

  /** What is in force stays. False: no window is open. */
  confirm(): boolean {
    if (this.#open === undefined) return false;
    this.stop();
    return true;
  }

  /** Closes without a word; what was before is forgotten. */
  stop(): void {
    this.#open?.timer.cancel();
    this.#open = undefined;
    this.#previous = undefined;
  }

  #miss(): void {
    const missed = this.#open;
    this.stop();
    if (missed !== undefined) this.#silence(missed);
  }
}
