// What a reload changed, in the words of the log: peers and sources by name, other sections by key.

import type { BgpPeer, Config } from '../config/config.js';
import { impact } from '../config/impact.js';

type Value = (config: Config) => unknown;

/** The section that a part of the configuration is said by, and what of it counts; null: its items are said one by one. */
const sections: { readonly [K in keyof Config]: readonly [section: string, value: Value] | null } = {
  node: ['node', ({ node }) => node],
  bgp: ['bgp', ({ bgp }) => bgp],
  bgpPeers: null,
  addressPools: ['addressPools', ({ addressPools }) => addressPools],
  allocation: ['allocation', ({ allocation }) => allocation],
  bgpAdvertisements: ['bgpAdvertisements', ({ bgpAdvertisements }) => bgpAdvertisements],
  bgpAdvertisementsElsewhere: ['bgpAdvertisements', ({ bgpAdvertisementsElsewhere }) => bgpAdvertisementsElsewhere],
  l2Advertisements: ['l2Advertisements', ({ l2Advertisements }) => l2Advertisements],
  layer2: ['layer2', ({ layer2 }) => layer2],
  electionMembers: ['election', ({ electionMembers }) => electionMembers],
  hostAddresses: ['hostAddresses', ({ hostAddresses }) => hostAddresses],
  communityAliases: ['communities', ({ communityAliases }) => [...communityAliases]],
  loadBalancerClasses: ['loadBalancerClass', ({ loadBalancerClasses }) => loadBalancerClasses],
  handleUnclassed: ['handleUnclassed', ({ handleUnclassed }) => handleUnclassed],
  sources: null,
  safety: ['safety', ({ safety }) => safety],
  log: ['log', ({ log }) => log],
  http: ['http', ({ http }) => http],
  metrics: ['metrics', ({ metrics }) => metrics],
};

/** Empty: nothing that counts is different. */
export function configDifference(before: Config, after: Config): string[] {
  const changed = Object.values(sections).flatMap((section) =>
    section === null || same(section[1](before), section[1](after)) ? [] : `${section[0]} changed`,
  );
  return [
    ...named('peer', before.bgpPeers, after.bgpPeers, peerChange),
    ...named('source', before.sources, after.sources, () => 'changed'),
    ...(sameOrder(before.sources, after.sources) ? [] : ['sources in another order']),
    ...new Set(changed),
  ];
}

function peerChange(before: BgpPeer, after: BgpPeer): string {
  const isReset = impact(before, after).some(({ effect }) => effect === 'reset');
  return isReset ? 'changed, which takes a new session' : 'changed';
}

interface Named {
  readonly name: string;
}

function named<T extends Named>(
  what: string,
  before: readonly T[],
  after: readonly T[],
  change: (before: T, after: T) => string,
): string[] {
  const known = new Map(before.map((item) => [item.name, item]));
  const wanted = new Set(after.map(({ name }) => name));
  const added = after.flatMap((item) => {
    const old = known.get(item.name);
    if (old === undefined) return [`${what} ${item.name} added`];
    return same(old, item) ? [] : [`${what} ${item.name} ${change(old, item)}`];
  });
  return [...added, ...before.filter(({ name }) => !wanted.has(name)).map(({ name }) => `${what} ${name} removed`)];
}

/** Of those that are in both. */
function sameOrder(before: readonly Named[], after: readonly Named[]): boolean {
  const names = (list: readonly Named[], others: readonly Named[]): string[] =>
    list.map(({ name }) => name).filter((name) => others.some((other) => other.name === name));
  return same(names(before, after), names(after, before));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
