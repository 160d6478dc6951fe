// The lists of the API: pages over the listing, with cursors that survive changes between two pages.

import {
  BadCursor,
  type Page,
  type PageRequest,
  type ServiceAnnouncementBody,
  type ServiceBody,
} from '../api/house.js';
import type { Listing } from '../plan/listing.js';

/** Rows of a bulk that are listed when nobody says how many. */
const defaultBulkRows = 1000;

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

export function servicesPage(listing: Listing, { limit, after }: PageRequest): Page<ServiceBody> {
  const names = listing.names();
  const items: ServiceBody[] = [];
  let at = after === undefined ? 0 : seek(names, decodePlace(after).name);
  // A name's items stay together: a page may be a little longer than asked for, never shorter.
  for (; at < names.length && items.length < (limit ?? Number.POSITIVE_INFINITY); at++)
    items.push(...listing.items(names[at]!));
  const next = names[at];
  return next === undefined ? { items } : { items, next: encodePlace({ name: next, row: 0 }) };
}

export function announcementsPage(listing: Listing, { limit, after }: PageRequest): Page<ServiceAnnouncementBody> {
  const names = listing.names();
  const start = after === undefined ? undefined : decodePlace(after);
  const items: ServiceAnnouncementBody[] = [];
  let bulkRows = 0;
  for (let at = start === undefined ? 0 : seek(names, start.name); at < names.length; at++) {
    const name = names[at]!;
    let lastRow = -1;
    for (const { row, ...announcement } of listing.announcements(name, name === start?.name ? start.row : 0)) {
      // The announcements of one row stay together, so that a cursor need only name the row.
      if (row !== lastRow) {
        const isBulk = listing.bulk(name) !== undefined;
        const isFull = limit === undefined ? isBulk && bulkRows === defaultBulkRows : items.length >= limit;
        if (isFull) return { items, next: encodePlace({ name, row }) };
        if (isBulk) bulkRows++;
        lastRow = row;
      }
      items.push({ service: name, ...announcement });
    }
  }
  return { items };
}
