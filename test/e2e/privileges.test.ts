import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually } from '../interop/eventually.js';
import { Herald, type Person, run } from './herald.js';
import { portOf } from './router.js';

/** The first port that anybody may bind. */
const firstFreePort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
const isRoot = process.getuid?.() === 0;
const nobody: Person = isRoot ? { uid: 65_534, gid: 65_534 } : {};

describe('Without privileges, or with what this host has not', () => {
  const herald = new Herald();
  const taken = createServer();

  const problemOf = async (port: number): Promise<string> => {
    const { listeners } = await eventually(
      () => herald.status(),
      (seen) => assert.ok(seen.listeners.some((listener) => listener.port === port && listener.problem !== '')),
    );
    return listeners.find((listener) => listener.port === port)?.problem ?? '';
  };

  before(async function () {
    // The checkout may be out of nobody's reach.
    if ((await run(['version'], { ...nobody, cwd: '/' })).code !== 0) this.skip();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const remote = { peerAddress: '127.0.0.9', peerPort: 17999, peerASN: 64500, connectTime: '1s' };
    herald.write('table.yaml', 'services: []\n');
    herald.writeConfig({
      bgp: {
        asn: 64512,
        routerID: '10.0.0.11',
        listen: ['127.0.0.1:179', `127.0.0.1:${portOf(taken)}`, '203.0.113.1:17990'],
      },
      bgpPeers: [
        { ...remote, name: 'refused' },
        { ...remote, name: 'from-afar', peerAddress: '127.0.0.8', sourceAddress: '203.0.113.1' },
        { ...remote, name: 'in-no-vrf', peerAddress: '127.0.0.7', vrf: 'novrf0' },
      ],
      sources: [{ name: 'table', file: herald.path('table.yaml') }],
    });
    if (isRoot) for (const path of [herald.directory, herald.state]) chownSync(path, 65_534, 65_534);
    await herald.start(nobody);
  });

  after(async () => {
    await herald.remove();
    taken.close();
  });

  it('a port below 1024: the error names the capability, in status and log, and herald runs on without', async function () {
    if (firstFreePort <= 179) this.skip();
    assert.match(await problemOf(179), /port 179.*CAP_NET_BIND_SERVICE/);
    await herald.heard('listenFailed', (lines) =>
      assert.ok(lines.some(({ msg }) => /port 179.*CAP_NET_BIND_SERVICE/.test(msg))),
    );
    const { ready } = await herald.status();
    assert.equal(ready, false);
    const { out } = await herald.type('status');
    assert.match(out, /CAP_NET_BIND_SERVICE/);
  });

  it('a table that it may not read: the last good version stays, and the error says as whom herald runs', async () => {
    const table = herald.path('table.yaml');
    chmodSync(table, isRoot ? 0o600 : 0o000);
    const { problems } = await eventually(
      () => herald.source('table'),
      ({ stale }) => assert.equal(stale, true),
    );
    assert.match(problems.join(), /may not be read by user \d+/);
    chmodSync(table, 0o644);
    await eventually(
      () => herald.source('table'),
      ({ stale }) => assert.equal(stale, false),
    );
  });

  it('a port in use', async () => {
    assert.match(await problemOf(portOf(taken)), /in use/);
    await herald.heard('listenFailed', (lines) => assert.ok(lines.some(({ msg }) => /in use/.test(msg))));
  });

  it('an address that is not of this host', async () => {
    assert.match(await problemOf(17_990), /203\.0\.113\.1 is not an address of this host/);
  });

  for (const [name, why] of [
    ['refused', /connection refused/],
    ['from-afar', /203\.0\.113\.1 is not an address of this host/],
    ['in-no-vrf', /no device novrf0|CAP_NET_RAW/],
  ] as const) {
    it(`a peer that cannot be reached (${name}) says why in status and log, once`, async () => {
      const { lastError } = await eventually(
        () => herald.peer(name),
        (seen) => assert.ok(seen.lastError),
      );
      assert.match(lastError?.text ?? '', why);
      await herald.heard('connectFailed', (lines) =>
        assert.equal(lines.filter((line) => line['peer'] === name).length, 1),
      );
      assert.match((await herald.type('peers', name)).out, why);
    });
  }
});
