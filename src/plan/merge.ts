// Several voices about one route become one attribute set: communities add up, everything else must agree or be
// decided by a voice that outranks the others.

import type { RouteAttributes } from '../config/config.js';
import { sameAddress } from '../net/address.js';
import type { Community } from '../net/community.js';
import { communityKey } from './attribute-sets.js';

const scalars = ['localPref', 'med', 'asPathPrepend'] as const;

function unite(sets: readonly (readonly Community[] | undefined)[]): readonly Community[] | undefined {
  const union = new Map<string, Community>();
  for (const set of sets) for (const community of set ?? []) union.set(communityKey(community), community);
  return union.size === 0 ? undefined : [...union.values()];
}

/** `above` decides where both speak; a next hop replaces only those of its family. */
export function override(below: RouteAttributes, above: RouteAttributes): RouteAttributes {
  const communities = unite([below.communities, above.communities]);
  const nextHop = [
    ...(above.nextHop ?? []),
    ...(below.nextHop ?? []).filter(({ family }) => !above.nextHop?.some((other) => other.family === family)),
  ];
  return {
    ...below,
    ...above,
    ...(communities === undefined ? {} : { communities }),
    ...(nextHop.length === 0 ? {} : { nextHop }),
  };
}

/** Undefined where two of them say different things that `decided` does not settle. */
export function agree(voices: readonly RouteAttributes[], decided: RouteAttributes): RouteAttributes | undefined {
  let merged: RouteAttributes = {};
  for (const voice of voices) {
    for (const key of scalars) {
      const said = merged[key];
      if (decided[key] === undefined && said !== undefined && voice[key] !== undefined && said !== voice[key])
        return undefined;
    }
    for (const hop of voice.nextHop ?? []) {
      const other = merged.nextHop?.find(({ family }) => family === hop.family);
      const settled = decided.nextHop?.some(({ family }) => family === hop.family);
      if (other !== undefined && settled !== true && !sameAddress(other, hop)) return undefined;
    }
    merged = override(merged, voice);
  }
  return override(merged, decided);
}
