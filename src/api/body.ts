// The JSON a client sends: never more of it than we are willing to hold, and never more values than memory has room for.

import type { IncomingMessage } from 'node:http';
import { sanitised } from '../net/text.js';
import { CallError } from './problem-answer.js';

export const mostBodyOctets = 64 * 1024 * 1024;
/** Of JSON: text of this size may become objects of a hundred times its size, or nest as deep as it is long. */
const mostBrackets = 1_000_000;
/** For the whole of it. */
const patienceMs = 60_000;
const smallTextCharacters = 1024 * 1024;
/** Of what is repeated to whoever said it. */
const mostWordCharacters = 253;

const tooLarge = (): CallError =>
  new CallError(413, 'tooLarge', `a body is at most ${mostBodyOctets / 1024 / 1024} MiB long`);

/** What a client sends, for whoever does not want it parsed. */
export interface RawBody {
  /** Without parameters, in lower case. */
  readonly type: string;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** At most what we are willing to hold. */
  whole(): Promise<Uint8Array>;
}

export const rawBody = (request: IncomingMessage): RawBody => ({
  type: (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase(),
  // What is not read of it stays where it is, so that it can still be answered.
  pieces: request.iterator({ destroyOnReturn: false }),
  whole: () => readWhole(request),
});

/** Undefined for an empty body. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readWhole(request)).toString('utf8');
  if (text === '') return undefined;
  if (text.length > smallTextCharacters && countBrackets(text) > mostBrackets)
    throw new CallError(413, 'tooLarge', `a body holds at most ${mostBrackets} lists and objects`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? sanitised(error.message) : 'it cannot be parsed';
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
    throw new CallError(
      422,
      'invalid',
      `${sanitised(strange, mostWordCharacters)} is not something that this version can do`,
    );
  return Object.fromEntries(Object.entries(body));
}

/** A body whose length was told is whole with its last octet: whoever waits for a route need not wait for the end as well. */
function readWhole(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const expected = Number(request.headers['content-length']);
    if (expected > mostBodyOctets) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let octets = 0;
    const done = (): void => {
      clearTimeout(patience);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    // An error is made when it is needed: to look where it was made costs more than all else here.
    const patience = setTimeout(
      () => reject(new CallError(408, 'tooSlow', 'the request took too long to arrive')),
      patienceMs,
    );
    request.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > mostBodyOctets) reject(tooLarge());
      else chunks.push(chunk);
      if (octets === expected) done();
    });
    request.on('end', done);
    request.on('error', reject);
    request.on('close', () => {
      clearTimeout(patience);
      if (!request.complete) reject(new CallError(400, 'aborted', 'the connection closed within the body'));
    });
  });
}

function countBrackets(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) count++;
  }
  return count;
}
