import assert from 'node:assert/strict';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { DrainBody } from '../../src/api/drain.js';
import { encodeMessage, type Message } from '../../src/bgp/message.js';
import { localCapabilities, openMessage } from '../../src/bgp/negotiate.js';
import { type Prefix, parsePrefix } from '../../src/net/address.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { freePort, portOf, Router } from './router.js';

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  assert.ok(parsed);
  return parsed;
};

/** What a good peer would say first. */
function greeting(asn: number, holdTimeSeconds = 90): Uint8Array {
  const families = ['ipv4'] as const;
  const capabilities = localCapabilities({ asn, families, extendedMessage: false });
  const messages: readonly Message[] = [
    openMessage({ asn, routerId: asn, holdTimeSeconds, families, capabilities }),
    { kind: 'keepalive' },
  ];
  return Buffer.concat(messages.map((message) => encodeMessage(message)));
}

function announcement(asn: number, octet: number): Uint8Array {
  return encodeMessage(
    {
      kind: 'update',
      withdrawn: [],
      attributes: [
        { kind: 'origin', origin: 'igp' },
        { kind: 'asPath', segments: [{ type: 'sequence', asns: [asn] }] },
        { kind: 'nextHop', address: prefix('192.0.2.1/32') },
      ],
      announced: Array.from({ length: 200 }, (_, i) => prefix(`10.${octet}.${i}.0/24`)),
    },
    { fourOctetAs: true },
  );
}

describe('Bad days', () => {
  const herald = new Herald();
  const servers: Server[] = [];
  let good: Router;
  let port: number;

  /** A peer that does `each` with every connection. */
  const peer = async (
    name: string,
    address: string,
    peerASN: number,
    each: (socket: Socket) => void,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => undefined);
      each(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return { name, peerAddress: address, peerPort: portOf(server), peerASN, connectTime: '1s', ...more };
  };
  const lastError = async (name: string, text: RegExp): Promise<void> => {
    await eventually(
      () => herald.peer(name),
      (seen) => assert.match(seen.lastError?.text ?? '', text, `${name}: ${JSON.stringify(seen.lastError)}`),
    );
    assert.ok(
      herald.log.some((line) => line['peer'] === name && text.test(line.msg)),
      `nothing of ${name} in\n${herald.text}`,
    );
  };

  let flood: Socket | undefined;
  let resets = 0;

  before(async () => {
    good = await Router.listen('127.0.0.2');
    port = await freePort('127.0.0.1');
    const peers = await Promise.all([
      peer('garbage', '127.0.0.21', 64521, (socket) => socket.write(Buffer.alloc(300, 0x2a))),
      peer('half', '127.0.0.22', 64522, (socket) => {
        const open = greeting(64522);
        for (const [i, cut] of [1, 18, 19, 25].entries())
          setTimeout(() => socket.write(open.subarray(i === 0 ? 0 : [1, 18, 19, 25][i - 1], cut)), i * 10);
        setTimeout(() => socket.destroy(), 60);
      }),
      peer('flood', '127.0.0.23', 64523, (socket) => {
        socket.write(greeting(64523));
        socket.resume();
        flood = socket;
      }),
      peer('frozen', '127.0.0.24', 64524, (socket) => {
        // A zero window: it says what a session needs, and takes nothing.
        socket.pause();
        socket.write(greeting(64524));
      }),
      peer('resetting', '127.0.0.25', 64525, (socket) => {
        resets++;
        socket.resetAndDestroy();
      }),
      peer('stranger-as', '127.0.0.26', 64526, (socket) => socket.write(greeting(65000))),
      peer(
        'many',
        '127.0.0.27',
        64527,
        (socket) => {
          socket.write(greeting(64527));
          socket.write(announcement(64527, 1));
          socket.resume();
        },
        { maxPrefixes: 100 },
      ),
    ]);
    herald.write(
      'table.ndjson',
      Array.from({ length: 3000 }, (_, i) =>
        JSON.stringify({ name: `s${i}`, addresses: [`198.18.${i >> 8}.${i & 255}`] }),
      ).join('\n'),
    );
    herald.write('bulk.csv', 'prefix,med\n');
    herald.writeConfig({
      bgp: { asn: 64512, routerID: '10.0.0.11', listen: [`127.0.0.1:${port}`] },
      bgpPeers: [good.peer('good'), ...peers],
      sources: [
        { name: 'table', file: herald.path('table.ndjson') },
        { name: 'bulk', file: herald.path('bulk.csv') },
      ],
    });
    await herald.start();
    await herald.established('good', 'flood', 'frozen');
  });

  after(async () => {
    await herald.remove();
    await good.close();
    for (const server of servers) server.close();
  });

  const goodIsUntouched = async (): Promise<void> => {
    good.isUnbroken();
    const { state, flaps } = await herald.peer('good');
    assert.deepEqual([state, flaps], ['Established', 0]);
  };

  it('a peer that sends noise is told so, and the reason stands in status and log', async () => {
    await lastError('garbage', /Message Header Error\/Connection Not Synchronized/);
  });

  it('a peer that says half a message and goes', async () => {
    await lastError('half', /closed by peer/);
  });

  it('a peer of another AS number', async () => {
    await lastError('stranger-as', /Bad Peer AS.*65000/);
  });

  it('a peer that announces more than maxPrefixes', async () => {
    await lastError('many', /Maximum Number of Prefixes Reached/);
  });

  it('a peer that floods: everything is counted, nothing is kept', async () => {
    assert.ok(flood);
    const before = herald.residentMegabytes;
    const updates = [1, 2, 3, 4].map((octet) => announcement(64523, octet));
    const wave = Buffer.concat(Array.from({ length: 100 }, () => updates).flat());
    const waves = 25;
    for (let i = 0; i < waves; i++)
      if (!flood.write(wave)) await new Promise((resolve) => flood?.once('drain', resolve));
    await eventually(
      () => herald.peer('flood'),
      ({ messages }) => assert.equal(messages.received.update, waves * 400),
      5000,
    );
    assert.equal((await herald.peer('flood')).state, 'Established');
    assert.ok(herald.residentMegabytes < before + 80, `${before} MB became ${herald.residentMegabytes} MB`);
  });

  it('a peer that reads nothing holds up nobody, and costs bounded memory', async () => {
    const before = herald.residentMegabytes;
    // More than the kernel takes for a peer: UPDATEs of one route and a long path each.
    const rows = Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24,${i},250`);
    herald.write('bulk.csv', `prefix,med,asPathPrepend\n${rows.join('\n')}\n`);
    await eventually(
      () => good.session.routes.size,
      (size) => assert.equal(size, 3000 + rows.length),
    );
    herald.write('bulk.csv', 'prefix,med\n198.51.100.0/24,7\n');
    await eventually(
      () => good.session.routes.get('198.51.100.0/24')?.of('med')?.med,
      (med) => assert.equal(med, 7),
    );
    const { state, pendingPrefixes } = await herald.peer('frozen');
    assert.equal(state, 'Established');
    assert.ok(pendingPrefixes > 0, 'the kernel took everything');
    assert.ok(herald.residentMegabytes < before + 150, `${before} MB became ${herald.residentMegabytes} MB`);
  });

  it('a peer that reads nothing keeps nobody from draining the node, and is named', async () => {
    const { pendingPeers, drained }: DrainBody = JSON.parse(
      (await herald.done('POST', '/v1/drain', { for: '0s' })).text,
    );
    assert.deepEqual([drained, pendingPeers], [true, ['frozen']]);
    await good.holds();
    assert.deepEqual(await herald.hear('drained').then(({ level }) => level), 'warn');
    await herald.done('POST', '/v1/undrain');
    await eventually(
      () => good.session.routes.size,
      (size) => assert.equal(size, 3001),
    );
  });

  it('a stranger opens a thousand connections to the BGP listener', async () => {
    const before = herald.residentMegabytes;
    const call = (i: number): Promise<void> =>
      new Promise((resolve) => {
        const socket = dial({ host: '127.0.0.1', port, localAddress: `127.0.1.${i + 1}` });
        socket.on('error', () => undefined);
        socket.on('close', () => {
          closed++;
          resolve();
        });
        socket.resume();
        socket.end(Buffer.alloc(64, 0xff));
      });
    let closed = 0;
    for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 250 }, (_, i) => call(i)));
    assert.equal(closed, 1000);
    await goodIsUntouched();
    const lines = herald.logged('unknownPeer');
    assert.ok(lines.length > 0 && lines.length < 20, `${lines.length} lines`);
    assert.match(lines[0]?.msg ?? '', /127\.0\.1\./);
    assert.ok(herald.residentMegabytes < before + 60);
    assert.equal((await herald.status()).ready, true);
  });

  it('a peer that resets at once, each time: herald tries again, later and later, and says it once', async () => {
    await lastError('resetting', /reset by peer/);
    const said = () => herald.log.filter((line) => line['peer'] === 'resetting' && /reset by peer/.test(line.msg));
    assert.ok(resets < 5, `${resets} attempts`);
    assert.ok(said().length <= 2, herald.text);
  });

  it('all of it leaves a log that can be read, and herald still stops when told', async () => {
    await goodIsUntouched();
    assert.equal(herald.logged('crashed').length, 0);
    assert.ok(herald.log.length < 100, herald.text);
    for (const line of herald.log) assert.ok(line.msg.length < 400, line.msg);
    const since = performance.now();
    assert.equal(await herald.stop(), 0);
    assert.ok(performance.now() - since < 5000);
    assert.match(good.session.farewell ?? '', /^6\/2/);
    assert.equal(herald.noise, '');
  });
});
