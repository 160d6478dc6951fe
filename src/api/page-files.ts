// The status page, read into memory once: a fixed map from paths to octets, so that no path leads anywhere else. Nothing
// of it may come from elsewhere, run inline, or be framed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly octets: Buffer;
  readonly etag: string;
}

/** By path. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const files = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of a page that may be replaced by the next version at any time: kept, and asked for again. */
const headers = {
  'cache-control': 'no-cache',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** `directory`: what the build made, dist/page of the package. Throws where one of them is missing. */
export function readPageFiles(directory: string): PageFiles {
  return new Map(
    files.map(([path, name, type]) => {
      const octets = readFileSync(join(directory, name));
      const etag = `"${createHash('sha256').update(octets).digest('base64url').slice(0, 22)}"`;
      return [path, { type, octets, etag }];
    }),
  );
}

/** Answers a GET or HEAD of the page. False, and nothing said: the request is for something else. `path`: without a query. */
export function sendPageFile(
  page: PageFiles,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const file = page.get(path);
  if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  const { type, octets, etag } = file;
  // RFC 9110 §13.1.2: compared weakly, and any will do for `*`.
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  if (known.includes(etag) || known.includes('*')) {
    response.writeHead(304, { ...headers, etag }).end();
    return true;
  }
  response.writeHead(200, { ...headers, etag, 'content-type': type, 'content-length': octets.length });
  response.end(request.method === 'HEAD' ? undefined : octets);
  return true;
}
