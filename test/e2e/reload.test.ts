import assert from 'node:assert/strict';
import type { WayBack } from '../../src/api/house.js';
import { formatPrefix } from '../../src/net/address.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { Router } from './router.js';

describe('A configuration that changes under a running herald', () => {
  const herald = new Herald();
  let one: Router;
  let two: Router;
  let three: Router;

  const config = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [one.peer('one'), two.peer('two')],
    sources: [{ name: 'table', file: herald.path('table.yaml') }],
    ...more,
  });

  /** Taken over as `herald reload` does. */
  const reload = async (content: Readonly<Record<string, unknown>>): Promise<void> => {
    herald.writeConfig(content);
    await herald.done('POST', '/v1/reload');
  };

  before(async () => {
    [one, two, three] = await Promise.all([
      Router.listen('127.0.0.2'),
      Router.listen('127.0.0.3'),
      Router.listen('127.0.0.4'),
    ]);
    herald.writeConfig(config());
    herald.write('table.yaml', { services: [{ name: 'shop/web', addresses: ['203.0.113.10'] }] });
    await herald.start();
    await herald.established('one', 'two');
    await one.holds('203.0.113.10/32');
    await two.holds('203.0.113.10/32');
  });

  after(async () => {
    await herald.remove();
    await Promise.all([one, two, three].map((router) => router.close()));
  });

  it('says at start what it reads, to whom it speaks and where it answers, in one line', () => {
    const [first] = herald.log;
    assert.equal(first?.event, 'starting');
    for (const part of ['node-a', herald.config, herald.path('table.yaml'), herald.socket])
      assert.ok(first?.msg.includes(part), first?.msg);
  });

  it('is not taken over with a mistake in it: every problem is named, and the one before stays in force', async () => {
    const { loadedAt } = (await herald.status()).config;
    herald.writeConfig(
      ['bgp: { asn: 64512 }', 'bgpPeer: []', 'bgpPeers:', '  - { name: one, peerAddress: 10.0.0.256 }', ''].join('\n'),
    );
    const line = await herald.hear('configStale');
    assert.equal(line.level, 'error');
    const { config: state, ready } = await herald.status();
    assert.equal(state.stale, true);
    assert.equal(state.loadedAt, loadedAt);
    assert.equal(ready, true);
    const problems = state.problems.join('\n');
    assert.match(problems, new RegExp(`^${herald.config}:2:1: bgpPeer: .*bgpPeers`, 'm'));
    assert.match(problems, new RegExp(`^${herald.config}:4:\\d+: bgpPeers\\[0\\]\\.peerAddress: `, 'm'));
    assert.match(problems, /bgpPeers\[0\].*peerASN/);
    const answer = await herald.call('POST', '/v1/reload');
    assert.equal(answer.status, 422);
    assert.deepEqual(JSON.parse(answer.text).problems, state.problems);
    one.isUnbroken();
    two.isUnbroken();

    herald.writeConfig(config());
    await eventually(
      () => herald.status(),
      (seen) => assert.deepEqual([seen.config.stale, seen.config.problems], [false, []]),
    );
    one.isUnbroken();
    assert.equal(one.session.updates, 2); // the route and End-of-RIB
  });

  it('is read again on SIGHUP and on `herald reload`, and costs the sessions nothing', async () => {
    const loaded = herald.logged('configLoaded').length;
    herald.signal('SIGHUP');
    await herald.hear('configLoaded', loaded);
    const { code, out } = await herald.type('reload');
    assert.equal(code, 0);
    assert.match(out, /in force/);
    const peer = await herald.peer('one');
    assert.deepEqual([peer.messages.sent.open, peer.flaps], [1, 0]);
    one.isUnbroken();
    two.isUnbroken();
    assert.equal(one.session.updates, 2);
  });

  it('gains a community, a preference and an advertisement: the difference arrives, and nothing flaps', async () => {
    const sent = one.session.updates;
    await reload(
      config({
        communities: [{ name: 'blue', value: '64512:100' }],
        bgpAdvertisements: [{ name: 'default', communities: ['blue', 'no-export'] }],
      }),
    );
    await eventually(
      () => one.session.routes.get('203.0.113.10/32')?.of('communities')?.communities,
      (seen) => assert.deepEqual(seen, [0xfc000064, 0xffffff01]),
    );
    assert.equal(one.session.updates, sent + 1);
    await reload(
      config({
        bgpAdvertisements: [
          { name: 'default' },
          { name: 'aggregate', aggregationLength: 24, localPref: 200, peers: ['two'] },
        ],
      }),
    );
    await two.holds('203.0.113.0/24', '203.0.113.10/32');
    await eventually(
      () => one.session.routes.get('203.0.113.10/32')?.of('communities'),
      (seen) => assert.equal(seen, undefined),
    );
    assert.deepEqual(one.session.prefixes, ['203.0.113.10/32']);
    await reload(config());
    await two.holds('203.0.113.10/32');
    one.isUnbroken();
    two.isUnbroken();
  });

  it('with `bgpAdvertisements: []` withdraws everything, and without the key announces it again', async () => {
    await reload(config({ bgpAdvertisements: [] }));
    await one.holds();
    const [announcement] = (await herald.service('shop/web')).announcements;
    assert.deepEqual([announcement?.state, announcement?.reason], ['withheld', 'noMatchingAdvertisement']);
    await reload(config());
    await one.holds('203.0.113.10/32');
    one.isUnbroken();
  });

  it('gains a peer, changes one and loses one, and each time touches that peer alone', async () => {
    await reload(config({ bgpPeers: [one.peer('one'), two.peer('two'), three.peer('three')] }));
    await three.holds('203.0.113.10/32');

    const timers = { holdTime: '30s', description: 'changed' };
    await reload(config({ bgpPeers: [one.peer('one'), two.peer('two'), three.peer('three', timers)] }));
    await eventually(
      () => three.sessions.length,
      (seen) => assert.equal(seen, 2),
    );
    assert.equal(three.sessions[0]?.farewell, '6/6'); // RFC 4486: Other Configuration Change
    await herald.established('three');
    await three.holds('203.0.113.10/32');
    assert.equal((await herald.peer('three')).holdTimeSeconds, 30);

    await reload(config());
    await eventually(
      () => three.session.farewell,
      (seen) => assert.equal(seen, '6/3'), // RFC 4486: Peer De-configured
    );
    assert.equal((await herald.call('GET', '/v1/peers/three')).status, 404);
    one.isUnbroken();
    two.isUnbroken();
  });

  it('shuts a peer down and lets it up again', async () => {
    await reload(config({ bgpPeers: [one.peer('one'), two.peer('two', { shutdown: true })] }));
    await eventually(
      () => two.session.farewell,
      (seen) => assert.match(seen ?? '', /^6\/2/),
    );
    assert.equal((await herald.peer('two')).state, 'Idle');
    await reload(config());
    await herald.established('two');
    await two.holds('203.0.113.10/32');
    one.isUnbroken();
  });

  it('gains a source and loses it', async () => {
    herald.write('more.csv', 'prefix\n198.51.100.0/24\n');
    const table = { name: 'table', file: herald.path('table.yaml') };
    await reload(config({ sources: [table, { name: 'more', file: herald.path('more.csv') }] }));
    await one.holds('198.51.100.0/24', '203.0.113.10/32');
    await reload(config());
    await one.holds('203.0.113.10/32');
    one.isUnbroken();
  });

  it('names another file for a source: what the old one said stays until the new one has been read', async () => {
    const { updates } = one.session;
    const moved = (file: string): Readonly<Record<string, unknown>> =>
      config({ sources: [{ name: 'table', file: herald.path(file) }] });
    await reload(moved('misspelt.yaml'));
    await eventually(
      () => herald.source('table'),
      ({ stale, problems }) => {
        assert.equal(stale, true);
        assert.match(problems.join(), /misspelt\.yaml: does not exist/);
      },
    );
    assert.deepEqual(one.session.prefixes, ['203.0.113.10/32']);
    herald.write('moved.csv', 'prefix\n203.0.113.10/32\n203.0.113.11/32\n');
    await reload(moved('moved.csv'));
    await one.holds('203.0.113.10/32', '203.0.113.11/32');
    await reload(config());
    await one.holds('203.0.113.10/32');
    assert.ok(
      one.session
        .heardOf('update')
        .slice(updates)
        .every(({ withdrawn }) => withdrawn.every((prefix) => formatPrefix(prefix) !== '203.0.113.10/32')),
    );
    one.isUnbroken();
  });

  describe('and may be taken back', () => {
    const coloured = (): Readonly<Record<string, unknown>> =>
      config({
        bgpPeers: [one.peer('one'), two.peer('two'), three.peer('three')],
        bgpAdvertisements: [{ name: 'default', communities: ['64512:100'] }],
      });
    const communities = (): readonly number[] | undefined =>
      one.session.routes.get('203.0.113.10/32')?.of('communities')?.communities;
    const hasCommunities = (...expected: readonly number[]): Promise<unknown> =>
      eventually(communities, (seen) => assert.deepEqual(seen ?? [], expected));
    const isStale = async (): Promise<boolean> => {
      const { text } = await herald.call('GET', '/metrics');
      return /^herald_config_stale 1$/m.test(text);
    };

    it('stays when it is confirmed', async () => {
      herald.writeConfig(coloured());
      await herald.done('POST', '/v1/reload', { confirmWithin: '1h' });
      await hasCommunities(0xfc000064);
      assert.match((await herald.type('status')).out, /to be confirmed before .*\n.* comes back/);
      const { code, out } = await herald.type('confirm');
      assert.deepEqual([code, out], [0, 'The configuration stays in force.\n']);
      const { stale, ...state } = (await herald.status()).config;
      assert.deepEqual([stale, state.confirmBefore, communities()], [false, undefined, [0xfc000064]]);
      const again = await herald.type('confirm');
      assert.equal(again.code, 1);
      assert.match(again.err, /^herald: no change .* waits to be confirmed\n$/);
      await reload(config());
      await hasCommunities();
    });

    it('is what it was before the file was saved, however soon the watch has seen it', async () => {
      const known = [two, three].map(({ sessions }) => sessions.length);
      herald.writeConfig(coloured());
      await hasCommunities(0xfc000064);
      await herald.established('three');
      const { code, out } = await herald.type('reload', '--confirm-within', '1s', '--json');
      assert.equal(code, 0);
      const { fallback }: WayBack = JSON.parse(out);
      const line = await herald.hear('configRolledBack');
      assert.match(line.msg, /not confirmed within 1 s: .*bgpAdvertisements changed/);
      await hasCommunities();
      await eventually(
        () => three.session.farewell,
        (seen) => assert.equal(seen, '6/3'), // RFC 4486: Peer De-configured
      );
      const { stale, loadedAt, problems } = (await herald.status()).config;
      assert.deepEqual([stale, loadedAt, await isStale()], [true, fallback.loadedAt, true]);
      assert.match(problems[0] ?? '', /^not confirmed within 1 s: /);
      assert.match((await herald.type('confirm')).err, /not confirmed in time/);

      await herald.done('POST', '/v1/reload');
      await hasCommunities(0xfc000064);
      await herald.established('three');
      assert.equal(await isStale(), false);
      await reload(config());
      await hasCommunities();
      one.isUnbroken();
      // Once for the change, once when it was reloaded.
      assert.deepEqual([two.sessions.length, three.sessions.length], [known[0], known[1]! + 2]);
    });

    it('is taken back after a client that went away, after a change that was refused, and after more time was given', async () => {
      const rolledBack = herald.logged('configRolledBack').length;
      await reload(config({ safety: { maxWithdrawPercent: 10 } }));
      herald.writeConfig(coloured());
      await herald.done('POST', '/v1/reload', { confirmWithin: '1h' });
      const { confirmBefore, fallback } = (await herald.status()).config;
      herald.writeConfig('bgp: {');
      assert.equal((await herald.call('POST', '/v1/reload', { confirmWithin: '1s' })).status, 422);
      const { config: state } = await herald.status();
      assert.deepEqual([state.stale, state.confirmBefore, state.fallback], [true, confirmBefore, fallback]);

      const aggregate = { name: 'aggregate', aggregationLength: 24, peers: ['two'] };
      herald.writeConfig(config({ bgpAdvertisements: [{ name: 'default', communities: ['64512:200'] }, aggregate] }));
      const unconfirmed = herald.logged('configUnconfirmed').length;
      await herald.askAndGo('POST', '/v1/reload', { confirmWithin: '1s' });
      await herald.hear('configUnconfirmed', unconfirmed);
      await herald.hear('configRolledBack', rolledBack);
      await hasCommunities();
      await two.holds('203.0.113.10/32'); // which safety would refuse
      assert.equal(await isStale(), true);
      herald.writeConfig(config());
      await eventually(isStale, (stale) => assert.equal(stale, false));
      one.isUnbroken();
    });
  });

  it('goes away: the one in force stays, and says so', async () => {
    herald.writeConfig('');
    await eventually(
      () => herald.status(),
      ({ config: state }) => assert.equal(state.stale, true),
    );
    herald.writeConfig(config());
    await eventually(
      () => herald.status(),
      ({ config: state }) => assert.equal(state.stale, false),
    );
    one.isUnbroken();
  });
});
