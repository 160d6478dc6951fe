// A copy of a table, a configuration and who holds what, on which things can be tried out. Nothing is stored or announced.

import type { Config } from '../config/config.js';
import type { Address } from '../net/address.js';
import type { LedgerContents } from '../pools/ledger.js';
import { poolIndex } from '../pools/ranges.js';
import type { Settlement } from '../pools/settlement.js';
import { MergedTable, type SourceChange } from '../table/merged.js';
import type { Service } from '../table/service.js';
import { Allotment } from './allotment.js';
import type { Drain } from './drain.js';
import { LanDesk } from './lan-desk.js';
import type { LanPlan } from './layer2.js';
import { type PlanContext, planContext, planSettled, type ServicePlan } from './plan.js';
import { assignViews, type View } from './views.js';

/** A configuration and a table, and what they come to. The announcer is one. */
export interface Situation {
  readonly config: Config;
  readonly table: Pick<MergedTable, 'names' | 'winner' | 'claims'>;
  readonly views: readonly View[];
  readonly allotment: Allotment;
  readonly lan: LanDesk;
  readonly drain: Drain;
  settlement(service: Service): Settlement;
  planOf(service: Service): ServicePlan;
  lanPlanOf(service: Service): LanPlan;
}

/** The source of `herald announce`: always there, ranks last. */
export const cliSource = 'cli';

export const sourceNames = (config: Config): string[] => [...config.sources.map(({ name }) => name), cliSource];

export class Draft implements Situation {
  readonly table = new MergedTable();
  readonly lan = new LanDesk();
  readonly allotment: Allotment;
  /** Of what was tried out: why services have other addresses. */
  readonly whys = new Map<string, string>();
  readonly drain: Drain;
  config: Config;
  #context: PlanContext;

  /** With what is held, and no entries yet: they are applied, and then read() says that these are all. */
  constructor(
    config: Config,
    contents: Pick<LedgerContents, 'holdings' | 'releases'>,
    now: number,
    drain: Drain = 'off',
  ) {
    this.config = config;
    this.drain = drain;
    this.#context = contextOf(config, [], drain);
    this.lan.isDrained = drain === 'drained';
    this.lan.configure({ config, poolOf: this.#context.poolOf });
    this.allotment = new Allotment(unhurried(config), (name) => this.table.winner(name)?.service, {
      store: () => {},
      now: () => now,
      settled: (lines) => {
        for (const { service, why } of lines) if (why !== '') this.whys.set(service, why);
      },
    });
    this.allotment.restore(contents);
    this.allotment.beginReading();
    this.table.rank(sourceNames(config));
  }

  static copy({ table, config, allotment, drain }: Situation, now: number): Draft {
    const draft = new Draft(config, allotment.contents(), now, drain);
    const bySource = new Map<string, Service[]>();
    for (const name of allotment.inOrder(table.names()))
      for (const { source, service } of table.claims(name)) {
        const services = bySource.get(source);
        if (services === undefined) bySource.set(source, [service]);
        else services.push(service);
      }
    for (const [source, upserted] of bySource) draft.apply(source, { upserted, removed: [] });
    draft.read();
    return draft;
  }

  get views(): readonly View[] {
    return this.#context.views;
  }

  /** Every source has said what it has. */
  read(): void {
    this.allotment.endReading();
    this.allotment.keep();
    this.allotment.sweep();
    this.allotment.keep();
    this.whys.clear();
  }

  apply(source: string, change: SourceChange): void {
    const slots = this.table.apply(source, change, () => new Date(0));
    this.allotment.change(slots.map(({ name }) => name));
    this.allotment.keep();
  }

  /** As after `herald reload --accept-revocations`. */
  configure(config: Config): void {
    this.config = config;
    this.#context = contextOf(config, this.views, this.drain);
    this.lan.configure({ config, poolOf: this.#context.poolOf });
    this.table.rank(sourceNames(config));
    this.allotment.configure(unhurried(config), () => this.table.names(), true);
    this.allotment.keep();
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
}

/** All that is going to move moves at once, and is gone at once from where it was. */
const unhurried = (config: Config): Config => ({
  ...config,
  allocation: { ...config.allocation, overlapSeconds: 0, maxMovesPerMinute: Number.MAX_SAFE_INTEGER },
});

const contextOf = (config: Config, before: readonly View[], drain: Drain): PlanContext =>
  planContext(
    config,
    assignViews(config.bgpPeers, config.bgpAdvertisements, before),
    poolIndex(config.addressPools),
    drain,
  );

/** Without what is only leaving. */
export function lastingAddresses(
  name: string,
  { allotment }: Situation,
  settled: Settlement | undefined,
): readonly Address[] {
  return allotment.held(name) ?? settled?.addresses ?? [];
}
