// Every call of the API, one row each: the router, /openapi.json and the checks of what clients send are made from this
// table. What is looked at and is no JSON stands in windows.ts.

import { nearest } from '../nearest.js';
import { sanitised } from '../net/text.js';
import { fieldsOf, type RawBody } from './body.js';
import { confirmWithinRange, readConfirmWithin } from './confirm-within.js';
import { drainRoutes } from './drain.js';
import type {
  Confirmation,
  EntryStream,
  House,
  LineAnswer,
  PageRequest,
  PlanRequest,
  ReloadOptions,
  TableBody,
  WriteFailure,
  WriteOptions,
  WriteOutcome,
} from './house.js';
import { lanRoutes } from './lan.js';
import { linesOf } from './lines.js';
import { listText } from './list.js';
import { peerRoutes } from './peers.js';
import { CallError, type ErrorStatus } from './problem-answer.js';
import {
  nothing,
  planAnswer,
  planBody,
  reference,
  reloadAnswer,
  reloadBody,
  type Schema,
  serviceEntry,
  streamAnswer,
  streamLine,
  tableAnswer,
  tableBody,
  wrapped,
} from './schema.js';
import { writeError } from './write-failure.js';

export interface Call {
  readonly house: House;
  /** Decoded; every one that the path names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** What the route wants as it comes. */
  readonly raw?: RawBody;
}

export type Answer =
  /** `result` and what was `written` are for the audit log. */
  | {
      readonly body: unknown;
      readonly result?: WriteOutcome;
      readonly written?: Readonly<Record<string, unknown>>;
    }
  /** Lines are taken and answered for as long as the client likes. */
  | { readonly stream: EntryStream; describe(answer: LineAnswer): string }
  /** JSON already, in pieces. */
  | { readonly list: Iterable<string> };

export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** As OpenAPI writes paths. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, { readonly schema: Schema; readonly description: string }>>;
  readonly body?: {
    readonly schema: Schema;
    readonly isRequired: boolean;
    /** Handed on as it comes, and of these types besides JSON. */
    readonly isRaw?: true;
    readonly types?: readonly string[];
  };
  readonly answer: Schema;
  /** Of the answer, if not JSON. */
  readonly answerType?: string;
  readonly errors: readonly ErrorStatus[];
  /** The answer may be long in coming, and nothing is said meanwhile. */
  readonly isSlow?: true;
  handle(call: Call): Answer | Promise<Answer>;
}

const lineType = 'application/x-ndjson';
/** PATH_MAX: a file is named as it was given. */
const mostNameCharacters = 4096;

const pageQuery: Route['query'] = {
  limit: {
    schema: { type: 'integer', minimum: 1 },
    description: 'Items on a page, or a few more. Without it: all, but 1,000 rows of a bulk.',
  },
  after: { schema: { type: 'string' }, description: '`next` of the page before.' },
};

const filterQuery: Route['query'] = {
  ...pageQuery,
  q: { schema: { type: 'string' }, description: 'Only those with this in their name, addresses, pool or source.' },
  state: { schema: { type: 'string' }, description: 'Only those in this state.' },
};

const writeQuery: Route['query'] = {
  owner: { schema: { type: 'string' }, description: 'Who writes; an entry is changed only by its owner.' },
  force: {
    schema: { type: 'string', enum: ['true', 'false'] },
    description: 'Whoever owns the entry, and whatever `safety` says.',
  },
};

export const routes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/status',
    summary: 'How herald is',
    answer: reference('Status'),
    errors: [],
    handle: async ({ house }) => ({ body: await house.status() }),
  },
  ...peerRoutes,
  {
    method: 'get',
    path: '/v1/services',
    summary: 'All services, by name',
    query: filterQuery,
    answer: wrapped('services', 'Service', true),
    errors: [],
    handle: ({ house, query }) => ({ list: listText('services', house.services(pageOf(query))) }),
  },
  {
    method: 'get',
    path: '/v1/services/{namespace}/{name}',
    summary: 'One service: the one in force, where several sources name it',
    answer: reference('Service'),
    errors: [404],
    handle: ({ house, path }) => {
      const name = serviceName(path);
      const service = house.service(name);
      if (service === undefined)
        throw new CallError(
          404,
          'noSuchService',
          `there is no service ${shown(name)}; \`herald services\` lists those there are`,
        );
      return { body: service };
    },
  },
  {
    method: 'get',
    path: '/v1/announcements',
    summary: 'What is announced, or is not and why, by service',
    query: {
      ...filterQuery,
      protocol: { schema: { type: 'string', enum: ['bgp', 'layer2'] }, description: 'Only those of this protocol.' },
    },
    answer: wrapped('announcements', 'ServiceAnnouncement', true),
    errors: [],
    handle: ({ house, query }) => ({ list: listText('announcements', house.announcements(pageOf(query))) }),
  },
  ...lanRoutes,
  ...drainRoutes,
  {
    method: 'get',
    path: '/v1/explain/{asked}',
    summary: 'Why an address, a prefix or a service is announced or is not: the chain from the table to the wire',
    answer: reference('Explanation'),
    errors: [404],
    handle: ({ house, path }) => explained(house, path['asked'] ?? ''),
  },
  {
    method: 'get',
    path: '/v1/explain/{namespace}/{name}',
    summary: 'The same with a slash that was not encoded: of a service, or of a prefix',
    answer: reference('Explanation'),
    errors: [404],
    handle: ({ house, path }) => explained(house, serviceName(path)),
  },
  {
    method: 'get',
    path: '/v1/sources',
    summary: 'Where the table comes from',
    answer: wrapped('sources', 'Source', false),
    errors: [],
    handle: ({ house }) => ({ body: { sources: house.sources() } }),
  },
  {
    method: 'put',
    path: '/v1/sources/{source}/services/{namespace}/{name}',
    summary: 'Write one entry of a source of kind socket, or of `cli`',
    query: writeQuery,
    body: { schema: serviceEntry, isRequired: true },
    answer: reference('Service'),
    errors: [404, 409, 413, 422, 507],
    handle: async ({ house, path, query, body }) => {
      const written = await house.putService(sourceOf(path), serviceName(path), body, writeOptions(query));
      const { outcome, service, warnings, entry } = accepted(written, house, path);
      return { body: { ...service, warnings }, result: outcome, written: { entry } };
    },
  },
  {
    method: 'delete',
    path: '/v1/sources/{source}/services/{namespace}/{name}',
    summary: 'Remove one entry',
    query: writeQuery,
    answer: nothing,
    errors: [404, 409, 507],
    handle: async ({ house, path, query }) => {
      const written = await house.deleteService(sourceOf(path), serviceName(path), writeOptions(query));
      return { body: {}, result: accepted(written, house, path).outcome };
    },
  },
  {
    method: 'put',
    path: '/v1/sources/{source}/services',
    summary: "Replace a source's whole table, all of it or nothing",
    query: writeQuery,
    body: { schema: tableBody, isRequired: true, isRaw: true, types: [lineType] },
    answer: tableAnswer,
    errors: [404, 409, 413, 422, 507],
    handle: async ({ house, path, query, raw }) => {
      const options = writeOptions(query);
      const written = await house.replaceServices(sourceOf(path), await tableOf(raw), options);
      const { outcome, ...counts } = accepted(written, house, path);
      const { warnings: _, ...told } = counts;
      return { body: counts, result: outcome, written: told };
    },
  },
  {
    method: 'post',
    path: '/v1/sources/{source}/services',
    summary: 'Write entries line by line, each answered by a line in order',
    query: writeQuery,
    body: { schema: streamLine, isRequired: true, isRaw: true, types: [lineType] },
    answer: streamAnswer,
    answerType: lineType,
    errors: [404, 409, 413],
    handle: ({ house, path, query }) => {
      const stream = accepted(house.openStream(sourceOf(path), writeOptions(query)), house, path);
      return { stream, describe: (answer) => describeLine(answer, sourceOf(path), house) };
    },
  },
  {
    method: 'get',
    path: '/v1/pools',
    summary: 'The address pools, and how full they are',
    answer: wrapped('pools', 'Pool', false),
    errors: [],
    handle: ({ house }) => ({ body: { pools: house.pools() } }),
  },
  {
    method: 'post',
    path: '/v1/plan',
    summary: 'What a new configuration or a new table would do; nothing is changed',
    body: { schema: planBody, isRequired: true },
    answer: planAnswer,
    errors: [413, 422],
    handle: async ({ house, body }) => {
      const result = await house.plan(planRequest(body));
      if (result.kind === 'invalid')
        throw new CallError(422, 'invalid', 'it cannot be used', { problems: result.problems });
      return { body: result.forecast };
    },
  },
  {
    method: 'post',
    path: '/v1/reload',
    summary: 'Read the configuration again, all of it or nothing',
    body: { schema: reloadBody, isRequired: false },
    answer: reloadAnswer,
    errors: [413, 422],
    handle: async ({ house, body }) => {
      const result = await house.reload(reloadOptions(body));
      if (result.kind === 'refused' && result.onlyRevocations)
        throw new CallError(
          422,
          'revocationsRefused',
          'the configuration takes addresses away from services whose pools refuse that; with acceptRevocations it is taken over',
          { problems: result.problems },
        );
      if (result.kind === 'refused')
        throw new CallError(422, 'refused', 'the configuration was refused; the one before stays in force', {
          problems: result.problems,
        });
      return { body: { warnings: result.warnings, ...result.wayBack }, result: 'done' };
    },
  },
  {
    method: 'post',
    path: '/v1/confirm',
    summary: 'Keep the configuration that a reload with `confirmWithin` took over',
    answer: nothing,
    errors: [409],
    handle: ({ house }) => confirmed(house.confirm()),
  },
];

const shown = (text: string): string => sanitised(text, 253);
const sourceOf = (path: Call['path']): string => path['source'] ?? '';
const serviceName = (path: Call['path']): string => `${path['namespace']}/${path['name']}`;

async function explained(house: House, asked: string): Promise<Answer> {
  const body = await house.explain(asked);
  if (body === undefined)
    throw new CallError(404, 'nothingKnown', `${shown(asked)} is no address, no prefix, and no service that is there`);
  return { body };
}

function pageOf({ limit, after, q, state, protocol }: Call['query']): PageRequest {
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    throw new CallError(400, 'badQuery', 'limit must be a whole number from 1 to 999999999');
  return {
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(after === undefined ? {} : { after }),
    ...(q === undefined ? {} : { q: q.toLowerCase() }),
    ...(state === undefined ? {} : { state }),
    ...(protocol === undefined ? {} : { protocol }),
  };
}

function writeOptions({ owner, force }: Call['query']): WriteOptions {
  if (force !== undefined && force !== 'true' && force !== 'false')
    throw new CallError(400, 'badQuery', 'force must be true or false');
  if (owner !== undefined && (owner.length > 253 || sanitised(owner) !== owner))
    throw new CallError(400, 'badQuery', 'owner must be at most 253 characters, all of them visible');
  return { ...(owner === undefined ? {} : { owner }), force: force === 'true' };
}

/** A parameter that is misspelt would otherwise be a parameter that is not there. */
export function checkQuery(query: Call['query'], takes: Route['query'] = {}): void {
  const known = Object.keys(takes);
  for (const key of Object.keys(query)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw new CallError(400, 'badQuery', `unknown parameter ${shown(key)}${hint}`);
  }
}

function reloadOptions(body: unknown): ReloadOptions {
  const { acceptRevocations = false, confirmWithin } = fieldsOf(body, ['acceptRevocations', 'confirmWithin']);
  if (typeof acceptRevocations !== 'boolean')
    throw new CallError(422, 'invalid', 'acceptRevocations must be true or false');
  if (confirmWithin === undefined) return { acceptRevocations };
  const confirmWithinSeconds = typeof confirmWithin === 'string' ? readConfirmWithin(confirmWithin) : undefined;
  if (confirmWithinSeconds === undefined)
    throw new CallError(400, 'badDuration', `confirmWithin must be ${confirmWithinRange}, written as "60s" or "5m"`);
  return { acceptRevocations, confirmWithinSeconds };
}

function confirmed(confirmation: Confirmation): Answer {
  switch (confirmation) {
    case 'kept':
      return { body: {}, result: 'done' };
    case 'nothingToConfirm':
      throw new CallError(409, 'nothingToConfirm', 'no change of the configuration waits to be confirmed');
    case 'tooLate':
      throw new CallError(
        409,
        'tooLate',
        'the change was not confirmed in time, and the configuration before it is in force again; reload to try once more',
      );
  }
}

function planRequest(body: unknown): PlanRequest {
  const fields = fieldsOf(body, ['config', 'configName', 'table', 'tableName', 'source']);
  const request: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value !== 'string') throw new CallError(422, 'invalid', `${field} must be a text`);
    // A name is said again in what is wrong with the text.
    const isText = field === 'config' || field === 'table';
    if (!isText && sanitised(value, mostNameCharacters) !== value)
      throw new CallError(
        422,
        'invalid',
        `${field} must be at most ${mostNameCharacters} characters, all of them visible`,
      );
    request[field] = value;
  }
  if (request['config'] === undefined && request['table'] === undefined)
    throw new CallError(422, 'invalid', 'there is nothing to plan: config or table is needed');
  return request;
}

function accepted<T extends object>(result: T | WriteFailure, house: House, path: Call['path']): T {
  if (isFailure(result)) throw writeError(result, sourceOf(path), house);
  return result;
}

const isFailure = <T extends object>(result: T | WriteFailure): result is WriteFailure => 'failure' in result;

/** By its type: lines, or one JSON object. */
async function tableOf(raw: RawBody | undefined): Promise<TableBody> {
  if (raw === undefined) throw new Error('a table without a body');
  if (raw.type === lineType) return { format: 'ndjson', lines: linesOf(raw.pieces) };
  return { format: 'json', octets: await raw.whole() };
}

function describeLine(answer: LineAnswer, source: string, house: House): string {
  if (!('failure' in answer)) return `${JSON.stringify(answer)}\n`;
  const { status, code, message: detail, details } = writeError(answer.failure, source, house);
  return `${JSON.stringify({ name: answer.name ?? null, error: { status, code, detail, ...details } })}\n`;
}
