// BIRD 2: the table is a static protocol's, a change is a line of an included file and `configure` on its socket.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Control } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, nowMs, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

/** The last line of an answer has a blank after its code, the others a dash. */
function endOfAnswer(text: string): number | undefined {
  const [line] = /^\d{4} .*\n/m.exec(text) ?? [];
  return line === undefined ? undefined : text.indexOf(line) + line.length;
}

const route = (address: string): string => `route ${address}/32 blackhole;\n`;

function config(stage: Stage, { peers, holdTimeSeconds }: Work): string {
  const sessions = Array.from(
    { length: peers },
    (_, index) => `protocol bgp p${index} from sink { neighbor ${peerAddress(index)} as ${peerAsn}; }\n`,
  );
  return `router id ${daemonAddress};
protocol device {}
protocol static bench_table {
  ipv4;
  include "${stage.path('bird-table.conf')}";
}
protocol static bench_changes {
  ipv4;
  include "${stage.path('bird-changes.conf')}";
}
template bgp sink {
  local ${daemonAddress} as ${daemonAsn}; passive on; hold time ${holdTimeSeconds}; error wait time 1, 2;
  ipv4 { import none; export all; };
}
${sessions.join('')}`;
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const changesFile = stage.path('bird-changes.conf');
  const socket = stage.path('bird.ctl');
  let changes = '';
  writeFileSync(stage.path('bird.conf'), config(stage, work));
  writeFileSync(
    stage.path('bird-table.conf'),
    Array.from({ length: work.routes }, (_, index) => route(tableAddress(index))).join(''),
  );
  writeFileSync(changesFile, changes);
  const started = await stage.startDaemon(['bird', '-f', '-c', stage.path('bird.conf'), '-s', socket]);
  const client = await Control.connect(socket, started.program, endOfAnswer);
  await client.hear();
  // On an idle machine BIRD 2.0.12 leaves the last UPDATE of a feed unwritten until its poll() times out, seconds later:
  // something on its control socket keeps it turning. Measured without, it would be ten times slower for the wrong reason.
  const poker = await Control.connect(socket, started.program, endOfAnswer);
  await poker.hear();
  const timer = setInterval(() => poker.poke('show status\n'), 2);
  const configure = async () => {
    const atMs = nowMs();
    const answer = await client.ask('configure\n');
    if (!/^000[34] /m.test(answer)) throw new Error(`bird: ${answer}`);
    return atMs;
  };
  const announce = (address: string) => {
    changes += route(address);
    writeFileSync(changesFile, changes);
    return configure();
  };
  return {
    ...started,
    announce,
    announceByFile: announce,
    withdrawAll: async () => {
      const atMs = nowMs();
      await client.ask('disable bench_table\n');
      return atMs;
    },
    release: () => {
      clearInterval(timer);
      poker.close();
      client.close();
    },
  };
}

export const bird: Daemon = {
  name: 'bird',
  version: () => /[\d.]+/.exec(spawnSync('bird', ['--version'], { encoding: 'utf8' }).stderr ?? '')?.[0],
  start,
};
