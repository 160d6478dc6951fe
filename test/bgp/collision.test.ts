import assert from 'node:assert/strict';
import fc from 'fast-check';
import { loser, opposite, type Speaker, survivor } from '../../src/bgp/collision.js';
import type { StateName } from '../../src/bgp/fsm.js';

const low: Speaker = { routerId: 0x0a000001, asn: 64512 };
const high: Speaker = { routerId: 0x0a000002, asn: 64500 };

describe('BGP connection collision', () => {
  it('[17] keeps the connection that the higher identifier dialled', () => {
    assert.equal(survivor(low, high), 'incoming');
    assert.equal(survivor(high, low), 'outgoing');
  });

  it('[17] compares identifiers as unsigned numbers', () => {
    const beyondSign = { ...low, routerId: 0xc0000201 };
    assert.equal(survivor(beyondSign, high), 'outgoing');
    assert.equal(survivor(high, beyondSign), 'incoming');
  });

  it('[17] lets the higher AS number decide between equal identifiers', () => {
    const twin = { ...low, asn: 4_200_000_000 };
    assert.equal(survivor(low, twin), 'incoming');
    assert.equal(survivor(twin, low), 'outgoing');
  });

  it('is decided alike at both ends: my outgoing connection is your incoming one', () => {
    const speaker = fc.record({ routerId: fc.integer({ min: 1, max: 3 }), asn: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(speaker, speaker, (one, other) => {
        fc.pre(one.routerId !== other.routerId || one.asn !== other.asn);
        assert.equal(survivor(one, other), opposite(survivor(other, one)));
      }),
    );
  });

  const stateOf = (name: StateName, expectsOpen = false): { name: StateName; expectsOpen: boolean } => ({
    name,
    expectsOpen,
  });

  it('[18] ends nothing while the other is not connected, or connected and silent', () => {
    for (const name of ['Idle', 'Connect', 'Active', 'OpenSent'] as const)
      assert.equal(loser('incoming', stateOf(name), high, low), undefined);
  });

  it('ends the other one or this one once both are connected', () => {
    for (const other of [stateOf('OpenSent', true), stateOf('OpenConfirm')]) {
      assert.equal(loser('incoming', other, high, low), 'incoming');
      assert.equal(loser('outgoing', other, high, low), 'incoming');
      assert.equal(loser('incoming', other, low, high), 'outgoing');
    }
  });

  it('[17] never gives up an established session for a new connection', () => {
    assert.equal(loser('incoming', stateOf('Established'), low, high), 'incoming');
    assert.equal(loser('outgoing', stateOf('Established'), high, low), 'outgoing');
  });
});
