// A CSV bulk, octets in and columns out, chunk by chunk: no row ever becomes an object or a string unless it is wrong.
// Rows that cannot be used are rejected by line; a header that cannot be read makes the whole file unusable.

import type { RouteAttributes } from '../config/config.js';
import { formatPrefix, maskWord, type Prefix, parsePrefix } from '../net/address.js';
import { utf8Text } from '../net/text.js';
import type { Problem } from '../problem.js';
import { isOrdinary, martian } from './announceable.js';
import type { Bulk } from './bulk.js';
import { BulkRows } from './bulk-rows.js';
import { RowAttributes, readHeader, splitFields } from './csv-columns.js';
import { PrefixScanner } from './csv-prefix.js';
import { CsvRun } from './csv-run.js';
import { InternedOctets } from './interned-octets.js';
import { ProblemList } from './problem-list.js';
import { type Aliases, type EntryProblem, quoted } from './reading.js';

export type CsvReading =
  | { readonly kind: 'bulk'; readonly bulk: Bulk; readonly rejected: number; readonly problems: readonly Problem[] }
  | { readonly kind: 'unusable'; readonly problems: readonly Problem[] };

const newline = 0x0a;
const carriageReturn = 0x0d;
const comma = 0x2c;
const maxLineOctets = 64 * 1024;
/** After a prefix; longer ones are compared row by row. */
const maxAlikeOctets = 1024;
const noOctets = new Uint8Array(0);

export class CsvTable {
  readonly #file: string;
  readonly #problems: ProblemList;
  readonly #aliases: Aliases;
  readonly #scanner = new PrefixScanner();
  readonly #ipv4 = new BulkRows('ipv4');
  readonly #ipv6 = new BulkRows('ipv6');
  readonly #texts = new InternedOctets();
  /** What each distinct text after a prefix says: an index into the attribute sets, or why it is none. */
  readonly #meanings: (number | readonly EntryProblem[])[] = [];
  readonly #run = new CsvRun();
  /** Number of the text after the prefix of the last row; and once two rows had the same, that text, and what it says. */
  #lastText = -1;
  #alike: Uint8Array | undefined;
  #alikeAttributes = 0;
  #attributes: RowAttributes | undefined;
  #isPlain = false;
  #unusable = false;
  /** The start of a line whose end has not come yet. */
  #carry = noOctets;
  #overlong = false;
  #line = 1;
  #rejected = 0;

  constructor(file: string, aliases: Aliases) {
    this.#file = file;
    this.#problems = new ProblemList(file);
    this.#aliases = aliases;
  }

  /** The chunk may be reused afterwards. */
  push(chunk: Uint8Array): void {
    let start = 0;
    if (this.#carry.length > 0 || this.#overlong) {
      start = chunk.indexOf(newline) + 1;
      this.#keep(start === 0 ? chunk : chunk.subarray(0, start));
      if (start === 0) return;
      this.#takeCarry();
    }
    const end = chunk.lastIndexOf(newline) + 1;
    if (end > start) this.#lines(chunk, start, end);
    if (Math.max(start, end) < chunk.length) this.#keep(chunk.subarray(Math.max(start, end)));
  }

  finish(): CsvReading {
    if (this.#carry.length > 0 || this.#overlong) {
      this.#keep(Uint8Array.of(newline));
      this.#takeCarry();
    }
    if (this.#attributes === undefined && !this.#unusable) this.#readHeader('');
    if (this.#unusable || this.#attributes === undefined)
      return { kind: 'unusable', problems: this.#problems.finish() };
    const repeated = (line: number, firstLine: number): void =>
      this.#reject(line, 'prefix', `repeats the prefix of line ${firstLine}`);
    const attributeSets: readonly RouteAttributes[] = this.#attributes.sets;
    const bulk: Bulk = { ipv4: this.#ipv4.finish(repeated), ipv6: this.#ipv6.finish(repeated), attributeSets };
    return { kind: 'bulk', bulk, rejected: this.#rejected, problems: this.#problems.finish() };
  }

  #keep(part: Uint8Array): void {
    if (this.#overlong || this.#carry.length + part.length > maxLineOctets) {
      this.#overlong = true;
      this.#carry = noOctets;
      return;
    }
    const carry = new Uint8Array(this.#carry.length + part.length);
    carry.set(this.#carry);
    carry.set(part, this.#carry.length);
    this.#carry = carry;
  }

  #takeCarry(): void {
    const line = this.#carry;
    this.#carry = noOctets;
    if (this.#overlong) {
      this.#overlong = false;
      this.#rejectOverlong();
      this.#line++;
    } else this.#lines(line, 0, line.length);
  }

  /** Whole lines only. */
  #lines(octets: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; this.#line++) {
      if (this.#alike !== undefined) {
        at = this.#alikeRows(octets, at, end, this.#alike);
        if (at === end) return;
      }
      const next = this.#row(octets, at);
      at = next >= 0 ? next : this.#unusualLine(octets, at);
    }
  }

  #alikeRows(octets: Uint8Array, start: number, end: number, rest: Uint8Array): number {
    const run = this.#run;
    let at = start;
    do {
      at = run.read(octets, at, end, rest);
      this.#ipv4.appendRun(run.words, run.lengths, run.count, this.#alikeAttributes, this.#line);
      this.#line += run.count;
    } while (run.isFull);
    return at;
  }

  /** Takes a row written as most are: answers where the next line begins, or -1 when this needs a closer look. */
  #row(octets: Uint8Array, start: number): number {
    if (this.#attributes === undefined) return -1;
    const end = this.#scanner.scan(octets, start);
    if (end < 0) return -1;
    if (octets[end] === comma) {
      const next = octets.indexOf(newline, end) + 1;
      if (next - start > maxLineOctets) return -1;
      const number = this.#texts.intern(octets, end + 1, next - 1);
      if (number === this.#meanings.length) this.#meanings.push(this.#read(octets.subarray(end + 1, next - 1)));
      const meaning = this.#meanings[number];
      if (typeof meaning !== 'number') return -1;
      if (!this.#append(meaning)) return -1;
      this.#remember(number, meaning, octets, end, next);
      return next;
    }
    if (!this.#isPlain) return -1;
    const last = octets[end] === carriageReturn ? end + 1 : end;
    if (octets[last] !== newline || !this.#append(0)) return -1;
    this.#remember(last - end, 0, octets, end, last + 1);
    return last + 1;
  }

  #remember(text: number, attributes: number, octets: Uint8Array, from: number, to: number): void {
    if (text !== this.#lastText) this.#alike = undefined;
    else if (this.#alike === undefined && to - from <= maxAlikeOctets) {
      // A copy, which slice() is not where the octets are a Buffer.
      this.#alike = new Uint8Array(octets.subarray(from, to));
      this.#alikeAttributes = attributes;
    }
    this.#lastText = text;
  }

  #read(octets: Uint8Array): number | readonly EntryProblem[] {
    return this.#attributes!.read(splitFields(utf8Text(octets)));
  }

  /** Appends what the scanner found, unless there is something to say about it. */
  #append(attributes: number): boolean {
    const { words, length, family } = this.#scanner;
    if (!isOrdinary(family, words[0]!)) return false;
    if (family === 'ipv4') {
      if (length < 32 && (words[0]! & maskWord(length)) >>> 0 !== words[0]) return false;
      this.#ipv4.append(words, length, attributes, this.#line);
      return true;
    }
    for (let k = 0; k < 4; k++) if ((words[k]! & maskWord(length - k * 32)) >>> 0 !== words[k]) return false;
    this.#ipv6.append(words, length, attributes, this.#line);
    return true;
  }

  #unusualLine(octets: Uint8Array, start: number): number {
    const next = octets.indexOf(newline, start) + 1;
    if (next - start > maxLineOctets) this.#rejectOverlong();
    else {
      // trim() also takes the byte order mark that some editors put first.
      const text = utf8Text(octets.subarray(start, next - 1)).trim();
      if (text === '' || text.startsWith('#') || this.#unusable) return next;
      if (this.#attributes === undefined) this.#readHeader(text);
      else this.#readRow(text, this.#attributes);
    }
    return next;
  }

  #readHeader(text: string): void {
    const columns = readHeader(text);
    if (typeof columns === 'string') {
      this.#unusable = true;
      this.#say('error', this.#line, '', columns);
      return;
    }
    this.#attributes = new RowAttributes(columns, this.#aliases);
    this.#isPlain = columns.length === 0;
  }

  #readRow(text: string, attributes: RowAttributes): void {
    const fields = splitFields(text);
    const first = fields?.[0] ?? '';
    const meaning = attributes.read(fields?.slice(1));
    const prefix = parsePrefix(first);
    const what = prefix === undefined ? undefined : martian(prefix);
    if (typeof meaning !== 'number') {
      this.#rejected++;
      for (const { path, message } of meaning) this.#say('error', this.#line, path, message);
    } else if (prefix === undefined)
      this.#reject(this.#line, 'prefix', `${quoted(first)} is not a prefix, as 192.0.2.0/24 or 2001:db8::/32`);
    else if (what !== undefined)
      this.#reject(this.#line, 'prefix', `${formatPrefix(prefix)} cannot be announced: it is ${what}`);
    else this.#appendParsed(first, prefix, meaning);
  }

  #appendParsed(text: string, prefix: Prefix, attributes: number): void {
    const written = parsePrefix(text.split('/', 1)[0]!)!;
    if (written.words.some((word, k) => word !== prefix.words[k]))
      this.#say('warning', this.#line, 'prefix', `${quoted(text)} has host bits; taken as ${formatPrefix(prefix)}`);
    const rows = prefix.family === 'ipv4' ? this.#ipv4 : this.#ipv6;
    rows.append(Uint32Array.from(prefix.words), prefix.length, attributes, this.#line);
  }

  #rejectOverlong(): void {
    this.#reject(this.#line, '', `the line is longer than ${maxLineOctets / 1024} KiB`);
  }

  #reject(line: number, path: string, message: string): void {
    this.#rejected++;
    this.#say('error', line, path, message);
  }

  #say(severity: Problem['severity'], line: number, path: string, message: string): void {
    this.#problems.add({ severity, where: { file: this.#file, line, column: 1 }, path, message });
  }
}
