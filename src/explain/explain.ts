// Why something is, or is not, announced: the chain from the table to the wire for a service, an address or a prefix, step by
// step, out of what is listed and planned anyway, with the line that decided.

import type { AnnouncementBody, ExplainBody, ExplainStep, ServiceBody } from '../api/house.js';
import {
  type Address,
  bitsOf,
  contains,
  formatAddress,
  formatPrefix,
  hostPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '../net/address.js';
import { isBuggy } from '../pools/free-addresses.js';
import { poolFinder } from '../pools/ranges.js';
import { Chain, listed, type Places } from './chain.js';
import { explainEntry, placeInPool, type Rooms } from './entry.js';
import { aggregatesOf, type BulkRow, bulkRows, holdersOf, prefixHolders } from './holders.js';
import { explainRow, explainRows } from './rows.js';

export interface Explained extends Rooms {
  readonly places: Places & {
    /** Of a row of a bulk. */
    row(source: string, prefix: Prefix): Promise<string>;
  };
}

const mostServices = 20;

/** Undefined: neither an address, nor a prefix, nor a service that is there. */
export async function explain(asked: string, rooms: Explained): Promise<ExplainBody | undefined> {
  const prefix = readPrefix(asked);
  if (prefix === undefined) return explainService(asked, rooms);
  const isHost = prefix.length === bitsOf(prefix.family);
  return isHost ? explainAddress(asked, prefix, rooms) : explainPrefix(asked, prefix, rooms);
}

function readPrefix(asked: string): Prefix | undefined {
  const address = parseAddress(asked);
  return address === undefined ? parsePrefix(asked) : hostPrefix(address);
}

/** What is said of some services and rows. */
interface Told {
  /** A sentence; undefined: there are none. */
  readonly verdict: string | undefined;
  readonly steps: readonly ExplainStep[];
}

function explainService(asked: string, rooms: Explained): ExplainBody | undefined {
  const name = asked.includes('/') ? asked : `default/${asked}`;
  const { verdict, steps } = tellServices([name], rooms, () => true);
  return verdict === undefined ? undefined : { asked, kind: 'service', verdict, steps };
}

/** The chains of services, as far as they are about what is asked. */
function tellServices(names: readonly string[], rooms: Explained, isAbout: (prefix: Prefix) => boolean): Told {
  const { listing, announcer } = rooms;
  const chain = new Chain();
  const items: ServiceBody[] = [];
  for (const name of names.slice(0, mostServices)) {
    for (const [rank, item] of listing.items(name).entries()) {
      const said =
        item.prefixes === undefined
          ? item.announcements.filter(({ prefix }) => isAbout(parsePrefix(prefix)!))
          : explainRows(chain, item.source, rooms);
      items.push({ ...item, announcements: said });
      const claim = rank === 0 ? announcer.table.winner(name) : undefined;
      if (item.prefixes === undefined) explainEntry(chain, { ...item, announcements: said }, claim, isAbout, rooms);
    }
  }
  const more = names.length - mostServices;
  if (more > 0) chain.note('source', '', `and with ${more} more services`);
  const [first] = items;
  const others =
    names.length > 1 ? `, and ${names.length - 1} more ${names.length === 2 ? 'has' : 'have'} to do with it` : '';
  return { verdict: first && `${verdictOf(first.name, first.announcements, first)}${others}`, steps: chain.steps };
}

async function tellRows(rows: readonly BulkRow[], rooms: Explained): Promise<Told> {
  const chain = new Chain();
  let verdict: string | undefined;
  for (const row of rows.slice(0, mostServices)) {
    const where = await rooms.places.row(row.source, row.prefix);
    const announcements = explainRow(chain, row, where, rooms);
    verdict ??= verdictOf(`${formatPrefix(row.prefix)} of default/${row.source}`, announcements);
  }
  return { verdict, steps: chain.steps };
}

async function explainAddress(asked: string, address: Prefix, rooms: Explained): Promise<ExplainBody> {
  const { announcer } = rooms;
  const chain = new Chain();
  const standing = explainPool(chain, address, rooms);
  const services = tellServices(holdersOf(address, announcer), rooms, (prefix) => contains(prefix, address));
  const rows = await tellRows(bulkRows(address, true, announcer), rooms);
  const found = joined(services, rows);
  if (found === undefined) chain.no('source', '', 'no entry asks for it, and none announces a prefix that it is in');
  const verdict = found ?? `${standing}${neighbours(address, rooms)}`;
  return { asked, kind: 'address', verdict, steps: [...chain.steps, ...services.steps, ...rows.steps] };
}

async function explainPrefix(asked: string, prefix: Prefix, rooms: Explained): Promise<ExplainBody> {
  const { announcer } = rooms;
  const text = formatPrefix(prefix);
  const { announcing, inside, around } = prefixHolders(prefix, announcer);
  const services = tellServices(announcing, rooms, (one) => formatPrefix(one) === text);
  const [exact, wider] = [bulkRows(prefix, false, announcer), bulkRows(prefix, true, announcer)];
  const rows = await tellRows(exact, rooms);
  const chain = new Chain();
  const others = inside.filter((name) => !announcing.includes(name));
  if (others.length > 0) chain.note('allocation', '', `it holds addresses of ${listed(others)}`);
  const covering = [
    ...around,
    ...wider.filter(({ prefix: { length } }) => length < prefix.length).map(({ source }) => `default/${source}`),
  ];
  if (covering.length > 0)
    chain.note('wire', '', `a shorter prefix, which it is in, is announced for ${listed(covering)}`);
  const verdict = joined(services, rows) ?? `nothing is announced as ${text}`;
  return { asked, kind: 'prefix', verdict, steps: [...services.steps, ...rows.steps, ...chain.steps] };
}

const joined = (...told: readonly Told[]): string | undefined =>
  told.flatMap(({ verdict }) => verdict ?? []).join('; ') || undefined;

/** Which pool covers it, and whom it is kept for. Answers what is to be said if that is all. */
function explainPool(chain: Chain, address: Address, { announcer, places }: Explained): string {
  const { addressPools } = announcer.config;
  const text = formatAddress(address);
  const pool = poolFinder(addressPools)(address);
  if (pool === undefined) {
    if (addressPools.length > 0)
      chain.no('allocation', text, 'no address pool covers it', places.config('addressPools'));
    return `${text} is in no address pool and allocated to nobody`;
  }
  const { name, state, avoidBuggyIPs } = pool;
  const key = (...keys: readonly string[]): string => places.config('addressPools', name, ...keys);
  const covers = `the pool ${name} covers it`;
  if (state === 'disabled')
    chain.no('allocation', name, `${covers}, and is disabled: as if it were not there`, key('state'));
  else if (avoidBuggyIPs && isBuggy(address))
    chain.no('allocation', name, `${covers}, and gives no address that ends in .0 or .255`, key('avoidBuggyIPs'));
  else if (state === 'draining')
    chain.note('allocation', name, `${covers}, and is draining: it gives nothing new`, key('state'));
  else chain.yes('allocation', name, covers, placeInPool(name, address, announcer.config, places));
  const resting = announcer.allotment.resting(address);
  if (resting !== undefined) {
    const until = new Date(resting.until).toISOString();
    const rests = `it rests: ${resting.service} had it, and may have it back; until ${until} others get it only when nothing else is free`;
    chain.note('allocation', resting.service, rests, key('reuseDelay') || places.config('allocation', 'reuseDelay'));
  }
  const keeper = announcer.allotment.holdersOf(address).find((holder) => announcer.table.slot(holder) === undefined);
  if (keeper === undefined) return `${text} is in pool ${name}, allocated to nobody`;
  chain.note('allocation', keeper, `it is kept for ${keeper}, whose entry has not been read since the start`);
  return `${text} is in pool ${name}, kept for ${keeper}`;
}

/** Who brings its traffic here all the same. */
function neighbours(address: Address, { announcer }: Explained): string {
  for (const prefix of aggregatesOf(address, announcer)) {
    const [first] = prefixHolders(prefix, announcer).announcing;
    if (first !== undefined) return `; ${formatPrefix(prefix)}, which it is in, is announced for ${first}`;
  }
  return '';
}

function verdictOf(
  name: string,
  announcements: readonly AnnouncementBody[],
  { message, reason }: Pick<ServiceBody, 'message' | 'reason'> = { message: '', reason: '' },
): string {
  const vias = (state: AnnouncementBody['state']): string[] => [
    ...new Set(announcements.filter((one) => one.state === state).map(({ via }) => via)),
  ];
  const reasons = [
    ...new Set(announcements.map((one) => (one.state === 'announced' ? '' : one.reason || one.state))),
  ].filter((word) => word !== '');
  const announced = vias('announced');
  if (announced.length === 0)
    return `${name} is not announced: ${message || reasons.join(', ') || reason || 'nothing speaks of it'}`;
  return `${name} is announced: ${listed(announced)}${reasons.length === 0 ? '' : `; not everywhere: ${reasons.join(', ')}`}`;
}
