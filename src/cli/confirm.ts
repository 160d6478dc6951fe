// `herald confirm`: the change that a reload took over for a while stays.

import { callApi } from './client.js';
import { type Command, tell } from './command.js';
import { exitCodes } from './exit.js';
import { json, socket } from './options.js';

export const confirm: Command = {
  words: 'confirm',
  summary: 'Keep the configuration that `herald reload --confirm-within` took over',
  options: { ...socket, ...json },
  examples: [['herald confirm', 'exits 1 when nothing waits for it, or when it comes too late']],
  run: async (given, world) => {
    const text = await callApi(given.text('socket'), 'POST', '/v1/confirm');
    tell(text, 'The configuration stays in force.', given, world);
    return exitCodes.done;
  },
};
