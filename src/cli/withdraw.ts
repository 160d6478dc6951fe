// `herald withdraw`: the entry goes that `herald announce` made.

import { writeQuery } from './announce.js';
import { callApi, qualified, servicePath } from './client.js';
import { type Command, tell } from './command.js';
import { exitCodes } from './exit.js';
import { force, json, owner, socket } from './options.js';

export const withdraw: Command = {
  words: 'withdraw <name>',
  summary: 'Withdraw what was announced: the entry of the source cli goes',
  positionals: { name: 'NAMESPACE/NAME, or NAME in the namespace default' },
  options: { ...owner, ...force, ...socket, ...json },
  examples: [['herald withdraw shop/web', '']],
  run: async (given, world) => {
    const name = given.text('name');
    const path = `/v1/sources/cli/services/${servicePath(name)}${writeQuery(given)}`;
    const text = await callApi(given.text('socket'), 'DELETE', path);
    tell(text, `${qualified(name)} is withdrawn`, given, world);
    return exitCodes.done;
  },
};
