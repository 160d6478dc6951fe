// allocations.json in the state directory: who holds what, for those who would rather read a file than ask. Replaced whole, a
// moment after the last change, and only when it would say something else.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log, Timer, Timers } from '../ports.js';

export interface AllocationLine {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly message: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  /** RFC 3339; empty while nothing is held. */
  readonly since: string;
}

const coalesceMs = 500;
/** Where changes do not end, a tenth of the time at most goes into telling of them. */
const restFactor = 10;
/** A large table is written in pieces, so that nothing else waits for it. */
const linesPerPiece = 1000;

export class AllocationsFile {
  readonly #file: string;
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #lines: () => Iterable<AllocationLine>;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #isDue = false;
  /** Of what is in the file; undefined: not looked yet. */
  #digest: string | undefined;
  #isFailing = false;
  #tookMs = 0;

  constructor(stateDirectory: string, log: Log, timers: Timers, lines: () => Iterable<AllocationLine>) {
    this.#file = join(stateDirectory, 'allocations.json');
    this.#log = log;
    this.#timers = timers;
    this.#lines = lines;
  }

  changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#timers.after(Math.max(coalesceMs, this.#tookMs * restFactor), () => {
      this.#timer = undefined;
      this.#isDue = true;
      this.#writing ??= this.#writeAll();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      const atMs = performance.now();
      try {
        await this.#write();
        this.#tookMs = performance.now() - atMs;
        this.#isFailing = false;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (!this.#isFailing) this.#log.write('warn', 'allocationsFile', `${this.#file} cannot be written: ${why}`);
        this.#isFailing = true;
      }
    }
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    const aside = `${this.#file}.new`;
    const hash = createHash('sha256');
    const text = async function* (lines: Iterable<AllocationLine>): AsyncGenerator<string> {
      for (const piece of pieces(lines)) {
        hash.update(piece);
        yield piece;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    try {
      this.#digest ??= await digestOf(this.#file);
      await pipeline(Readable.from(text(this.#lines())), createWriteStream(aside, { flush: true, mode: 0o644 }));
      const digest = hash.digest('hex');
      if (digest !== this.#digest) renameSync(aside, this.#file);
      this.#digest = digest;
    } finally {
      rmSync(aside, { force: true });
    }
  }
}

function* pieces(lines: Iterable<AllocationLine>): Generator<string> {
  let piece = '{"services":[';
  let count = 0;
  for (const line of lines) {
    piece += `${count++ === 0 ? '\n' : ',\n'}${JSON.stringify(line)}`;
    if (count % linesPerPiece !== 0) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n]}\n`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const octets of createReadStream(file)) hash.update(octets);
  } catch {
    return '';
  }
  return hash.digest('hex');
}
