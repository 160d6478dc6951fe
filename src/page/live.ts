// What the page knows of herald, kept up to date: the event stream says that something happened, status and the rest are
// then asked for. Everything rests while the page is hidden.

import { EventStream } from '../api/event-stream.js';
import type { Interfaces, LanInterface, Peer, Peers, Pool, Pools, Status } from './api.js';
import { ask, NotThere } from './ask.js';
import { type EventLine, mergeEvents, readEvent } from './events.js';
import { type Sample, sampled } from './history.js';
import { nextRefresh, redialMs, shortestListRefreshMs } from './refresh.js';

export interface Known {
  /** Undefined until the first answer. */
  readonly status: Status | undefined;
  readonly peers: readonly Peer[];
  readonly pools: readonly Pool[];
  readonly interfaces: readonly LanInterface[];
  readonly events: readonly EventLine[];
  readonly history: readonly Sample[];
  /** Of the last answer. */
  readonly atMs: number;
  /** Why there is no answer now; empty while there is. */
  readonly failure: string;
  /** The event stream is open. */
  readonly isStreaming: boolean;
  /** Grows whenever a list may have changed. */
  readonly generation: number;
}

const nothing: Known = {
  status: undefined,
  peers: [],
  pools: [],
  interfaces: [],
  events: [],
  history: [],
  atMs: 0,
  failure: '',
  isStreaming: false,
  generation: 0,
};

export class Live {
  #known = nothing;
  readonly #watchers = new Set<() => void>();
  #isAsking = false;
  #isDue = true;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastListMs = Number.NEGATIVE_INFINITY;
  #timer = 0;
  #listTimer = 0;
  #stream: AbortController | undefined;
  #lastEventId = '0';
  #failures = 0;
  #redial = 0;

  get known(): Known {
    return this.#known;
  }

  /** Returns what ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  start(): void {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#rest() : this.#wake()));
    this.#wake();
  }

  #wake(): void {
    this.#isDue = true;
    this.#schedule();
    this.#dial();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#listTimer);
    clearTimeout(this.#redial);
    this.#stream?.abort();
  }

  #learn(news: Partial<Known>): void {
    this.#known = { ...this.#known, ...news };
    for (const watcher of this.#watchers) watcher();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isAsking) return;
    const state = { lastMs: this.#lastMs, isDue: this.#isDue, isHidden: document.hidden };
    const delay = nextRefresh(state, performance.now());
    if (delay !== undefined) this.#timer = window.setTimeout(() => void this.#refresh(), delay);
  }

  async #refresh(): Promise<void> {
    this.#isAsking = true;
    this.#isDue = false;
    this.#lastMs = performance.now();
    try {
      const [status, { peers }, { pools }, { interfaces }] = await Promise.all([
        ask<Status>('/v1/status'),
        ask<Peers>('/v1/peers'),
        ask<Pools>('/v1/pools').catch(unlessThere({ pools: [] })),
        ask<Interfaces>('/v1/interfaces').catch(unlessThere({ interfaces: [] })),
      ]);
      const { announcedBgp: bgp, announcedLayer2: layer2 } = status.counts;
      const atMs = Date.now();
      const history = sampled(this.#known.history, { atMs, bgp, layer2 });
      this.#learn({ status, peers, pools, interfaces, history, atMs, failure: '' });
      this.#scheduleLists();
    } catch (error) {
      this.#learn({ failure: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#isAsking = false;
      this.#schedule();
    }
  }

  #scheduleLists(): void {
    clearTimeout(this.#listTimer);
    const delay = Math.max(0, this.#lastListMs + shortestListRefreshMs - performance.now());
    this.#listTimer = window.setTimeout(() => {
      this.#lastListMs = performance.now();
      this.#learn({ generation: this.#known.generation + 1 });
    }, delay);
  }

  #dial(): void {
    clearTimeout(this.#redial);
    if (this.#stream !== undefined || document.hidden) return;
    const stream = new AbortController();
    this.#stream = stream;
    void this.#listen(stream.signal)
      .catch(() => {})
      .then(() => {
        this.#stream = undefined;
        this.#learn({ isStreaming: false });
        if (!document.hidden) this.#redial = window.setTimeout(() => this.#dial(), redialMs(this.#failures++));
      });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const headers = { accept: 'text/event-stream', 'last-event-id': this.#lastEventId };
    const answer = await fetch('/v1/events', { signal, headers, cache: 'no-store' });
    if (!answer.ok || answer.body === null) return;
    this.#failures = 0;
    this.#isDue = true;
    this.#schedule();
    this.#learn({ isStreaming: true });
    const stream = new EventStream();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#heard(stream.read(value).flatMap((event) => readEvent(event) ?? []));
    }
  }

  #heard(lines: readonly EventLine[]): void {
    const last = lines.at(-1);
    if (last === undefined) return;
    this.#lastEventId = last.id;
    this.#isDue = true;
    this.#schedule();
    this.#learn({ events: mergeEvents(this.#known.events, lines) });
  }
}

const unlessThere =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof NotThere) return instead;
    throw error;
  };
