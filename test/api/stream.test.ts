import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { Served } from './served.js';

const path = '/v1/sources/controller/services';

describe('A table put through the control API', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  it('is handed on as JSON, or as lines where the type says so', async () => {
    const put = await served.ask('PUT', `${path}?owner=ops`, '{"services":[]}');
    assert.deepEqual(put.json(), { services: 1, added: 1, changed: 0, removed: 0, held: 0, warnings: [] });
    await served.ask('PUT', path, '{"name":"a"}\n{"name":"b"}', {
      'content-type': 'application/x-ndjson; charset=utf-8',
    });
    assert.deepEqual(served.house.written, [
      ['controller', 'json', ['{"services":[]}'], { owner: 'ops', force: false }],
      ['controller', 'ndjson', ['{"name":"a"}', '{"name":"b"}'], { force: false }],
    ]);
  });

  it('is 413 beyond 64 MiB of JSON, and beyond 1 MiB of one line', async () => {
    const json = await served.ask('PUT', path, Buffer.alloc(64 * 1024 * 1024 + 1, ' '));
    assert.deepEqual([json.status, json.json()['code']], [413, 'tooLarge']);
    const type = { 'content-type': 'application/x-ndjson' };
    const line = await served.ask('PUT', path, `{"name":"a"}\n${'x'.repeat(1024 * 1024 + 1)}`, type);
    assert.deepEqual([line.status, line.json()['code']], [413, 'tooLarge']);
    const many = await served.ask('PUT', path, `${'x'.repeat(1024 * 1024)}\n`.repeat(70), type);
    assert.deepEqual([many.status, many.json()['services']], [200, 70]);
  });
});

describe('A stream through the control API', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  const open = (): ClientRequest => request({ socketPath: served.socket, method: 'POST', path, agent: false });

  async function answered(call: ClientRequest): Promise<IncomingMessage> {
    const [answer]: IncomingMessage[] = await once(call, 'response');
    answer!.setEncoding('utf8');
    return answer!;
  }

  async function rest(answer: IncomingMessage): Promise<string> {
    let text = '';
    for await (const piece of answer) text += piece;
    return text;
  }

  const allocated = (...names: string[]): string =>
    names.map((name) => `${JSON.stringify({ name, state: 'Allocated', addresses: [] })}\n`).join('');

  it('answers each line while it is open, and ends when the client does', async () => {
    const call = open();
    call.write('a\nb');
    const answer = await answered(call);
    assert.equal(answer.headers['content-type'], 'application/x-ndjson');
    assert.equal((await once(answer, 'data')).join(''), allocated('a'));
    call.write('c\n');
    assert.equal((await once(answer, 'data')).join(''), allocated('bc'));
    call.end('d');
    assert.equal(await rest(answer), allocated('d'));
    assert.equal(served.house.openStreams, 0);
    assert.deepEqual(
      served.log.lines.map(({ event, fields }) => [event, fields['stream']]),
      [
        ['apiWrite', 'open'],
        ['apiWrite', 'closed'],
      ],
    );
  });

  it('greets a client that waits for an answer before it says anything', async () => {
    const call = open();
    call.flushHeaders();
    const answer = await answered(call);
    assert.equal(answer.statusCode, 200);
    call.end();
    assert.equal(await rest(answer), '');
  });

  it('is refused with a problem where nothing may be written', async () => {
    served.house.refusal = { failure: 'notWritable', message: 'a file' };
    const reply = await served.ask('POST', path, 'a\n');
    assert.deepEqual([reply.status, reply.json()['code']], [409, 'notWritable']);
  });

  it('is 413 for a line of more than 1 MiB, or names it where it has begun to answer', async () => {
    const first = await served.ask('POST', path, 'x'.repeat(1024 * 1024 + 1));
    assert.deepEqual([first.status, first.json()['code']], [413, 'tooLarge']);
    const call = open();
    call.write('a\n');
    const answer = await answered(call);
    await once(answer, 'data');
    call.write('x'.repeat(3 * 1024 * 1024));
    call.end('\nb\n');
    const [tooLong, b] = (await rest(answer)).trimEnd().split('\n');
    const { name, error }: { name?: unknown; error?: { code?: unknown } } = JSON.parse(tooLong!);
    assert.deepEqual([name, error?.code, `${b}\n`], [null, 'invalid', allocated('b')]);
    assert.deepEqual(served.house.taken, ['a', 'tooLong', 'b']);
  });

  it('is not read from while its answers are not read', async () => {
    const line = 'x'.repeat(10_000);
    const socket = connect(served.socket);
    await once(socket, 'connect');
    socket.pause();
    socket.write(`POST ${path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = `${(line.length + 1).toString(16)}\r\n${line}\n\r\n`;
    let sent = 0;
    // As long as it is read from at all: 100 MB are far more than sockets hold.
    while (sent < 10_000 && (await writes(socket, chunk))) sent++;
    assert.ok(sent < 5000, `${sent} lines went in`);
    const takenBefore = served.house.taken.length;
    let octets = 0;
    socket.on('data', (piece) => {
      octets += piece.length;
    });
    socket.resume();
    socket.write('0\r\n\r\n');
    while (served.house.openStreams > 0) await new Promise(setImmediate);
    assert.ok(served.house.taken.length > takenBefore);
    assert.ok(octets > 0);
    socket.destroy();
  });

  it('ends with a client that vanishes, in the middle of a line or while it is owed answers', async () => {
    const call = open();
    call.on('error', () => {});
    call.write('a\nhalf of');
    await answered(call);
    call.destroy();
    while (served.house.openStreams > 0) await new Promise(setImmediate);
    let resume = (): void => {};
    served.house.pause = new Promise((resolve) => {
      resume = resolve;
    });
    const owed = open();
    owed.on('error', () => {});
    owed.write('b\n');
    while (served.house.openStreams === 0) await new Promise(setImmediate);
    owed.destroy();
    await new Promise((resolve) => owed.once('close', resolve));
    resume();
    while (served.house.openStreams > 0) await new Promise(setImmediate);
    assert.deepEqual(served.house.taken, ['a', 'b'], 'half a line is none');
    assert.equal((await served.ask('GET', '/v1/status')).status, 200);
  });
});

/** Whether it went out, rather than waiting for a reader. */
async function writes(socket: ReturnType<typeof connect>, chunk: string): Promise<boolean> {
  if (socket.write(chunk)) return true;
  return new Promise((resolve) => {
    const patience = setTimeout(() => {
      socket.off('drain', drained);
      resolve(false);
    }, 300);
    const drained = (): void => {
      clearTimeout(patience);
      resolve(true);
    };
    socket.once('drain', drained);
  });
}
