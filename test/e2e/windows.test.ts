import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { NetConnectOpts, Socket } from 'node:net';
import { RawClient } from '../api/raw.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { freePort, Router } from './router.js';

const MiB = 1024 * 1024;
const services = 20_000;
const entry = '/v1/sources/cli/services/a/b';
const table = '/v1/sources/controller/services';

type Window = 'control socket' | 'HTTP listener';
const windows: readonly Window[] = ['control socket', 'HTTP listener'];

const request = (method: string, target: string, ...headers: readonly string[]): string =>
  `${[`${method} ${target} HTTP/1.1`, 'host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

/** Octets of a generator that gives the same ones in every run (Numerical Recipes' LCG). */
function noise(seed: number, octets: number): Buffer {
  const noisy = Buffer.alloc(octets);
  let state = seed;
  for (let at = 0; at < octets; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noisy[at] = state >>> 24;
  }
  return noisy;
}

/** Until more of it fits in, or nobody takes it. */
async function taken(socket: Socket): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(() => {});
  over.abort();
}

describe('The windows of a running herald, abused,', () => {
  const herald = new Herald();
  let router: Router;
  let port = 0;
  let told = 0;
  /** Begun requests that never go on. */
  let begun: readonly RawClient[] = [];
  let clients: RawClient[] = [];

  const place = (window: Window): NetConnectOpts =>
    window === 'control socket' ? { path: herald.socket } : { host: '127.0.0.1', port };
  const open = (window: Window, words: string | Buffer = ''): RawClient => {
    const client = new RawClient(place(window));
    clients.push(client.say(words));
    return client;
  };
  const mute = (window: Window, words: string): RawClient => {
    const client = RawClient.mute(place(window), words);
    clients.push(client);
    return client;
  };
  const hears = (client: RawClient, what: RegExp): Promise<string> =>
    eventually(
      () => client.heard,
      (heard) => assert.match(heard, what),
    );
  /** Somebody who comes now is served. */
  async function serves(window: Window): Promise<void> {
    const client = open(window, request('GET', '/v1/status', 'connection: close'));
    assert.match(await client.whole(), /^HTTP\/1\.1 200 .*"ready":true/s, window);
  }

  before(async function () {
    this.timeout(60_000);
    router = await Router.listen('127.0.0.2', { keepsAlive: true });
    port = await freePort('127.0.0.1');
    const lines = Array.from(
      { length: services },
      (_, i) => `{"name":"shop/s${i}","addresses":["10.0.${i >> 8}.${i & 255}"]}\n`,
    );
    herald.write('table.ndjson', lines.join(''));
    herald.writeConfig({
      node: { name: 'node-a' },
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [router.peer('router', { holdTime: '9s' })],
      sources: [
        { name: 'table', file: herald.path('table.ndjson') },
        { name: 'controller', socket: {} },
      ],
      http: { listen: `127.0.0.1:${port}` },
      metrics: { compat: 'metallb' },
    });
    await herald.start();
    await herald.established('router');
    await eventually(
      () => router.session.routes.size,
      (size) => assert.equal(size, services),
    );
    told = router.session.updates;
    begun = windows.flatMap((window) =>
      ['', 'GET /v1/sta', 'GET /v1/status HTTP/1.1\r\nhost: loc', request('GET', '/livez').slice(0, -2)].map((words) =>
        new RawClient(place(window)).say(words),
      ),
    );
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    clients = [];
    for (const window of windows) await serves(window);
    // Neither did anybody hear anything of it on the wire, nor was there a fault of ours.
    router.isUnbroken();
    assert.deepEqual([router.session.updates, router.session.routes.size], [told, services]);
    assert.deepEqual([herald.logged('crashed'), herald.logged('apiFailed'), herald.noise], [[], [], '']);
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  /** What the abuse of `abuse` adds to the memory, at its highest. */
  async function grows(abuse: () => Promise<void>): Promise<number> {
    const before = herald.residentMegabytes;
    let most = before;
    const look = setInterval(() => {
      most = Math.max(most, herald.residentMegabytes);
    }, 20);
    try {
      await abuse();
    } finally {
      clearInterval(look);
    }
    return Math.max(most, herald.residentMegabytes) - before;
  }

  for (const window of windows) {
    it(`bear octets without meaning (${window})`, async () => {
      const noisy = Array.from({ length: 100 }, (_, i) => open(window, noise(i + 1, 1 + i * 97)));
      const words = Array.from({ length: 100 }, (_, i) => {
        const before = Buffer.from(request('PUT', entry, `content-length: ${i * 10}`));
        return open(window, Buffer.concat([before, noise(i + 1, 40), before.subarray(0, i), noise(i, 200)]));
      });
      for (const client of [...noisy, ...words]) client.socket.end();
      await Promise.all([...noisy, ...words].map((client) => client.whole()));
    });

    it(`show nothing but what is there, however a path is written (${window})`, async () => {
      const nowhere = [
        '/../../etc/passwd',
        '/..%2f..%2fetc%2fpasswd',
        '/%2e%2e/%2e%2e/package.json',
        '/page.js%00.html',
        '/%00',
        '/page.js/..',
        '/./page.js',
        '//page.js',
        '/page.js\\..\\x',
        '/PAGE.JS',
        '/v1//status',
        '/v1/status/',
        '/v1/status%2f',
        '/v1%2fstatus',
        '/%76%31/status',
        '/v1/status;x=1',
        '/v1/status%00',
        '/__proto__',
        '/constructor',
        '/v1/__proto__',
        '/v1/peers/__proto__',
        '/v1/peers/..%2fstatus',
        '/v1/services/__proto__/constructor',
        '/v1/services/%2e%2e/%2e%2e',
        `/${'a'.repeat(8000)}`,
        '/v1/explain/%F0%9F%A6%86',
        'http://localhost/../../etc/passwd',
      ];
      for (const path of nowhere) {
        const heard = await open(window, request('GET', path, 'connection: close')).whole();
        assert.match(heard, /^HTTP\/1\.1 404 .*application\/problem\+json/s, path);
        assert.doesNotMatch(heard, /root:|"version"/, path);
      }
      for (const path of [
        '/v1/peers/%ff',
        '/v1/services/%c0%ae/x',
        '/v1/explain/%E0%A4%A',
        '*',
        'x',
        '/v1/status?%00=1',
      ]) {
        const heard = await open(window, request('GET', path, 'connection: close')).whole();
        assert.match(heard, /^HTTP\/1\.1 400 .*application\/problem\+json/s, path);
      }
      const huge = await open(window, request('GET', '/livez', `x: ${'y'.repeat(20_000)}`)).whole();
      assert.match(huge, /^HTTP\/1\.1 431 .*"code":"headersTooLarge"/s);
      const many = await open(
        window,
        request('GET', '/livez', ...Array.from({ length: 3000 }, (_, i) => `x${i}: y`)),
      ).whole();
      assert.match(many, /^HTTP\/1\.1 431 /);
    });

    it(`answer every method, and no upgrade (${window})`, async () => {
      for (const [method, path, status] of [
        ['HEAD', '/v1/status', 200],
        ['HEAD', '/v1/services', 200],
        ['HEAD', '/metrics', 200],
        ['HEAD', '/v1/events', 200],
        ['HEAD', '/v1/nothing', 404],
        ['OPTIONS', '/v1/status', 405],
        ['TRACE', '/v1/status', 405],
        ['PROPFIND', '/v1/status', 405],
        ['CONNECT', 'example.com:443', 501],
      ] as const) {
        const heard = await open(window, request(method, path, 'connection: close')).whole();
        assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `), `${method} ${path}`);
        if (method === 'HEAD') assert.match(heard, /\r\n\r\n$/, path);
      }
      for (const protocol of ['websocket', 'h2c', 'TLS/1.3']) {
        const words = request('GET', '/livez', `upgrade: ${protocol}`, 'connection: upgrade, close');
        assert.match(await open(window, words).whole(), /^HTTP\/1\.1 200 .*alive\n/s, protocol);
      }
    });

    // Of a TCP connection the kernel itself keeps megabytes.
    const [readers, askers] = window === 'control socket' ? [100, 20] : [6, 3];

    it(`keep little of lists, metrics and events that nobody reads (${window})`, async () => {
      const growth = await grows(async () => {
        const slow = Array.from({ length: readers }, (_, i) =>
          mute(window, request('GET', ['/v1/services', '/v1/announcements?limit=100000', '/metrics'][i % 3]!)),
        );
        for (let i = 0; i < 20; i++) mute(window, request('GET', '/v1/events', 'last-event-id: 0'));
        // Each has as much as the kernel keeps for it: what follows would be kept by herald.
        await Promise.all(
          slow.map(({ socket }) =>
            eventually(
              () => socket.readableLength,
              (octets) => assert.ok(octets > 0),
            ),
          ),
        );
        await serves(window);
      });
      // Of answers of five megabytes each.
      assert.ok(growth < 150, `${growth} MB more`);
    });

    it(`answer a connection's requests one after the other (${window})`, async () => {
      const growth = await grows(async () => {
        const many = Array.from({ length: askers }, () => mute(window, request('GET', '/v1/services').repeat(30)));
        const tooMany = Array.from({ length: askers }, () => open(window, request('GET', '/v1/peers').repeat(5000)));
        await Promise.all(tooMany.map((client) => client.whole()));
        await serves(window);
        assert.ok(many.every(({ isOpen }) => isOpen));
      });
      assert.ok(growth < 150, `${growth} MB more`);
    });
  }

  describe('by what is sent to be written,', () => {
    const chunk = (octets: Buffer | string): Buffer =>
      Buffer.concat([Buffer.from(`${octets.length.toString(16)}\r\n`), Buffer.from(octets), Buffer.from('\r\n')]);

    /** Sends the same piece for as long as it is taken. */
    async function sendWithoutEnd(head: string, piece: Buffer): Promise<string> {
      const client = open('control socket', head);
      while (client.isOpen && !/^HTTP\/1\.1 [2-5]/.test(client.heard))
        if (!client.socket.write(piece)) await taken(client.socket);
      return hears(client, /\r\n\r\n.*\}$/s);
    }

    it('refuse bodies of more than 64 MiB, said or unsaid, and those without an end', async function () {
      this.timeout(60_000);
      const ndjson = 'content-type: application/x-ndjson';
      const chunked = 'transfer-encoding: chunked';
      const growth = await grows(async () => {
        for (const [head, piece] of [
          [request('PUT', entry, `content-length: ${65 * MiB}`), Buffer.alloc(MiB, ' ')],
          [request('PUT', entry, chunked), chunk(Buffer.alloc(MiB, ' '))],
          [request('POST', '/v1/plan', chunked), chunk(Buffer.alloc(MiB, ' '))],
          [request('PUT', table, chunked), chunk(Buffer.alloc(MiB, ' '))],
          [request('PUT', table, chunked, ndjson), chunk(Buffer.alloc(MiB, ' '))],
          [request('POST', table, chunked, ndjson), chunk(Buffer.alloc(MiB, 'x'))],
        ] as const)
          assert.match(await sendWithoutEnd(head, piece), /^HTTP\/1\.1 413 .*"code":"tooLarge"/s, head);
      });
      assert.ok(growth < 400, `${growth} MB more`);
    });

    it('read past a body that nobody asked for, and not without end', async () => {
      const client = open('HTTP listener', request('GET', '/livez', 'transfer-encoding: chunked'));
      assert.match(await client.whole(), /^HTTP\/1\.1 200 .*alive\n/s);
    });

    it('refuse what would become too much, and say what is wrong with the rest', async function () {
      this.timeout(60_000);
      const deep = (open: string, close: string, depth = 100_000): string =>
        `${open.repeat(depth)}1${close.repeat(depth)}`;
      const ndjson = { 'content-type': 'application/x-ndjson' };
      const keys = Array.from({ length: 100_000 }, (_, i) => `"key${i}":0`).join();
      const growth = await grows(async () => {
        for (const [method, path, body, statuses, headers] of [
          ['PUT', entry, '['.repeat(50 * MiB), [413]],
          ['PUT', entry, `{"addresses":[${'"x",'.repeat(12 * MiB)}"x"]}`, [413]],
          ['PUT', entry, `{${keys}}`, [422]],
          ['PUT', entry, `{"addresses":[${'"x",'.repeat(100_000)}"x"]}`, [422]],
          ['PUT', entry, `"${'x'.repeat(50 * MiB)}"`, [422]],
          ['PUT', entry, deep('[', ']'), [422]],
          ['PUT', entry, `{"bgp":${deep('{"bgp":', '}')}}`, [422]],
          ['PUT', table, deep('[', ']'), [422]],
          ['PUT', table, `{"services":${deep('[', ']')}}`, [422]],
          ['PUT', table, `{"services":[${deep('{"a":', '}')}]}`, [422]],
          ['PUT', table, `{"services":[{"name":"a","labels":{"a":"${'x'.repeat(2 * MiB)}"}}]}`, [422]],
          ['PUT', table, `{"services":[${'{},'.repeat(5000)}{}]}`, [422]],
          ['PUT', table, deep('[', ']'), [422], ndjson],
          ['POST', '/v1/members/node-a', `{${keys}}`, [422]],
          ['POST', '/v1/plan', JSON.stringify({ config: deep('[', ']') }), [422]],
          ['POST', '/v1/plan', JSON.stringify({ config: `a: ${'x'.repeat(20 * MiB)}` }), [422]],
          ['POST', '/v1/plan', JSON.stringify({ table: deep('[', ']'), tableName: 'a.yaml' }), [422]],
          ['POST', '/v1/plan', JSON.stringify({ table: deep('[', ']'), tableName: 'a.json' }), [422]],
          ['POST', '/v1/plan', JSON.stringify({ table: 'services: []', tableName: '\u001b[2Ja.yaml' }), [422]],
          ['POST', table, `${deep('[', ']')}\n`, [200], ndjson],
        ] as const) {
          const words = `${method} ${path} ${body.slice(0, 40)}`;
          const answer = await herald.call(method, path, body, headers);
          assert.ok((statuses as readonly number[]).includes(answer.status), `${words}: ${answer.text.slice(0, 200)}`);
          assert.ok(answer.text.length < 100_000, `${words}: ${answer.text.length} octets`);
          if (answer.status !== 200) assert.equal(answer.type, 'application/problem+json', words);
        }
      });
      assert.ok(growth < 600, `${growth} MB more`);
    });

    it('say that an alias which stands for millions of values is one', async () => {
      const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
      const bomb = `a0: &a0 [${'x,'.repeat(9)}]\n${levels.join('\n')}\nservices: *a12\n`;
      for (const field of ['config', 'table'])
        assert.equal((await herald.call('POST', '/v1/plan', { [field]: bomb })).status, 422, field);
    });
  });

  it('let nobody write over TCP, whatever he says he is', async () => {
    const { paths } = await herald.get<{ paths: Record<string, Record<string, unknown>> }>('/openapi.json');
    let writes = 0;
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) {
        if (method === 'get') continue;
        writes++;
        const target = path.replaceAll(/\{\w+\}/g, 'cli');
        for (const headers of [
          [],
          ['origin: http://localhost', 'sec-fetch-site: same-origin', 'content-type: text/plain'],
          ['x-http-method-override: GET', 'x-forwarded-for: 127.0.0.1', 'authorization: Basic eDp5'],
          ['expect: 100-continue'],
        ]) {
          const heard = await open(
            'HTTP listener',
            `${request(method.toUpperCase(), target, 'content-length: 2', 'connection: close', ...headers)}{}`,
          ).whole();
          assert.match(heard, /HTTP\/1\.1 403 .*"code":"readOnly"/s, `${method} ${target}`);
          assert.doesNotMatch(heard, /access-control/i);
        }
      }
    assert.ok(writes > 5);
    for (const method of ['GET', 'HEAD'])
      assert.match(
        await open('HTTP listener', request(method, '/v1/reload', 'connection: close')).whole(),
        /^HTTP\/1\.1 405 /,
      );
  });

  it('tell a page of a stranger nothing, though his name leads to this host', async () => {
    for (const [host, status] of [
      ['evil.example', 421],
      [`evil.example:${port}`, 421],
      ['127.0.0.1.evil.example', 421],
      [`127.0.0.1:${port}`, 200],
      [`[::1]:${port}`, 200],
      ['node-a', 200],
    ] as const) {
      const words = `GET /v1/peers HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\nconnection: close\r\n\r\n`;
      const heard = await open('HTTP listener', words).whole();
      assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `), host);
      assert.doesNotMatch(heard, /access-control/i);
      if (status !== 200) assert.doesNotMatch(heard, /router/);
    }
  });

  describe('by clients that ask nothing,', () => {
    it('tell whoever begins a request and never ends it that it takes too long', async () => {
      for (const client of begun)
        assert.match(await client.whole(), /^HTTP\/1\.1 408 Request Timeout.*"code":"tooSlow"/s);
    });

    it('serve whoever comes while two thousand on each ask nothing', async function () {
      this.timeout(60_000);
      // Of both ends this process has one.
      const files = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
      const each = Math.min(2000, Math.floor(files / 4));
      const idle: RawClient[] = [];
      const growth = await grows(async () => {
        for (let opened = 0; opened < each; opened += 100)
          for (const window of windows) {
            idle.push(...Array.from({ length: 100 }, () => open(window)));
            await serves(window);
          }
        const left = idle.filter(({ isOpen }) => isOpen).length;
        assert.ok(left <= 2000, `${left} of ${2 * each} connections are open`);
        if (each === 2000) assert.match(idle[0]!.heard, /^HTTP\/1\.1 503 .*"code":"tooManyConnections"/s);
        for (const window of windows) await serves(window);
      });
      assert.ok(growth < 100, `${growth} MB more`);
    });
  });
});

describe('A herald that may open few files', () => {
  it('keeps some of them for its peers, however many clients there are', async () => {
    const herald = new Herald();
    const router = await Router.listen('127.0.0.2');
    const port = await freePort('127.0.0.1');
    const idle: RawClient[] = [];
    try {
      herald.write('table.yaml', { services: [{ name: 'web', addresses: ['203.0.113.1'] }] });
      herald.writeConfig({
        bgp: { asn: 64512, routerID: '10.0.0.11' },
        bgpPeers: [router.peer('router')],
        sources: [{ name: 'table', file: herald.path('table.yaml') }],
        http: { listen: `127.0.0.1:${port}` },
      });
      await herald.start({ through: ['prlimit', '--nofile=256'] });
      await router.holds('203.0.113.1/32');
      for (let i = 0; i < 200; i++)
        for (const where of [{ path: herald.socket }, { host: '127.0.0.1', port }]) {
          idle.push(new RawClient(where));
          if (i % 20 === 0) assert.equal((await herald.call('GET', '/livez')).status, 200);
        }
      await herald.done('POST', '/v1/peers/router/reset');
      await eventually(
        () => router.sessions.length,
        (sessions) => assert.equal(sessions, 2),
      );
      await router.holds('203.0.113.1/32');
      herald.write('table.yaml', { services: [{ name: 'web', addresses: ['203.0.113.2'] }] });
      await router.holds('203.0.113.2/32');
      assert.equal((await herald.call('GET', '/readyz')).status, 200);
    } finally {
      for (const client of idle) client.close();
      await herald.remove();
      await router.close();
    }
  });
});
