// Which advertisements speak of a service, and why the others do not: one by one, for whoever asks. The plan keeps only what
// they come to.

import type { Config } from '../config/config.js';
import { anySelects } from '../config/selector.js';
import type { Service } from '../table/service.js';
import { covers } from './plan.js';

/** What an advertisement is for instead. */
export type Silence = 'otherPools' | 'otherServices' | 'otherNodes';

export interface Voice {
  readonly name: string;
  readonly pools: readonly string[] | undefined;
  /** Undefined: it speaks. */
  readonly silence: Silence | undefined;
  /** Names; empty: all. Of BGP only. */
  readonly peers: readonly string[];
}

type Advertisement = Pick<Config['l2Advertisements'][number], 'name' | 'pools' | 'serviceSelectors'>;

const silenceOf = (
  advertisement: Advertisement,
  isHere: boolean,
  pool: string | undefined,
  { labels }: Pick<Service, 'labels'>,
): Silence | undefined => {
  if (!covers(advertisement, pool)) return 'otherPools';
  if (!anySelects(advertisement.serviceSelectors, labels)) return 'otherServices';
  return isHere ? undefined : 'otherNodes';
};

/** `pool`: of the address; undefined for a plain prefix, and for an address that is in none. */
export function bgpVoices(config: Config, pool: string | undefined, service: Pick<Service, 'labels'>): Voice[] {
  const { bgpAdvertisements: here, bgpAdvertisementsElsewhere: elsewhere } = config;
  return [...here, ...elsewhere].map((advertisement, index) => {
    const { name, pools, peers } = advertisement;
    return { name, pools, peers, silence: silenceOf(advertisement, index < here.length, pool, service) };
  });
}

export const lanVoices = (config: Config, pool: string | undefined, service: Pick<Service, 'labels'>): Voice[] =>
  config.l2Advertisements.map((advertisement) => {
    const { name, pools, isHere } = advertisement;
    return { name, pools, peers: [], silence: silenceOf(advertisement, isHere, pool, service) };
  });
