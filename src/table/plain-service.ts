// Services as the tables keep them. Nearly all of a large table have a name and an address of either family, and are kept
// as no more than that; whoever asks for one gets it whole.

import type { Address } from '../net/address.js';
import { nameHash } from '../net/name-map.js';
import { defaultService } from './entry.js';
import { type Service, sameService } from './service.js';

/** The address of 0.0.0.0, which no service can have. */
export const noIpv4 = 0;

export class PlainService {
  readonly name: string;
  /** As a signed number, which needs no room of its own; `noIpv4`: none. */
  readonly ipv4: number;
  readonly ipv6: readonly number[] | undefined;
  /** Of the name: its reader knows it on the way. */
  readonly hash: number;

  constructor(name: string, ipv4: number, ipv6: readonly number[] | undefined, hash = nameHash(name)) {
    this.name = name;
    this.hash = hash;
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }
}

export type KeptService = Service | PlainService;

/** Of its name. */
export const hashOf = (kept: KeptService): number => (kept instanceof PlainService ? kept.hash : nameHash(kept.name));

/** Another object each time for what is kept plain. */
export function whole(kept: KeptService): Service {
  if (!(kept instanceof PlainService)) return kept;
  const { name, ipv4, ipv6 } = kept;
  const service = defaultService();
  service.name = name;
  const first: Address = { family: 'ipv4', words: [ipv4 >>> 0] };
  if (ipv6 === undefined) service.addresses = [first];
  else {
    const second: Address = { family: 'ipv6', words: ipv6 };
    service.addresses = ipv4 === noIpv4 ? [second] : [first, second];
  }
  return service;
}

export function sameKept(a: KeptService, b: KeptService): boolean {
  if (a === b) return true;
  if (a instanceof PlainService && b instanceof PlainService && a.ipv6 === undefined && b.ipv6 === undefined)
    return a.name === b.name && a.ipv4 === b.ipv4;
  return sameService(whole(a), whole(b));
}
