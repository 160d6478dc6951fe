// Lines out of octets as they come: each whole, in a buffer of its own or a view of the piece it came in, and none longer
// than a line may be, however long its sender makes it.

import type { Line } from './house.js';
import { CallError } from './problem-answer.js';

export const mostLineOctets = 1024 * 1024;
const newline = 0x0a;
/** There may be a million of them in a mebibyte. */
const blank: Uint8Array = new Uint8Array(0);

export class LineSplitter {
  #begun: Uint8Array[] = [];
  #octets = 0;
  /** The rest of a line that is too long is passed over. */
  #isPassing: boolean = false;

  /** The lines that end in this piece. */
  push(piece: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      if (end > start) this.#add(piece.subarray(start, end), lines);
      this.#finish(lines);
      start = end + 1;
    }
    this.#add(piece.subarray(start), lines);
    return lines;
  }

  /** What stood after the last newline. */
  end(): Line[] {
    const lines: Line[] = [];
    if (this.#octets > 0) this.#finish(lines);
    return lines;
  }

  #add(part: Uint8Array, lines: Line[]): void {
    if (this.#isPassing || part.length === 0) return;
    this.#octets += part.length;
    if (this.#octets > mostLineOctets) {
      this.#isPassing = true;
      this.#begun = [];
      this.#octets = 0;
      lines.push('tooLong');
    } else this.#begun.push(part);
  }

  #finish(lines: Line[]): void {
    if (!this.#isPassing) lines.push(this.#line());
    this.#isPassing = false;
    if (this.#octets === 0) return;
    this.#begun = [];
    this.#octets = 0;
  }

  #line(): Uint8Array {
    if (this.#octets === 0) return blank;
    return this.#begun.length === 1 ? this.#begun[0]! : joined(this.#begun, this.#octets);
  }
}

function joined(parts: readonly Uint8Array[], octets: number): Uint8Array {
  const line = new Uint8Array(octets);
  let at = 0;
  for (const part of parts) {
    line.set(part, at);
    at += part.length;
  }
  return line;
}

/** Of a whole body, piece by piece; none of them too long. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  const splitter = new LineSplitter();
  for await (const piece of pieces) yield short(splitter.push(piece));
  yield short(splitter.end());
}

export const lineTooLong = (): CallError =>
  new CallError(413, 'tooLarge', `a line is at most ${mostLineOctets / 1024 / 1024} MiB long`);

const short = (lines: readonly Line[]): Uint8Array[] =>
  lines.map((line) => {
    if (line === 'tooLong') throw lineTooLong();
    return line;
  });
