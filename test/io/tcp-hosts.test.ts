import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { Lab, labObstacle, type Namespace } from '../netns.js';
import type { EndAnswer, EndRequest } from './tcp-end.js';
import { eventually, ownAddress } from './tcp-fixtures.js';

const program = new URL('./tcp-end.ts', import.meta.url).pathname;
const port = 11793;
const node = [process.execPath, '--import=tsx', program];

/** A tcp-end.ts somewhere else. */
class Host {
  readonly #child: ChildProcess;

  private constructor(command: readonly string[]) {
    const [file, ...words] = command;
    this.#child = spawn(file!, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  static async start(...prefix: string[]): Promise<Host> {
    const host = new Host([...prefix, ...node]);
    await host.#answer();
    return host;
  }

  async ask(request: EndRequest): Promise<EndAnswer> {
    this.#child.send(request);
    return this.#answer();
  }

  stop(): void {
    this.#child.disconnect();
  }

  #answer(): Promise<EndAnswer> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the other program ended'));
      this.#child.once('exit', gone);
      this.#child.once('message', (answer: EndAnswer) => {
        this.#child.off('exit', gone);
        resolve(answer);
      });
    });
  }
}

describe('TCP transport on a host that is out of descriptors', () => {
  it('turns callers away, stays alive, and serves again as soon as it can', async () => {
    const host = await Host.start('sh', '-c', 'ulimit -n 64 && exec "$0" "$@"');
    const callers: Socket[] = [];
    try {
      const address = ownAddress();
      assert.deepEqual(await host.ask({ listen: { address, port } }), { done: true });
      let over = 0;
      for (let i = 0; i < 200; i++) {
        const caller = connect({ host: address, port });
        caller.on('error', () => {});
        caller.on('close', () => over++);
        callers.push(caller);
      }
      await eventually(() => over >= 100);
      // A caller that was turned away may have left a descriptor free for a moment.
      let refused: EndAnswer = { done: true };
      for (let i = 0; i < 64 && !('code' in refused); i++)
        refused = await host.ask({ dial: { address, port, timeoutMs: 5000 } });
      assert.deepEqual(refused, { code: 'EMFILE', message: 'out of file descriptors: raise LimitNOFILE' });
      for (const caller of callers) caller.destroy();
      let answer: EndAnswer = refused;
      while (!('local' in answer)) answer = await host.ask({ dial: { address, port, timeoutMs: 5000 } });
      assert.deepEqual(await host.ask({ say: 'OPEN' }), { heard: 'OPEN' });
    } finally {
      for (const caller of callers) caller.destroy();
      host.stop();
    }
  });
});

describe('TCP transport between two hosts (skipped where network namespaces are not permitted)', () => {
  let lab: Lab | undefined;
  let here: Namespace;
  let there: Namespace;
  let listener: Host;
  let dialler: Host;

  before(async function () {
    if (labObstacle() !== undefined) this.skip();
    lab = new Lab();
    here = lab.namespace('listener');
    there = lab.namespace('dialler');
    lab.connect(
      { namespace: here, device: 'uplink0', addresses: ['10.201.0.0/31', '2001:db8:201::1/64', 'fe80::1/64'] },
      { namespace: there, device: 'uplink1', addresses: ['10.201.0.1/31', '2001:db8:201::2/64', 'fe80::2/64'] },
    );
    [listener, dialler] = await Promise.all([Host.start(...here.words()), Host.start(...there.words())]);
  });
  after(() => {
    listener?.stop();
    dialler?.stop();
    lab?.destroy();
  });

  /** Packets that the kernel of the listener dropped for their TTL. */
  const dropped = (): number => {
    const lines = here.run('cat', '/proc/net/netstat').split('\n');
    const [names, values] = lines.filter((line) => line.startsWith('TcpExt:')).map((line) => line.split(' '));
    return Number(values![names!.indexOf('TCPMinTTLDrop')]);
  };
  const codeOf = (answer: EndAnswer): string => ('code' in answer ? answer.code : 'connected');

  for (const [family, address, peer] of [
    ['IPv4', '10.201.0.0', '10.201.0.1'],
    ['IPv6', '2001:db8:201::1', '2001:db8:201::2'],
  ] as const) {
    describe(family, () => {
      it('[32] TCP MD5: with the same key octets flow, with another or none nobody answers', async () => {
        await listener.ask({ listen: { address, port }, password: { peer, key: 'secret' } });
        const right = await dialler.ask({ dial: { address, port, md5Password: 'secret', timeoutMs: 5000 } });
        assert.equal(codeOf(right), 'connected');
        assert.deepEqual(await dialler.ask({ say: 'OPEN' }), { heard: 'OPEN' });
        for (const md5Password of [{ md5Password: 'Secret' }, {}]) {
          const wrong = await dialler.ask({ dial: { address, port, ...md5Password, timeoutMs: 150 } });
          assert.equal(codeOf(wrong), 'ETIMEDOUT');
        }
      });

      it('[32] TCP MD5: a new key counts from the next connection on; the old connection goes on', async () => {
        const dial = { address, port: port + 1, timeoutMs: 5000 };
        await listener.ask({ listen: { address, port: port + 1 }, password: { peer, key: 'old' } });
        assert.equal(codeOf(await dialler.ask({ dial: { ...dial, md5Password: 'old' } })), 'connected');
        await listener.ask({ password: { peer, key: 'new' } });
        assert.deepEqual(await dialler.ask({ say: 'still here' }), { heard: 'still here' });
        assert.equal(codeOf(await dialler.ask({ dial: { ...dial, md5Password: 'old', timeoutMs: 150 } })), 'ETIMEDOUT');
        assert.equal(codeOf(await dialler.ask({ dial: { ...dial, md5Password: 'new' } })), 'connected');
        await listener.ask({ password: { peer, key: '' } });
        assert.equal(codeOf(await dialler.ask({ dial })), 'connected');
      });

      it('[31] GTSM (RFC 5082): both sides at 255 talk, a listener that would answer at less is not heard', async () => {
        await listener.ask({ listen: { address, port: port + 2, minTtl: 255 } });
        const guarded = { address, port: port + 2, ttl: 255, minTtl: 255, timeoutMs: 5000 };
        assert.equal(codeOf(await dialler.ask({ dial: guarded })), 'connected');
        assert.deepEqual(await dialler.ask({ say: 'near' }), { heard: 'near' });
        // The kernel sends its RST at TTL 64: unguarded it says "refused", guarded it never arrives.
        const closed = { ...guarded, port: port + 9, timeoutMs: 150 };
        assert.equal(codeOf(await dialler.ask({ dial: { address, port: port + 9, timeoutMs: 5000 } })), 'ECONNREFUSED');
        assert.equal(codeOf(await dialler.ask({ dial: closed })), 'ETIMEDOUT');
      });

      it('[31] GTSM: a connection restricted after it was accepted hears no packet from further away', async () => {
        await listener.ask({ listen: { address, port: port + 3, minTtl: 255 } });
        const before = dropped();
        await dialler.ask({ dial: { address, port: port + 3, ttl: 64, timeoutMs: 5000 } });
        await dialler.ask({ murmur: 'far' });
        while (dropped() === before) await new Promise((resolve) => setTimeout(resolve, 10));
      });
    });
  }

  it('SO_BINDTODEVICE: a listener on an interface is not there for callers on another', async () => {
    const address = '10.201.0.0';
    const dial = { address, port: port + 4, timeoutMs: 5000 };
    await listener.ask({ listen: { address, port: port + 4, device: 'lo' } });
    assert.equal(codeOf(await dialler.ask({ dial })), 'ECONNREFUSED');
    await listener.ask({ listen: { address, port: port + 4, device: 'uplink0' } });
    assert.equal(codeOf(await dialler.ask({ dial: { ...dial, device: 'uplink1' } })), 'connected');
    assert.deepEqual(await dialler.ask({ say: 'OPEN' }), { heard: 'OPEN' });
    const missing = await dialler.ask({ dial: { ...dial, device: 'uplink9' } });
    assert.deepEqual(missing, { code: 'ENODEV', message: 'this host has no device uplink9' });
    const elsewhere = await listener.ask({ listen: { address: 'fe80::1', port: port + 4, device: 'uplink9' } });
    assert.equal(codeOf(elsewhere), 'ENODEV');
  });

  it('[33] link-local peers: the device is the scope, and no address carries one', async () => {
    await listener.ask({ listen: { address: 'fe80::1', port: port + 5, device: 'uplink0' } });
    const dial = { address: 'fe80::1', port: port + 5, timeoutMs: 5000 };
    const answer = await dialler.ask({ dial: { ...dial, device: 'uplink1', localAddress: 'fe80::2' } });
    assert.ok('local' in answer);
    assert.match(answer.local, /^fe80::2 \d+$/);
    assert.equal(answer.remote, `fe80::1 ${port + 5}`);
    assert.deepEqual(await dialler.ask({ say: 'OPEN' }), { heard: 'OPEN' });
    assert.equal(codeOf(await dialler.ask({ dial: { ...dial, device: 'uplink1' } })), 'connected');
    assert.equal(codeOf(await dialler.ask({ dial })), 'EINVAL');
  });

  it('[32] [33] link-local peers: TCP MD5 holds for them as well', async () => {
    const peer = 'fe80::2';
    await listener.ask({
      listen: { address: 'fe80::1', port: port + 6, device: 'uplink0' },
      password: { peer, key: 'secret' },
    });
    const dial = { address: 'fe80::1', port: port + 6, device: 'uplink1', localAddress: peer, timeoutMs: 5000 };
    assert.equal(codeOf(await dialler.ask({ dial: { ...dial, md5Password: 'secret' } })), 'connected');
    assert.equal(codeOf(await dialler.ask({ dial: { ...dial, md5Password: 'other', timeoutMs: 150 } })), 'ETIMEDOUT');
  });

  it('tells a missing route from an unreachable and a prohibited network', async () => {
    const dial = { port, timeoutMs: 5000 };
    there.ip('route add unreachable 198.51.100.0/24', 'route add prohibit 203.0.113.0/24');
    const messages: string[] = [];
    for (const address of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) {
      const answer = await dialler.ask({ dial: { ...dial, address } });
      messages.push('message' in answer ? answer.message : 'connected');
    }
    assert.deepEqual(messages, [
      'no route to 192.0.2.1',
      '198.51.100.1 is unreachable: it does not answer on its link, or a router says so',
      'a route or rule of this host prohibits connections to 203.0.113.1',
    ]);
  });
});
