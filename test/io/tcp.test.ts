import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Listener, TransportError } from '../../src/bgp/transport.js';
import { native } from '../../src/io/native.js';
import { tcpTransport } from '../../src/io/tcp.js';
import { parseAddress } from '../../src/net/address.js';
import { at, dialled, End, eventually, failure, ownAddress, textOf } from './tcp-fixtures.js';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const lastWords = Buffer.from('ffffffffffffffffffffffffffffffff0015030602', 'hex'); // NOTIFICATION, Cease, Administrative Shutdown

describe('TCP transport on one host', () => {
  let address: string;
  const ends: End[] = [];
  const undo: (() => void)[] = [];

  beforeEach(() => {
    address = ownAddress();
    ends.length = 0;
  });
  afterEach(() => {
    for (const end of ends) end.connection.destroy();
    for (const step of undo.splice(0)) step();
  });

  /** Listens through the transport under test; accepted ends gather in `ends`. */
  function listening(text: string, port: number): Listener {
    const listener = tcpTransport.listen(at(text, port), (connection) => {
      const end = new End(connection);
      ends.push(end);
      return end;
    });
    undo.push(() => listener.close());
    return listener;
  }

  /** A listener without any of our code: what the peer does is up to the test. */
  async function plainPeer(onConnection: (socket: Socket) => void): Promise<number> {
    const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      undo.push(() => socket.destroy());
      onConnection(socket);
    });
    undo.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    const bound: AddressInfo | string | null = server.address();
    assert.ok(bound !== null && typeof bound === 'object');
    return bound.port;
  }

  const dial = async (...options: Parameters<typeof dialled> extends [unknown, ...infer Rest] ? Rest : never) => {
    const end = await dialled(tcpTransport, ...options);
    undo.push(() => end.connection.destroy());
    return end;
  };

  describe('dialling and listening', () => {
    for (const [family, host, source] of [
      ['IPv4', '127.88.7.9', '127.88.7.10'],
      ['IPv6', '::1', '::1'],
    ] as const) {
      it(`joins two ends over ${family}, each knowing both addresses, from the source asked for`, async () => {
        listening(host, 11791);
        const us = await dial({ remote: at(host, 11791), localAddress: parseAddress(source)! });
        await eventually(() => ends.length === 1);
        const them = ends[0]!;
        assert.equal(textOf(us.connection.remote), `${host} 11791`);
        assert.equal(textOf(us.connection.local), textOf(them.connection.remote));
        assert.deepEqual(us.connection.local.address, parseAddress(source));
        us.connection.write(Buffer.from('OPEN'));
        them.connection.write(Buffer.from('open'));
        await us.until(() => us.octets === 4);
        await them.until(() => them.octets === 4);
        assert.deepEqual([us.text(), them.text()], ['open', 'OPEN']);
      });
    }

    it('calls back neither at once nor twice', async () => {
      listening(address, 11791);
      const calls: string[] = [];
      await new Promise<void>((resolve) => {
        tcpTransport.dial(
          { remote: at(address, 11791), timeoutMs: 5000 },
          (connection) => {
            calls.push('connected');
            resolve();
            return new End(connection);
          },
          () => calls.push('failed'),
        );
        calls.push('returned');
      });
      await eventually(() => ends.length === 1);
      assert.deepEqual(calls, ['returned', 'connected']);
    });

    it('says connection refused', async () => {
      assert.deepEqual(await failure(tcpTransport, { remote: at(address, 11799) }), {
        code: 'ECONNREFUSED',
        message: 'connection refused',
      });
    });

    it('says which source address is not of this host, and not before dial() has returned', async () => {
      let returned = false;
      const error = await new Promise<TransportError>((resolve, reject) => {
        const options = { remote: at(address, 11799), localAddress: parseAddress('192.0.2.77')!, timeoutMs: 5000 };
        tcpTransport.dial(
          options,
          (connection) => new End(connection),
          (why) => (returned ? resolve(why) : reject(why)),
        );
        returned = true;
      });
      assert.equal(error.message, '192.0.2.77 is not an address of this host');
    });

    it('gives up on silence after the time given', async () => {
      listening(address, 11791);
      // A signature that the listener has no key for: it drops the SYN without a word.
      const error = await failure(tcpTransport, { remote: at(address, 11791), md5Password: 'secret' }, 50);
      assert.equal(error.code, 'ETIMEDOUT');
      assert.match(error.message, /^no answer from 127\.\S+ port 11791: .*passwords/);
      assert.equal(ends.length, 0);
    });

    it('never calls back after cancel()', async () => {
      listening(address, 11791);
      const calls: string[] = [];
      const told = (what: string) => () => calls.push(what);
      const connected = (connection: End['connection']): End => {
        calls.push('connected');
        return new End(connection);
      };
      const remote = at(address, 11791);
      tcpTransport.dial({ remote, timeoutMs: 5000 }, connected, told('failed')).cancel();
      tcpTransport.dial({ remote, timeoutMs: 20, md5Password: 'unanswered' }, connected, told('failed')).cancel();
      tcpTransport.dial({ remote, timeoutMs: 5000, device: 'hrldtcpnone' }, connected, told('failed')).cancel();
      tcpTransport.dial({ remote: at(address, 11799), timeoutMs: 5000 }, connected, told('failed')).cancel();
      await failure(tcpTransport, { remote, md5Password: 'unanswered' }, 60);
      assert.deepEqual(calls, []);
    });

    it('[33] needs the interface of a link-local peer', async () => {
      const error = await failure(tcpTransport, { remote: at('fe80::99', 179) });
      assert.equal(error.message, 'fe80::99 is link-local: it is reachable through a named interface only');
    });

    it('names a device that does not exist', async () => {
      const error = await failure(tcpTransport, { remote: at(address, 179), device: 'hrldtcpnone' });
      assert.deepEqual(error, { code: 'ENODEV', message: 'this host has no device hrldtcpnone' });
    });

    it('names the port that another program holds', () => {
      listening(address, 11791);
      assert.throws(() => listening(address, 11791), {
        name: 'TransportError',
        code: 'EADDRINUSE',
        message: `port 11791 on ${address} is in use by another program`,
      });
    });

    it('names the capability for port 179 (skipped for those who may bind it)', function () {
      if (process.geteuid?.() === 0) this.skip();
      assert.throws(() => listening(address, 179), {
        code: 'EACCES',
        message: 'permission to bind port 179 needs CAP_NET_BIND_SERVICE',
      });
    });

    it('listens again on the port of a listener that was closed, while its connections live on', async () => {
      listening(address, 11791).close();
      const second = listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      await eventually(() => ends.length === 1);
      second.close();
      listening(address, 11791);
      us.connection.write(Buffer.from('still here'));
      await ends[0]!.until((end) => end.text() === 'still here');
    });

    it('closes a connection that is refused on accept', async () => {
      const listener = tcpTransport.listen(at(address, 11791), () => undefined);
      undo.push(() => listener.close());
      const us = await dial({ remote: at(address, 11791) });
      await us.until((end) => end.reasons.length > 0);
      assert.deepEqual(us.reasons, ['connection closed by peer']);
    });
  });

  describe('socket options', () => {
    const descriptorsOf = (
      check: (options: ReturnType<ReturnType<typeof native>['readTcpOptions']>) => boolean,
    ): number =>
      readdirSync('/proc/self/fd').filter((name) => {
        try {
          return check(native().readTcpOptions(Number(name)));
        } catch {
          return false; // not a TCP socket
        }
      }).length;

    it('[31] [34] dials with TTL, minimum TTL and DSCP CS6, and lifts the user timeout once connected', async () => {
      listening(address, 11791);
      await dial({ remote: at(address, 11791), ttl: 253, minTtl: 33 });
      const found = descriptorsOf(
        ({ ttl, minTtl, trafficClass, userTimeoutMs, noDelay }) =>
          ttl === 253 && minTtl === 33 && trafficClass === 0xc0 && userTimeoutMs === 0 && noDelay,
      );
      assert.equal(found, 1);
    });

    it('[31] accepts with TTL 255, DSCP CS6 and no delay, then restricts to the peer that it turns out to be', async () => {
      listening(address, 11791);
      await dial({ remote: at(address, 11791) });
      await eventually(() => ends.length === 1);
      const accepted = ({ ttl, trafficClass, noDelay }: { ttl: number; trafficClass: number; noDelay: boolean }) =>
        ttl === 255 && trafficClass === 0xc0 && noDelay;
      assert.equal(descriptorsOf(accepted), 2, 'the listener and the accepted socket');
      ends[0]!.connection.restrict({ ttl: 1, minTtl: 44 });
      assert.equal(
        descriptorsOf(({ ttl, minTtl }) => ttl === 1 && minTtl === 44),
        1,
      );
      assert.equal(descriptorsOf(accepted), 1, 'the listener');
    });

    it('restricts nothing once the connection is closed', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      us.connection.destroy();
      us.connection.restrict({ ttl: 1, minTtl: 45 });
      assert.equal(
        descriptorsOf(({ minTtl }) => minTtl === 45),
        0,
      );
    });

    it('refuses a TTL that IP does not have, in the words of a TransportError', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      assert.throws(() => us.connection.restrict({ ttl: 256 }), { name: 'TransportError', code: 'EINVAL' });
    });

    it('[32] signs with TCP MD5 on loopback: the right key passes, another does not', async () => {
      const listener = listening(address, 11791);
      const source = ownAddress();
      const as = { remote: at(address, 11791), localAddress: parseAddress(source)! };
      listener.setMd5Password(parseAddress(source)!, 'right');
      const us = await dial({ ...as, md5Password: 'right' });
      assert.equal((await failure(tcpTransport, { ...as, md5Password: 'wrong' }, 60)).code, 'ETIMEDOUT');
      assert.equal((await failure(tcpTransport, as, 60)).code, 'ETIMEDOUT');
      listener.setMd5Password(parseAddress(source)!, 'changed');
      await dial({ ...as, md5Password: 'changed' });
      us.connection.write(Buffer.from('as before'));
      await eventually(() => ends.some((end) => end.text() === 'as before'));
      listener.setMd5Password(parseAddress(source)!, undefined);
      listener.setMd5Password(parseAddress(source)!, undefined);
      await dial(as);
    });

    it('[32] names what is wrong with an MD5 password that is too long', async () => {
      const listener = listening(address, 11791);
      const message = 'a TCP MD5 password has 1 to 80 octets';
      assert.throws(() => listener.setMd5Password(parseAddress(address)!, 'x'.repeat(81)), { message });
      const error = await failure(tcpTransport, { remote: at(address, 11791), md5Password: 'é'.repeat(41) });
      assert.equal(error.message, message);
    });

    it('ignores the MD5 key of an IPv6 peer on an IPv4 listener, and of any peer once closed', () => {
      const listener = listening(address, 11791);
      listener.setMd5Password(parseAddress('2001:db8::1')!, 'key');
      listener.close();
      listener.setMd5Password(parseAddress(address)!, 'key');
    });
  });

  describe('writing', () => {
    it('hands five megabytes over whole and says once that they are gone', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      await eventually(() => ends.length === 1);
      const blob = Buffer.alloc(5_000_000, 'UPDATE');
      us.connection.write(blob);
      assert.equal(us.connection.unsentOctets, blob.length);
      await ends[0]!.until((end) => end.octets === blob.length);
      await us.until((end) => end.timesDrained > 0);
      assert.equal(us.connection.unsentOctets, 0);
      assert.equal(us.timesDrained, 1);
      assert.ok(Buffer.concat(ends[0]!.chunks).equals(blob));
    });

    it('says that a single KEEPALIVE is gone as well', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      us.connection.write(new Uint8Array(19));
      assert.equal(us.timesDrained, 0, 'not before write() has returned');
      await us.until((end) => end.timesDrained === 1);
    });

    it('counts what a peer that stops reading has not taken, and drains when it reads on', async () => {
      const peers: Socket[] = [];
      const port = await plainPeer((socket) => peers.push(socket));
      const us = await dial({ remote: at(address, port) });
      const blob = new Uint8Array(32 * 1024 * 1024);
      us.connection.write(blob);
      us.connection.write(blob.subarray(0, 19));
      await eventually(() => peers.length === 1);
      assert.ok(us.connection.unsentOctets > 0);
      assert.equal(us.timesDrained, 0);
      let taken = 0;
      peers[0]!.on('data', (octets) => {
        taken += octets.length;
      });
      peers[0]!.resume();
      await us.until((end) => end.timesDrained === 1);
      assert.equal(us.connection.unsentOctets, 0);
      await eventually(() => taken === blob.length + 19);
    });

    it('keeps the order of many small writes and reports their end once', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      for (let i = 0; i < 3000; i++) us.connection.write(Buffer.from(`${i},`));
      await us.until((end) => end.timesDrained > 0);
      await eventually(() => ends.length === 1);
      await ends[0]!.until((end) => end.text().endsWith(',2999,'));
      assert.equal(ends[0]!.text(), Array.from({ length: 3000 }, (_, i) => `${i},`).join(''));
      assert.equal(us.timesDrained, 1);
    });

    it('gives each read memory of its own, so that a message may be kept', async () => {
      listening(address, 11791);
      const us = await dial({ remote: at(address, 11791) });
      await eventually(() => ends.length === 1);
      const them = ends[0]!;
      for (const word of ['first', 'second']) {
        us.connection.write(Buffer.from(word));
        await them.until((end) => end.text().endsWith(word));
      }
      assert.deepEqual(
        them.chunks.map((octets) => Buffer.from(octets).toString()),
        ['first', 'second'],
      );
    });
  });

  describe('closing', () => {
    it('tells a FIN of the peer from a reset, once each', async () => {
      const peers: Socket[] = [];
      const port = await plainPeer((socket) => peers.push(socket));
      const ended = await dial({ remote: at(address, port) });
      const reset = await dial({ remote: at(address, port) });
      await eventually(() => peers.length === 2);
      for (const peer of peers) {
        if (peer.remotePort === ended.connection.local.port) peer.end();
        else peer.resetAndDestroy();
      }
      await ended.until((end) => end.reasons.length > 0);
      await reset.until((end) => end.reasons.length > 0);
      ended.connection.write(lastWords);
      ended.connection.finish();
      reset.connection.destroy();
      assert.deepEqual(ended.reasons, ['connection closed by peer']);
      assert.deepEqual(reset.reasons, ['connection reset by peer']);
    });

    it('delivers what the peer said before it closed', async () => {
      const port = await plainPeer((socket) => socket.end(lastWords));
      const us = await dial({ remote: at(address, port) });
      await us.until((end) => end.reasons.length > 0);
      assert.ok(Buffer.concat(us.chunks).equals(lastWords));
    });

    it('finish(): the last message arrives though the peer was still talking and did not listen', async () => {
      const heard: Buffer[] = [];
      const outcome = new Promise<string>((resolve) => {
        void plainPeer((socket) => {
          socket.write(new Uint8Array(8 * 1024 * 1024), () => {
            socket.on('data', (octets) => heard.push(octets));
            socket.on('end', () => resolve('end'));
            socket.resume();
          });
          socket.on('error', (error) => resolve(error.message));
        }).then(async (port) => {
          const us = await dial({ remote: at(address, port) });
          await us.until((end) => end.octets > 0);
          us.connection.write(lastWords);
          us.connection.finish();
        });
      });
      assert.equal(await outcome, 'end');
      assert.ok(Buffer.concat(heard).equals(lastWords));
    });

    it('finish() and destroy(): no event follows', async () => {
      const port = await plainPeer((socket) => socket.end(Buffer.alloc(100_000)));
      const finished = await dial({ remote: at(address, port) });
      finished.connection.write(lastWords);
      finished.connection.finish();
      const destroyed = await dial({ remote: at(address, port) });
      destroyed.connection.write(lastWords);
      destroyed.connection.destroy();
      const witness = await dial({ remote: at(address, port) });
      await witness.until((end) => end.reasons.length > 0);
      for (const end of [finished, destroyed]) {
        assert.deepEqual([end.octets, end.timesDrained, end.reasons], [0, 0, []]);
      }
    });

    it('finish(): a peer that never closes is left after two seconds', async () => {
      const peers: Socket[] = [];
      const port = await plainPeer((socket) => peers.push(socket));
      const before = openDescriptors();
      const us = await dial({ remote: at(address, port) });
      await eventually(() => peers.length === 1);
      const { setTimeout } = globalThis;
      const timers: { milliseconds: number; callback: () => void }[] = [];
      Reflect.set(globalThis, 'setTimeout', (callback: () => void, milliseconds: number) => {
        timers.push({ milliseconds, callback });
      });
      us.connection.finish();
      Reflect.set(globalThis, 'setTimeout', setTimeout);
      assert.deepEqual(
        timers.map(({ milliseconds }) => milliseconds),
        [2000],
      );
      assert.equal(openDescriptors(), before + 2);
      timers[0]!.callback();
      await eventually(() => openDescriptors() === before + 1); // the peer's own
    });
  });

  describe('descriptors', () => {
    it('are all given back by 50 connections, 50 refusals and 50 cancelled dials', async () => {
      listening(address, 11791);
      await failure(tcpTransport, { remote: at(address, 11799) });
      const before = openDescriptors();
      const remote = at(address, 11791);
      for (let i = 0; i < 50; i++) {
        const us = await dialled(tcpTransport, { remote });
        if (i % 2 === 0) us.connection.destroy();
        else us.connection.finish();
        await failure(tcpTransport, { remote: at(address, 11799) });
        const never = (): never => assert.fail('called back after cancel()');
        tcpTransport.dial({ remote, timeoutMs: 5000, md5Password: 'unanswered' }, never, never).cancel();
      }
      const pending = Array.from({ length: 50 }, () =>
        tcpTransport.dial(
          { remote, timeoutMs: 5000, md5Password: 'unanswered' },
          (connection) => new End(connection),
          () => assert.fail('failed after cancel()'),
        ),
      );
      await new Promise((resolve) => setImmediate(resolve));
      for (const dialling of pending) dialling.cancel();
      await eventually(() => ends.length === 50);
      await Promise.all(ends.map((end) => end.until(() => end.reasons.length > 0)));
      await eventually(() => openDescriptors() === before);
    });

    it('survive a thousand callers at once', async () => {
      listening(address, 11791);
      const callers = Array.from({ length: 1000 }, () => connect({ host: address, port: 11791 }));
      for (const caller of callers) caller.on('error', (error) => assert.fail(error));
      undo.push(() => {
        for (const caller of callers) caller.destroy();
      });
      await eventually(() => ends.length === 1000);
      for (const end of ends) end.connection.write(Buffer.from('.'));
      await Promise.all(callers.map((caller) => new Promise((resolve) => caller.once('data', resolve))));
    });
  });
});
