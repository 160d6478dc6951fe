import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { StatusBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { freePort, Router } from './router.js';

/** What somebody hears who calls from `from`, until the connection is closed. */
function call(from: string, host: string, port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = [];
    const socket = connect({ host, port, localAddress: from });
    socket.on('data', (octets) => heard.push(octets));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(heard)));
  });
}

describe('A peer', () => {
  const herald = new Herald();
  let one: Router;
  let two: Router;
  let port: number;

  const config = (more: object = {}): Readonly<Record<string, unknown>> => ({
    bgp: { asn: 64512, routerID: '10.0.0.11', listen: [`127.0.0.9:${port}`] },
    bgpPeers: [one.peer('one'), two.peer('two', { ...more })],
    sources: [{ name: 'table', file: herald.path('table.yaml') }],
  });
  const reload = async (more: object): Promise<void> => {
    herald.writeConfig(config(more));
    await herald.done('POST', '/v1/reload');
  };
  const counts = async (): Promise<Partial<StatusBody['counts']>> => {
    const { peers, peersEstablished, peersDisabled } = (await herald.status()).counts;
    return { peers, peersEstablished, peersDisabled };
  };

  before(async () => {
    [one, two] = await Promise.all([Router.listen('127.0.0.2'), Router.listen('127.0.0.3')]);
    port = await freePort('127.0.0.9');
    herald.write('table.yaml', { services: [{ name: 'shop/web', addresses: ['203.0.113.10'] }] });
    herald.writeConfig(config());
    await herald.start();
    await two.holds('203.0.113.10/32');
  });

  after(async () => {
    await herald.remove();
    await Promise.all([one.close(), two.close()]);
  });

  it('is disabled with a message, stays down, and is refused when it calls', async () => {
    const { lastError } = await herald.peer('two');
    const typed = await herald.type('peers', 'disable', 'two', '--message', 'new optics, back at noon');
    assert.deepEqual([typed.code, typed.out], [0, 'two is disabled, until it is enabled or herald restarts\n']);
    await eventually(
      () => two.session.farewell,
      (seen) => assert.equal(seen, '6/2 new optics, back at noon'),
    );
    const refused = await call('127.0.0.3', '127.0.0.9', port);
    assert.deepEqual([...refused.subarray(18, 21)], [3, 6, 5]); // RFC 4486: Connection Rejected
    const peer = await herald.peer('two');
    assert.deepEqual([peer.state, peer.adminState, peer.shutdown], ['Idle', 'disabled', false]);
    assert.deepEqual(peer.lastError, lastError);
    assert.equal(two.sessions.length, 1);
  });

  it('that is disabled counts as such, and what it would be told is pending', async () => {
    assert.deepEqual(await counts(), { peers: 2, peersEstablished: 1, peersDisabled: 1 });
    assert.deepEqual(
      (await herald.announcements()).map(({ via, state }) => `${via} ${state}`),
      ['one announced', 'two pending'],
    );
    assert.match((await herald.type('peers')).out, /two +127\.0\.0\.3 +64500 +disabled/);
    assert.match((await herald.type('status')).out, /1 of 2 established, 1 disabled/);
    const { text } = await herald.call('GET', '/metrics');
    for (const line of ['herald_bgp_admin_up{peer="two"} 0', 'herald_bgp_state{peer="two"} 0'])
      assert.ok(text.includes(`\n${line}\n`), line);
  });

  it('stays disabled over a reload that would bounce it, and is taken up at once with what it brought', async () => {
    await reload({ holdTime: '30s' });
    assert.equal((await herald.peer('two')).adminState, 'disabled');
    for (const verb of ['reset', 'refresh'])
      assert.equal((await herald.call('POST', `/v1/peers/two/${verb}`)).status, 409);
    assert.equal(two.sessions.length, 1);
    const typed = await herald.type('peers', 'enable', 'two');
    assert.equal(typed.code, 0, typed.err);
    await herald.established('two');
    await two.holds('203.0.113.10/32');
    assert.equal((await herald.peer('two')).holdTimeSeconds, 30);
    assert.deepEqual(await counts(), { peers: 2, peersEstablished: 2, peersDisabled: 0 });
  });

  it('that the configuration shuts down is not enabled by a command, which says what to edit', async () => {
    await reload({ shutdown: true });
    const { code, err } = await herald.type('peers', 'enable', 'two');
    assert.equal(code, 1);
    assert.match(err, /`shutdown: true`.*herald\.yaml/);
    assert.deepEqual(await counts(), { peers: 2, peersEstablished: 1, peersDisabled: 1 });
    await reload({});
    await herald.established('two');
  });

  it('is reset and refreshed by a command, and its operator told why', async () => {
    const before = two.session.updates;
    assert.equal((await herald.type('peers', 'refresh', 'two')).out, 'two is sent everything again\n');
    await eventually(
      () => two.session.updates,
      (updates) => assert.ok(updates > before),
    );
    const { session } = two;
    assert.equal((await herald.type('peers', 'reset', 'two', '--message', 'stuck')).code, 0);
    await eventually(
      () => session.farewell,
      (seen) => assert.equal(seen, '6/4 stuck'),
    );
    await herald.established('two');
    one.isUnbroken();
  });

  it('is enabled again after a restart of herald', async () => {
    await herald.done('POST', '/v1/peers/two/disable');
    await eventually(
      () => two.session.farewell,
      (seen) => assert.equal(seen, '6/2 disabled by the operator'),
    );
    assert.equal(await herald.stop(), 0);
    await herald.start();
    await herald.established('two');
    assert.deepEqual(await counts(), { peers: 2, peersEstablished: 2, peersDisabled: 0 });
  });
});
