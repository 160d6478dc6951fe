import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { ServiceBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald, replace } from './herald.js';
import { Router } from './router.js';

describe('A table on disk', () => {
  const herald = new Herald();
  let router: Router;
  const yaml = herald.path('table.yaml');

  const config = (sources: readonly unknown[]): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [router.peer('router', { families: ['ipv4'] })],
    sources,
  });
  const from = async (...files: readonly string[]): Promise<void> => {
    herald.writeConfig(config(files.map((file) => ({ name: file.replace('.', '-'), file: herald.path(file) }))));
    await herald.done('POST', '/v1/reload');
  };

  const stale = async (name: string, problem: RegExp): Promise<void> => {
    const { problems } = await eventually(
      () => herald.source(name),
      (source) => {
        assert.equal(source.stale, true);
        assert.match(source.problems.join('\n'), problem);
      },
    );
    assert.ok(problems.length > 0);
    assert.ok(
      herald.logged('sourceStale').some(({ msg }) => problem.test(msg)),
      herald.text,
    );
  };
  const fresh = async (name: string): Promise<void> => {
    await eventually(
      () => herald.source(name),
      (source) => assert.deepEqual([source.stale, source.problems], [false, []]),
    );
  };

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.writeConfig(config([{ name: 'table-yaml', file: yaml }]));
    replace(yaml, 'services:\n  - name: shop/web\n    addresses: [203.0.113.10]\n');
    await herald.start();
    await herald.established('router');
    await router.holds('203.0.113.10/32');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  const good = 'services:\n  - name: shop/web\n    addresses: [203.0.113.10]\n';
  const damage: Readonly<Record<string, readonly [() => void, RegExp]>> = {
    'a syntax error': [() => replace(yaml, 'services:\n  - name: a\n   addresses: [\n'), /table\.yaml:3:\d+: /],
    'no list': [() => replace(yaml, 'services: 7\n'), /table\.yaml:1:\d+: services: /],
    'emptied in place': [() => truncateSync(yaml), /is empty/],
    removed: [() => rmSync(yaml), /does not exist/],
    'a directory': [
      () => {
        rmSync(yaml);
        symlinkSync(herald.state, yaml);
      },
      /is a directory/,
    ],
    noise: [() => replace(yaml, '\0\x01\x02\xff'.repeat(50)), /table\.yaml/],
  };
  for (const [what, [spoil, problem]] of Object.entries(damage)) {
    it(`that is unusable (${what}) keeps its last good version announced, and says so`, async () => {
      const updates = router.session.updates;
      spoil();
      await stale('table-yaml', problem);
      assert.deepEqual(router.session.prefixes, ['203.0.113.10/32']);
      rmSync(yaml, { force: true });
      replace(yaml, good);
      await fresh('table-yaml');
      router.isUnbroken();
      assert.equal(router.session.updates, updates);
    });
  }

  it('may be changed by rename, in place, and by swapping symlinks as Kubernetes does', async () => {
    replace(yaml, 'services: [{ name: a, addresses: [203.0.113.11] }]\n');
    await router.holds('203.0.113.11/32');
    writeFileSync(yaml, 'services: [{ name: a, addresses: [203.0.113.12] }]\n');
    await router.holds('203.0.113.12/32');

    const versions = [13, 14].map((last) => {
      const directory = herald.path(`..v${last}`);
      symlinkSync(`..v${last}-data`, directory);
      return { directory, last };
    });
    const { mkdirSync } = await import('node:fs');
    for (const { last } of versions) {
      mkdirSync(herald.path(`..v${last}-data`));
      writeFileSync(
        herald.path(`..v${last}-data/table.yaml`),
        `services: [{ name: a, addresses: [203.0.113.${last}] }]\n`,
      );
    }
    symlinkSync('..v13-data', herald.path('..data'));
    rmSync(yaml);
    symlinkSync('..data/table.yaml', yaml);
    await router.holds('203.0.113.13/32');
    symlinkSync('..v14-data', herald.path('..data_tmp'));
    renameSync(herald.path('..data_tmp'), herald.path('..data'));
    await router.holds('203.0.113.14/32');
    rmSync(yaml);
    router.isUnbroken();
  });

  it('loses single bad entries, each named with its line and listed as Rejected; the others apply', async () => {
    replace(
      yaml,
      [
        'services:',
        '  - { name: good, addresses: [203.0.113.10] }',
        '  - { name: bad/address, addresses: [203.0.113.300] }',
        '  - { name: bad/key, addresses: [203.0.113.11], adresses: [] }',
        '  - { name: good, addresses: [203.0.113.12] }',
        '  - { addresses: [203.0.113.13] }',
        '',
      ].join('\n'),
    );
    await router.holds('203.0.113.10/32');
    const source = await eventually(
      () => herald.source('table-yaml'),
      ({ problems }) => assert.ok(problems.length >= 4),
    );
    assert.equal(source.stale, false);
    for (const line of [3, 4, 5, 6])
      assert.ok(
        source.problems.some((problem) => problem.startsWith(`${yaml}:${line}:`)),
        `no problem of line ${line} in ${source.problems.join('\n')}`,
      );
    const listed = await herald.services();
    assert.deepEqual(
      listed.filter(({ name }) => name === 'default/good').map(({ state }) => state),
      ['Allocated', 'Rejected'],
    );
    assert.equal((await herald.service('default/good')).state, 'Allocated');
    for (const [name, line] of [
      ['bad/address', 3],
      ['bad/key', 4],
    ] as const) {
      const rejected: ServiceBody | undefined = listed.find((service) => service.name === name);
      assert.equal(rejected?.state, 'Rejected', name);
      assert.ok(rejected.message.includes(`:${line}:`), rejected.message);
      assert.deepEqual(rejected.announcements, []);
    }
    await herald.heard('sourceProblem', (lines) => assert.ok(lines.some(({ msg }) => msg.includes(`${yaml}:3:`))));
  });

  it('with `services: []` is valid and empty', async () => {
    replace(yaml, 'services: []\n');
    await router.holds();
    await fresh('table-yaml');
    assert.deepEqual(await herald.services(), []);
  });

  it('may be JSON, NDJSON or CSV, each with what the format can say', async () => {
    const community = { communities: ['64512:7'] };
    herald.write(
      'table.json',
      JSON.stringify({ services: [{ name: 'json', addresses: ['203.0.113.20'], bgp: community }] }),
    );
    herald.write(
      'table.ndjson',
      `${JSON.stringify({ name: 'one', addresses: ['203.0.113.21'] })}\n${JSON.stringify({ name: 'two', prefixes: ['198.51.100.0/25'] })}\n`,
    );
    herald.write(
      'table.csv',
      'prefix,nextHop,communities,localPref,med,asPathPrepend\n192.0.2.0/24,,64512:8 no-export,,50,2\n192.0.2.300/32,,,,,\n192.0.2.1/32,192.0.2.254,,,,\n',
    );
    await from('table.json', 'table.ndjson', 'table.csv');
    await router.holds('203.0.113.20/32', '203.0.113.21/32', '198.51.100.0/25', '192.0.2.0/24', '192.0.2.1/32');
    const { routes } = router.session;
    assert.deepEqual(routes.get('203.0.113.20/32')?.of('communities')?.communities, [0xfc000007]);
    const row = routes.get('192.0.2.0/24');
    assert.deepEqual(row?.of('communities')?.communities.toSorted(), [0xfc000008, 0xffffff01]);
    assert.equal(row?.of('med')?.med, 50);
    assert.deepEqual(row?.of('asPath')?.segments[0]?.asns, [64512, 64512, 64512]);
    assert.deepEqual(routes.get('192.0.2.1/32')?.of('nextHop')?.address.words, [0xc00002fe]);
    const bulk = await herald.service('default/table-csv');
    assert.deepEqual([bulk.state, bulk.prefixes], ['Allocated', 2]);
    const { stale: isStale, problems } = await herald.source('table-csv');
    assert.equal(isStale, false);
    assert.match(problems.join('\n'), /table\.csv:3:\d+: .*192\.0\.2\.300/);
  });

  it('of every format, with a syntax error, stays as it was', async () => {
    herald.write('table.json', '{"services": [');
    herald.write('table.csv', 'addresses\n1.2.3.4\n');
    await stale('table-json', /table\.json:1:\d+/);
    await stale('table-csv', /table\.csv:1:1: .*prefix/);
    herald.write('table.ndjson', '{"name":"one","addresses":["203.0.113.21"]}\n{"name":\n');
    await eventually(
      () => herald.source('table-ndjson'),
      ({ problems }) => assert.match(problems.join('\n'), /table\.ndjson:2:/),
    );
    assert.deepEqual(router.session.prefixes.includes('203.0.113.20/32'), true);
    assert.deepEqual(router.session.prefixes.includes('192.0.2.0/24'), true);
    await from('table.yaml');
    router.isUnbroken();
  });

  it('is never written to', async () => {
    const files = ['table.json', 'table.ndjson', 'table.csv', 'table.yaml'].map((name) => herald.path(name));
    const look = (): string[] =>
      files.map((file) => {
        const { ino, mtimeMs, mode } = statSync(file);
        return `${ino} ${mtimeMs} ${mode} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
      });
    const before = look();
    for (const file of files) chmodSync(file, 0o444);
    const readOnly = look();
    await herald.type('announce', 'cli/one', '203.0.113.99');
    await from('table.yaml', 'table.csv');
    await herald.done('DELETE', '/v1/sources/cli/services/cli/one');
    await from('table.yaml');
    assert.deepEqual(look(), readOnly);
    assert.equal(before.length, readOnly.length);
  });

  it('that is identical again costs nothing: no UPDATE is sent', async () => {
    replace(yaml, 'services: [{ name: a, addresses: [203.0.113.10] }]\n');
    await router.holds('203.0.113.10/32');
    const updates = router.session.updates;
    replace(yaml, '# the same in other words\nservices:\n  - addresses: ["203.0.113.10"]\n    name: default/a\n');
    await herald.done('POST', '/v1/reload');
    replace(yaml, 'services: [{ name: a, addresses: [203.0.113.10] }, { name: b, addresses: [203.0.113.11] }]\n');
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
    assert.equal(router.session.updates, updates + 1);
    await herald.heard('sourceLoaded', (lines) =>
      assert.match(lines.at(-1)?.msg ?? '', /2 services, 1 new or changed \(default\/b\)$/),
    );
  });
});
