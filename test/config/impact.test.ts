import assert from 'node:assert/strict';
import { impact } from '../../src/config/impact.js';
import { accepts, peerWith } from './given.js';

const costOf = (...lines: string[]): string[] => {
  const [before, after] = [accepts(peerWith()).bgpPeers[0]!, accepts(peerWith(...lines)).bgpPeers[0]!];
  return impact(before, after).map(({ field, effect }) => `${field} ${effect}`);
};

describe('what a changed peer costs', () => {
  it('is nothing when nothing changed, however it is written', () => {
    assert.deepEqual(costOf(), []);
    assert.deepEqual(costOf('holdTime: 1m30s', 'families: [ipv4]', 'ebgpMultiHop: false', 'myASN: 64512'), []);
  });

  it('is a new session when the OPEN changes', () => {
    assert.deepEqual(costOf('holdTime: 30s'), ['holdTimeSeconds reset']);
    assert.deepEqual(costOf('families: [ipv4, ipv6]'), ['families reset']);
    assert.deepEqual(costOf('enableGracefulRestart: true'), ['gracefulRestart reset']);
    assert.deepEqual(costOf('myASN: 65000'), ['myAsn reset']);
    assert.deepEqual(costOf('extendedMessage: false'), ['extendedMessage reset']);
  });

  it('is a new session when the socket changes', () => {
    assert.deepEqual(costOf('password: x'), ['password reset']);
    assert.deepEqual(costOf('sourceAddress: 10.0.0.9'), ['sourceAddress reset']);
    assert.deepEqual(costOf('ttlSecurity: 1'), ['ttlSecurityHops reset']);
    assert.deepEqual(costOf('ebgpMultiHop: 4'), ['ebgpMultiHopTtl reset']);
    assert.deepEqual(costOf('vrf: red'), ['device reset']);
    assert.deepEqual(costOf('peerPort: 1179'), ['peerPort reset']);
  });

  it('is nothing the peer notices otherwise', () => {
    assert.deepEqual(
      costOf(
        'description: left',
        'connectTime: 5s',
        'maxPrefixes: 5',
        'passive: true',
        'shutdown: true',
        'holdTime: 90s',
        'keepaliveTime: 10s',
      ),
      [
        'description hot',
        'keepaliveSeconds hot',
        'connectSeconds hot',
        'passive hot',
        'maxPrefixes hot',
        'shutdown hot',
      ],
    );
  });
});
