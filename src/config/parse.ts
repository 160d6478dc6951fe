// herald.yaml, from text to Config: every problem at once, each with its line; no Config as long as one is an error.
// Pure but for what the environment lends. Rules within a section live in that section's file.

import { dirname, resolve } from 'node:path';
import type * as z from 'zod/mini';
import { hasErrors, type Problem } from '../problem.js';
import { everything, readAdvertisements, readAliases } from './advertisements.js';
import type { Config } from './config.js';
import { type Path, readDocument } from './document.js';
import { ownLabel, readL2Advertisements, readMembers } from './layer2.js';
import { warnOfWaiting } from './not-in-force.js';
import { readPeers } from './peers.js';
import { readPools } from './pools.js';
import { isRecord, type Raw, Reader, type Section } from './reader.js';
import { isNodeName } from './scalars.js';
import * as schema from './schema.js';
import { withoutSecrets } from './secrets.js';
import type { Labels } from './selector.js';
import { defaultSources, readSources } from './sources.js';

export interface Environment {
  readonly hostName: string;
  /** The text of a passwordFile, or why it cannot be read. */
  readFile(path: string): string | Error;
  /** The permission bits of a file, where known. */
  fileMode?(path: string): number | undefined;
}

export interface Parsed {
  /** Undefined exactly when there are errors. */
  readonly config: Config | undefined;
  readonly problems: Problem[];
}

/** More help nobody. */
const maxProblems = 1000;

export function parseConfig(text: string, file: string, environment: Environment): Parsed {
  const document = readDocument(text, file);
  const reader = new Reader(document);
  const config = document.value === undefined ? undefined : readConfig(reader, document.value, file, environment);
  const problems = withoutSecrets(inOrder(reader.problems), text);
  return { config: hasErrors(problems) ? undefined : config, problems };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const sorted = problems.toSorted((a, b) => a.where.line - b.where.line || a.where.column - b.where.column);
  const last = sorted[maxProblems];
  if (last === undefined) return sorted;
  const message = `${sorted.length - maxProblems} more problems from here on`;
  const severity = hasErrors(sorted.slice(maxProblems)) ? 'error' : 'warning';
  return [...sorted.slice(0, maxProblems), { severity, where: last.where, path: '', message }];
}

function readConfig(reader: Reader, root: unknown, file: string, environment: Environment): Config | undefined {
  if (!isRecord(root)) {
    const is = root === null ? 'is empty' : 'is not a mapping';
    reader.error([], `the file ${is}; it takes the keys ${schema.knownKeys.join(', ')}`);
    return undefined;
  }
  for (const key of Object.keys(root))
    if (!schema.knownKeys.includes(key)) reader.unknownKey([], key, schema.knownKeys);
  const raw = (key: schema.SectionKey): unknown => (Object.hasOwn(root, key) ? root[key] : undefined);
  const section = <S extends z.ZodMiniObject>(key: schema.SectionKey, shape: () => S) =>
    reader.section(shape(), raw(key), pathUnder([key]));
  const items = <S extends z.ZodMiniObject>(key: schema.SectionKey, shape: () => S, what: string) =>
    reader.items([key], shape, raw(key), { what, spec: key !== 'sources' });

  const resolveFile = (path: string): string => resolve(dirname(file), path);
  const node = readNode(reader, section('node', schema.node), environment.hostName);
  const bgp = section('bgp', schema.bgp);
  const bfdProfiles = reader.names(items('bfdProfiles', schema.bfdProfile, 'BFD profile'), 'BFD profile');
  const peers = readPeers(reader, items('bgpPeers', schema.bgpPeer, 'BGP peer'), {
    nodeLabels: node.matched,
    asn: bgp.value.asn,
    isAsnSound: bgp.isSound('asn'),
    routerId: bgp.value.routerID,
    isRouterIdSound: bgp.isSound('routerID'),
    listens: bgp.value.listen.length > 0 || !bgp.isSound('listen'),
    bfdProfiles: new Set(bfdProfiles.keys()),
    readPassword: (path, name) => readPassword(reader, path, resolveFile(name), environment),
  });
  checkListeners(reader, bgp);

  const poolItems = items('addressPools', schema.addressPool, 'pool');
  const pools = readPools(reader, poolItems);
  const poolNames = new Set(poolItems.map(({ value }) => value.name).filter((name) => name !== ''));
  const aliases = readAliases(reader, readCommunityItems(reader, raw('communities')));
  const around = { nodeLabels: node.matched, pools, poolNames, peerNames: peers.names, aliases };
  const advertisementItems = items('bgpAdvertisements', schema.bgpAdvertisement, 'BGP advertisement');
  const advertisements = readAdvertisements(reader, advertisementItems, around);
  const l2Items = items('l2Advertisements', schema.l2Advertisement, 'L2 advertisement');
  const l2Advertisements = readL2Advertisements(reader, l2Items, around);

  const classes = reader.section(
    schema.rootKeys(),
    Object.fromEntries(Object.entries(root).filter(([key]) => Object.hasOwn(schema.rootKeys().shape, key))),
    pathUnder([]),
  ).value;
  const sources = readSources(reader, items('sources', schema.source, 'source'), resolveFile);
  const safety = section('safety', schema.safety).value;
  const log = section('log', schema.log).value;
  const { overlap, reuseDelay, ...allocation } = section('allocation', schema.allocation).value;
  const http = section('http', schema.http).value;
  const metrics = section('metrics', schema.metrics).value;
  warnOfWaiting(reader, root);
  return {
    node: { name: node.name, labels: node.labels },
    bgp: { asn: bgp.value.asn, routerId: peers.routerId, listen: bgp.value.listen },
    bgpPeers: peers.peers,
    addressPools: pools,
    allocation: { ...allocation, overlapSeconds: overlap, reuseDelaySeconds: reuseDelay },
    ...(raw('bgpAdvertisements') === undefined
      ? { bgpAdvertisements: [everything], bgpAdvertisementsElsewhere: [] }
      : advertisements),
    l2Advertisements,
    layer2: section('layer2', schema.layer2).value,
    electionMembers: readMembers(reader, section('election', schema.election), node, l2Advertisements),
    hostAddresses: section('hostAddresses', schema.hostAddresses).value,
    communityAliases: aliases,
    loadBalancerClasses: classes.loadBalancerClass,
    handleUnclassed: classes.handleUnclassed,
    sources: raw('sources') === undefined ? defaultSources : sources,
    safety,
    log,
    http: { listen: http.listen },
    metrics,
  };
}

const pathUnder =
  (path: Path) =>
  (key?: string): Path =>
    key === undefined ? path : [...path, key];

/** `matched`: with the label every node has by itself. */
function readNode(
  reader: Reader,
  section: Section<{ name?: string | undefined; labels: Labels }>,
  hostName: string,
): { readonly name: string; readonly labels: Labels; readonly matched: Labels } {
  const { name = hostName, labels } = section.value;
  if (!isNodeName(name))
    reader.error(section.path('name'), `"${name}" is not a node name: 1 to 253 characters without spaces`);
  return { name, labels, matched: { [ownLabel]: name, ...labels } };
}

/** The list itself, or MetalLB's objects that hold such lists. */
function readCommunityItems(reader: Reader, raw: unknown): Section<schema.CommunityAlias>[] {
  const options = { what: 'community', spec: true };
  if (!Array.isArray(raw)) return reader.items(['communities'], schema.community, raw, options);
  return raw.flatMap((item: unknown, index) => {
    const { spec }: Raw = isRecord(item) ? item : {};
    if (isRecord(spec) && Object.hasOwn(spec, 'communities')) {
      const { communities } = spec;
      return reader.items(['communities', index, 'spec', 'communities'], schema.community, communities, options);
    }
    return reader.items(['communities'], schema.community, raw.slice(index, index + 1), { ...options, from: index });
  });
}

function checkListeners(reader: Reader, bgp: Section<z.output<ReturnType<typeof schema.bgp>>>): void {
  const seen = new Set<string>();
  for (const [index, endpoint] of bgp.value.listen.entries()) {
    const key = JSON.stringify(endpoint);
    if (seen.has(key)) reader.error(bgp.path('listen', index), 'stands in the list twice');
    seen.add(key);
  }
}

function readPassword(reader: Reader, path: Path, file: string, environment: Environment): string | undefined {
  const text = environment.readFile(file);
  if (text instanceof Error) {
    reader.error(path, `cannot be read: ${text.message}`);
    return undefined;
  }
  const mode = environment.fileMode?.(file);
  if (mode !== undefined && (mode & 0o004) !== 0)
    reader.warn(path, `everybody on this host can read ${file}; chmod 640 keeps the password among its group`);
  return text.replace(/\r?\n$/, '');
}
