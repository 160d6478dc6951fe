// Long answers, written as fast as the reader reads: of each only so much stands in memory as one piece is long.

import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Throws what kept it from being said; the cut connection tells it to the client. That a client has gone is no failure. */
export async function sendPieces(
  response: ServerResponse,
  type: string,
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  response.writeHead(200, { 'content-type': type });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.from(pieces, { highWaterMark: 1 }), response);
  } catch (error) {
    response.destroy();
    if (!isNodeError(error)) throw error;
  }
}

const isNodeError = (error: unknown): boolean => error instanceof Error && 'code' in error;
