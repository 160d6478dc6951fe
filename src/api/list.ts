// Lists as text, piece by piece: a list of a million items is longer than a string can be, and must not stand in memory
// once for every client that reads slowly.

import type { Listed } from './house.js';

/** Some tens of kilobytes: of each answer that nobody reads, two or three of them wait. */
const itemsPerPiece = 200;

/** `{"<key>":[…],"next":"…"}` in pieces. The first is made at once, so that a bad cursor is known before anything is said. */
export function listText<T>(key: string, items: Listed<T>): Iterable<string> {
  return pieces(key, items, some(items));
}

interface Some<T> {
  readonly items: readonly T[];
  readonly isLast: boolean;
  readonly next?: string | undefined;
}

function some<T>(items: Listed<T>): Some<T> {
  const taken: T[] = [];
  while (taken.length < itemsPerPiece) {
    const { done, value } = items.next();
    if (done === true) return { items: taken, isLast: true, next: value };
    taken.push(value);
  }
  return { items: taken, isLast: false };
}

function* pieces<T>(key: string, items: Listed<T>, first: Some<T>): Generator<string> {
  let separator = '';
  yield `{${JSON.stringify(key)}:[`;
  for (let piece = first; ; piece = some(items)) {
    const text = JSON.stringify(piece.items).slice(1, -1);
    if (text !== '') {
      yield separator + text;
      separator = ',';
    }
    if (!piece.isLast) continue;
    yield piece.next === undefined ? ']}' : `],"next":${JSON.stringify(piece.next)}}`;
    return;
  }
}
