import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../interop/eventually.js';
import { Herald, type Person, run } from './herald.js';
import { Router } from './router.js';

const isRoot = process.getuid?.() === 0;
const nobody: Person = isRoot ? { uid: 65_534, gid: 65_534 } : {};

describe('The place of the control socket', () => {
  const herald = new Herald();
  let router: Router;
  let directory = '';
  let servers: Server[] = [];

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.write('table.yaml', { services: [{ name: 'web', addresses: ['203.0.113.1'] }] });
    herald.writeConfig({
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [router.peer('router')],
      sources: [{ name: 'table', file: herald.path('table.yaml') }],
      http: { listen: '' },
    });
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-socket-'));
  });
  afterEach(() => {
    for (const server of servers) server.close();
    servers = [];
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true });
  });
  after(async () => {
    await herald.remove();
    await router.close();
  });

  const at = (name: string): string => join(directory, name);

  async function listen(path: string): Promise<Server> {
    const server = createServer((socket) => socket.on('error', () => {}));
    server.listen(path);
    await once(server, 'listening');
    servers.push(server);
    return server;
  }

  /** The state directory of the first, which is not running, is as good as any. */
  async function isRefused(socket: string, why: RegExp, as: Person = {}): Promise<void> {
    const before = readdirSync(directory);
    const words = ['run', '--config', herald.config, '--state-dir', herald.state, '--socket', socket];
    const { code, out, err } = await run(words, { ...as, cwd: '/' });
    assert.deepEqual([code, out], [1, ''], err);
    assert.match(err, why);
    assert.deepEqual(readdirSync(directory), before);
    assert.deepEqual(router.sessions, [], 'nobody was told anything');
  }

  it('is not one where something stands that is no socket: that stays', async () => {
    writeFileSync(at('file'), 'precious');
    await isRefused(at('file'), /file is a file, not a socket; herald does not remove it/);
    assert.equal(readFileSync(at('file'), 'utf8'), 'precious');
    mkdirSync(at('folder'));
    await isRefused(at('folder'), /folder is a directory, not a socket/);
  });

  it('is not at the end of a symbolic link, wherever that leads', async () => {
    symlinkSync(at('nowhere'), at('link'));
    await isRefused(at('link'), /link is a symbolic link, not a socket/);
    const dead = await listen(at('dead.once'));
    symlinkSync(at('dead.once'), at('to-a-socket'));
    await isRefused(at('to-a-socket'), /another herald answers on .*to-a-socket/);
    dead.close();
    assert.ok(lstatSync(at('link')).isSymbolicLink() && lstatSync(at('to-a-socket')).isSymbolicLink());
  });

  it('is not where somebody answers, be it no herald', async () => {
    await listen(at('docker.sock'));
    await isRefused(at('docker.sock'), /another herald answers on .*docker\.sock/);
    assert.ok(lstatSync(at('docker.sock')).isSocket());
  });

  it('is not where the kernel would cut its name, or herald that of the moment before', async () => {
    await isRefused(at('x'.repeat(108 - directory.length)), /longer than 107 octets/);
    const deep = at('d'.repeat(104 - directory.length));
    await isRefused(join(deep, 's'), /longer than 107 octets/);
  });

  it('is not where nothing can be made', async () => {
    writeFileSync(at('file'), '');
    await isRefused(join(at('file'), 'herald.sock'), /file is not a directory/);
  });

  it('is not where the user of herald may make nothing, or sees nothing', async function () {
    if ((await run(['version'], { ...nobody, cwd: '/' })).code !== 0) this.skip();
    for (const path of [herald.directory, herald.state]) if (isRoot) chownSync(path, 65_534, 65_534);
    try {
      chmodSync(directory, 0o755);
      mkdirSync(at('closed'), { mode: 0o555 });
      await isRefused(
        join(at('closed'), 'herald.sock'),
        /nothing can be made in .*closed, which needs another owner or mode/,
        nobody,
      );
      await isRefused(join(at('closed'), 'run', 'herald.sock'), /nothing can be made in .*closed/, nobody);
    } finally {
      for (const path of [herald.directory, herald.state]) if (isRoot) chownSync(path, 0, 0);
    }
  });

  it('is made with the directories before it, and taken over from a herald that is dead, not from one that lives', async () => {
    const socket = join(at('run'), 'herald', 'herald.sock');
    const words = ['run', '--config', herald.config, '--state-dir', at('state'), '--socket', socket];
    mkdirSync(at('state'));
    const first = new Herald();
    try {
      writeFileSync(first.config, readFileSync(herald.config));
      first.launch({ socket });
      await router.holds('203.0.113.1/32');
      await eventually(
        () => existsSync(socket),
        (isThere) => assert.ok(isThere),
      );
      const second = await run(words);
      assert.equal(second.code, 1);
      assert.match(second.err, /^another herald answers on .*herald\.sock; --socket and --state-dir give/);
      router.isUnbroken();
      first.signal('SIGKILL');
      await first.ended;
      assert.ok(existsSync(socket), 'a dead herald leaves its socket');
      first.launch({ socket });
      await router.holds('203.0.113.1/32');
      await eventually(
        () => run(['status', '--socket', socket]),
        ({ code }) => assert.equal(code, 0),
      );
      assert.equal(await first.stop(), 0);
      assert.deepEqual(readdirSync(join(at('run'), 'herald')), []);
    } finally {
      await first.remove();
    }
  });
});
