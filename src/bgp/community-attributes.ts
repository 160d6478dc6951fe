// Communities as the path attributes that carry them; the wire forms are rows of attribute.ts.

import type { Community } from '../net/community.js';
import type { PathAttribute } from './attribute.js';

/** The attributes that say these communities: at most one of each kind, sorted, each community once (RFC 8092 §5). */
export function communityAttributes(communities: readonly Community[]): PathAttribute[] {
  const of = <K extends Community['kind']>(kind: K): Extract<Community, { kind: K }>[] => {
    const isWanted = (community: Community): community is Extract<Community, { kind: K }> => community.kind === kind;
    const byText = new Map(communities.filter(isWanted).map((community) => [sortKey(community), community]));
    return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, community]) => community);
  };
  const standard = of('standard').map(({ value }) => value);
  const extended = of('extended').map(({ high, low }) => ({ high, low }));
  const large = of('large').map(({ global, local1, local2 }) => ({ global, local1, local2 }));
  return [
    ...(standard.length > 0 ? [{ kind: 'communities' as const, communities: standard }] : []),
    ...(extended.length > 0 ? [{ kind: 'extendedCommunities' as const, communities: extended }] : []),
    ...(large.length > 0 ? [{ kind: 'largeCommunities' as const, communities: large }] : []),
  ];
}

function sortKey(community: Community): string {
  const word = (value: number): string => value.toString(16).padStart(8, '0');
  switch (community.kind) {
    case 'standard':
      return word(community.value);
    case 'large':
      return word(community.global) + word(community.local1) + word(community.local2);
    case 'extended':
      return word(community.high) + word(community.low);
  }
}
