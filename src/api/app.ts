// From a request to a row of the table and back: what is said of every write, and what becomes of errors. Knows nothing
// of sockets. Whoever waits for a route to be announced waits for this: it goes straight through node:http, and what need
// not be done before the answer is done after it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { sanitised } from '../net/text.js';
import type { Log } from '../ports.js';
import { Audit, type AuditedCall } from './audit.js';
import { BodyRoom, rawBody, readJson } from './body.js';
import { BadCursor, type House } from './house.js';
import { openApi } from './openapi.js';
import { sendPieces } from './pieces.js';
import { CallError, problemText, problemType } from './problem-answer.js';
import { checkHead, type KnowsHost } from './request-head.js';
import { type Answer, checkQuery, type Route } from './route.js';
import { Router, readTarget, type Target } from './router.js';
import { routes } from './routes.js';
import { converse } from './stream.js';
import { look, type Windows } from './windows.js';

export type App = (request: IncomingMessage, response: ServerResponse) => void;

type Headers = Readonly<Record<string, string>>;

const jsonType = 'application/json';
const description = '/openapi.json';

interface Rooms {
  readonly house: House;
  readonly log: Log;
  readonly audit: Audit;
  readonly bodies: BodyRoom;
}

interface Asked {
  readonly route: Route;
  readonly path: Headers;
  readonly query: Headers;
}

export function createApp(house: House, log: Log, windows: Windows, knowsHost: KnowsHost): App {
  const router = new Router(routes);
  const rooms: Rooms = { house, log, audit: new Audit(log), bodies: new BodyRoom() };
  return (request, response) => {
    // A client that goes away has said all there is to say about it.
    response.on('error', () => {});
    let asked: Asked | undefined;
    try {
      checkHead(request, knowsHost);
      const target = readTarget(request.url ?? '');
      const seen = look(house, windows, target, request, response);
      if (seen !== undefined) {
        void seen.catch((error: unknown) => sendFailure(response, callError(error, log)));
        return;
      }
      asked = askedIn(request.method ?? '', target, router);
      if (windows.isReadOnly && asked !== undefined && asked.route.method !== 'get') throw readOnly();
    } catch (error) {
      sendProblem(response, callError(error, log));
      return;
    }
    // answer() throws nothing: what goes wrong is an answer as well.
    if (asked === undefined) void describe(house, response, log);
    else void answer(asked, request, response, rooms);
  };
}

/** Undefined: the description of the API is asked for. */
function askedIn(verb: string, { path, query }: Target, router: Router): Asked | undefined {
  const method = verb === 'HEAD' ? 'GET' : verb;
  if (path === description) {
    if (method === 'GET') return undefined;
    throw wrongMethod(verb, path, ['GET']);
  }
  const found = router.find(path);
  if (found === undefined)
    throw new CallError(404, 'noSuchPath', `${sanitised(path)} is nothing here; ${description} says what is`);
  const route = found.rows.get(method);
  if (route === undefined) throw wrongMethod(verb, found.path, [...found.rows.keys()]);
  return { route, path: found.names, query };
}

const readOnly = (): CallError =>
  new CallError(
    403,
    'readOnly',
    'this listener is for looking; what changes something goes through the control socket',
  );

/** RFC 9110 §15.5.6: with the methods that there are. */
class WrongMethod extends CallError {
  readonly allow: string;

  constructor(allow: string, detail: string) {
    super(405, 'methodNotAllowed', detail);
    this.allow = allow;
  }
}

function wrongMethod(method: string, path: string, methods: readonly string[]): WrongMethod {
  const allow = [...(methods.includes('GET') ? ['HEAD'] : []), ...methods].sort().join(', ');
  return new WrongMethod(allow, `${method} is not for ${path}, which takes ${allow}`);
}

async function answer(
  { route, path, query }: Asked,
  request: IncomingMessage,
  response: ServerResponse,
  { house, log, audit, bodies }: Rooms,
): Promise<void> {
  const caller = route.method === 'get' ? undefined : audit.caller(request.socket);
  const call: AuditedCall = { method: route.method.toUpperCase(), path: route.path, names: path, query, caller };
  const share = bodies.share();
  try {
    checkQuery(query, route.query);
    const isRaw = route.body?.isRaw === true;
    const body = route.body === undefined || isRaw ? undefined : await readJson(request, share);
    const raw = isRaw ? { raw: rawBody(request, share) } : {};
    if (route.isSlow === true) request.socket.setTimeout(0);
    const said = await route.handle({ house, path, query, body, ...raw });
    if ('stream' in said) await sendAnswers(request, response, said, call, audit);
    else if ('list' in said) await sendPieces(response, jsonType, said.list);
    else {
      sendText(response, 200, jsonType, JSON.stringify(said.body));
      if (route.method !== 'get') audit.done(call, said.result ?? 'done', said.written ?? {});
    }
  } catch (error) {
    const failure = callError(error, log);
    sendFailure(response, failure);
    if (route.method !== 'get') audit.refused(call, failure);
  } finally {
    share.giveBack();
  }
}

async function sendAnswers(
  request: IncomingMessage,
  response: ServerResponse,
  { stream, describe }: Extract<Answer, { stream: unknown }>,
  call: AuditedCall,
  audit: Audit,
): Promise<void> {
  audit.done(call, 'done', { stream: 'open' });
  try {
    await converse(request, response, stream, describe);
  } finally {
    audit.done(call, 'done', { stream: 'closed', ...stream.close() });
  }
}

async function describe(house: House, response: ServerResponse, log: Log): Promise<void> {
  try {
    const { version } = await house.status();
    sendText(response, 200, jsonType, JSON.stringify(openApi(routes, version)));
  } catch (error) {
    sendFailure(response, callError(error, log));
  }
}

/** Where half of an answer has been given, the cut connection tells the rest. */
function sendFailure(response: ServerResponse, error: CallError): void {
  if (response.headersSent) response.destroy();
  else sendProblem(response, error);
}

function sendText(response: ServerResponse, status: number, type: string, text: string, more: Headers = {}): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...more });
  response.end(text);
}

export function sendProblem(response: ServerResponse, error: CallError, more: Headers = {}): void {
  const allow: Headers = error instanceof WrongMethod ? { allow: error.allow } : {};
  sendText(response, error.status, problemType, problemText(error), { ...allow, ...more });
}

function callError(error: unknown, log: Log): CallError {
  if (error instanceof CallError) return error;
  if (error instanceof BadCursor) return new CallError(400, 'badCursor', error.message);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.write('error', 'apiFailed', 'a call of the control API failed, and herald is to blame', { error: text });
  return new CallError(500, 'internal', 'herald failed to answer; its log says why');
}
