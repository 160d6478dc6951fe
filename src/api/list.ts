// Lists as text, piece by piece: a list of a million items is longer than a string can be, and must not stand in memory
// once for every client that reads slowly.

import type { Page, PageRequest } from './house.js';

/** Some tens of kilobytes: of each answer that nobody reads, two or three of them wait. */
const itemsPerPiece = 200;

/** Answers one page at a time. */
export type PageSource<T> = (request: PageRequest) => Page<T>;

/**
 * `{"<key>":[…],"next":"…"}` in pieces. `isWhole`: pages are asked for until there are no more, so that there is no
 * `next`; the first is asked for at once, so that a bad cursor is known before anything is said.
 */
export function listText<T>(
  key: string,
  source: PageSource<T>,
  request: PageRequest,
  isWhole: boolean,
): Iterable<string> {
  const first = source(isWhole ? { ...request, limit: itemsPerPiece } : request);
  return pieces(key, first, (after) => (isWhole ? source({ ...request, limit: itemsPerPiece, after }) : undefined));
}

function* pieces<T>(key: string, first: Page<T>, pageAfter: (next: string) => Page<T> | undefined): Generator<string> {
  let separator = `{${JSON.stringify(key)}:[`;
  for (let page = first; ; ) {
    for (let at = 0; at === 0 || at < page.items.length; at += itemsPerPiece) {
      const text = JSON.stringify(page.items.slice(at, at + itemsPerPiece)).slice(1, -1);
      if (text === '' && separator === ',') continue;
      yield separator + text;
      separator = ',';
    }
    const following = page.next === undefined ? undefined : pageAfter(page.next);
    if (following === undefined) {
      yield page.next === undefined ? ']}' : `],"next":${JSON.stringify(page.next)}}`;
      return;
    }
    page = following;
  }
}
