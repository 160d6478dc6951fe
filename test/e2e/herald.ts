// The built herald as its operator has it: files in a directory of its own, a process, its log, its control socket and
// its command line. Whatever is started here ends with the test run.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { ServiceAnnouncementBody, ServiceBody, SourceBody, StatusBody } from '../../src/api/house.js';
import type { PeerStatus } from '../../src/bgp/protocol.js';
import { eventually } from '../interop/eventually.js';

export const program = process.env['HERALD_PROGRAM'] ?? fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface LogLine {
  readonly ts: string;
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Outcome {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** What `execFile` and `spawn` take to be somebody else. */
export interface Person {
  readonly uid?: number;
  readonly gid?: number;
}

/** As whom, and by which other program, it is started. */
interface Start extends Person {
  /** Words before its own: `prlimit --nofile=256`. */
  readonly through?: readonly string[];
  /** Instead of the one in its directory. */
  readonly socket?: string;
}

type Config = string | Readonly<Record<string, unknown>>;

const textOf = (content: Config): string => (typeof content === 'string' ? content : stringify(content));

/** Without what would change how herald behaves or what it prints. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(HERALD_|NODE_|JOURNAL_STREAM|NO_COLOR|FORCE_COLOR|.*_DIRECTORY$)/.test(name),
  ),
);

/** Replaced by rename, as a careful operator does: a reader sees the old file or the new one. */
export function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** One run of any command. */
export function run(words: readonly string[], options: Person & { readonly cwd?: string } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...words],
      { env: environment, timeout: 15_000, maxBuffer: 64 * 1024 * 1024, ...options },
      (error, out, err) => {
        alive.delete(child);
        resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'unknown'), out, err });
      },
    );
    alive.add(child);
  });
}

/** A command that goes on until somebody ends it. */
export class Lasting {
  out = '';
  err = '';
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;

  constructor(words: readonly string[]) {
    const child = spawn(process.execPath, [program, ...words], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    alive.add(child);
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        alive.delete(child);
        resolve(code ?? signal ?? 'unknown');
      });
    });
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Nobody reads any more what it prints. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }
}

export class Herald {
  readonly directory: string;
  readonly config: string;
  readonly socket: string;
  readonly state: string;
  readonly log: LogLine[] = [];
  /** What it wrote that is no log line. */
  noise = '';
  #child: ChildProcess | undefined;
  #ended: Promise<number | string> = Promise.resolve('never started');

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'herald-'));
    this.config = this.path('herald.yaml');
    this.socket = this.path('herald.sock');
    this.state = this.path('state');
    mkdirSync(this.state);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, content: Config): void {
    replace(this.path(name), textOf(content));
  }

  writeConfig(content: Config): void {
    replace(this.config, textOf(content));
  }

  /** Resolves when it answers on its socket; sessions come later. */
  async start(as: Start = {}): Promise<void> {
    this.launch(as);
    let isOver = false;
    void this.#ended.then(() => {
      isOver = true;
    });
    for (;;) {
      const answer = await this.call('GET', '/v1/status').catch(() => undefined);
      if (answer?.status === 200) return;
      if (isOver) throw new Error(`herald did not start:\n${this.noise}${this.text}`);
      await delay(20);
    }
  }

  launch({ through = [], socket = this.socket, ...as }: Start = {}): void {
    const places = ['--config', this.config, '--state-dir', this.state, '--socket', socket];
    const words = [...through, process.execPath, program, 'run', ...places];
    const child = spawn(words[0]!, words.slice(1), {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...as,
    });
    alive.add(child);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        alive.delete(child);
        resolve(code ?? signal ?? 'unknown');
      });
    });
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#hear(line);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.noise += text;
    });
  }

  #hear(line: string): void {
    try {
      const parsed: LogLine = JSON.parse(line);
      this.log.push(parsed);
    } catch {
      this.noise += `${line}\n`;
    }
  }

  get pid(): number {
    const pid = this.#child?.pid;
    assert.ok(pid !== undefined, 'herald is not running');
    return pid;
  }

  /** Resolves to the exit code, or the signal's name. */
  get ended(): Promise<number | string> {
    return this.#ended;
  }

  /** From now on nobody reads what it writes. */
  stopListening(): void {
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async stop(): Promise<number | string> {
    this.signal('SIGTERM');
    return this.#ended;
  }

  /** For after(): whatever state the tests left it in. */
  async remove(): Promise<void> {
    if (this.#child !== undefined) {
      this.signal('SIGKILL');
      await this.#ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The whole log as it was written, for searching. */
  get text(): string {
    return this.log.map((line) => `${JSON.stringify(line)}\n`).join('');
  }

  logged(event: string): LogLine[] {
    return this.log.filter((line) => line.event === event);
  }

  /** Waits until its lines of `event` pass: what it answers may arrive before what it logged on the way. */
  heard(event: string, check: (lines: readonly LogLine[]) => void): Promise<readonly LogLine[]> {
    return eventually(() => this.logged(event), check);
  }

  /** Waits for the first line of `event` beyond the first `after`. */
  async hear(event: string, after = 0): Promise<LogLine> {
    const lines = await eventually(
      () => this.logged(event),
      (seen) => assert.ok(seen.length > after, `no ${event} in\n${this.text}`),
      5000,
    );
    return lines[after]!;
  }

  call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const said = text === undefined ? headers : { 'content-type': 'application/json', ...headers };
      const exchange = request({ socketPath: this.socket, method, path, headers: said, agent: false }, (answer) => {
        let heard = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          heard += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text: heard }),
        );
        answer.on('error', reject);
      });
      exchange.setTimeout(5000, () => exchange.destroy(new Error(`no answer to ${method} ${path}`)));
      exchange.on('error', reject);
      exchange.end(text);
    });
  }

  /** Asks, and is gone before the answer comes. */
  askAndGo(method: string, path: string, body: unknown): Promise<void> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const exchange = request({ socketPath: this.socket, method, path, headers, agent: false });
      exchange.on('error', () => {});
      exchange.on('close', resolve);
      exchange.end(JSON.stringify(body), () => exchange.destroy());
    });
  }

  async get<T>(path: string): Promise<T> {
    const { status, text } = await this.call('GET', path);
    assert.equal(status, 200, text);
    const body: T = JSON.parse(text);
    return body;
  }

  /** Another that was said to happen: a failure is the test's. */
  async done(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.call(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  status(): Promise<StatusBody> {
    return this.get('/v1/status');
  }

  async source(name: string): Promise<SourceBody> {
    const { sources } = await this.get<{ sources: SourceBody[] }>('/v1/sources');
    const source = sources.find((candidate) => candidate.name === name);
    assert.ok(source, `no source ${name}`);
    return source;
  }

  async peer(name: string): Promise<PeerStatus> {
    return this.get(`/v1/peers/${name}`);
  }

  async services(): Promise<ServiceBody[]> {
    return (await this.get<{ services: ServiceBody[] }>('/v1/services')).services;
  }

  service(name: string): Promise<ServiceBody> {
    return this.get(`/v1/services/${name}`);
  }

  async announcements(): Promise<ServiceAnnouncementBody[]> {
    return (await this.get<{ announcements: ServiceAnnouncementBody[] }>('/v1/announcements')).announcements;
  }

  async established(...names: readonly string[]): Promise<void> {
    for (const name of names)
      await eventually(
        () => this.peer(name),
        ({ state }) => assert.equal(state, 'Established', `${name}\n${this.text}`),
        8000,
      );
  }

  /** `herald …`, asking this one. */
  type(...words: readonly string[]): Promise<Outcome> {
    return run([...words, '--socket', this.socket]);
  }

  /** The same, for one that goes on. */
  keepTyping(...words: readonly string[]): Lasting {
    return new Lasting([...words, '--socket', this.socket]);
  }

  /** Resident memory. */
  get residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
  }
}
