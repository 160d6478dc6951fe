import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { eventually } from '../interop/eventually.js';
import { Herald, run } from './herald.js';
import { Router } from './router.js';

describe('Herald coming and going', () => {
  let plain: Router;
  let helper: Router;

  before(async () => {
    [plain, helper] = await Promise.all([
      Router.listen('127.0.0.2'),
      Router.listen('127.0.0.3', { gracefulRestart: true }),
    ]);
  });

  after(async () => {
    await Promise.all([plain.close(), helper.close()]);
  });

  const fresh = (more: Readonly<Record<string, unknown>> = {}): Herald => {
    const herald = new Herald();
    herald.write('table.yaml', { services: [{ name: 'shop/web', addresses: ['203.0.113.10'] }] });
    herald.writeConfig({
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [plain.peer('plain'), helper.peer('helper', { enableGracefulRestart: true })],
      sources: [{ name: 'table', file: herald.path('table.yaml') }],
      ...more,
    });
    return herald;
  };

  const tookLeave = (signal: string): void => {
    for (const router of [plain, helper])
      assert.match(router.session.farewell ?? '', new RegExp(`^6/2 herald .*${signal}$`));
  };

  it('goes on when nobody reads its log any more, and still ends with 0', async () => {
    const herald = fresh();
    try {
      await herald.start();
      herald.stopListening();
      for (let times = 0; times < 3; times++) assert.equal((await herald.call('POST', '/v1/reload', {})).status, 200);
      assert.equal((await herald.call('GET', '/v1/status')).status, 200);
      assert.equal(await herald.stop(), 0);
    } finally {
      await herald.remove();
    }
  });

  it('on SIGTERM takes leave of every peer with Administrative Shutdown and its reason, and ends with 0', async () => {
    const herald = fresh();
    try {
      await herald.start();
      await herald.established('plain', 'helper');
      const since = performance.now();
      // Twice, as from `timeout`, or a terminal and npm; the second is no reason to leave without a word.
      herald.signal('SIGTERM');
      await herald.hear('stopping');
      assert.equal(await herald.stop(), 0);
      assert.ok(performance.now() - since < 5000);
      tookLeave('SIGTERM');
      assert.equal(existsSync(herald.socket), false);
      assert.equal(herald.noise, '');
      await herald.heard('stopping', (lines) => assert.match(lines[0]?.msg ?? '', /SIGTERM/));
    } finally {
      await herald.remove();
    }
  });

  it('on SIGUSR2 leaves a graceful-restart helper without a word, so that it keeps the routes; others as ever', async () => {
    const herald = fresh();
    try {
      await herald.start();
      await herald.established('plain', 'helper');
      herald.signal('SIGUSR2');
      assert.equal(await herald.ended, 0);
      await eventually(
        () => [plain.session.isClosed, helper.session.isClosed],
        (seen) => assert.deepEqual(seen, [true, true]),
      );
      assert.equal(helper.session.farewell, undefined);
      assert.match(plain.session.farewell ?? '', /^6\/2/);

      await herald.start();
      await herald.established('helper');
      const [open] = helper.session.heardOf('open');
      const restart = open?.capabilities.find((capability) => capability.kind === 'gracefulRestart');
      assert.equal(restart?.restartState, true);
      assert.deepEqual(
        restart?.families.map(({ forwarding }) => forwarding),
        [true],
      );
      await herald.established('plain');
      herald.signal('SIGINT');
      assert.equal(await herald.ended, 0);
      tookLeave('SIGINT');
    } finally {
      await herald.remove();
    }
  });

  it('is only one on a live socket, takes over that of one that died, and removes nothing that is no socket', async () => {
    const herald = fresh({ bgpPeers: [] });
    try {
      await herald.start();
      const second = await run([
        'run',
        '--config',
        herald.config,
        '--socket',
        herald.socket,
        '--state-dir',
        herald.state,
      ]);
      assert.equal(second.code, 1);
      assert.match(second.err, /another herald/);
      assert.ok(second.err.includes(herald.socket));
      assert.equal((await herald.status()).ready, true);

      herald.signal('SIGKILL');
      assert.equal(await herald.ended, 'SIGKILL');
      assert.ok(existsSync(herald.socket));
      await herald.start();
      assert.equal((await herald.status()).ready, true);
      assert.equal(lstatSync(herald.socket).mode & 0o777, 0o660);
      assert.equal(await herald.stop(), 0);

      herald.write('herald.sock', 'precious\n');
      const refused = await run([
        ...['run', '--config', herald.config, '--socket', herald.socket, '--state-dir', herald.state],
      ]);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /not a socket/);
      assert.ok(existsSync(herald.socket));
    } finally {
      await herald.remove();
    }
  });

  it('ends with 78 and every problem when it cannot begin', async () => {
    const herald = fresh({ bgpPeers: [{ name: 'tor' }], bgpPeer: [] });
    try {
      const { code, err } = await run([
        ...['run', '--config', herald.config, '--socket', herald.socket, '--state-dir', herald.state],
      ]);
      assert.equal(code, 78);
      assert.match(err, new RegExp(`^${herald.config}:\\d+:\\d+: bgpPeer: .*did you mean`, 'm'));
      assert.match(err, new RegExp(`^${herald.config}:\\d+:\\d+: bgpPeers\\[0\\]`, 'm'));
      const missing = await run(['run', '--config', herald.path('none.yaml'), '--socket', herald.socket]);
      assert.equal(missing.code, 78);
      assert.match(missing.err, /none\.yaml: .*(no such file|does not exist)/);
    } finally {
      await herald.remove();
    }
  });
});
