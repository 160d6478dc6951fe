// Bulk routes as a view wants them: the columns of a table beside the attribute-set id each kind of row has there.
// Two versions are compared by one walk along both, and what differs leaves in batches of columns.

import type { Family } from '../net/address.js';
import type { Bulk, BulkColumns } from '../table/bulk.js';
import type { AttributesId } from './attribute-sets.js';

/** `ids[i]`: what rows with attribute index i are announced with; undefined: the view does not announce the bulk. */
export interface BulkRoutes {
  readonly bulk: Bulk;
  /** Of its source: where several hold a prefix, the lowest speaks. */
  readonly rank: number;
  readonly ids: readonly AttributesId[] | undefined;
}

/** Takes one changed row: its place in `columns`, the id to announce it with (0 to withdraw it), and whether it was announced before. */
export type RowSink = (columns: BulkColumns, row: number, id: AttributesId, before: boolean) => void;

/** Rows whose announcement differs between two versions, or all there are with `every`, in order of prefix. */
export function differences(
  family: Family,
  before: BulkRoutes | undefined,
  after: BulkRoutes | undefined,
  every: boolean,
  changed: RowSink,
): void {
  const a = before?.ids === undefined ? undefined : before.bulk[family];
  const b = after?.ids === undefined ? undefined : after.bulk[family];
  const aIds = before?.ids ?? [];
  const bIds = after?.ids ?? [];
  if (!every && a === b && sameIds(aIds, bIds)) return;
  let i = 0;
  let j = 0;
  const aCount = a?.count ?? 0;
  const bCount = b?.count ?? 0;
  while (i < aCount || j < bCount) {
    const order = i === aCount ? 1 : j === bCount ? -1 : compareRows(a!, i, b!, j);
    if (order < 0) changed(a!, i++, 0, true);
    else if (order > 0) {
      changed(b!, j, bIds[b!.attributes[j]!]!, false);
      j++;
    } else {
      const id = bIds[b!.attributes[j]!]!;
      if (every || aIds[a!.attributes[i]!] !== id) changed(b!, j, id, true);
      i++;
      j++;
    }
  }
}

const sameIds = (a: readonly AttributesId[], b: readonly AttributesId[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);

export function compareRows(a: BulkColumns, i: number, b: BulkColumns, j: number): number {
  const width = a.family === 'ipv4' ? 1 : 4;
  for (let k = 0; k < width; k++) {
    const x = a.words[i * width + k]!;
    const y = b.words[j * width + k]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.lengths[i]! - b.lengths[j]!;
}

/** The row of a prefix, or -1. */
export function findRow(columns: BulkColumns, words: ArrayLike<number>, offset: number, length: number): number {
  const width = columns.family === 'ipv4' ? 1 : 4;
  let low = 0;
  let high = columns.count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    let order = 0;
    for (let k = 0; k < width && order === 0; k++) order = columns.words[middle * width + k]! - words[offset + k]!;
    if (order === 0) order = columns.lengths[middle]! - length;
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
