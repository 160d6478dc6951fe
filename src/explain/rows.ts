// The chain of rows of a bulk: they need no pool, and are of no class and nobody's.

import type { AnnouncementBody } from '../api/house.js';
import type { RouteAttributes } from '../config/config.js';
import { formatPrefix } from '../net/address.js';
import { bgpVoices } from '../plan/voices.js';
import type { Bulk } from '../table/bulk.js';
import { announce, type Chain } from './chain.js';
import type { Rooms } from './entry.js';
import type { BulkRow } from './holders.js';

/** One row. Answers what becomes of it. */
export function explainRow(
  chain: Chain,
  { source, prefix, row }: BulkRow,
  where: string,
  rooms: Rooms,
): AnnouncementBody[] {
  const text = formatPrefix(prefix);
  const announcements = announcementsOf(source, row, rooms).filter((one) => one.prefix === text);
  explainBulk(chain, source, `${text} is a row of`, where, announcements, rooms, row);
  return announcements;
}

/** All of them at once: rows of one family share their fate. */
export function explainRows(chain: Chain, source: string, rooms: Rooms): AnnouncementBody[] {
  const bulk = rooms.announcer.bulks.get(source);
  if (bulk === undefined) return [];
  const { ipv4, ipv6 } = bulk;
  const announcements = [[ipv4.count, 0, 'IPv4'] as const, [ipv6.count, ipv4.count, 'IPv6'] as const].flatMap(
    ([count, row, family]) => {
      const prefix = count === 1 ? `its ${family} prefix` : `each of its ${count} ${family} prefixes`;
      return count === 0 ? [] : announcementsOf(source, row, rooms).map((one) => ({ ...one, prefix }));
    },
  );
  const count = ipv4.count + ipv6.count;
  explainBulk(chain, source, `${count} ${count === 1 ? 'row stands' : 'rows stand'} in`, '', announcements, rooms);
  return announcements;
}

function announcementsOf(source: string, row: number, { listing }: Rooms): AnnouncementBody[] {
  const found: AnnouncementBody[] = [];
  for (const { row: at, ...announcement } of listing.announcements(`default/${source}`, row)) {
    if (at > row) break;
    found.push(announcement);
  }
  return found;
}

function explainBulk(
  chain: Chain,
  source: string,
  text: string,
  where: string,
  announcements: readonly AnnouncementBody[],
  rooms: Rooms,
  row?: number,
): void {
  const { announcer, isStale } = rooms;
  const { config } = announcer;
  chain.begin(source, text, isStale(source), where);
  chain.yes('allocation', '', 'rows need no pool: they are announced as they are');
  announce(
    chain,
    {
      service: undefined,
      entryAt: where,
      bgpVoices: [bgpVoices(config, undefined, { labels: {} })],
      lanVoices: [],
      election: undefined,
      announcements,
      attributesOf: (_, peer) => (row === undefined ? undefined : attributesOf(source, row, peer, rooms)),
    },
    { ...rooms, config },
  );
}

function attributesOf(source: string, row: number, peer: string, { announcer }: Rooms): RouteAttributes | undefined {
  const bulk = announcer.bulks.get(source);
  const view = announcer.views.find(({ peers }) => peers.includes(peer));
  if (bulk === undefined || view === undefined) return undefined;
  const sets = announcer.bulkAdvertisement(view, bulk);
  return typeof sets === 'string' ? undefined : sets[setOf(bulk, row)];
}

const setOf = ({ ipv4, ipv6 }: Bulk, row: number): number =>
  row < ipv4.count ? ipv4.attributes[row]! : ipv6.attributes[row - ipv4.count]!;
