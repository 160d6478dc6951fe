// Finds the line of a CSV that has a prefix, for whoever asks: a bulk keeps columns, and no lines.

import { formatPrefix, maskWord, type Prefix, parsePrefix } from '../net/address.js';
import { utf8Text } from '../net/text.js';
import { splitFields } from './csv-columns.js';
import { PrefixScanner } from './csv-prefix.js';

const newline = 0x0a;
const carriageReturn = 0x0d;
const comma = 0x2c;
const comment = 0x23;
/** No row is longer: csv.ts refuses it. */
const maxLineOctets = 64 * 1024;

export class RowSearch {
  /** Of the first row with the prefix, from 1; undefined as long as there is none. */
  line: number | undefined;
  readonly #wanted: Prefix;
  readonly #text: string;
  readonly #scanner = new PrefixScanner();
  #carry = new Uint8Array(0);
  #line = 1;

  constructor(wanted: Prefix) {
    this.#wanted = wanted;
    this.#text = formatPrefix(wanted);
  }

  /** The chunk may be reused afterwards. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0 && this.line === undefined; end = chunk.indexOf(newline, start)) {
      const isFound =
        this.#carry.length === 0 ? this.#has(chunk, start, end + 1) : this.#hasWhole(chunk.subarray(start, end + 1));
      if (isFound) this.line = this.#line;
      this.#line++;
      start = end + 1;
    }
    if (start < chunk.length) this.#carry = this.#joined(chunk.subarray(start));
  }

  /** The last line may have no end. */
  finish(): number | undefined {
    this.push(Uint8Array.of(newline));
    return this.line;
  }

  /** A line of which the beginning is kept. */
  #hasWhole(end: Uint8Array): boolean {
    const line = this.#joined(end);
    this.#carry = new Uint8Array(0);
    return this.#has(line, 0, line.length);
  }

  #joined(part: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#carry.length + part.length > maxLineOctets) return Uint8Array.of(comment, newline);
    const joined = new Uint8Array(this.#carry.length + part.length);
    joined.set(this.#carry);
    joined.set(part, this.#carry.length);
    return joined;
  }

  #has(octets: Uint8Array, start: number, next: number): boolean {
    const end = this.#scanner.scan(octets, start);
    const after = end < 0 ? undefined : octets[end];
    if (after === comma || after === newline || after === carriageReturn) return this.#isScanned();
    const field = splitFields(utf8Text(octets.subarray(start, next)).trim())?.[0];
    const prefix = field === undefined ? undefined : parsePrefix(field);
    return prefix !== undefined && formatPrefix(prefix) === this.#text;
  }

  #isScanned(): boolean {
    const { family, length, words } = this.#scanner;
    const wanted = this.#wanted;
    if (family !== wanted.family || length !== wanted.length) return false;
    return wanted.words.every((word, k) => (words[k]! & maskWord(length - k * 32)) >>> 0 === word);
  }
}
