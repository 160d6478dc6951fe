// Want, said, difference, for routes: what every service and bulk wants announced in each view, what the BGP thread was
// last told, and the changes between. Whoever claims a prefix is remembered, so the order of events does not matter.

import type { RouteAttributes } from '../config/config.js';
import type { Family } from '../net/address.js';
import type { Bulk } from '../table/bulk.js';
import type { AttributeSets, AttributesId } from './attribute-sets.js';
import { override } from './merge.js';
import type { RouteWish } from './plan.js';
import { type RouteBatch, RouteBatches } from './route-batch.js';
import { type PrefixAt, RouteTable } from './route-table.js';
import { rowAt, ViewBulks } from './view-bulks.js';

/** A service. Which rows of the route table are its own is kept with it, and found without asking for its name. */
export interface Claimant {
  readonly name: string;
  kept: KeptRows | undefined;
}

/** Most services have a single route. */
export type KeptRows = number | readonly number[];

interface Claim {
  readonly claimant: Claimant;
  id: AttributesId;
}

interface ViewState {
  readonly bulks: ViewBulks;
  /** Of the route table. */
  readonly rows: { [F in Family]: number };
  /** Routes the BGP thread knows. */
  announced: number;
}

const families = ['ipv4', 'ipv6'] as const;
const isWithoutRows = ({ rows }: ViewState): boolean => rows.ipv4 + rows.ipv6 === 0;

export class Wanted {
  readonly #sets: AttributeSets;
  readonly #views = new Map<number, ViewState>();
  readonly #routes = new RouteTable<Claimant>();
  /** The claims on a row beyond its first. */
  readonly #others = new Map<number, Claim[]>();
  #changed: number[] = [];

  constructor(sets: AttributeSets) {
    this.#sets = sets;
  }

  /** Routes the BGP thread knows, over all views. */
  get announced(): number {
    let announced = 0;
    for (const view of this.#views.values()) announced += view.announced;
    return announced;
  }

  /** Everything one service wants; an empty list when it is gone. */
  setService(claimant: Claimant, wishes: readonly RouteWish[]): void {
    const { kept } = claimant;
    const wish = wishes[0];
    if (wishes.length > 1 || wish === undefined) {
      this.#unclaim(claimant);
      if (wish !== undefined) claimant.kept = wishes.map((each) => this.#claim(claimant, each));
    } else if (typeof kept === 'number' && this.#routes.isAt(kept, wish.view, wish.prefix))
      this.#renew(kept, claimant, this.#sets.intern(wish.attributes));
    else {
      this.#unclaim(claimant);
      claimant.kept = this.#claim(claimant, wish);
    }
  }

  isAnnouncedIn({ kept = [] }: Claimant, views: ReadonlySet<number>): boolean {
    return typeof kept === 'number'
      ? views.has(this.#routes.viewOf(kept))
      : kept.some((row) => views.has(this.#routes.viewOf(row)));
  }

  /** What a bulk's rows are announced with in a view: one attribute set for each of the bulk's; undefined: nothing of it. Lower ranks win. */
  setBulk(
    view: number,
    source: string,
    rank: number,
    bulk: Bulk | undefined,
    attributes: readonly RouteAttributes[] | undefined,
  ): void {
    const ids = attributes?.map((set) => this.#sets.intern(set));
    this.#view(view).bulks.set(source, rank, bulk, ids);
  }

  /** Forgets a view that no service claims anything in, without a word: its peers have another. */
  forgetView(view: number): void {
    const state = this.#views.get(view);
    if (state === undefined) return;
    this.#changed = this.#changed.filter((row) => this.#routes.viewOf(row) !== view);
    for (const row of this.#routes.rowsOf(view)) {
      const said = this.#routes.said[row]!;
      if (said !== 0) this.#sets.release(said);
      this.#routes.remove(row);
    }
    state.bulks.forget();
    this.#views.delete(view);
  }

  /** How many announced routes the next takeRoutes() would withdraw from these views. */
  pendingWithdrawals(views: ReadonlySet<number>): number {
    let withdrawals = 0;
    for (const row of this.#changed)
      if (this.#routes.said[row] !== 0 && views.has(this.#routes.viewOf(row)) && this.#wantedOf(row) === 0)
        withdrawals++;
    for (const view of views) {
      this.#bulkDifferences(view, (_, id, isSaid) => {
        if (isSaid && id === 0) withdrawals++;
      });
    }
    return withdrawals;
  }

  /** How many routes that are announced in one view another does not want: what a peer loses that moves there. */
  lostBetween(from: number, to: number): number {
    let lost = 0;
    for (const row of this.#routes.rowsOf(from))
      if (this.#routes.said[row] !== 0 && !this.#isWanted(to, this.#routes.prefixOf(row))) lost++;
    for (const prefix of this.#view(from).bulks.saidPrefixes())
      if (this.#routes.find(from, prefix) < 0 && !this.#isWanted(to, prefix)) lost++;
    return lost;
  }

  /** Hands out what has changed since the last call, in batches of one view and family, and takes it as said. */
  takeRoutes(deliver: (batch: RouteBatch) => void, withdrawAll: (view: number, family: Family) => void): void {
    const batches = new RouteBatches(deliver);
    for (const [id, view] of this.#views) {
      if (isWithoutRows(view)) view.announced += view.bulks.takeWhole(id, deliver, (family) => withdrawAll(id, family));
      // What the BGP thread knows nothing of, it need not look for.
      if (view.announced === 0) for (const family of families) batches.expect(id, family, view.rows[family]);
      this.#bulkDifferences(id, (prefix, wanted, isSaid) => {
        batches.add(id, prefix, wanted);
        view.announced += (wanted === 0 ? 0 : 1) - (isSaid ? 1 : 0);
      });
    }
    for (const row of this.#changed) this.#settle(row, batches);
    this.#changed = [];
    for (const { bulks } of this.#views.values()) bulks.settle();
    batches.finish();
  }

  #view(id: number): ViewState {
    let view = this.#views.get(id);
    if (view === undefined) {
      view = { bulks: new ViewBulks(this.#sets), rows: { ipv4: 0, ipv6: 0 }, announced: 0 };
      this.#views.set(id, view);
    }
    return view;
  }

  #claim(claimant: Claimant, { view, prefix, attributes }: RouteWish): number {
    const routes = this.#routes;
    const found = routes.find(view, prefix);
    const row = found < 0 ? this.#add(view, prefix) : found;
    const id = this.#sets.intern(attributes);
    this.#sets.retain(id);
    if (routes.claimants[row] === undefined) {
      routes.claimants[row] = claimant;
      routes.ids[row] = id;
    } else this.#others.set(row, [...(this.#others.get(row) ?? []), { claimant, id }]);
    this.#touch(row);
    return row;
  }

  #add(view: number, prefix: PrefixAt): number {
    const state = this.#view(view);
    const row = this.#routes.add(view, prefix);
    const said = state.bulks.said(prefix);
    if (said !== 0) this.#sets.retain(said);
    this.#routes.said[row] = said;
    state.rows[prefix.family]++;
    return row;
  }

  /** The same route, be it with other attributes. */
  #renew(row: number, claimant: Claimant, id: AttributesId): void {
    const routes = this.#routes;
    const isFirst = routes.claimants[row] === claimant;
    const other = isFirst ? undefined : this.#others.get(row)?.find((claim) => claim.claimant === claimant);
    const before = other?.id ?? routes.ids[row]!;
    if (before === id) return;
    this.#sets.retain(id);
    this.#sets.release(before);
    if (other === undefined) routes.ids[row] = id;
    else other.id = id;
    this.#touch(row);
  }

  #unclaim(claimant: Claimant): void {
    const { kept } = claimant;
    if (kept === undefined) return;
    claimant.kept = undefined;
    for (const row of typeof kept === 'number' ? [kept] : kept) {
      const routes = this.#routes;
      const others = this.#others.get(row) ?? [];
      if (routes.claimants[row] === claimant) {
        this.#sets.release(routes.ids[row]!);
        const next = others[0];
        routes.claimants[row] = next?.claimant;
        routes.ids[row] = next?.id ?? 0;
        this.#setOthers(row, others.slice(1));
      } else {
        const at = others.findIndex((claim) => claim.claimant === claimant);
        this.#sets.release(others[at]!.id);
        this.#setOthers(row, others.toSpliced(at, 1));
      }
      this.#touch(row);
    }
  }

  #setOthers(row: number, claims: Claim[]): void {
    if (claims.length > 0) this.#others.set(row, claims);
    else if (this.#others.size > 0) this.#others.delete(row);
  }

  #touch(row: number): void {
    if (this.#routes.changed[row] === 1) return;
    this.#routes.changed[row] = 1;
    this.#changed.push(row);
  }

  /** The id a route is to be announced with, by its services or, when there are none, by a bulk. */
  #wantedOf(row: number): AttributesId {
    const routes = this.#routes;
    const claimant = routes.claimants[row];
    if (claimant === undefined) return this.#view(routes.viewOf(row)).bulks.wanted(routes.prefixOf(row));
    const others = this.#others.size === 0 ? undefined : this.#others.get(row);
    const id = routes.ids[row]!;
    if (others === undefined) return id;
    // Several services share the prefix: the first by name decides, communities add up.
    const byName = [{ claimant, id }, ...others].sort(({ claimant: a }, { claimant: b }) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
    );
    const merged = byName.reduceRight<RouteAttributes>(
      (below, claim) => override(below, this.#sets.attributes(claim.id)),
      {},
    );
    return this.#sets.intern(merged);
  }

  #isWanted(view: number, prefix: PrefixAt): boolean {
    const row = this.#routes.find(view, prefix);
    return (row >= 0 && this.#routes.claimants[row] !== undefined) || this.#view(view).bulks.wanted(prefix) !== 0;
  }

  /** But for prefixes that a service speaks for, or spoke for until this change: those are decided there. */
  #bulkDifferences(view: number, report: (prefix: PrefixAt, id: AttributesId, isSaid: boolean) => void): void {
    const state = this.#view(view);
    const isWithoutServices = isWithoutRows(state);
    state.bulks.differences((columns, row, id, isSaid) => {
      const prefix = rowAt(columns, row);
      if (isWithoutServices || this.#routes.find(view, prefix) < 0) report(prefix, id, isSaid);
    });
  }

  #settle(row: number, batches: RouteBatches): void {
    const routes = this.#routes;
    const view = this.#view(routes.viewOf(row));
    const said = routes.said[row]!;
    const isClaimed = routes.claimants[row] !== undefined;
    const id = isClaimed && this.#others.size === 0 ? routes.ids[row]! : this.#wantedOf(row);
    routes.changed[row] = 0;
    if (id !== said) {
      batches.add(routes.viewOf(row), routes.prefixOf(row), id);
      view.announced += (id === 0 ? 0 : 1) - (said === 0 ? 0 : 1);
      if (id !== 0) this.#sets.retain(id);
      if (said !== 0) this.#sets.release(said);
      routes.said[row] = id;
    }
    if (isClaimed) return;
    if (id !== 0) this.#sets.release(id);
    view.rows[routes.familyOf(row)]--;
    routes.remove(row);
  }
}
