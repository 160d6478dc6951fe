// The short way to a plan, for services of one address and nothing else where no pools exist: but for the address they are all
// announced alike, so that one of each family is planned for all.

import { type Address, type Family, prefixOf } from '../net/address.js';
import type { KeptService } from '../table/plain-service.js';
import { noIpv4, PlainService, whole } from '../table/plain-service.js';
import type { Service } from '../table/service.js';
import type { RouteWish } from './plan.js';

export class PlainPlans {
  readonly #routesOf: (service: Service) => readonly RouteWish[];
  readonly #samples = new Map<Family, readonly RouteWish[]>();

  /** `routesOf`: the long way, under a configuration that stays as long as this does. */
  constructor(routesOf: (service: Service) => readonly RouteWish[]) {
    this.#routesOf = routesOf;
  }

  routesOf(service: KeptService): readonly RouteWish[] {
    if (!(service instanceof PlainService)) return this.#routesOf(service);
    const { ipv4, ipv6 } = service;
    if (ipv6 === undefined) return this.#alike(service, { family: 'ipv4', words: [ipv4 >>> 0] });
    return ipv4 === noIpv4 ? this.#alike(service, { family: 'ipv6', words: ipv6 }) : this.#routesOf(whole(service));
  }

  #alike(service: PlainService, address: Address): readonly RouteWish[] {
    let sample = this.#samples.get(address.family);
    if (sample === undefined) {
      sample = this.#routesOf(whole(service));
      this.#samples.set(address.family, sample);
    }
    return sample.map(({ view, prefix, attributes }) => ({
      view,
      prefix: prefixOf(address, prefix.length),
      attributes,
    }));
  }
}
