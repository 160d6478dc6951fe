// The chain of one entry of a table: its source, its class, its owner, its addresses; chain.ts goes on from there.

import type { ServiceBody } from '../api/house.js';
import type { Config, RouteAttributes } from '../config/config.js';
import {
  type Address,
  compareAddresses,
  formatAddress,
  formatPrefix,
  hostPrefix,
  type Prefix,
} from '../net/address.js';
import type { Announcer } from '../plan/announcer.js';
import type { Listing } from '../plan/listing.js';
import { holdsAddresses } from '../plan/plan.js';
import { bgpVoices, lanVoices } from '../plan/voices.js';
import { poolFinder } from '../pools/ranges.js';
import type { Settlement } from '../pools/settlement.js';
import type { Claim } from '../table/merged.js';
import type { Service } from '../table/service.js';
import { announce, type Chain, type Facts, type Places, type Subject } from './chain.js';

export interface Rooms extends Omit<Facts, 'config'> {
  readonly announcer: Announcer;
  readonly listing: Listing;
  /** The source's file cannot be used as it is now. */
  isStale(source: string): boolean;
}

/** `claim`: what of the table the item is, if it is the one that counts. */
export function explainEntry(
  chain: Chain,
  item: ServiceBody,
  claim: Claim | undefined,
  isAbout: (prefix: Prefix) => boolean,
  rooms: Rooms,
): void {
  if (!isInForce(chain, item, claim, rooms) || claim === undefined) return;
  const { announcer } = rooms;
  const { service } = claim;
  const { config } = announcer;
  const entryAt = rooms.places.entry(item.source, item.name);
  if (!isOurs(chain, item, service, entryAt, rooms)) return;
  explainOwner(chain, item, entryAt, config);
  const settlement = announcer.settlement(service);
  explainAllocation(chain, item, service, settlement, entryAt, rooms);
  if (!holdsAddresses(settlement)) return;
  const facts: Facts = { ...rooms, config };
  announce(chain, subjectOf(item, service, settlement, entryAt, isAbout, announcer), facts);
}

/** Whether there is anything of it in force. */
function isInForce(
  chain: Chain,
  item: ServiceBody,
  claim: Claim | undefined,
  { places, listing, announcer, isStale }: Rooms,
): boolean {
  const { name, source, state, reason, message } = item;
  if (state === 'Shadowed') {
    const winner = announcer.table.winner(name);
    chain.no('source', source, message, winner === undefined ? '' : places.entry(winner.source, name));
    return false;
  }
  if (reason === 'invalidEntry') {
    const rejected = listing.rejected(name).find((one) => one.source === source && message.startsWith(one.message));
    chain.no('source', source, message, rejected?.where);
    return true;
  }
  const at = places.entry(source, name);
  chain.begin(source, `${name} is in`, isStale(source), at);
  // Changed so often that it is not there at all for a while.
  if (claim === undefined && state === 'Flapping') chain.no('allocation', '', message, at);
  return true;
}

function isOurs(
  chain: Chain,
  { state, message }: ServiceBody,
  service: Service,
  entryAt: string,
  { announcer, places }: Rooms,
): boolean {
  const { loadBalancerClass: own } = service;
  const written = places.config('loadBalancerClass');
  if (state === 'Ignored') {
    chain.no('class', own, message, written || entryAt);
    return false;
  }
  if (own !== '') chain.yes('class', own, `it has the class ${own}, which this herald takes`, written);
  else if (announcer.config.loadBalancerClasses.length === 0) chain.yes('class', '', 'it has no class, and needs none');
  else chain.yes('class', '', 'it has no class, and such entries are taken as well', places.config('handleUnclassed'));
  return true;
}

function explainOwner(chain: Chain, { owner, source }: ServiceBody, entryAt: string, { sources }: Config): void {
  const isFile = sources.some((one) => one.name === source && one.kind === 'file');
  if (owner !== '')
    chain.note(
      'owner',
      owner,
      `it belongs to ${owner}${isFile ? '' : ', and others change it only by force'}`,
      entryAt,
    );
  else if (!isFile) chain.note('owner', '', 'it belongs to nobody: whoever may write may change it');
}

function explainAllocation(
  chain: Chain,
  { state, message, reason }: ServiceBody,
  service: Service,
  settlement: Settlement,
  entryAt: string,
  { announcer, places }: Rooms,
): void {
  const { pool, addresses } = settlement;
  const [first] = addresses;
  const held = addresses.map(formatAddress).join(' and ');
  const isNamed = service.addresses.length > 0;
  if (!holdsAddresses(settlement)) {
    chain.no(
      'allocation',
      service.addressPool,
      settlement.message,
      placeOfRefusal(settlement, service, entryAt, announcer.config, places),
    );
    return;
  }
  if (first === undefined) {
    chain.yes('allocation', '', 'it asks for no address: its prefixes are announced as they are', entryAt);
    return;
  }
  const has =
    pool === ''
      ? `it has ${held}, as its entry says`
      : `it has ${held} from the pool ${pool}${isNamed ? ', as its entry asks' : ''}`;
  const where = isNamed || pool === '' ? entryAt : placeInPool(pool, first, announcer.config, places);
  // Of a rejected entry the source has said it.
  const more = message === '' || reason === 'invalidEntry' ? settlement.message : message;
  const isNews = state !== 'Allocated' && reason !== 'invalidEntry';
  if (more === '') chain.yes('allocation', pool, has, where);
  else if (isNews)
    chain.note('allocation', pool, `${has}; ${state}: ${more}`, placeOfTrouble(settlement, places) || where);
  else chain.yes('allocation', pool, `${has}; ${more}`, where);
}

/** Where it is written that it gets nothing. */
function placeOfRefusal(
  { reason }: Settlement,
  { addressPool, addresses }: Service,
  entryAt: string,
  config: Config,
  places: Places,
): string {
  const [first] = addresses;
  const covering = first && poolFinder(config.addressPools)(first)?.name;
  const pool = addressPool === '' ? covering : addressPool;
  switch (reason) {
    case 'poolDraining':
      return pool === undefined ? '' : places.config('addressPools', pool, 'state');
    case 'poolNotCompatible':
      return pool === undefined
        ? ''
        : places.config('addressPools', pool, 'serviceAllocation') || places.config('addressPools', pool);
    case 'noIPAllocated':
      return pool === undefined ? places.config('addressPools') : places.config('addressPools', pool);
    case 'notYetRead':
    case 'ledgerUnavailable':
      return '';
    default:
      return entryAt;
  }
}

/** Where it is written that it keeps what its pool does not cover. */
function placeOfTrouble({ state, reason, pool }: Settlement, places: Places): string {
  if (state !== 'OutOfPool') return '';
  if (reason === 'movePaced') return places.config('allocation', 'maxMovesPerMinute');
  return places.config('addressPools', pool, 'onRevoke') || places.config('allocation', 'onRevoke');
}

/** The item of the pool's list that covers it. */
export function placeInPool(pool: string, address: Address, { addressPools }: Config, places: Places): string {
  const ranges = addressPools.find(({ name }) => name === pool)?.ranges ?? [];
  const index = ranges.findIndex(
    ({ first, last }) => compareAddresses(first, address) <= 0 && compareAddresses(address, last) <= 0,
  );
  return places.config('addressPools', pool, 'addresses', index) || places.config('addressPools', pool);
}

function subjectOf(
  { announcements }: ServiceBody,
  service: Service,
  settlement: Settlement,
  entryAt: string,
  isAbout: (prefix: Prefix) => boolean,
  announcer: Announcer,
): Subject {
  const { config } = announcer;
  const { addresses, origin } = settlement;
  const find = poolFinder(config.addressPools);
  const asked = addresses.filter((address) => isAbout(hostPrefix(address)));
  // A prefix may be announced for addresses that it holds.
  const meant = asked.length > 0 || service.prefixes.some(isAbout) ? asked : addresses;
  const pools = [...new Set(meant.map((address) => find(address)?.name ?? origin?.(address)))];
  const bgpPools = service.prefixes.some(isAbout) && !pools.includes(undefined) ? [...pools, undefined] : pools;
  const routes = new Map<string, RouteAttributes>();
  for (const { view, prefix, attributes } of announcer.planOf(service).routes)
    for (const peer of announcer.views.find(({ id }) => id === view)?.peers ?? [])
      routes.set(`${formatPrefix(prefix)} ${peer}`, attributes);
  return {
    service,
    entryAt,
    bgpVoices: bgpPools.map((pool) => bgpVoices(config, pool, service)),
    lanVoices: pools.map((pool) => lanVoices(config, pool, service)),
    election: announcer.lan.electionOf(service, settlement),
    announcements,
    attributesOf: (prefix, peer) => routes.get(`${prefix} ${peer}`),
  };
}
