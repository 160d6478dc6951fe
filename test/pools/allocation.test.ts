import assert from 'node:assert/strict';
import { minutes, pool, pools, seconds, World } from './world.js';

const four = pools(pool('four', ['203.0.113.0/30']));

describe('A service that names no address', () => {
  it('gets the lowest free one, in the order of the table', () => {
    const world = new World(four).put({ b: {}, a: {}, c: {} });
    assert.deepEqual(world.states('b', 'a', 'c'), [
      'Allocated 203.0.113.0',
      'Allocated 203.0.113.1',
      'Allocated 203.0.113.2',
    ]);
    assert.deepEqual(world.announced, ['203.0.113.0', '203.0.113.1', '203.0.113.2']);
    assert.deepEqual(world.lines(), [
      'allocated: default/b has 203.0.113.0 from the pool four: the lowest free in the pool four',
      'allocated: default/a has 203.0.113.1 from the pool four: the lowest free in the pool four',
      'allocated: default/c has 203.0.113.2 from the pool four: the lowest free in the pool four',
    ]);
  });

  it('gets what is lowest in the pool, whatever the order of its ranges', () => {
    const world = new World(pools(pool('p', ['203.0.113.8/31', '198.51.100.7-198.51.100.7', '203.0.113.4/32'])));
    world.put({ a: {}, b: {}, c: {}, d: {}, e: {} });
    assert.deepEqual(world.states('a', 'b', 'c', 'd', 'e'), [
      'Allocated 198.51.100.7',
      'Allocated 203.0.113.4',
      'Allocated 203.0.113.8',
      'Allocated 203.0.113.9',
      'Pending noIPAllocated',
    ]);
    assert.equal(world.message('e'), 'no available IPs in pool p');
  });

  it('gets its address after those whose entries name one', () => {
    const world = new World(four).put({ a: {}, b: { addresses: ['203.0.113.0'] } });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.1', 'Allocated 203.0.113.0']);
  });

  it('asks a pool by name, automatic or not, and no other', () => {
    const world = new World(pools(pool('a', ['203.0.113.0/31']), pool('b', ['203.0.113.2/32'], 'autoAssign: false')));
    world.put({ x: { addressPool: 'b' }, y: { addressPool: 'b' }, z: {}, w: { addressPool: 'c' } });
    assert.deepEqual(world.states('x', 'y', 'z', 'w'), [
      'Allocated 203.0.113.2',
      'Pending noIPAllocated',
      'Allocated 203.0.113.0',
      'Rejected unknownPool',
    ]);
    assert.equal(world.message('w'), 'unknown pool "c"');
  });

  it('never gets one of a pool that is not automatic by itself', () => {
    const world = new World(pools(pool('p', ['203.0.113.0/24'], 'autoAssign: false'))).put({ a: {} });
    assert.equal(world.state('a'), 'Pending noIPAllocated');
  });

  it('is not given .0 and .255 where a pool avoids them', () => {
    const world = new World(pools(pool('p', ['203.0.113.254-203.0.114.1'], 'avoidBuggyIPs: true')));
    world.put({ a: {}, b: {}, c: {}, d: { addresses: ['203.0.113.255'] } });
    assert.deepEqual(world.states('a', 'b', 'c', 'd'), [
      'Allocated 203.0.113.254',
      'Allocated 203.0.114.1',
      'Pending noIPAllocated',
      'Rejected AddressNotInPool',
    ]);
  });

  it('asks nothing of pools where it has only prefixes, and is rejected where there are none', () => {
    const world = new World('').put({ a: { prefixes: ['192.0.2.0/24'] }, b: {} });
    assert.deepEqual(world.states('a', 'b'), ['Allocated', 'Rejected noAddresses']);
    assert.deepEqual(world.configure(four), []);
    assert.deepEqual(world.states('a', 'b'), ['Allocated', 'Allocated 203.0.113.0']);
  });
});

describe('Pools meant for some services', () => {
  const chosen = pools(
    pool('a-open', ['203.0.113.0/32']),
    pool('b-last', ['203.0.113.1/32'], 'serviceAllocation: { namespaces: [default] }'),
    pool('c-second', ['203.0.113.2/32'], 'serviceAllocation: { priority: 20, namespaces: [default] }'),
    pool(
      'd-first',
      ['203.0.113.3/32'],
      'serviceAllocation: { priority: 10, serviceSelectors: [{ matchLabels: { tier: gold } }] }',
    ),
    pool('e-tie', ['203.0.113.4/32'], 'serviceAllocation: { priority: 20 }'),
    pool('f-other', ['203.0.113.5/32'], 'serviceAllocation: { priority: 1, namespaces: [shop] }'),
    pool(
      'g-label',
      ['203.0.113.6/32'],
      'serviceAllocation: { priority: 30, namespaceSelectors: [{ matchLabels: { "kubernetes.io/metadata.name": default } }] }',
    ),
  );

  it('come first, the lower priority before the higher, none last, equal ones by name; then those for everybody', () => {
    const gold = { labels: { tier: 'gold' } };
    const world = new World(chosen).put({ a: gold, b: gold, c: gold, d: gold, e: gold, f: gold, g: gold });
    assert.deepEqual(
      world.states('a', 'b', 'c', 'd', 'e', 'f', 'g').map((state) => state.replace('Allocated 203.0.113.', '')),
      ['3', '2', '4', '6', '1', '0', 'Pending noIPAllocated'],
    );
  });

  it('give nothing to others, not even what they ask for', () => {
    const world = new World(chosen).put({ a: { addressPool: 'd-first' }, b: { addresses: ['203.0.113.5'] } });
    assert.deepEqual(world.states('a', 'b'), ['Rejected poolNotCompatible', 'Rejected poolNotCompatible']);
  });
});

describe('An entry that names its addresses', () => {
  it('gets them and no others', () => {
    const world = new World(four).put({ a: { addresses: ['203.0.113.2'] } });
    assert.equal(world.state('a'), 'Allocated 203.0.113.2');
    world.put({ a: { addresses: ['203.0.113.3'] } });
    assert.deepEqual([world.state('a'), world.announced], ['Allocated 203.0.113.3', ['203.0.113.3']]);
  });

  for (const [what, given] of [
    ['outside every pool', { addresses: ['192.0.2.1'] }],
    ['of which one is', { addresses: ['203.0.113.1', '192.0.2.1'] }],
    ['in another pool than it asks for', { addresses: ['203.0.113.1'], addressPool: 'other' }],
  ] as const)
    it(`is rejected ${what}, and nothing of it announced`, () => {
      const world = new World(`${four}\n${pool('other', ['198.51.100.0/24'])}`).put({ a: given });
      assert.deepEqual([world.state('a'), world.announced], ['Rejected AddressNotInPool', []]);
    });

  it('waits for what another has, and gets it when it is free', () => {
    const world = new World(four).put({ a: {} }).put({ b: { addresses: ['203.0.113.0'] } });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.0', 'Pending addressInUse']);
    assert.equal(world.message('b'), '203.0.113.0 is in use by default/a: existing service does not allow sharing');
    assert.equal(world.remove('a').state('b'), 'Allocated 203.0.113.0');
  });

  it('keeps what stays, of what it names', () => {
    const world = new World(four).put({ a: { addresses: ['203.0.113.2'] }, b: { addresses: ['203.0.113.1'] } });
    world.put({ a: { addresses: ['203.0.113.2', '203.0.113.1'] } });
    assert.deepEqual([world.state('a'), world.announced], ['Pending addressInUse', ['203.0.113.1']]);
    world.remove('b');
    assert.equal(world.state('a'), 'Allocated 203.0.113.2 203.0.113.1');
  });
});

describe('Both families', () => {
  const v4 = pool('a', ['203.0.113.0/24']);
  const v6 = pool('b', ['2001:db8:b::/64']);
  const dual = pool('c', ['198.51.100.0/24', '2001:db8:c::/64']);

  for (const [policy, given, expected] of [
    ['SingleStack', {}, 'Allocated 203.0.113.0'],
    ['SingleStack, IPv6', { ipFamilies: ['ipv6'] }, 'Allocated 2001:db8:b::'],
    ['PreferDualStack', { ipFamilyPolicy: 'PreferDualStack' }, 'Allocated 198.51.100.0 2001:db8:c::'],
    ['RequireDualStack', { ipFamilyPolicy: 'RequireDualStack' }, 'Allocated 198.51.100.0 2001:db8:c::'],
  ] as const)
    it(`come from one pool: ${policy}`, () => {
      assert.equal(new World(pools(v4, v6, dual)).put({ s: given }).state('s'), expected);
    });

  it('are not mixed from two pools', () => {
    const world = new World(pools(v4, v6)).put({
      prefers: { ipFamilyPolicy: 'PreferDualStack' },
      six: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['ipv6', 'ipv4'] },
      requires: { ipFamilyPolicy: 'RequireDualStack' },
    });
    assert.deepEqual(world.states('prefers', 'six', 'requires'), [
      'Allocated 203.0.113.0',
      'Allocated 2001:db8:b::',
      'Pending noIPAllocated',
    ]);
    assert.equal(world.message('requires'), 'no suitable pool for dual-stack');
  });

  it('are IPv6 for a service that does not say, where no pool has IPv4', () => {
    assert.equal(new World(pools(v6)).put({ s: {} }).state('s'), 'Allocated 2001:db8:b::');
  });
});

describe('An address that was freed', () => {
  const two = pools(pool('two', ['203.0.113.0/31']));

  it('rests before another gets it', () => {
    const world = new World(four).put({ a: {} }).remove('a').put({ b: {} });
    assert.equal(world.state('b'), 'Allocated 203.0.113.1');
    world.pass(5 * minutes).put({ c: {} });
    assert.equal(world.state('c'), 'Allocated 203.0.113.0');
  });

  it('is had by its former owner at once', () => {
    const world = new World(four).put({ a: {} }).remove('a').put({ a: {} });
    assert.equal(world.state('a'), 'Allocated 203.0.113.0');
  });

  it('goes to another when nothing else is free, the one that has rested longest first', () => {
    const world = new World(two).put({ a: {}, b: {} });
    world.remove('b').pass(seconds).remove('a').put({ c: {}, d: {}, e: {} });
    assert.deepEqual(world.states('c', 'd', 'e'), [
      'Allocated 203.0.113.1',
      'Allocated 203.0.113.0',
      'Pending noIPAllocated',
    ]);
  });

  it('is left alone as long as any eligible pool has another', () => {
    const world = new World(pools(pool('a', ['203.0.113.0/32']), pool('b', ['203.0.113.1/32']))).put({ a: {} });
    world.remove('a').put({ b: {}, c: {} });
    assert.deepEqual(world.states('b', 'c'), ['Allocated 203.0.113.1', 'Allocated 203.0.113.0']);
  });

  it('rests over a restart as well', () => {
    const world = new World(four).put({ a: {}, b: {} }).remove('a');
    world.restart().put({ c: {} });
    assert.equal(world.state('c'), 'Allocated 203.0.113.2');
    world
      .pass(5 * minutes)
      .restart()
      .put({ d: {} });
    assert.equal(world.state('d'), 'Allocated 203.0.113.0');
  });

  it('does not rest where reuseDelay is 0s, of the pool or of all', () => {
    for (const config of [
      pools(pool('p', ['203.0.113.0/30'], 'reuseDelay: 0s')),
      `${four}\nallocation: { reuseDelay: 0s }`,
    ])
      assert.equal(new World(config).put({ a: {} }).remove('a').put({ b: {} }).state('b'), 'Allocated 203.0.113.0');
  });
});

describe('The state of a pool', () => {
  const inState = (state: string): string => pools(pool('p', ['203.0.113.0/29'], `state: ${state}`));

  it('draining keeps what it has and gives nothing new', () => {
    const world = new World(inState('active')).put({ a: {}, b: { addresses: ['203.0.113.1'] } });
    assert.deepEqual(world.configure(inState('draining')), []);
    world.put({ c: {}, d: { addresses: ['203.0.113.2'] }, e: { addressPool: 'p' } });
    assert.deepEqual(world.states('a', 'b', 'c', 'd', 'e'), [
      'Allocated 203.0.113.0',
      'Allocated 203.0.113.1',
      'Pending noIPAllocated',
      'Pending poolDraining',
      'Pending noIPAllocated',
    ]);
    world.configure(inState('active'));
    assert.deepEqual(
      world.states('c', 'd', 'e').map((state) => state.split(' ')[0]),
      ['Allocated', 'Allocated', 'Allocated'],
    );
  });

  it('disabled is as if it were not there', () => {
    const world = new World(inState('disabled')).put({ a: {}, b: { addresses: ['203.0.113.1'] } });
    assert.deepEqual(world.states('a', 'b'), ['Pending noIPAllocated', 'Rejected AddressNotInPool']);
  });
});

describe('The ledger', () => {
  it('has everything before it is announced, in one write for a batch', () => {
    const world = new World(four).put({ a: {}, b: {}, c: { addresses: ['203.0.113.3'] } });
    assert.equal(world.ledger.changes.length, 1);
    assert.deepEqual([...world.ledger.holdings.keys()].sort(), ['default/a', 'default/b', 'default/c']);
  });

  it('is not written when nothing changed, nor where no pools are', () => {
    const world = new World(four)
      .put({ a: {} })
      .put({ a: {} })
      .put({ a: { labels: { tier: 'gold' } } });
    world.configure(`${four}\nnode: { name: node-a }`.replace('\nnode: { name: node-a }', ''));
    assert.equal(world.ledger.changes.length, 1);
    const plain = new World('').put({ a: { addresses: ['203.0.113.1'] } }).remove('a');
    assert.equal(plain.ledger.changes.length, 0);
  });

  it('cannot be written: what is held stays announced, nothing new is given, and later all is well by itself', () => {
    const world = new World(four).put({ a: {}, gone: {} });
    world.ledger.fault = new Error('no space left on device');
    world.remove('gone').put({ b: {}, c: { addresses: ['203.0.113.3'] } });
    assert.deepEqual(world.states('a', 'gone', 'b', 'c'), [
      'Allocated 203.0.113.0',
      'gone',
      'Pending ledgerUnavailable',
      'Pending ledgerUnavailable',
    ]);
    assert.match(world.message('b'), /no space left on device/);
    assert.deepEqual(world.announced, ['203.0.113.0']);
    world.pass(20 * seconds);
    assert.equal(world.state('b'), 'Pending ledgerUnavailable');
    world.ledger.fault = undefined;
    world.pass(10 * seconds);
    assert.deepEqual(world.states('b', 'c'), ['Allocated 203.0.113.2', 'Allocated 203.0.113.3']);
    assert.deepEqual([...world.ledger.holdings.keys()].sort(), ['default/a', 'default/b', 'default/c']);
  });

  it('gives back at the start what no entry asks for any more', () => {
    const world = new World(four).put({ a: {}, b: {} });
    world.restart(world.table().filter(({ name }) => name === 'default/b'));
    assert.deepEqual([...world.ledger.holdings.keys()], ['default/b']);
    assert.equal(world.put({ c: {} }).state('c'), 'Allocated 203.0.113.2');
  });

  it('lets every service have after a restart what it had, in whatever order the table stands', () => {
    const world = new World(four).put({ a: {}, b: {}, c: {} });
    const before = world.states('a', 'b', 'c');
    const writes = world.ledger.changes.length;
    world.restart(world.table().reverse());
    assert.deepEqual(world.states('a', 'b', 'c'), before);
    assert.equal(world.ledger.changes.length, writes);
  });
});
