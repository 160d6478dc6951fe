// What the head of a request must be before anything else of it is looked at: one host, that may be asked here, and a body
// that is as long as it says or in chunks.

import type { IncomingMessage } from 'node:http';
import { CallError } from './problem-answer.js';

/** Whether a host, without its port and in lower case, may be asked here. */
export type KnowsHost = (host: string) => boolean;

export const anyHost: KnowsHost = () => true;

/**
 * For a listener that only this host can reach. Whoever owns a name of the DNS can have it lead to 127.0.0.1, and a page of
 * his, in a browser of this host, read all we say: names that anybody could own are not ours.
 */
export const localHosts =
  (ownName: string): KnowsHost =>
  (host) =>
    !host.includes('.') ||
    host.startsWith('[') ||
    /^\d+\.\d+\.\d+\.\d+$/.test(host) ||
    host.endsWith('.localhost') ||
    host === ownName.toLowerCase();

export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

/** RFC 9112 §3.2 and §6.1. No host at all is any: HTTP/1.0 and programs on the control socket send none. */
export function checkHead(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  knows: KnowsHost,
): void {
  const { host, 'transfer-encoding': coding } = headers;
  if (host !== undefined) {
    if (!/^[\w.~:[\]%!$&'()*+,;=-]*$/.test(host) || hostsIn(rawHeaders) > 1)
      throw new CallError(400, 'badRequest', 'the host of the request cannot be read');
    if (!knows(host.replace(/:\d*$/, '').toLowerCase()))
      throw new CallError(
        421,
        'notThisHost',
        'this listener is asked by an address, as localhost, or by the name of its host',
      );
  }
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new CallError(501, 'notImplemented', 'a body comes as it is or in chunks, in no other transfer coding');
}

/** Names and values take turns. */
function hostsIn(headers: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < headers.length; at += 2) if (headers[at]!.length === 4 && /^host$/i.test(headers[at]!)) count++;
  return count;
}
