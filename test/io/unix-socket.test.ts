import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { native } from '../../src/io/native.js';
import { peerCredentials } from '../../src/io/unix-socket.js';

describe('The other end of a unix socket', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is known by its process, user and group, as long as the connection is there', async () => {
    const path = join(directory, 's');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const line = connect(path);
    const [socket]: Socket[] = await once(server, 'connection');
    assert.ok(socket);
    const ourselves = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    assert.deepEqual(peerCredentials(socket), ourselves);
    line.destroy();
    await once(line, 'close');
    assert.deepEqual(peerCredentials(socket), ourselves, 'also when it has just gone');
    socket.destroy();
    assert.equal(peerCredentials(socket), undefined);
    server.close();
  });

  it('is asked for by a descriptor, which must be one', () => {
    assert.throws(() => native().readPeerCredentials(-1), { code: 'EBADF' });
  });
});
