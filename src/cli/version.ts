// `herald version`: of this program; the daemon's own is in its status.

import { version as number } from '../version.js';
import type { Command } from './command.js';
import { exitCodes } from './exit.js';

export const version: Command = {
  words: 'version',
  summary: 'The version of this program',
  options: {},
  examples: [['herald version', '']],
  run: async (_given, world) => {
    world.write(`herald ${number}\n`);
    return exitCodes.done;
  },
};
