// The page as it was built, and a house that answers what it asks, on a port of the loopback.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type PageFiles, readPageFiles, sendPageFile } from '../../src/api/page-files.js';
import type { EventLevel } from '../../src/page/events.js';
import type { PageHouse } from './page-house.js';

export const pageDirectory = fileURLToPath(new URL('../../dist/page', import.meta.url));

export class ServedPage {
  /** Targets, in the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly #house: PageHouse;
  readonly #files: PageFiles = readPageFiles(pageDirectory);
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));
  readonly #streams = new Set<ServerResponse>();
  readonly #events: string[] = [];

  private constructor(house: PageHouse) {
    this.#house = house;
  }

  static async open(house: PageHouse, port = 0): Promise<ServedPage> {
    const served = new ServedPage(house);
    served.#server.listen(port, '127.0.0.1');
    await once(served.#server, 'listening');
    return served;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  publish(level: EventLevel, event: string, message: string, fields: object = {}, at = new Date().toISOString()): void {
    const data = JSON.stringify({ at, level, event, message, fields });
    this.#events.push(`id: ${this.#events.length + 1}\nevent: ${event}\ndata: ${data}\n\n`);
    for (const stream of this.#streams) stream.write(this.#events.at(-1));
  }

  /** As a daemon that is killed. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://herald');
    this.asked.push(request.url ?? '');
    if (sendPageFile(this.#files, pathname, request, response)) return;
    if (pathname === '/v1/events') {
      this.#stream(request, response);
      return;
    }
    const body = this.#bodyOf(pathname, searchParams);
    const type = body === undefined ? 'application/problem+json' : 'application/json';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type });
    response.end(JSON.stringify(body ?? { status: 404, detail: `${decodeURIComponent(pathname)} is nothing here` }));
  }

  #bodyOf(path: string, query: URLSearchParams): object | undefined {
    const house = this.#house;
    const of = (name: string): string => query.get(name) ?? '';
    switch (path) {
      case '/v1/status':
        return house.status();
      case '/v1/peers':
        return { peers: house.peers };
      case '/v1/pools':
        return { pools: house.pools };
      case '/v1/interfaces':
        return { interfaces: house.interfaces };
      case '/v1/services':
        return paged('services', house.findServices(of('q'), of('state')), query);
      case '/v1/announcements':
        return paged('announcements', house.findAnnouncements(of('q'), of('state'), of('protocol')), query);
      default:
        return house.explain(decodeURIComponent(/^\/v1\/explain\/([^/]+)$/.exec(path)?.[1] ?? ''));
    }
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(':\n\n');
    for (const event of this.#events.slice(Number(request.headers['last-event-id'] ?? this.#events.length)))
      response.write(event);
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}

function paged(key: string, all: readonly unknown[], query: URLSearchParams): object {
  const [from, limit] = [Number(query.get('after') ?? 0), Number(query.get('limit') ?? all.length)];
  const next = from + limit < all.length ? { next: String(from + limit) } : {};
  return { [key]: all.slice(from, from + limit), ...next };
}
