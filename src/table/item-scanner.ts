// Where the entries of a table text begin and end, found without reading them: lines of NDJSON, items of JSON's `services`
// list. A scanner can start over at any entry, so that an edit costs what was edited and not the whole file.

/** The whole text cannot be used. */
export interface TextFault {
  readonly offset: number;
  readonly line: number;
  readonly message: string;
  /** The text ended inside the entry that begins at `start`. */
  readonly isInsideEntry: boolean;
}

export interface ItemScanner {
  /** Where the next entry begins and on which line; only meaningful before a call of next(). */
  readonly at: number;
  readonly line: number;
  /** The extent of the entry that next() found. */
  readonly start: number;
  readonly end: number;
  readonly startLine: number;
  /** Why next() stopped before the end. */
  readonly fault: TextFault | undefined;
  next(): boolean;
}

export interface Resumption {
  readonly at: number;
  readonly line: number;
}

const newline = 0x0a;
const isSpace = (octet: number): boolean => octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09;

/** Octets of a byte order mark at the beginning, which editors write and JSON does not know. */
const markOctets = (octets: Uint8Array): number =>
  octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf ? 3 : 0;

/** One entry a line; blank lines are nothing. */
export class LineScanner implements ItemScanner {
  readonly #octets: Uint8Array;
  readonly fault = undefined;
  at: number;
  line: number;
  start = 0;
  end = 0;
  startLine = 1;

  /** From the beginning, or from where an entry begins. */
  constructor(octets: Uint8Array, resumeAt?: Resumption) {
    this.#octets = octets;
    this.at = resumeAt?.at ?? markOctets(octets);
    this.line = resumeAt?.line ?? 1;
    this.#skipBlank();
  }

  #skipBlank(): void {
    const octets = this.#octets;
    while (this.at < octets.length && isSpace(octets[this.at]!)) {
      if (octets[this.at] === newline) this.line++;
      this.at++;
    }
  }

  next(): boolean {
    const octets = this.#octets;
    if (this.at >= octets.length) return false;
    const found = octets.indexOf(newline, this.at);
    this.start = this.at;
    this.startLine = this.line;
    this.end = found < 0 ? octets.length : found;
    this.at = this.end;
    while (isSpace(octets[this.end - 1]!)) this.end--;
    this.#skipBlank();
    return true;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opens = (octet: number): boolean => octet === 0x5b || octet === 0x7b;
const closes = (octet: number): boolean => octet === 0x5d || octet === 0x7d;

/** The items of the list in `{"services": [ … ]}`; the object holds nothing else. */
export class JsonItemScanner implements ItemScanner {
  readonly #octets: Uint8Array;
  at: number;
  line = 1;
  start = 0;
  end = 0;
  startLine = 1;
  fault: TextFault | undefined;
  #ended = false;

  /** From the beginning, or from where an entry begins. */
  constructor(octets: Uint8Array, resumeAt?: Resumption) {
    this.#octets = octets;
    this.at = resumeAt?.at ?? markOctets(octets);
    this.line = resumeAt?.line ?? 1;
    if (resumeAt === undefined) this.#open();
    else this.#skipSpace();
  }

  #open(): boolean {
    if (!this.#expect('{', 'a table is an object {"services": [ … ]}')) return false;
    this.#skipSpace();
    if (this.#octets[this.at] === 0x7d) return this.#fail('services is missing; an empty table is {"services": []}');
    if (!this.#key()) return false;
    if (!this.#expect('[', 'services must be a list; an empty table is {"services": []}')) return false;
    this.#skipSpace();
    return this.#octets[this.at] !== 0x5d || this.#close();
  }

  /** `"services" :` */
  #key(): boolean {
    const start = this.at;
    if (!this.#expect('"', 'a key in quotes is expected here')) return false;
    const end = this.#octets.indexOf(quote, this.at);
    const key = String.fromCharCode(...this.#octets.subarray(start + 1, Math.min(end, start + 60)));
    if (end < 0 || key !== 'services') {
      this.at = start;
      return this.#fail(`unknown key "${key.replace(/[^ -~]/g, '?')}"; a table holds only services`);
    }
    this.at = end + 1;
    return this.#expect(':', "':' is expected after a key");
  }

  next(): boolean {
    if (this.#ended || this.fault !== undefined) return false;
    const octets = this.#octets;
    this.start = this.at;
    this.startLine = this.line;
    let depth = 0;
    for (let at = this.at; at < octets.length; at++) {
      const octet = octets[at]!;
      if (octet === quote) {
        at = this.#endOfString(at);
      } else if (octet === newline) this.line++;
      else if (opens(octet)) depth++;
      else if (depth > 0) {
        if (closes(octet)) depth--;
      } else if (octet === comma || closes(octet)) return this.#finishItem(at, octet);
    }
    this.at = octets.length;
    return this.#fail('the text ends inside the list of services', true);
  }

  /** Of the closing quote; past the end when there is none. A newline inside is for the entry's reader to refuse. */
  #endOfString(start: number): number {
    const octets = this.#octets;
    let at = start + 1;
    for (; at < octets.length && octets[at] !== quote; at++) {
      if (octets[at] === backslash) at++;
      if (octets[at] === newline) this.line++;
    }
    return at;
  }

  #finishItem(at: number, terminator: number): boolean {
    const octets = this.#octets;
    this.end = at;
    while (this.end > this.start && isSpace(octets[this.end - 1]!)) this.end--;
    this.at = at;
    if (this.end === this.start) return this.#fail('an entry is expected here');
    if (terminator === comma) {
      this.at++;
      this.#skipSpace();
    } else this.#close();
    return true;
  }

  /** `] }` and nothing more. */
  #close(): boolean {
    this.#ended = true;
    if (!this.#expect(']', "',' or ']' is expected here")) return false;
    this.#skipSpace();
    if (this.#octets[this.at] === comma) return this.#fail('a table holds only services');
    if (!this.#expect('}', "'}' is expected here")) return false;
    this.#skipSpace();
    return this.at === this.#octets.length || this.#fail('nothing may follow the table');
  }

  #skipSpace(): void {
    const octets = this.#octets;
    while (this.at < octets.length && isSpace(octets[this.at]!)) {
      if (octets[this.at] === newline) this.line++;
      this.at++;
    }
  }

  #expect(character: string, message: string): boolean {
    this.#skipSpace();
    if (this.#octets[this.at] === character.charCodeAt(0)) {
      this.at++;
      return true;
    }
    return this.#fail(message);
  }

  #fail(message: string, isInsideEntry = false): false {
    this.fault ??= { offset: this.at, line: this.line, message, isInsideEntry };
    return false;
  }
}
