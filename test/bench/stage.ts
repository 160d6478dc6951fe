// Where the bench plays: one namespace for the daemon, one for its peers, a veth pair between them, and the C program
// that is both the peers and the launcher. Every stamp is CLOCK_MONOTONIC in milliseconds, here and in C.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab, type Namespace, type Program } from '../netns.js';

export const daemonAddress = '172.31.0.1';
export const daemonAsn = 64500;
export const peerAsn = 64501;
/** The most peers a work has. */
export const peerLimit = 64;
export const peerAddress = (index: number): string => `172.31.1.${index + 1}`;

export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Node reads every certificate of such a bundle before the first line of a program. A service has none of the caller's environment. */
const unset = ['env', '-u', 'NODE_EXTRA_CA_CERTS', '-u', 'NODE_OPTIONS'];

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
/** The n-th address of the table. */
export const tableAddress = (index: number): string => dotted(0x0a000000 + index);
/** The n-th address that a single change announces: never one of the table. */
export const changeAddress = (index: number): string => dotted(0x0a100000 + index);

export interface Started {
  readonly program: Program;
  /** When the program was about to be executed: what it costs to get there is not its own. */
  readonly atMs: number;
}

export class Stage {
  readonly #lab = new Lab();
  readonly #daemonSide: Namespace = this.#lab.namespace('daemon');
  readonly peerSide: Namespace = this.#lab.namespace('peers');
  readonly sinkProgram = join(this.#lab.directory, 'sink');
  #launches = 0;
  #latest: Program | undefined;

  constructor() {
    const peers = Array.from({ length: peerLimit }, (_, index) => `${peerAddress(index)}/16`);
    this.#lab.connect(
      { namespace: this.#daemonSide, device: 'routes', addresses: [`${daemonAddress}/16`] },
      { namespace: this.peerSide, device: 'sinks', addresses: peers },
    );
    const here = fileURLToPath(new URL('.', import.meta.url));
    const words = ['-O2', '-Wall', '-o', this.sinkProgram, join(here, 'sink.c'), join(here, 'blast.c')];
    const { status, stderr, error } = spawnSync('cc', words, { encoding: 'utf8' });
    if (error) throw error;
    if (status !== 0) throw new Error(`cc: ${stderr}`);
  }

  path(name: string): string {
    return join(this.#lab.directory, name);
  }

  /** Where the control sockets, files and databases of a daemon go. Daemons come one after the other and overwrite them. */
  get directory(): string {
    return this.#lab.directory;
  }

  #stamped(words: readonly string[]): { stampFile: string; words: readonly string[] } {
    const stampFile = this.path(`${this.#launches++}.stamp`);
    return { stampFile, words: [this.sinkProgram, 'launch', stampFile, ...words] };
  }

  async startDaemon(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Started> {
    const { stampFile, words: launch } = this.#stamped(words);
    const program = this.#daemonSide.spawn([...unset, ...launch], environment);
    this.#latest = program;
    for (;;) {
      const atMs = readStamp(stampFile);
      if (atMs !== undefined) return { program, atMs };
      if (!program.running) throw new Error(`${words[0]} did not start: ${program.log}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Runs a client to its end; returns when it was about to be executed. */
  runClient(words: readonly string[], input = ''): Promise<number> {
    const { stampFile, words: launch } = this.#stamped(words);
    const child = spawn(launch[0] ?? '', launch.slice(1), { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.stdin.on('error', () => {}).end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        const atMs = readStamp(stampFile);
        if (code === 0 && atMs !== undefined) resolve(atMs);
        else reject(new Error(`${words.join(' ')}: ${complaint.trim() || `exit code ${code}`}`));
      });
    });
  }

  /** Ends the daemon that was started last, however far it came; returns what it had to say. */
  async stopDaemon(): Promise<string> {
    await this.#latest?.stop();
    return this.#latest?.log ?? '';
  }

  destroy(): void {
    this.#lab.destroy();
  }
}

function readStamp(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text.endsWith('\n') ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
