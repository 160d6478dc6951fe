import assert from 'node:assert/strict';
import type { ApiServer } from '../../src/api/server.js';
import { HttpKeeper } from '../../src/house/http-keeper.js';
import { parseAddress } from '../../src/net/address.js';
import { KeptLog } from '../api/served.js';

const failure = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code });

/** A host with its ports: a wildcard has a port on every address, as in the kernel. */
class Host {
  readonly open = new Set<string>();
  readonly steps: string[] = [];
  /** Answers that are under way when a listener closes. */
  lastWords: Promise<void> = Promise.resolve();

  async listen(host: string, port: number): Promise<ApiServer> {
    if (port < 1024) throw failure('EACCES');
    const at = `${host}:${port}`;
    const rivals =
      host === '0.0.0.0' ? [...this.open].filter((other) => other.endsWith(`:${port}`)) : [at, `0.0.0.0:${port}`];
    if (rivals.some((rival) => this.open.has(rival))) throw failure('EADDRINUSE');
    this.open.add(at);
    this.steps.push(`open ${at}`);
    return {
      close: async () => {
        this.open.delete(at);
        this.steps.push(`close ${at}`);
        await this.lastWords;
      },
    };
  }
}

const endpoint = (host: string, port: number) => ({ address: parseAddress(host)!, port });

describe('the HTTP listener', () => {
  let host: Host;
  let log: KeptLog;
  let keeper: HttpKeeper;
  beforeEach(async () => {
    host = new Host();
    log = new KeptLog();
    keeper = new HttpKeeper((...at) => host.listen(...at), log);
    await keeper.configure(endpoint('127.0.0.1', 7472));
  });

  it('opens when it is time, and where it is configured by then', async () => {
    assert.deepEqual(host.steps, []);
    await keeper.configure(endpoint('127.0.0.1', 7473));
    await keeper.start();
    assert.deepEqual(host.steps, ['open 127.0.0.1:7473']);
    assert.deepEqual(keeper.body, { address: '127.0.0.1', port: 7473, problem: '' });
  });

  it('stays as it is where nothing changed', async () => {
    await keeper.start();
    await keeper.configure(endpoint('127.0.0.1', 7472));
    assert.deepEqual(host.steps, ['open 127.0.0.1:7472']);
  });

  it('moves: the new one is open before the old one closes', async () => {
    await keeper.start();
    await keeper.configure(endpoint('127.0.0.2', 7472));
    assert.deepEqual(host.steps.slice(1), ['open 127.0.0.2:7472', 'close 127.0.0.1:7472']);
  });

  it('lets go first where the old one is in the way of the new one', async () => {
    await keeper.start();
    await keeper.configure(endpoint('0.0.0.0', 7472));
    await keeper.configure(endpoint('127.0.0.1', 7472));
    assert.deepEqual(host.steps.slice(1), [
      'close 127.0.0.1:7472',
      'open 0.0.0.0:7472',
      'close 0.0.0.0:7472',
      'open 127.0.0.1:7472',
    ]);
    assert.equal(keeper.body?.problem, '');
  });

  it('stays on its address when the new port cannot be had, and says so', async () => {
    await keeper.start();
    await keeper.configure(endpoint('127.0.0.1', 80));
    assert.deepEqual([...host.open], ['127.0.0.1:7472']);
    assert.deepEqual(keeper.body, {
      address: '127.0.0.1',
      port: 7472,
      problem: 'cannot listen on 127.0.0.1:80: listen EACCES',
    });
    assert.deepEqual(
      log.lines.map(({ level, event, message }) => [level, event, message]),
      [
        [
          'error',
          'httpFailed',
          'the HTTP listener cannot listen on 127.0.0.1:80: listen EACCES; it stays on 127.0.0.1:7472, and all else goes on',
        ],
      ],
    );
    await keeper.configure(endpoint('127.0.0.1', 7472));
    assert.equal(keeper.body?.problem, '');
  });

  it('leaves an address that is not wanted any more, even if it has nowhere to go', async () => {
    await keeper.start();
    await keeper.configure(endpoint('2001:db8::1', 80));
    assert.deepEqual([...host.open], []);
    assert.deepEqual(keeper.body, {
      address: '2001:db8::1',
      port: 80,
      problem: 'cannot listen on [2001:db8::1]:80: listen EACCES',
    });
  });

  it('tries again whenever it is configured, and not where somebody else listens', async () => {
    host.open.add('127.0.0.1:7472');
    await keeper.start();
    assert.match(keeper.body?.problem ?? '', /EADDRINUSE/);
    host.open.clear();
    await keeper.configure(endpoint('127.0.0.1', 7472));
    assert.equal(keeper.body?.problem, '');
  });

  it('is turned off, and on again', async () => {
    await keeper.start();
    await keeper.configure(undefined);
    assert.deepEqual([keeper.body, [...host.open]], [undefined, []]);
    await keeper.configure(endpoint('127.0.0.1', 7472));
    assert.deepEqual([...host.open], ['127.0.0.1:7472']);
  });

  it('follows in order, however fast one change follows another', async () => {
    await keeper.start();
    const ports = [7473, 7474, 7475];
    await Promise.all(ports.map((port) => keeper.configure(endpoint('127.0.0.1', port))));
    assert.deepEqual([...host.open], ['127.0.0.1:7475']);
  });

  it('has said its last words when it is closed, those of an address that it left included', async () => {
    await keeper.start();
    let say: () => void = () => {};
    host.lastWords = new Promise((resolve) => {
      say = resolve;
    });
    await keeper.configure(endpoint('127.0.0.1', 7473));
    let isClosed = false;
    const closed = keeper.close().then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([isClosed, [...host.open]], [false, []]);
    say();
    await closed;
  });
});
