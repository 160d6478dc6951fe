// A service entry as the house uses it, whatever text it came from: names qualified, addresses parsed, defaults applied.

import type { RouteAttributes } from '../config/config.js';
import type { Labels } from '../config/selector.js';
import type { Address, Family, Prefix } from '../net/address.js';

export interface Service {
  /** `namespace/name`. */
  readonly name: string;
  /** Exactly these; empty: allocate, or only `prefixes`. */
  readonly addresses: readonly Address[];
  /** '' when not asked for. */
  readonly addressPool: string;
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly ipFamilies: readonly Family[];
  /** Announced as they are, over BGP only. */
  readonly prefixes: readonly Prefix[];
  readonly allowSharedIP: string;
  readonly ports: readonly Port[];
  /** '' for none. */
  readonly loadBalancerClass: string;
  readonly labels: Labels;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** Which backends serve it: with Local, services share an address only where these are the same. */
  readonly selector: Labels;
  /** Undefined: not looked at. */
  readonly endpoints: readonly ServiceEndpoint[] | undefined;
  /** Empty: all. */
  readonly nodes: readonly string[];
  readonly enabled: boolean;
  readonly owner: string;
  readonly bgp: RouteAttributes;
}

export interface Port {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

export interface ServiceEndpoint {
  readonly node: string;
  /** Kubernetes' rule: absent or true serves; otherwise `serving` decides. */
  readonly ready: boolean | undefined;
  readonly serving: boolean;
}

/** Equal in everything; the order of lists counts. */
export const sameService = (a: Service, b: Service): boolean => a === b || same(a, b);

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const entries = Object.entries(a);
  const others = new Map(Object.entries(b));
  return (
    entries.length === others.size && entries.every(([key, value]) => others.has(key) && same(value, others.get(key)))
  );
}
