import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fromJSONSchema } from 'zod';
import { openApi } from '../../src/api/openapi.js';
import { routes } from '../../src/api/routes.js';
import type { Schema } from '../../src/api/schema.js';
import { viewList } from '../../src/api/windows.js';
import { anInterface, peer } from './fake-house.js';
import { Served } from './served.js';

/** The part of the description that is looked at here. */
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

/** Also refuses fields that the schema does not name: a body may not have more than its description. */
function validate(value: unknown, schema: Schema, { components }: Described): void {
  const strict = JSON.stringify({ ...schema, $defs: components.schemas })
    .replaceAll('#/components/schemas/', '#/$defs/')
    .replaceAll('"type":"object","properties"', '"type":"object","additionalProperties":false,"properties"');
  const { success, error } = fromJSONSchema(JSON.parse(strict)).safeParse(value);
  assert.ok(success, `${JSON.stringify(value)}: ${error?.message}`);
}

describe('/openapi.json', () => {
  let served: Served;
  let described: Described;
  before(async () => {
    served = await Served.open();
    described = JSON.parse((await served.ask('GET', '/openapi.json')).text);
  });
  after(() => served.close());

  it('describes exactly the calls that there are', () => {
    const known = [
      ...routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`),
      ...viewList.map(({ path }) => `GET ${path}`),
    ];
    const written = Object.entries(described.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(written.sort(), known.sort());
    assert.equal(new Set(known).size, known.length);
  });

  it('names every parameter of a path, and each operation once', () => {
    const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      assert.deepEqual(path.match(/\{\w+\}/g) ?? [], inPath);
    }
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  });

  it('refers only to schemas that are there', () => {
    const text = JSON.stringify(openApi(routes, '1.2.3'));
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
      assert.ok(name !== undefined && name in described.components.schemas, name);
  });

  it('says of every call what the call then answers', async () => {
    const { house } = served;
    house.peerBodies.push(
      peer('tor-2', { asn: null, lastError: { at: '…', code: 6, subcode: 2, text: 'bye', direction: 'received' } }),
    );
    const listener = { address: '10.0.0.11', port: 179, problem: '' };
    const wayBack = { confirmBefore: '…', fallback: { loadedAt: '…' } };
    const config = { ...house.statusBody.config, ...wayBack };
    house.statusBody = { ...house.statusBody, config, listeners: [listener], http: listener };
    house.reloadResult = { kind: 'done', warnings: [], wayBack };
    const conflicts = [{ address: '10.0.0.100', mac: '02:09:09:09:09:09', at: '…', count: 2 }];
    const tracks = [{ address: '10.0.0.1', reachable: true, problem: '' }];
    house.interfaceBodies.push(anInterface('eth1', { conflicts, tracks }));
    for (const [path, operations] of Object.entries(described.paths))
      for (const [method, operation] of Object.entries(operations)) {
        if (viewList.some((view) => view.path === path)) continue;
        const filled = path
          .replace(/\{source\}\/services\/\{namespace\}\/\{name\}/, 'cli/services/shop/new')
          .replace('{source}', 'cli')
          .replace('{namespace}/{name}', 'shop/web')
          .replace('members/{name}', 'members/node-b')
          .replace('{name}', 'tor-2');
        const planned = path.endsWith('/plan') ? '{"config": ""}' : undefined;
        const member = path.includes('/members/') ? '{"alive":false}' : undefined;
        const body = method === 'put' || path.endsWith('/services') ? '{}' : (member ?? planned);
        const { status, text } = await served.ask(method.toUpperCase(), filled, method === 'get' ? undefined : body);
        assert.equal(status, 200, `${method} ${filled}: ${text}`);
        const [type] = Object.keys(operation.responses['200']!.content);
        const line = type === 'application/x-ndjson' ? text.split('\n')[0]! : text;
        validate(JSON.parse(line), operation.responses['200']!.content[type!]!.schema, described);
      }
  });

  it('describes no call that the documentation is silent about', () => {
    const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
    for (const { method, path } of [...routes, ...viewList.map(({ path }) => ({ method: 'get', path }))])
      assert.ok(text.includes(`| \`${method.toUpperCase()} ${path}\` |`), path);
  });

  it('says what a problem looks like', async () => {
    const { text } = await served.ask('DELETE', '/v1/sources/cli/services/shop/nix');
    const operation = described.paths['/v1/sources/{source}/services/{namespace}/{name}']!['delete']!;
    validate(JSON.parse(text), operation.responses['404']!.content['application/problem+json']!.schema, described);
  });
});
