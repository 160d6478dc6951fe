// The study's desk: keeps the merged table and the configuration, plans what a change touches, and hands the difference
// to the BGP thread. A change that safety refuses is put back before anything was said.

import type { BgpAdvertisement, Config, RouteAttributes } from '../config/config.js';
import { anySelects } from '../config/selector.js';
import type { Family } from '../net/address.js';
import { type PoolOf, poolIndex } from '../pools/ranges.js';
import type { Settlement } from '../pools/settlement.js';
import type { Bulk } from '../table/bulk.js';
import { MergedTable, type Slot, type SourceChange } from '../table/merged.js';
import { whole } from '../table/plain-service.js';
import type { Service } from '../table/service.js';
import { Allotment, type AllotmentPorts, inMemory } from './allotment.js';
import { AttributeSets, type AttributesId } from './attribute-sets.js';
import { cliSource, type Situation, sourceNames } from './draft.js';
import type { Drain } from './drain.js';
import { LanDesk } from './lan-desk.js';
import type { LanPlan } from './layer2.js';
import { PlainPlans } from './plain-plans.js';
import { type PlanContext, planContext, planSettled, type ServicePlan, unmatched } from './plan.js';
import type { WithheldReason } from './reasons.js';
import type { RouteBatch } from './route-batch.js';
import { assignViews, type View } from './views.js';
import { type KeptRows, Wanted } from './wanted.js';

/** The way to the BGP thread. Calls arrive there in this order. `sinceMs`: when the table began to change, if it was the table that did. */
export interface RoutePort {
  defineAttributes(sets: readonly { readonly id: AttributesId; readonly attributes: RouteAttributes }[]): void;
  changeRoutes(batch: RouteBatch, sinceMs?: number): void;
  /** Everything the view announces of the family. */
  withdrawAll(view: number, family: Family, sinceMs?: number): void;
  forgetAttributes(ids: readonly AttributesId[]): void;
}

/** Why a change was put back: it would withdraw too much at once. */
export interface Refusal {
  readonly withdrawals: number;
  readonly announced: number;
  readonly allowedPercent: number;
}

/** Or what pools refuse to take from services, a line each. */
export interface RevocationsRefused {
  readonly revocations: readonly string[];
}

export const describeRefusal = ({ withdrawals, announced, allowedPercent }: Refusal): string =>
  `it would withdraw ${withdrawals} of ${announced} announced prefixes at once, and safety.maxWithdrawPercent allows ${allowedPercent} %`;

export { cliSource };

export class Announcer implements Situation {
  readonly table = new MergedTable<KeptRows>();
  readonly lan = new LanDesk();
  readonly #bulks = new Map<string, Bulk>();
  readonly #sets = new AttributeSets();
  readonly #wanted = new Wanted(this.#sets);
  readonly #port: RoutePort;
  readonly #now: () => Date;
  #config: Config;
  #sources: readonly string[];
  /** Views that nobody has any more, but for peers that have still to move. */
  #leaving: readonly number[] = [];
  #context: PlanContext;
  #poolOf: PoolOf;
  readonly allotment: Allotment;

  constructor(
    config: Config,
    port: RoutePort,
    now: () => Date,
    ports: AllotmentPorts = inMemory(() => now().getTime()),
  ) {
    this.allotment = new Allotment(config, (name) => this.table.winner(name)?.service, ports);
    this.#port = port;
    this.#now = now;
    this.#config = config;
    this.#poolOf = poolIndex(config.addressPools);
    this.#context = planContext(config, assignViews(config.bgpPeers, config.bgpAdvertisements, []), this.#poolOf);
    this.#sources = sourceNames(config);
    this.table.rank(this.#sources);
    this.lan.configure({ config, poolOf: this.#poolOf });
  }

  get config(): Config {
    return this.#config;
  }

  get views(): readonly View[] {
    return this.#context.views;
  }

  get drain(): Drain {
    return this.#context.drain;
  }

  get bulks(): ReadonlyMap<string, Bulk> {
    return this.#bulks;
  }

  /** Prefixes announced, each counted once for each view. */
  get announced(): number {
    return this.#wanted.announced;
  }

  /** Services, a bulk being one, with a route that some of these peers are told. */
  servicesAnnouncedTo(isTold: (peer: string) => boolean): number {
    const views = this.views.filter(({ peers }) => peers.some(isTold));
    const bulks = [...this.#bulks.values()].filter((bulk) =>
      views.some((view) => typeof this.bulkAdvertisement(view, bulk) !== 'string'),
    );
    const ids = new Set(views.map(({ id }) => id));
    let services = 0;
    for (const slot of this.table.slots()) if (this.#wanted.isAnnouncedIn(slot, ids)) services++;
    return services + bulks.length;
  }

  settlement(service: Service): Settlement {
    return this.allotment.settlement(service);
  }

  planOf(service: Service): ServicePlan {
    return planSettled(service, this.settlement(service), this.#context);
  }

  lanPlanOf(service: Service): LanPlan {
    return this.lan.planOf(service, this.settlement(service));
  }

  /** For facts about the LAN that have changed; routes stay as they are. */
  replanLan(): void {
    for (const slot of this.table.slots()) this.#replanLan(slot);
  }

  /**
   * Takes over a configuration; what sources had that are no longer in it counts no more. Views that nobody uses any more
   * stay as they are until dropUnusedViews(), so that their peers can move first and are told the difference.
   */
  configure(config: Config, force: boolean, acceptRevocations = false): Refusal | RevocationsRefused | undefined {
    const revocations = acceptRevocations ? [] : this.allotment.refusals(config);
    if (revocations.length > 0) return { revocations: revocations.map(({ message }) => message) };
    const before = { config: this.#config, context: this.#context, poolOf: this.#poolOf, sources: this.#sources };
    this.#config = config;
    this.#poolOf = poolIndex(config.addressPools);
    this.#context = planContext(
      config,
      assignViews(config.bgpPeers, config.bgpAdvertisements, before.context.views),
      this.#poolOf,
      this.drain,
    );
    this.#sources = sourceNames(config);
    this.table.rank(this.#sources);
    this.allotment.configure(config, () => this.table.names(), acceptRevocations);
    this.lan.configure({ config, poolOf: this.#poolOf });
    this.#planAll();
    const refusal = force ? undefined : this.#refusal(before.context.views);
    const forgotten =
      refusal === undefined ? idsNotIn(before.context.views, this.views) : idsNotIn(this.views, before.context.views);
    if (refusal === undefined) {
      this.#leaving = [...this.#leaving, ...forgotten];
      this.#replanNames(this.allotment.keep());
    } else {
      this.allotment.undo();
      this.#config = before.config;
      this.#context = before.context;
      this.#poolOf = before.poolOf;
      this.#sources = before.sources;
      this.table.rank(this.#sources);
      this.lan.configure({ config: before.config, poolOf: before.poolOf });
      this.#planAll();
    }
    for (const view of forgotten) this.#wanted.forgetView(view);
    this.#say();
    return refusal;
  }

  /** Never refused, whatever it withdraws. */
  setDrain(drain: Drain): void {
    if (drain === this.drain) return;
    this.#context = planContext(this.#config, this.views, this.#poolOf, drain);
    this.lan.isDrained = drain === 'drained';
    this.#planAll();
    this.#say();
    this.#forgetAttributes();
  }

  /** Views whose peers have all moved away, named so that the BGP thread forgets them. */
  dropUnusedViews(): readonly number[] {
    const unused = this.#leaving;
    this.#leaving = [];
    this.#forgetAttributes();
    return unused;
  }

  applyServices(source: string, change: SourceChange, force = false): Refusal | undefined {
    const undo =
      force || this.#unlimited || this.announced + this.lan.port.announced === 0
        ? undefined
        : this.#undo(source, change);
    const now = this.#now();
    const slots = this.table.apply(source, change, () => now);
    const others = this.#settle(slots);
    this.#replan(slots);
    this.#replanNames(others);
    const refusal = undo === undefined ? undefined : this.#refusal();
    if (refusal === undefined) this.#replanNames(this.allotment.keep());
    else {
      this.allotment.undo();
      undo?.();
      this.#replanNames(others);
    }
    this.#say(change.sinceMs);
    this.#forgetAttributes();
    return refusal;
  }

  /** Every source has been read, or has had its time: services may get what they ask for. */
  readingEnded(): void {
    this.#settled(this.allotment.endReading());
  }

  /** Every source has been read: what no entry has is given back. */
  sweep(): void {
    this.#settled(this.allotment.sweep());
  }

  /** Time went by: what the allotment said it would do by now. */
  tick(): void {
    this.#settled(this.allotment.tick());
  }

  #settled(names: readonly string[]): void {
    this.#replanNames(names);
    this.#replanNames(this.allotment.keep());
    this.#say();
    this.#forgetAttributes();
  }

  /** Names of others that stand otherwise because of these. */
  #settle(slots: readonly Slot<KeptRows>[]): readonly string[] {
    if (this.allotment.isIdle) return [];
    const names = new Set(slots.map(({ name }) => name));
    return this.allotment.change([...names]).filter((name) => !names.has(name));
  }

  /** Undefined: the source has no bulk any more. `sinceMs`: as of a SourceChange. */
  applyBulk(source: string, bulk: Bulk | undefined, force = false, sinceMs?: number): Refusal | undefined {
    const before = this.#bulks.get(source);
    this.#setBulk(source, bulk);
    const refusal = force ? undefined : this.#refusal();
    if (refusal !== undefined) this.#setBulk(source, before);
    this.#say(sinceMs);
    this.#forgetAttributes();
    return refusal;
  }

  /** Everything a source had, when the source itself is gone. */
  dropSource(source: string): void {
    this.applyServices(source, { upserted: [], removed: this.table.namesOf(source) }, true);
    this.applyBulk(source, undefined, true);
  }

  /** How the rows of a bulk are announced in a view, or why not. */
  bulkAdvertisement(view: View, bulk: Bulk): readonly RouteAttributes[] | WithheldReason {
    const matching = view.advertisements.filter(coversBulk);
    if (matching.length === 0) return unmatched(coversBulk, view, this.#context);
    const sets: RouteAttributes[] = [];
    for (const own of bulk.attributeSets) {
      const merged = this.#context.merged.of(matching, own);
      if (merged === undefined) return 'conflictingAdvertisements';
      sets.push(merged);
    }
    return this.drain === 'drained' ? 'drained' : sets;
  }

  get #unlimited(): boolean {
    return this.#config.safety.maxWithdrawPercent >= 100;
  }

  /** `before`: where peers have been until now. One that changes its view loses what the new one does not want. */
  #refusal(before: readonly View[] = this.views): Refusal | undefined {
    const allowedPercent = this.#config.safety.maxWithdrawPercent;
    const announced = this.announced + this.lan.port.announced;
    // Nothing is announced then, though the LAN may still have to be told so.
    if (this.#unlimited || announced === 0 || this.drain === 'drained') return undefined;
    let withdrawals = this.#wanted.pendingWithdrawals(new Set(this.views.map(({ id }) => id)));
    withdrawals += this.lan.port.pendingWithdrawals;
    for (const from of before) {
      const moved = this.views.filter(
        ({ id, peers }) => id !== from.id && peers.some((peer) => from.peers.includes(peer)),
      );
      for (const { id } of moved) withdrawals += this.#wanted.lostBetween(from.id, id);
    }
    if (withdrawals * 100 <= announced * allowedPercent) return undefined;
    return { withdrawals, announced, allowedPercent };
  }

  /** Puts a source back to what it says now. */
  #undo(source: string, { upserted, removed }: SourceChange): () => void {
    const names = [...new Set([...removed, ...upserted.map(({ name }) => name)])];
    const services = names.flatMap((name) => this.table.of(source, name) ?? []);
    const sinces = new Map(names.map((name) => [name, this.table.since(name)]));
    const since = (name: string): Date => sinces.get(name) ?? this.#now();
    return () => this.#replan(this.table.apply(source, { removed: names, upserted: services }, since));
  }

  #planAll(): void {
    this.#replan(this.table.slots());
    for (const [source, bulk] of this.#bulks) this.#setBulk(source, bulk);
  }

  #replan(slots: Iterable<Slot<KeptRows>>): void {
    const plans = new PlainPlans((service) => this.planOf(service).routes);
    const arePlain = this.allotment.isIdle;
    for (const slot of slots) {
      const service = this.table.countedOf(slot);
      if (service === undefined) this.#wanted.setService(slot, []);
      else this.#wanted.setService(slot, arePlain ? plans.routesOf(service) : this.planOf(whole(service)).routes);
      this.#replanLan(slot);
    }
  }

  #replanLan(slot: Slot<KeptRows>): void {
    if (!this.lan.isServed) return;
    const kept = this.table.countedOf(slot);
    const service = kept && whole(kept);
    this.lan.replan(slot.name, service, service && this.settlement(service));
  }

  #replanNames(names: readonly string[]): void {
    this.#replan(names.flatMap((name) => this.table.slot(name) ?? []));
  }

  #setBulk(source: string, bulk: Bulk | undefined): void {
    if (bulk === undefined) this.#bulks.delete(source);
    else this.#bulks.set(source, bulk);
    const rank = this.#sources.indexOf(source);
    const counted = rank < 0 ? undefined : bulk;
    for (const view of this.views) {
      const sets = counted && this.bulkAdvertisement(view, counted);
      this.#wanted.setBulk(view.id, source, rank, counted, typeof sets === 'string' ? undefined : sets);
    }
  }

  #say(sinceMs?: number): void {
    this.#wanted.takeRoutes(
      (batch) => {
        const added = this.#sets.takeAdded();
        if (added.length > 0) this.#port.defineAttributes(added);
        this.#port.changeRoutes(batch, sinceMs);
      },
      (view, family) => this.#port.withdrawAll(view, family, sinceMs),
    );
  }

  #forgetAttributes(): void {
    const removed = this.#sets.takeRemoved();
    if (removed.length > 0) this.#port.forgetAttributes(removed);
  }
}

const idsNotIn = (views: readonly View[], others: readonly View[]): number[] =>
  views.map(({ id }) => id).filter((id) => !others.some((other) => other.id === id));

const coversBulk = ({ pools, serviceSelectors }: BgpAdvertisement): boolean =>
  pools === undefined && anySelects(serviceSelectors, {});
