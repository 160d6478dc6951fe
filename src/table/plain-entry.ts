// The short way from octets to a service, for entries written as nearly all of a large table are: a name, addresses and
// prefixes in plain strings. It knows no errors: whatever looks unusual in any way is left to JSON.parse and entry.ts, and
// a law holds that both ways come to the same.

import { type Address, bitsOf, maskWord, type Prefix } from '../net/address.js';
import { emptyHash, extendHash, nameHash } from '../net/name-map.js';
import { isOrdinary } from './announceable.js';
import { PrefixScanner } from './csv-prefix.js';
import { defaultService } from './entry.js';
import { type KeptService, noIpv4, PlainService } from './plain-service.js';

/** Decodes a run of ASCII octets. */
export type AsciiText = (octets: Uint8Array, start: number, end: number) => string;

const [quote, comma, colon, dot, slash, backslash] = [0x22, 0x2c, 0x3a, 0x2e, 0x2f, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const maxNameOctets = 200;
/** More are compared with one another the ordinary way. */
const maxItems = 4;

const octetsOf = (word: string): Uint8Array => Uint8Array.from(word, (character) => character.charCodeAt(0));
const nameKey = octetsOf('"name"');
const addressesKey = octetsOf('"addresses"');
const prefixesKey = octetsOf('"prefixes"');

export class PlainEntryReader {
  readonly #text: AsciiText;
  readonly #scanner = new PrefixScanner();
  #octets: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Of the name. */
  #hash = 0;

  constructor(text: AsciiText) {
    this.#text = text;
  }

  read(octets: Uint8Array, start: number, end: number): KeptService | undefined {
    this.#octets = octets;
    this.#at = start;
    if (!this.#take(openObject)) return undefined;
    let name: string | undefined;
    let ipv4 = noIpv4;
    let addresses: readonly Address[] | undefined;
    let prefixes: readonly Prefix[] | undefined;
    do {
      if (name === undefined && this.#key(nameKey)) {
        name = this.#name();
        if (name === undefined) return undefined;
      } else if (ipv4 === noIpv4 && addresses === undefined && this.#key(addressesKey)) {
        ipv4 = this.#onlyIpv4();
        if (ipv4 !== noIpv4) continue;
        addresses = this.#list(readBareAddress);
        if (addresses === undefined) return undefined;
      } else if (prefixes === undefined && this.#key(prefixesKey)) {
        prefixes = this.#list(readPrefix);
        if (prefixes === undefined) return undefined;
      } else return undefined;
    } while (this.#take(comma));
    if (!this.#take(closeObject) || this.#at !== end || name === undefined) return undefined;
    if (ipv4 !== noIpv4) addresses = prefixes === undefined ? undefined : [{ family: 'ipv4', words: [ipv4 >>> 0] }];
    const plain = prefixes === undefined ? plainService(name, this.#hash, ipv4, addresses) : undefined;
    if (plain !== undefined) return plain;
    const service = defaultService();
    service.name = name;
    if (addresses !== undefined) service.addresses = addresses;
    if (prefixes !== undefined) service.prefixes = prefixes;
    return service;
  }

  #take(octet: number): boolean {
    while (this.#octets[this.#at] === 0x20) this.#at++;
    if (this.#octets[this.#at] !== octet) return false;
    this.#at++;
    return true;
  }

  #key(key: Uint8Array): boolean {
    while (this.#octets[this.#at] === 0x20) this.#at++;
    for (let i = 0; i < key.length; i++) if (this.#octets[this.#at + i] !== key[i]) return false;
    this.#at += key.length;
    return this.#take(colon);
  }

  #name(): string | undefined {
    if (!this.#take(quote)) return undefined;
    const octets = this.#octets;
    const start = this.#at;
    let at = start;
    let slashAt = -1;
    let hash = emptyHash;
    for (let octet = octets[at]!; octet !== quote; octet = octets[++at]!) {
      if (octet === slash && slashAt < 0) slashAt = at;
      else if (!(octet > 0x20 && octet < 0x7f) || octet === backslash || octet === slash) return undefined;
      hash = extendHash(hash, octet);
    }
    const last = slashAt < 0 ? start : slashAt + 1;
    if (at === last || slashAt === start || at - start > maxNameOctets) return undefined;
    if (octets[start] === dot || octets[last] === dot) return undefined;
    this.#at = at + 1;
    const text = this.#text(octets, start, at);
    const name = slashAt < 0 ? `default/${text}` : text;
    this.#hash = slashAt < 0 ? nameHash(name) : hash;
    return name;
  }

  #list<T extends Address>(make: (scanner: PrefixScanner) => T | undefined): readonly T[] | undefined {
    if (!this.#take(openList)) return undefined;
    const first = this.#item(make);
    if (first === undefined) return undefined;
    // One item is the rule; an array that grew would keep room for sixteen more.
    const items = [first];
    while (this.#take(comma)) {
      const item = this.#item(make);
      if (item === undefined || items.length === maxItems) return undefined;
      if (items.some(({ words }) => words[0] === item.words[0])) return undefined;
      items.push(item);
    }
    return this.#take(closeList) ? items : undefined;
  }

  /** Nearly all lists: one IPv4 address. Otherwise nothing was taken. */
  #onlyIpv4(): number {
    const start = this.#at;
    if (this.#take(openList) && this.#take(quote)) {
      const { words } = this.#scanner;
      const end = this.#scanner.scan(this.#octets, this.#at);
      this.#at = end + 1;
      const isPlain = end >= 0 && this.#octets[end] === quote && this.#scanner.isBare && this.#take(closeList);
      if (isPlain && this.#scanner.family === 'ipv4' && isOrdinary('ipv4', words[0]!)) return words[0]! | 0;
    }
    this.#at = start;
    return noIpv4;
  }

  #item<T extends Address>(make: (scanner: PrefixScanner) => T | undefined): T | undefined {
    if (!this.#take(quote)) return undefined;
    const end = this.#scanner.scan(this.#octets, this.#at);
    if (end < 0 || this.#octets[end] !== quote) return undefined;
    this.#at = end + 1;
    return isOrdinary(this.#scanner.family, this.#scanner.words[0]!) ? make(this.#scanner) : undefined;
  }
}

/** Undefined for any but an address of each family, in that order. */
function plainService(
  name: string,
  hash: number,
  ipv4: number,
  addresses: readonly Address[] | undefined,
): PlainService | undefined {
  if (ipv4 !== noIpv4) return new PlainService(name, ipv4, undefined, hash);
  const [first, second] = addresses ?? [];
  if (first === undefined || (addresses?.length ?? 0) > 2) return undefined;
  if (second === undefined)
    return first.family === 'ipv4'
      ? new PlainService(name, first.words[0]! | 0, undefined, hash)
      : new PlainService(name, noIpv4, first.words, hash);
  const isPair = first.family === 'ipv4' && second.family === 'ipv6';
  return isPair ? new PlainService(name, first.words[0]! | 0, second.words, hash) : undefined;
}

const wordsOf = ({ family, words }: PrefixScanner): number[] =>
  family === 'ipv4' ? [words[0]!] : [words[0]!, words[1]!, words[2]!, words[3]!];

const readBareAddress = (scanner: PrefixScanner): Address | undefined =>
  scanner.isBare ? { family: scanner.family, words: wordsOf(scanner) } : undefined;

function readPrefix(scanner: PrefixScanner): Prefix | undefined {
  const { family, length } = scanner;
  const words = wordsOf(scanner);
  const hasHostBits =
    length < bitsOf(family) && words.some((word, i) => (word & maskWord(length - i * 32)) >>> 0 !== word);
  return hasHostBits ? undefined : { family, words, length };
}
