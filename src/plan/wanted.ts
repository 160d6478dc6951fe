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
  rank: number;
  wanted: BulkRoutes | undefined;
  said: BulkRoutes | undefined;
}

interface ViewState {
  readonly entries: Map<number | string, Entry>;
  readonly bulks: Map<string, BulkState>;
}

const batchRows = 65536;

export class Wanted {
  readonly #sets: AttributeSets;
  readonly #views = new Map<number, ViewState>();
  readonly #claims = new Map<string, Said[]>();
  #changed: Said[] = [];
  /** Routes the BGP thread knows, over all views. */
  #announced = 0;

  constructor(sets: AttributeSets) {
    this.#sets = sets;
  }

  get announced(): number {
    return this.#announced;
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
    const known = state.bulks.get(source) ?? { rank, wanted: undefined, said: undefined };
    known.rank = rank;
    const ids = attributes?.map((set) => this.#sets.intern(set));
    for (const id of ids ?? []) this.#sets.retain(id);
    if (known.wanted !== known.said) this.#releaseBulk(known.wanted);
    known.wanted = bulk === undefined ? undefined : { bulk, ids };
    state.bulks.set(source, known);
  }

  /** Nothing is wanted in this view any more, and nobody listens: forgets it without changes. */
  dropView(view: number): void {
    const state = this.#views.get(view);
    if (state === undefined) return;
    for (const [service, claims] of this.#claims) {
      const kept = claims.filter((said) => said.view !== view);
      for (const said of claims) if (said.view === view) this.#unclaim(said, service);
      if (kept.length === 0) this.#claims.delete(service);
      else this.#claims.set(service, kept);
    }
    this.takeRoutes(() => {});
    for (const [source, { rank }] of state.bulks) this.setBulk(view, source, rank, undefined, undefined);
    this.takeRoutes(() => {});
    this.#views.delete(view);
  }

  /** How many announced routes the next takeRoutes() would withdraw. */
  pendingWithdrawals(): number {
    let withdrawals = 0;
    this.#differences(({ said, id }) => {
      if (said && id === 0) withdrawals++;
    });
    return withdrawals;
  }

  /** Hands out what has changed since the last call, in batches of one view and family, and takes it as said. */
  takeRoutes(deliver: (batch: RouteBatch) => void): void {
    const batches = new Map<number, BatchWriter>();
    this.#differences((change) => {
      this.#announced += (change.id === 0 ? 0 : 1) - (change.said ? 1 : 0);
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

  #view(view: number): ViewState {
    let state = this.#views.get(view);
    if (state === undefined) {
      state = { entries: new Map(), bulks: new Map() };
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
    const byName = [...entry.claims].sort((a, b) => (a.service < b.service ? -1 : 1));
    const merged = byName.reduceRight<RouteAttributes>(
      (below, { id }) => override(below, this.#sets.attributes(id)),
      {},
    );
    return this.#sets.intern(merged);
  }

  #bulksOf(view: number): BulkState[] {
    return [...this.#view(view).bulks.values()].sort((a, b) => a.rank - b.rank);
  }

  #wantedByBulk(view: number, prefix: Prefix): AttributesId {
    for (const { wanted } of this.#bulksOf(view)) {
      const id = idOf(wanted, prefix.family, prefix.words, 0, prefix.length);
      if (id !== 0) return id;
    }
    return 0;
  }

  #saidByBulk(view: number, prefix: Prefix): AttributesId {
    for (const { said } of this.#bulksOf(view)) {
      const id = idOf(said, prefix.family, prefix.words, 0, prefix.length);
      if (id !== 0) return id;
    }
    return 0;
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
      const all = moving.length > 0 ? this.#bulksOf(view) : [];
      for (const state of moving) {
        for (const family of ['ipv4', 'ipv6'] as const) {
          differences(family, state.said, state.wanted, (columns, row, id, said) => {
            // A prefix that a service speaks for, or spoke for until this change, is decided there.
            if (entries.size > 0 && entries.has(keyOfRow(columns, row))) return;
            change.id = id;
            change.said = said;
            if (all.length > 1 && !shared(all, columns, row, change)) return;
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

const idAt = (routes: BulkRoutes | undefined, columns: BulkColumns, row: number): AttributesId =>
  idOf(routes, columns.family, columns.words, row * widthOf(columns.family), columns.lengths[row]!);

const widthOf = (family: Family): number => (family === 'ipv4' ? 1 : 4);

/** A row that several bulks may hold: the one with the lowest rank speaks. False when that changes nothing. */
function shared(bulks: readonly BulkState[], columns: BulkColumns, row: number, change: Change): boolean {
  const first = (pick: (bulk: BulkState) => BulkRoutes | undefined): AttributesId =>
    bulks.map((bulk) => idAt(pick(bulk), columns, row)).find((id) => id !== 0) ?? 0;
  const said = first((bulk) => bulk.said);
  change.id = first((bulk) => bulk.wanted);
  change.said = said !== 0;
  return change.id !== said;
}

function keyOfRow(columns: BulkColumns, row: number): number | string {
  const width = widthOf(columns.family);
  const words = Array.from(columns.words.subarray(row * width, (row + 1) * width));
  return prefixKey({ family: columns.family, words, length: columns.lengths[row]! });
}

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
    };
    this.count = 0;
    this.#words = new Uint32Array(this.#words.length);
    this.#lengths = new Uint8Array(this.#lengths.length);
    this.#attributes = new Uint32Array(this.#attributes.length);
    return batch;
  }
}
