// The description of the API that GET /openapi.json gives, made from the table of routes.

import { STATUS_CODES } from 'node:http';
import { problemType } from './problem-answer.js';
import type { Route } from './route.js';
import { reference, type Schema, schemas } from './schema.js';
import { viewList } from './windows.js';

const json = (schema: Schema, type = 'application/json'): Schema => ({ content: { [type]: { schema } } });

function operation({ method, path, summary, query = {}, body, answer, answerType, errors }: Route): Schema {
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const statuses = new Set([400, ...errors, 500, ...(body === undefined ? [] : [503])]);
  return {
    summary,
    operationId: [method, ...(path.match(/\w+/g) ?? []).slice(1)].join('_'),
    parameters: [...inPath, ...parameters('query', query)],
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    responses: {
      200: { description: 'Done', ...json(answer, answerType) },
      ...Object.fromEntries(
        Array.from(statuses, (status) => [
          status,
          { description: STATUS_CODES[status], ...json(reference('Problem'), problemType) },
        ]),
      ),
    },
  };
}

const parameters = (place: 'query' | 'header', named: NonNullable<Route['query']>): Schema[] =>
  Object.entries(named).map(([name, { schema, description }]) => ({ name, in: place, description, schema }));

function bodyOf({ schema, isRequired, types = [] }: NonNullable<Route['body']>): Schema {
  const content = Object.fromEntries(['application/json', ...types].map((type) => [type, { schema }]));
  return { required: isRequired, content };
}

export function openApi(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method] = operation(route);
  }
  for (const { path, summary, type, query = {}, headers = {} } of viewList)
    paths[path] = {
      get: {
        summary,
        parameters: [...parameters('query', query), ...parameters('header', headers)],
        operationId: ['get', ...(path.match(/\w+/g) ?? []).filter((word) => word !== 'v1')].join('_'),
        responses: { 200: { description: 'Done', content: { [type]: { schema: { type: 'string' } } } } },
      },
    };
  return {
    openapi: '3.1.0',
    info: {
      title: 'herald',
      version,
      description: 'The control API, spoken over the control socket. Fields may be added, never renamed.',
    },
    paths,
    components: { schemas },
  };
}
