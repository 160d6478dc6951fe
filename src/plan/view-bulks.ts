// The bulks of one view: what each source wants of it, what was said, and the rows between. Where several hold a prefix,
// the first by rank speaks for it.

import { type Family, type Prefix, prefixKey } from '../net/address.js';
import type { Bulk, BulkColumns } from '../table/bulk.js';
import type { AttributeSets, AttributesId } from './attribute-sets.js';
import { type BulkRoutes, differences, findRow, type RowSink } from './bulk-routes.js';
import { type RouteBatch, widthOf } from './route-batch.js';
import type { PrefixAt } from './route-table.js';

interface BulkState {
  wanted: BulkRoutes | undefined;
  said: BulkRoutes | undefined;
}

const families = ['ipv4', 'ipv6'] as const;
const batchRows = 65536;

export class ViewBulks {
  readonly #sets: AttributeSets;
  readonly #states = new Map<string, BulkState>();

  constructor(sets: AttributeSets) {
    this.#sets = sets;
  }

  /** `ids`: retained for it here. */
  set(source: string, rank: number, bulk: Bulk | undefined, ids: readonly AttributesId[] | undefined): void {
    const state = this.#states.get(source) ?? { wanted: undefined, said: undefined };
    for (const id of ids ?? []) this.#sets.retain(id);
    if (state.wanted !== state.said) this.#release(state.wanted);
    state.wanted = bulk === undefined ? undefined : { bulk, rank, ids };
    this.#states.set(source, state);
  }

  /** What a prefix is wanted with; 0: not at all. */
  wanted(prefix: PrefixAt): AttributesId {
    return this.#states.size === 0 ? 0 : firstOf(this.#byRank('wanted'), prefix);
  }

  said(prefix: PrefixAt): AttributesId {
    return this.#states.size === 0 ? 0 : firstOf(this.#byRank('said'), prefix);
  }

  /** Prefixes that were said of any bulk, each once. */
  *saidPrefixes(): Generator<Prefix> {
    const seen = this.#states.size > 1 ? new Set<number | string>() : undefined;
    for (const { said } of this.#states.values()) {
      if (said?.ids === undefined) continue;
      for (const family of families) {
        const columns = said.bulk[family];
        for (let row = 0; row < columns.count; row++) {
          const prefix = prefixOfRow(columns, row);
          if (seen === undefined || isNew(seen, prefix)) yield prefix;
        }
      }
    }
  }

  /** Rows whose announcement differs from what was said, each prefix once. */
  differences(changed: RowSink): void {
    const moving = [...this.#states.values()].filter(({ said, wanted }) => said !== wanted);
    if (moving.length === 0) return;
    // A row that two moving bulks hold is reported once.
    const seen = moving.length > 1 ? new Set<number | string>() : undefined;
    const isAlone = this.#states.size === 1;
    const [before, after] = [this.#byRank('said'), this.#byRank('wanted')];
    const isReordered = this.#isReordered();
    for (const { said, wanted } of moving) {
      for (const family of families) {
        differences(family, said, wanted, isReordered, (columns, row, id, isSaid) => {
          if (isAlone) return changed(columns, row, id, isSaid);
          const at = rowAt(columns, row);
          const idBefore = firstOf(before, at);
          const idAfter = firstOf(after, at);
          if (idBefore === idAfter) return;
          if (seen === undefined || isNew(seen, prefixOfRow(columns, row)))
            changed(columns, row, idAfter, idBefore !== 0);
        });
      }
    }
  }

  /**
   * The only bulk of a view without other routes: when it comes, or goes, as a whole it is cut from its columns as it is, and
   * taken as said. Answers how many rows more are announced.
   */
  takeWhole(view: number, deliver: (batch: RouteBatch) => void, withdrawAll: (family: Family) => void): number {
    const [state] = this.#states.values();
    if (this.#states.size !== 1 || state === undefined || state.said === state.wanted) return 0;
    const before = rowsOf(state.said);
    const after = rowsOf(state.wanted);
    if (before > 0 && after > 0) return 0;
    if (before > 0) for (const family of families) withdrawAll(family);
    if (after > 0 && state.wanted !== undefined) wholeBatches(view, state.wanted, deliver);
    this.#release(state.said);
    state.said = state.wanted;
    return after - before;
  }

  /** What is wanted has been said. */
  settle(): void {
    for (const [source, state] of this.#states) {
      if (state.said !== state.wanted) this.#release(state.said);
      state.said = state.wanted;
      if (state.wanted === undefined) this.#states.delete(source);
    }
  }

  /** Lets go of every attribute set. */
  forget(): void {
    for (const { said, wanted } of this.#states.values()) {
      this.#release(said);
      if (wanted !== said) this.#release(wanted);
    }
    this.#states.clear();
  }

  #byRank(which: 'said' | 'wanted'): BulkRoutes[] {
    const routes = [...this.#states.values()].flatMap((state) => state[which] ?? []);
    return routes.length > 1 ? routes.sort((a, b) => a.rank - b.rank) : routes;
  }

  /** Whether bulks that stay rank among each other in another order: then any row that two of them hold may change. */
  #isReordered(): boolean {
    if (this.#states.size < 2) return false;
    const staying = [...this.#states.values()].flatMap(({ said, wanted }) =>
      said && wanted ? [{ said, wanted }] : [],
    );
    const before = staying.toSorted((a, b) => a.said.rank - b.said.rank);
    const after = staying.toSorted((a, b) => a.wanted.rank - b.wanted.rank);
    return before.some((state, i) => state !== after[i]);
  }

  #release(routes: BulkRoutes | undefined): void {
    for (const id of routes?.ids ?? []) this.#sets.release(id);
  }
}

function idOf(routes: BulkRoutes, { family, words, offset = 0, length }: PrefixAt): AttributesId {
  if (routes.ids === undefined) return 0;
  const columns = routes.bulk[family];
  const row = findRow(columns, words, offset, length);
  return row < 0 ? 0 : routes.ids[columns.attributes[row]!]!;
}

/** The first that announces the prefix speaks for it. */
function firstOf(routes: readonly BulkRoutes[], prefix: PrefixAt): AttributesId {
  for (const bulk of routes) {
    const id = idOf(bulk, prefix);
    if (id !== 0) return id;
  }
  return 0;
}

function isNew(seen: Set<number | string>, prefix: Prefix): boolean {
  return seen.size !== seen.add(prefixKey(prefix)).size;
}

/** Rows that are announced. */
const rowsOf = (routes: BulkRoutes | undefined): number =>
  routes?.ids === undefined ? 0 : routes.bulk.ipv4.count + routes.bulk.ipv6.count;

function wholeBatches(view: number, { bulk, ids = [] }: BulkRoutes, deliver: (batch: RouteBatch) => void): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const columns = bulk[family];
    const width = widthOf(family);
    for (let start = 0; start < columns.count; start += batchRows) {
      const count = Math.min(batchRows, columns.count - start);
      const attributes = new Uint32Array(count);
      for (let i = 0; i < count; i++) attributes[i] = ids[columns.attributes[start + i]!]!;
      deliver({
        view,
        family,
        count,
        words: columns.words.slice(start * width, (start + count) * width),
        lengths: columns.lengths.slice(start, start + count),
        attributes,
        coming: columns.count - start,
      });
    }
  }
}

function prefixOfRow({ family, words, lengths }: BulkColumns, row: number): Prefix {
  const width = widthOf(family);
  return { family, words: Array.from(words.subarray(row * width, (row + 1) * width)), length: lengths[row]! };
}

export const rowAt = ({ family, words, lengths }: BulkColumns, row: number): PrefixAt => ({
  family,
  words,
  offset: row * widthOf(family),
  length: lengths[row]!,
});
