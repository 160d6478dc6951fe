// The bench's end of the conversation with sink.c: one command a line, one line of JSON back, one at a time.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { daemonAddress, peerAddress, type Stage } from './stage.js';

/** Of one sink; counts of NLRI, messages and events are since the last `mark`. */
export interface SinkStats {
  /** Idle, connecting, open sent, open confirm, up. */
  readonly state: 0 | 1 | 2 | 3 | 4;
  readonly up: boolean;
  readonly upAt: number;
  readonly changedAt: number;
  readonly count: number;
  readonly announced: number;
  readonly withdrawn: number;
  /** Announced although it stood already. */
  readonly repeated: number;
  /** Not one of the bench's prefixes, or malformed. */
  readonly foreign: number;
  readonly updates: number;
  readonly octets: number;
  /** Sessions lost after, and connections refused before, Established. */
  readonly drops: number;
  readonly refusals: number;
  readonly expired: number;
  readonly holdSeconds: number;
  readonly longestSilenceMs: number;
}

interface Reached {
  /** When the last sink got there. */
  readonly at: number;
  /** When the last session came up. */
  readonly upAt: number;
}

export class Sinks {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(stage: Stage, count: number, holdTimeSeconds: number) {
    const words = [daemonAddress, '179', peerAddress(0), `${count}`, `${holdTimeSeconds}`];
    const [program = '', ...rest] = stage.peerSide.words(stage.sinkProgram, ...words);
    this.#child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async #ask(command: string): Promise<unknown> {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the sink program ended');
    return JSON.parse(value);
  }

  async #do(command: string): Promise<void> {
    const { ok } = (await this.#ask(command)) as { ok: boolean };
    if (!ok) throw new Error(`sink: ${command} was refused`);
  }

  async #reach(command: string, timeoutMs: number): Promise<Reached> {
    const reached = (await this.#ask(`${command} ${timeoutMs}`)) as Reached & { ok: boolean };
    if (!reached.ok) {
      const ends = (await this.stats()).map(({ state, count }) => `${state}:${count}`).join(' ');
      throw new Error(`${command} not reached within ${timeoutMs / 1000} s (state:prefixes of the peers: ${ends})`);
    }
    return reached;
  }

  /** All that read have exactly so many prefixes. */
  waitCount(prefixes: number, timeoutMs = 60_000): Promise<Reached> {
    return this.#reach(`wait-count ${prefixes}`, timeoutMs);
  }

  /** All that read have seen so many announcements since `mark`. */
  waitAnnounced(prefixes: number, timeoutMs = 60_000): Promise<Reached> {
    return this.#reach(`wait-announced ${prefixes}`, timeoutMs);
  }

  /** All that read have seen the announcement of the watched address. */
  waitWatched(timeoutMs = 10_000): Promise<Reached> {
    return this.#reach('wait-watched', timeoutMs);
  }

  watch(address: string): Promise<void> {
    return this.#do(`watch ${address}`);
  }

  mark(): Promise<void> {
    return this.#do('mark');
  }

  reconnect(index: number): Promise<void> {
    return this.#do(`reconnect ${index}`);
  }

  stopReading(index: number): Promise<void> {
    return this.#do(`stop-reading ${index}`);
  }

  resume(index: number): Promise<void> {
    return this.#do(`resume ${index}`);
  }

  async stats(): Promise<readonly SinkStats[]> {
    return (await this.#ask('stats')) as readonly SinkStats[];
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end('quit\n');
    await exited;
  }
}
