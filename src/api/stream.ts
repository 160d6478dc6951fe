// A POST stream: lines in, answers out, for as long as the client likes. It is read as fast as it takes its answers, and
// no faster; what it does not read costs no more memory than the lines that one piece of its request held.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EntryStream, Line, LineAnswer } from './house.js';
import { LineSplitter, lineTooLong } from './lines.js';

/** A client that waits for our headers before it says anything gets them after so long. */
const headersPatienceMs = 100;
/** Pieces of its request, each some hundred lines, that it may be owed answers to. */
const mostOwed = 4;
/** One that has stopped reading is let go after so long. */
const stalledMs = 120_000;

/** Ends when the client does, or is gone. Throws a CallError only while nothing has been said. */
export async function converse(
  request: IncomingMessage,
  response: ServerResponse,
  stream: EntryStream,
  describe: (answer: LineAnswer) => string,
): Promise<void> {
  const greet = (): void => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
  };
  const patience = setTimeout(greet, headersPatienceMs);
  // It may have nothing to say for days.
  request.socket.setTimeout(0);
  const splitter = new LineSplitter();
  /** Answers in the order of their lines: each waits for those before it. */
  let said: Promise<void> = Promise.resolve();
  let owed = 0;
  const say = async (before: Promise<void>, answers: Promise<readonly LineAnswer[]>): Promise<void> => {
    const [told] = await Promise.all([answers, before]);
    greet();
    const text = told.map(describe).join('');
    if (text !== '' && !response.write(text)) await drained(request, response);
    owed--;
  };
  const take = async (lines: readonly Line[]): Promise<void> => {
    if (lines.length === 0) return;
    if (lines[0] === 'tooLong' && !response.headersSent) throw lineTooLong();
    owed++;
    said = say(said, stream.take(lines));
    // Lines that come within one turn are stored together; a client that is owed more than that waits.
    said.catch(() => {});
    if (owed >= mostOwed) await said;
  };
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) await take(splitter.push(piece));
    await take(splitter.end());
    await said;
    greet();
    response.end();
  } catch (error) {
    if (!isGone(error)) throw error;
    // What it had said is done all the same.
    await said;
  } finally {
    clearTimeout(patience);
  }
}

/** The connection broke: there is nobody to tell. */
const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');

/** Until the client has read what it was told, or is gone. */
async function drained(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const ended = new AbortController();
  const { signal } = ended;
  request.socket.setTimeout(stalledMs);
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    ended.abort();
    request.socket.setTimeout(0);
  }
}
