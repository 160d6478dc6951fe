// On which line of a CSV file a prefix stands. The file is read again for it: nothing is kept of a million rows that
// nobody may ever ask for.

import type { Prefix } from '../net/address.js';
import type { EntryPlace } from '../table/entry-table.js';
import { RowSearch } from '../table/row-search.js';
import { readTableFile } from './table-file.js';

/** What is larger is not read for a question. */
const mostOctets = 128 * 1024 * 1024;

/** Undefined where the file has no such row, now. */
export async function placeOfRow(file: string, prefix: Prefix): Promise<EntryPlace | undefined> {
  const rows = new RowSearch(prefix);
  const { kind } = await readTableFile(file, {
    sized: (octets) => (octets > mostOctets ? 'is too large' : undefined),
    taken: (octets) => rows.push(octets),
  });
  const line = kind === 'read' ? rows.finish() : undefined;
  return line === undefined ? undefined : { line, column: 1 };
}
