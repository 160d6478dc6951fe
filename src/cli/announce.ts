// `herald announce`: an entry of the source `cli`, made or replaced.

import type { ServiceBody } from '../api/house.js';
import { readEntry } from '../table/entry.js';
import { callApi, servicePath } from './client.js';
import { type Command, type Given, tell } from './command.js';
import { exitCodes, usageFailure } from './exit.js';
import { force, json, owner, socket } from './options.js';
import { serviceDetail } from './services.js';

export const announce: Command = {
  words: 'announce <name> [address..]',
  summary: 'Announce addresses: an entry of the source cli',
  positionals: {
    name: 'NAMESPACE/NAME, or NAME in the namespace default; an entry of this name is replaced',
    address: 'an address, or with a prefix length a prefix, which is announced as it is; none: --pool gives one',
  },
  options: {
    pool: { type: 'string', value: 'NAME', summary: 'the pool that the addresses are from, or that gives one' },
    ...owner,
    ...force,
    ...socket,
    ...json,
  },
  examples: [
    ['herald announce shop/web 203.0.113.10 2001:db8::10', ''],
    ['herald announce shop/web --pool production', 'an address of this pool'],
    ['herald announce block 192.0.2.0/24 --owner ops', ''],
  ],
  run: async (given, world) => {
    const name = given.text('name');
    const words = given.texts('address');
    const addresses = words.filter((word) => !word.includes('/'));
    const prefixes = words.filter((word) => word.includes('/'));
    const pool = given.optionalText('pool');
    if (words.length === 0 && pool === undefined)
      throw usageFailure('something is missing: herald announce <name> <address..>, or --pool');
    const entry = { addresses, prefixes, ...(pool === undefined ? {} : { addressPool: pool }) };
    const { problems, service } = readEntry({ name, ...entry }, new Map());
    for (const { path, message } of problems) {
      const what = path === 'name' ? `the name ${name}: ` : '';
      if (service === undefined) throw usageFailure(`${what}${message}`);
      world.complain(`herald: ${what}${message}\n`);
    }
    const path = `/v1/sources/cli/services/${servicePath(name)}${writeQuery(given)}`;
    const text = await callApi(given.text('socket'), 'PUT', path, entry);
    const body: ServiceBody = JSON.parse(text);
    tell(text, serviceDetail(body, world).join('\n'), given, world);
    if (!comesToNothing(body)) return exitCodes.done;
    world.complain(
      `herald: the entry is stored, but ${body.message}; mend what is in its way, or take it back: herald withdraw ${name}\n`,
    );
    return exitCodes.failed;
  },
};

/** Nothing of it will be announced until somebody changes the entry, the configuration, or another entry. */
const comesToNothing = ({ state }: ServiceBody): boolean =>
  state === 'Rejected' || state === 'Shadowed' || state === 'Ignored';

/** What the API is told about who writes. */
export function writeQuery(given: Given): string {
  const owner = given.optionalText('owner');
  const query = new URLSearchParams();
  if (owner !== undefined) query.set('owner', owner);
  if (given.flag('force')) query.set('force', 'true');
  return query.size === 0 ? '' : `?${query}`;
}
