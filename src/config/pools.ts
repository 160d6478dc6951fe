// Address pools: from what is written (CIDR or range) to ranges, with MetalLB's rules and words for what is wrong.

import * as nodeModule from 'node:module';
import { type Address, bitsOf, compareAddresses, formatAddress, parseAddress, parsePrefix } from '../net/address.js';
import type { AddressPool } from './config.js';
import type { Path } from './document.js';
import type { Reader, Section } from './reader.js';
import { quoted, Refusal, refuse } from './scalars.js';
import type { Pool } from './schema.js';

/** Loaded when there are pools: it brings several modules, which others need not wait for. */
const library = (): typeof import('ip6addr') => nodeModule.createRequire(import.meta.filename)('ip6addr');

type Range = AddressPool['ranges'][number];

interface Entry extends Range {
  readonly text: string;
  readonly pool: string;
  readonly path: Path;
  readonly order: number;
}

export function readPools(reader: Reader, items: readonly Section<Pool>[]): readonly AddressPool[] {
  const named = reader.names(items, 'pool');
  const entries: Entry[] = [];
  const pools = items.map((item): AddressPool => {
    const { name, labels, addresses } = item.value;
    if (item.isSound('addresses') && addresses.length === 0)
      reader.error(item.path('addresses'), `pool has no prefixes defined; allowed: CIDRs and FIRST-LAST ranges`);
    const ranges = addresses.flatMap((written, index): Range[] => {
      const path = item.path('addresses', index);
      const text = written.trim();
      const range = readRange(text, name);
      if (range instanceof Refusal) {
        reader.error(path, range.message);
        return [];
      }
      const masked = text.includes('-') ? undefined : hostBits(text, range);
      if (masked !== undefined) reader.warn(path, `${quoted(text)} has host bits set and means ${masked}`);
      entries.push({ ...range, text, pool: name, path, order: entries.length });
      return [range];
    });
    const { serviceAllocation, autoAssign, avoidBuggyIPs, state, onRevoke, reuseDelay } = item.value;
    reportRepeats(reader, item);
    return {
      name,
      labels,
      ranges,
      autoAssign,
      avoidBuggyIPs,
      serviceAllocation,
      state,
      onRevoke,
      reuseDelaySeconds: reuseDelay,
    };
  });
  reportOverlaps(reader, entries);
  return pools.filter(({ name }) => named.has(name));
}

/** MetalLB refuses these as well. */
function reportRepeats(reader: Reader, item: Section<Pool>): void {
  for (const key of ['namespaces', 'namespaceSelectors', 'serviceSelectors'] as const) {
    const seen = new Set<string>();
    for (const [index, value] of (item.value.serviceAllocation?.[key] ?? []).entries()) {
      const text = JSON.stringify(value);
      if (seen.has(text))
        reader.error(item.path('serviceAllocation', key, index), `duplicate definition in ${key} field`);
      seen.add(text);
    }
  }
}

function readRange(text: string, pool: string): Range | Refusal {
  const dash = text.indexOf('-');
  return dash < 0 ? readCidr(text, pool) : readFirstLast(text, text.slice(0, dash).trim(), text.slice(dash + 1).trim());
}

/** ip6addr parses, masks and compares; the house's stricter parser refuses what it lets pass, as leading zeros. */
function readCidr(text: string, pool: string): Range | Refusal {
  const invalid = (why: string): Refusal => refuse(`invalid CIDR ${quoted(text)} in pool "${pool}": ${why}`);
  const strict = parsePrefix(text);
  if (strict !== undefined && !text.includes('/'))
    return invalid(`no prefix length; one address is "${text}/${bitsOf(strict.family)}"`);
  try {
    const cidr = library().createCIDR(text);
    if (strict === undefined || isMapped(strict)) return invalid('wants ADDRESS/LENGTH, or a range FIRST-LAST');
    const last = strict.family === 'ipv4' ? cidr.broadcast() : cidr.last();
    return { first: fromLibrary(cidr.address()), last: fromLibrary(last) };
  } catch (error) {
    return invalid(
      `${error instanceof Error ? error.message : String(error)}; wants ADDRESS/LENGTH, or a range FIRST-LAST`,
    );
  }
}

function readFirstLast(text: string, start: string, end: string): Range | Refusal {
  const invalid = (why: string): Refusal => refuse(`invalid IP range ${quoted(text)}: ${why}`);
  const [first, last] = [parseAddress(start), parseAddress(end)];
  if (first === undefined || isMapped(first)) return invalid(`invalid start IP ${quoted(start)}`);
  if (last === undefined || isMapped(last)) return invalid(`invalid end IP ${quoted(end)}`);
  if (first.family !== last.family) return invalid('its ends are of different families');
  if (compareAddresses(first, last) > 0) return invalid(`start IP "${start}" is after the end IP "${end}"`);
  return { first, last };
}

const isMapped = ({ family, words: [a, b, c] }: Address): boolean =>
  family === 'ipv6' && a === 0 && b === 0 && c === 0xffff;

function fromLibrary(address: { toString(): string }): Address {
  const parsed = parseAddress(address.toString());
  if (parsed === undefined) throw new RangeError(`ip6addr answered ${address.toString()}`);
  return parsed;
}

/** The network a CIDR means, when its host bits are set; MetalLB masks them without a word. */
function hostBits(text: string, { first }: Range): string | undefined {
  const [address = '', length = ''] = text.split('/');
  const written = parseAddress(address);
  const isMasked = written === undefined || compareAddresses(written, first) === 0;
  return isMasked ? undefined : `"${formatAddress(first)}/${length}"`;
}

const kindOf = ({ text }: Entry): string => (text.includes('-') ? 'IP range' : 'CIDR');

/** Of two that overlap, the one written later is at fault. */
function reportOverlaps(reader: Reader, entries: readonly Entry[]): void {
  const sorted = entries.toSorted((a, b) => compareAddresses(a.first, b.first) || a.order - b.order);
  let widest: Entry | undefined;
  for (const entry of sorted) {
    if (widest !== undefined && compareAddresses(entry.first, widest.last) <= 0) {
      const [earlier, later] = widest.order < entry.order ? [widest, entry] : [entry, widest];
      reader.error(
        later.path,
        `${kindOf(later)} ${quoted(later.text)} in pool "${later.pool}" overlaps with already defined ${kindOf(earlier)} ${quoted(earlier.text)}${earlier.pool === later.pool ? '' : ` of pool "${earlier.pool}"`}`,
      );
    }
    if (widest === undefined || compareAddresses(entry.last, widest.last) > 0) widest = entry;
  }
}

const toNumber = ({ words }: Address): bigint => words.reduce((sum, word) => sum * 0x100000000n + BigInt(word), 0n);

/** The shortest length among the prefixes that a range is made of: nothing shorter may be announced for it. */
export function shortestLength({ first, last }: Range): number {
  const bits = bitsOf(first.family);
  const [start, end] = [toNumber(first), toNumber(last)];
  for (let length = 0; length < bits; length++) {
    const size = 1n << BigInt(bits - length);
    const aligned = ((start + size - 1n) / size) * size;
    if (aligned + size - 1n <= end) return length;
  }
  return bits;
}
