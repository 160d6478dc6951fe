import assert from 'node:assert/strict';
import { Members } from '../../src/house/members.js';
import { accepts } from '../config/given.js';

const configured = (members: string) => accepts(`node: { name: node-a }\nelection: { members: ${members} }\n`);

describe('the members of the election', () => {
  it('are there until somebody says otherwise, and again when it is taken back', () => {
    const members = new Members();
    members.configure(configured('[node-a, { name: node-b, labels: { rack: r2 } }]'));
    assert.deepEqual(members.bodies(), [
      { name: 'node-a', labels: { 'kubernetes.io/hostname': 'node-a' }, alive: true, self: true },
      { name: 'node-b', labels: { 'kubernetes.io/hostname': 'node-b', rack: 'r2' }, alive: true, self: false },
    ]);
    assert.equal(members.set('node-b', false), true);
    assert.equal(members.isAlive('node-b'), false);
    assert.equal(members.set('node-b', false), false, 'known already');
    assert.equal(members.set('node-b', true), true);
    assert.equal(members.isAlive('node-b'), true);
  });

  it('are those of the configuration, and one that leaves it comes back alive', () => {
    const members = new Members();
    members.configure(configured('[node-a, node-b]'));
    assert.equal(members.set('node-c', false), undefined);
    members.set('node-b', false);
    members.configure(configured('[node-a]'));
    members.configure(configured('[node-a, node-b]'));
    assert.equal(members.isAlive('node-b'), true);
  });
});
