// `herald reload`: the configuration and every table file, read again now.

import { callApi, Refusal } from './client.js';
import type { Command } from './command.js';
import { exitCodes } from './exit.js';
import { json, socket } from './options.js';

const unprocessable = 422;

export const reload: Command = {
  words: 'reload',
  summary: 'Read the configuration again: all of it, or nothing when anything is wrong',
  options: { ...socket, ...json },
  examples: [['herald reload', 'a refused file leaves the configuration before in force, and exits 78']],
  run: async (given, world) => {
    try {
      const text = await callApi(given.text('socket'), 'POST', '/v1/reload', {});
      if (given.flag('json')) world.write(`${text}\n`);
      else {
        const { warnings }: { warnings: readonly string[] } = JSON.parse(text);
        world.write([...warnings, 'The configuration is in force.', ''].join('\n'));
      }
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== unprocessable) throw error;
      world.complain([`herald: ${error.message}`, ...error.problems, ''].join('\n'));
      return exitCodes.badConfig;
    }
  },
};
