// Peers that are offered the same advertisements share a view: one table, planned and kept once.

import type { BgpAdvertisement, BgpPeer } from '../config/config.js';

export interface View {
  readonly id: number;
  readonly advertisements: readonly BgpAdvertisement[];
  readonly peers: readonly string[];
}

/**
 * The views of a configuration. A view keeps its number while any of its peers stay with it, so that a change of policy
 * reaches them as a difference.
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
  const idOf = new Map(previous.flatMap(({ id, peers: members }) => members.map((peer) => [peer, id] as const)));
  const taken = new Set<number>();
  let nextId = Math.max(0, ...previous.map(({ id }) => id)) + 1;
  // Larger classes choose first: then the fewest peers change their view.
  const bySize = [...classes.values()].sort((a, b) => b.peers.length - a.peers.length);
  return bySize.map((group) => {
    const known = group.peers.map((peer) => idOf.get(peer)).find((id) => id !== undefined && !taken.has(id));
    const id = known ?? nextId++;
    taken.add(id);
    return { id, ...group };
  });
}
