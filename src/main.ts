#!/usr/bin/env node
// From the words of the command line to a command. `herald run` takes the short way.

import { plainRun, run } from './cli/run.js';
import { processWorld } from './cli/world.js';

/** Whatever still holds the process open when its work is done has nothing to say. */
const lingerMs = 1000;

const words = process.argv.slice(2);
const world = processWorld();
const given = plainRun(words, world.variables);
if (given === undefined) {
  // A reader that has seen enough, as `head` does, is no failure of ours.
  process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1));
  const { runCommandLine } = await import('./cli/command-line.js');
  process.exitCode = await runCommandLine(words, world);
} else {
  process.exitCode = await run.run(given, world);
  setTimeout(() => process.exit(), lingerMs).unref();
}
