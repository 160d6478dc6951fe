import assert from 'node:assert/strict';
import type { ServiceBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald, replace } from './herald.js';
import { Router } from './router.js';

describe('Services of several writers', () => {
  const herald = new Herald();
  let router: Router;
  let dual: Router;
  const first = herald.path('first.yaml');
  const second = herald.path('second.yaml');

  const config = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a', labels: { rack: 'r12' } },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [router.peer('router'), dual.peer('dual', { families: ['ipv4', 'ipv6'] })],
    sources: [
      { name: 'first', file: first },
      { name: 'second', file: second },
      { name: 'controller', socket: {} },
    ],
    ...more,
  });
  const reload = async (more: Readonly<Record<string, unknown>>): Promise<void> => {
    herald.writeConfig(config(more));
    await herald.done('POST', '/v1/reload');
  };
  const put = (path: string, body: unknown) => herald.call('PUT', `/v1/sources/${path}`, body);
  const table = (file: string, ...services: readonly unknown[]): void =>
    replace(file, `${JSON.stringify({ services })}\n`);
  const reasonOf = ({ announcements }: ServiceBody, via = 'router'): string => {
    const found = announcements.find((announcement) => announcement.via === via);
    return `${found?.state} ${found?.reason}`.trim();
  };

  before(async () => {
    [router, dual] = await Promise.all([
      Router.listen('127.0.0.2'),
      Router.listen('127.0.0.3', { families: ['ipv4', 'ipv6'] }),
    ]);
    table(first, { name: 'shop/web', addresses: ['203.0.113.10'] });
    table(second, { name: 'other', addresses: ['203.0.113.11'] });
    herald.writeConfig(config());
    await herald.start();
    await herald.established('router', 'dual');
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
  });

  after(async () => {
    await herald.remove();
    await Promise.all([router.close(), dual.close()]);
  });

  it('belong to the earliest source that names them; other claims are Shadowed and take over when it lets go', async () => {
    table(second, { name: 'other', addresses: ['203.0.113.11'] }, { name: 'shop/web', addresses: ['203.0.113.20'] });
    const [winner, shadowed] = await eventually(
      async () => (await herald.services()).filter(({ name }) => name === 'shop/web'),
      (seen) => assert.equal(seen.length, 2),
    );
    assert.deepEqual([winner?.source, winner?.state], ['first', 'Allocated']);
    assert.deepEqual([shadowed?.source, shadowed?.state, shadowed?.announcements], ['second', 'Shadowed', []]);
    assert.match(shadowed?.message ?? '', /first/);
    assert.equal((await herald.service('shop/web')).source, 'first');
    await router.holds('203.0.113.10/32', '203.0.113.11/32');

    table(first, { name: 'else', addresses: ['203.0.113.12'] });
    await router.holds('203.0.113.11/32', '203.0.113.12/32', '203.0.113.20/32');
    assert.equal((await herald.service('shop/web')).source, 'second');

    table(first, { name: 'shop/web', addresses: ['203.0.113.10'] });
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
    table(second, { name: 'other', addresses: ['203.0.113.11'] });
    router.isUnbroken();
  });

  it('of the control socket belong to their owner: others get 409 with the holder’s name, unless they force it', async () => {
    const path = 'controller/services/team/api';
    const entry = { addresses: ['203.0.113.30'] };
    assert.equal((await put(`${path}?owner=alice`, entry)).status, 200);
    await router.holds('203.0.113.10/32', '203.0.113.11/32', '203.0.113.30/32');
    for (const answer of [
      await put(`${path}?owner=bob`, { addresses: ['203.0.113.31'] }),
      await put(path, { addresses: ['203.0.113.31'] }),
      await herald.call('DELETE', `/v1/sources/${path}?owner=bob`),
      await herald.call('DELETE', `/v1/sources/${path}`),
    ]) {
      assert.equal(answer.status, 409, answer.text);
      assert.equal(answer.type, 'application/problem+json');
      assert.match(JSON.parse(answer.text).detail, /alice/);
    }
    assert.deepEqual((await herald.service('team/api')).addresses, ['203.0.113.30']);
    assert.equal((await put(`${path}?owner=bob&force=true`, { addresses: ['203.0.113.31'] })).status, 200);
    const taken = await herald.service('team/api');
    assert.deepEqual([taken.owner, taken.addresses], ['bob', ['203.0.113.31']]);
    await router.holds('203.0.113.10/32', '203.0.113.11/32', '203.0.113.31/32');
    await herald.done('DELETE', `/v1/sources/${path}?owner=bob`);
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
  });

  it('are written to configured sources only: others are 404, a file is not written to', async () => {
    const entry = { addresses: ['203.0.113.30'] };
    assert.equal((await put('nowhere/services/a/b', entry)).status, 404);
    assert.equal((await put('first/services/a/b', entry)).status, 409);
    assert.equal((await herald.call('DELETE', '/v1/sources/first/services/shop/web')).status, 409);
    assert.equal((await herald.call('DELETE', '/v1/sources/cli/services/shop/web')).status, 404);
    const invalid = await put('cli/services/a/b', { addresses: ['203.0.113.300'], adresses: [] });
    assert.equal(invalid.status, 422);
    const { problems } = JSON.parse(invalid.text);
    assert.equal(problems.length, 2, invalid.text);
    assert.equal((await put('cli/services/a/b', { ...entry, name: 'a/other' })).status, 422);
    assert.equal((await put('cli/services/a/b', undefined)).status, 422);
  });

  it('written once more as they are cost nothing: no UPDATE, and they are as old as before', async () => {
    const path = 'cli/services/same/entry';
    await herald.done('PUT', `/v1/sources/${path}`, { addresses: ['203.0.113.40'] });
    await router.holds('203.0.113.10/32', '203.0.113.11/32', '203.0.113.40/32');
    const { updates } = router.session;
    const { since } = await herald.service('same/entry');
    for (let i = 0; i < 20; i++)
      await herald.done('PUT', `/v1/sources/${path}`, { name: 'same/entry', addresses: ['203.0.113.40'] });
    assert.equal((await herald.service('same/entry')).since, since);
    await herald.done('DELETE', `/v1/sources/${path}`);
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
    assert.equal(router.session.updates, updates + 1);
  });

  it('of a foreign class are Ignored, and nothing they hold is touched', async () => {
    await reload({ loadBalancerClass: 'example.net/herald' });
    table(
      second,
      { name: 'foreign', addresses: ['203.0.113.50'], loadBalancerClass: 'example.net/other' },
      { name: 'ours', addresses: ['203.0.113.51'], loadBalancerClass: 'example.net/herald' },
      { name: 'unclassed', addresses: ['203.0.113.52'] },
    );
    await router.holds('203.0.113.51/32');
    for (const name of ['default/foreign', 'default/unclassed', 'shop/web']) {
      const { state, reason, addresses, announcements } = await herald.service(name);
      assert.deepEqual([state, reason, addresses, announcements], ['Ignored', 'loadBalancerClass', [], []], name);
    }
    await reload({ loadBalancerClass: 'example.net/herald', handleUnclassed: true });
    await router.holds('203.0.113.10/32', '203.0.113.51/32', '203.0.113.52/32');
    await reload({});
    table(second, { name: 'other', addresses: ['203.0.113.11'] });
    await router.holds('203.0.113.10/32', '203.0.113.11/32');
  });

  it('that are not announced name the one reason', async () => {
    const v6 = '2001:db8::1';
    table(
      second,
      { name: 'off', addresses: ['203.0.113.60'], enabled: false },
      { name: 'elsewhere', addresses: ['203.0.113.61'], nodes: ['node-b'] },
      { name: 'nobody', addresses: ['203.0.113.62'], endpoints: [] },
      {
        name: 'remote',
        addresses: ['203.0.113.63'],
        externalTrafficPolicy: 'Local',
        endpoints: [{ node: 'node-b', ready: true, serving: true }],
      },
      { name: 'unmatched', addresses: ['203.0.113.64'], labels: { tier: 'internal' } },
      { name: 'six', addresses: [v6] },
      { name: 'none' },
    );
    await reload({
      bgpAdvertisements: [
        {
          name: 'public',
          serviceSelectors: [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['internal'] }] }],
        },
      ],
    });
    await router.holds('203.0.113.10/32');
    await dual.holds('203.0.113.10/32', `${v6}/128`);
    const expected = {
      off: 'withheld disabled',
      elsewhere: 'withheld notThisNode',
      nobody: 'withheld noEndpoints',
      remote: 'withheld noLocalEndpoints',
      unmatched: 'withheld noMatchingAdvertisement',
      six: 'withheld familyNotNegotiated',
    };
    for (const [name, reason] of Object.entries(expected)) {
      const service = await herald.service(`default/${name}`);
      assert.equal(service.state, 'Allocated', name);
      assert.equal(reasonOf(service), reason, name);
    }
    assert.equal(reasonOf(await herald.service('default/six'), 'dual'), 'announced');
    assert.equal((await herald.service('default/none')).state, 'Rejected');
    await reload({ addressPools: [{ name: 'small', addresses: ['203.0.113.0/26'] }] });
    await eventually(
      () => herald.service('default/elsewhere'),
      ({ state }) => assert.equal(state, 'Allocated'),
    );
    const outside = await herald.service('default/unmatched');
    assert.deepEqual([outside.state, outside.reason, outside.announcements], ['Rejected', 'AddressNotInPool', []]);
    assert.equal((await herald.service('shop/web')).pool, 'small');
    await reload({
      bgpPeers: [router.peer('router', { shutdown: true }), dual.peer('dual', { families: ['ipv4', 'ipv6'] })],
    });
    await eventually(
      () => herald.service('shop/web'),
      (service) => assert.equal(reasonOf(service), 'pending'),
    );
    await reload({});
    await herald.established('router');
    dual.isUnbroken();
  });
});

describe('safety.maxWithdrawPercent', () => {
  const herald = new Herald();
  let router: Router;
  const addresses = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `203.0.113.${from + i}`);
  const entries = (from: number, count: number): unknown[] =>
    addresses(from, count).map((address) => ({ name: `s${address}`, addresses: [address] }));
  const prefixes = (from: number, count: number): string[] => addresses(from, count).map((address) => `${address}/32`);
  const config = (
    percent: number,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [router.peer('router')],
    sources: [
      { name: 'table', file: herald.path('table.json') },
      { name: 'bulk', file: herald.path('bulk.csv') },
    ],
    safety: { maxWithdrawPercent: percent },
    ...more,
  });
  const table = (...services: readonly unknown[]): void => herald.write('table.json', JSON.stringify({ services }));
  const bulk = (...rows: readonly string[]): void => herald.write('bulk.csv', ['prefix', ...rows, ''].join('\n'));

  before(async () => {
    router = await Router.listen('127.0.0.2');
    table(...entries(1, 10));
    bulk(...prefixes(101, 10));
    herald.writeConfig(config(30));
    await herald.start();
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10));
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  const refused = async (source: string): Promise<void> => {
    const { problems } = await eventually(
      () => herald.source(source),
      ({ stale }) => assert.equal(stale, true),
    );
    assert.match(problems.join('\n'), /withdraw \d+ of 20 .*maxWithdrawPercent/);
    await herald.heard('tableRefused', (lines) => assert.ok(lines.some((line) => line['source'] === source)));
    assert.equal(router.session.prefixes.length, 20);
  };
  const taken = (source: string) =>
    eventually(
      () => herald.source(source),
      ({ stale, problems }) => assert.deepEqual([stale, problems], [false, []]),
    );

  it('refuses a table that withdraws more, and takes the next good one', async () => {
    const { updates } = router.session;
    table(...entries(1, 3));
    await refused('table');
    assert.equal(router.session.updates, updates);
    assert.equal((await herald.services()).filter(({ source }) => source === 'table').length, 10);
    table(...entries(1, 9));
    await router.holds(...prefixes(1, 9), ...prefixes(101, 10));
    await taken('table');
    table(...entries(1, 10));
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10));
  });

  it('refuses a bulk that withdraws more, and takes the next good one', async () => {
    bulk(...prefixes(101, 2));
    await refused('bulk');
    bulk(...prefixes(101, 8), ...prefixes(120, 2));
    await router.holds(...prefixes(1, 10), ...prefixes(101, 8), ...prefixes(120, 2));
    await taken('bulk');
    bulk(...prefixes(101, 10));
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10));
  });

  it('lets a table through that it refused once the configuration allows it', async () => {
    table(...entries(1, 2));
    bulk(...prefixes(101, 2));
    await refused('table');
    await refused('bulk');
    herald.writeConfig(config(100));
    await herald.done('POST', '/v1/reload');
    await router.holds(...prefixes(1, 2), ...prefixes(101, 2));
    await taken('table');
    await taken('bulk');
    table(...entries(1, 10));
    bulk(...prefixes(101, 10));
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10));
    herald.writeConfig(config(30));
    await herald.done('POST', '/v1/reload');
  });

  it('refuses a configuration that withdraws more, and the one before stays in force', async () => {
    for (const worse of [{ bgpAdvertisements: [] }, { sources: [] }, { loadBalancerClass: 'other' }]) {
      herald.writeConfig(config(30, worse));
      const answer = await herald.call('POST', '/v1/reload');
      assert.equal(answer.status, 422, JSON.stringify(worse));
      assert.match(JSON.parse(answer.text).problems[0], /maxWithdrawPercent/);
      const { config: state } = await herald.status();
      assert.equal(state.stale, true);
      assert.match(state.problems.join('\n'), /would withdraw \d+ of 20/);
      assert.equal(router.session.prefixes.length, 20);
    }
    herald.writeConfig(config(30));
    await herald.done('POST', '/v1/reload');
    assert.equal((await herald.status()).config.stale, false);
    router.isUnbroken();
  });

  it('refuses a write through the socket that withdraws more, unless it is forced', async () => {
    await herald.done('PUT', '/v1/sources/cli/services/big/one', { addresses: addresses(201, 20) });
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10), ...prefixes(201, 20));
    const answer = await herald.call('DELETE', '/v1/sources/cli/services/big/one');
    assert.equal(answer.status, 409);
    assert.match(JSON.parse(answer.text).detail, /would withdraw 20 of 40/);
    assert.equal(
      (await herald.call('PUT', '/v1/sources/cli/services/big/one', { addresses: addresses(201, 1) })).status,
      409,
    );
    const { code, err } = await herald.type('withdraw', 'big/one');
    assert.equal(code, 1);
    assert.match(err, /maxWithdrawPercent/);
    assert.equal((await herald.type('withdraw', 'big/one', '--force')).code, 0);
    await router.holds(...prefixes(1, 10), ...prefixes(101, 10));
  });
});
