import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { DrainBody } from '../../src/api/drain.js';
import { eventually } from '../interop/eventually.js';
import { Herald, type Outcome } from './herald.js';
import { Router } from './router.js';

/** RFC 8326: 65535:0. */
const gracefulShutdown = 0xffff0000;
const table = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.10/32'];

describe('A node that is drained', () => {
  const herald = new Herald();
  let router: Router;

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.write('table.yaml', { services: [{ name: 'shop/web', addresses: ['203.0.113.10'] }] });
    herald.write('bulk.csv', 'prefix,communities\n192.0.2.0/24,64512:7\n198.51.100.0/24,\n');
    herald.writeConfig({
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [router.peer('router')],
      sources: [
        { name: 'table', file: herald.path('table.yaml') },
        { name: 'bulk', file: herald.path('bulk.csv') },
      ],
      safety: { maxWithdrawPercent: 10 },
    });
    await herald.start();
    await herald.established('router');
    await router.holds(...table);
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  const communitiesOf = (prefix: string): readonly number[] =>
    router.session.routes.get(prefix)?.of('communities')?.communities ?? [];

  /** Until exactly these are there, all as a last resort, or none. */
  const isToldOf = (prefixes: readonly string[], isLastResort: boolean): Promise<unknown> =>
    eventually(
      () => router.session.prefixes.map((prefix) => [prefix, communitiesOf(prefix).includes(gracefulShutdown)]),
      (seen) =>
        assert.deepEqual(
          seen,
          prefixes.toSorted().map((prefix) => [prefix, isLastResort]),
        ),
      8000,
    );
  const states = async (): Promise<readonly boolean[]> => {
    const { drained, draining } = await herald.status();
    return [drained, draining];
  };
  const ended = ({ code, out, err }: Outcome, expected: number): string => {
    assert.equal(code, expected, `${out}\n${err}`);
    return `${out}${err}`;
  };

  it('announces everything as a last resort first, what comes meanwhile as well', async () => {
    ended(await herald.type('drain', '--for', '10m', '--no-wait'), 0);
    await isToldOf(table, true);
    assert.deepEqual(communitiesOf('192.0.2.0/24'), [64512 * 65536 + 7, gracefulShutdown]);
    assert.deepEqual(await states(), [false, true]);
    ended(await herald.type('announce', 'late', '203.0.113.77'), 0);
    await isToldOf([...table, '203.0.113.77/32'], true);
    assert.match(ended(await herald.type('status'), 0), /ready, draining/);
  });

  it('is left by whoever waits when they have had enough, and drains on', async () => {
    const call = request({ socketPath: herald.socket, method: 'POST', path: '/v1/drain' });
    const gone = new Promise<void>((resolve) => call.on('error', () => resolve()));
    await new Promise<void>((resolve) => call.end(() => resolve()));
    assert.deepEqual(await states(), [false, true]);
    call.destroy();
    await gone;
    assert.deepEqual(await states(), [false, true]);
  });

  it('then withdraws everything and keeps its sessions, and whoever waited is answered', async () => {
    const waiting = herald.call('POST', '/v1/drain', { for: '9m' });
    const { drained, draining, pendingPeers }: DrainBody = JSON.parse(
      ended(await herald.type('drain', '--for', '0s', '--json'), 0),
    );
    assert.deepEqual([drained, draining, pendingPeers], [true, false, []]);
    assert.equal((await waiting).status, 200);
    await isToldOf([], true);
    assert.deepEqual(await states(), [true, false]);
    assert.deepEqual(
      (await herald.announcements()).map(({ prefix, state, reason }) => [prefix, state, reason]),
      ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.77/32', '203.0.113.10/32'].map((prefix) => [
        prefix,
        'withheld',
        'drained',
      ]),
    );
    assert.match((await herald.call('GET', '/metrics')).text, /^herald_drained 1$/m);
    router.isUnbroken();
  });

  it('takes tables and configurations, and announces nothing of them', async () => {
    herald.write('table.yaml', {
      services: [
        { name: 'shop/web', addresses: ['203.0.113.10'] },
        { name: 'shop/api', addresses: ['203.0.113.20'] },
      ],
    });
    await eventually(
      () => herald.services(),
      (services) => assert.ok(services.some(({ name }) => name === 'shop/api')),
    );
    ended(await herald.type('withdraw', 'late'), 0);
    ended(await herald.type('reload'), 0);
    ended(await herald.type('drain'), 0);
    assert.deepEqual(router.session.prefixes, []);
  });

  it('is drained still when herald was started anew, until somebody says otherwise', async () => {
    herald.signal('SIGKILL');
    await herald.ended;
    await herald.start();
    await herald.established('router');
    assert.deepEqual(await states(), [true, false]);
    await herald.heard('drained', (lines) => assert.equal(lines.at(-1)?.level, 'warn'));
    // End-of-RIB: it has said all that it says.
    await eventually(
      () => router.session.updates,
      (updates) => assert.ok(updates > 0),
    );
    assert.deepEqual(router.session.prefixes, []);
    ended(await herald.type('undrain'), 0);
    await isToldOf([...table, '203.0.113.20/32'], false);
    assert.deepEqual(communitiesOf('192.0.2.0/24'), [64512 * 65536 + 7]);
    assert.deepEqual(await states(), [false, false]);
    ended(await herald.type('undrain'), 0);
  });

  it('is called off by an undrain, of which whoever waits is told', async () => {
    const waiting = herald.type('drain', '--for', '10m');
    await isToldOf([...table, '203.0.113.20/32'], true);
    ended(await herald.type('undrain'), 0);
    assert.match(ended(await waiting, 1), /called off/);
    await isToldOf([...table, '203.0.113.20/32'], false);
  });

  it('announces again when the host was booted, and says so', async () => {
    ended(await herald.type('drain', '--for', '0s'), 0);
    assert.equal(await herald.stop(), 0);
    writeFileSync(`${herald.state}/drained`, '00000000-0000-0000-0000-000000000000 0\n');
    const undrained = herald.logged('undrained').length;
    await herald.start();
    await herald.established('router');
    await isToldOf([...table, '203.0.113.20/32'], false);
    assert.match((await herald.hear('undrained', undrained)).msg, /booted/);
  });
});
