// OpenBGPD: the table goes in with `bgpctl network bulk add` (networks in its configuration take it quadratic time), a
// change is one run of bgpctl.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connectPatiently } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

/** Debian's, which its unit makes. */
const chrootDirectory = '/run/openbgpd';

function config({ peers, holdTimeSeconds }: Work, socket: string): string {
  const neighbors = Array.from({ length: peers }, (_, index) => `  neighbor ${peerAddress(index)}\n`);
  return `AS ${daemonAsn}
router-id ${daemonAddress}
listen on ${daemonAddress}
socket "${socket}"
fib-update no
holdtime ${holdTimeSeconds}
group sinks {
  remote-as ${peerAsn}
  passive
${neighbors.join('')}}
allow to any
`;
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const socket = stage.path('bgpd.sock');
  const configFile = stage.path('openbgpd.conf');
  writeFileSync(configFile, config(work, socket), { mode: 0o600 });
  mkdirSync(chrootDirectory, { recursive: true });
  const table = Array.from({ length: work.routes }, (_, index) => `${tableAddress(index)}/32\n`).join('');
  const started = await stage.startDaemon(['bgpd', '-d', '-f', configFile]);
  const bgpctl = (words: readonly string[], input?: string) =>
    stage.runClient(['bgpctl', '-s', socket, ...words], input);
  (await connectPatiently(socket, started.program)).destroy();
  await bgpctl(['network', 'bulk', 'add'], table);
  return {
    ...started,
    announce: (address) => bgpctl(['network', 'add', `${address}/32`]),
    withdrawAll: () => bgpctl(['network', 'flush']),
    release: () => {},
  };
}

export const openbgpd: Daemon = {
  name: 'openbgpd',
  version: () => {
    const { stderr, stdout } = spawnSync('bgpd', ['-V'], { encoding: 'utf8' });
    return /[\d.]+/.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[0];
  },
  start,
};
