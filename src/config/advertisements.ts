// BGP advertisements and community aliases: what they refer to must exist, and two of them must not contradict each other.
// MetalLB's rules and words (BGPAdvertisement, Community).

import { nearest } from '../nearest.js';
import { bitsOf, type Family, formatAddress } from '../net/address.js';
import { type Community, parseCommunity } from '../net/community.js';
import type { AddressPool, BgpAdvertisement, Config, RouteAttributes } from './config.js';
import type { Path } from './document.js';
import { shortestLength } from './pools.js';
import type { Reader, Section } from './reader.js';
import type { Advertisement, CommunityAlias, L2Advertisement } from './schema.js';
import { anySelects, type Labels } from './selector.js';

export interface AdvertisementSurroundings {
  readonly nodeLabels: Labels;
  readonly pools: readonly AddressPool[];
  readonly poolNames: ReadonlySet<string>;
  readonly peerNames: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, Community>;
}

/** FRR's limit, which MetalLB enforces; more on one route is a mistake. */
const maxCommunities = 63;

export const everything: BgpAdvertisement = {
  name: 'default',
  pools: undefined,
  aggregationLength: 32,
  aggregationLengthV6: 128,
  attributes: {},
  peers: [],
  serviceSelectors: [],
};

export function readAliases(reader: Reader, items: readonly Section<CommunityAlias>[]): ReadonlyMap<string, Community> {
  const aliases = new Map<string, Community>();
  for (const [name, item] of reader.names(items, 'community')) {
    if (!item.isSound('value')) continue;
    const value = parseCommunity(item.value.value);
    if (typeof parseCommunity(name) !== 'string')
      reader.error(item.path('name'), `"${name}" is a well-known community already`);
    if (typeof value === 'string') reader.error(item.path('value'), `invalid community value: ${value}`);
    else aliases.set(name, value);
  }
  return aliases;
}

export function readAdvertisements(
  reader: Reader,
  items: readonly Section<Advertisement>[],
  around: AdvertisementSurroundings,
): Pick<Config, 'bgpAdvertisements' | 'bgpAdvertisementsElsewhere'> {
  reader.names(items, 'BGP advertisement');
  const here: BgpAdvertisement[] = [];
  const elsewhere: BgpAdvertisement[] = [];
  const said: { readonly advertisement: BgpAdvertisement; readonly item: Section<Advertisement> }[] = [];
  for (const item of items) {
    const advertisement = readAdvertisement(reader, item, around);
    if (!anySelects(item.value.nodeSelectors, around.nodeLabels)) {
      elsewhere.push(advertisement);
      continue;
    }
    here.push(advertisement);
    const rival = said.find((other) => contradicts(other.advertisement, advertisement));
    if (rival !== undefined)
      reader.error(
        item.path('localPref'),
        `invalid local preference ${advertisement.attributes.localPref}: local preference ${rival.advertisement.attributes.localPref} was already set for the same type of BGP update in line ${reader.lineOf(rival.item.path('localPref'))}`,
      );
    said.push({ advertisement, item });
  }
  return { bgpAdvertisements: here, bgpAdvertisementsElsewhere: elsewhere };
}

function readAdvertisement(
  reader: Reader,
  item: Section<Advertisement>,
  around: AdvertisementSurroundings,
): BgpAdvertisement {
  const { value } = item;
  const pools = readPoolChoice(reader, item, around);
  const covered = around.pools.filter(({ name }) => pools === undefined || pools.includes(name));
  checkAggregation(reader, item, covered);
  checkNames(reader, value.peers, 'peers', 'peer', item, around.peerNames);
  return {
    name: value.name,
    pools,
    aggregationLength: value.aggregationLength,
    aggregationLengthV6: value.aggregationLengthV6,
    attributes: readAttributes(reader, item, around.aliases),
    peers: value.peers,
    serviceSelectors: value.serviceSelectors,
  };
}

type PoolChoice = Pick<L2Advertisement, 'ipAddressPools' | 'ipAddressPoolSelectors'>;

/** The names of the pools meant; undefined: all there are. For both kinds of advertisement. */
export function readPoolChoice(
  reader: Reader,
  item: Pick<Section<PoolChoice>, 'value' | 'path'>,
  around: Pick<AdvertisementSurroundings, 'pools' | 'poolNames'>,
): readonly string[] | undefined {
  const { ipAddressPools, ipAddressPoolSelectors } = item.value;
  checkNames(reader, ipAddressPools, 'ipAddressPools', 'pool', item, around.poolNames);
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return undefined;
  const selected = around.pools.filter(
    ({ labels }) => ipAddressPoolSelectors.length > 0 && anySelects(ipAddressPoolSelectors, labels),
  );
  return [...new Set([...ipAddressPools, ...selected.map(({ name }) => name)])];
}

function checkNames(
  reader: Reader,
  names: readonly string[],
  key: string,
  what: string,
  item: { path(...keys: Path): Path },
  known: ReadonlySet<string>,
): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) reader.error(item.path(key, index), `duplicate definition of ${key}: "${name}"`);
    else if (!known.has(name)) reader.unknownName(item.path(key, index), what, name, known);
  }
}

const lengthKeys = { ipv4: 'aggregationLength', ipv6: 'aggregationLengthV6' } as const;

function checkAggregation(reader: Reader, item: Section<Advertisement>, pools: readonly AddressPool[]): void {
  if (!item.isSound('ipAddressPools') || !item.isSound('ipAddressPoolSelectors')) return;
  const families: readonly Family[] = ['ipv4', 'ipv6'];
  for (const family of families) {
    const key = lengthKeys[family];
    const length = item.value[key];
    if (length === bitsOf(family)) continue;
    if (item.value.serviceSelectors.length > 0)
      reader.error(item.path(key), `cannot be set together with serviceSelectors; allowed: ${bitsOf(family)}`);
    for (const { name, ranges } of pools) {
      const range = ranges.find(
        ({ first, last }) => first.family === family && length < shortestLength({ first, last }),
      );
      if (range === undefined) continue;
      const addresses = `${formatAddress(range.first)}-${formatAddress(range.last)}`;
      reader.error(
        item.path(key),
        `invalid aggregation length ${length}: prefix ${shortestLength(range)} in pool "${name}" is more specific than the aggregation length for addresses ${addresses}`,
      );
      break;
    }
  }
}

function readAttributes(
  reader: Reader,
  item: Section<Advertisement>,
  aliases: ReadonlyMap<string, Community>,
): RouteAttributes {
  const { localPref, med, asPathPrepend, nextHop, communities } = item.value;
  if (communities.length > maxCommunities)
    reader.error(item.path('communities', maxCommunities), `max supported communities is ${maxCommunities}`);
  const values = communities.flatMap((text, index): Community[] => {
    const value = aliases.get(text) ?? parseCommunity(text);
    if (typeof value !== 'string') return [value];
    const meant = nearest(text, aliases.keys());
    const hint =
      meant === undefined
        ? 'allowed as well: well-known names and the aliases of communities'
        : `did you mean the alias "${meant}"?`;
    reader.error(item.path('communities', index), `invalid community value: ${value}; ${hint}`);
    return [];
  });
  return {
    ...(localPref === undefined ? {} : { localPref }),
    ...(med === undefined ? {} : { med }),
    ...(asPathPrepend === undefined ? {} : { asPathPrepend }),
    ...(nextHop === undefined || nextHop.length === 0 ? {} : { nextHop }),
    ...(values.length === 0 ? {} : { communities: values }),
  };
}

/** Whether two advertisements surely say different preferences of one route to one peer. */
function contradicts(a: BgpAdvertisement, b: BgpAdvertisement): boolean {
  const [first, second] = [a.attributes.localPref, b.attributes.localPref];
  return (
    first !== undefined &&
    second !== undefined &&
    first !== second &&
    a.aggregationLength === b.aggregationLength &&
    a.aggregationLengthV6 === b.aggregationLengthV6 &&
    a.serviceSelectors.length + b.serviceSelectors.length === 0 &&
    meet(a.pools ?? [], b.pools ?? [], a.pools === undefined || b.pools === undefined) &&
    meet(a.peers, b.peers, a.peers.length === 0 || b.peers.length === 0)
  );
}

const meet = (a: readonly string[], b: readonly string[], oneIsAll: boolean): boolean =>
  oneIsAll || a.some((name) => b.includes(name));
