// Every call of the API, one row each: the router, /openapi.json and the checks of what clients send are made from this
// table. What is looked at and is no JSON stands in windows.ts.

import { drainRoutes } from './drain.js';
import type { House, PageRequest } from './house.js';
import { lanRoutes } from './lan.js';
import { listText } from './list.js';
import { peerRoutes } from './peers.js';
import { CallError, shown } from './problem-answer.js';
import { reloadingRoutes } from './reloading.js';
import { type Answer, type Call, type Route, serviceName } from './route.js';
import { reference, wrapped } from './schema.js';
import { writingRoutes } from './writing.js';

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
  ...writingRoutes,
  {
    method: 'get',
    path: '/v1/pools',
    summary: 'The address pools, and how full they are',
    answer: wrapped('pools', 'Pool', false),
    errors: [],
    handle: ({ house }) => ({ body: { pools: house.pools() } }),
  },
  ...reloadingRoutes,
];

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
