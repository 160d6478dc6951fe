import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { Router } from './router.js';

describe('The HTTP listener of a running herald', () => {
  const herald = new Herald();
  let router: Router;
  let origin = '';

  const config = (listen: string): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [router.peer('router')],
    addressPools: [{ name: 'production', addresses: ['203.0.113.0/24'] }],
    sources: [{ name: 'table', file: herald.path('table.yaml') }],
    http: { listen },
  });

  before(async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    assert(typeof address === 'object' && address !== null);
    taken.close();
    router = await Router.listen('127.0.0.2');
    origin = `http://127.0.0.1:${address.port}`;
    herald.write('table.yaml', { services: [{ name: 'shop/web' }, { name: 'shop/late', addresses: ['192.0.2.1'] }] });
    herald.writeConfig(config(`127.0.0.1:${address.port}`));
    await herald.start();
    await herald.established('router');
    await router.holds('203.0.113.0/32');
  });

  after(async () => {
    await herald.stop();
    await router.close();
  });

  it('shows what is announced and allocated as metrics', async () => {
    const metrics = await eventually(
      async () => (await fetch(`${origin}/metrics`)).text(),
      (text) =>
        assert.match(
          text,
          /^herald_announced\{service="shop\/web",protocol="bgp",via="router",ip="203\.0\.113\.0"\} 1$/m,
        ),
    );
    assert.match(metrics, /^herald_pool_addresses_in_use\{pool="production",family="ipv4"\} 1$/m);
    assert.match(metrics, /^herald_services\{state="Rejected"\} 1$/m);
    assert.match(metrics, /^process_resident_memory_bytes \d+$/m);
    assert.equal((await herald.call('GET', '/metrics')).status, 200);
  });

  it('counts how long a change took to its peer', async () => {
    const counted = async (): Promise<number> => {
      const metrics = await (await fetch(`${origin}/metrics`)).text();
      return Number(/^herald_bgp_propagation_seconds_count (\d+)$/m.exec(metrics)?.[1]);
    };
    const table = [{ name: 'shop/web' }, { name: 'shop/late', addresses: ['192.0.2.1'] }];
    const before = await counted();
    const entry = { addresses: ['203.0.113.77'] };
    assert.equal((await herald.call('PUT', '/v1/sources/cli/services/shop/timed', entry)).status, 200);
    await router.holds('203.0.113.0/32', '203.0.113.77/32');
    assert.equal(await counted(), before + 1, 'through the socket');
    await herald.call('DELETE', '/v1/sources/cli/services/shop/timed');
    await router.holds('203.0.113.0/32');
    herald.write('table.yaml', { services: [...table, { name: 'shop/filed', addresses: ['203.0.113.78'] }] });
    await router.holds('203.0.113.0/32', '203.0.113.78/32');
    assert.equal(await counted(), before + 3, 'through the file');
    herald.write('table.yaml', { services: table });
    await router.holds('203.0.113.0/32');
  });

  it('has the page, the reading half of the API, and nothing that writes', async () => {
    const page = await fetch(`${origin}/`);
    assert.match(await page.text(), /<title>/);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal((await fetch(`${origin}/v1/services?q=late`)).status, 200);
    const reload = await fetch(`${origin}/v1/reload`, { method: 'POST' });
    assert.deepEqual([reload.status, reload.headers.get('content-type')], [403, 'application/problem+json']);
  });

  it('tells what happens while one looks on', async () => {
    const aborted = new AbortController();
    const response = await fetch(`${origin}/v1/events`, { signal: aborted.signal });
    let told = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const piece of response.body ?? []) told += decoder.decode(piece);
    })().catch(() => {});
    herald.write('table.yaml', { services: [{ name: 'shop/web' }, { name: 'shop/new' }] });
    await eventually(
      () => told,
      (text) => assert.match(text, /^event: allocated\ndata: .*shop\/new/m),
    );
    aborted.abort();
    await reading;
  });

  it('moves when it is reloaded, goes and comes, and takes the names of metrics with it', async () => {
    const before = origin.slice('http://'.length);
    const after = before.replace('127.0.0.1', '127.0.0.9');
    const reload = async (content: Readonly<Record<string, unknown>>): Promise<string> => {
      const loaded = herald.logged('configLoaded').length;
      herald.writeConfig(content);
      await herald.done('POST', '/v1/reload');
      return (await herald.hear('configLoaded', loaded)).msg;
    };
    const answers = async (at: string): Promise<boolean> => {
      const line = connect(Number(at.split(':')[1]), at.split(':')[0]);
      const isOpen = await once(line, 'connect').then(
        () => true,
        () => false,
      );
      line.destroy();
      return isOpen;
    };

    assert.match(await reload(config(after)), /: http changed$/);
    assert.deepEqual([await answers(before), await answers(after)], [false, true]);
    const { http } = await herald.status();
    assert.deepEqual(http, { address: '127.0.0.9', port: Number(after.split(':')[1]), problem: '' });

    assert.match(await reload({ ...config(after), metrics: { compat: 'metallb' } }), /: metrics changed$/);
    assert.match(await (await fetch(`http://${after}/metrics`)).text(), /^metallb_k8s_client_config_loaded_bool 1$/m);

    await reload(config('192.0.2.1:7472'));
    assert.match((await herald.status()).http?.problem ?? '', /^cannot listen on 192\.0\.2\.1:7472: .*EADDRNOTAVAIL/);
    assert.equal(await answers(after), false, 'an address that is not wanted any more');

    await reload(config(''));
    assert.equal((await herald.status()).http, undefined);
    await reload(config(before));
    assert.equal(await answers(before), true);
  });

  it('is not missed when its port is taken: herald says so and goes on', async () => {
    const other = new Herald();
    const second = await Router.listen('127.0.0.3');
    try {
      other.write('table.yaml', { services: [] });
      other.writeConfig({ ...config(origin.slice('http://'.length)), bgpPeers: [second.peer('router')] });
      await other.start();
      await eventually(
        () => other.log.map(({ event }) => event),
        (events) => assert(events.includes('httpFailed')),
      );
    } finally {
      await other.stop();
      await second.close();
    }
  });
});
