import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { freePort } from './router.js';

/** herald on both sides, over loopback addresses: one judges what the other says. */
describe('Two heralds', () => {
  const left = new Herald();
  const right = new Herald();
  /** Only a directory that both may read. */
  const key = new Herald();
  const count = 500;

  before(async () => {
    const [leftPort, rightPort] = await Promise.all([freePort('127.0.0.51'), freePort('127.0.0.52')]);
    const passwordFile = key.path('key');
    key.write('key', 'shared\n');
    chmodSync(passwordFile, 0o600);
    const peer = (name: string, host: number, port: number, from: number, more: object): object => ({
      name,
      peerAddress: `127.0.0.${host}`,
      peerPort: port,
      peerASN: 64500 + host,
      sourceAddress: `127.0.0.${from}`,
      connectTime: '1s',
      passwordFile,
      ...more,
    });
    left.write(
      'table.yaml',
      `services:\n${Array.from({ length: count }, (_, i) => `  - { name: s${i}, addresses: [198.18.${i >> 8}.${i & 255}] }\n`).join('')}`,
    );
    left.writeConfig({
      bgp: { asn: 64551, routerID: '10.0.0.51', listen: [`127.0.0.51:${leftPort}`] },
      bgpPeers: [peer('right', 52, rightPort, 51, { enableGracefulRestart: true })],
      sources: [{ name: 'table', file: left.path('table.yaml') }],
    });
    right.write('table.csv', 'prefix\n192.0.2.0/24\n');
    right.writeConfig({
      bgp: { asn: 64552, routerID: '10.0.0.52', listen: [`127.0.0.52:${rightPort}`] },
      bgpPeers: [peer('left', 51, leftPort, 52, { enableGracefulRestart: true })],
      sources: [{ name: 'table', file: right.path('table.csv') }],
    });
    await Promise.all([left.start(), right.start()]);
  });

  after(async () => {
    await Promise.all([left, right, key].map((herald) => herald.remove()));
  });

  const agreed = async (prefixes: number): Promise<void> => {
    await Promise.all([left.established('right'), right.established('left')]);
    await eventually(
      async () => [await right.peer('left'), await left.peer('right')],
      ([of, back]) => assert.deepEqual([of?.receivedPrefixes, back?.receivedPrefixes], [prefixes, 1]),
    );
  };

  it('that both dial, with TCP MD5, agree on one session and tell each other everything', async () => {
    await agreed(count);
    const { announcedPrefixes, pendingPrefixes } = await left.peer('right');
    assert.deepEqual([announcedPrefixes, pendingPrefixes], [count, 0]);
  });

  it('send a difference when the table changes, and nothing else', async () => {
    const before = (await right.peer('left')).messages.received.update;
    left.write('table.yaml', 'services: [{ name: s0, addresses: [198.18.0.0] }]\n');
    await agreed(1);
    assert.equal((await right.peer('left')).messages.received.update, before + 1);
    assert.equal((await right.peer('left')).flaps, 0);
  });

  it('take another key from the same file on reload, with one new session', async () => {
    key.write('key', 'another\n');
    chmodSync(key.path('key'), 0o600);
    await Promise.all([left.done('POST', '/v1/reload'), right.done('POST', '/v1/reload')]);
    await eventually(
      () => right.peer('left'),
      ({ state, messages }) => assert.deepEqual([state, messages.sent.open > 1], ['Established', true]),
    );
    await agreed(1);
  });

  it('of which one is killed find each other again at once', async () => {
    const downs = right.logged('sessionDown').length;
    const { flaps: before } = await right.peer('left');
    left.signal('SIGKILL');
    await left.ended;
    await eventually(
      () => right.peer('left'),
      ({ lastError, flaps }) => {
        assert.match(lastError?.text ?? '', /closed by peer|reset by peer/);
        assert.equal(flaps, before + 1);
      },
    );
    const down = await right.hear('sessionDown', downs);
    assert.match(down.msg, /left: session lost: connection (closed|reset) by peer/);
    await left.start();
    await agreed(1);
  });

  it('of which one stops say why: the other shows the farewell', async () => {
    assert.equal(await left.stop(), 0);
    const { lastError } = await eventually(
      () => right.peer('left'),
      ({ state }) => assert.notEqual(state, 'Established'),
    );
    assert.deepEqual([lastError?.code, lastError?.direction], [6, 'received']);
    assert.match(lastError?.text ?? '', /Administrative Shutdown.*herald stops: SIGTERM/);
  });
});
