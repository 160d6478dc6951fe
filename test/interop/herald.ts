// herald itself, as the suites and the demo run it: the built program in a namespace, its configuration and table in
// files, asked over its control socket.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Namespace, Program } from '../netns.js';

/** The part of `GET /v1/peers` that is judged here. */
export interface PeerState {
  readonly name: string;
  readonly state: string;
  readonly uptimeSeconds: number;
  readonly families: readonly string[];
  readonly announcedPrefixes: number;
  readonly pendingPrefixes: number;
  readonly receivedPrefixes: number;
  readonly flaps: number;
  readonly lastError?: {
    readonly code: number;
    readonly subcode: number;
    readonly text: string;
    readonly direction: string;
  } | null;
}

/** An entry of the table, as an operator writes it. */
export type Entry = Readonly<Record<string, unknown>> & { readonly name: string };

export interface HeraldFiles {
  readonly config: string;
  readonly table: string;
  readonly socket: string;
  readonly state: string;
}

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Replaced by rename, as a careful operator does: a reader sees the old file or the new one. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export class Herald {
  readonly files: HeraldFiles;
  readonly #namespace: Namespace;
  #program: Program | undefined;

  constructor(namespace: Namespace, directory: string) {
    this.#namespace = namespace;
    this.files = {
      config: join(directory, 'herald.yaml'),
      table: join(directory, 'allocations.yaml'),
      socket: join(directory, 'herald.sock'),
      state: join(directory, 'state'),
    };
    mkdirSync(this.files.state);
  }

  /** With the table's file as the one source, unless it names its own. */
  writeConfig(config: Readonly<Record<string, unknown>>): void {
    replace(
      this.files.config,
      stringify({ http: { listen: '' }, sources: [{ name: 'table', file: this.files.table }], ...config }),
    );
  }

  writeTable(services: readonly Entry[]): void {
    replace(this.files.table, stringify({ services }));
  }

  /** Resolves when it answers; sessions come later. `before`: words that go before its own. */
  async start(...before: readonly string[]): Promise<void> {
    if (!existsSync(program)) throw new Error('herald is not built: npm run build');
    const { config, state, socket } = this.files;
    const words = [program, 'run', '--config', config, '--state-dir', state, '--socket', socket];
    this.#program = this.#namespace.spawn([...before, process.execPath, ...words], { NODE_NO_WARNINGS: '' });
    for (;;) {
      const answer = await this.get('/v1/status').catch((error: unknown) => error);
      if (!(answer instanceof Error)) return;
      if (!this.#program.running) throw new Error(`herald did not start:\n${this.log}`, { cause: answer });
      await delay(20);
    }
  }

  /** SIGTERM. Returns the exit code. */
  async stop(): Promise<number | string> {
    assert.ok(this.#program?.running, `herald is not running:\n${this.log}`);
    return this.#program.stop();
  }

  /** SIGKILL: no last words. */
  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL');
    await this.#program?.exited;
  }

  /** SIGSTOP: its kernel goes on, it does not. */
  freeze(): void {
    this.#program?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#program?.signal('SIGCONT');
  }

  /** What to type for it to answer. */
  command(subcommand: string): string {
    return `node dist/main.js ${subcommand} --socket ${this.files.socket}`;
  }

  get running(): boolean {
    return this.#program?.running ?? false;
  }

  get log(): string {
    return this.#program?.log ?? '';
  }

  async peers(): Promise<readonly PeerState[]> {
    const { peers }: { peers: readonly PeerState[] } = JSON.parse(await this.get('/v1/peers'));
    return peers;
  }

  async peer(name: string): Promise<PeerState> {
    const peer = (await this.peers()).find((candidate) => candidate.name === name);
    assert.ok(peer, `herald knows no peer ${name}`);
    return peer;
  }

  get(path: string): Promise<string> {
    return this.#call('GET', path);
  }

  async post(path: string, body: unknown): Promise<void> {
    await this.#call('POST', path, JSON.stringify(body));
  }

  /** As `herald reload`. */
  async reload(): Promise<void> {
    await this.#call('POST', '/v1/reload', '{}');
  }

  /** What should not be there: warnings of Node, and after a stop what it has left behind. */
  get leaks(): readonly string[] {
    const warnings = this.log.split('\n').filter((line) => /Warning: |Unhandled|uncaught|MaxListeners/i.test(line));
    return !this.running && existsSync(this.files.socket) ? [...warnings, 'the control socket is left'] : warnings;
  }

  /** Sockets it holds open, of any kind. */
  get openSockets(): number {
    const directory = `/proc/${this.#program?.pid}/fd`;
    return readdirSync(directory).filter((descriptor) => {
      try {
        return readlinkSync(join(directory, descriptor)).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
  }

  #call(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const call = request({ socketPath: this.files.socket, method, path, headers, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${status} ${text}`));
        });
      });
      call.setTimeout(5000, () => call.destroy(new Error(`no answer to ${method} ${path}`)));
      call.on('error', reject);
      call.end(body);
    });
  }
}
