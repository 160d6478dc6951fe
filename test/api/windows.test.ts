import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as ask, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Socket } from 'node:net';
import { EventRing, type HouseEvent } from '../../src/api/event-ring.js';
import { type ApiServer, serveHttp } from '../../src/api/server.js';
import { eventually } from '../interop/eventually.js';
import { FakeHouse, quietLog } from './fake-house.js';
import { plainWindows } from './served.js';

const happened = (event: string, changes: Partial<HouseEvent> = {}): HouseEvent => ({
  at: new Date(0),
  level: 'info',
  event,
  message: `it was ${event}`,
  fields: { peer: 'tor-1' },
  ...changes,
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  assert(typeof address === 'object' && address !== null);
  return address.port;
}

describe('the HTTP listener', () => {
  const house = new FakeHouse();
  const events = new EventRing(5001);
  let port = 0;
  let server: ApiServer | undefined;
  before(async () => {
    port = await freePort();
    const page = new Map([
      ['/', { type: 'text/html; charset=utf-8', octets: Buffer.from('<!doctype html>'), etag: '"1"' }],
    ]);
    const windows = plainWindows({ events, page, isReadOnly: true });
    server = await serveHttp(house, { host: '127.0.0.1', port }, quietLog, windows);
  });
  after(async () => {
    events.close();
    await server?.close();
  });

  function get(
    path: string,
    method = 'GET',
    headers: Record<string, string> = {},
  ): Promise<{ status: number; type: string; text: string }> {
    return new Promise((resolve, reject) => {
      const sent = ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (octets: Buffer) => {
          text += octets.toString();
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  it('shows the reading half of the API, metrics and the page', async () => {
    assert.equal((await get('/v1/status')).status, 200);
    assert.equal((await get('/v1/peers')).status, 200);
    const metrics = await get('/metrics');
    assert.deepEqual([metrics.status, metrics.text], [200, 'herald_build_info 1\n']);
    assert.match(metrics.type, /^text\/plain; version=0\.0\.4/);
    assert.match((await get('/')).text, /doctype html/);
    assert.match((await get('/openapi.json')).text, /"\/v1\/events"/);
  });

  it('lets nobody write', async () => {
    for (const [method, path] of [
      ['PUT', '/v1/sources/cli/services/a/b'],
      ['DELETE', '/v1/sources/cli/services/a/b'],
      ['POST', '/v1/reload'],
      ['POST', '/v1/drain'],
      ['POST', '/v1/undrain'],
      ['POST', '/v1/peers/tor-1/reset'],
    ] as const) {
      const { status, type } = await get(path, method);
      assert.deepEqual([method, status, type], [method, 403, 'application/problem+json']);
    }
    assert.deepEqual([house.written, house.commands], [[], []]);
  });

  it('says that it lives, and whether it is ready', async () => {
    assert.deepEqual(await get('/livez'), { status: 200, type: 'text/plain; charset=utf-8', text: 'alive\n' });
    assert.equal((await get('/readyz')).status, 200);
    house.statusBody = { ...house.statusBody, ready: false };
    assert.equal((await get('/readyz')).status, 503);
  });

  it('leads nowhere but to what it has', async () => {
    for (const path of ['/etc/passwd', '/../dist/main.js', '/%2e%2e/package.json', '/page.js.map', '/__proto__'])
      assert.equal((await get(path)).status, 404, path);
  });

  /** Reads until the connection is cut. */
  function listen(lastEventId?: string): { readonly text: () => string; readonly stop: () => void } {
    let text = '';
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const sent = ask({ host: '127.0.0.1', port, path: '/v1/events', headers, agent: false }, (response) => {
      response.on('data', (octets: Buffer) => {
        text += octets.toString();
      });
      response.on('error', () => {});
    });
    sent.on('error', () => {});
    sent.end();
    return { text: () => text, stop: () => sent.destroy() };
  }

  it('tells events as they happen, and what was missed to whoever comes back', async () => {
    const first = listen();
    await eventually(first.text, (text) => assert.match(text, /^retry: /));
    events.add(happened('sessionUp'));
    events.add(happened('noise', { level: 'debug' }));
    events.add(happened('apiWrite'));
    events.add(happened('sessionDown', { level: 'warn', message: 'a\nb' }));
    await eventually(first.text, (text) => assert.match(text, /sessionDown/));
    first.stop();
    const ids = [...first.text().matchAll(/^id: (\d+)\nevent: (\w+)\ndata: (.+)\n\n/gm)];
    assert.deepEqual(
      ids.map(([, id, event]) => [id, event]),
      [
        ['5001', 'sessionUp'],
        ['5002', 'sessionDown'],
      ],
    );
    assert.deepEqual(JSON.parse(ids[1]?.[3] ?? ''), {
      at: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      event: 'sessionDown',
      message: 'a\nb',
      fields: { peer: 'tor-1' },
    });
    const back = listen('5001');
    await eventually(back.text, (text) => assert.match(text, /^id: 5002$/m));
    assert.doesNotMatch(back.text(), /^id: 5001$/m);
    back.stop();
    // Of a daemon before this one: everything is news.
    for (const number of ['999', '999999']) {
      const stranger = listen(number);
      await eventually(stranger.text, (text) => assert.match(text, /^id: 5001$/m));
      stranger.stop();
    }
  });

  it('tells what is held and ends, for whoever does not want to follow', async () => {
    const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id);
    const { status, type, text } = await get('/v1/events?follow=false');
    assert.deepEqual([status, type, ids(text)], [200, 'text/event-stream', ['5001', '5002']]);
    assert.deepEqual(ids((await get('/v1/events?follow=false', 'GET', { 'last-event-id': '5001' })).text), ['5002']);
    assert.deepEqual(await get('/v1/events', 'HEAD'), { status: 200, type: 'text/event-stream', text: '' });
    for (const query of ['follow=no', 'folow=false']) assert.equal((await get(`/v1/events?${query}`)).status, 400);
  });

  it('has seats for sixty-four who only look on, and as many for those who operate', async () => {
    const ring = new EventRing();
    const onlookers = Array.from({ length: 64 }, () => open(ring, true));
    assert.deepEqual([...new Set(onlookers.map(({ isTaken }) => isTaken))], [true]);
    assert.deepEqual([open(ring, true).isTaken, open(ring, false).isTaken], [false, true]);
    onlookers[0]?.leave();
    assert.equal(open(ring, true).isTaken, true);
  });

  /** A reader without a line. */
  function open(ring: EventRing, isOnlooker: boolean): { readonly isTaken: boolean; readonly leave: () => void } {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    return { isTaken: ring.open(request, response, true, isOnlooker), leave: () => response.emit('close') };
  }

  it('keeps a bounded number of events, and drops whoever does not read', async () => {
    const slow = ask({ host: '127.0.0.1', port, path: '/v1/events', agent: false });
    let isClosed = false;
    slow.on('response', (response) => {
      response.pause();
      response.on('close', () => {
        isClosed = true;
      });
      response.on('error', () => {});
    });
    slow.on('error', () => {});
    slow.end();
    await once(slow, 'response');
    for (let i = 0; i < 3000; i++) events.add(happened('filler', { message: 'x'.repeat(4000) }));
    await eventually(
      () => isClosed || slow.destroyed || slow.socket?.destroyed === true,
      (gone) => {
        slow.socket?.resume();
        assert(gone);
      },
    );
    const all = listen('0');
    await eventually(all.text, (text) => assert.equal([...text.matchAll(/^id: /gm)].length, 1024));
    all.stop();
    // Whoever was there before is told that it missed some.
    const back = await get('/v1/events?follow=false', 'GET', { 'last-event-id': '5002' });
    assert.match(back.text, /^id: 6978\nevent: missed\ndata: .*"message":"1976 events are no longer held"/);
    const stranger = await get('/v1/events?follow=false', 'GET', { 'last-event-id': '7' });
    assert.match(stranger.text, /"message":"1978 events are no longer held"/);
    assert.doesNotMatch(all.text(), /^event: missed$/m);
  });
});
