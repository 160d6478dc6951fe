// Peers that are offered the same advertisements share a view: one table, planned and kept once.

import type { BgpAdvertisement, BgpPeer } from '../config/config.js';

export interface View {
  readonly id: number;
  readonly advertisements: readonly BgpAdvertisement[];
  readonly peers: readonly string[];
}

/**
 * The views of a configuration. A view keeps its number when all of its peers stay together: then a change of policy
 * reaches them in place. Peers that part go to new views, or one would see for a moment what is meant for the other.
 */
export function assignViews(
  peers: readonly BgpPeer[],
  advertisements: readonly BgpAdvertisement[],
  previous: readonly View[],
): View[] {
  const classes = new Map<string, { advertisements: BgpAdvertisement[]; peers: string[] }>();
  for (const { name } of peers) {
    const offered = advertisements.filter(({ peers: only }) => only.length === 0 || only.includes(name));
    const key = offered.map((advertisement) => advertisement.name).join('\n');
    const found = classes.get(key);
    if (found === undefined) classes.set(key, { advertisements: offered, peers: [name] });
    else found.peers.push(name);
  }
  const known = new Set(peers.map(({ name }) => name));
  let nextId = Math.max(0, ...previous.map(({ id }) => id)) + 1;
  return [...classes.values()].map((group) => {
    const kept = previous.find((view) => {
      const staying = view.peers.filter((peer) => known.has(peer));
      return staying.length > 0 && staying.every((peer) => group.peers.includes(peer));
    });
    return { id: kept?.id ?? nextId++, ...group };
  });
}
