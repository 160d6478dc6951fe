// The lists of the API: pages over the listing, made as they are read, with cursors that survive changes between two pages.

import {
  BadCursor,
  type Listed,
  type PageRequest,
  type ServiceAnnouncementBody,
  type ServiceBody,
} from '../api/house.js';
import type { Listing } from '../plan/listing.js';

/** Rows of a bulk that are listed when nobody says how many. */
const defaultBulkRows = 1000;
/** Names and rows that one page of a filtered list looks at: it may end early, and its cursor goes on from there. */
const mostLookedAt = 20_000;

interface Place {
  readonly name: string;
  /** Of the row within a bulk that comes next. */
  readonly row: number;
}

const encodePlace = ({ name, row }: Place): string => Buffer.from(JSON.stringify([name, row])).toString('base64url');

function decodePlace(text: string): Place {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(value) && typeof value[0] === 'string' && Number.isSafeInteger(value[1]) && value[1] >= 0) {
      return { name: value[0], row: value[1] };
    }
  } catch {
    // Falls through to the one answer.
  }
  throw new BadCursor('after is not a cursor that a page of this list gave');
}

/** The first index whose name is not before `name`. */
function seek(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

const has = (text: string, q: string): boolean => text.toLowerCase().includes(q);

function isAskedFor({ name, state, addresses, pool, source }: ServiceBody, { q, state: asked }: PageRequest): boolean {
  if (asked !== undefined && state !== asked) return false;
  return q === undefined || has(name, q) || has(pool, q) || has(source, q) || addresses.some((text) => has(text, q));
}

function isAnnouncementAskedFor(
  { service, prefix, via, protocol, state }: ServiceAnnouncementBody,
  { q, state: askedState, protocol: askedProtocol }: PageRequest,
): boolean {
  if (askedState !== undefined && state !== askedState) return false;
  if (askedProtocol !== undefined && protocol !== askedProtocol) return false;
  return q === undefined || has(service, q) || has(prefix, q) || has(via, q);
}

export function* listedServices(listing: Listing, request: PageRequest): Listed<ServiceBody> {
  const { limit, after } = request;
  const names = listing.names();
  let listed = 0;
  let at = after === undefined ? 0 : seek(names, decodePlace(after).name);
  // A name's items stay together: a page may be a little longer than asked for, never shorter.
  const end = limit === undefined ? names.length : Math.min(names.length, at + Math.max(limit, mostLookedAt));
  for (; at < end && listed < (limit ?? Number.POSITIVE_INFINITY); at++)
    for (const item of listing.items(names[at]!))
      if (isAskedFor(item, request)) {
        listed++;
        yield item;
      }
  const next = names[at];
  return next === undefined ? undefined : encodePlace({ name: next, row: 0 });
}

export function* listedAnnouncements(listing: Listing, request: PageRequest): Listed<ServiceAnnouncementBody> {
  const { limit, after } = request;
  const names = listing.names();
  const start = after === undefined ? undefined : decodePlace(after);
  let listed = 0;
  let bulkRows = 0;
  let looked = 0;
  for (let at = start === undefined ? 0 : seek(names, start.name); at < names.length; at++) {
    const name = names[at]!;
    let lastRow = -1;
    for (const { row, ...announcement } of listing.announcements(name, name === start?.name ? start.row : 0)) {
      // The announcements of one row stay together, so that a cursor need only name the row.
      if (row !== lastRow) {
        const isBulk = listing.bulk(name) !== undefined;
        const isFull = limit === undefined ? isBulk && bulkRows === defaultBulkRows : listed >= limit;
        if (isFull || (limit !== undefined && looked > Math.max(limit, mostLookedAt)))
          return encodePlace({ name, row });
        if (isBulk) bulkRows++;
        lastRow = row;
      }
      looked++;
      const item = { service: name, ...announcement };
      if (!isAnnouncementAskedFor(item, request)) continue;
      listed++;
      yield item;
    }
  }
  return undefined;
}
