import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { mostConnections, mostWaiting, Seats, seatsWith } from '../../src/api/seats.js';
import { mostOpenFiles } from '../../src/io/open-files.js';
import { eventually } from '../interop/eventually.js';
import { RawClient } from './raw.js';
import { temporaryDirectory } from './served.js';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: herald\r\n\r\n`;

describe('Seats', () => {
  it('are a quarter of the files that may be open, and a thousand at most', () => {
    assert.deepEqual([20_000, 1024, 256, 1].map(seatsWith), [mostConnections, 256, 64, 1]);
    assert.equal(seatsWith(Number.POSITIVE_INFINITY), mostConnections);
  });

  it('know how many files that is, or take what is usual', () => {
    const limits = (soft: string): string =>
      `Max processes             95856  95856  processes\nMax open files            ${soft}    524288    files     \n`;
    assert.equal(
      mostOpenFiles(() => limits('4096')),
      4096,
    );
    assert.equal(
      mostOpenFiles(() => limits('unlimited')),
      Number.POSITIVE_INFINITY,
    );
    assert.equal(
      mostOpenFiles(() => ''),
      1024,
    );
    assert.equal(
      mostOpenFiles(() => {
        throw new Error('no /proc here');
      }),
      1024,
    );
    assert.ok(mostOpenFiles() > 0);
  });

  describe('of a server with three of them', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'socket');
    const refused: string[] = [];
    /** Requests that wait for an answer, by their path. */
    const asked = new Map<string, () => void>();
    let server: Server;
    let clients: RawClient[] = [];

    before(async () => {
      const seats = new Seats(3, (socket: Socket, { code, message }) => {
        refused.push(message);
        socket.end(code);
      });
      server = createServer((request, response) =>
        seats.ask(
          request,
          response,
          (_, __, refusal) => {
            if (refusal !== undefined) response.writeHead(refusal.status, { connection: 'close' }).end(refusal.code);
            else if (request.url === '/now') response.end('now');
            else asked.set(request.url ?? '', () => response.end(request.url));
          },
          () => {},
        ),
      );
      server.on('connection', (socket) => seats.enter(socket));
      server.listen(path);
      await once(server, 'listening');
    });
    after(() => {
      server.close();
      rmSync(directory, { recursive: true });
    });
    afterEach(async () => {
      for (const client of clients) client.close();
      await eventually(
        () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
        (count) => assert.equal(count, 0),
      );
      clients = [];
      refused.length = 0;
      asked.clear();
    });

    async function open(): Promise<RawClient> {
      const client = new RawClient({ path });
      clients.push(client);
      await Promise.all([once(client.socket, 'connect'), once(server, 'connection')]);
      return client;
    }

    async function ask(client: RawClient, what: string): Promise<void> {
      client.say(get(what));
      await eventually(
        () => asked.has(what) || client.heard.includes(what.slice(1)),
        (isHeard) => assert.ok(isHeard),
      );
    }

    it('go from whoever has been silent for longest to whoever comes', async () => {
      const silent = await open();
      const busy = await open();
      await ask(busy, '/busy');
      const second = await open();
      const third = await open();
      assert.equal(await silent.whole(), 'tooManyConnections');
      assert.match(refused[0] ?? '', /of 3 connections/);
      await ask(second, '/now');
      await ask(third, '/now');
      asked.get('/busy')?.();
      await eventually(
        () => busy.heard,
        (heard) => assert.match(heard, /\/busy$/),
      );
    });

    it('stay with those who asked something rather than with those who never did', async () => {
      const known = await open();
      await ask(known, '/now');
      const silent = await open();
      const another = await open();
      await open();
      await silent.whole();
      await ask(another, '/now');
      await open();
      await open();
      assert.deepEqual([known.isOpen, another.isOpen], [true, true]);
      await ask(known, '/still');
    });

    it('are not taken from anybody who waits for an answer: then whoever comes is told so', async () => {
      const busy = [await open(), await open(), await open()];
      for (const [i, client] of busy.entries()) await ask(client, `/${i}`);
      const fourth = await open();
      fourth.say(get('/fourth'));
      assert.match(await fourth.whole(), /^HTTP\/1\.1 503 .*tooManyConnections/s);
      assert.deepEqual([asked.has('/fourth'), busy.map(({ isOpen }) => isOpen)], [false, [true, true, true]]);
      asked.get('/0')?.();
      await eventually(
        () => busy[0]!.heard,
        (heard) => assert.match(heard, /\/0$/),
      );
      await ask(await open(), '/now');
    });

    it('have one request answered after the other, in the order in which they came', async () => {
      const client = await open();
      client.say(get('/first') + get('/second') + get('/now'));
      await eventually(
        () => asked.size,
        (size) => assert.equal(size, 1),
      );
      asked.get('/first')?.();
      await eventually(
        () => asked.has('/second'),
        (isAsked) => assert.ok(isAsked),
      );
      asked.get('/second')?.();
      await eventually(
        () => client.heard,
        (heard) => assert.match(heard, /\/first.*\/second.*now$/s),
      );
    });

    it('are lost by whoever asks on and on without waiting for an answer', async () => {
      const client = await open();
      client.say(get('/first') + get('/more').repeat(mostWaiting - 1));
      await ask(await open(), '/now');
      assert.equal(client.isOpen, true);
      client.say(get('/one-too-many'));
      await client.whole();
      assert.deepEqual([...asked.keys()], ['/first']);
    });
  });
});
