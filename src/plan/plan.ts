// The decision of the house: what one service wants announced, to whom and with which attributes, or why not.
// Pure and total; planning a service looks at nothing but that service, so one change in a million costs one plan.

import type { BgpAdvertisement, Config, RouteAttributes } from '../config/config.js';
import { anySelects } from '../config/selector.js';
import type { Address, Prefix } from '../net/address.js';
import { hostPrefix, prefixKey, prefixOf } from '../net/address.js';
import type { PoolOf } from '../pools/ranges.js';
import type { Settlement } from '../pools/settlement.js';
import type { Service } from '../table/service.js';
import { asLastResort, type Drain, drainedPlan } from './drain.js';
import { agree } from './merge.js';
import type { WithheldReason } from './reasons.js';
import type { View } from './views.js';

export interface PlanContext {
  readonly nodeName: string;
  readonly views: readonly View[];
  /** Advertisements that only other nodes have. */
  readonly elsewhere: readonly BgpAdvertisement[];
  readonly poolOf: PoolOf;
  readonly merged: MergedAttributes;
  readonly drain: Drain;
}

export interface RouteWish {
  readonly view: number;
  readonly prefix: Prefix;
  /** The same object for the same voices, so that a table of plain services interns once. */
  readonly attributes: RouteAttributes;
}

export interface Withheld {
  readonly view: number;
  readonly prefix: Prefix;
  readonly reason: WithheldReason;
}

export interface ServicePlan {
  readonly routes: readonly RouteWish[];
  readonly withheld: readonly Withheld[];
}

export function planContext(config: Config, views: readonly View[], poolOf: PoolOf, drain: Drain = 'off'): PlanContext {
  return {
    nodeName: config.node.name,
    views,
    elsewhere: config.bgpAdvertisementsElsewhere,
    poolOf,
    merged: new MergedAttributes(drain),
    drain,
  };
}

/** Remembers what a combination of advertisements amounts to for services that add nothing of their own. */
class MergedAttributes {
  readonly #alone = new Map<BgpAdvertisement, RouteAttributes | undefined>();
  readonly #together = new Map<string, RouteAttributes | undefined>();
  readonly #drain: Drain;

  constructor(drain: Drain) {
    this.#drain = drain;
  }

  of(advertisements: readonly BgpAdvertisement[], own: RouteAttributes): RouteAttributes | undefined {
    const voices = advertisements.map(({ attributes }) => attributes);
    for (const _ in own) return this.#agreed(voices, own);
    const [first] = advertisements;
    if (advertisements.length === 1 && first !== undefined) {
      if (!this.#alone.has(first)) this.#alone.set(first, this.#agreed(voices, own));
      return this.#alone.get(first);
    }
    const key = advertisements.map(({ name }) => name).join('\n');
    if (!this.#together.has(key)) this.#together.set(key, this.#agreed(voices, own));
    return this.#together.get(key);
  }

  #agreed(voices: readonly RouteAttributes[], own: RouteAttributes): RouteAttributes | undefined {
    const agreed = agree(voices, own);
    return agreed !== undefined && this.#drain === 'grace' ? asLastResort(agreed) : agreed;
  }
}

/** `addresses`: what the service holds, from the table or from a pool. `origin`: the pool of those that are in none now. */
export function plan(
  service: Service,
  addresses: readonly Address[],
  context: PlanContext,
  origin?: (address: Address) => string | undefined,
): ServicePlan {
  const routes: RouteWish[] = [];
  const withheld: Withheld[] = [];
  const reason = serviceReason(service, context.nodeName);
  for (const view of context.views) {
    if (addresses.length > 0) planAddresses(service, addresses, view, reason, context, routes, withheld, origin);
    for (const prefix of service.prefixes) planPrefix(service, prefix, view, reason, context, routes, withheld);
  }
  const planned = { routes, withheld };
  return context.drain === 'drained' ? drainedPlan(planned) : planned;
}

/** What a service announces that stands so with its addresses. */
export function planSettled(service: Service, settlement: Settlement, context: PlanContext): ServicePlan {
  const { addresses, origin } = settlement;
  return holdsAddresses(settlement) ? plan(service, addresses, context, origin) : { routes: [], withheld: [] };
}

export const holdsAddresses = ({ state }: Settlement): boolean =>
  state === 'Allocated' || state === 'Moving' || state === 'OutOfPool';

/** Why nothing of the service is announced here, whatever the advertisements say. */
function serviceReason(service: Service, nodeName: string): WithheldReason | undefined {
  if (!service.enabled) return 'disabled';
  if (service.nodes.length > 0 && !service.nodes.includes(nodeName)) return 'notThisNode';
  if (service.endpoints === undefined) return undefined;
  const serving = service.endpoints.filter((endpoint) => endpoint.ready !== false || endpoint.serving);
  if (service.externalTrafficPolicy === 'Local') {
    return serving.some(({ node }) => node === nodeName) ? undefined : 'noLocalEndpoints';
  }
  return serving.length > 0 ? undefined : 'noEndpoints';
}

function planAddresses(
  service: Service,
  addresses: readonly Address[],
  view: View,
  reason: WithheldReason | undefined,
  context: PlanContext,
  routes: RouteWish[],
  withheld: Withheld[],
  origin?: (address: Address) => string | undefined,
): void {
  const announce = (prefix: Prefix, advertisements: readonly BgpAdvertisement[]): void => {
    const attributes = context.merged.of(advertisements, service.bgp);
    if (attributes === undefined) withheld.push({ view: view.id, prefix, reason: 'conflictingAdvertisements' });
    else routes.push({ view: view.id, prefix, attributes });
  };
  const speaking: [Address, readonly BgpAdvertisement[]][] = [];
  for (const address of addresses) {
    const pool = context.poolOf(address) ?? origin?.(address);
    const matches = (advertisement: BgpAdvertisement): boolean =>
      covers(advertisement, pool) && selected(advertisement, service);
    const matching = reason === undefined ? those(view.advertisements, matches) : [];
    const only = addresses.length === 1 && matching.length === 1 ? matching[0] : undefined;
    if (only !== undefined) announce(prefixOf(address, lengthOf(only, address)), matching);
    else if (matching.length > 0) speaking.push([address, matching]);
    else {
      const why = reason ?? unmatched(matches, view, context);
      withheld.push({ view: view.id, prefix: hostPrefix(address), reason: why });
    }
  }
  if (speaking.length > 0) for (const [prefix, advertisements] of byPrefix(speaking)) announce(prefix, advertisements);
}

/** The list itself when all match, as nearly always. */
const those = <T>(all: readonly T[], matches: (each: T) => boolean): readonly T[] =>
  all.every(matches) ? all : all.filter(matches);

/** Other nodes may have an advertisement that matches, for peers of this view. */
export function unmatched(
  matches: (advertisement: BgpAdvertisement) => boolean,
  view: View,
  { elsewhere }: PlanContext,
): WithheldReason {
  const isOffered = ({ peers }: BgpAdvertisement): boolean =>
    peers.length === 0 || view.peers.some((peer) => peers.includes(peer));
  return elsewhere.some((advertisement) => isOffered(advertisement) && matches(advertisement))
    ? 'notThisNode'
    : 'noMatchingAdvertisement';
}

/** A prefix of the table needs no pool: advertisements that ask for one do not speak of it. */
function planPrefix(
  service: Service,
  prefix: Prefix,
  view: View,
  reason: WithheldReason | undefined,
  context: PlanContext,
  routes: RouteWish[],
  withheld: Withheld[],
): void {
  const matches = (advertisement: BgpAdvertisement): boolean =>
    advertisement.pools === undefined && selected(advertisement, service);
  const matching = view.advertisements.filter(matches);
  if (reason === undefined && matching.length > 0) {
    const attributes = context.merged.of(matching, service.bgp);
    if (attributes !== undefined) routes.push({ view: view.id, prefix, attributes });
    else withheld.push({ view: view.id, prefix, reason: 'conflictingAdvertisements' });
    return;
  }
  withheld.push({ view: view.id, prefix, reason: reason ?? unmatched(matches, view, context) });
}

export const covers = ({ pools }: Pick<BgpAdvertisement, 'pools'>, pool: string | undefined): boolean =>
  pools === undefined || (pool !== undefined && pools.includes(pool));

const selected = ({ serviceSelectors }: BgpAdvertisement, { labels }: Service): boolean =>
  serviceSelectors.length === 0 || anySelects(serviceSelectors, labels);

const lengthOf = (advertisement: BgpAdvertisement, { family }: Address): number =>
  family === 'ipv4' ? advertisement.aggregationLength : advertisement.aggregationLengthV6;

/** Advertisements by what they announce: addresses may share a prefix, and one may have a prefix for each aggregation length. */
function byPrefix(
  speaking: readonly (readonly [Address, readonly BgpAdvertisement[]])[],
): Iterable<readonly [Prefix, readonly BgpAdvertisement[]]> {
  const prefixes = new Map<number | string, [Prefix, BgpAdvertisement[]]>();
  for (const [address, advertisements] of speaking) {
    for (const advertisement of advertisements) {
      const prefix = prefixOf(address, lengthOf(advertisement, address));
      const key = prefixKey(prefix);
      const found = prefixes.get(key);
      if (found === undefined) prefixes.set(key, [prefix, [advertisement]]);
      else if (!found[1].includes(advertisement)) found[1].push(advertisement);
    }
  }
  return prefixes.values();
}
