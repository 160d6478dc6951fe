// What a client sends as a body: never more of it than we are willing to hold, of one and of all together, and never more
// values than memory has room for.

import type { IncomingMessage } from 'node:http';
import { sanitised } from '../net/text.js';
import { CallError, shown } from './problem-answer.js';

export const mostBodyOctets = 64 * 1024 * 1024;
/** A table of lines: of what is read of it the entries stay until the last has come. */
const mostLinesOctets = 256 * 1024 * 1024;
/** All bodies of one window. */
const mostHeldOctets = 256 * 1024 * 1024;
/** Of JSON: text may become objects of a hundred times its size, and take as many seconds to become that. */
const mostValues = 1_000_000;
/** For the whole of it. */
const patienceMs = 60_000;
const smallTextOctets = 1024 * 1024;

const tooLarge = (most: number): CallError =>
  new CallError(413, 'tooLarge', `a body is at most ${most / 1024 / 1024} MiB long`);

const aborted = (): CallError => new CallError(400, 'aborted', 'the connection closed within the body');

/** What the bodies that are held take together. */
export class BodyRoom {
  #octets = 0;

  share(): BodyShare {
    let mine = 0;
    return {
      take: (octets, most) => {
        if (mine + octets > most) throw tooLarge(most);
        if (this.#octets + octets > mostHeldOctets)
          throw new CallError(503, 'busy', 'others send so much that there is no room for this body; try again');
        mine += octets;
        this.#octets += octets;
      },
      giveBack: () => {
        this.#octets -= mine;
        mine = 0;
      },
    };
  }
}

/** Of one request. */
export interface BodyShare {
  /** Throws a CallError beyond `most` of this body, or where all take too much. */
  take(octets: number, most: number): void;
  giveBack(): void;
}

/** What a client sends, for whoever does not want it parsed. */
export interface RawBody {
  /** Without parameters, in lower case. */
  readonly type: string;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** At most what we are willing to hold. */
  whole(): Promise<Uint8Array>;
}

export const rawBody = (request: IncomingMessage, share: BodyShare): RawBody => ({
  type: (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase(),
  pieces: countedPieces(request, share),
  whole: () => readWhole(request, share),
});

async function* countedPieces(request: IncomingMessage, share: BodyShare): AsyncGenerator<Uint8Array> {
  // What is not read of it stays where it is, so that it can still be answered.
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      share.take(piece.length, mostLinesOctets);
      yield piece;
    }
  } catch (error) {
    throw error instanceof CallError ? error : aborted();
  }
}

/** Undefined for an empty body. */
export async function readJson(request: IncomingMessage, share: BodyShare): Promise<unknown> {
  const octets = await readWhole(request, share);
  if (octets.length === 0) return undefined;
  if (octets.length > smallTextOctets && countValues(octets) > mostValues)
    throw new CallError(413, 'tooLarge', `a body holds at most ${mostValues} values`);
  try {
    return JSON.parse(octets.toString('utf8'));
  } catch (error) {
    const why = error instanceof Error ? sanitised(withoutExcerpt(error.message)) : 'it cannot be parsed';
    throw new CallError(400, 'notJson', `the body is not JSON: ${why}`);
  }
}

/** Fields of a body, each of which must be known: silence about one would be a promise. */
export function fieldsOf(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new CallError(422, 'invalid', 'the body must be an object, or nothing');
  const strange = Object.keys(body).find((field) => !known.includes(field));
  if (strange !== undefined)
    throw new CallError(422, 'invalid', `${shown(strange)} is not something that this version can do`);
  return Object.fromEntries(Object.entries(body));
}

/** A body whose length was told is whole with its last octet: whoever waits for a route need not wait for the end as well. */
function readWhole(request: IncomingMessage, share: BodyShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const expected = Number(request.headers['content-length']);
    if (expected > mostBodyOctets) {
      reject(tooLarge(mostBodyOctets));
      return;
    }
    let chunks: Buffer[] = [];
    let octets = 0;
    const done = (): void => {
      clearTimeout(patience);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const fail = (error: unknown): void => {
      clearTimeout(patience);
      chunks = [];
      request.off('data', take);
      reject(error);
    };
    // An error is made when it is needed: to look where it was made costs more than all else here.
    const patience = setTimeout(
      () => fail(new CallError(408, 'tooSlow', 'the request took too long to arrive')),
      patienceMs,
    );
    const take = (chunk: Buffer): void => {
      try {
        share.take(chunk.length, mostBodyOctets);
      } catch (error) {
        fail(error);
        return;
      }
      chunks.push(chunk);
      octets += chunk.length;
      if (octets === expected) done();
    };
    request.on('data', take);
    request.on('end', done);
    request.on('error', () => fail(aborted()));
    request.on('close', () => {
      clearTimeout(patience);
      if (!request.complete) fail(aborted());
    });
  });
}

/** V8 repeats some of the text, which may hold a password, and is on its way into the log. */
const withoutExcerpt = (message: string): string => message.replace(/,? ?(?:\.\.\.)?".*$/s, '').trim() || 'it is none';

/** What stands outside of its texts: each value but the first comes after one of these. */
function countValues(octets: Uint8Array): number {
  let count = 0;
  let isText = false;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at];
    if (isText) {
      if (octet === 0x5c) at++;
      else if (octet === 0x22) isText = false;
    } else if (octet === 0x22) isText = true;
    else if (octet === 0x2c || octet === 0x3a || octet === 0x5b || octet === 0x7b) count++;
  }
  return count;
}
