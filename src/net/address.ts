// IP addresses and prefixes as values: parsing, formatting, masking, ordering. No sockets, no configuration.
// Both families share one shape, so that code that masks, compares or hashes is written once.
// Read RFC 4291 §2.2 (text forms) and RFC 5952 (the one canonical form we print) first.

export type Family = 'ipv4' | 'ipv6';

/** `words`: unsigned 32-bit words in network order, one for IPv4, four for IPv6. */
export interface Address {
  readonly family: Family;
  readonly words: readonly number[];
}

/** A prefix in canonical form: bits beyond `length` are zero. */
export interface Prefix extends Address {
  readonly length: number;
}

export const bitsOf = (family: Family): 32 | 128 => (family === 'ipv4' ? 32 : 128);
export const octetsOf = (family: Family): 4 | 16 => (family === 'ipv4' ? 4 : 16);

/** Strict dotted quad: four decimal numbers without leading zeros. */
export function parseIpv4(text: string): Address | undefined {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (octet < 0 || ++dots > 3) return undefined;
      value = value * 256 + octet;
      octet = -1;
    } else if (c >= 48 && c <= 57) {
      if (octet === 0) return undefined;
      octet = octet < 0 ? c - 48 : octet * 10 + c - 48;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  if (dots !== 3 || octet < 0) return undefined;
  return { family: 'ipv4', words: [value * 256 + octet] };
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = index === parts.length - 1 ? parseIpv4(part)?.words[0] : undefined;
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** RFC 4291 §2.2 in all its forms; no scope id. */
export function parseIpv6(text: string): Address | undefined {
  const gap = text.indexOf('::');
  if (gap !== text.lastIndexOf('::')) return undefined;
  const head = parseGroups(gap < 0 ? text : text.slice(0, gap));
  const tail = gap < 0 ? [] : parseGroups(text.slice(gap + 2));
  if (head === undefined || tail === undefined || (gap >= 0 && text.slice(0, gap).includes('.'))) return undefined;
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const word = (i: number): number => (groups[i * 2]! * 0x10000 + groups[i * 2 + 1]!) >>> 0;
  return { family: 'ipv6', words: [word(0), word(1), word(2), word(3)] };
}

export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** `ADDRESS/LENGTH`, or a bare address as a host prefix. Host bits are masked; compare with the input to warn about them. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { ...address, length: bitsOf(address.family) };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  return length <= bitsOf(address.family) ? prefixOf(address, length) : undefined;
}

/** The `length`-bit prefix that holds the address. */
export function prefixOf(address: Address, length: number): Prefix {
  if (length === bitsOf(address.family)) return { family: address.family, words: address.words, length }; // the address itself
  const words = address.words.map((word, i) => (word & maskWord(length - i * 32)) >>> 0);
  return { family: address.family, words, length };
}

export const hostPrefix = (address: Address): Prefix => ({ ...address, length: bitsOf(address.family) });

/** The 32-bit mask that keeps the first `bits` bits; below 0 keeps none, above 32 keeps all. */
export function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

export function contains(prefix: Prefix, address: Address): boolean {
  if (prefix.family !== address.family) return false;
  return prefix.words.every((word, i) => (address.words[i]! & maskWord(prefix.length - i * 32)) >>> 0 === word);
}

export const sameAddress = (a: Address, b: Address): boolean => compareAddresses(a, b) === 0;

/** IPv4 before IPv6, then numerically. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family === 'ipv4' ? -1 : 1;
  for (const [i, word] of a.words.entries()) {
    const difference = word - b.words[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

export const comparePrefixes = (a: Prefix, b: Prefix): number => compareAddresses(a, b) || a.length - b.length;

export function formatAddress({ family, words }: Address): string {
  return family === 'ipv4' ? formatIpv4(words[0]!) : formatIpv6(words);
}

export const formatIpv4 = (word: number): string =>
  `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/** RFC 5952 §4: lower case, no leading zeros, the longest run of zero groups (the first of equals, at least two) as `::`. */
function formatIpv6(words: readonly number[]): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return `::ffff:${formatIpv4(words[3]!)}`; // RFC 5952 §5
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let start = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > longest) {
      start = i;
      longest = end - i;
    }
    if (end > i) i = end;
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + longest, 8)}`;
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix)}/${prefix.length}`;

/** A Map key, equal for equal prefixes only; a number for IPv4 because a table of a million has a million of them. */
export function prefixKey({ family, words, length }: Prefix): number | string {
  return family === 'ipv4' ? words[0]! * 64 + length : `${words.join(',')}/${length}`;
}

/** Equal for equal addresses, for maps and sets. */
export type AddressKey = number | string;

export const addressKey = ({ family, words }: Address): AddressKey =>
  family === 'ipv4' ? words[0]! : `${words[0]},${words[1]},${words[2]},${words[3]}`;

/** The one after it; the last of a family is followed by the first. */
export function nextAddress({ family, words }: Address): Address {
  const next = [...words];
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) >>> 0;
    if (next[i] !== 0) break;
  }
  return { family, words: next };
}

export const isIpv6LinkLocal = ({ family, words }: Address): boolean =>
  family === 'ipv6' && (words[0]! & 0xffc00000) >>> 0 === 0xfe800000;

/** Big-endian octets: 4 or 16. */
export function addressOctets({ words }: Address): Uint8Array {
  const octets = new Uint8Array(words.length * 4);
  const view = new DataView(octets.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word);
  return octets;
}

export function addressFromOctets(octets: Uint8Array): Address {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (octets.length === 4) return { family: 'ipv4', words: [view.getUint32(0)] };
  return { family: 'ipv6', words: [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)] };
}
