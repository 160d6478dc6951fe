import assert from 'node:assert/strict';
import { Announcer, cliSource, describeRefusal } from '../../src/plan/announcer.js';
import { type BulkRow, bulkOf, configured, saying, service, ToldPort } from './given.js';

const sources =
  'sources: [{ name: static, file: /t.yaml }, { name: routes, file: /r.csv }, { name: more, file: /m.csv }]\n';
const community = (value: number) => ({ communities: [{ kind: 'standard' as const, value }] });
const hosts = (count: number) =>
  Array.from({ length: count }, (_, n) => service(`s${n}`, { addresses: [`203.0.113.${n}`] }));
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `default/s${n}`);

function house(lines = '', peers = 1): { announcer: Announcer; port: ToldPort } {
  const port = new ToldPort();
  return { announcer: new Announcer(configured(sources + lines, peers), port, () => new Date(0)), port };
}

describe('The announcer', () => {
  it('says what changes, and for what does not change nothing', () => {
    const { announcer, port } = house();
    announcer.applyServices('static', { upserted: hosts(3), removed: [] });
    assert.equal(port.view(1).size, 3);
    const { calls } = port;
    announcer.applyServices('static', { upserted: hosts(3), removed: [] });
    announcer.configure(configured(sources), false);
    announcer.dropUnusedViews();
    assert.equal(port.calls, calls);
    announcer.applyServices('static', { upserted: [], removed: names(2) });
    assert.deepEqual([...port.view(1).keys()], ['203.0.113.2/32']);
  });

  it('forgets attribute sets that nobody uses any more, so that ever new ones need no more room', () => {
    const { announcer, port } = house();
    for (let value = 1; value < 1000; value++)
      announcer.applyServices('static', {
        upserted: [service('a', { prefixes: ['192.0.2.0/24'], bgp: community(value) })],
        removed: [],
      });
    assert.equal(port.attributeSets, 1);
    assert.deepEqual([...port.view(1).values()], [saying(community(999))]);
    port.check();
  });

  it('tells a big table in batches, and all of it', () => {
    const { announcer, port } = house();
    const rows = Array.from({ length: 70_000 }, (_, n): BulkRow => [`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`]);
    announcer.applyServices('static', { upserted: hosts(1), removed: [] });
    announcer.applyBulk('routes', bulkOf(rows));
    assert.equal(port.announced, 70_001);
    assert.equal(announcer.announced, 70_001);
    announcer.applyBulk('routes', bulkOf(rows.slice(30_000)));
    assert.equal(port.announced, 40_001);
    announcer.applyBulk('routes', undefined);
    assert.equal(port.announced, 1);
  });

  it('lets services speak for a prefix before bulks, and bulks in the order of their sources', () => {
    const { announcer, port } = house();
    const said = () => port.view(1).get('192.0.2.0/24');
    announcer.applyBulk('more', bulkOf([['192.0.2.0/24', community(2)]]));
    assert.equal(said(), saying(community(2)));
    announcer.applyBulk('routes', bulkOf([['192.0.2.0/24', community(1)]]));
    assert.equal(said(), saying(community(1)));
    announcer.applyServices('static', {
      upserted: [service('a', { prefixes: ['192.0.2.0/24'], bgp: { med: 5 } })],
      removed: [],
    });
    assert.equal(said(), saying({ med: 5 }));
    announcer.applyBulk('routes', undefined);
    assert.equal(said(), saying({ med: 5 }));
    announcer.applyServices('static', { upserted: [], removed: ['default/a'] });
    assert.equal(said(), saying(community(2)));
    announcer.applyBulk('routes', bulkOf([['192.0.2.0/24', community(1)]]));
    announcer.configure(
      configured(sources.replace('routes', 'x').replace('more', 'routes').replace('name: x', 'name: more')),
      false,
    );
    assert.equal(said(), saying(community(2)), 'ranked anew');
    assert.equal(announcer.announced, 1);
  });

  it('counts services that established peers are told, a bulk as one', () => {
    const { announcer } = house('bgpAdvertisements: [{ name: a, peers: [tor-1] }]', 2);
    announcer.applyServices('static', { upserted: hosts(3), removed: [] });
    announcer.applyBulk('routes', bulkOf([['192.0.2.0/24'], ['198.51.100.0/24']]));
    assert.equal(
      announcer.servicesAnnouncedTo((peer) => peer === 'tor-1'),
      4,
    );
    assert.equal(
      announcer.servicesAnnouncedTo((peer) => peer === 'tor-2'),
      0,
    );
  });

  it('stops counting what a source had that is configured no more, at once and with the configuration', () => {
    const { announcer, port } = house();
    announcer.applyServices('static', { upserted: hosts(2), removed: [] });
    announcer.applyServices(cliSource, { upserted: [service('s0', { addresses: ['198.51.100.1'] })], removed: [] });
    announcer.applyBulk('routes', bulkOf([['192.0.2.0/24']]));
    announcer.configure(configured('sources: [{ name: other, file: /o.yaml }]'), false);
    assert.deepEqual([...port.view(1).keys()], ['198.51.100.1/32']);
    const { calls } = port;
    for (const name of ['static', 'routes']) announcer.dropSource(name);
    assert.equal(port.calls, calls);
    assert.deepEqual(announcer.table.names(), ['default/s0']);
    assert.equal(announcer.bulks.size, 0);
  });

  describe('of a node that is drained', () => {
    const lastResort = saying({ localPref: 0, communities: [{ kind: 'standard', value: 0xffff0000 }] });

    it('makes every route a last resort, then none, and says nothing twice', () => {
      const { announcer, port } = house('safety: { maxWithdrawPercent: 0 }');
      announcer.applyServices('static', { upserted: hosts(2), removed: [] });
      announcer.applyBulk('routes', bulkOf([['192.0.2.0/24', community(7)]]));
      const before = [...port.view(1)].sort();
      announcer.setDrain('grace');
      assert.deepEqual([...port.view(1)].sort(), [
        [
          '192.0.2.0/24',
          saying({ localPref: 0, communities: [...community(7).communities, { kind: 'standard', value: 0xffff0000 }] }),
        ],
        ['203.0.113.0/32', lastResort],
        ['203.0.113.1/32', lastResort],
      ]);
      const { calls } = port;
      announcer.setDrain('grace');
      assert.equal(port.calls, calls);
      announcer.setDrain('drained');
      assert.deepEqual([port.view(1).size, announcer.announced], [0, 0]);
      port.check();
      announcer.setDrain('off');
      assert.deepEqual([...port.view(1)].sort(), before);
    });

    it('treats what comes meanwhile alike, and takes any change of a table', () => {
      const { announcer, port } = house('safety: { maxWithdrawPercent: 0 }');
      announcer.setDrain('grace');
      announcer.applyServices('static', { upserted: hosts(1), removed: [] });
      assert.deepEqual([...port.view(1)], [['203.0.113.0/32', lastResort]]);
      announcer.setDrain('drained');
      announcer.applyServices('static', { upserted: hosts(3), removed: [] });
      assert.equal(announcer.applyServices('static', { upserted: [], removed: names(1) }), undefined);
      announcer.configure(configured(`${sources}safety: { maxWithdrawPercent: 0 }\nlog: { level: debug }`), false);
      assert.equal(port.view(1).size, 0);
      announcer.setDrain('off');
      assert.deepEqual([...port.view(1).keys()].sort(), ['203.0.113.1/32', '203.0.113.2/32']);
    });

    it('tells the BGP thread of a million rows in columns, and of their end in one word', () => {
      const { announcer, port } = house();
      const rows = Array.from({ length: 70_000 }, (_, n): BulkRow => [`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`]);
      announcer.applyBulk('routes', bulkOf(rows));
      const before = port.calls;
      announcer.setDrain('grace');
      assert.equal(new Set(port.view(1).values()).size, 1);
      assert.ok(port.calls - before < 20, `${port.calls - before} calls`);
      const then = port.calls;
      announcer.setDrain('drained');
      assert.equal(port.announced, 0);
      assert.ok(port.calls - then < 4, `${port.calls - then} calls`);
    });
  });

  describe('with a bound on what is withdrawn at once', () => {
    const half = 'safety: { maxWithdrawPercent: 50 }';

    it('refuses a table that would withdraw more, and says how much', () => {
      const { announcer, port } = house(half);
      announcer.applyServices('static', { upserted: hosts(10), removed: [] });
      const refusal = announcer.applyServices('static', { upserted: [], removed: names(6) });
      assert.deepEqual(refusal, { withdrawals: 6, announced: 10, allowedPercent: 50 });
      assert.equal(
        describeRefusal(refusal),
        'it would withdraw 6 of 10 announced prefixes at once, and safety.maxWithdrawPercent allows 50 %',
      );
      assert.equal(port.announced, 10);
      assert.equal(announcer.table.size, 10);
      assert.equal(announcer.applyServices('static', { upserted: [], removed: names(5) }), undefined);
      assert.equal(port.announced, 5);
    });

    it('lets anything through that is forced, and any first table', () => {
      const { announcer, port } = house('safety: { maxWithdrawPercent: 0 }');
      assert.equal(announcer.applyServices('static', { upserted: hosts(3), removed: [] }), undefined);
      assert.ok(announcer.applyServices('static', { upserted: [], removed: names(1) }));
      assert.equal(announcer.applyServices('static', { upserted: [], removed: names(3) }, true), undefined);
      assert.equal(port.announced, 0);
    });

    it('refuses a bulk that shrinks too much', () => {
      const { announcer, port } = house(half);
      const rows = Array.from({ length: 10 }, (_, n): BulkRow => [`192.0.${n}.0/24`]);
      announcer.applyBulk('routes', bulkOf(rows));
      assert.equal(announcer.applyBulk('routes', bulkOf(rows.slice(6)))?.withdrawals, 6);
      assert.equal(announcer.applyBulk('routes', undefined)?.withdrawals, 10);
      assert.equal(port.announced, 10);
      assert.equal(announcer.bulks.get('routes')?.ipv4.count, 10);
      assert.equal(announcer.applyBulk('routes', bulkOf(rows.slice(5))), undefined);
      assert.equal(port.announced, 5);
    });

    for (const [what, lines, peers] of [
      ['withdraws everything', `bgpAdvertisements: []\n${half}`, 2],
      [
        'leaves one of two peers without routes',
        `bgpAdvertisements: [{ name: a, peers: [tor-1] }]\nsafety: { maxWithdrawPercent: 40 }`,
        2,
      ],
      ['drops the source of the routes', `${half}\nsources: []`, 2],
    ] as const) {
      it(`refuses a configuration that ${what}`, () => {
        const { announcer, port } = house(half, 2);
        announcer.applyServices('static', { upserted: hosts(4), removed: [] });
        const before = announcer.views;
        const next = lines.includes('sources') ? lines : sources + lines;
        assert.ok(announcer.configure(configured(next, peers), false));
        assert.equal(announcer.views, before);
        assert.deepEqual([...port.views.keys()], [1]);
        assert.equal(port.announced, 4);
        assert.equal(announcer.configure(configured(next, peers), true), undefined);
      });
    }

    it('takes no offence at peers that only get another view of the same routes', () => {
      const { announcer, port } = house('safety: { maxWithdrawPercent: 0 }', 2);
      announcer.applyServices('static', { upserted: hosts(4), removed: [] });
      const split =
        'safety: { maxWithdrawPercent: 0 }\nbgpAdvertisements: [{ name: a, peers: [tor-1] }, { name: b, peers: [tor-2], med: 5 }]';
      assert.equal(announcer.configure(configured(sources + split, 2), false), undefined);
      assert.deepEqual(announcer.dropUnusedViews(), [1]);
      port.dropView(1);
      assert.equal(port.announced, 8);
      assert.equal(announcer.announced, 8);
    });
  });
});
