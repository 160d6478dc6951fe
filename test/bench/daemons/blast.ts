// The physical limit (blast.c): no daemon at all, only a writer of octets encoded beforehand.

import { Control } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, nowMs, type Stage } from '../stage.js';

function endOfAnswer(text: string): number | undefined {
  const end = text.indexOf('\n');
  return end < 0 ? undefined : end + 1;
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const socket = stage.path('blast.sock');
  const words = [stage.sinkProgram, 'blast', daemonAddress, '179', `${work.routes}`, socket];
  const started = await stage.startDaemon(words);
  const control = await Control.connect(socket, started.program, endOfAnswer);
  const tell = async (command: string) => {
    const atMs = nowMs();
    await control.ask(`${command}\n`);
    return atMs;
  };
  return {
    ...started,
    announce: (address) => tell(`announce ${address}`),
    withdrawAll: () => tell('withdraw-all'),
    release: () => control.close(),
  };
}

export const blast: Daemon = { name: 'blast', version: () => 'the limit', start };
