// A bulk of routes in columns: what a CSV table becomes. Sorted by prefix, no prefix twice, attributes interned, so that
// a million rows are a few megabytes and two versions are compared by one walk along both.

import type { RouteAttributes } from '../config/config.js';
import type { Family, Prefix } from '../net/address.js';
import { attributesKey } from './attributes.js';

/** Rows of one family. Row i has `words[i * w .. i * w + w)` (w = 1 for IPv4, 4 for IPv6), `lengths[i]`, `attributes[i]`. */
export interface BulkColumns {
  readonly family: Family;
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  /** Index into Bulk.attributeSets. */
  readonly attributes: Uint16Array | Uint32Array;
}

export interface Bulk {
  readonly ipv4: BulkColumns;
  readonly ipv6: BulkColumns;
  /** Distinct attribute sets of the rows; [0] is `{}`. */
  readonly attributeSets: readonly RouteAttributes[];
}

/** Equal in every row, however the attribute sets are numbered. */
export function sameBulk(a: Bulk, b: Bulk): boolean {
  const keys = b.attributeSets.map(attributesKey);
  const numbers = new Map(keys.map((key, number) => [key, number]));
  const renumbered = a.attributeSets.map((attributes) => numbers.get(attributesKey(attributes)));
  return sameColumns(a.ipv4, b.ipv4, renumbered) && sameColumns(a.ipv6, b.ipv6, renumbered);
}

function sameColumns(a: BulkColumns, b: BulkColumns, renumbered: readonly (number | undefined)[]): boolean {
  if (a.count !== b.count) return false;
  for (let i = 0; i < a.words.length; i++) if (a.words[i] !== b.words[i]) return false;
  for (let i = 0; i < a.count; i++) {
    if (a.lengths[i] !== b.lengths[i] || renumbered[a.attributes[i]!] !== b.attributes[i]) return false;
  }
  return true;
}

/** Counted through IPv4 and then IPv6; -1: no row has the prefix. */
export function rowOf({ ipv4, ipv6 }: Bulk, prefix: Prefix): number {
  const columns = prefix.family === 'ipv4' ? ipv4 : ipv6;
  let low = 0;
  for (let high = columns.count; low < high; ) {
    const middle = (low + high) >>> 1;
    if (compareRow(columns, middle, prefix) < 0) low = middle + 1;
    else high = middle;
  }
  if (low === columns.count || compareRow(columns, low, prefix) !== 0) return -1;
  return prefix.family === 'ipv4' ? low : ipv4.count + low;
}

function compareRow({ words, lengths }: BulkColumns, row: number, { words: wanted, length }: Prefix): number {
  for (const [k, word] of wanted.entries()) {
    const difference = words[row * wanted.length + k]! - word;
    if (difference !== 0) return difference;
  }
  return lengths[row]! - length;
}
