// What a reload changed, in the words of the log: peers and sources by name, other sections by key.

import type { BgpPeer, Config } from '../config/config.js';
import { impact } from '../config/impact.js';

/** The sections that are said by name alone when anything in them differs. */
const sections: readonly (readonly [key: string, value: (config: Config) => unknown])[] = [
  ['node', ({ node }) => node],
  ['bgp', ({ bgp }) => bgp],
  ['addressPools', ({ addressPools }) => addressPools],
  ['bgpAdvertisements', ({ bgpAdvertisements, bgpAdvertisementsElsewhere: not }) => [bgpAdvertisements, not]],
  ['l2Advertisements', ({ l2Advertisements }) => l2Advertisements],
  ['layer2', ({ layer2 }) => layer2],
  ['election', ({ electionMembers }) => electionMembers],
  ['hostAddresses', ({ hostAddresses }) => hostAddresses],
  ['communities', ({ communityAliases }) => [...communityAliases]],
  ['loadBalancerClass', ({ loadBalancerClasses, handleUnclassed }) => [loadBalancerClasses, handleUnclassed]],
  ['safety', ({ safety }) => safety],
  ['log', ({ log }) => log],
];

/** Empty: nothing that counts is different. */
export function configDifference(before: Config, after: Config): string[] {
  return [
    ...named('peer', before.bgpPeers, after.bgpPeers, peerChange),
    ...named('source', before.sources, after.sources, () => 'changed'),
    ...(sameOrder(before.sources, after.sources) ? [] : ['sources in another order']),
    ...sections.filter(([, of]) => !same(of(before), of(after))).map(([key]) => `${key} changed`),
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
