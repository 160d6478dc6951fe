// The field report that pools are built around: an operator edits a pool so that it no longer contains addresses that are in use.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Forecast } from '../../src/plan/forecast.js';
import { eventually } from '../interop/eventually.js';
import { Herald, run } from './herald.js';
import { Router } from './router.js';

describe('An operator edits a pool', () => {
  const herald = new Herald();
  let router: Router;

  const config = (addresses: readonly string[], allocation: object = {}): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [router.peer('router')],
    sources: [
      { name: 'table', file: herald.path('table.json') },
      { name: 'controller', socket: {} },
    ],
    addressPools: [{ name: 'production', addresses }],
    allocation,
  });
  const [old, other] = [['203.0.113.0/29'], ['198.51.100.0/29']];
  const state = async (name: string): Promise<string> => (await herald.service(`default/${name}`)).state;

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.write('table.json', JSON.stringify({ services: [{ name: 'a' }, { name: 'b' }] }));
    herald.writeConfig(config(old));
    await herald.start();
    await herald.established('router');
    await router.holds('203.0.113.0/32', '203.0.113.1/32');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  it('and asks before: every move, every announcement, nothing done; exit 2', async () => {
    herald.write('new.yaml', config(other));
    const { code, out } = await herald.type('plan', herald.path('new.yaml'));
    assert.equal(code, 2, out);
    assert.match(out, /^default\/a +move +203\.0\.113\.0 +198\.51\.100\.0 +no pool covers 203\.0\.113\.0 any more$/m);
    assert.match(out, /^198\.51\.100\.1\/32 +bgp +router +appears$/m);
    assert.match(out, /^203\.0\.113\.1\/32 +bgp +router +goes$/m);
    assert.match(out, /2 services affected, 2 of them moved; 4 announcements changed; 0 sessions closed/);
    await router.holds('203.0.113.0/32', '203.0.113.1/32');
    const same = await herald.type('plan', herald.config);
    assert.deepEqual([same.code, same.out], [0, 'Nothing would change.\n']);
    const bad = await herald.type('plan', herald.path('table.json'));
    assert.equal(bad.code, 78);
  });

  it('and hears the same without a daemon', async () => {
    const { code, out, err } = await run([
      ...['plan', herald.path('new.yaml'), '--json'],
      ...['--config', herald.config, '--state-dir', herald.state],
    ]);
    assert.equal(code, 2, err);
    const forecast: Forecast = JSON.parse(out);
    const { text } = await herald.done('POST', '/v1/plan', { config: readFileSync(herald.path('new.yaml'), 'utf8') });
    assert.deepEqual(forecast, JSON.parse(text));
  });

  it('with onRevoke: refuse the edit is refused and stale, the last valid configuration runs on, and people decide', async () => {
    herald.writeConfig(config(other, { onRevoke: 'refuse' }));
    const refused = await herald.type('reload');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /default\/a would lose its address: no pool covers 203\.0\.113\.0 any more/);
    const { config: loaded } = await herald.status();
    assert.ok(loaded.stale);
    assert.match(loaded.problems.join(), /default\/b would lose its address/);
    await router.holds('203.0.113.0/32', '203.0.113.1/32');
    // Unrelated news wait as well: it is the whole change that is refused.
    herald.write('table.json', JSON.stringify({ services: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }));
    await router.holds('203.0.113.0/32', '203.0.113.1/32', '203.0.113.2/32');
    // Back as it was: nothing has happened.
    herald.writeConfig(config(old));
    await eventually(
      () => herald.status(),
      ({ config: { stale } }) => assert.equal(stale, false),
    );
    router.isUnbroken();
  });

  it('with onRevoke: reassign services move by themselves, made before broken, and nobody else notices', async () => {
    herald.write(
      'table.json',
      JSON.stringify({ services: [{ name: 'a' }, { name: 'b', prefixes: ['192.0.2.0/24'] }] }),
    );
    await router.holds('203.0.113.0/32', '192.0.2.0/24');
    const before = router.session.updates;
    herald.writeConfig(config(other, { overlap: '4s' }));
    assert.equal((await herald.type('reload')).code, 0);
    await router.holds('203.0.113.0/32', '198.51.100.0/32', '192.0.2.0/24');
    const moving = await herald.service('default/a');
    assert.deepEqual([moving.state, moving.addresses], ['Moving', ['198.51.100.0', '203.0.113.0']]);
    await router.holds('198.51.100.0/32', '192.0.2.0/24');
    assert.equal(await state('a'), 'Allocated');
    assert.equal(router.session.updates - before, 2, 'one that announces, one that withdraws');
    router.isUnbroken();
    assert.deepEqual(
      ['moving', 'moved'].map((event) => herald.logged(event).at(-1)?.['service']),
      ['default/a', 'default/a'],
    );
  });

  it('kill -9 in the middle of a move: both addresses are there again, and the old one goes in its time', async () => {
    herald.writeConfig(config(old, { overlap: '5s' }));
    await eventually(
      () => state('a'),
      (seen) => assert.equal(seen, 'Moving'),
    );
    herald.signal('SIGKILL');
    await herald.ended;
    await herald.start();
    const { state: after, addresses } = await herald.service('default/a');
    assert.deepEqual([after, addresses.length], ['Moving', 2]);
    await eventually(
      () => state('a'),
      (seen) => assert.equal(seen, 'Allocated'),
      12_000,
    );
    await router.holds(`${(await herald.service('default/a')).addresses[0]}/32`, '192.0.2.0/24');
  });

  it('a second daemon on the same state directory does not start', async () => {
    const { code, err } = await run([
      ...['run', '--config', herald.config, '--state-dir', herald.state],
      ...['--socket', herald.path('other.sock')],
    ]);
    assert.equal(code, 1);
    assert.match(err, /another herald/);
  });

  it('allocations.json says who has what, and is written only when something changed', async () => {
    const file = `${herald.state}/allocations.json`;
    const { addresses } = await herald.service('default/a');
    const seen = await eventually(
      () =>
        JSON.parse(readFileSync(file, 'utf8')) as { services: { name: string; state: string; addresses: string[] }[] },
      ({ services }) => {
        const a = services.find(({ name }) => name === 'default/a');
        assert.deepEqual([a?.state, a?.addresses], ['Allocated', addresses]);
      },
    );
    assert.ok(seen.services.length >= 2);
  });
});
