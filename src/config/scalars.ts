// Single values of the configuration: from what YAML made of them to what the house uses, or why that cannot be.
// Every leaf of schema.ts is one of these, and says its type and range for the reference.

import * as z from 'zod/mini';
import { asTrans, bgpPort } from '../bgp/numbers.js';
import { nearest } from '../nearest.js';
import {
  type Address,
  formatAddress,
  isIpv6LinkLocal,
  type Prefix,
  parseAddress,
  parseIpv4,
  parseIpv6,
  parsePrefix,
} from '../net/address.js';
import { parseDuration } from '../net/duration.js';
import { sanitised } from '../net/text.js';

/** What the reference says about a value. */
export interface Kind {
  readonly type: string;
  readonly allowed: string;
}

export const kinds = z.registry<Kind>();

/** Why a value is not taken, in words that follow `path: `. */
export class Refusal {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export const noValue = 'has no value; give it one, or leave the key out';

export const refuse = (message: string): Refusal => new Refusal(message);

export type Leaf<T> = z.ZodMiniType<T, unknown>;

export function leaf<T>(type: string, allowed: string, read: (raw: unknown) => T | Refusal): Leaf<T> {
  const schema: Leaf<T> = z.transform((raw: unknown, context): T => {
    const value = raw === undefined ? refuse('is required') : raw === null ? refuse(noValue) : read(raw);
    if (!(value instanceof Refusal)) return value;
    context.issues.push({ code: 'custom', message: value.message, input: raw });
    return z.NEVER;
  });
  return schema.register(kinds, { type, allowed });
}

export const quoted = (text: string): string => `"${sanitised(text, 80)}"`;

/** A value in a message, as the operator wrote it if it is short. */
export function shown(raw: unknown): string {
  if (typeof raw === 'string') return quoted(raw);
  if (Array.isArray(raw)) return 'a list';
  return typeof raw === 'object' && raw !== null ? 'a mapping' : String(raw);
}

const withSome = (word: string | undefined, known: readonly string[]): string =>
  word === undefined ? `allowed: ${known.join(', ')}` : `did you mean ${quoted(word)}? Allowed: ${known.join(', ')}`;

function readText(raw: unknown): string | Refusal {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'number' || typeof raw === 'boolean')
    return refuse(
      `${raw} is a ${typeof raw === 'number' ? 'number' : 'flag'} here, not text; put it in quotes: "${raw}"`,
    );
  return refuse(`${shown(raw)} is not text`);
}

export const text = (allowed = ''): Leaf<string> => leaf('text', allowed, (raw) => readText(raw));

/** Text that no message repeats. */
export const secret = (allowed: string): Leaf<string> =>
  leaf('text', allowed, (raw) => (typeof raw === 'string' ? raw : refuse('is not text; put it in quotes')));

export const flag = (): Leaf<boolean> =>
  leaf('true or false', '', (raw) =>
    typeof raw === 'boolean' ? raw : refuse(`${shown(raw)} is neither true nor false (yes, no, on and off are text)`),
  );

export const oneOf = <const T extends string>(...values: readonly T[]): Leaf<T> =>
  leaf('text', values.map((value) => (value === '' ? '""' : value)).join(', '), (raw) => {
    const found = values.find((value) => value === raw);
    if (found !== undefined) return found;
    const named = values.filter((value) => value !== '');
    return refuse(
      `${shown(raw)} is not known; ${withSome(typeof raw === 'string' ? nearest(raw, named) : undefined, named)}`,
    );
  });

function readInteger(raw: unknown, least: number, most: number): number | Refusal {
  const range = `a whole number from ${least} to ${most}`;
  if (typeof raw === 'string' && /^-?\d+$/.test(raw))
    return refuse(`"${raw}" is text here; write ${range} without quotes`);
  if (typeof raw !== 'number' || !Number.isInteger(raw) || raw < least || raw > most)
    return refuse(`${shown(raw)} is not ${range}`);
  return raw;
}

export const integer = (least: number, most: number): Leaf<number> =>
  leaf('number', `${least} to ${most}`, (raw) => readInteger(raw, least, most));

function readDurationMs(raw: unknown): number | Refusal {
  if (typeof raw === 'number' || (typeof raw === 'string' && /^\d+$/.test(raw)))
    return refuse(`${raw} has no unit; write "${raw}s", "${raw}ms" or "${raw}m"`);
  const milliseconds = typeof raw === 'string' ? parseDuration(raw) : undefined;
  return milliseconds ?? refuse(`${shown(raw)} is not a duration like "90s", "300ms", "2m" or "1m30s"`);
}

/** Yields seconds. `whole`: BGP carries it in seconds. */
export const duration = (
  range: string,
  isAllowed: (seconds: number) => boolean,
  { whole }: { whole: boolean } = { whole: true },
): Leaf<number> =>
  leaf('duration', range, (raw) => {
    const milliseconds = readDurationMs(raw);
    if (milliseconds instanceof Refusal) return milliseconds;
    const seconds = milliseconds / 1000;
    if (whole && !Number.isInteger(seconds)) return refuse(`${shown(raw)} is not in whole seconds; allowed: ${range}`);
    return isAllowed(seconds) ? seconds : refuse(`${shown(raw)} is out of range; allowed: ${range}`);
  });

export const durationUpTo = (range: string, mostSeconds: number): Leaf<number> =>
  duration(range, (seconds) => seconds <= mostSeconds);

/** Yields milliseconds. MetalLB's BFDProfile has bare numbers here, so they are taken for milliseconds. */
export const milliseconds = (least: number, most: number): Leaf<number> =>
  leaf('duration', `${least}ms to ${most}ms; a bare number is in milliseconds`, (raw) => {
    const value = typeof raw === 'number' ? raw : readDurationMs(raw);
    if (value instanceof Refusal) return value;
    return Number.isInteger(value) && value >= least && value <= most
      ? value
      : refuse(`${shown(raw)} is out of range; allowed: ${least}ms to ${most}ms`);
  });

const asnForms = 'a number from 1 to 4294967295, or as "1.10"';

/** RFC 5396 asplain and asdot. RFC 7607: 0 is nobody's. RFC 6793 §9: 23456 stands for others. */
export const asn = (): Leaf<number> =>
  leaf('AS number', '1 to 4294967295 or asdot ("1.10"), without 0 and 23456', (raw) => {
    const written = typeof raw === 'number' || typeof raw === 'string' ? String(raw) : '';
    const [, high, low] = /^(?:(\d{1,5})\.)?(\d{1,10})$/.exec(written) ?? [];
    if (low === undefined) return refuse(`${shown(raw)} is not an AS number: ${asnForms}`);
    const isOutOfRange = Number(high ?? 0) > 0xffff || Number(low) > (high === undefined ? 0xffffffff : 0xffff);
    if (isOutOfRange) return refuse(`${shown(raw)} is not an AS number: ${asnForms}`);
    const value = Number(high ?? 0) * 0x10000 + Number(low);
    if (value === 0) return refuse(`AS 0 must not be used (RFC 7607); allowed: ${asnForms}`);
    return value === asTrans ? refuse(`AS ${asTrans} is reserved to stand for others (RFC 6793)`) : value;
  });

const addressForm = '"10.0.0.1" or "2001:db8::1"';

function readAddress(raw: unknown): Address | Refusal {
  const address = typeof raw === 'string' ? parseAddress(raw) : undefined;
  if (address === undefined) {
    const hint = typeof raw === 'string' && raw.includes('/') ? ' (no prefix length here)' : '';
    return refuse(`${shown(raw)} is not an IP address like ${addressForm}${hint}`);
  }
  const [first = 0, second, third, fourth = 0] = address.words;
  if (address.family === 'ipv6' && first === 0 && second === 0 && third === 0xffff)
    return refuse(
      `${shown(raw)} is an IPv4 address in IPv6 clothes; write ${formatAddress({ family: 'ipv4', words: [fourth] })}`,
    );
  return address;
}

/** RFC 1122 §3.2.1.3, RFC 4291 §2.7: what no single host has. */
function isHostAddress({ family, words }: Address): boolean {
  const first = words[0] ?? 0;
  if (family === 'ipv4') return first >>> 24 !== 0 && first >>> 28 < 0xe;
  return words.some((word) => word !== 0) && first >>> 24 !== 0xff;
}

function readHostAddress(raw: unknown): Address | Refusal {
  const address = readAddress(raw);
  if (address instanceof Refusal || isHostAddress(address)) return address;
  return refuse(`${shown(raw)} cannot be the address of a host`);
}

export const hostAddress = (): Leaf<Address> => leaf('address', addressForm, readHostAddress);

export const prefix = (): Leaf<Prefix> =>
  leaf('prefix', '"10.0.0.0/24" or "2001:db8::/64"', (raw) => {
    const value = typeof raw === 'string' && raw.includes('/') ? parsePrefix(raw) : undefined;
    return value ?? refuse(`${shown(raw)} is not a prefix like "10.0.0.0/24" or "2001:db8::/64"`);
  });

export interface ZonedAddress {
  readonly address: Address;
  /** The interface after `%`. */
  readonly zone: string | undefined;
}

/** RFC 4007 §11: `fe80::1%eth0`. */
export const zonedAddress = (): Leaf<ZonedAddress> =>
  leaf('address', `${addressForm}, or with its interface "fe80::1%eth0"`, (raw) => {
    const [, plain = raw, zone] = (typeof raw === 'string' && /^([^%]*)%(.*)$/.exec(raw)) || [];
    const address = readHostAddress(plain);
    if (address instanceof Refusal) return address;
    if (zone !== undefined && !isIpv6LinkLocal(address))
      return refuse(`${shown(raw)} names an interface, which only link-local addresses (fe80::/10) need`);
    const name = zone === undefined ? undefined : readDevice(zone);
    return name instanceof Refusal ? name : { address, zone: name };
  });

/** What Linux accepts as an interface name. */
function readDevice(raw: unknown): string | Refusal {
  const name = readText(raw);
  if (name instanceof Refusal) return name;
  const isName = /^[^\s/:\p{C}]{1,15}$/u.test(name) && name !== '.' && name !== '..';
  return isName
    ? name
    : refuse(`${quoted(name)} cannot be the name of an interface: at most 15 characters without "/", ":" and spaces`);
}

export const device = (): Leaf<string> => leaf('interface', 'a name like eth0', readDevice);

/** With `""` for none. */
export const deviceOrNone = (): Leaf<string> =>
  leaf('interface', 'a name like vrf-blue, "" for none', (raw) => (raw === '' ? '' : readDevice(raw)));

/** Names and globs: `*` stands for any characters, `?` for one. */
export const devicePattern = (): Leaf<string> =>
  leaf('interface or glob', '`eth0`, `eth*`, `en?`', (raw) => {
    const pattern = readText(raw);
    if (pattern instanceof Refusal) return pattern;
    if (!/[*?]/.test(pattern)) return readDevice(pattern);
    return /^[^\s/:\p{C}]{1,64}$/u.test(pattern)
      ? pattern
      : refuse(
          `${quoted(pattern)} cannot match the name of an interface: no "/", ":" and spaces, at most 64 characters`,
        );
  });

export interface Member {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const memberForm = 'node-a, or { name: node-a, labels: { rack: r1 } }';

/** A node that stands for election: its name, or its name and what nodeSelectors see of it. */
export const member = (): Leaf<Member> =>
  leaf('name, or name and labels', memberForm, (raw) => {
    const {
      name,
      labels = {},
      ...rest
    }: Readonly<Record<string, unknown>> = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
      ? { ...raw }
      : { name: raw };
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) return refuse(`unknown key ${quoted(unknown)}; a member is ${memberForm}`);
    const text = readText(name);
    if (text instanceof Refusal) return refuse(`${text.message}; a member is ${memberForm}`);
    if (!isNodeName(text)) return refuse(`${quoted(text)} is not a node name: 1 to 253 characters without spaces`);
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
      return refuse(`labels: ${shown(labels)} is not a mapping of text to text`);
    const read: Record<string, string> = {};
    for (const [key, value] of Object.entries(labels)) {
      const label = readText(value);
      if (label instanceof Refusal) return refuse(`labels: ${quoted(key)}: ${label.message}`);
      read[key] = label;
    }
    return { name: text, labels: read };
  });

export const isNodeName = (text: string): boolean => /^[^\s\p{C}]{1,253}$/u.test(text);

export const routerId = (): Leaf<number> =>
  leaf('IPv4 address', 'any but 0.0.0.0', (raw) => {
    const word = typeof raw === 'string' ? parseIpv4(raw)?.words[0] : undefined;
    // RFC 6286 §2.1.
    return word === undefined || word === 0
      ? refuse(`${shown(raw)} is not a router ID: an IPv4 address other than 0.0.0.0`)
      : word;
  });

export interface ListenEndpoint {
  readonly address: Address;
  readonly port: number;
}

function readEndpoint(raw: unknown, defaultPort: number | undefined): ListenEndpoint | Refusal {
  const example = '"10.0.0.11:179" or "[2001:db8::1]:179"';
  const refusal = refuse(`${shown(raw)} is not an address with a port like ${example}`);
  if (typeof raw !== 'string') return refusal;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(raw) ?? [raw, undefined, raw];
  const address = bracketed === undefined ? parseAddress(plain ?? '') : parseIpv6(bracketed);
  const port = digits === undefined ? defaultPort : Number(digits);
  if (address === undefined) return refusal;
  if (isIpv6LinkLocal(address))
    return refuse(`${shown(raw)} is link-local, which cannot be listened on without an interface`);
  if (port === undefined) return refuse(`${shown(raw)} has no port; an example is ${example}`);
  return port >= 1 && port <= 65535 ? { address, port } : refuse(`${shown(raw)}: a port is from 1 to 65535`);
}

export const bgpEndpoint = (): Leaf<ListenEndpoint> =>
  leaf('endpoint', '"10.0.0.11:179", "[2001:db8::1]:179"; without a port 179', (raw) => readEndpoint(raw, bgpPort));

export const httpEndpoint = (): Leaf<ListenEndpoint | undefined> =>
  leaf('endpoint', '"127.0.0.1:7472", "[::1]:7472", "" for none', (raw) =>
    raw === '' ? undefined : readEndpoint(raw, undefined),
  );

/** The TTL to send with; undefined: not multihop. */
export const multiHop = (): Leaf<number | undefined> =>
  leaf('true, false or a TTL', 'false, true (a TTL of 255), 1 to 255', (raw) => {
    if (typeof raw === 'boolean') return raw ? 255 : undefined;
    const ttl = readInteger(raw, 1, 255);
    return ttl instanceof Refusal ? refuse(`${shown(raw)} is neither true, false, nor a TTL from 1 to 255`) : ttl;
  });

/** One address, or one for each family. */
export const nextHops = (): Leaf<readonly Address[]> =>
  leaf('address or list', 'at most one address of each family', (raw) => {
    const addresses: Address[] = [];
    for (const item of Array.isArray(raw) ? raw : [raw]) {
      const address = readHostAddress(item);
      if (address instanceof Refusal) return address;
      if (addresses.some(({ family }) => family === address.family))
        return refuse(
          `${shown(item)} is a second ${address.family === 'ipv4' ? 'IPv4' : 'IPv6'} next hop; at most one of each family`,
        );
      addresses.push(address);
    }
    return addresses;
  });

/** One text or a list of them; empty text counts as nothing. */
export const textOrList = (): Leaf<readonly string[]> =>
  leaf('text or list', '', (raw) => {
    const values: string[] = [];
    for (const item of Array.isArray(raw) ? raw : [raw]) {
      const value = readText(item);
      if (value instanceof Refusal) return value;
      if (value !== '') values.push(value);
    }
    return values;
  });
