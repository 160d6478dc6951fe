// FRR: bgpd alone, without zebra. The table is `network` lines; a change is one more, on a vty session kept open.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Control } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, nowMs, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

const program = '/usr/lib/frr/bgpd';
const network = (address: string): string => `network ${address}/32`;

function config({ routes, peers, holdTimeSeconds }: Work): string {
  const neighbors = Array.from({ length: peers }, (_, index) => ` neighbor ${peerAddress(index)} peer-group sinks\n`);
  const networks = Array.from({ length: routes }, (_, index) => `  ${network(tableAddress(index))}\n`);
  return `frr defaults traditional
router bgp ${daemonAsn}
 bgp router-id ${daemonAddress}
 no bgp ebgp-requires-policy
 no bgp network import-check
 coalesce-time 0
 timers bgp ${Math.floor(holdTimeSeconds / 3)} ${holdTimeSeconds}
 neighbor sinks peer-group
 neighbor sinks remote-as ${peerAsn}
 neighbor sinks passive
${neighbors.join('')} address-family ipv4 unicast
${networks.join('')} exit-address-family
`;
}

/** Three zeros and the status of the command. */
function endOfAnswer(text: string): number | undefined {
  const end = text.indexOf('\0\0\0');
  return end < 0 || text.length < end + 4 ? undefined : end + 4;
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const directory = stage.path('frr');
  const configFile = stage.path('frr.conf');
  mkdirSync(directory, { recursive: true });
  writeFileSync(configFile, config(work));
  const started = await stage.startDaemon([
    program,
    ...['--no_zebra', '--skip_runas', '--listenon', daemonAddress],
    ...['--config_file', configFile, '--vty_socket', directory, '--pid_file', stage.path('frr.pid')],
  ]);
  const vty = await Control.connect(`${directory}/bgpd.vty`, started.program, endOfAnswer);
  const command = async (line: string) => {
    const answer = await vty.ask(`${line}\0`);
    if (answer.charCodeAt(answer.length - 1) !== 0) throw new Error(`frr: ${line}: ${answer}`);
  };
  for (const line of ['enable', 'configure terminal', `router bgp ${daemonAsn}`, 'address-family ipv4 unicast'])
    await command(line);
  const announce = async (address: string) => {
    const atMs = nowMs();
    await command(network(address));
    return atMs;
  };
  return {
    ...started,
    announce,
    announceByFile: announce,
    withdrawAll: async () => {
      const atMs = nowMs();
      for (let index = 0; index < work.routes; index++) await command(`no ${network(tableAddress(index))}`);
      return atMs;
    },
    release: () => vty.close(),
  };
}

export const frr: Daemon = {
  name: 'frr',
  version: () => /version ([\d.]+)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1],
  start,
};
