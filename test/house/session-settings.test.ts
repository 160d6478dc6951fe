import assert from 'node:assert/strict';
import { sessionSettings } from '../../src/house/session-settings.js';
import { accepts, peerWith } from '../config/given.js';

const own = { routerId: 0x0a00000b, hostName: 'node-a', softwareVersion: 'herald/test', forwardingPreserved: true };

const settingsOf = (...lines: string[]) => sessionSettings(accepts(peerWith(...lines)).bgpPeers[0]!, own);

describe('The settings of a session', () => {
  it('[34] send external sessions with a TTL of 1, with more only where multihop is configured', () => {
    assert.equal(settingsOf().socket.ttl, 1);
    assert.equal(settingsOf('ebgpMultiHop: 3').socket.ttl, 3);
    assert.equal(settingsOf('ebgpMultiHop: true').socket.ttl, 255);
    assert.equal(settingsOf('myASN: 64500').socket.ttl, undefined, 'within our AS the kernel decides');
  });

  it('[31] send with 255 under GTSM and take nothing that came over more hops than allowed', () => {
    assert.deepEqual(settingsOf('ttlSecurity: 1').socket, { ttl: 255, minTtl: 255 });
    assert.deepEqual(settingsOf('ttlSecurity: 3').socket, { ttl: 255, minTtl: 253 });
  });

  it('[52] say of forwarding what the host knows', () => {
    const { gracefulRestart } = settingsOf('enableGracefulRestart: true', 'gracefulRestart: { restartTime: 90s }');
    assert.deepEqual(gracefulRestart, { restartTimeSeconds: 90, forwardingPreserved: true });
    assert.equal(settingsOf().gracefulRestart, undefined);
  });

  it('carry what the peer was configured with', () => {
    const { socket, ...settings } = settingsOf(
      'sourceAddress: 10.0.0.11',
      'vrf: red',
      'password: secret',
      'holdTime: 30s',
      'passive: true',
      'maxPrefixes: 10',
    );
    assert.deepEqual(socket, {
      localAddress: { family: 'ipv4', words: [0x0a00000b] },
      device: 'red',
      md5Password: 'secret',
      ttl: 1,
    });
    assert.equal(settings.holdTimeSeconds, 30);
    assert.equal(settings.passive, true);
    assert.equal(settings.maxPrefixes, 10);
    assert.equal(settings.remote?.port, 179);
    assert.equal(settings.routerId, own.routerId);
    assert.equal(settings.hostName, 'node-a');
  });
});
