import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually } from '../interop/eventually.js';
import { type LogLine, Served } from './served.js';

const web = '/v1/sources/cli/services/shop/new';
const ourselves = { uid: process.getuid?.(), gid: process.getgid?.(), pid: process.pid };
const isRoot = ourselves.uid === 0;

const callerIn = (line: LogLine | undefined): unknown => {
  const { uid, gid, pid } = line?.fields ?? {};
  return { uid, gid, pid };
};

/** One `PUT` by somebody else; resolves to who that was. */
async function putAs(uid: number, gid: number, socket: string): Promise<{ uid: number; gid: number; pid: number }> {
  const program = `
    const { request } = require('node:http');
    request({ socketPath: process.argv[1], method: 'PUT', path: '${web}' }, (answer) => answer.resume()).end('{}');`;
  const child = execFile(process.execPath, ['-e', program, socket], { uid, gid, cwd: '/' });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.ok(child.pid !== undefined);
  return { uid, gid, pid: child.pid };
}

describe('the trail of writes', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  it('names who called, of writes that were done, that changed nothing and that were refused', async () => {
    await served.ask('PUT', web, '{}');
    await served.ask('PUT', web, '{}');
    await served.ask('POST', '/v1/peers/tor-1/reset');
    await served.ask('POST', '/v1/peers/tor-9/reset');
    assert.deepEqual(
      served.log.lines.map((line) => [line.fields['result'], callerIn(line)]),
      ['done', 'unchanged', 'done', 'noSuchPeer'].map((result) => [result, ourselves]),
    );
  });

  it('names who opened a stream, also when it closes because they are gone', async () => {
    const line = connect(served.socket);
    line.write(
      'POST /v1/sources/cli/services HTTP/1.1\r\nhost: herald\r\ntransfer-encoding: chunked\r\n\r\n2\r\na\n\r\n',
    );
    await once(line, 'data');
    line.destroy();
    await eventually(
      () => served.log.lines.map((said) => [said.fields['stream'], callerIn(said)]),
      (seen) =>
        assert.deepEqual(
          seen,
          ['open', 'closed'].map((state) => [state, ourselves]),
        ),
    );
  });

  it('says of nobody who only looks', async () => {
    await served.ask('GET', '/v1/status');
    assert.deepEqual(served.log.lines, []);
  });

  it('tells one user from another, and the refusal of each', async function () {
    if (!isRoot) this.skip();
    chmodSync(served.directory, 0o755);
    chmodSync(served.socket, 0o666);
    served.house.refusal = { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' };
    const callers = [await putAs(65_534, 65_534, served.socket), await putAs(1, 65_534, served.socket)];
    await served.ask('PUT', web, '{}');
    assert.deepEqual(
      served.log.lines.map((line) => [line.level, callerIn(line)]),
      [...callers, ourselves].map((caller) => ['warn', caller]),
    );
  });
});
