// The short way to a plan, for services of one address and nothing else where no pools exist: but for the address they are all
// announced alike, so that one of each family is planned for all.

import { type Family, maskWord, type Prefix } from '../net/address.js';
import type { KeptService } from '../table/plain-service.js';
import { noIpv4, PlainService, whole } from '../table/plain-service.js';
import type { Service } from '../table/service.js';
import type { RouteWish } from './plan.js';

/** A wish to be filled in with one address after another. */
interface Form extends RouteWish {
  readonly prefix: Prefix & { readonly words: number[] };
}

export class PlainPlans {
  readonly #routesOf: (service: Service) => readonly RouteWish[];
  readonly #forms = new Map<Family, readonly Form[]>();

  /** `routesOf`: the long way, under a configuration that stays as long as this does. */
  constructor(routesOf: (service: Service) => readonly RouteWish[]) {
    this.#routesOf = routesOf;
  }

  /** Valid until the next call. */
  routesOf(service: KeptService): readonly RouteWish[] {
    if (!(service instanceof PlainService)) return this.#routesOf(service);
    const { ipv4, ipv6 } = service;
    if (ipv6 !== undefined && ipv4 !== noIpv4) return this.#routesOf(whole(service));
    const forms = this.#formsOf(ipv6 === undefined ? 'ipv4' : 'ipv6', service);
    for (const { prefix } of forms)
      for (let k = 0; k < prefix.words.length; k++)
        prefix.words[k] = ((ipv6?.[k] ?? ipv4) & maskWord(prefix.length - k * 32)) >>> 0;
    return forms;
  }

  #formsOf(family: Family, sample: PlainService): readonly Form[] {
    let forms = this.#forms.get(family);
    if (forms === undefined) {
      forms = this.#routesOf(whole(sample)).map((wish) => ({
        ...wish,
        prefix: { ...wish.prefix, words: [...wish.prefix.words] },
      }));
      this.#forms.set(family, forms);
    }
    return forms;
  }
}
