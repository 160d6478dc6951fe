// Kubernetes Services as entries of a table: what `v1 Service` and MetalLB's annotations say, in the words of an entry, and
// where the manifest says it. Objects of other kinds, and Services without a load balancer, are none of ours.

import type { Document, Path } from '../config/document.js';
import { nearest } from '../nearest.js';
import { parseAddress } from '../net/address.js';
import { type EntryProblem, isRecord, quoted } from './reading.js';

type Mapping = Readonly<Record<string, unknown>>;

export interface ManifestProblem {
  readonly severity: EntryProblem['severity'];
  /** Within the object. */
  readonly path: Path;
  readonly message: string;
}

export interface ManifestEntry {
  /** What entry.ts reads. */
  readonly entry: Mapping;
  /** By key of the entry: where the object says it. */
  readonly origins: ReadonlyMap<string, Path>;
  readonly problems: readonly ManifestProblem[];
}

export interface ManifestObject {
  readonly document: Document;
  /** Of the document in its stream, from 0. */
  readonly index: number;
  /** Where in the document the object stands. */
  readonly path: Path;
  readonly kind: string;
  readonly value: Mapping;
}

/** MetalLB's prefix, and the one it had before, which still counts. */
const prefixes = ['metallb.io/', 'metallb.universe.tf/'] as const;
const knownAnnotations = ['address-pool', 'loadBalancerIPs', 'allow-shared-ip', 'ip-allocated-from-pool'];

export const isManifest = (value: unknown): value is Mapping =>
  isRecord(value) && Object.hasOwn(value, 'apiVersion') && Object.hasOwn(value, 'kind');

/** Every object of a stream, those in lists too. What is no object is reported to its document. */
export function manifestObjects(documents: readonly Document[]): ManifestObject[] {
  return documents.flatMap((document, index) => {
    if (document.value === null || document.value === undefined) return [];
    if (!isManifest(document.value)) {
      const message = 'a stream of Kubernetes manifests holds only objects with apiVersion and kind';
      document.problems.push({ severity: 'error', where: document.place([]), path: '', message });
      return [];
    }
    return objectsIn({ document, index, path: [] }, document.value);
  });
}

/** `kubectl get -o yaml` wraps what it found into a List. */
function objectsIn(at: Pick<ManifestObject, 'document' | 'index' | 'path'>, value: Mapping): ManifestObject[] {
  const kind = String(value['kind']);
  const { items } = value;
  if (!kind.endsWith('List') || !Array.isArray(items)) return [{ ...at, kind, value }];
  const itemKind = kind.slice(0, -'List'.length);
  return items.flatMap((item: unknown, i) => {
    if (!isRecord(item)) return [];
    const typed = { apiVersion: value['apiVersion'], ...(itemKind === '' ? {} : { kind: itemKind }), ...item };
    return isManifest(typed) ? objectsIn({ ...at, path: [...at.path, 'items', i] }, typed) : [];
  });
}

/** Whether the object is a Service that asks for a load balancer. */
export const isLoadBalancer = ({ kind, value }: ManifestObject): boolean =>
  kind === 'Service' && value['apiVersion'] === 'v1' && mapping(value['spec'])['type'] === 'LoadBalancer';

/** Total: what cannot be used is among the problems, or will be among those of the entry. */
export function manifestEntry({ value }: ManifestObject): ManifestEntry {
  const metadata = mapping(value['metadata']);
  const spec = mapping(value['spec']);
  const entry: Record<string, unknown> = {};
  const origins = new Map<string, Path>();
  const problems: ManifestProblem[] = [];
  const put = (key: string, said: unknown, origin: Path): void => {
    if (said === undefined || said === null || said === '') return;
    entry[key] = said;
    origins.set(key, origin);
  };
  const { name, namespace } = metadata;
  const isQualified = typeof name === 'string' && typeof namespace === 'string' && namespace !== '';
  put('name', isQualified ? `${namespace}/${name}` : name, ['metadata', 'name']);
  put('labels', metadata['labels'], ['metadata', 'labels']);
  for (const key of ['loadBalancerClass', 'externalTrafficPolicy', 'ipFamilyPolicy', 'selector'])
    put(key, spec[key], ['spec', key]);
  put('ipFamilies', spec['ipFamilies'] ?? clusterFamilies(spec), ['spec', 'ipFamilies']);
  put('ports', portsOf(spec['ports']), ['spec', 'ports']);

  const annotations = readAnnotations(mapping(metadata['annotations']), problems);
  for (const [key, annotation] of [
    ['addressPool', annotations.get('address-pool')],
    ['allowSharedIP', annotations.get('allow-shared-ip')],
  ] as const)
    put(key, annotation?.value, annotation?.path ?? []);
  putAddresses(annotations.get('loadBalancerIPs'), spec['loadBalancerIP'], put, problems);
  return { entry, origins, problems };
}

interface Annotation {
  readonly value: unknown;
  readonly path: Path;
}

function readAnnotations(given: Mapping, problems: ManifestProblem[]): ReadonlyMap<string, Annotation> {
  const found = new Map<string, Annotation>();
  for (const prefix of prefixes) {
    for (const key of Object.keys(given)) {
      if (!key.startsWith(prefix)) continue;
      const name = key.slice(prefix.length);
      const path: Path = ['metadata', 'annotations', key];
      const known = found.get(name);
      if (!knownAnnotations.includes(name)) {
        const meant = nearest(name, knownAnnotations);
        const hint = meant === undefined ? '' : `; did you mean ${prefix}${meant}?`;
        problems.push({ severity: 'warning', path, message: `herald knows no annotation ${quoted(key)}${hint}` });
      } else if (known === undefined) found.set(name, { value: given[key], path });
      else if (known.value !== given[key])
        problems.push({ severity: 'warning', path, message: `differs from ${prefixes[0]}${name}, which counts` });
    }
  }
  return found;
}

function putAddresses(
  annotation: Annotation | undefined,
  loadBalancerIP: unknown,
  put: (key: string, said: unknown, origin: Path) => void,
  problems: ManifestProblem[],
): void {
  if (annotation === undefined) {
    if (typeof loadBalancerIP !== 'string') put('addresses', loadBalancerIP, ['spec', 'loadBalancerIP']);
    else if (loadBalancerIP !== '') put('addresses', [loadBalancerIP], ['spec', 'loadBalancerIP']);
    return;
  }
  const { value, path } = annotation;
  const error = (message: string): void => void problems.push({ severity: 'error', path, message });
  if (typeof loadBalancerIP === 'string' && loadBalancerIP !== '')
    error('service can not have both metallb.io/loadBalancerIPs and spec.loadBalancerIP');
  const texts = typeof value === 'string' ? value.split(',').map((text) => text.trim()) : undefined;
  const families = (texts ?? []).map((text) => parseAddress(text)?.family);
  if (families.some((family, i) => family !== undefined && families.indexOf(family) !== i))
    error(`invalid metallb.io/loadBalancerIPs: ${quoted(String(value))} has more than one address of a family`);
  put('addresses', texts ?? value, path);
}

/** What the cluster chose where the manifest does not say. */
function clusterFamilies(spec: Mapping): readonly string[] | undefined {
  const { clusterIPs, clusterIP } = spec;
  const given: readonly unknown[] = Array.isArray(clusterIPs) ? clusterIPs : [clusterIP];
  const families = given.flatMap((text) => {
    const address = typeof text === 'string' ? parseAddress(text) : undefined;
    return address === undefined ? [] : [address.family === 'ipv4' ? 'IPv4' : 'IPv6'];
  });
  return families.length === 0 ? undefined : families;
}

function portsOf(ports: unknown): unknown {
  if (!Array.isArray(ports)) return ports;
  return ports.map((item: unknown) => {
    if (!isRecord(item)) return item;
    const { protocol, port } = item;
    return protocol === undefined ? { port } : { protocol, port };
  });
}

const mapping = (value: unknown): Mapping => (isRecord(value) ? value : {});
