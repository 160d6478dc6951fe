// Route attributes as a table gives them, per service (`bgp:`) and per row of a CSV bulk, and when two sets are the same.
// What they become on the wire, and what wins over what, is decided elsewhere.

import type { RouteAttributes } from '../config/config.js';
import { type Address, formatAddress, hostPrefix, parseAddress } from '../net/address.js';
import { type Community, formatCommunity, parseCommunity } from '../net/community.js';
import { martian } from './announceable.js';
import { type Desk, isRecord, kindOf, quoted, readInteger, readList } from './reading.js';

const maxUnsigned32 = 0xffffffff;

export function readCommunity(value: unknown, to: Desk): Community | undefined {
  if (typeof value !== 'string') return to.error(`must be a string, as "64512:100", not ${kindOf(value)}`);
  const community = to.aliases.get(value) ?? parseCommunity(value);
  return typeof community === 'string' ? to.error(community) : community;
}

export function readNextHop(value: unknown, to: Desk): Address | undefined {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  if (address === undefined) return to.error(`${quoted(String(value))} is not an IP address`);
  const what = martian(hostPrefix(address));
  return what === undefined ? address : to.error(`${formatAddress(address)} cannot be a next hop: it is ${what}`);
}

interface Row<T> {
  read(value: unknown, to: Desk): T | undefined;
  write(value: T): unknown;
}

/** What a service may give; a next hop belongs to advertisements and bulk rows. */
type Given = Required<Omit<RouteAttributes, 'nextHop'>>;

const rows: { [K in keyof Given]: Row<Given[K]> } = {
  communities: {
    read: (value, to) => readList(value, to, readCommunity, formatCommunity),
    write: (communities) => communities.map(formatCommunity),
  },
  localPref: { read: (value, to) => readInteger(value, to, 0, maxUnsigned32), write: (value) => value },
  med: { read: (value, to) => readInteger(value, to, 0, maxUnsigned32), write: (value) => value },
  asPathPrepend: { read: (value, to) => readInteger(value, to, 0, 255), write: (value) => value },
};

const known = Object.keys(rows);
const isKey = (key: string): key is keyof Given => Object.hasOwn(rows, key);

type Draft = { -readonly [K in keyof Given]?: Given[K] };

function readInto<K extends keyof Given>(draft: Draft, key: K, value: unknown, to: Desk): void {
  const row: Row<Given[K]> = rows[key];
  const read = row.read(value, to);
  if (read !== undefined) draft[key] = read;
}

export function readAttributes(value: unknown, to: Desk): RouteAttributes | undefined {
  if (!isRecord(value)) return to.error(`must be a mapping, not ${kindOf(value)}`);
  const attributes: Draft = {};
  for (const key of Object.keys(value)) {
    if (!isKey(key)) {
      to.unknownKey(key, known);
      continue;
    }
    to.enter(key);
    readInto(attributes, key, value[key], to);
    to.leave();
  }
  return attributes;
}

function writeFrom<K extends keyof Given>(attributes: Partial<Given>, key: K): unknown {
  const row: Row<Given[K]> = rows[key];
  const value: Partial<Given>[K] = attributes[key];
  return value === undefined ? undefined : row.write(value);
}

/** As readAttributes reads it back; undefined when nothing is said. */
export function formatAttributes(attributes: RouteAttributes): Readonly<Record<string, unknown>> | undefined {
  const entries = Object.keys(attributes)
    .filter(isKey)
    .map((key) => [key, writeFrom(attributes, key)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Equal for sets that mean the same: the order of communities and next hops says nothing. */
export function attributesKey({ localPref, med, asPathPrepend, nextHop, communities }: RouteAttributes): string {
  return [
    localPref ?? '',
    med ?? '',
    asPathPrepend ?? '',
    nextHop?.map(formatAddress).sort().join(' ') ?? '',
    communities?.map(formatCommunity).sort().join(' ') ?? '',
  ].join('|');
}
