// One service entry: from plain values to a Service and back, one row per key (contract in docs/table.md). Written by hand
// because a table may hold a hundred thousand of them. Where an entry stands in its file is for the caller to know.

import {
  type Address,
  type Family,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixKey,
} from '../net/address.js';
import { martian } from './announceable.js';
import { formatAttributes, readAttributes } from './attributes.js';
import {
  type Aliases,
  Desk,
  type EntryProblem,
  isRecord,
  kindOf,
  quoted,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readText,
  readWord,
} from './reading.js';
import type { Port, Service, ServiceEndpoint } from './service.js';

export interface EntryReading {
  /** Qualified; known even of many an entry that cannot be used. */
  readonly name: string | undefined;
  /** Undefined when there is an error among the problems. */
  readonly service: Service | undefined;
  readonly problems: readonly EntryProblem[];
}

interface Row<T> {
  read(value: unknown, to: Desk): T | undefined;
  /** As read() reads it back; undefined for the default. */
  write(value: T): unknown;
}

const maxNameCharacters = 253;

/** `namespace/name`; a bare name lives in `default`. */
function readName(value: unknown, to: Desk): string | undefined {
  const text = readWord(value, to);
  if (text === undefined) return undefined;
  const name = text.includes('/') ? text : `default/${text}`;
  if (name.length > maxNameCharacters) return to.error(`is longer than ${maxNameCharacters} characters`);
  // Names stand in URLs: a part must not be empty or dots.
  return /^(?!\.{0,2}\/)[^/]+\/(?!\.{0,2}$)[^/]+$/.test(name)
    ? name
    : to.error(`${quoted(text)} is not NAME or NAMESPACE/NAME`);
}

function readAddress(value: unknown, to: Desk): Address | undefined {
  if (typeof value !== 'string') return to.error(`must be a string, not ${kindOf(value)}`);
  const address = parseAddress(value);
  if (address === undefined)
    return to.error(
      parsePrefix(value) === undefined
        ? `${quoted(value)} is not an IP address`
        : `${quoted(value)} is a prefix; addresses are single, prefixes stand under prefixes`,
    );
  const what = martian({ family: address.family, words: address.words, length: address.words.length * 32 });
  return what === undefined ? address : to.error(`${formatAddress(address)} cannot be announced: it is ${what}`);
}

function readPrefix(value: unknown, to: Desk): Prefix | undefined {
  if (typeof value !== 'string') return to.error(`must be a string, not ${kindOf(value)}`);
  const prefix = parsePrefix(value);
  if (prefix === undefined) return to.error(`${quoted(value)} is not a prefix, as 192.0.2.0/24 or 2001:db8::/32`);
  const what = martian(prefix);
  if (what !== undefined) return to.error(`${formatPrefix(prefix)} cannot be announced: it is ${what}`);
  const written = parseAddress(value.split('/', 1)[0]!)!;
  if (written.words.some((word, i) => word !== prefix.words[i]))
    to.warning(`${quoted(value)} has host bits; taken as ${formatPrefix(prefix)}`);
  return prefix;
}

const familyNames = ['IPv4', 'IPv6'] as const;

function readFamily(value: unknown, to: Desk): Family | undefined {
  const name = readChoice(value, to, familyNames);
  return name === undefined ? undefined : name === 'IPv4' ? 'ipv4' : 'ipv6';
}

const portKeys = ['protocol', 'port'];

function readPort(value: unknown, to: Desk): Port | undefined {
  const record = readMapping(value, to, portKeys);
  if (record === undefined) return undefined;
  const { protocol: givenProtocol = 'TCP', port: givenPort } = record;
  to.enter('protocol');
  const protocol = readChoice(givenProtocol, to, ['TCP', 'UDP', 'SCTP']);
  to.leave();
  to.enter('port');
  const port = readInteger(givenPort, to, 1, 65535);
  to.leave();
  return protocol === undefined || port === undefined ? undefined : { protocol, port };
}

const endpointKeys = ['node', 'ready', 'serving'];

function readEndpoint(value: unknown, to: Desk): ServiceEndpoint | undefined {
  const record = readMapping(value, to, endpointKeys);
  if (record === undefined) return undefined;
  const { node: givenNode } = record;
  to.enter('node');
  const node = readWord(givenNode, to);
  to.leave();
  const ready = readOptionalBoolean(record, 'ready', to);
  const serving = readOptionalBoolean(record, 'serving', to);
  return node === undefined ? undefined : { node, ready, serving: serving ?? ready ?? true };
}

function readOptionalBoolean(record: Readonly<Record<string, unknown>>, key: string, to: Desk): boolean | undefined {
  if (!Object.hasOwn(record, key)) return undefined;
  to.enter(key);
  const value = readBoolean(record[key], to);
  to.leave();
  return value;
}

function readMapping(
  value: unknown,
  to: Desk,
  known: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(value)) return to.error(`must be a mapping, not ${kindOf(value)}`);
  let usable = true;
  for (const key of Object.keys(value))
    if (!known.includes(key)) {
      to.unknownKey(key, known);
      usable = false;
    }
  return usable ? value : undefined;
}

function readLabels(value: unknown, to: Desk): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return to.error(`must be a mapping, not ${kindOf(value)}`);
  const labels: [string, string][] = [];
  for (const key of Object.keys(value)) {
    to.enter(key);
    const [name, label] = [readWord(key, to), readText(value[key], to)];
    if (name !== undefined && label !== undefined) labels.push([name, label]);
    to.leave();
  }
  // fromEntries defines, where assignment would lose a label named __proto__.
  return Object.fromEntries(labels);
}

const textRow: Row<string> = { read: readText, write: (text) => (text === '' ? undefined : text) };
/** Empty as well, for "not asked for". */
const wordRow: Row<string> = { read: (value, to) => (value === '' ? '' : readWord(value, to)), write: textRow.write };
const listOrDefault = <T>(list: readonly T[], write: (item: T) => unknown): unknown =>
  list.length === 0 ? undefined : list.map(write);

const rows: { [K in keyof Service]: Row<Service[K]> } = {
  name: { read: readName, write: (name) => name },
  addresses: {
    read: (value, to) => readList(value, to, readAddress, formatAddress),
    write: (addresses) => listOrDefault(addresses, formatAddress),
  },
  addressPool: wordRow,
  ipFamilyPolicy: {
    read: (value, to) => readChoice(value, to, ['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    write: (policy) => (policy === 'SingleStack' ? undefined : policy),
  },
  ipFamilies: {
    read: (value, to) => readList(value, to, readFamily, (family) => family),
    write: (families) => listOrDefault(families, (family) => (family === 'ipv4' ? 'IPv4' : 'IPv6')),
  },
  prefixes: {
    read: (value, to) => readList(value, to, readPrefix, prefixKey),
    write: (prefixes) => listOrDefault(prefixes, formatPrefix),
  },
  allowSharedIP: textRow,
  ports: {
    read: (value, to) => readList(value, to, readPort, ({ protocol, port }) => `${protocol}/${port}`),
    write: (ports) => listOrDefault(ports, (port) => port),
  },
  loadBalancerClass: wordRow,
  labels: { read: readLabels, write: (labels) => (Object.keys(labels).length === 0 ? undefined : labels) },
  externalTrafficPolicy: {
    read: (value, to) => readChoice(value, to, ['Cluster', 'Local']),
    write: (policy) => (policy === 'Cluster' ? undefined : policy),
  },
  selector: { read: readLabels, write: (labels) => (Object.keys(labels).length === 0 ? undefined : labels) },
  endpoints: {
    read: (value, to) => readList(value, to, readEndpoint, (endpoint) => JSON.stringify(endpoint)),
    write: (endpoints) =>
      endpoints?.map(({ node, ready, serving }) =>
        ready === undefined ? { node, serving } : { node, ready, serving },
      ),
  },
  nodes: {
    read: (value, to) => readList(value, to, readWord, (node) => node),
    write: (nodes) => listOrDefault(nodes, (node) => node),
  },
  enabled: { read: readBoolean, write: (enabled) => (enabled ? undefined : false) },
  owner: textRow,
  bgp: { read: readAttributes, write: formatAttributes },
};

export const serviceKeys: readonly string[] = Object.keys(rows);
const isKey = (key: string): key is keyof Service => Object.hasOwn(rows, key);

export type Draft = { -readonly [K in keyof Service]: Service[K] };
const none: readonly never[] = Object.freeze([]);
const nothing = Object.freeze({});

export const defaultService = (): Draft => ({
  name: '',
  addresses: none,
  addressPool: '',
  ipFamilyPolicy: 'SingleStack',
  ipFamilies: none,
  prefixes: none,
  allowSharedIP: '',
  ports: none,
  loadBalancerClass: '',
  labels: nothing,
  externalTrafficPolicy: 'Cluster',
  selector: nothing,
  endpoints: undefined,
  nodes: none,
  enabled: true,
  owner: '',
  bgp: nothing,
});

function readInto<K extends keyof Service>(service: Draft, key: K, value: unknown, to: Desk): void {
  const row: Row<Service[K]> = rows[key];
  const read = row.read(value, to);
  if (read !== undefined) service[key] = read;
}

/** Total: whatever it is given, it answers with a service or with errors. */
export class EntryReader {
  readonly #desk: Desk;

  constructor(aliases: Aliases) {
    this.#desk = new Desk(aliases);
  }

  read(value: unknown): EntryReading {
    const to = this.#desk;
    if (!isRecord(value)) {
      to.error(`must be a mapping with at least a name, not ${kindOf(value)}`);
      return { name: undefined, service: undefined, problems: to.takeProblems() };
    }
    const service = defaultService();
    for (const key in value) {
      if (!isKey(key)) {
        to.unknownKey(key, serviceKeys);
        continue;
      }
      to.enter(key);
      readInto(service, key, value[key], to);
      to.leave();
    }
    if (!Object.hasOwn(value, 'name')) to.error('name is missing');
    settleFamilies(service, value, to);
    const problems = to.takeProblems();
    const usable = problems.length === 0 || problems.every(({ severity }) => severity === 'warning');
    return { name: service.name === '' ? undefined : service.name, service: usable ? service : undefined, problems };
  }
}

export const readEntry = (value: unknown, aliases: Aliases): EntryReading => new EntryReader(aliases).read(value);

/** Kubernetes' rule: two families and no policy ask for both. */
function settleFamilies(service: Draft, value: Readonly<Record<string, unknown>>, to: Desk): void {
  if (service.ipFamilies.length < 2 || service.ipFamilyPolicy !== 'SingleStack') return;
  if (!Object.hasOwn(value, 'ipFamilyPolicy')) service.ipFamilyPolicy = 'RequireDualStack';
  else to.error('ipFamilies lists two families; ipFamilyPolicy must be PreferDualStack or RequireDualStack');
}

function writeFrom<K extends keyof Service>(service: Service, key: K): unknown {
  const row: Row<Service[K]> = rows[key];
  return row.write(service[key]);
}

/** The entry as JSON, defaults left out, keys in the order of the reference; readEntry gives the same service back. */
export function formatEntry(service: Service): Readonly<Record<string, unknown>> {
  const entry: Record<string, unknown> = {};
  for (const key of serviceKeys) {
    const value = isKey(key) ? writeFrom(service, key) : undefined;
    if (value !== undefined) entry[key] = value;
  }
  return entry;
}
