// What is looked at and is no JSON: metrics, liveness and readiness, the event stream, the status page. On the HTTP listener and,
// but for the page, on the control socket.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EventRing } from './event-ring.js';
import type { House } from './house.js';
import { type PageFiles, sendPageFile } from './page-files.js';
import { CallError } from './problem-answer.js';

export interface Windows {
  readonly events: EventRing;
  metrics(): AsyncIterable<string>;
  /** Undefined: there is no page here. */
  readonly page: PageFiles | undefined;
  /** Nothing is written through this listener. */
  readonly isReadOnly: boolean;
}

/** Prometheus's text format. */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

type View = (house: House, windows: Windows, request: IncomingMessage, response: ServerResponse) => Promise<void>;

const views: Readonly<Record<string, { readonly summary: string; readonly type: string; readonly show: View }>> = {
  '/metrics': {
    summary: "Metrics in Prometheus's text format",
    type: metricsType,
    show: async (_, { metrics }, __, response) => {
      response.writeHead(200, { 'content-type': metricsType });
      // Whoever asked may be gone before it has all been said.
      await pipeline(Readable.from(metrics()), response).catch(() => response.destroy());
    },
  },
  '/livez': {
    summary: 'Both threads answer',
    type: 'text/plain',
    show: async (house, _, __, response) => {
      await house.peers();
      sendWord(response, 200, 'alive');
    },
  },
  '/readyz': {
    summary: 'Configuration and tables are read, sockets are open; 503 before that',
    type: 'text/plain',
    show: async (house, _, __, response) => {
      const ready = await house.isReady();
      sendWord(response, ready ? 200 : 503, ready ? 'ready' : 'not ready');
    },
  },
  '/v1/events': {
    summary: 'Transitions as server-sent events, resumable by Last-Event-ID',
    type: 'text/event-stream',
    show: async (_, { events }, request, response) => {
      if (!events.open(request, response))
        throw new CallError(503, 'tooManyReaders', 'too many read the events already');
    },
  },
};

/** For the description of the API. */
export const viewList: readonly { readonly path: string; readonly summary: string; readonly type: string }[] =
  Object.entries(views).map(([path, { summary, type }]) => ({ path, summary, type }));

/** Undefined: it is something else that is asked for. */
export function look(
  house: House,
  windows: Windows,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  const view = Object.hasOwn(views, path) ? views[path] : undefined;
  if (view !== undefined) return view.show(house, windows, request, response);
  if (windows.page !== undefined && sendPageFile(windows.page, path, request, response)) return Promise.resolve();
  return undefined;
}

function sendWord(response: ServerResponse, status: number, word: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${word}\n`);
}
