// `herald reload`: the configuration and every table file, read again now; with --confirm-within only for a while.

import { confirmWithinRange, readConfirmWithin } from '../api/confirm-within.js';
import type { WayBack } from '../api/house.js';
import { callApi, Refusal } from './client.js';
import type { Command, Given } from './command.js';
import { exitCodes, usageFailure } from './exit.js';
import { json, socket } from './options.js';
import { moment } from './words.js';

const unprocessable = 422;

export const reload: Command = {
  words: 'reload',
  summary: 'Read the configuration again: all of it, or nothing when anything is wrong',
  options: {
    'accept-revocations': {
      type: 'boolean',
      summary: 'take it over, whatever it takes from services whose pools refuse that (onRevoke: refuse)',
    },
    'confirm-within': {
      type: 'string',
      value: 'DURATION',
      summary: `go back to the configuration before, unless \`herald confirm\` comes in time (${confirmWithinRange})`,
    },
    ...socket,
    ...json,
  },
  examples: [
    ['herald reload', 'a refused file leaves the configuration before in force, and exits 78'],
    ['herald reload --accept-revocations', 'services whose pools have onRevoke: refuse move'],
    ['herald reload --confirm-within 60s', 'for a change that may cut you off: `herald confirm` keeps it'],
  ],
  run: async (given, world) => {
    const confirmWithin = given.optionalText('confirm-within');
    if (confirmWithin !== undefined && readConfirmWithin(confirmWithin) === undefined)
      throw usageFailure(`--confirm-within must be ${confirmWithinRange}, written as 60s or 5m`);
    try {
      const text = await callApi(given.text('socket'), 'POST', '/v1/reload', {
        acceptRevocations: given.flag('accept-revocations'),
        ...(confirmWithin === undefined ? {} : { confirmWithin }),
      });
      if (given.flag('json')) world.write(`${text}\n`);
      else {
        const { warnings, ...wayBack }: { warnings: readonly string[] } & Partial<WayBack> = JSON.parse(text);
        world.write([...warnings, ...outcome(wayBack, given), ''].join('\n'));
      }
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== unprocessable) throw error;
      world.complain([`herald: ${error.message}`, ...error.problems, ''].join('\n'));
      return error.code === 'revocationsRefused' ? exitCodes.failed : exitCodes.badConfig;
    }
  },
};

function outcome({ confirmBefore, fallback }: Partial<WayBack>, given: Given): string[] {
  if (confirmBefore === undefined || fallback === undefined) return ['The configuration is in force.'];
  const where = given.isSaid('socket') ? ` --socket ${given.text('socket')}` : '';
  return [
    `The configuration is in force until ${moment(confirmBefore)}.`,
    `To keep it: herald confirm${where}`,
    `Without that, the one loaded ${moment(fallback.loadedAt)} comes back.`,
  ];
}
