// The control API on its socket: HTTP with bounds on everything a client can make large, many or slow.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../ports.js';
import { createApp } from './app.js';
import { adopt, listenOn } from './control-socket.js';
import { EventRing } from './event-ring.js';
import type { House } from './house.js';
import { CallError, problemText, problemType } from './problem-answer.js';
import type { Windows } from './windows.js';

export { SocketInUse, SocketUnusable } from './control-socket.js';

const mostConnections = 1000;
const headersTimeoutMs = 10_000;
/** A controller keeps its connection; a socket of this host whose client is gone is closed by the kernel. */
const keepAliveTimeoutMs = 600_000;
/** Without a single octet moving, in either direction. */
const stalledTimeoutMs = 120_000;
/** For answers under way when we close. */
const closingMs = 500;

export interface ApiServer {
  /** Resolves when nothing of it is left, the socket file included. */
  close(): Promise<void>;
}

/** `descriptor`: the socket is there already, and listens. Throws SocketInUse or SocketUnusable. */
export async function serveApi(
  house: House,
  socketPath: string,
  log: Log,
  windows: Windows,
  descriptor?: number,
): Promise<ApiServer> {
  const server = apiServer(house, log, windows);
  const socket = await (descriptor === undefined ? listenOn(server, socketPath, log) : adopt(server, descriptor));
  server.on('error', (error) => log.write('error', 'apiFailed', 'the control socket failed', { error: error.message }));
  return {
    close: async () => {
      socket.remove();
      await closed(server);
    },
  };
}

/** The half of the API that only looks, over TCP. Throws what listen() says. */
export async function serveHttp(
  house: House,
  { host, port }: { readonly host: string; readonly port: number },
  log: Log,
  windows: Windows,
): Promise<ApiServer> {
  const server = apiServer(house, log, windows);
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  server.on('error', (error) => log.write('error', 'httpFailed', 'the HTTP listener failed', { error: error.message }));
  return { close: () => closed(server) };
}

/** Answers on a line that is there already: for a rehearsal. Ends with the line. */
export function answerOn(line: Socket, house: House): void {
  const nothing = { events: new EventRing(), metrics: async function* () {}, page: undefined, isReadOnly: false };
  apiServer(house, { write: () => {} }, nothing).emit('connection', line);
}

function apiServer(house: House, log: Log, windows: Windows): Server {
  const options = {
    headersTimeout: headersTimeoutMs,
    // A stream of changes is one request; body.ts bounds how long others take.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5000,
    // There is only one host on this socket.
    requireHostHeader: false,
  };
  const server = createServer(options, createApp(house, log, windows));
  server.maxConnections = mostConnections;
  server.timeout = stalledTimeoutMs;
  server.on('clientError', answerNoise);
  return server;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const lastCall = setTimeout(() => server.closeAllConnections(), closingMs);
    server.close(() => {
      clearTimeout(lastCall);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What is not HTTP, or takes too long to become it. */
function answerNoise(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const answer = noiseAnswer(error.code);
  const text = problemText(answer);
  socket.end(
    `HTTP/1.1 ${answer.status} Refused\r\ncontent-type: ${problemType}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

function noiseAnswer(code: string | undefined): CallError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new CallError(431, 'headersTooLarge', 'the headers of the request are too long');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new CallError(408, 'tooSlow', 'the request took too long to arrive');
    default:
      return new CallError(400, 'badRequest', 'this is not an HTTP request');
  }
}
