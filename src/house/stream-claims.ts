// Entries that came by a stream and may have to go with it: which stream wrote each last, and what becomes of them when it
// closes. An entry that is put belongs to no stream any more.

import type { Config } from '../config/config.js';
import type { Timer, Timers } from '../ports.js';

/** One stream, told from every other by being itself. */
export interface StreamOfOne {
  readonly source: string;
}

export class StreamClaims {
  readonly #config: () => Config;
  readonly #timers: Timers;
  readonly #withdraw: (source: string, names: readonly string[]) => void;
  readonly #claims = new Map<string, Map<string, StreamOfOne>>();
  readonly #waiting = new Set<Timer>();

  constructor(config: () => Config, timers: Timers, withdraw: (source: string, names: readonly string[]) => void) {
    this.#config = config;
    this.#timers = timers;
    this.#withdraw = withdraw;
  }

  /** `stream` wrote it last; undefined: it is nobody's, or gone. */
  claim(source: string, name: string, stream: StreamOfOne | undefined): void {
    let claims = this.#claims.get(source);
    if (stream === undefined) {
      claims?.delete(name);
      return;
    }
    if (claims === undefined) {
      claims = new Map();
      this.#claims.set(source, claims);
    }
    claims.set(name, stream);
  }

  has(source: string, name: string): boolean {
    return this.#claims.get(source)?.has(name) === true;
  }

  goWithStreams(source: string): boolean {
    return this.#patience(source) !== undefined;
  }

  /** Answers after how many seconds its entries go; undefined: they stay. */
  closed(stream: StreamOfOne): number | undefined {
    const seconds = this.#patience(stream.source);
    if (seconds === undefined) return undefined;
    const timer = this.#timers.after(seconds * 1000, () => {
      this.#waiting.delete(timer);
      // Meanwhile it may have been decided otherwise.
      const names = this.#patience(stream.source) === undefined ? [] : this.#namesOf(stream);
      if (names.length > 0) this.#withdraw(stream.source, names);
    });
    this.#waiting.add(timer);
    return seconds;
  }

  /** The source is gone, and its entries with it. */
  forget(source: string): void {
    this.#claims.delete(source);
  }

  stop(): void {
    for (const timer of this.#waiting) timer.cancel();
    this.#waiting.clear();
  }

  #patience(source: string): number | undefined {
    const configured = this.#config().sources.find(({ name }) => name === source);
    return configured?.kind === 'socket' && configured.onDisconnect === 'withdraw'
      ? configured.afterSeconds
      : undefined;
  }

  #namesOf(stream: StreamOfOne): string[] {
    const claims = this.#claims.get(stream.source) ?? new Map<string, StreamOfOne>();
    return [...claims].filter(([, claimant]) => claimant === stream).map(([name]) => name);
  }
}
