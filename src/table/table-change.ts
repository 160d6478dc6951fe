// What a new version of a table's text amounts to, whatever its format.

import type { Problem } from '../problem.js';
import type { RejectedEntry } from './entry-table.js';
import type { KeptService } from './plain-service.js';

export interface ServicesChange {
  readonly kind: 'services';
  /** New or different, in the order of the table. */
  readonly upserted: readonly KeptService[];
  readonly removed: readonly string[];
  /** All that are rejected now, not only what changed. The last good version of such an entry stays in force. */
  readonly rejected: readonly RejectedEntry[];
  /** Services in force. */
  readonly count: number;
  /** Objects in a stream of Kubernetes manifests that are no entries; absent when there are none. */
  readonly skipped?: number;
  /** Of all entries, at most the first hundred. */
  readonly problems: readonly Problem[];
}

/** The text as a whole cannot be used; nothing changed. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly problems: readonly Problem[];
}

export type TableChange = ServicesChange | Unusable;
