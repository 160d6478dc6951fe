// ExaBGP: everything goes through the API of a process of its own, here `cat` of a pipe that the bench writes to.

import { spawnSync } from 'node:child_process';
import { constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, nowMs, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

function config({ peers, holdTimeSeconds }: Work, pipe: string): string {
  const neighbors = Array.from(
    { length: peers },
    (_, index) => `neighbor ${peerAddress(index)} {
  router-id ${daemonAddress}; local-address ${daemonAddress}; local-as ${daemonAsn}; peer-as ${peerAsn};
  hold-time ${holdTimeSeconds}; passive true; listen 179;
  family { ipv4 unicast; }
  api { processes [ bench ]; }
}
`,
  );
  return `process bench { run /bin/cat ${pipe}; encoder text; }\n${neighbors.join('')}`;
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const pipe = stage.path('exabgp.pipe');
  const configFile = stage.path('exabgp.conf');
  rmSync(pipe, { force: true });
  spawnSync('mkfifo', [pipe]);
  writeFileSync(configFile, config(work, pipe));
  const started = await stage.startDaemon(['exabgp', configFile], {
    'exabgp.daemon.user': 'root',
    'exabgp.tcp.bind': daemonAddress,
    'exabgp.tcp.port': '179',
    'exabgp.api.ack': 'false',
    'exabgp.log.level': 'CRIT',
  });
  // Open for reading too: whoever reads first, it does not wait for the other side, and never ends.
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const stream = new Socket({ fd, readable: false, writable: true });
  const tell = (lines: string) =>
    new Promise<void>((resolve, reject) => stream.write(lines, (error) => (error == null ? resolve() : reject(error))));
  const line = (operation: string, address: string) => `${operation} route ${address}/32 next-hop self\n`;
  const table = (operation: string) =>
    Array.from({ length: work.routes }, (_, index) => line(operation, tableAddress(index))).join('');
  // Not waited for: the pipe takes it as slowly as ExaBGP does, and never when ExaBGP is gone.
  tell(table('announce')).catch(() => {});
  return {
    ...started,
    announce: async (address) => {
      const atMs = nowMs();
      await tell(line('announce', address));
      return atMs;
    },
    withdrawAll: async () => {
      const atMs = nowMs();
      await tell(table('withdraw'));
      return atMs;
    },
    release: () => stream.destroy(),
  };
}

export const exabgp: Daemon = {
  name: 'exabgp',
  version: () => /[\d.]+/.exec(spawnSync('exabgp', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0],
  start,
};
