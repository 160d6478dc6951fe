// From the words of the command line to a command. `herald run` takes the short way.

import type { Worker } from 'node:worker_threads';
import { beDaemon, plainRun } from './cli/run.js';
import { startBgpWorker } from './io/bgp-worker.js';

/** Whatever still holds the process open when its work is done has nothing to say. */
const lingerMs = 1000;

/** `worker`: the BGP thread, where it seemed from the outside that there will be need of one. */
export async function main(words: readonly string[], worker: Worker | undefined): Promise<void> {
  const given = plainRun(words, process.env);
  if (given !== undefined) {
    process.exitCode = await beDaemon(given, worker ?? startBgpWorker());
    // Left to itself Node gives up its signal handlers first, and whoever says SIGTERM twice would kill what has ended well.
    process.once('beforeExit', () => process.exit());
    setTimeout(() => process.exit(), lingerMs).unref();
    return;
  }
  await worker?.terminate();
  // A reader that has seen enough, as `head` does, is no failure of ours.
  process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1));
  const { runCommandLine } = await import('./cli/command-line.js');
  const { processWorld } = await import('./cli/world.js');
  process.exitCode = await runCommandLine(words, processWorld());
}
