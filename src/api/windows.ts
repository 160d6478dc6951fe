// What is looked at and is no JSON: metrics, liveness and readiness, the event stream, the status page. On the HTTP listener and,
// but for the page, on the control socket.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventRing } from './event-ring.js';
import type { House } from './house.js';
import { type PageFiles, sendPageFile } from './page-files.js';
import { sendPieces } from './pieces.js';
import { CallError } from './problem-answer.js';
import { checkQuery, type Route } from './route.js';
import type { Target } from './router.js';

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

interface Glance {
  readonly house: House;
  readonly windows: Windows;
  readonly query: Target['query'];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface View {
  readonly summary: string;
  readonly type: string;
  /** Absent: whatever is asked beside the path is overlooked. */
  readonly query?: Route['query'];
  readonly headers?: Route['query'];
  show(glance: Glance): Promise<void>;
}

const views: Readonly<Record<string, View>> = {
  '/metrics': {
    summary: "Metrics in Prometheus's text format",
    type: metricsType,
    show: async ({ windows: { metrics }, response }) => {
      await sendPieces(response, metricsType, metrics());
    },
  },
  '/livez': {
    summary: 'Both threads answer',
    type: 'text/plain',
    show: async ({ house, response }) => {
      await house.peers();
      sendWord(response, 200, 'alive');
    },
  },
  '/readyz': {
    summary: 'Configuration and tables are read, sockets are open; 503 before that',
    type: 'text/plain',
    show: async ({ house, response }) => {
      const ready = await house.isReady();
      sendWord(response, ready ? 200 : 503, ready ? 'ready' : 'not ready');
    },
  },
  '/v1/events': {
    summary: 'Transitions as server-sent events, resumable by Last-Event-ID',
    type: 'text/event-stream',
    query: {
      follow: {
        schema: { type: 'string', enum: ['true', 'false'] },
        description: 'false: what is held, and then the end. Without it: what comes.',
      },
    },
    headers: {
      'Last-Event-ID': {
        schema: { type: 'integer', minimum: 0 },
        description: 'The last event that is known: those after it come first. 0: all that are held.',
      },
    },
    show: async ({ windows: { events, isReadOnly }, query, request, response }) => {
      const { follow = 'true' } = query;
      if (follow !== 'true' && follow !== 'false') throw new CallError(400, 'badQuery', 'follow must be true or false');
      if (!events.open(request, response, follow === 'true' && request.method !== 'HEAD', isReadOnly))
        throw new CallError(503, 'tooManyReaders', 'too many read the events already');
    },
  },
};

/** For the description of the API. */
export const viewList: readonly ({ readonly path: string } & Omit<View, 'show'>)[] = Object.entries(views).map(
  ([path, view]) => ({ path, ...view }),
);

/** Undefined: it is something else that is asked for. */
export function look(
  house: House,
  windows: Windows,
  { path, query }: Target,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  const view = Object.hasOwn(views, path) ? views[path] : undefined;
  if (view !== undefined) {
    if (view.query !== undefined) checkQuery(query, view.query);
    return view.show({ house, windows, query, request, response });
  }
  if (windows.page !== undefined && sendPageFile(windows.page, path, request, response)) return Promise.resolve();
  return undefined;
}

function sendWord(response: ServerResponse, status: number, word: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${word}\n`);
}
