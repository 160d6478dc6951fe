import assert from 'node:assert/strict';
import { minutes, pool, pools, seconds, World } from './world.js';

const old = pools(pool('p', ['203.0.113.0/30']));
const moved = (rules = ''): string => `${pools(pool('p', ['198.51.100.0/30']))}\n${rules}`;

describe('A pool that no longer covers what it gave', () => {
  it('reassign: the new address is announced beside the old one for the overlap, then alone', () => {
    const world = new World(old).put({ a: {} });
    world.lines();
    assert.deepEqual(world.configure(moved()), []);
    assert.deepEqual(
      [world.state('a'), world.announced],
      ['Moving moving 198.51.100.0 203.0.113.0', ['198.51.100.0', '203.0.113.0']],
    );
    assert.equal(
      world.message('a'),
      'moving from 203.0.113.0 to 198.51.100.0: no pool covers 203.0.113.0 any more; both are announced until 2026-01-01T00:00:30.000Z',
    );
    world.pass(29 * seconds);
    assert.equal(world.state('a'), 'Moving moving 198.51.100.0 203.0.113.0');
    world.pass(seconds);
    assert.deepEqual([world.state('a'), world.announced], ['Allocated 198.51.100.0', ['198.51.100.0']]);
    assert.deepEqual(world.lines(), [
      'moving: default/a moves from 203.0.113.0 to 198.51.100.0 of the pool p: no pool covers 203.0.113.0 any more',
      'moved: default/a has moved: 203.0.113.0 is withdrawn: both were announced long enough',
    ]);
  });

  it('reassign: what it announced is withdrawn by no advertisement for pools in the meantime', () => {
    const only = '\nbgpAdvertisements: [{ name: a, ipAddressPools: [p] }]';
    const world = new World(old + only).put({ a: {} });
    world.configure(moved() + only);
    assert.deepEqual(world.announced, ['198.51.100.0', '203.0.113.0']);
  });

  it('reassign: a restart in the middle of a move changes nothing of it', () => {
    const world = new World(old).put({ a: {} });
    world.configure(moved());
    world.pass(10 * seconds).restart();
    assert.equal(world.state('a'), 'Moving moving 198.51.100.0 203.0.113.0');
    world.pass(20 * seconds);
    assert.equal(world.state('a'), 'Allocated 198.51.100.0');
    world.configure(old);
    world.restart();
    assert.equal(world.pass(minutes).state('a'), 'Allocated 203.0.113.0', 'its own address does not rest for it');
  });

  it('reassign: out of room the old address stays, and moves by itself once there is room', () => {
    const world = new World(`${old}\nallocation: { reuseDelay: 0s }`).put({ a: {}, b: {} });
    world.configure(`${pools(pool('p', ['198.51.100.0/32']))}\nallocation: { reuseDelay: 0s }`);
    assert.deepEqual(world.states('a', 'b'), [
      'Moving moving 198.51.100.0 203.0.113.0',
      'OutOfPool noFreeAddress 203.0.113.1',
    ]);
    assert.deepEqual(world.announced, ['198.51.100.0', '203.0.113.0', '203.0.113.1']);
    world.pass(minutes).remove('a');
    assert.equal(world.state('b'), 'Moving moving 198.51.100.0 203.0.113.1');
  });

  it('reassign: no more than maxMovesPerMinute in any minute', () => {
    const entries = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`s${i}`, {}]));
    const world = new World(pools(pool('p', ['203.0.113.0/24']))).put(entries);
    world.configure(`${pools(pool('p', ['198.51.100.0/24']))}\nallocation: { maxMovesPerMinute: 2, overlap: 0s }`);
    const count = (): number => world.announced.filter((address) => address.startsWith('198.')).length;
    assert.equal(count(), 2);
    assert.match(world.state('s4'), /^OutOfPool movePaced/);
    world.pass(59 * seconds);
    assert.equal(count(), 2);
    world.pass(seconds);
    assert.equal(count(), 4);
    world.pass(minutes);
    assert.equal(count(), 5);
  });

  it('keep: it has its address for as long as it lives', () => {
    const world = new World(old).put({ a: {} });
    world.configure(moved('allocation: { onRevoke: keep }'));
    assert.deepEqual([world.state('a'), world.announced], ['OutOfPool kept 203.0.113.0', ['203.0.113.0']]);
    world.restart().pass(60 * minutes);
    assert.equal(world.state('a'), 'OutOfPool kept 203.0.113.0');
    world.configure(old);
    assert.equal(world.state('a'), 'Allocated 203.0.113.0');
  });

  it('release: withdrawn, and pending until there is room', () => {
    const world = new World(old).put({ a: {}, b: {} });
    world.configure(`${pools(pool('p', ['198.51.100.0/32']))}\nallocation: { onRevoke: release }`);
    assert.deepEqual(
      [world.states('a', 'b'), world.announced],
      [['Allocated 198.51.100.0', 'Pending noIPAllocated'], ['198.51.100.0']],
    );
  });

  it('refuse: the whole configuration is refused, unless revocations are accepted', () => {
    const world = new World(old).put({ a: {} });
    const refusing = moved('allocation: { onRevoke: refuse }');
    assert.deepEqual(world.configure(refusing), [
      'default/a would lose its address: no pool covers 203.0.113.0 any more',
    ]);
    assert.equal(world.state('a'), 'Allocated 203.0.113.0');
    assert.deepEqual(world.configure(refusing, true), []);
    assert.equal(world.state('a'), 'Moving moving 198.51.100.0 203.0.113.0');
  });

  it('refuse: nothing moves either when a herald is started with such a configuration', () => {
    const world = new World(old).put({ a: {} });
    const refusing = moved('allocation: { onRevoke: refuse }');
    world.configure(moved('allocation: { onRevoke: keep }'));
    world.configure(refusing);
    assert.equal(world.restart().state('a'), 'OutOfPool notAccepted 203.0.113.0');
    assert.deepEqual(world.configure(refusing, true), []);
    assert.equal(world.state('a'), 'Moving moving 198.51.100.0 203.0.113.0');
  });

  it('is decided for each pool by itself', () => {
    const two = (policy: string): string =>
      `${pools(pool('p', ['198.51.100.0/24'], policy), pool('q', ['198.51.101.0/24']))}\nallocation: { onRevoke: release }`;
    const world = new World(pools(pool('p', ['203.0.113.0/24']), pool('q', ['203.0.114.0/24'])));
    world.put({ a: { addressPool: 'p' }, b: { addressPool: 'q' } });
    world.configure(two('onRevoke: keep'));
    assert.deepEqual(world.states('a', 'b'), ['OutOfPool kept 203.0.113.0', 'Allocated 198.51.101.0']);
  });

  it('may be no pool at all', () => {
    const world = new World(old).put({ a: {}, b: { addresses: ['203.0.113.3'] }, c: { prefixes: ['192.0.2.0/24'] } });
    world.configure('');
    assert.deepEqual(world.states('a', 'b'), ['OutOfPool noFreeAddress 203.0.113.0', 'Allocated 203.0.113.3']);
    world.put({ d: {} });
    assert.equal(world.state('d'), 'Rejected noAddresses');
    world.restart();
    assert.deepEqual(world.states('a', 'b', 'd'), [
      'OutOfPool noFreeAddress 203.0.113.0',
      'Allocated 203.0.113.3',
      'Rejected noAddresses',
    ]);
    world.remove('a');
    assert.equal(world.ledger.holdings.size, 0);
    assert.ok(world.announcer.allotment.isIdle);
    world.configure(old);
    assert.deepEqual(world.states('b', 'd'), ['Allocated 203.0.113.3', 'Allocated 203.0.113.1']);
  });

  it('may be one that is for other services now, or disabled, or avoids the address', () => {
    for (const change of ['serviceAllocation: { namespaces: [shop] }', 'state: disabled', 'avoidBuggyIPs: true']) {
      const world = new World(old).put({ a: {} });
      world.configure(`${pools(pool('p', ['203.0.113.0/30'], change), pool('q', ['198.51.100.7/32']))}`);
      const own = change.startsWith('avoid') ? '203.0.113.1' : '198.51.100.7';
      assert.equal(world.state('a'), `Moving moving ${own} 203.0.113.0`, change);
    }
  });

  it('lets an entry that names its address have it, as it said', () => {
    const world = new World(old).put({ a: { addresses: ['203.0.113.1'] } });
    world.configure(moved());
    assert.equal(world.state('a'), 'OutOfPool kept 203.0.113.1');
    world.restart();
    assert.equal(world.state('a'), 'OutOfPool kept 203.0.113.1');
    world.put({ b: { addresses: ['203.0.113.2'] } });
    assert.equal(world.state('b'), 'Rejected AddressNotInPool');
  });
});

describe('Nothing moves when', () => {
  const before = pools(pool('p', ['203.0.113.0/29']), pool('q', ['198.51.100.0/29']));
  const rest = pool('q', ['198.51.100.0/29']);
  for (const [what, after] of [
    ['a pool is widened', pools(pool('p', ['203.0.113.0/24']), rest)],
    ['a pool is widened downwards', pools(pool('p', ['203.0.112.0/22']), rest)],
    ['pools change places', pools(rest, pool('p', ['203.0.113.0/29']))],
    ['a pool is split', pools(pool('p', ['203.0.113.0/31']), pool('p2', ['203.0.113.2-203.0.113.7']), rest)],
    ['a pool is renamed', pools(pool('renamed', ['203.0.113.0/29']), rest)],
    ['two become one', pools(pool('p', ['203.0.113.0/29', '198.51.100.0/29']))],
    ['a pool is no longer automatic', pools(pool('p', ['203.0.113.0/29'], 'autoAssign: false'), rest)],
    [
      'another pool goes first',
      pools(pool('p', ['203.0.113.0/29']), pool('q', ['198.51.100.0/29'], 'serviceAllocation: { priority: 1 }')),
    ],
    ['something else is edited', `${before}\nsafety: { maxWithdrawPercent: 50 }\nallocation: { overlap: 1s }`],
  ] as const)
    it(what, () => {
      const world = new World(before).put({ a: {}, b: { addressPool: 'p' }, c: { addressPool: 'q' }, d: {} });
      const held = world.states('a', 'b', 'c', 'd');
      world.lines();
      assert.deepEqual(world.configure(after), []);
      assert.deepEqual(world.states('a', 'b', 'c', 'd'), held);
      assert.deepEqual(
        world
          .pass(10 * minutes)
          .restart()
          .states('a', 'b', 'c', 'd'),
        held,
      );
      assert.deepEqual(world.lines(), []);
    });
});

describe('An entry that asks for something else', () => {
  it('moves to the pool it asks for, made before broken', () => {
    const world = new World(pools(pool('p', ['203.0.113.0/30']), pool('q', ['198.51.100.0/32'])));
    world.put({ a: {} }).put({ a: { addressPool: 'q' } });
    assert.equal(world.state('a'), 'Moving moving 198.51.100.0 203.0.113.0');
    world
      .pass(minutes)
      .put({ b: {} })
      .put({ b: { addressPool: 'q' } });
    assert.equal(world.state('b'), 'Pending noIPAllocated', 'it asked for nothing else');
  });
});

describe('With both families', () => {
  const prefers = { ipFamilyPolicy: 'PreferDualStack' } as const;
  const requires = { ipFamilyPolicy: 'RequireDualStack' } as const;
  const v4 = pools(pool('p', ['203.0.113.0/30']));
  const dual = pools(pool('p', ['203.0.113.0/30', '2001:db8::/126']));

  it('the second address comes when its pool gets the family, and the first stays', () => {
    const world = new World(v4).put({ a: prefers });
    assert.equal(world.state('a'), 'Allocated 203.0.113.0');
    world.configure(dual);
    assert.equal(world.state('a'), 'Allocated 203.0.113.0 2001:db8::');
  });

  it('the second address comes when one is free', () => {
    const narrow = pools(pool('p', ['203.0.113.0/30', '2001:db8::/128']));
    const world = new World(narrow).put({ six: { ipFamilies: ['ipv6'] }, a: prefers });
    assert.equal(world.state('a'), 'Allocated 203.0.113.0');
    assert.equal(world.remove('six').state('a'), 'Allocated 203.0.113.0 2001:db8::');
  });

  it('one that requires both has none until it can have both, and one again when it no longer does', () => {
    const world = new World(v4).put({ a: prefers }).put({ a: requires });
    assert.deepEqual([world.state('a'), world.announced], ['Pending noIPAllocated', []]);
    assert.equal(world.put({ a: prefers }).state('a'), 'Allocated 203.0.113.0');
  });

  it('nobody jumps to a pool that has both', () => {
    const world = new World(v4).put({ a: prefers });
    world.configure(`${v4}\n${pool('a-dual', ['198.51.100.0/30', '2001:db8::/126'])}`);
    assert.equal(world.pass(2 * minutes).state('a'), 'Allocated 203.0.113.0');
  });

  it('both move when their pool loses one of them and another pool has both', () => {
    const world = new World(dual).put({ a: prefers, b: requires });
    world.configure(pools(pool('p', ['2001:db8::/126']), pool('q', ['198.51.100.0/30', '2001:db8:1::/126'])));
    world.pass(minutes);
    assert.deepEqual(world.states('a', 'b'), [
      'Allocated 198.51.100.0 2001:db8:1::',
      'Allocated 198.51.100.1 2001:db8:1::1',
    ]);
  });

  it('what stays in the pool stays, when the pool gives another of the other family', () => {
    const world = new World(dual).put({ a: prefers, b: requires });
    world.configure(pools(pool('p', ['198.51.100.0/30', '2001:db8::/126'])));
    world.pass(minutes);
    assert.deepEqual(world.states('a', 'b'), [
      'Allocated 198.51.100.0 2001:db8::',
      'Allocated 198.51.100.1 2001:db8::1',
    ]);
  });

  it('the second goes when only one is wanted', () => {
    const world = new World(dual).put({ a: requires }).put({ a: {} });
    assert.deepEqual([world.state('a'), world.announced], ['Allocated 203.0.113.0', ['203.0.113.0']]);
  });
});
