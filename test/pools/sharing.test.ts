import assert from 'node:assert/strict';
import type { Given } from '../plan/given.js';
import { pool, pools, World } from './world.js';

const one = pools(pool('one', ['203.0.113.7/32']));
const port = (number: number): Given => ({ ports: [{ protocol: 'TCP', port: number }] });
const sharing = (number: number, more: Given = {}): Given => ({ allowSharedIP: 'k', ...port(number), ...more });
const local = (number: number, app: string): Given =>
  sharing(number, { externalTrafficPolicy: 'Local', selector: { app } });

describe('Services share an address', () => {
  it('with the same key and different ports, the lowest they can', () => {
    const world = new World(pools(pool('p', ['203.0.113.0/30'])));
    world.put({ alone: {}, a: sharing(80), b: sharing(443), c: sharing(80), d: sharing(443) });
    assert.deepEqual(world.states('alone', 'a', 'b', 'c', 'd'), [
      'Allocated 203.0.113.0',
      'Allocated 203.0.113.1',
      'Allocated 203.0.113.1',
      'Allocated 203.0.113.2',
      'Allocated 203.0.113.2',
    ]);
    assert.deepEqual(world.announced, ['203.0.113.0', '203.0.113.1', '203.0.113.2']);
    world.remove('a');
    assert.ok(world.announced.includes('203.0.113.1'), 'another still has it');
  });

  for (const [what, first, second, why] of [
    ['the first has no key', port(80), sharing(443), 'existing service does not allow sharing'],
    ['the second has no key', sharing(80), port(443), 'new service does not allow sharing'],
    [
      'the keys differ',
      sharing(80),
      sharing(443, { allowSharedIP: 'j' }),
      'sharing key "j" does not match existing sharing key "k"',
    ],
    ['a port is taken', sharing(80), sharing(80), 'port TCP/80 is already in use'],
    [
      'one is Local and the other not',
      sharing(80),
      local(443, 'web'),
      'externalTrafficPolicy or, with Local, the selector does not match the existing service',
    ],
    [
      'both are Local, with different backends',
      local(80, 'web'),
      local(443, 'mail'),
      'externalTrafficPolicy or, with Local, the selector does not match the existing service',
    ],
  ] as const)
    it(`never when ${what}`, () => {
      const world = new World(one).put({ a: { ...first, addresses: ['203.0.113.7'] } });
      world.put({ b: { ...second, addresses: ['203.0.113.7'] } });
      assert.equal(world.state('b'), 'Pending addressInUse');
      assert.equal(world.message('b'), `203.0.113.7 is in use by default/a: ${why}`);
    });

  it('on TCP and UDP, and Local with the same backends', () => {
    const udp: Given = { ...local(80, 'web'), ports: [{ protocol: 'UDP', port: 80 }] };
    const world = new World(one).put({ a: local(80, 'web'), b: udp });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Allocated 203.0.113.7']);
  });

  it('as long as both may: who changes loses it, and may have it again', () => {
    const world = new World(one).put({ a: sharing(80), b: sharing(443) });
    world.put({ b: local(443, 'web') });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Pending noIPAllocated']);
    world.put({ a: local(80, 'web') });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Allocated 203.0.113.7']);
    world.put({ a: local(80, 'other') });
    assert.deepEqual(world.states('a', 'b'), ['Pending noIPAllocated', 'Allocated 203.0.113.7']);
    world.put({ b: local(443, 'other') });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Allocated 203.0.113.7']);
  });

  it('and change together in one edit without losing it', () => {
    const world = new World(one).put({ a: sharing(80), b: sharing(443) });
    world.put({ b: local(443, 'web'), a: local(80, 'web') });
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Allocated 203.0.113.7']);
  });

  it('after a restart as before, whichever is read first', () => {
    const world = new World(one).put({ a: sharing(80), b: sharing(443) });
    world.restart(world.table().reverse());
    assert.deepEqual(world.states('a', 'b'), ['Allocated 203.0.113.7', 'Allocated 203.0.113.7']);
  });

  it('which moves both, to one address again where they can', () => {
    const world = new World(one).put({ a: sharing(80), b: sharing(443) });
    world.configure(pools(pool('two', ['198.51.100.0/30'])));
    assert.deepEqual(world.pass(60_000).states('a', 'b'), ['Allocated 198.51.100.0', 'Allocated 198.51.100.0']);
  });
});
