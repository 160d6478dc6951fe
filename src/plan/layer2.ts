// What one service wants on the LAN, or why not: pure and total, as plan() is for routes. Addresses only; plain prefixes
// are BGP's. Who of several hosts announces an address is decided here, from the same facts on each of them.

import type { Config, ElectionMember, L2Advertisement } from '../config/config.js';
import { anySelects } from '../config/selector.js';
import type { Electorate, Membership } from '../l2/election.js';
import { type Choose, chooser, type Segment } from '../l2/interfaces.js';
import { type LanWish, merged, type Policy } from '../l2/wish.js';
import { type Address, formatAddress } from '../net/address.js';
import type { PoolOf } from '../pools/ranges.js';
import type { Service, ServiceEndpoint } from '../table/service.js';
import { covers } from './plan.js';
import type { WithheldReason } from './reasons.js';

export interface LanContext {
  readonly nodeName: string;
  readonly advertisements: readonly LanAdvertisement[];
  readonly poolOf: PoolOf;
  readonly members: readonly ElectionMember[];
  /** Those of them that are there, of each list of advertisements: who stands when the service adds nothing of its own. */
  readonly standing: Map<string, readonly string[]>;
  readonly membership: Membership;
  readonly electorate: Electorate;
  readonly policies: Map<string, Policy>;
  readonly known: KnownPolicies;
}

/** Policies by what they say: the same object whatever configuration said it. */
export type KnownPolicies = Map<string, Policy>;

interface LanAdvertisement extends L2Advertisement {
  /** Tells it from others in keys. */
  readonly key: string;
  readonly choose: Choose;
}

export interface LanWithheld {
  readonly address: Address;
  /** The interface's name; '' where none is for the address. */
  readonly via: string;
  readonly reason: WithheldReason;
}

export interface LanPlan {
  readonly wishes: readonly (LanWish & { readonly via: string })[];
  readonly withheld: readonly LanWithheld[];
}

export interface LanFacts {
  readonly segments: readonly Segment[];
  readonly membership: Membership;
}

export function lanContext(
  config: Config,
  poolOf: PoolOf,
  { segments, membership }: LanFacts,
  electorate: Electorate,
  known: KnownPolicies,
): LanContext {
  return {
    nodeName: config.node.name,
    advertisements: config.l2Advertisements.map((advertisement, index) => ({
      ...advertisement,
      key: String(index),
      choose: chooser(advertisement.interfaces, segments),
    })),
    poolOf,
    members: config.electionMembers,
    standing: new Map(),
    membership,
    electorate,
    policies: new Map(),
    known,
  };
}

/** `addresses`: what the service holds, from the table or from a pool. `origin`: the pool of those that are in none any more. */
export function planLan(
  service: Service,
  addresses: readonly Address[],
  context: LanContext,
  origin?: (address: Address) => string | undefined,
): LanPlan {
  const wishes: LanPlan['wishes'][number][] = [];
  const withheld: LanWithheld[] = [];
  const [first] = addresses;
  if (first === undefined || context.advertisements.length === 0) return { wishes, withheld };
  const ofService = serviceReason(service, context.nodeName);
  for (const address of addresses) {
    const pool = context.poolOf(address) ?? origin?.(address);
    const covering = context.advertisements.filter((advertisement) => covers(advertisement, pool));
    const matching = covering.filter(({ serviceSelectors }) => anySelects(serviceSelectors, service.labels));
    const here = matching.filter(({ isHere }) => isHere);
    const places = byLink(here, address);
    const reason =
      ofService ??
      advertisedReason(service, covering, matching, here) ??
      // Addresses of one service move together: the first stands for all.
      (isElected(service, first, matching, context) ? undefined : 'notOwner') ??
      (places.size === 0 ? 'noInterface' : undefined);
    if (reason !== undefined) {
      const vias = places.size === 0 ? [''] : Array.from(places.keys(), ({ name }) => name);
      for (const via of vias) withheld.push({ address, via, reason });
      continue;
    }
    for (const [{ index, name }, advertisements] of places)
      wishes.push({ address, link: index, via: name, policy: policyOf(advertisements, context) });
  }
  return { wishes, withheld };
}

const serves = ({ ready, serving }: ServiceEndpoint): boolean => ready !== false || serving;

/** Why nothing of the service is announced here, whatever the advertisements say. */
function serviceReason(service: Service, nodeName: string): WithheldReason | undefined {
  if (!service.enabled) return 'disabled';
  if (service.nodes.length > 0 && !service.nodes.includes(nodeName)) return 'notThisNode';
  if (service.endpoints === undefined) return undefined;
  const serving = service.endpoints.filter(serves);
  if (serving.length === 0) return 'noEndpoints';
  const isLocal = service.externalTrafficPolicy === 'Local';
  return isLocal && !serving.some(({ node }) => node === nodeName) ? 'noLocalEndpoints' : undefined;
}

function advertisedReason(
  { allowSharedIP }: Service,
  covering: readonly L2Advertisement[],
  matching: readonly L2Advertisement[],
  here: readonly L2Advertisement[],
): WithheldReason | undefined {
  // Services that share an address may be matched by different advertisements, and so be elected to different nodes.
  if (allowSharedIP !== '' && covering.some(({ serviceSelectors }) => serviceSelectors.length > 0))
    return 'sharedIPWithServiceSelector';
  if (matching.length === 0) return 'noMatchingAdvertisement';
  return here.length === 0 ? 'notThisNode' : undefined;
}

function byLink(
  advertisements: readonly LanAdvertisement[],
  address: Address,
): ReadonlyMap<Segment, readonly LanAdvertisement[]> {
  const places = new Map<Segment, LanAdvertisement[]>();
  for (const advertisement of advertisements) {
    for (const segment of advertisement.choose(address)) {
      const found = places.get(segment);
      if (found === undefined) places.set(segment, [advertisement]);
      else found.push(advertisement);
    }
  }
  return places;
}

function isElected(
  service: Service,
  first: Address,
  matching: readonly LanAdvertisement[],
  context: LanContext,
): boolean {
  if (context.members.length === 0) return true;
  const candidates = candidatesFor(service, matching, context);
  if (!candidates.includes(context.nodeName)) return false;
  return context.electorate.winner(formatAddress(first), candidates) === context.nodeName;
}

function candidatesFor(
  service: Service,
  matching: readonly LanAdvertisement[],
  context: LanContext,
): readonly string[] {
  const standing = standingFor(matching, context);
  const { nodes, endpoints } = service;
  const serving =
    endpoints === undefined || service.externalTrafficPolicy !== 'Local'
      ? undefined
      : new Set(endpoints.filter(serves).map(({ node }) => node));
  return nodes.length === 0 && serving === undefined
    ? standing
    : standing.filter(
        (name) => (nodes.length === 0 || nodes.includes(name)) && (serving === undefined || serving.has(name)),
      );
}

export interface Election {
  readonly candidates: readonly string[];
  /** Undefined: nobody stands. */
  readonly winner: string | undefined;
}

/** Who announces a service's addresses; undefined where nobody is elected. */
export function electionOf(
  service: Service,
  addresses: readonly Address[],
  context: LanContext,
  origin?: (address: Address) => string | undefined,
): Election | undefined {
  const [first] = addresses;
  if (first === undefined || context.members.length === 0) return undefined;
  const pool = context.poolOf(first) ?? origin?.(first);
  const matching = context.advertisements.filter(
    (advertisement) => covers(advertisement, pool) && anySelects(advertisement.serviceSelectors, service.labels),
  );
  if (matching.length === 0) return undefined;
  const candidates = candidatesFor(service, matching, context);
  return { candidates, winner: context.electorate.winner(formatAddress(first), candidates) };
}

/** Members that are there and that any of the advertisements selects, on this node or another. */
function standingFor(matching: readonly LanAdvertisement[], context: LanContext): readonly string[] {
  const key = keyOf(matching);
  let standing = context.standing.get(key);
  if (standing === undefined) {
    standing = context.members
      .filter(({ name }) => context.membership.isAlive(name))
      .filter(({ labels }) => matching.some(({ nodeSelectors }) => anySelects(nodeSelectors, labels)))
      .map(({ name }) => name);
    context.standing.set(key, standing);
  }
  return standing;
}

const keyOf = (advertisements: readonly LanAdvertisement[]): string =>
  advertisements.length === 1 ? advertisements[0]!.key : advertisements.map(({ key }) => key).join(',');

/** Names the asking of a neighbour: the same for advertisements that ask alike. */
export const trackKey = ({ target, intervalMs, fall, rise }: NonNullable<L2Advertisement['track']>): string =>
  `${formatAddress(target)} ${intervalMs} ${fall} ${rise}`;

function policyOf(advertisements: readonly LanAdvertisement[], { policies, known }: LanContext): Policy {
  const key = keyOf(advertisements);
  let policy = policies.get(key);
  if (policy === undefined) {
    const said = merged(
      advertisements.map(({ garpRefreshSeconds, onConflict, probe, track }) => ({
        refreshMs: garpRefreshSeconds * 1000,
        onConflict,
        probe,
        tracks: track === undefined ? [] : [trackKey(track)],
      })),
    );
    const text = JSON.stringify(said);
    policy = known.get(text) ?? said;
    known.set(text, policy);
    policies.set(key, policy);
  }
  return policy;
}
