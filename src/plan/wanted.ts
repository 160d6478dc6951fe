// Want, said, difference, for routes: what every service and bulk wants announced in each view, what the BGP thread was
// last told, and the changes between. Whoever claims a prefix is remembered, so the order of events does not matter.

import type { RouteAttributes } from '../config/config.js';
import { type Family, type Prefix, sameAddress } from '../net/address.js';
import { PrefixMap } from '../net/prefix-map.js';
import type { Bulk } from '../table/bulk.js';
import type { AttributeSets, AttributesId } from './attribute-sets.js';
import { override } from './merge.js';
import type { RouteWish } from './plan.js';
import { type RouteBatch, RouteBatches, widthOf } from './route-batch.js';
import { ViewBulks } from './view-bulks.js';

/** A service. What it has announced is kept with it, and found without asking for its name. */
export interface Claimant {
  readonly name: string;
  kept: KeptRoutes | undefined;
}

/** Most services have a single route. */
export type KeptRoutes = Route | readonly Route[];

interface Claim {
  claimant: Claimant;
  id: AttributesId;
}

/** A prefix in a view. Its first claim, nearly always the only one, stands in the route itself. */
interface Route {
  readonly view: ViewRoutes;
  readonly prefix: Prefix;
  claimant: Claimant | undefined;
  id: AttributesId;
  others: Claim[] | undefined;
  /** What the BGP thread knows; 0: nothing. */
  said: AttributesId;
  isChanged: boolean;
}

interface ViewRoutes {
  readonly id: number;
  readonly routes: PrefixMap<Route>;
  readonly bulks: ViewBulks;
  /** Routes the BGP thread knows. */
  announced: number;
}

export class Wanted {
  readonly #sets: AttributeSets;
  readonly #views = new Map<number, ViewRoutes>();
  #changed: Route[] = [];

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
    const first = wishes[0];
    if (first !== undefined && wishes.length === 1) {
      if (kept !== undefined && 'prefix' in kept && isOf(kept, first)) this.#renew(kept, claimant, first);
      else {
        this.#unclaimAll(claimant);
        claimant.kept = this.#claim(claimant, first);
      }
      return;
    }
    this.#unclaimAll(claimant);
    if (first !== undefined) claimant.kept = wishes.map((wish) => this.#claim(claimant, wish));
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
  forgetView(id: number): void {
    const view = this.#views.get(id);
    if (view === undefined) return;
    for (const { said } of view.routes.values()) if (said !== 0) this.#sets.release(said);
    view.bulks.forget();
    this.#changed = this.#changed.filter((route) => route.view !== view);
    this.#views.delete(id);
  }

  /** How many announced routes the next takeRoutes() would withdraw from these views. */
  pendingWithdrawals(views: ReadonlySet<number>): number {
    let withdrawals = 0;
    for (const route of this.#changed)
      if (route.said !== 0 && views.has(route.view.id) && this.#wantedOf(route) === 0) withdrawals++;
    for (const { id, routes, bulks } of this.#views.values()) {
      if (!views.has(id)) continue;
      bulks.differences(({ family, words, lengths }, row, wanted, isSaid) => {
        if (isSaid && wanted === 0 && !isDecided(routes, family, words, row, lengths[row]!)) withdrawals++;
      });
    }
    return withdrawals;
  }

  /** How many routes that are announced in one view another does not want: what a peer loses that moves there. */
  lostBetween(from: number, to: number): number {
    const { routes, bulks } = this.#view(from);
    const target = this.#view(to);
    let lost = 0;
    for (const { prefix, said } of routes.values()) if (said !== 0 && !isWanted(target, prefix)) lost++;
    for (const prefix of bulks.saidPrefixes())
      if (routes.get(prefix) === undefined && !isWanted(target, prefix)) lost++;
    return lost;
  }

  /** Hands out what has changed since the last call, in batches of one view and family, and takes it as said. */
  takeRoutes(deliver: (batch: RouteBatch) => void, withdrawAll: (view: number, family: Family) => void): void {
    const batches = new RouteBatches();
    const empty = new Set<number>();
    for (const view of this.#views.values()) {
      const { id, routes, bulks } = view;
      if (routes.size === 0) view.announced += bulks.takeWhole(id, deliver, (family) => withdrawAll(id, family));
      if (view.announced === 0) empty.add(id);
      bulks.differences(({ family, words, lengths }, row, wanted, isSaid) => {
        // A prefix that a service speaks for, or spoke for until this change, is decided there.
        if (isDecided(routes, family, words, row, lengths[row]!)) return;
        batches.add(id, family, words, row * widthOf(family), lengths[row]!, wanted);
        view.announced += (wanted === 0 ? 0 : 1) - (isSaid ? 1 : 0);
      });
    }
    for (const route of this.#changed) this.#settle(route, batches);
    this.#changed = [];
    for (const { bulks } of this.#views.values()) bulks.settle();
    batches.deliver(deliver, (view) => empty.has(view));
  }

  #view(id: number): ViewRoutes {
    let view = this.#views.get(id);
    if (view === undefined) {
      view = { id, routes: new PrefixMap(), bulks: new ViewBulks(this.#sets), announced: 0 };
      this.#views.set(id, view);
    }
    return view;
  }

  #claim(claimant: Claimant, wish: RouteWish): Route {
    const route = this.#route(this.#view(wish.view), wish.prefix);
    const id = this.#sets.intern(wish.attributes);
    this.#sets.retain(id);
    if (route.claimant === undefined) {
      route.claimant = claimant;
      route.id = id;
    } else {
      route.others ??= [];
      route.others.push({ claimant, id });
    }
    this.#touch(route);
    return route;
  }

  #route(view: ViewRoutes, prefix: Prefix): Route {
    const known = view.routes.get(prefix);
    if (known !== undefined) return known;
    const said = view.bulks.said(prefix);
    if (said !== 0) this.#sets.retain(said);
    const route = { view, prefix, claimant: undefined, id: 0, others: undefined, said, isChanged: false };
    view.routes.set(prefix, route);
    return route;
  }

  /** The same route, be it with other attributes. */
  #renew(route: Route, claimant: Claimant, { attributes }: RouteWish): void {
    const claim = route.claimant === claimant ? route : route.others?.find((other) => other.claimant === claimant);
    const id = this.#sets.intern(attributes);
    if (claim === undefined || claim.id === id) return;
    this.#sets.retain(id);
    this.#sets.release(claim.id);
    claim.id = id;
    this.#touch(route);
  }

  #unclaimAll(claimant: Claimant): void {
    const { kept } = claimant;
    if (kept === undefined) return;
    claimant.kept = undefined;
    if ('prefix' in kept) this.#unclaim(claimant, kept);
    else for (const route of kept) this.#unclaim(claimant, route);
  }

  #unclaim(claimant: Claimant, route: Route): void {
    if (route.claimant === claimant) {
      this.#sets.release(route.id);
      const next = route.others?.shift();
      route.claimant = next?.claimant;
      route.id = next?.id ?? 0;
    } else {
      const at = route.others?.findIndex((other) => other.claimant === claimant) ?? -1;
      const gone = at < 0 ? undefined : route.others?.splice(at, 1)[0];
      if (gone !== undefined) this.#sets.release(gone.id);
    }
    this.#touch(route);
  }

  #touch(route: Route): void {
    if (route.isChanged) return;
    route.isChanged = true;
    this.#changed.push(route);
  }

  /** The id a route is to be announced with, by its services or, when there are none, by a bulk. */
  #wantedOf({ view, prefix, claimant, id, others }: Route): AttributesId {
    if (claimant === undefined) return view.bulks.wanted(prefix);
    if (others === undefined || others.length === 0) return id;
    // Several services share the prefix: the first by name decides, communities add up.
    const claims = [{ claimant, id }, ...others];
    const byName = claims.sort((a, b) =>
      a.claimant.name < b.claimant.name ? -1 : a.claimant.name > b.claimant.name ? 1 : 0,
    );
    const merged = byName.reduceRight<RouteAttributes>(
      (below, claim) => override(below, this.#sets.attributes(claim.id)),
      {},
    );
    return this.#sets.intern(merged);
  }

  #settle(route: Route, batches: RouteBatches): void {
    const { view, prefix, said } = route;
    const id = this.#wantedOf(route);
    route.isChanged = false;
    if (id !== said) {
      batches.add(view.id, prefix.family, prefix.words, 0, prefix.length, id);
      view.announced += (id === 0 ? 0 : 1) - (said === 0 ? 0 : 1);
      if (id !== 0) this.#sets.retain(id);
      if (said !== 0) this.#sets.release(said);
      route.said = id;
    }
    if (route.claimant !== undefined) return;
    if (id !== 0) this.#sets.release(id);
    view.routes.delete(prefix);
  }
}

/** Whether a service has a route in one of these views. */
export const isAnnouncedIn = ({ kept }: Claimant, views: ReadonlySet<number>): boolean =>
  kept !== undefined && ('prefix' in kept ? views.has(kept.view.id) : kept.some(({ view }) => views.has(view.id)));

const isOf = ({ view, prefix }: Route, wish: RouteWish): boolean =>
  view.id === wish.view && prefix.length === wish.prefix.length && sameAddress(prefix, wish.prefix);

const isWanted = ({ routes, bulks }: ViewRoutes, prefix: Prefix): boolean =>
  routes.get(prefix)?.claimant !== undefined || bulks.wanted(prefix) !== 0;

const isDecided = (
  routes: PrefixMap<Route>,
  family: Family,
  words: ArrayLike<number>,
  row: number,
  length: number,
): boolean => routes.size > 0 && routes.getAt(family, words, row * widthOf(family), length) !== undefined;
