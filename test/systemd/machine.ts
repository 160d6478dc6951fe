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

/** The files of a package, where a distribution would put them. */
function install(root: string): void {
  const library = join(root, 'usr/lib/herald');
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  for (const part of ['dist', 'build/Release/herald.node', 'package.json', 'binding.gyp'])
    cpSync(join(repository, part), join(library, part), { recursive: true });
  // Node itself may live where a service must not look.
  cpSync(process.execPath, join(library, 'node'));
  writeFileSync(
    join(root, 'usr/bin/herald'),
    '#!/bin/sh\nexec /usr/lib/herald/node /usr/lib/herald/dist/main.js "$@"\n',
    {
      mode: 0o755,
    },
  );
  for (const [from, to] of [
    ['herald.service', 'usr/lib/systemd/system/herald.service'],
    ['herald.socket', 'usr/lib/systemd/system/herald.socket'],
    ['herald.sysusers.conf', 'usr/lib/sysusers.d/herald.conf'],
    ['herald.tmpfiles.conf', 'usr/lib/tmpfiles.d/herald.conf'],
  ] as const) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(join(repository, 'systemd', from), join(root, to));
  }
}

export class Machine {
  readonly #directory: string;
  readonly #boot: ReturnType<typeof spawn>;
  console = '';

  /** `etc`: files in /etc/herald; `dropIn`: lines for the service beside the unit's own. */
  constructor(etc: Readonly<Record<string, string>>, dropIn: string) {
    this.#directory = mkdtempSync(join(tmpdir(), 'herald-systemd-'));
    const root = join(this.#directory, 'root');
    const units = join(this.#directory, 'units');
    install(root);
    mkdirSync(join(root, 'etc/herald'), { recursive: true });
    for (const [name, text] of Object.entries(etc)) writeFileSync(join(root, 'etc/herald', name), text);
    // Nothing of the host's own boot: only what the target names.
    const alone = '[Unit]\nDefaultDependencies=no\n';
    for (const unit of ['herald.service', 'herald.socket']) {
      mkdirSync(join(units, `${unit}.d`), { recursive: true });
      writeFileSync(join(units, `${unit}.d/test.conf`), `${alone}${unit === 'herald.service' ? dropIn : ''}`);
    }
    writeFileSync(
      join(units, 'herald-test.target'),
      '[Unit]\nDefaultDependencies=no\nRequires=dbus.socket systemd-journald.socket herald.socket\nWants=herald.service\nAfter=herald.socket\n',
    );
    this.#boot = spawn(join(here, 'boot.sh'), [this.#directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#boot.stdout, this.#boot.stderr])
      stream?.on('data', (octets: Buffer) => {
        this.console = `${this.console}${octets.toString()}`.slice(-100_000);
      });
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
        { timeout: 20_000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
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
