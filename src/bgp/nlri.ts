// Prefixes on the wire: a length in bits, then as many octets as it needs. RFC 4271 §4.3, RFC 4760 §5.
// Without path identifiers: we never offer RFC 7911, and the same octets cannot be told apart by looking at them.

import { bitsOf, type Family, type Prefix, prefixOf } from '../net/address.js';
import type { Writer } from '../net/bytes.js';
import { invalidNetworkField } from './errors.js';
import type { AfiSafi } from './message.js';
import { afi, safiUnicast } from './numbers.js';

/** Undefined for a family that is not ours: known ones are unicast IPv4 and IPv6. */
export function familyOf(afiNumber: number, safi: number): Family | undefined {
  if (safi !== safiUnicast) return undefined;
  return afiNumber === afi.ipv4 ? 'ipv4' : afiNumber === afi.ipv6 ? 'ipv6' : undefined;
}

export const afiSafiOf = (family: Family): AfiSafi => ({ afi: afi[family], safi: safiUnicast });

export function encodePrefix({ words, length }: Prefix, to: Writer): void {
  to.u8(length);
  for (let i = 0; i < length; i += 8) to.u8((words[i >>> 5]! >>> (24 - (i & 31))) & 0xff);
}

export function encodePrefixes(prefixes: readonly Prefix[], to: Writer): void {
  for (const prefix of prefixes) encodePrefix(prefix, to);
}

/** Called for each prefix of a field: its length stands at octets[at], its bits after that. */
export type PrefixVisitor = (family: Family, octets: Uint8Array, at: number, withdrawn: boolean) => void;

/**
 * Counts the prefixes in octets[from … to). RFC 7606 §5.3: a field with one that is too long or cut cannot be trusted
 * at all, so this throws.
 */
export function walkPrefixes(
  family: Family,
  octets: Uint8Array,
  from: number,
  to: number,
  withdrawn: boolean,
  visit?: PrefixVisitor,
): number {
  const bits = bitsOf(family);
  let count = 0;
  let at = from;
  while (at < to) {
    const length = octets[at]!;
    if (length > bits) throw invalidNetworkField(`a prefix length of ${length} is more than ${family} has bits`);
    const next = at + 1 + ((length + 7) >> 3);
    if (next > to) throw invalidNetworkField('the last prefix is cut short');
    if (visit !== undefined) visit(family, octets, at, withdrawn);
    at = next;
    count++;
  }
  return count;
}

/** The prefix that a visitor was shown. Bits beyond its length mean nothing (RFC 4271 §4.3) and are cleared. */
export function prefixAt(family: Family, octets: Uint8Array, at: number): Prefix {
  const length = octets[at]!;
  const words = new Array<number>(bitsOf(family) / 32).fill(0);
  for (let i = 0; i < length; i += 8)
    words[i >>> 5] = (words[i >>> 5]! | (octets[at + 1 + (i >>> 3)]! << (24 - (i & 31)))) >>> 0;
  return prefixOf({ family, words }, length);
}

export function decodePrefixes(family: Family, octets: Uint8Array, from: number, to: number): Prefix[] {
  const prefixes: Prefix[] = [];
  walkPrefixes(family, octets, from, to, false, (_family, _octets, at) => {
    prefixes.push(prefixAt(family, octets, at));
  });
  return prefixes;
}
