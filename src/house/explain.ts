// Why something is, or is not, announced: the chain from the table to the wire for a service, an address or a prefix, step by
// step, out of what is listed anyway.

import type { ExplainBody, ExplainStep, ServiceBody } from '../api/house.js';
import {
  bitsOf,
  formatAddress,
  formatPrefix,
  hostPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  sameAddress,
} from '../net/address.js';
import type { Announcer } from '../plan/announcer.js';
import type { Listing } from '../plan/listing.js';
import { poolFinder } from '../pools/ranges.js';

export interface Explained {
  readonly announcer: Announcer;
  readonly listing: Listing;
}

const mostServices = 20;

/** Undefined: neither an address, nor a prefix, nor a service that is there. */
export function explain(asked: string, rooms: Explained): ExplainBody | undefined {
  const prefix = readPrefix(asked);
  if (prefix === undefined) {
    const name = asked.includes('/') ? asked : `default/${asked}`;
    const items = rooms.listing.items(name);
    if (items.length === 0) return undefined;
    return { asked, kind: 'service', verdict: verdictOf(items), steps: items.flatMap(stepsOf) };
  }
  const isHost = prefix.length === bitsOf(prefix.family);
  const items = holders(prefix, rooms);
  const steps = [...poolSteps(prefix, isHost, rooms), ...items.flatMap(stepsOf)];
  const kind = isHost ? 'address' : 'prefix';
  if (items.length > 0) return { asked, kind, verdict: verdictOf(items), steps };
  const pool = steps.find(({ step, verdict }) => step === 'allocation' && verdict === 'yes')?.subject;
  const where = pool === undefined ? 'in no address pool and' : `in pool ${pool},`;
  return { asked, kind, verdict: `${text(prefix, isHost)} is ${where} allocated to nobody`, steps };
}

function readPrefix(asked: string): Prefix | undefined {
  const address = parseAddress(asked);
  return address === undefined ? parsePrefix(asked) : hostPrefix(address);
}

const text = (prefix: Prefix, isHost: boolean): string => (isHost ? formatAddress(prefix) : formatPrefix(prefix));

/** Services that hold the address, or announce the prefix. */
function holders(prefix: Prefix, { announcer, listing }: Explained): ServiceBody[] {
  const wanted = formatPrefix(prefix);
  const found: ServiceBody[] = [];
  for (const name of listing.names()) {
    const winner = announcer.table.winner(name);
    if (winner === undefined) continue;
    const { service } = winner;
    const isHeld =
      announcer.settlement(service).addresses.some((one) => sameAddress(one, prefix)) ||
      service.addresses.some((one) => sameAddress(one, prefix)) ||
      service.prefixes.some((one) => formatPrefix(one) === wanted);
    if (isHeld) found.push(...listing.items(name));
    if (found.length >= mostServices) break;
  }
  return found;
}

function poolSteps(prefix: Prefix, isHost: boolean, { announcer }: Explained): ExplainStep[] {
  const { addressPools } = announcer.config;
  if (!isHost || addressPools.length === 0) return [];
  const pool = poolFinder(addressPools)(prefix);
  if (pool === undefined) return [step('allocation', formatAddress(prefix), 'no', 'no address pool covers it')];
  const { name, state } = pool;
  return [
    step('allocation', name, 'yes', `the pool ${name} covers it${state === 'active' ? '' : `, and is ${state}`}`),
  ];
}

const step = (
  name: ExplainStep['step'],
  subject: string,
  verdict: ExplainStep['verdict'],
  said: string,
): ExplainStep => ({
  step: name,
  subject,
  verdict,
  text: said,
  where: '',
});

function stepsOf(item: ServiceBody): ExplainStep[] {
  const steps: ExplainStep[] = [];
  const { state, reason, message } = item;
  steps.push(
    state === 'Shadowed' || (state === 'Rejected' && reason === 'invalidEntry')
      ? step('source', item.source, 'no', message)
      : step('source', item.source, 'yes', `${item.name} is in the source ${item.source}`),
  );
  if (state === 'Ignored') return [...steps, step('class', item.name, 'no', message)];
  if (item.owner !== '') steps.push(step('owner', item.owner, 'note', `it belongs to ${item.owner}`));
  if (state === 'Shadowed') return steps;
  const has = item.addresses.length > 0 || item.prefixes !== undefined || item.announcements.length > 0;
  const addresses = item.addresses.join(', ');
  const from = item.pool === '' ? '' : ` from the pool ${item.pool}`;
  const held = addresses === '' ? 'it has no addresses' : `it has ${addresses}${from}`;
  const why = message === '' ? '' : `; ${state}: ${message}`;
  steps.push(step('allocation', item.pool, has ? 'yes' : 'no', `${held}${why}`));
  for (const { prefix, protocol, via, state: said, reason: because } of item.announcements) {
    const where = protocol === 'bgp' ? 'peer' : 'interface';
    const to = via === '' ? '' : ` ${protocol === 'bgp' ? 'to' : 'on'} ${via}`;
    if (said === 'announced')
      steps.push(step('wire', via, 'yes', `${prefix} is announced${to}${because === '' ? '' : ` (${because})`}`));
    else if (said === 'pending')
      steps.push(step(where, via, 'no', `${prefix} waits: the session with ${via} is not Established`));
    else steps.push(step(decider(because, where), via, 'no', `${prefix} is withheld${to}: ${because}`));
  }
  return steps;
}

/** Which step of the chain a reason belongs to. */
function decider(reason: string, otherwise: ExplainStep['step']): ExplainStep['step'] {
  switch (reason) {
    case 'noMatchingAdvertisement':
    case 'conflictingAdvertisements':
    case 'sharedIPWithServiceSelector':
      return 'advertisement';
    case 'notThisNode':
    case 'noEndpoints':
    case 'noLocalEndpoints':
    case 'disabled':
    case 'drained':
      return 'node';
    case 'notOwner':
      return 'election';
    default:
      return otherwise;
  }
}

function verdictOf(items: readonly ServiceBody[]): string {
  const [first] = items;
  if (first === undefined) return '';
  const announced = first.announcements.filter(({ state }) => state === 'announced');
  const ways = [...new Set(announced.map(({ via }) => via))];
  const more = items.length > 1 ? `, and ${items.length - 1} more have to do with it` : '';
  if (ways.length > 0) return `${first.name} is announced: ${ways.join(', ')}${more}`;
  const reasons = [...new Set(first.announcements.map(({ reason, state }) => reason || state))].join(', ');
  const why = first.message || reasons || first.reason || 'nothing speaks of it';
  return `${first.name} is not announced: ${why}${more}`;
}
