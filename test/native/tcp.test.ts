import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type NativeDialOptions, type NativeListenOptions, native } from '../../src/io/native.js';
import { addressOctets, parseAddress } from '../../src/net/address.js';

const octets = (text: string): Uint8Array => addressOctets(parseAddress(text)!);
const listenerOn = (text: string, more: Partial<NativeListenOptions> = {}): NativeListenOptions => ({
  address: octets(text),
  port: 0,
  backlog: 1,
  ...more,
});
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Runs on a descriptor that is closed afterwards, whatever happens. */
function withDescriptor(descriptor: number, check: (descriptor: number) => void): void {
  try {
    check(descriptor);
  } finally {
    native().closeDescriptor(descriptor);
  }
}

describe('native TCP sockets', () => {
  for (const [family, address] of [
    ['IPv4', '127.0.0.1'],
    ['IPv6', '::1'],
  ] as const) {
    it(`set every option of a dialling ${family} socket before its first packet`, () => {
      const options: NativeDialOptions = {
        peer: octets(address),
        localAddress: octets(address),
        device: 'lo',
        md5Key: Buffer.from('secret'),
        ttl: 255,
        minTtl: 254,
        trafficClass: 0xc0,
        userTimeoutMs: 7000,
      };
      withDescriptor(native().openTcpSocket(options), (descriptor) => {
        assert.deepEqual(native().readTcpOptions(descriptor), {
          ttl: 255,
          minTtl: 254,
          trafficClass: 0xc0,
          userTimeoutMs: 7000,
          noDelay: true,
          device: 'lo',
        });
      });
    });

    it(`change TTL, minimum TTL and user timeout of an open ${family} socket`, () => {
      withDescriptor(native().openTcpSocket({ peer: octets(address), userTimeoutMs: 1000 }), (descriptor) => {
        native().setTcpTtl(descriptor, 1);
        native().setTcpMinTtl(descriptor, 255);
        native().setTcpUserTimeout(descriptor, 0);
        const { ttl, minTtl, userTimeoutMs } = native().readTcpOptions(descriptor);
        assert.deepEqual({ ttl, minTtl, userTimeoutMs }, { ttl: 1, minTtl: 255, userTimeoutMs: 0 });
      });
    });

    it(`[32] add, replace and remove the MD5 key of a peer on a listening ${family} socket`, () => {
      withDescriptor(native().openTcpListener(listenerOn(address)), (descriptor) => {
        const peer = octets(address);
        native().setTcpMd5Key(descriptor, peer, Buffer.from('first'));
        native().setTcpMd5Key(descriptor, peer, Buffer.from('second'));
        native().setTcpMd5Key(descriptor, peer, new Uint8Array());
        assert.throws(() => native().setTcpMd5Key(descriptor, peer, new Uint8Array()), { code: 'ENOENT' });
      });
    });
  }

  it('listen on 0.0.0.0 and :: with one port', () => {
    withDescriptor(native().openTcpListener(listenerOn('0.0.0.0', { port: 11792 })), () => {
      withDescriptor(native().openTcpListener(listenerOn('::', { port: 11792 })), () => {});
    });
  });

  it('[32] take an MD5 key of 80 octets (RFC 2385 §4.5) and refuse 81', () => {
    const peer = octets('127.0.0.1');
    withDescriptor(native().openTcpSocket({ peer, md5Key: new Uint8Array(80).fill(97) }), () => {});
    assert.throws(() => native().openTcpSocket({ peer, md5Key: new Uint8Array(81).fill(97) }), {
      code: 'EINVAL',
      syscall: 'setsockopt TCP_MD5SIG',
    });
  });

  const faults: [string, () => number, { code: string; syscall: string }][] = [
    [
      'an absent source',
      () => native().openTcpSocket({ peer: octets('192.0.2.1'), localAddress: octets('192.0.2.77') }),
      { code: 'EADDRNOTAVAIL', syscall: 'bind' },
    ],
    [
      'an absent device',
      () => native().openTcpSocket({ peer: octets('192.0.2.1'), device: 'hrldtcpnone' }),
      { code: 'ENODEV', syscall: 'setsockopt SO_BINDTODEVICE' },
    ],
    [
      'a device name that the kernel would cut off to an existing one',
      () => native().openTcpSocket({ peer: octets('192.0.2.1'), device: 'lo\x1c5678901234567' }),
      { code: 'ENODEV', syscall: 'setsockopt SO_BINDTODEVICE' },
    ],
    [
      'a link-local listener without its interface',
      () => native().openTcpListener(listenerOn('fe80::1')),
      { code: 'EINVAL', syscall: 'bind' },
    ],
    [
      'a TTL of 256',
      () => native().openTcpSocket({ peer: octets('192.0.2.1'), ttl: 256 }),
      { code: 'EINVAL', syscall: 'setsockopt IP_TTL' },
    ],
    [
      'an address of five octets',
      () => native().openTcpSocket({ peer: new Uint8Array(5) }),
      { code: 'EAFNOSUPPORT', syscall: 'address' },
    ],
  ];
  for (const [what, open, error] of faults) {
    it(`say ${error.code} of ${error.syscall} for ${what}, and leave no descriptor behind`, () => {
      const before = openDescriptors();
      for (let i = 0; i < 20; i++) assert.throws(open, error);
      assert.equal(openDescriptors(), before);
    });
  }

  it('throw on arguments of the wrong kind, and leave no descriptor behind', () => {
    const before = openDescriptors();
    assert.throws(() => Reflect.apply(native().openTcpSocket, undefined, []));
    assert.throws(() => Reflect.apply(native().openTcpSocket, undefined, [{ peer: '127.0.0.1' }]));
    assert.throws(() => Reflect.apply(native().openTcpSocket, undefined, [{ peer: octets('::1'), md5Key: 'text' }]));
    assert.throws(() => Reflect.apply(native().setTcpTtl, undefined, ['3', {}]));
    assert.equal(openDescriptors(), before);
  });

  it('work in a worker thread and on the main thread at once', async () => {
    const file = new URL('../../build/Release/herald.node', import.meta.url).pathname;
    const worker = new Worker(
      `const addon = require(${JSON.stringify(file)});
       const descriptor = addon.openTcpSocket({ peer: new Uint8Array([127, 0, 0, 1]), ttl: 17 });
       const { ttl } = addon.readTcpOptions(descriptor);
       addon.closeDescriptor(descriptor);
       require('node:worker_threads').parentPort.postMessage(ttl);`,
      { eval: true },
    );
    const ttl = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    assert.equal(ttl, 17);
    await worker.terminate();
    withDescriptor(native().openTcpSocket({ peer: octets('127.0.0.1') }), () => {});
  });
});
