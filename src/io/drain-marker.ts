// Remembers, beside the marker of the boot, that this host is drained: what an operator said holds over a restart of herald,
// and until the host is booted anew.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootId } from './boot-marker.js';

/** Of the host's monotonic clock, which begins with the boot and is the same to every process. */
const sinceBootMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

export class DrainMarker {
  readonly #directory: string;
  readonly #file: string;

  constructor(stateDirectory: string) {
    this.#directory = stateDirectory;
    this.#file = join(stateDirectory, 'drained');
  }

  /** How long until all is to be withdrawn, 0 when it is; `otherBoot`: it was before the host was booted. Undefined: not drained. */
  read(): number | 'otherBoot' | undefined {
    try {
      const [boot, endMs] = readFileSync(this.#file, 'utf8').trim().split(' ');
      return boot === bootId() ? Math.max(0, Number(endMs) - sinceBootMs()) : 'otherBoot';
    } catch {
      return undefined;
    }
  }

  /** Throws where it cannot be remembered. */
  write(remainingMs: number): void {
    mkdirSync(this.#directory, { recursive: true });
    // A half-written marker would be none.
    writeFileSync(`${this.#file}.new`, `${bootId()} ${sinceBootMs() + remainingMs}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Throws where it cannot be forgotten. */
  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
