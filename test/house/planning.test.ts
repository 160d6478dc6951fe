import assert from 'node:assert/strict';
import type { PlanRequest } from '../../src/api/house.js';
import { planChange } from '../../src/house/planning.js';
import type { Forecast } from '../../src/plan/forecast.js';
import { link } from '../l2/given.js';
import { pool, pools, World } from '../pools/world.js';

const head = ['node: { name: node-a, labels: { rack: r1 } }', 'bgp: { asn: 64512 }', 'bgpPeers:'];
const tor = '  - { name: tor-1, peerAddress: 10.0.0.1, peerASN: 64500 }';
const sources = 'sources: [{ name: table, file: /etc/herald/table.yaml }]';
/** As the world's own configuration, and more. */
const text = (lines: string, peer = tor): string => [...head, peer, sources, lines].join('\n');

async function planned(world: World, request: PlanRequest): Promise<Forecast> {
  const before = [world.announced, world.ledger.changes.length];
  const result = await planChange(world.announcer, request, '/etc/herald/herald.yaml');
  assert.deepEqual([world.announced, world.ledger.changes.length], before, 'nothing was done');
  assert.ok(result.kind === 'planned', JSON.stringify(result));
  return result.forecast;
}

/** `a moves 203.0.113.0 > 198.51.100.0`. */
const fates = ({ services }: Forecast): string[] =>
  services.map(({ service, fate, from, to }) =>
    [service.replace('default/', ''), fate, ...from, ...(to.length > 0 ? ['>', ...to] : [])].join(' '),
  );
const announcements = (found: Forecast): string[] =>
  found.announcements.map(({ prefix, via, change }) => `${prefix} ${via} ${change}`);

const old = pools(pool('p', ['203.0.113.0/30']));

describe('A plan', () => {
  it('says nothing of what changes nothing', async () => {
    const world = new World(`${sources}\n${old}`).put({ a: {}, b: { addresses: ['203.0.113.3'] } });
    for (const same of [old, pools(pool('renamed', ['203.0.113.0/29']))])
      assert.deepEqual(await planned(world, { config: text(same) }), {
        refused: [],
        services: [],
        announcements: [],
        sessions: [],
      });
  });

  it('says what a configuration does, as if it were accepted, and all moves made', async () => {
    const world = new World(`${sources}\n${old}`).put({
      a: {},
      b: { addresses: ['203.0.113.3'] },
      c: { addressPool: 'q' },
    });
    const next = `${pools(pool('q', ['198.51.100.0/31'], 'onRevoke: refuse'))}\nallocation: { maxMovesPerMinute: 1 }`;
    const found = await planned(world, { config: text(next) });
    assert.deepEqual(fates(found), [
      'a moves 203.0.113.0 > 198.51.100.0',
      'b keeps 203.0.113.3 > 203.0.113.3',
      'c served > 198.51.100.1',
    ]);
    assert.deepEqual(announcements(found), [
      '198.51.100.0/32 tor-1 appears',
      '198.51.100.1/32 tor-1 appears',
      '203.0.113.0/32 tor-1 goes',
    ]);
  });

  it('says of a drained node who would move, and that nothing is announced either way', async () => {
    const world = new World(`${sources}\n${old}`).put({ a: {} });
    world.announcer.setDrain('drained');
    const found = await planned(world, { config: text(pools(pool('p', ['198.51.100.0/30']))) });
    assert.deepEqual([fates(found), announcements(found)], [['a moves 203.0.113.0 > 198.51.100.0'], []]);
  });

  it('says what would be refused, and by what', async () => {
    const world = new World(`${sources}\n${old}`).put({ a: {} });
    const moved = pools(pool('p', ['198.51.100.0/30']));
    const refusing = await planned(world, { config: text(`${moved}\nallocation: { onRevoke: refuse }`) });
    assert.deepEqual(refusing.refused, [
      'onRevoke: refuse: default/a would lose its address: no pool covers 203.0.113.0 any more',
    ]);
    assert.deepEqual(fates(refusing), ['a moves 203.0.113.0 > 198.51.100.0']);
    const unsafe = await planned(world, { config: text(`${moved}\nsafety: { maxWithdrawPercent: 50 }`) });
    assert.match(unsafe.refused.join(), /^safety.maxWithdrawPercent: it withdraws 1 of 1 announcements/);
  });

  it('says what a table does: who is served, who goes, who waits, who is rejected', async () => {
    const world = new World(`${sources}\n${pools(pool('p', ['203.0.113.0/31']))}`);
    world.announcer.applyServices('table', { upserted: [], removed: [] });
    const first = await planned(world, {
      table: 'services: [{ name: a }, { name: b }, { name: c }]',
      tableName: 't.yaml',
    });
    assert.deepEqual(fates(first), ['a served > 203.0.113.0', 'b served > 203.0.113.1', 'c waits']);
    world.put({ cli: {} });
    const second = await planned(world, {
      table: '{"services":[{"name":"x","addresses":["192.0.2.1"]},{"name":"y"}]}',
      tableName: 't.json',
    });
    assert.deepEqual(fates(second), ['x rejected', 'y served > 203.0.113.1']);
  });

  it('says which entries would be rejected, and takes away nothing that stays in force', async () => {
    const world = new World(`${sources}\n${pools(pool('p', ['203.0.113.0/30']))}`);
    world.announcer.applyServices('table', { upserted: world.put({ a: {} }).table(), removed: [] });
    const found = await planned(world, {
      table: '{"services":[{"name":"a","adresses":[]},{"name":"b","enabled":"no"},{"name":"c"}]}',
      tableName: 't.json',
    });
    assert.deepEqual(fates(found), ['c served > 203.0.113.1', 'a rejected', 'b rejected']);
    assert.deepEqual(announcements(found), ['203.0.113.1/32 tor-1 appears']);
    assert.match(
      found.services[1]?.message ?? '',
      /^t\.json:1:\d+: services\[0\]\.adresses: .*; what is in force stays$/,
    );
    assert.match(
      found.services[2]?.message ?? '',
      /^t\.json:1:\d+: services\[1\]\.enabled: must be true or false, not a string$/,
    );
  });

  it('says which sessions are reset, and because of which field', async () => {
    const world = new World(`${sources}\n${old}`);
    const peer = `${tor.slice(0, -2)}, holdTime: 30s, connectTime: 5s }\n  - { name: tor-2, peerAddress: 10.0.0.2, peerASN: 64500 }`;
    const { sessions } = await planned(world, { config: text(old, peer) });
    assert.deepEqual(sessions, [
      {
        peer: 'tor-1',
        effect: 'reset',
        fields: [
          { field: 'holdTimeSeconds', effect: 'reset' },
          { field: 'connectSeconds', effect: 'hot' },
        ],
      },
      { peer: 'tor-2', effect: 'added', fields: [] },
    ]);
  });

  it('does not count a prefix as gone that another service still announces', async () => {
    const world = new World(sources).put({ a: { addresses: ['203.0.113.1'] }, b: { addresses: ['203.0.113.1'] } });
    const elsewhere = await planned(world, { config: text('bgpAdvertisements: [{ name: x, aggregationLength: 24 }]') });
    assert.deepEqual(announcements(elsewhere), ['203.0.113.0/24 tor-1 appears', '203.0.113.1/32 tor-1 goes']);
    const one = new World(sources);
    one.announcer.applyServices('table', {
      upserted: one.put({ a: { addresses: ['203.0.113.1'] } }).table(),
      removed: [],
    });
    one.put({ b: { addresses: ['203.0.113.1'] } });
    const removed = await planned(one, { table: 'services: []' });
    assert.deepEqual(announcements(removed), []);
  });

  it('refuses what it cannot read, with every problem', async () => {
    const world = new World(old);
    for (const request of [
      { config: 'bgp: { asn: 0 }', configName: 'new.yaml' },
      { table: 'services: [', tableName: 'new.yaml' },
      { table: 'x', tableName: 'new.txt' },
    ]) {
      const result = await planChange(world.announcer, request, '/etc/herald/herald.yaml');
      assert.ok(result.kind === 'invalid' && result.problems.join().includes('new.'), JSON.stringify(result));
    }
  });

  it('says what would be announced on the LAN, and what not any more, as the interfaces are now', async () => {
    const world = new World(sources).put({ a: { addresses: ['10.0.0.100'] }, b: { addresses: ['10.9.0.1'] } });
    const links = async () => [link(1, 'eth0', { addresses: ['10.0.0.11/24'] }), link(2, 'eth1'), link(3, 'docker0')];
    const result = await planChange(
      world.announcer,
      { config: text('l2Advertisements: [{ name: lan }]') },
      '/etc/herald/herald.yaml',
      links,
    );
    assert.ok(result.kind === 'planned');
    assert.deepEqual(announcements(result.forecast), [
      '10.0.0.100/32 eth0 appears',
      '10.9.0.1/32 eth0 appears',
      '10.9.0.1/32 eth1 appears',
    ]);
    assert.ok(result.forecast.announcements.every(({ protocol }) => protocol === 'layer2'));
  });
});
