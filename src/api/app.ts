// From a request to a route and back: the router, what is said of every write, and what becomes of errors. Knows nothing
// of sockets.

import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { sanitised } from '../net/text.js';
import type { Log } from '../ports.js';
import { readJson } from './body.js';
import { BadCursor, type House } from './house.js';
import { streamOf } from './list.js';
import { openApi } from './openapi.js';
import { CallError, problemText, problemType } from './problem-answer.js';
import { checkQuery, type Route, routes } from './routes.js';

interface Env {
  Bindings: HttpBindings;
}

export type App = Hono<Env>;

const jsonHeaders = { 'content-type': 'application/json' };

const problemAnswer = (error: CallError, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(problemText(error), { status: error.status, headers: { 'content-type': problemType, ...headers } });

/** `{name}` is `:name` to the router. */
const routerPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

export function createApp(house: House, log: Log): App {
  const app = new Hono<Env>();
  for (const route of routes)
    app.on(route.method.toUpperCase(), routerPath(route.path), (context) => answer(route, context, house, log));
  app.get('/openapi.json', async () => {
    const { version } = await house.status();
    return new Response(JSON.stringify(openApi(routes, version)), { headers: jsonHeaders });
  });
  for (const path of new Set(routes.map((route) => route.path)))
    refuseOtherMethods(
      app,
      path,
      routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase()),
    );
  refuseOtherMethods(app, '/openapi.json', ['GET']);
  app.notFound(({ req }) =>
    problemAnswer(new CallError(404, 'noSuchPath', `${req.path} is nothing here; /openapi.json says what is`)),
  );
  app.onError((error) => problemAnswer(callError(error, log)));
  return app;
}

function refuseOtherMethods(app: App, path: string, methods: readonly string[]): void {
  const allow = [...(methods.includes('GET') ? ['HEAD'] : []), ...methods].sort().join(', ');
  app.all(routerPath(path), ({ req }) =>
    problemAnswer(new CallError(405, 'methodNotAllowed', `${req.method} is not for ${path}, which takes ${allow}`), {
      allow,
    }),
  );
}

async function answer(route: Route, { req, env }: Context<Env>, house: House, log: Log): Promise<Response> {
  const path: Readonly<Record<string, string>> = req.param();
  const query = req.query();
  try {
    checkQuery(query, route);
    const body = route.body === undefined ? undefined : await readJson(env.incoming);
    const said = await route.handle({ house, path, query, body });
    if ('list' in said) return new Response(streamOf(said.list), { headers: jsonHeaders });
    if (route.method !== 'get') audit(route, path, query, log, said.result);
    return new Response(JSON.stringify(said.body), { headers: jsonHeaders });
  } catch (error) {
    const failure = callError(error, log);
    if (route.method !== 'get') audit(route, path, query, log, failure);
    // What is left of a body that nobody reads must not be taken for the next request.
    return problemAnswer(failure, failure.status === 413 ? { connection: 'close' } : {});
  }
}

function callError(error: unknown, log: Log): CallError {
  if (error instanceof CallError) return error;
  if (error instanceof BadCursor) return new CallError(400, 'badCursor', error.message);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.write('error', 'apiFailed', 'a call of the control API failed, and herald is to blame', { error: text });
  return new CallError(500, 'internal', 'herald failed to answer; its log says why');
}

/** One line for each write: what, in whose name, and what came of it. */
function audit(
  { method, path }: Route,
  parameters: Readonly<Record<string, string>>,
  { owner, force }: Readonly<Record<string, string>>,
  log: Log,
  outcome: 'done' | 'unchanged' | undefined | CallError,
): void {
  const failed = outcome instanceof CallError;
  const result = failed ? outcome.code : (outcome ?? 'done');
  const target = sanitised(path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? ''));
  const verb = method.toUpperCase();
  log.write(failed ? 'warn' : result === 'unchanged' ? 'debug' : 'info', 'apiWrite', `${verb} ${target}: ${result}`, {
    method: verb,
    target,
    ...(owner === undefined ? {} : { owner: sanitised(owner) }),
    ...(force === 'true' ? { force: true } : {}),
    result,
    ...(failed ? { detail: outcome.message } : {}),
  });
}
