// The calls that write entries: one, a source's whole table, or line by line.

import { sanitised } from '../net/text.js';
import type { RawBody } from './body.js';
import type { House, LineAnswer, TableBody, WriteFailure, WriteOptions } from './house.js';
import { linesOf } from './lines.js';
import { CallError } from './problem-answer.js';
import { type Call, type Route, serviceName } from './route.js';
import { nothing, reference, serviceEntry, streamAnswer, streamLine, tableAnswer, tableBody } from './schema.js';
import { writeError } from './write-failure.js';

const lineType = 'application/x-ndjson';

const writeQuery: Route['query'] = {
  owner: { schema: { type: 'string' }, description: 'Who writes; an entry is changed only by its owner.' },
  force: {
    schema: { type: 'string', enum: ['true', 'false'] },
    description: 'Whoever owns the entry, and whatever `safety` says.',
  },
};

export const writingRoutes: readonly Route[] = [
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
];

const sourceOf = (path: Call['path']): string => path['source'] ?? '';

function writeOptions({ owner, force }: Call['query']): WriteOptions {
  if (force !== undefined && force !== 'true' && force !== 'false')
    throw new CallError(400, 'badQuery', 'force must be true or false');
  if (owner !== undefined && (owner.length > 253 || sanitised(owner) !== owner))
    throw new CallError(400, 'badQuery', 'owner must be at most 253 characters, all of them visible');
  return { ...(owner === undefined ? {} : { owner }), force: force === 'true' };
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
