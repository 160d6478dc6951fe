// What is announced on the LAN, and who stands for election: MetalLB's rules and words (L2Advertisement), and ours.

import type * as z from 'zod/mini';
import { type AdvertisementSurroundings, readPoolChoice } from './advertisements.js';
import type { ElectionMember, L2Advertisement as L2AdvertisementInForce } from './config.js';
import type { Reader, Section } from './reader.js';
import type * as schema from './schema.js';
import { anySelects, type Labels } from './selector.js';

/** The label that every node has by itself. */
export const ownLabel = 'kubernetes.io/hostname';

export function readL2Advertisements(
  reader: Reader,
  items: readonly Section<schema.L2Advertisement>[],
  around: AdvertisementSurroundings,
): readonly L2AdvertisementInForce[] {
  reader.names(items, 'L2 advertisement');
  return items.map((item): L2AdvertisementInForce => {
    const { name, interfaces, nodeSelectors, serviceSelectors, garpRefresh, onConflict, probe, track } = item.value;
    for (const [index, pattern] of interfaces.entries())
      if (interfaces.indexOf(pattern) !== index)
        reader.error(item.path('interfaces', index), `duplicate definition of interfaces: "${pattern}"`);
    if (item.has('probe') && !probe && onConflict === 'refuse')
      reader.warn(item.path('probe'), 'of no effect: onConflict: refuse has to ask before it announces');
    return {
      name,
      pools: readPoolChoice(reader, item, around),
      interfaces,
      nodeSelectors,
      isHere: anySelects(nodeSelectors, around.nodeLabels),
      serviceSelectors,
      garpRefreshSeconds: garpRefresh,
      onConflict,
      probe: probe || onConflict === 'refuse',
      track: track && { target: track.ping, intervalMs: track.interval, fall: track.fall, rise: track.rise },
    };
  });
}

export function readMembers(
  reader: Reader,
  section: Section<z.output<ReturnType<typeof schema.election>>>,
  node: { readonly name: string; readonly labels: Labels },
  advertisements: readonly L2AdvertisementInForce[],
): readonly ElectionMember[] {
  const { members } = section.value;
  const names = members.map(({ name }) => name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      reader.error(section.path('members', index), `duplicate definition of member "${name}"`);
  const own = members.findIndex(({ name }) => name === node.name);
  if (members.length > 0 && own < 0)
    reader.warn(
      section.path('members'),
      `this node, "${node.name}", is none of them: it announces nothing on the LAN; node.name says what it is called`,
    );
  const isSelected = advertisements.some(({ nodeSelectors }) => nodeSelectors.length > 0);
  if (isSelected && own >= 0 && !sameLabels(members[own]!.labels, node.labels))
    reader.warn(
      section.path('members', own),
      'its labels are not those of node.labels: nodes that judge nodeSelectors by different labels elect different nodes',
    );
  return members.map(({ name, labels }) => ({ name, labels: { [ownLabel]: name, ...labels } }));
}

const sameLabels = (a: Labels, b: Labels): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
