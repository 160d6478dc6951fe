// JSON and NDJSON tables, of any size: a new version of the text costs what changed in it. Entries that lie wholly in the
// common beginning or end of the old and the new text are neither read nor looked at again.

import type { Problem } from '../problem.js';
import { EntryReader } from './entry.js';
import { type Entry, type EntryPlace, EntryTable, type Layout, type Offset, TroubledEntry } from './entry-table.js';
import { type ItemScanner, JsonItemScanner, LineScanner, type TextFault } from './item-scanner.js';
import { jsonPlaces } from './json-places.js';
import { PlainEntryReader } from './plain-entry.js';
import type { Aliases } from './reading.js';
import type { TableChange } from './table-change.js';

/** Work on octets for which Node has native code. */
export interface OctetWork {
  /** UTF-8; what is not well-formed becomes U+FFFD. */
  text(octets: Uint8Array, start: number, end: number): string;
  equal(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean;
}

const maxEntryOctets = 1024 * 1024;
/** Between two yields: well under a millisecond of work. */
const entriesPerStep = 100;
/** Between two edits in one text the same entries are found again, unless an edit replaced more than this. */
const entriesLookedAhead = 64;

interface Reading {
  readonly entries: Entry[];
  readonly starts: number[];
  readonly lines: number[];
  /** Of the entries, those that were not there before, and those that were and are no more. */
  readonly fresh: Entry[];
  readonly gone: Entry[];
}

const isEntry = (read: Entry | Problem): read is Entry => !('where' in read);

export class TableText {
  readonly #isLines: boolean;
  readonly #file: string;
  readonly #work: OctetWork;
  readonly #most: number;
  #reader: EntryReader;
  readonly #plain: PlainEntryReader;
  readonly #entries = new EntryTable();
  #octets: Uint8Array = new Uint8Array(0);
  /** Of each entry: where it begins, and on which line. */
  #starts = new Uint32Array(0);
  #lines = new Uint32Array(0);

  /** A text with more entries than `most` is refused as a whole. */
  constructor(
    format: 'json' | 'ndjson',
    file: string,
    aliases: Aliases,
    work: OctetWork,
    most: number = Number.POSITIVE_INFINITY,
  ) {
    this.#most = most;
    this.#isLines = format === 'ndjson';
    this.#file = file;
    this.#work = work;
    this.#reader = new EntryReader(aliases);
    this.#plain = new PlainEntryReader(work.text);
  }

  /** From the next update on communities have other names: everything is read anew then. */
  rename(aliases: Aliases): void {
    this.#reader = new EntryReader(aliases);
    this.#octets = new Uint8Array(0);
    this.#starts = new Uint32Array(0);
    this.#lines = new Uint32Array(0);
  }

  /**
   * Takes the octets (which must not change from now on) as the new text, all or nothing: until the generator has ended,
   * and when the text turns out to be unusable, the old version stands.
   */
  *update(octets: Uint8Array): Generator<void, TableChange> {
    const old = this.#octets;
    const head = commonHead(old, octets, this.#work);
    const tail = commonTail(old, octets, Math.min(old.length, octets.length) - head, this.#work);
    const shift = octets.length - old.length;
    // The entry in which the texts part is read again; those before it end where both still are the same.
    const from = Math.max(0, countUpTo(this.#starts, head) - 1);
    const resumeAt = from === 0 ? undefined : { at: this.#starts[from]!, line: this.#lines[from]! };
    const scanner = this.#isLines ? new LineScanner(octets, resumeAt) : new JsonItemScanner(octets, resumeAt);

    const read: Reading = { entries: [], starts: [], lines: [], fresh: [], gone: [] };
    let to = from;
    for (;;) {
      const at = scanner.at - shift;
      if (scanner.at >= octets.length - tail) {
        while (to < this.#starts.length && this.#starts[to]! < at) read.gone.push(this.#entries.at(to++));
        if (this.#starts[to] === at) break;
      }
      if (!scanner.next()) {
        while (to < this.#starts.length) read.gone.push(this.#entries.at(to++));
        break;
      }
      const same = this.#sameAs(octets, scanner, to);
      if (same >= 0) {
        while (to < same) read.gone.push(this.#entries.at(to++));
        read.entries.push(this.#entries.at(to++));
      } else {
        const entry = this.#read(octets, scanner);
        if (!isEntry(entry)) return this.#unusable(entry);
        read.entries.push(entry);
        if (old.length > 0) read.fresh.push(entry);
      }
      if (from + read.entries.length > this.#most) return this.#unusable(this.#tooMany(scanner.startLine));
      read.starts.push(scanner.start);
      read.lines.push(scanner.startLine);
      if (read.entries.length % entriesPerStep === 0) yield;
    }
    if (scanner.fault !== undefined) return this.#unusable(this.#firstFault(octets, scanner, scanner.fault));
    if (from + read.entries.length + this.#starts.length - to > this.#most)
      return this.#unusable(this.#tooMany(scanner.line));

    this.#starts = spliced(this.#starts, from, to, read.starts, shift);
    this.#lines = spliced(this.#lines, from, to, read.lines, scanner.line - (this.#lines[to] ?? 0));
    this.#octets = octets;
    const difference =
      old.length > 0
        ? this.#entries.replace(from, to, read.entries, read)
        : this.#entries.replace(0, this.#entries.length, read.entries);
    return { kind: 'services', ...difference, ...this.#entries.report(this.#layout()), count: this.#entries.count };
  }

  /** Which of the next old entries is written in the same octets; -1: none. */
  #sameAs(octets: Uint8Array, { start, end }: ItemScanner, from: number): number {
    const last = Math.min(from + entriesLookedAhead, this.#starts.length);
    for (let index = from; index < last; index++) {
      const offset = this.#starts[index]! - start;
      let at = start;
      while (at < end && octets[at] === this.#octets[at + offset]) at++;
      if (at === end && this.#endsEntry(octets[start]!, end + offset)) return index;
    }
    return -1;
  }

  /** Whether an old entry that begins like a new one also ends like it. */
  #endsEntry(first: number, end: number): boolean {
    const after = this.#octets[end];
    // A JSON object ends with its own brace; a line could go on.
    return this.#isLines ? after === undefined || after === 0x0a : first === 0x7b;
  }

  /** The entry the scanner found, or why the whole text cannot be used. */
  #read(octets: Uint8Array, { start, end, startLine }: ItemScanner): Entry | Problem {
    if (end - start > maxEntryOctets) {
      const head = this.#work.text(octets, start, start + maxEntryOctets);
      const what = this.#isLines ? 'the line' : 'the entry';
      return this.#brokenEntry(head, 0, `${what} is longer than ${maxEntryOctets / 1024 / 1024} MiB`);
    }
    const plain = this.#plain.read(octets, start, end);
    if (plain !== undefined) return plain;
    const text = this.#work.text(octets, start, end);
    const value = parsed(text);
    if (value !== undefined) return this.#entry(value, text);
    const { offset, message } = jsonPlaces(text).fault ?? { offset: 0, message: 'not JSON' };
    if (this.#isLines) return this.#brokenEntry(text, offset, message);
    return this.#problem(this.#placeAt(octets, start, startLine, offsetIn(text, offset)), message);
  }

  #entry(value: unknown, text: string): Entry {
    const { name, service, problems } = this.#reader.read(value);
    if (problems.length === 0 && service !== undefined) return service;
    const { values } = jsonPlaces(text);
    const placed = problems.map((problem) => ({ ...problem, at: offsetIn(text, nearestPlace(values, problem.path)) }));
    return new TroubledEntry(name, service, placed);
  }

  /** Its name is taken at face value, so that a slip of the pen does not withdraw the service. */
  #brokenEntry(text: string, offset: number, message: string): TroubledEntry {
    const name = /"name"\s*:\s*"([^"\\]*)"/.exec(text.slice(0, 4096))?.[1];
    const at = offsetIn(text, offset);
    return new TroubledEntry(this.#reader.read({ name }).name, undefined, [
      { severity: 'error', path: '', message, at },
    ]);
  }

  /** The scanner counts brackets only; what is wrong with an entry that never ends, it cannot tell. */
  #firstFault(octets: Uint8Array, { start, startLine }: ItemScanner, fault: TextFault): Problem {
    // An entry that never ends may be as long as the file, which no string can be.
    const text = this.#work.text(octets, start, Math.min(fault.offset, start + maxEntryOctets));
    const inside = fault.isInsideEntry ? jsonPlaces(text).fault : undefined;
    if (inside !== undefined)
      return this.#problem(this.#placeAt(octets, start, startLine, offsetIn(text, inside.offset)), inside.message);
    return this.#problem({ line: fault.line, column: columnOf(octets, fault.offset) }, fault.message);
  }

  #tooMany(line: number): Problem {
    const message = `more than ${this.#most} services are more than there is memory for; prefixes that need none go into CSV (.csv) files`;
    return this.#problem({ line, column: 1 }, message);
  }

  #placeAt(octets: Uint8Array, start: number, startLine: number, { line, column }: Offset): EntryPlace {
    return { line: startLine + line, column: column + (line === 0 ? columnOf(octets, start) : 1) };
  }

  #problem(place: EntryPlace, message: string): Problem {
    return { severity: 'error', where: { file: this.#file, ...place }, path: '', message };
  }

  #unusable(problem: Problem): TableChange {
    return { kind: 'unusable', problems: [problem] };
  }

  /** Where the entry of this name begins in the text that was read last. */
  placeOf(name: string): EntryPlace | undefined {
    const index = this.#entries.indexOf(name);
    return index < 0 ? undefined : this.#place(index);
  }

  #place(index: number): EntryPlace {
    return { line: this.#lines[index]!, column: columnOf(this.#octets, this.#starts[index]!) };
  }

  #layout(): Layout {
    const columns = new Columns(this.#octets);
    return {
      file: this.#file,
      placeOf: (index) => ({ line: this.#lines[index]!, column: columns.at(this.#starts[index]!) }),
      lineOf: (index) => this.#lines[index]!,
      pathOf: (index) => (this.#isLines ? '' : `services[${index}]`),
    };
  }
}

/** Undefined for what is not JSON, which no JSON text gives. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const blockOctets = 64 * 1024;

/** How many octets two texts have in common from the beginning. */
function commonHead(a: Uint8Array, b: Uint8Array, work: OctetWork): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && work.equal(a, at, b, at, Math.min(blockOctets, most - at))) at += blockOctets;
  while (at < most && a[at] === b[at]) at++;
  return Math.min(at, most);
}

/** How many octets two texts have in common at the end, at most `most`. */
function commonTail(a: Uint8Array, b: Uint8Array, most: number, work: OctetWork): number {
  let count = 0;
  const isBlockEqual = (size: number): boolean =>
    work.equal(a, a.length - count - size, b, b.length - count - size, size);
  while (count + blockOctets <= most && isBlockEqual(blockOctets)) count += blockOctets;
  while (count < most && a[a.length - count - 1] === b[b.length - count - 1]) count++;
  return count;
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(numbers: Uint32Array, limit: number): number {
  let low = 0;
  for (let high = numbers.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function spliced(
  numbers: Uint32Array,
  from: number,
  to: number,
  added: readonly number[],
  shift: number,
): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(from + added.length + numbers.length - to);
  result.set(numbers.subarray(0, from));
  result.set(added, from);
  for (let i = to, at = from + added.length; i < numbers.length; i++, at++) result[at] = numbers[i]! + shift;
  return result;
}

function offsetIn(text: string, offset: number): Offset {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length - 1, column: offset - (before.lastIndexOf('\n') + 1) };
}

/** Of ascending offsets, each looked for from the one before: a whole table may be a single line. */
class Columns {
  readonly #octets: Uint8Array;
  #offset = 0;
  #column = 1;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  at(offset: number): number {
    for (; this.#offset < offset; this.#offset++) {
      const octet = this.#octets[this.#offset]!;
      if (octet === 0x0a) this.#column = 1;
      else if ((octet & 0xc0) !== 0x80) this.#column++;
    }
    return this.#column;
  }
}

/** From 1, in characters. */
function columnOf(octets: Uint8Array, offset: number): number {
  let column = 1;
  for (let at = offset - 1; at >= 0 && octets[at] !== 0x0a; at--) if ((octets[at]! & 0xc0) !== 0x80) column++;
  return column;
}

/** Of the value at the path, or of the nearest that holds it. */
function nearestPlace(places: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; at !== ''; at = at.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, '')) {
    const place = places.get(at);
    if (place !== undefined) return place;
  }
  return 0;
}
