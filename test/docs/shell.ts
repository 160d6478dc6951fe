// A shell that is typed into, line by line, on a machine of its own: namespaces in which /etc, /run and /var/lib can be written
// and nothing of the host is. It ends with everything that was started in it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { root } from './documents.js';

export interface Typed {
  readonly code: number;
  readonly printed: string;
}

const namespaces = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** Why there can be no such machine here; undefined where there can. */
export function machineObstacle(): string | undefined {
  const { status, error, stderr } = spawnSync('unshare', [...namespaces, 'ip', '-V'], { encoding: 'utf8' });
  return error || status !== 0 ? `namespaces with iproute2 cannot be made here: ${stderr?.trim()}` : undefined;
}

const machine = `
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
cp -a /etc "$DIRECTORY" 2>/dev/null
mount --bind "$DIRECTORY/etc" /etc
mkdir -p /etc/herald /run/herald /run/netns /var/lib/herald
ip link set lo up
mount --bind "$DIRECTORY" "$DIRECTORY"
mount -o remount,bind,ro / 2>/dev/null
cd "$HOME"
`;

/** Takes lines from descriptor 3, each ended by NUL; after each come NUL, its exit code, NUL. */
const driver = `
exec 2>&1 </dev/null
set -m
code=0
while IFS= read -r -d '' -u 3 line; do
  (exit $code)
  eval "$line"
  code=$?
  printf '\\0%d\\0' $code
done
kill -KILL $(jobs -p)
`;

/** What a terminal is left to: in the background here, with its own log. */
const watches = /\s(?:--watch|--follow)\b/;
const stays = new RegExp(`^(?:ip netns exec \\S+ )?(?:herald run|gobgpd)\\b|${watches.source}`);

/** What bash says of a job that ended by a signal. */
const obituary = /^(?:bash: line \d+: +\d+|\[\d+\][+-]?) +(?:Killed|Terminated) .*\n/gm;

const living = new Set<Shell>();
process.once('exit', () => {
  for (const shell of living) shell.abandon();
});

export class Shell {
  readonly directory = mkdtempSync(join(tmpdir(), 'herald-docs-'));
  readonly home = join(this.directory, 'home');
  readonly #apart: boolean;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stayed = 0;
  #printed = '';
  #answer: ((typed: Typed) => void) | undefined;

  /** `apart`: on a machine of its own; else only in a directory of its own. */
  constructor(apart: boolean) {
    this.#apart = apart;
    mkdirSync(this.home);
    const bash = ['bash', '--norc', '--noprofile', '-c', `${apart ? machine : ''}${driver}`];
    const [program = '', ...words] = apart ? ['unshare', ...namespaces, ...bash] : bash;
    const child = spawn(program, words, {
      cwd: this.home,
      env: {
        PATH: `${join(root, 'test/docs/programs')}:${process.env['PATH']}:/usr/sbin:/sbin`,
        HOME: this.home,
        LANG: 'C.UTF-8',
        COLUMNS: '100',
        DIRECTORY: this.directory,
        REPOSITORY: root,
        NODE: process.execPath,
      },
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    living.add(this);
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  #hear(text: string): void {
    this.#printed += text;
    const [printed, code, rest] = this.#printed.split('\0');
    if (rest === undefined || printed === undefined) return;
    this.#printed = rest;
    this.#answer?.({ code: Number(code), printed: printed.replace(obituary, '') });
  }

  /** Resolves when the line is done, or has begun to stay. */
  type(line: string): Promise<Typed> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#say(stays.test(line) ? this.#behind(line) : line);
    });
  }

  /** The last words of everything that stayed. */
  get logs(): string {
    return [this.directory, this.home]
      .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
      .filter((file) => file.endsWith('.log'))
      .map((file) => `${file}:\n${readFileSync(file, 'utf8').slice(-4000)}`)
      .join('\n');
  }

  /** Put there by rename, as a careful operator does. */
  async put(path: string, text: string): Promise<void> {
    const file = join(this.directory, 'put');
    writeFileSync(file, text);
    const { code, printed } = await this.type(
      `mkdir -p "$(dirname ${path})" && cp ${file} ${path}.new && mv ${path}.new ${path}`,
    );
    if (code !== 0) throw new Error(`${path}: ${printed}`);
  }

  async end(): Promise<void> {
    if (this.#apart) this.#child.kill('SIGKILL');
    else this.#say();
    await this.#ended;
    this.abandon();
  }

  /** While the process exits. */
  abandon(): void {
    living.delete(this);
    this.#child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }

  /** Without a line: there will be no more. */
  #say(line?: string): void {
    const to = this.#child.stdio[3];
    if (!(to instanceof Writable)) return;
    if (line === undefined) to.end();
    else to.write(`${line}\0`);
  }

  /** A herald is waited for until it answers; of what is watched the first look is enough. */
  #behind(line: string): string {
    const log = join(this.directory, `${++this.#stayed}.log`);
    const begun = `{ ${line.replace(/\s*&\s*$/, '')}\n} >${log} 2>&1 & `;
    if (watches.test(line)) return `${begun} until [ -s ${log} ]; do sleep 0.05; done; kill $!; wait $!; cat ${log}`;
    if (!line.includes('herald run')) return begun;
    const [, socket = `\${HERALD_SOCKET:-/run/herald/herald.sock}`] = /--socket (\S+)/.exec(line) ?? [];
    const answers = `curl -s --unix-socket ${socket} http://herald/livez >${log}.alive`;
    return `${begun} until ${answers}; do kill -0 $! 2>/dev/null || { cat ${log}; break; }; sleep 0.05; done`;
  }
}
