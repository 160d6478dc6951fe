// A lab of network namespaces: hosts joined by veth pairs or a bridge, and the processes that run in them. Whatever
// happens to the run, nothing of it stays: processes die with us, namespaces go with the lab or with the next one.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Where Debian keeps `ip` and the routers, and users have no path to.
const { PATH } = process.env;
Object.assign(process.env, { PATH: [PATH, '/usr/sbin', '/sbin'].join(':') });

const prefix = 'hrld';
const namespaceDirectory = '/run/netns';

function ip(lines: readonly string[], namespace?: string): void {
  const words = [...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'];
  const { status, stderr, error } = spawnSync('ip', words, { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`ip: ${stderr.trim()} in\n${lines.join('\n')}`);
}

/** Why no lab can be built here; undefined when one can. */
export function labObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const { error } = spawnSync('ip', ['-V']);
  if (error) return 'iproute2 is not installed';
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `network namespaces are not permitted here: ${stderr.trim()}`;
}

/** Runs this program again as root of a user namespace of its own, and returns its exit code; undefined when that is not permitted. */
export async function inUserNamespace(marker: string): Promise<number | undefined> {
  const words = ['--user', '--map-root-user', '--net', '--mount'];
  if (spawnSync('unshare', [...words, 'true']).status !== 0) return undefined;
  // `ip netns` keeps its names under /run, which is not ours to write: a fresh one, seen by us alone.
  const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', [...words, 'sh', '-c', script, 'sh', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A program we started, in a process group of its own: what it forks is stopped, frozen and killed with it. */
export class Program {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  /** The exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;

  constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it wrote to standard output and standard error. */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // Gone between the look and the call.
    }
  }

  /** SIGTERM, and SIGKILL for one that has not gone after `patienceMs`. */
  async stop(patienceMs = 5000): Promise<number | string> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), patienceMs);
    const outcome = await this.exited;
    clearTimeout(timer);
    return outcome;
  }
}

export class Namespace {
  readonly name: string;
  readonly #lab: Lab;

  constructor(name: string, lab: Lab) {
    this.name = name;
    this.#lab = lab;
  }

  /** Runs `ip` commands inside. */
  ip(...lines: readonly string[]): void {
    ip(lines, this.name);
  }

  /** The words that put a command inside. Unlike `ip netns exec`, leaves /sys alone, which a user namespace may not remount. */
  words(...command: readonly string[]): readonly string[] {
    return ['nsenter', `--net=${namespaceDirectory}/${this.name}`, '--', ...command];
  }

  /** Runs a command to its end and returns what it printed; throws when it fails. */
  run(...command: readonly string[]): string {
    const [program = '', ...words] = this.words(...command);
    const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', timeout: 10_000 });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  }

  spawn(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Program {
    return this.#lab.spawn(this.words(...command), environment);
  }
}

const living = new Set<Lab>();

function destroyAll(): void {
  for (const lab of living) lab.destroy();
}

/** Of runs that were killed without a chance to clean up. Their processes died with them. */
function removeLeftovers(): void {
  const dead = (directory: string): readonly string[] =>
    (existsSync(directory) ? readdirSync(directory) : []).filter((name) => {
      const [, pid] = new RegExp(`^${prefix}-(\\d+)-`).exec(name) ?? [];
      return pid !== undefined && !existsSync(`/proc/${pid}`);
    });
  for (const name of dead(namespaceDirectory)) spawnSync('ip', ['netns', 'delete', name]);
  for (const name of dead(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

let labs = 0;
const pause = new Int32Array(new SharedArrayBuffer(4));

export class Lab {
  /** For configuration, sockets and logs; goes with the lab. */
  readonly directory = mkdtempSync(join(tmpdir(), `${prefix}-${process.pid}-`));
  readonly #number = ++labs;
  readonly #namespaces: string[] = [];
  readonly #programs: Program[] = [];

  constructor() {
    if (labs === 1) {
      removeLeftovers();
      process.on('exit', destroyAll);
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const)
        process.on(signal, () => process.exit(code));
    }
    // Routers that give up root must get to their own directories in it.
    chmodSync(this.directory, 0o711);
    living.add(this);
  }

  namespace(label: string): Namespace {
    const name = `${prefix}-${process.pid}-${this.#number}${label}`;
    ip([`netns add ${name}`]);
    this.#namespaces.push(name);
    const namespace = new Namespace(name, this);
    // Addresses are usable at once: no duplicate address detection, and no router advertisements to wait for.
    const settings = ['accept_dad', 'accept_ra'].map((key) => `echo 0 >/proc/sys/net/ipv6/conf/default/${key}`);
    namespace.run('sh', '-c', settings.join(';'));
    namespace.ip('link set lo up');
    return namespace;
  }

  /** A veth pair: each end names its namespace and interface, and has its addresses at once. */
  connect(...ends: readonly [End, End]): void {
    const [a, b] = ends;
    ip([`link add ${a.device} netns ${a.namespace.name} type veth peer name ${b.device} netns ${b.namespace.name}`]);
    for (const end of ends) end.namespace.ip(...addressLines(end), `link set ${end.device} up`);
    // The kernel tells of a carrier up to a second late, and until then some programs do not count the interface.
    for (const { namespace, device } of ends)
      while (!namespace.run('ip', 'link', 'show', device).includes('state UP')) Atomics.wait(pause, 0, 0, 20);
  }

  /** A bridge in `namespace`, joined to every end by a veth pair. */
  bridge(namespace: Namespace, device: string, ends: readonly End[]): void {
    namespace.ip(`link add ${device} type bridge`, `link set ${device} up`);
    for (const [index, end] of ends.entries()) {
      const port = `${device}p${index}`;
      this.connect(end, { namespace, device: port });
      namespace.ip(`link set ${port} master ${device}`);
    }
  }

  spawn(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Program {
    const logFile = join(this.directory, `${this.#programs.length}.log`);
    const log = openSync(logFile, 'a');
    // The kernel ends it when we are killed, whatever it is doing.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
      cwd: this.directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    const program = new Program(child, logFile);
    this.#programs.push(program);
    return program;
  }

  /** Kills what still runs and removes everything. Safe to call twice, and synchronous: it runs while the process exits. */
  destroy(): void {
    if (!living.delete(this)) return;
    for (const program of this.#programs) program.signal('SIGKILL');
    for (const name of this.#namespaces) spawnSync('ip', ['netns', 'delete', name]);
    // Again, should one of the dying still write.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }
}

export interface End {
  readonly namespace: Namespace;
  readonly device: string;
  /** With length: "10.0.0.1/24". */
  readonly addresses?: readonly string[];
}

const addressLines = ({ device, addresses = [] }: End): readonly string[] =>
  addresses.map((address) => `address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`);
