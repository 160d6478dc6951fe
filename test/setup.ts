// Before the first test: where the run holds suites that need a router, a judge or a browser and we are root, those are
// installed from Debian, once and without starting any service. What is missing afterwards is skipped by the suites, with
// the reason.

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Runner, Suite } from 'mocha';

/** Package → a program of it that the suites in test/interop run. */
const routers = {
  bird2: '/usr/sbin/bird',
  frr: '/usr/lib/frr/bgpd',
  gobgpd: '/usr/bin/gobgpd',
  openbgpd: '/usr/sbin/bgpd',
  exabgp: '/usr/sbin/exabgp',
} as const;

/** What the windows are looked at with. */
const lookers = { prometheus: '/usr/bin/promtool', chromium: '/usr/bin/chromium' } as const;

/** The same for those of the LAN, and for test/native: what judges our frames. */
const judges = {
  'iputils-arping': '/usr/bin/arping',
  ndisc6: '/usr/bin/ndisc6',
  tcpdump: '/usr/bin/tcpdump',
  'python3-scapy': '/usr/bin/scapy3',
} as const;

/** What is typed in the documents, beside all of them. */
const typed = {
  curl: '/usr/bin/curl',
  jq: '/usr/bin/jq',
  keepalived: '/usr/sbin/keepalived',
  procps: '/usr/sbin/sysctl',
} as const;

export const packages = { iproute2: '/usr/sbin/ip', ...routers, ...judges, ...lookers, ...typed } as const;

export type Package = keyof typeof packages;

/** Which of them the suites of a file need. */
function neededBy(file: string): readonly string[] {
  if (file.includes('/test/interop/')) return ['iproute2', ...Object.keys(routers), ...Object.keys(judges)];
  if (file.includes('/test/native/')) return ['iproute2', ...Object.keys(judges)];
  if (file.includes('/test/page/browser')) return ['chromium'];
  if (file.includes('/test/metrics/') || file.includes('/test/docs/monitoring')) return ['prometheus'];
  if (file.includes('/test/docs/commands'))
    return ['iproute2', 'bird2', 'frr', 'gobgpd', 'exabgp', 'iputils-arping', ...Object.keys(typed)];
  return [];
}

const policyFile = '/usr/sbin/policy-rc.d';
const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** Keeps maintainer scripts from starting services. Lives no longer than we do: left behind by a crash, it allows everything. */
const policy = `#!/bin/sh
# Written by herald's tests while they install packages; safe to remove.
[ -d /proc/${process.pid} ] && exit 101
exit 0
`;

function aptGet(...words: readonly string[]): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(
    'apt-get',
    ['-qq', '-o', 'DPkg::Lock::Timeout=60', '-o', 'Dpkg::Use-Pty=0', ...words],
    { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8', timeout: 300_000 },
  );
  if (error) return error.message;
  return status === 0 ? undefined : `${stderr}${stdout}`.trim().split('\n').slice(-3).join('\n');
}

function install(wanted: readonly string[]): string | undefined {
  const ours = !existsSync(policyFile);
  if (ours) writeFileSync(policyFile, policy, { mode: 0o755, flag: 'wx' });
  try {
    const words = ['install', '--yes', '--no-install-recommends', ...wanted];
    return aptGet(...words) && (aptGet('update') ?? aptGet(...words));
  } finally {
    if (ours) rmSync(policyFile, { force: true });
  }
}

const filesOf = (suite: Suite): string[] => [...(suite.file ? [suite.file] : []), ...suite.suites.flatMap(filesOf)];

export function mochaGlobalSetup(this: Runner): void {
  if (process.getuid?.() !== 0) return;
  const needed = new Set(filesOf(this.suite).flatMap(neededBy));
  const missing = Object.entries(packages).flatMap(([name, program]) =>
    needed.has(name) && !existsSync(program) ? [name] : [],
  );
  if (missing.length === 0) return;
  say(`Installing ${missing.join(' ')} for the suites that need them …`);
  const failure = install(missing);
  if (failure !== undefined) say(`Could not install them; what needs them is skipped.\n${failure}`);
}
