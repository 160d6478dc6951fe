// The control API on its socket: HTTP with bounds on everything a client can make large, many or slow.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { mostOpenFiles } from '../io/open-files.js';
import type { Log } from '../ports.js';
import { createApp, sendProblem } from './app.js';
import { adopt, listenOn } from './control-socket.js';
import { EventRing } from './event-ring.js';
import type { House } from './house.js';
import { CallError, problemText, problemType } from './problem-answer.js';
import { anyHost, isLoopback, type KnowsHost, localHosts } from './request-head.js';
import { Seats, seatsWith } from './seats.js';
import type { Windows } from './windows.js';

export { SocketInUse, SocketUnusable } from './control-socket.js';

const headersTimeoutMs = 10_000;
/** A controller keeps its connection; a socket of this host whose client is gone is closed by the kernel. */
const keepAliveTimeoutMs = 600_000;
/** Without a single octet moving, in either direction. */
const stalledTimeoutMs = 120_000;
/** What is left of a body that was not wanted is read for so long. */
const passingOverMs = 10_000;
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
  const server = apiServer(house, log, windows, isLoopback(host) ? localHosts(hostname()) : anyHost);
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

function apiServer(house: House, log: Log, windows: Windows, knowsHost: KnowsHost = anyHost): Server {
  const options = {
    headersTimeout: headersTimeoutMs,
    // A stream of changes is one request; body.ts bounds how long others take.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5000,
    // There is only one host on this socket.
    requireHostHeader: false,
  };
  const app = createApp(house, log, windows, knowsHost);
  const seats = new Seats(seatsWith(mostOpenFiles()), sayAndClose);
  const serve = (request: IncomingMessage, response: ServerResponse, refusal?: CallError): void => {
    if (refusal === undefined) app(request, response);
    else sendProblem(response, refusal, { connection: 'close' });
  };
  const answered = (request: IncomingMessage): void => {
    // What came together with its head is still to be taken in.
    if (!request.complete) setImmediate(passOver, request, seats);
  };
  const server = createServer(options, (request, response) => seats.ask(request, response, serve, answered));
  server.timeout = stalledTimeoutMs;
  server.on('connection', (socket: Socket) => seats.enter(socket));
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    const isHeard = socket.writable && error.code !== 'ECONNRESET' && !seats.isWithinAnswer(socket);
    if (isHeard) sayAndClose(socket, noiseAnswer(error.code));
    else socket.destroy();
  });
  server.on('checkExpectation', (_, response) =>
    sendProblem(response, new CallError(417, 'badExpectation', 'nothing but 100-continue may be expected')),
  );
  server.on('connect', (_, socket) => sayAndClose(socket, new CallError(501, 'notImplemented', 'herald is no proxy')));
  return server;
}

/** RFC 9112 §9.6: a connection that is closed while its client still writes may take the answer with it. */
function passOver(request: IncomingMessage, seats: Seats): void {
  const { socket } = request;
  if (request.complete || socket.destroyed) return;
  seats.leave(socket);
  socket.end();
  const close = (): void => void socket.destroy();
  const patience = setTimeout(close, passingOverMs);
  socket.once('close', () => clearTimeout(patience));
  request.once('end', close).resume();
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

/** To somebody who has not asked, or not in HTTP. */
function sayAndClose(socket: Duplex, answer: CallError): void {
  const text = problemText(answer);
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\ncontent-type: ${problemType}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

/** What is not HTTP, or takes too long to become it. */
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
