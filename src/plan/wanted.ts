// Want, said, difference, for routes: what every service and bulk wants announced in each view, what the BGP thread was
// last told, and the changes between. Whoever claims a prefix is remembered, so the order of events does not matter.

import type { RouteAttributes } from '../config/config.js';
import { type Family, type Prefix, prefixKey } from '../net/address.js';
import type { Bulk, BulkColumns } from '../table/bulk.js';
import type { AttributeSets, AttributesId } from './attribute-sets.js';
import { type BulkRoutes, differences, findRow } from './bulk-routes.js';
import { override } from './merge.js';
import type { RouteWish } from './plan.js';

/** Changes of one view and family, as they go to the BGP thread; attributes 0 withdraws. */
export interface RouteBatch {
  readonly view: number;
  readonly family: Family;
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly attributes: Uint32Array;
  /** Prefixes that this batch and those behind it are known to add: room to be made at once. */
  readonly coming: number;
}

interface Claim {
  readonly service: string;
  readonly id: AttributesId;
}

interface Change {
  view: number;
  family: Family;
  words: ArrayLike<number>;
  /** Where in `words` the address begins. */
  offset: number;
  length: number;
  /** Whether the BGP thread knows the prefix. */
  said: boolean;
  /** 0: withdraw it. */
  id: AttributesId;
}

interface Entry {
  readonly prefix: Prefix;
  claims: Claim[];
  /** What the BGP thread knows; 0: nothing. */
  said: AttributesId;
  changed: boolean;
}

interface Said {
  readonly view: number;
  readonly entry: Entry;
}

interface BulkState {
  wanted: BulkRoutes | undefined;
  said: BulkRoutes | undefined;
}

interface ViewState {
  readonly entries: Map<number | string, Entry>;
  readonly bulks: Map<string, BulkState>;
  /** Routes the BGP thread knows. */
  announced: number;
}

const batchRows = 65536;

export class Wanted {
  readonly #sets: AttributeSets;
  readonly #views = new Map<number, ViewState>();
  readonly #claims = new Map<string, Said[]>();
  #changed: Said[] = [];

  constructor(sets: AttributeSets) {
    this.#sets = sets;
  }

  /** Routes the BGP thread knows, over all views. */
  get announced(): number {
    let announced = 0;
    for (const view of this.#views.values()) announced += view.announced;
    return announced;
  }

  /** Services with a route in one of these views. */
  servicesIn(views: ReadonlySet<number>): number {
    let count = 0;
    for (const claims of this.#claims.values()) if (claims.some(({ view }) => views.has(view))) count++;
    return count;
  }

  views(): number[] {
    return [...this.#views.keys()];
  }

  /** Everything one service wants; an empty list when it is gone. */
  setService(service: string, routes: readonly RouteWish[]): void {
    const before = this.#claims.get(service);
    if (before === undefined && routes.length === 0) return;
    if (before !== undefined) for (const said of before) this.#unclaim(said, service);
    if (routes.length === 0) {
      this.#claims.delete(service);
      return;
    }
    this.#claims.set(
      service,
      routes.map(({ view, prefix, attributes }) => this.#claim(view, prefix, service, this.#sets.intern(attributes))),
    );
  }

  /** What a bulk's rows are announced with in a view: one attribute set for each of the bulk's; undefined: nothing of it. Lower ranks win. */
  setBulk(
    view: number,
    source: string,
    rank: number,
    bulk: Bulk | undefined,
    attributes: readonly RouteAttributes[] | undefined,
  ): void {
    const state = this.#view(view);
    const known = state.bulks.get(source) ?? { wanted: undefined, said: undefined };
    const ids = attributes?.map((set) => this.#sets.intern(set));
    for (const id of ids ?? []) this.#sets.retain(id);
    if (known.wanted !== known.said) this.#releaseBulk(known.wanted);
    known.wanted = bulk === undefined ? undefined : { bulk, rank, ids };
    state.bulks.set(source, known);
  }

  /** Forgets a view that no service claims anything in, without a word: its peers have another. */
  forgetView(view: number): void {
    const state = this.#views.get(view);
    if (state === undefined) return;
    for (const { said } of state.entries.values()) if (said !== 0) this.#sets.release(said);
    for (const { said, wanted } of state.bulks.values()) {
      this.#releaseBulk(said);
      if (wanted !== said) this.#releaseBulk(wanted);
    }
    this.#changed = this.#changed.filter((changed) => changed.view !== view);
    this.#views.delete(view);
  }

  /** How many announced routes the next takeRoutes() would withdraw from these views. */
  pendingWithdrawals(views: ReadonlySet<number>): number {
    let withdrawals = 0;
    this.#differences(({ view, said, id }) => {
      if (said && id === 0 && views.has(view)) withdrawals++;
    });
    return withdrawals;
  }

  /** How many routes that are announced in one view another does not want: what a peer loses that moves there. */
  lostBetween(from: number, to: number): number {
    const { entries, bulks } = this.#view(from);
    let lost = 0;
    for (const { prefix, said } of entries.values()) if (said !== 0 && !this.#isWanted(to, prefix)) lost++;
    const seen = new Set(entries.keys());
    for (const { said } of bulks.values()) {
      if (said?.ids === undefined) continue;
      for (const columns of [said.bulk.ipv4, said.bulk.ipv6]) {
        for (let row = 0; row < columns.count; row++) {
          const prefix = prefixOfRow(columns, row);
          if (seen.size !== seen.add(prefixKey(prefix)).size && !this.#isWanted(to, prefix)) lost++;
        }
      }
    }
    return lost;
  }

  #isWanted(view: number, prefix: Prefix): boolean {
    const entry = this.#view(view).entries.get(prefixKey(prefix));
    return (entry !== undefined && entry.claims.length > 0) || this.#wantedByBulk(view, prefix) !== 0;
  }

  /** Hands out what has changed since the last call, in batches of one view and family, and takes it as said. */
  takeRoutes(deliver: (batch: RouteBatch) => void, withdrawAll: (view: number, family: Family) => void): void {
    this.#takeWholeBulks(deliver, withdrawAll);
    const batches = new Map<number, BatchWriter>();
    this.#differences((change) => {
      this.#view(change.view).announced += (change.id === 0 ? 0 : 1) - (change.said ? 1 : 0);
      const key = change.view * 2 + (change.family === 'ipv4' ? 0 : 1);
      let writer = batches.get(key);
      if (writer === undefined) {
        writer = new BatchWriter(change.view, change.family);
        batches.set(key, writer);
      }
      writer.add(change);
      if (writer.full) deliver(writer.finish());
    });
    for (const writer of batches.values()) if (writer.count > 0) deliver(writer.finish());
    this.#settle();
  }

  /** A bulk that comes, or goes, as a whole is cut from its columns as it is. */
  #takeWholeBulks(deliver: (batch: RouteBatch) => void, withdrawAll: (view: number, family: Family) => void): void {
    for (const [view, viewState] of this.#views) {
      const { entries, bulks } = viewState;
      const [state] = bulks.values();
      if (entries.size > 0 || bulks.size !== 1 || state === undefined || state.said === state.wanted) continue;
      const before = rowsOf(state.said);
      const after = rowsOf(state.wanted);
      if (before > 0 && after > 0) continue;
      if (before > 0) for (const family of ['ipv4', 'ipv6'] as const) withdrawAll(view, family);
      if (after > 0 && state.wanted !== undefined) wholeBatches(view, state.wanted, deliver);
      viewState.announced += after - before;
      this.#releaseBulk(state.said);
      state.said = state.wanted;
    }
  }

  #view(view: number): ViewState {
    let state = this.#views.get(view);
    if (state === undefined) {
      state = { entries: new Map(), bulks: new Map(), announced: 0 };
      this.#views.set(view, state);
    }
    return state;
  }

  #claim(view: number, prefix: Prefix, service: string, id: AttributesId): Said {
    const { entries } = this.#view(view);
    const key = prefixKey(prefix);
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = { prefix, claims: [], said: this.#saidByBulk(view, prefix), changed: false };
      if (entry.said !== 0) this.#sets.retain(entry.said);
      entries.set(key, entry);
    }
    this.#sets.retain(id);
    entry.claims.push({ service, id });
    const said = { view, entry };
    this.#touch(said);
    return said;
  }

  #unclaim(said: Said, service: string): void {
    const gone = said.entry.claims.findIndex((claim) => claim.service === service);
    if (gone < 0) return;
    this.#sets.release(said.entry.claims[gone]!.id);
    said.entry.claims.splice(gone, 1);
    this.#touch(said);
  }

  #touch(said: Said): void {
    if (said.entry.changed) return;
    said.entry.changed = true;
    this.#changed.push(said);
  }

  /** The id an entry is to be announced with, by its services or, when there are none, by a bulk. */
  #wantedOf({ view, entry }: Said): AttributesId {
    if (entry.claims.length === 0) return this.#wantedByBulk(view, entry.prefix);
    if (entry.claims.length === 1) return entry.claims[0]!.id;
    // Several services share the prefix: the first by name decides, communities add up.
    const byName = [...entry.claims].sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : 0));
    const merged = byName.reduceRight<RouteAttributes>(
      (below, { id }) => override(below, this.#sets.attributes(id)),
      {},
    );
    return this.#sets.intern(merged);
  }

  #wantedByBulk(view: number, prefix: Prefix): AttributesId {
    if (this.#view(view).bulks.size === 0) return 0;
    return firstOf(byRank(this.#view(view).bulks, 'wanted'), prefix.family, prefix.words, 0, prefix.length);
  }

  #saidByBulk(view: number, prefix: Prefix): AttributesId {
    if (this.#view(view).bulks.size === 0) return 0;
    return firstOf(byRank(this.#view(view).bulks, 'said'), prefix.family, prefix.words, 0, prefix.length);
  }

  /** Calls `report` for each prefix whose announcement differs from what was said; the one object is filled anew each time. */
  #differences(report: (change: Change) => void): void {
    const change: Change = { view: 0, family: 'ipv4', words: [], offset: 0, length: 0, said: false, id: 0 };
    for (const said of this.#changed) {
      const { entry } = said;
      const id = this.#wantedOf(said);
      if (id === entry.said) continue;
      change.view = said.view;
      change.family = entry.prefix.family;
      change.words = entry.prefix.words;
      change.offset = 0;
      change.length = entry.prefix.length;
      change.said = entry.said !== 0;
      change.id = id;
      report(change);
    }
    for (const [view, { entries, bulks }] of this.#views) {
      const moving = [...bulks.values()].filter(({ said, wanted }) => said !== wanted);
      // A row that two moving bulks hold is reported once.
      const seen = moving.length > 1 ? new Set<number | string>() : undefined;
      if (moving.length === 0) continue;
      const [before, after] = [byRank(bulks, 'said'), byRank(bulks, 'wanted')];
      const reordered = isReordered(bulks);
      for (const state of moving) {
        for (const family of ['ipv4', 'ipv6'] as const) {
          differences(family, state.said, state.wanted, reordered, (columns, row, id, said) => {
            // A prefix that a service speaks for, or spoke for until this change, is decided there.
            if (entries.size > 0 && entries.has(keyOfRow(columns, row))) return;
            change.id = id;
            change.said = said;
            if (bulks.size > 1 && !shared(before, after, columns, row, change)) return;
            if (seen !== undefined && seen.size === seen.add(keyOfRow(columns, row)).size) return;
            change.view = view;
            change.family = family;
            change.words = columns.words;
            change.offset = row * widthOf(family);
            change.length = columns.lengths[row]!;
            report(change);
          });
        }
      }
    }
  }

  #settle(): void {
    for (const said of this.#changed) {
      const { entry, view } = said;
      const id = this.#wantedOf(said);
      if (id !== 0) this.#sets.retain(id);
      if (entry.said !== 0) this.#sets.release(entry.said);
      entry.said = id;
      entry.changed = false;
      if (entry.claims.length > 0) continue;
      if (id !== 0) this.#sets.release(id);
      this.#views.get(view)?.entries.delete(prefixKey(entry.prefix));
    }
    this.#changed = [];
    for (const { bulks } of this.#views.values()) {
      for (const [source, state] of bulks) {
        if (state.said !== state.wanted) this.#releaseBulk(state.said);
        state.said = state.wanted;
        if (state.wanted === undefined) bulks.delete(source);
      }
    }
  }

  #releaseBulk(routes: BulkRoutes | undefined): void {
    for (const id of routes?.ids ?? []) this.#sets.release(id);
  }
}

function idOf(
  routes: BulkRoutes | undefined,
  family: Family,
  words: ArrayLike<number>,
  offset: number,
  length: number,
): AttributesId {
  if (routes?.ids === undefined) return 0;
  const columns = routes.bulk[family];
  const row = findRow(columns, words, offset, length);
  return row < 0 ? 0 : routes.ids[columns.attributes[row]!]!;
}

/** The first that announces the prefix speaks for it. */
function firstOf(
  routes: readonly BulkRoutes[],
  family: Family,
  words: ArrayLike<number>,
  offset: number,
  length: number,
): AttributesId {
  for (const bulk of routes) {
    const id = idOf(bulk, family, words, offset, length);
    if (id !== 0) return id;
  }
  return 0;
}

function byRank(bulks: ReadonlyMap<string, BulkState>, which: 'said' | 'wanted'): BulkRoutes[] {
  const routes = [...bulks.values()].flatMap((state) => state[which] ?? []);
  return routes.length > 1 ? routes.sort((a, b) => a.rank - b.rank) : routes;
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

const widthOf = (family: Family): number => (family === 'ipv4' ? 1 : 4);

/** Whether bulks that stay rank among each other in another order: then any row that two of them hold may change. */
function isReordered(bulks: ReadonlyMap<string, BulkState>): boolean {
  if (bulks.size < 2) return false;
  const staying = [...bulks.values()].flatMap(({ said, wanted }) => (said && wanted ? [{ said, wanted }] : []));
  const before = staying.toSorted((a, b) => a.said.rank - b.said.rank);
  const after = staying.toSorted((a, b) => a.wanted.rank - b.wanted.rank);
  return before.some((state, i) => state !== after[i]);
}

/** A row that several bulks may hold: the one with the lowest rank speaks. False when that changes nothing. */
function shared(
  before: readonly BulkRoutes[],
  after: readonly BulkRoutes[],
  columns: BulkColumns,
  row: number,
  change: Change,
): boolean {
  const { family, words, lengths } = columns;
  const at = row * widthOf(family);
  const said = firstOf(before, family, words, at, lengths[row]!);
  change.id = firstOf(after, family, words, at, lengths[row]!);
  change.said = said !== 0;
  return change.id !== said;
}

function prefixOfRow({ family, words, lengths }: BulkColumns, row: number): Prefix {
  const width = widthOf(family);
  return { family, words: Array.from(words.subarray(row * width, (row + 1) * width)), length: lengths[row]! };
}

const keyOfRow = (columns: BulkColumns, row: number): number | string => prefixKey(prefixOfRow(columns, row));

class BatchWriter {
  readonly #view: number;
  readonly #family: Family;
  readonly #width: number;
  #words: Uint32Array;
  #lengths: Uint8Array;
  #attributes: Uint32Array;
  count = 0;

  constructor(view: number, family: Family) {
    this.#view = view;
    this.#family = family;
    this.#width = widthOf(family);
    this.#words = new Uint32Array(64 * this.#width);
    this.#lengths = new Uint8Array(64);
    this.#attributes = new Uint32Array(64);
  }

  get full(): boolean {
    return this.count === batchRows;
  }

  add({ words, offset, length, id }: Change): void {
    if (this.count === this.#lengths.length) this.#grow();
    const at = this.count * this.#width;
    for (let k = 0; k < this.#width; k++) this.#words[at + k] = words[offset + k]!;
    this.#lengths[this.count] = length;
    this.#attributes[this.count++] = id;
  }

  #grow(): void {
    const capacity = Math.min(batchRows, this.#lengths.length * 4);
    const words = new Uint32Array(capacity * this.#width);
    words.set(this.#words);
    const lengths = new Uint8Array(capacity);
    lengths.set(this.#lengths);
    const attributes = new Uint32Array(capacity);
    attributes.set(this.#attributes);
    this.#words = words;
    this.#lengths = lengths;
    this.#attributes = attributes;
  }

  /** The batch, whose buffers may be transferred; the writer starts anew. */
  finish(): RouteBatch {
    const { count } = this;
    const exact = count === this.#lengths.length;
    const batch = {
      view: this.#view,
      family: this.#family,
      count,
      words: exact ? this.#words : this.#words.slice(0, count * this.#width),
      lengths: exact ? this.#lengths : this.#lengths.slice(0, count),
      attributes: exact ? this.#attributes : this.#attributes.slice(0, count),
      coming: 0,
    };
    this.count = 0;
    this.#words = new Uint32Array(this.#words.length);
    this.#lengths = new Uint8Array(this.#lengths.length);
    this.#attributes = new Uint32Array(this.#attributes.length);
    return batch;
  }
}
