// What a source tells the rest of the house, whatever kind it is: what its table holds now, or that it has none to give.

import type { Problem } from '../problem.js';
import type { Bulk } from '../table/bulk.js';
import type { ServicesChange } from '../table/table-change.js';

/** The whole bulk as it is now; versions are compared where they are used. */
export interface BulkUpdate {
  readonly kind: 'bulk';
  readonly bulk: Bulk;
  /** Rows. */
  readonly count: number;
  readonly problems: readonly Problem[];
}

/** The table as it was stays in force. */
export interface StaleUpdate {
  readonly kind: 'stale';
  /** Whether there is any. */
  readonly loaded: boolean;
  readonly problems: readonly Problem[];
}

/** Any but a stale one ends staleness. */
export type SourceUpdate = ServicesChange | BulkUpdate | StaleUpdate;
