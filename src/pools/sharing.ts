// When several services may have one address: MetalLB's rules and words. The same key, the same backends where traffic
// stays local, and no port twice.

import type { Port, Service } from '../table/service.js';

export interface SharingTerms {
  /** '' does not share. */
  readonly key: string;
  /** Where packets go: '' to every node, else to the backends of a selector. */
  readonly backend: string;
  readonly ports: readonly Port[];
}

const alone: SharingTerms = { key: '', backend: '', ports: [] };

export function termsOf({ allowSharedIP, externalTrafficPolicy, selector, ports }: Service): SharingTerms {
  if (allowSharedIP === '') return alone;
  const backend = externalTrafficPolicy === 'Cluster' ? '' : `Local ${selectorText(selector)}`;
  return { key: allowSharedIP, backend, ports };
}

const selectorText = (selector: Service['selector']): string =>
  JSON.stringify(Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1)));

export const portText = ({ protocol, port }: Port): string => `${protocol}/${port}`;

/** Why `wanting` cannot have an address that `holding` has. */
export function conflict(holding: SharingTerms, wanting: SharingTerms): string | undefined {
  if (holding.key === '') return 'existing service does not allow sharing';
  if (wanting.key === '') return 'new service does not allow sharing';
  if (holding.key !== wanting.key)
    return `sharing key "${wanting.key}" does not match existing sharing key "${holding.key}"`;
  if (holding.backend !== wanting.backend)
    return 'externalTrafficPolicy or, with Local, the selector does not match the existing service';
  const taken = wanting.ports.find((port) => holding.ports.some((other) => portText(other) === portText(port)));
  return taken === undefined ? undefined : `port ${portText(taken)} is already in use`;
}

export const sameTerms = (a: SharingTerms, b: SharingTerms): boolean =>
  a.key === b.key &&
  a.backend === b.backend &&
  a.ports.length === b.ports.length &&
  a.ports.every((port, i) => portText(port) === portText(b.ports[i]!));
