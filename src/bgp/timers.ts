// How long each timer of a session runs, and a timer that can be restarted for every message without cost.
// The machine names timers (TimerRequest); here a name becomes milliseconds. RFC 4271 §10, RFC 9687.

import type { Clock, Random, Timer, Timers } from '../ports.js';

/** What the machine asks for. `attempt`: failures in a row so far; back-off doubles with each after the first. */
export type TimerRequest =
  | { readonly timer: 'connectRetry'; readonly attempt: number }
  | { readonly timer: 'idleHold'; readonly attempt: number }
  | { readonly timer: 'hold'; readonly seconds: number }
  | { readonly timer: 'keepalive'; readonly seconds: number }
  | { readonly timer: 'patience' }
  | { readonly timer: 'stable' };

export type TimerName = TimerRequest['timer'];

/** RFC 4271 §8.2.2 "a large value": how long a connection waits for its OPEN, whatever hold time is configured. */
export const openHoldSeconds = 240;
/** After so long without its OPEN, a connection no longer counts against another of the same peer. */
export const patienceSeconds = 5;
/** A TCP connect that takes longer is given up: the ConnectRetryTimer of the Connect state. */
export const dialSeconds = 10;
/** Established for so long is a success: back-off starts again from the bottom. */
export const stableSeconds = 30;
export const maxBackOffSeconds = 120;

/** RFC 4271 §10: jitter between 0.75 and 1.0, so that routers that failed together do not come back together. */
const jittered = (milliseconds: number, random: Random): number => milliseconds * (0.75 + 0.25 * random());

/** First `firstSeconds`, then twice as long each time, up to two minutes (or to the first, where that is configured longer). */
export function backOffSeconds(firstSeconds: number, attempt: number): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), 16);
  return Math.min(firstSeconds * 2 ** doublings, Math.max(maxBackOffSeconds, firstSeconds));
}

export function delayMs(request: TimerRequest, connectRetrySeconds: number, random: Random): number {
  switch (request.timer) {
    case 'connectRetry':
    case 'idleHold':
      return jittered(backOffSeconds(connectRetrySeconds, request.attempt) * 1000, random);
    case 'hold':
      return request.seconds * 1000;
    case 'keepalive':
      return jittered(request.seconds * 1000, random);
    case 'patience':
      return patienceSeconds * 1000;
    case 'stable':
      return stableSeconds * 1000;
  }
}

/**
 * RFC 9687 §5: the longest that what we wrote may stand still; undefined where the negotiated hold time is zero, which
 * switches this timer off as it does the others.
 */
export const sendHoldMs = (holdTimeSeconds: number): number | undefined =>
  holdTimeSeconds === 0 ? undefined : Math.max(480, 2 * holdTimeSeconds) * 1000;

/**
 * A timer that is restarted far more often than it fires: a restart only moves the moment, and the one timer beneath
 * looks at it when it fires. `lenient`: once late, it waits another turn for what has been lying in the socket all the
 * while, because a process that slept or was busy must not take its own lateness for the peer's silence.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #expired: () => void;
  readonly #lenient: boolean;
  #atMs: number | undefined;
  #timer: Timer | undefined;
  #timerAtMs = 0;

  constructor(clock: Clock, timers: Timers, expired: () => void, lenient = false) {
    this.#clock = clock;
    this.#timers = timers;
    this.#expired = expired;
    this.#lenient = lenient;
  }

  get running(): boolean {
    return this.#atMs !== undefined;
  }

  start(milliseconds: number): void {
    this.#atMs = this.#clock.monotonicMs() + milliseconds;
    if (this.#timer !== undefined && this.#timerAtMs <= this.#atMs) return;
    this.#arm(milliseconds);
  }

  stop(): void {
    this.#atMs = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(milliseconds: number, lastChance = false): void {
    this.#timer?.cancel();
    this.#timerAtMs = this.#clock.monotonicMs() + milliseconds;
    this.#timer = this.#timers.after(milliseconds, () => this.#fired(lastChance));
  }

  #fired(lastChance: boolean): void {
    this.#timer = undefined;
    if (this.#atMs === undefined) return;
    const leftMs = this.#atMs - this.#clock.monotonicMs();
    if (leftMs > 0) this.#arm(leftMs);
    else if (this.#lenient && !lastChance) this.#arm(0, true);
    else {
      this.#atMs = undefined;
      this.#expired();
    }
  }
}

const timerNames: readonly TimerName[] = ['connectRetry', 'idleHold', 'hold', 'keepalive', 'patience', 'stable'];

/** The timers of one connection chain. */
export class TimerSet {
  readonly #deadlines: ReadonlyMap<TimerName, Deadline>;

  constructor(clock: Clock, timers: Timers, expired: (name: TimerName) => void) {
    this.#deadlines = new Map(
      timerNames.map((name) => [name, new Deadline(clock, timers, () => expired(name), name === 'hold')]),
    );
  }

  start(name: TimerName, milliseconds: number): void {
    this.#deadlines.get(name)?.start(milliseconds);
  }

  stop(): void {
    for (const deadline of this.#deadlines.values()) deadline.stop();
  }
}
