// From what we want said about a route to the path attributes one kind of session is sent. RFC 4271 §5, RFC 2545 §3.

import type { RouteAttributes } from '../config/config.js';
import { type Address, addressOctets, type Family } from '../net/address.js';
import { encodeAttributes, type PathAttribute } from './attribute.js';
import { communityAttributes } from './community-attributes.js';
import type { EncodedAttributes } from './update-encoder.js';

/** What all sessions of an update group have in common. */
export interface SessionKind {
  readonly family: Family;
  readonly localAsn: number;
  /** iBGP. */
  readonly internal: boolean;
  readonly fourOctetAs: boolean;
  readonly maxOctets: number;
  readonly nextHop: Address;
  /** IPv6 only: the link-local address that goes beside a global next hop on a shared link. */
  readonly linkLocal: Address | undefined;
}

/** RFC 4271 §5.1.5 leaves the value to us; every implementation takes 100. */
const defaultLocalPref = 100;

export function encodeRouteAttributes(set: RouteAttributes, kind: SessionKind): EncodedAttributes {
  const override = set.nextHop?.find(({ family }) => family === kind.family);
  const nextHop = override ?? kind.nextHop;
  const attributes: PathAttribute[] = [
    { kind: 'origin', origin: 'igp' },
    { kind: 'asPath', segments: asPath(set, kind) },
    ...(kind.family === 'ipv4' ? [{ kind: 'nextHop' as const, address: nextHop }] : []),
    ...(set.med === undefined ? [] : [{ kind: 'med' as const, med: set.med }]),
    ...(kind.internal ? [{ kind: 'localPref' as const, localPref: set.localPref ?? defaultLocalPref }] : []),
    ...communityAttributes(set.communities ?? []),
  ];
  const linkLocal = override === undefined ? kind.linkLocal : undefined;
  return {
    octets: encodeAttributes(attributes, kind),
    nextHop: Uint8Array.from([...addressOctets(nextHop), ...(linkLocal === undefined ? [] : addressOctets(linkLocal))]),
  };
}

/** RFC 4271 §5.1.2: empty within our AS, where nothing is prepended. */
function asPath(set: RouteAttributes, { internal, localAsn }: SessionKind) {
  if (internal) return [];
  return [{ type: 'sequence' as const, asns: new Array<number>(1 + (set.asPathPrepend ?? 0)).fill(localAsn) }];
}
