import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import fc from 'fast-check';
import { routes } from '../../src/api/routes.js';
import { viewList } from '../../src/api/windows.js';
import { RawClient } from './raw.js';
import { Served } from './served.js';

const paths = [...routes, ...viewList].map(({ path }) => path);
const pieces = [
  'v1',
  'peers',
  'services',
  'sources',
  'cli',
  'tor-1',
  'shop',
  'web',
  '..',
  '.',
  '',
  '%2f',
  '%00',
  '%ff',
  '%',
  '*',
  '__proto__',
  'a',
];

const word = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12 }).map(encodeURIComponent));
const path = fc.oneof(
  fc.tuple(fc.constantFrom(...paths), word).map(([template, name]) => template.replaceAll(/\{\w+\}/g, name)),
  fc.array(word, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  fc.constantFrom('*', 'http://herald/v1/status', '//herald/v1/status', 'x'),
);
const query = fc.array(
  fc.tuple(fc.constantFrom('limit', 'after', 'q', 'state', 'owner', 'force', 'x', '__proto__'), word),
  { maxLength: 3 },
);
const body = fc.oneof(
  fc.constant(''),
  fc.json(),
  fc.json().map((text) => `{"services":[${text}]}`),
  fc.constantFrom(
    '{}',
    '[]',
    'null',
    '{"alive":true}',
    '{"acceptRevocations":1}',
    '{"config":"a: ["}',
    '{"op":"delete"}\n',
    '\ufeff{}',
    '{',
  ),
  fc.string(),
);
const header = fc.constantFrom(
  'content-type: application/x-ndjson',
  'content-type: text/html',
  'accept: text/html',
  'expect: 100-continue',
  'expect: 200-ok',
  'upgrade: websocket',
  'range: bytes=0-1',
  'if-none-match: *',
  'last-event-id: 99999999999999999999',
  'content-encoding: gzip',
  'host: a b',
);
const sent = fc.record({
  method: fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT')),
  path,
  query,
  headers: fc.uniqueArray(header, { maxLength: 2 }),
  body,
});

interface Head {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Of all that was heard, the last answer: 100 Continue comes before one. */
function answerIn(heard: string): Head {
  const [head = '', ...rest] = heard.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '').split('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
  assert.ok(status !== undefined, JSON.stringify(heard.slice(0, 300)));
  return { status: Number(status), type: /^content-type: (.*)$/im.exec(head)?.[1] ?? '', text: rest.join('\r\n\r\n') };
}

describe('Whatever is asked of the API', () => {
  it('has one well-formed answer, which for an error is a problem with its status and a code', async () => {
    const served = await Served.open();
    try {
      await fc.assert(
        fc.asyncProperty(sent, async ({ method, path: target, query: asked, headers, body: text }) => {
          // The stream of events ends with its reader.
          fc.pre(!(target.startsWith('/v1/events') && method === 'GET'));
          const search = asked.map(([key, value]) => `${key}=${value}`).join('&');
          const client = new RawClient({ path: served.socket });
          const head = [
            `${method} ${target}${search === '' ? '' : `?${search}`} HTTP/1.1`,
            'connection: close',
            `content-length: ${Buffer.byteLength(text)}`,
            ...headers,
          ];
          client.say(`${head.join('\r\n')}\r\n\r\n${text}`);
          const answer = answerIn(await client.whole());
          if (answer.status < 400 || method === 'HEAD') return;
          assert.equal(answer.type, 'application/problem+json');
          const problem: { status?: unknown; code?: unknown; title?: unknown; detail?: unknown } = JSON.parse(
            answer.text,
          );
          assert.equal(problem.status, answer.status);
          assert.match(String(problem.code), /^[a-z][A-Za-z]+$/);
          assert.ok(typeof problem.title === 'string' && typeof problem.detail === 'string');
          assert.doesNotMatch(problem.detail, /\p{Cc}/u);
        }),
        { numRuns: 500 },
      );
      assert.deepEqual(
        served.log.lines.filter(({ event }) => event === 'apiFailed'),
        [],
      );
    } finally {
      await served.close();
    }
  });
});
