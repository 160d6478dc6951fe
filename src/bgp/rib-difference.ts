// What a session must be told that goes from one table to another: as a table of its own, with nothing else in its log.

import { Rib, type RouteColumns, withdrawn } from './rib.js';

/** For a session that has been told all of `before`, and of `after` nothing. */
export function difference(before: Rib, after: Rib): Rib {
  const rest = removal(
    before,
    rowsOf(before, (row) => isIn(before, row) && !isAlsoIn(after, before, row)),
  );
  const changed = rowsOf(
    after,
    (row) => isIn(after, row) && before.lookup(wordsAt(after, row), after.lengths[row]!) !== after.attributes[row],
  );
  rest.apply(columnsOf(after, changed, (row) => after.attributes[row]!));
  return rest;
}

/** The withdrawals alone, for a session of which nobody knows how much of `before` it has been told. */
export const withdrawals = (before: Rib, after: Rib): Rib =>
  removal(
    before,
    rowsOf(before, (row) => !isAlsoIn(after, before, row)),
  );

const isIn = (rib: Rib, row: number): boolean => rib.attributes[row] !== withdrawn;

const isAlsoIn = (other: Rib, rib: Rib, row: number): boolean =>
  other.lookup(wordsAt(rib, row), rib.lengths[row]!) !== withdrawn;

const wordsAt = ({ words, width }: Rib, row: number): Uint32Array => words.subarray(row * width, (row + 1) * width);

function rowsOf(rib: Rib, isWanted: (row: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = rib.after(0); row !== 0; row = rib.after(row)) if (isWanted(row)) rows.push(row);
  return rows;
}

function removal(rib: Rib, rows: readonly number[]): Rib {
  const rest = new Rib(rib.family);
  // A table keeps what is withdrawn for as long as somebody has still to read it.
  rest.open();
  rest.apply(columnsOf(rib, rows, () => 1));
  rest.apply(columnsOf(rib, rows, () => withdrawn));
  return rest;
}

function columnsOf(rib: Rib, rows: readonly number[], attributesOf: (row: number) => number): RouteColumns {
  const { family, width } = rib;
  const words = new Uint32Array(rows.length * width);
  for (const [i, row] of rows.entries()) words.set(wordsAt(rib, row), i * width);
  return {
    family,
    count: rows.length,
    words,
    lengths: Uint8Array.from(rows, (row) => rib.lengths[row]!),
    attributes: Uint32Array.from(rows, attributesOf),
    coming: 0,
  };
}
