// `herald reload`: the configuration and every table file, read again now.

import { callApi, Refusal } from './client.js';
import type { Command } from './command.js';
import { exitCodes } from './exit.js';
import { json, socket } from './options.js';

const unprocessable = 422;

export const reload: Command = {
  words: 'reload',
  summary: 'Read the configuration again: all of it, or nothing when anything is wrong',
  options: {
    'accept-revocations': {
      type: 'boolean',
      summary: 'take it over, whatever it takes from services whose pools refuse that (onRevoke: refuse)',
    },
    ...socket,
    ...json,
  },
  examples: [
    ['herald reload', 'a refused file leaves the configuration before in force, and exits 78'],
    ['herald reload --accept-revocations', 'services whose pools have onRevoke: refuse move'],
  ],
  run: async (given, world) => {
    try {
      const text = await callApi(given.text('socket'), 'POST', '/v1/reload', {
        acceptRevocations: given.flag('accept-revocations'),
      });
      if (given.flag('json')) world.write(`${text}\n`);
      else {
        const { warnings }: { warnings: readonly string[] } = JSON.parse(text);
        world.write([...warnings, 'The configuration is in force.', ''].join('\n'));
      }
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== unprocessable) throw error;
      world.complain([`herald: ${error.message}`, ...error.problems, ''].join('\n'));
      return error.code === 'revocationsRefused' ? exitCodes.failed : exitCodes.badConfig;
    }
  },
};
