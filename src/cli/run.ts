// `herald run`: the daemon. On the way to the first announcement every module counts, so this command is recognised
// without yargs, and whatever it is not sure of (help, a mistake) is left to yargs.

import { parseArgs } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { startBgpWorker } from '../io/bgp-worker.js';
import { type Command, Given } from './command.js';
import { type ExitCode, exitCodes } from './exit.js';
import { config, type Options, socket, stateDirectory } from './options.js';
import type { Variables } from './world.js';

const options: Options = { ...config, ...stateDirectory, ...socket };

/** Undefined for anything but a plain `herald run` with options of its own. */
export function plainRun(words: readonly string[], variables: Variables): Given | undefined {
  if (!words.includes('run')) return undefined;
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    const isPlain = positionals.join(' ') === 'run' && !Object.values(values).includes('');
    return isPlain ? new Given(values, options, variables) : undefined;
  } catch {
    return undefined;
  }
}

export const run: Command = {
  words: 'run',
  summary: 'Be the daemon: announce what the tables say until told to stop',
  options,
  examples: [
    ['herald run', 'with /etc/herald/herald.yaml'],
    ['herald run --config ./herald.yaml --state-dir ./state --socket ./herald.sock', 'somewhere else'],
  ],
  run: (given) => beDaemon(given, startBgpWorker()),
};

/** `worker`: the BGP thread, however far it has come. */
export async function beDaemon(given: Given, worker: Worker): Promise<ExitCode> {
  const { startDaemon } = await import('../daemon.js');
  const code = await startDaemon({
    worker,
    configFile: given.text('config'),
    stateDirectory: given.text('state-dir'),
    socketPath: given.text('socket'),
  });
  return isExitCode(code) ? code : exitCodes.failed;
}

const isExitCode = (code: number): code is ExitCode => Object.values<number>(exitCodes).includes(code);
