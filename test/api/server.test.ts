import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { mostConnections } from '../../src/api/seats.js';
import { SocketInUse, SocketUnusable, serveApi } from '../../src/api/server.js';
import { groupId } from '../../src/api/unix-groups.js';
import { eventually } from '../interop/eventually.js';
import { ask } from './ask.js';
import { FakeHouse, quietLog, service } from './fake-house.js';
import { RawClient } from './raw.js';
import { plainWindows, Served, temporaryDirectory } from './served.js';

const serve = (path: string) => serveApi(new FakeHouse(), path, quietLog, plainWindows());

/** A socket file that nobody listens on, as a killed daemon leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.once`);
  await once(server, 'listening');
  linkSync(`${path}.once`, path);
  server.close();
  await once(server, 'close');
}

describe('the control socket', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory, 'herald.sock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is for its owner and its group alone, in a directory that is made for it', async () => {
    path = join(directory, 'run', 'herald', 'herald.sock');
    const api = await serve(path);
    const { mode, gid } = lstatSync(path);
    assert.equal(mode & 0o777, 0o660);
    assert.equal(gid, groupId('herald') ?? process.getegid!());
    assert.equal(statSync(join(directory, 'run')).mode & 0o777, 0o755 & ~process.umask());
    assert.deepEqual(readdirSync(join(directory, 'run', 'herald')), ['herald.sock']);
    await api.close();
  });

  it('is a path, however much it looks like a number', async () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      // The name it has until all is in order is left to chance: one of forty is of digits alone.
      for (let round = 0; round < 80; round++) await (await serve('7')).close();
      const api = await serve('7');
      await assert.rejects(serve('7'), SocketInUse);
      await api.close();
    } finally {
      process.chdir(before);
    }
  });

  it('is gone when herald is', async () => {
    const api = await serve(path);
    await api.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is taken over from a daemon that is dead', async () => {
    await leaveDeadSocket(path);
    const api = await serve(path);
    assert.equal((await ask(path, 'GET', '/v1/status')).status, 200);
    await api.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is left to a daemon that lives', async () => {
    const first = await serve(path);
    await assert.rejects(serve(path), SocketInUse);
    assert.equal((await ask(path, 'GET', '/v1/status')).status, 200);
    assert.deepEqual(readdirSync(directory), ['herald.sock']);
    await first.close();
  });

  it('goes to exactly one of several that start at once', async () => {
    await leaveDeadSocket(path);
    const attempts = await Promise.allSettled([serve(path), serve(path)]);
    const [winner, ...others] = attempts.filter(({ status }) => status === 'fulfilled');
    assert.ok(winner?.status === 'fulfilled' && others.length === 0);
    assert.equal((await ask(path, 'GET', '/v1/status')).status, 200);
    await winner.value.close();
  });

  it('is not removed by one who no longer has it', async () => {
    const first = await serve(path);
    rmSync(path);
    const second = await serve(path);
    await first.close();
    assert.equal((await ask(path, 'GET', '/v1/status')).status, 200);
    await second.close();
  });

  it('never takes the place of something that is no socket', async () => {
    writeFileSync(path, 'precious');
    await assert.rejects(serve(path), SocketUnusable);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    rmSync(path);
    mkdirSync(path);
    await assert.rejects(serve(path), SocketUnusable);
    assert.ok(statSync(path).isDirectory());
  });

  it('is not made through a symbolic link, whatever that points to', async () => {
    const elsewhere = join(directory, 'elsewhere');
    symlinkSync(elsewhere, path);
    await assert.rejects(serve(path), SocketUnusable);
    assert.ok(!existsSync(elsewhere));
    await leaveDeadSocket(elsewhere);
    await assert.rejects(serve(path), SocketUnusable);
    assert.ok(lstatSync(path).isSymbolicLink() && existsSync(elsewhere));
  });

  it('is not made at a path that the kernel would not take', async () => {
    await assert.rejects(serve(join(directory, 'x'.repeat(108))), /longer than 107 octets/);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('says so where nothing can be made', async () => {
    writeFileSync(join(directory, 'file'), '');
    await assert.rejects(serve(join(directory, 'file', 'herald.sock')), SocketUnusable);
  });

  it('closes though clients keep their connections', async () => {
    const api = await serve(path);
    const client = connect(path);
    await once(client, 'connect');
    client.write('PUT /v1/sources/cli/services/a/b HTTP/1.1\r\ncontent-length: 10\r\n\r\n{');
    const gone = once(client, 'close');
    client.on('error', () => {});
    await api.close();
    await gone;
  });
});

describe('a client of the control socket', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  const put = '/v1/sources/cli/services/a/b';
  const stillAnswers = async (): Promise<void> => assert.equal((await served.ask('GET', '/v1/status')).status, 200);
  /** All that comes until the connection ends. */
  async function talk(words: string): Promise<string> {
    const client: Socket = connect(served.socket);
    let heard = '';
    client.on('data', (data) => {
      heard += data.toString();
    });
    client.on('error', () => {});
    client.write(words);
    await once(client, 'close');
    return heard;
  }

  it('that announces a body of more than 64 MiB is refused before it is sent', async () => {
    const heard = await talk(`PUT ${put} HTTP/1.1\r\ncontent-length: ${64 * 1024 * 1024 + 1}\r\n\r\n`);
    assert.match(heard, /^HTTP\/1\.1 413 .*"code":"tooLarge"/s);
    await stillAnswers();
  });

  it('that sends more than 64 MiB without saying so is refused', async () => {
    const body = Buffer.alloc(64 * 1024 * 1024 + 1, ' ');
    const reply = await served.ask('PUT', put, body, { 'transfer-encoding': 'chunked' });
    assert.deepEqual([reply.status, served.house.written.length], [413, 0]);
    await stillAnswers();
  });

  it('that sends JSON of any depth harms nobody', async () => {
    const deep = 100_000;
    const reply = await served.ask('PUT', put, '['.repeat(deep) + ']'.repeat(deep));
    assert.equal(reply.status, 200, 'what it means is for the house to judge');
    const deeper = 3_000_000;
    assert.equal((await served.ask('PUT', put, '['.repeat(deeper) + ']'.repeat(deeper))).status, 413);
    await stillAnswers();
  });

  it('that does not speak HTTP is told so', async () => {
    assert.match(await talk('SSH-2.0-OpenSSH_9.2\r\n\r\n'), /^HTTP\/1\.1 400 .*"code":"badRequest"/s);
    assert.match(await talk(`GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
    await stillAnswers();
  });

  it('needs no Host, and is told when it sends one that is none', async () => {
    assert.match(await talk('GET /v1/status HTTP/1.1\r\nconnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /);
    const heard = await talk('GET /v1/status HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n');
    assert.match(heard, /^HTTP\/1\.1 400 .*problem\+json/s);
  });

  it('that leaves in the middle of a body has written nothing', async () => {
    const client = connect(served.socket);
    await once(client, 'connect');
    client.write(`PUT ${put} HTTP/1.1\r\ncontent-length: 100\r\n\r\n{"addresses":`);
    await stillAnswers();
    client.destroy();
    await stillAnswers();
    assert.deepEqual(served.house.written, []);
  });

  it('that opens connections without end gets a thousand, and keeps nobody out', async () => {
    const clients: RawClient[] = [];
    while (clients.length < mostConnections + 10) {
      clients.push(...Array.from({ length: 101 }, () => new RawClient({ path: served.socket })));
      // The kernel keeps only some hundreds that are not accepted yet.
      await stillAnswers();
    }
    await eventually(
      () => clients.filter(({ isOpen }) => isOpen).length,
      // Those that asked whether it still answers had their seats as well.
      (open) => assert.ok(open <= mostConnections && open > mostConnections - 15, String(open)),
    );
    const [first] = clients;
    assert.match(first!.heard, /^HTTP\/1\.1 503 Service Unavailable.*"code":"tooManyConnections"/s);
    await stillAnswers();
    for (const client of clients) client.close();
    await stillAnswers();
  });

  it('that asks for what there is not is told so in the same form, whatever it asks for', async () => {
    for (const [words, status, code] of [
      ['CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n', 501, 'notImplemented'],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'badRequest'],
      ['OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400, 'badRequest'],
      ['TRACE /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 405, 'methodNotAllowed'],
      ['GET /v1/status HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n', 400, 'badRequest'],
      ['GET /v1/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'noSuchPath'],
      ['GET /v1/peers/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400, 'badRequest'],
      [
        `PUT ${put} HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
        417,
        'badExpectation',
      ],
      [
        `PUT ${put} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n`,
        501,
        'notImplemented',
      ],
      [
        `PUT ${put} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n{}`,
        400,
        'badRequest',
      ],
      [`PUT ${put} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`, 400, 'badRequest'],
    ] as const) {
      const heard = await talk(words);
      assert.match(
        heard,
        new RegExp(`^HTTP/1\\.1 ${status} .*application/problem\\+json.*"code":"${code}"`, 's'),
        words,
      );
    }
    await stillAnswers();
  });

  it('hears why its body is not wanted though it goes on sending it', async () => {
    served.house.fault = undefined;
    const head = `PUT ${put}?forse=true HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n\r\n`;
    const client = new RawClient({ path: served.socket });
    client.say(head + ' '.repeat(10_000_000));
    await eventually(
      () => client.heard,
      (heard) => assert.match(heard, /^HTTP\/1\.1 400 .*forse/s),
    );
    client.say(`${' '.repeat(20_000_000)}DELETE ${put} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await client.whole();
    await stillAnswers();
    assert.deepEqual(served.house.written, [], 'what it says after that is not heard');
  });

  it('may ask for an upgrade or not: it gets HTTP/1.1', async () => {
    const heard = await talk(
      'GET /v1/status HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n',
    );
    assert.match(heard, /^HTTP\/1\.1 200 /);
  });

  it('that speaks nonsense while it is being answered is cut off, with no second answer within the first', async () => {
    for (let i = 0; i < 5000; i++) {
      const name = `city/s${i}`;
      served.house.table.set(name, service(name));
    }
    const client = RawClient.mute({ path: served.socket }, 'GET /v1/services HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(
      () => client.socket.readableLength + client.socket.bytesRead,
      (octets) => assert.ok(octets > 0),
    );
    client.say('nonsense\r\n\r\n');
    client.socket.resume();
    assert.doesNotMatch(await client.whole(), /badRequest/);
  });

  it('has at most a million values in a body, but as much text as there is room for', async () => {
    const values = await served.ask('PUT', put, `[${'0,'.repeat(1_100_000)}0]`);
    assert.deepEqual([values.status, values.json()['code']], [413, 'tooLarge']);
    const text = await served.ask('PUT', put, JSON.stringify({ text: '[{"a":1},\\\n'.repeat(1_100_000) }));
    assert.equal(text.status, 200);
  });
});
