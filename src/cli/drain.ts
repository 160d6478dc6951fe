// `herald drain` and `herald undrain`: the traffic away from this node before somebody works on it, and back afterwards.

import { type DrainBody, defaultGrace, graceRange, readGraceMs } from '../api/drain.js';
import { callApi } from './client.js';
import { type Command, type Given, tell } from './command.js';
import { exitCodes, usageFailure } from './exit.js';
import { json, socket } from './options.js';

export const drain: Command = {
  words: 'drain',
  summary: 'Announce everything as a last resort for a while, then withdraw it; returns when it is withdrawn',
  options: {
    for: {
      type: 'string',
      value: 'DURATION',
      summary: 'how long everything stays announced, with GRACEFUL_SHUTDOWN (RFC 8326); 0s: withdraw at once',
      fallback: () => defaultGrace,
    },
    wait: { type: 'boolean', summary: 'return once all is withdrawn, as it does anyway' },
    'no-wait': { type: 'boolean', summary: 'return at once; herald goes on by itself' },
    ...socket,
    ...json,
  },
  examples: [
    ['herald drain', 'before maintenance; herald keeps running, and its sessions stay up'],
    ['herald drain --for 2m --no-wait', ''],
  ],
  run: async (given, world) => {
    const text = await callApi(given.text('socket'), 'POST', '/v1/drain', request(given), graceMsOf(given));
    const body: DrainBody = JSON.parse(text);
    tell(text, outcome(body, given), given, world);
    if (body.pendingPeers.length === 0) return exitCodes.done;
    world.complain(`herald: withdrawals still wait for ${body.pendingPeers.join(', ')} to read them\n`);
    return exitCodes.failed;
  },
};

export const undrain: Command = {
  words: 'undrain',
  summary: 'Announce everything again after a drain, or call one off',
  options: { ...socket, ...json },
  examples: [['herald undrain', '']],
  run: async (given, world) => {
    const text = await callApi(given.text('socket'), 'POST', '/v1/undrain');
    tell(text, 'Undrained: everything is announced again.', given, world);
    return exitCodes.done;
  },
};

function graceMsOf(given: Given): number {
  const forMs = readGraceMs(given.text('for'));
  if (forMs === undefined) throw usageFailure(`--for must be ${graceRange}`);
  return forMs;
}

function request(given: Given): object {
  if (given.flag('wait') && given.flag('no-wait')) throw usageFailure('--wait and --no-wait are opposites');
  return { for: given.text('for'), wait: !given.flag('no-wait') };
}

const outcome = ({ drained }: DrainBody, given: Given): string =>
  drained
    ? 'Drained: nothing is announced until `herald undrain`.'
    : `Draining: everything is withdrawn within ${given.text('for')}.`;
