// A machine with a systemd of its own for one suite: booted on a throw-away copy of this one, asked through its namespaces.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');
const systemd = '/lib/systemd/systemd';

export interface Outcome {
  readonly code: number;
  readonly out: string;
}

/** Why there can be none here; undefined where there can. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'booting a systemd needs root';
  if (!existsSync(systemd)) return `${systemd} is not there`;
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--cgroup', '--net', '--fork', 'true']);
  return status === 0 ? undefined : 'namespaces cannot be made here';
}

/** What is laid over this machine's files before the other one boots. */
export interface Furniture {
  /** Files by their paths, without the slash in front; a script is a file that begins with "#!". */
  readonly files?: Readonly<Record<string, string>>;
  /** Files and directories of this machine, by where they come to be. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Lines for the service beside the unit's own. */
  readonly dropIn?: string;
  /** What the machine boots for, beside a journal and a bus. */
  readonly target?: string;
}

/** herald as a distribution would install it, and its units started. */
export const installed: Furniture = {
  files: {
    // Node itself may live where a service must not look.
    'usr/bin/herald': '#!/bin/sh\nexec /usr/lib/herald/node /usr/lib/herald/dist/main.js "$@"\n',
  },
  copies: {
    'usr/lib/herald/node': process.execPath,
    ...Object.fromEntries(
      ['dist', 'build/Release/herald.node', 'package.json', 'binding.gyp'].map((part) => [
        `usr/lib/herald/${part}`,
        join(repository, part),
      ]),
    ),
    'usr/lib/systemd/system/herald.service': join(repository, 'systemd/herald.service'),
    'usr/lib/systemd/system/herald.socket': join(repository, 'systemd/herald.socket'),
    'usr/lib/sysusers.d/herald.conf': join(repository, 'systemd/herald.sysusers.conf'),
    'usr/lib/tmpfiles.d/herald.conf': join(repository, 'systemd/herald.tmpfiles.conf'),
  },
  target: 'Requires=herald.socket\nWants=herald.service\nAfter=herald.socket\n',
};

// Nothing of the host's own boot: only what the target names.
const alone = '[Unit]\nDefaultDependencies=no\n';

export class Machine {
  readonly #directory = mkdtempSync(join(tmpdir(), 'herald-systemd-'));
  readonly #boot: ReturnType<typeof spawn>;
  console = '';

  constructor({ files = {}, copies = {}, dropIn = '', target = '' }: Furniture) {
    for (const [path, from] of Object.entries(copies))
      cpSync(from, join(this.#directory, 'root', path), { recursive: true });
    for (const [path, text] of Object.entries(files)) this.#put(join('root', path), text);
    this.#put('units/herald.service.d/test.conf', `${alone}${dropIn}`);
    this.#put('units/herald.socket.d/test.conf', alone);
    this.#put('units/herald-test.target', `${alone}Requires=dbus.socket systemd-journald.socket\n${target}`);
    this.#boot = spawn(join(here, 'boot.sh'), [this.#directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#boot.stdout, this.#boot.stderr])
      stream?.on('data', (octets: Buffer) => {
        this.console = `${this.console}${octets.toString()}`.slice(-100_000);
      });
  }

  #put(path: string, text: string): void {
    const place = join(this.#directory, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }

  get #first(): number {
    const pid = this.#boot.pid ?? 0;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return Number(children[0]);
  }

  /** One command inside. */
  run(...words: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        'nsenter',
        ['--target', String(this.#first), '--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup', ...words],
        { timeout: 60_000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
        (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: `${out}${err}` });
        },
      );
    });
  }

  /** A property as `systemctl show` gives it. */
  async property(name: string, unit = 'herald.service'): Promise<string> {
    return (await this.run('systemctl', 'show', '--value', '--property', name, unit)).out.trim();
  }

  stop(): void {
    this.#boot.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
    const { pid } = this.#boot;
    spawnSync('bash', [
      '-c',
      `sleep 0.2; for d in /sys/fs/cgroup/unified/herald-systemd.${pid} /sys/fs/cgroup/herald-systemd.${pid}; do [ -d $d ] && find $d -depth -type d -exec rmdir {} \\; ; done; true`,
    ]);
  }
}
