import assert from 'node:assert/strict';
import type { Capability, Open } from '../../src/bgp/message.js';
import {
  type LocalOpen,
  localCapabilities,
  type Negotiated,
  negotiate,
  openMessage,
  type PeerExpectations,
} from '../../src/bgp/negotiate.js';
import { hex } from './hex.js';

const local: LocalOpen = {
  asn: 64512,
  routerId: 0x0a00000b,
  holdTimeSeconds: 90,
  families: ['ipv4', 'ipv6'],
  capabilities: localCapabilities({ asn: 64512, families: ['ipv4', 'ipv6'], extendedMessage: true }),
};
const ipv4: Capability = { kind: 'multiprotocol', afi: 1, safi: 1 };
const ipv6: Capability = { kind: 'multiprotocol', afi: 2, safi: 1 };
const asn = (number: number): Capability => ({ kind: 'fourOctetAs', asn: number });
const role = (number: number): Capability => ({ kind: 'role', role: number });
const remote: Open = {
  kind: 'open',
  asn: 64500,
  holdTimeSeconds: 180,
  routerId: 0x0a000001,
  capabilities: [ipv4, ipv6, asn(64500)],
};

interface Changes {
  readonly local?: Partial<LocalOpen>;
  readonly expected?: Partial<PeerExpectations>;
  readonly remote?: Partial<Open>;
}

const agreed = (changes: Changes = {}): Negotiated =>
  negotiate({ ...local, ...changes.local }, { peerAsn: 64500, ...changes.expected }, { ...remote, ...changes.remote });
const withCapabilities = (...capabilities: readonly Capability[]): Negotiated => agreed({ remote: { capabilities } });
const nothing = new Uint8Array();

describe('negotiate', () => {
  it('[6] takes the smaller hold time', () => {
    assert.equal(agreed().holdTimeSeconds, 90);
    assert.equal(agreed({ remote: { holdTimeSeconds: 3 } }).holdTimeSeconds, 3);
  });

  it('[6] refuses a hold time of one or two seconds with 2/6', () => {
    for (const holdTimeSeconds of [1, 2])
      assert.throws(() => agreed({ remote: { holdTimeSeconds } }), { code: 2, subcode: 6, data: nothing });
  });

  it('[6] a hold time of zero on either side turns both timers off', () => {
    for (const changes of [{ local: { holdTimeSeconds: 0 } }, { remote: { holdTimeSeconds: 0 } }]) {
      const { holdTimeSeconds, keepaliveSeconds } = agreed(changes);
      assert.deepEqual([holdTimeSeconds, keepaliveSeconds], [0, 0]);
    }
  });

  it('[22] sends keepalives every third of the hold time, oftener if told so, never more rarely, never faster than one a second', () => {
    const keepalive = (holdTimeSeconds: number, keepaliveSeconds?: number): number =>
      agreed({ remote: { holdTimeSeconds }, local: keepaliveSeconds === undefined ? {} : { keepaliveSeconds } })
        .keepaliveSeconds;
    assert.equal(keepalive(180), 30);
    assert.equal(keepalive(180, 10), 10);
    assert.equal(keepalive(180, 60), 30);
    assert.equal(keepalive(9, 30), 3);
    assert.equal(keepalive(4, 30), 1);
    assert.equal(keepalive(3, 0), 1);
  });

  it('[7] believes capability 65 before the two-octet field', () => {
    const capabilities = [ipv4, asn(4200000000)];
    const { remoteAsn, fourOctetAs } = agreed({
      expected: { peerAsn: 4200000000 },
      remote: { asn: 23456, capabilities },
    });
    assert.deepEqual([remoteAsn, fourOctetAs], [4200000000, true]);
  });

  it('[7] refuses another AS number than the expected one with 2/2', () => {
    assert.throws(() => agreed({ expected: { peerAsn: 64501 } }), { code: 2, subcode: 2, data: nothing });
    assert.throws(() => agreed({ remote: { asn: 23456, capabilities: [asn(4200000000)] } }), { code: 2, subcode: 2 });
  });

  it('[7] refuses two AS numbers that contradict each other with 2/2', () => {
    assert.throws(() => agreed({ remote: { capabilities: [asn(64501)] }, expected: { peerAsn: 64501 } }), {
      code: 2,
      subcode: 2,
    });
  });

  it('[7] refuses AS 0 with 2/2, in the field or in the capability, whatever is expected', () => {
    const expected = { peerAsn: 'external' } as const;
    assert.throws(() => agreed({ expected, remote: { asn: 0, capabilities: [] } }), { code: 2, subcode: 2 });
    assert.throws(() => agreed({ expected, remote: { asn: 23456, capabilities: [asn(0)] } }), { code: 2, subcode: 2 });
  });

  it('[7] a peer without capability 65 is spoken to with two octets', () => {
    const { remoteAsn, fourOctetAs } = withCapabilities(ipv4);
    assert.deepEqual([remoteAsn, fourOctetAs], [64500, false]);
  });

  it('a peer may be expected to be in our AS, or in any other', () => {
    assert.equal(agreed({ expected: { peerAsn: 'external' } }).internal, false);
    assert.throws(() => agreed({ expected: { peerAsn: 'internal' } }), { code: 2, subcode: 2 });
    const ours = { asn: 64512, capabilities: [asn(64512)] };
    assert.equal(agreed({ expected: { peerAsn: 'internal' }, remote: ours }).internal, true);
    assert.throws(() => agreed({ expected: { peerAsn: 'external' }, remote: ours }), { code: 2, subcode: 2 });
  });

  it('[8] refuses identifier 0 with 2/3', () => {
    assert.throws(() => agreed({ remote: { routerId: 0 } }), { code: 2, subcode: 3, data: nothing });
  });

  it('[8] takes any other identifier, be it an address or not', () => {
    for (const routerId of [1, 0xffffffff, 0xe0000001, 0x7f000001])
      assert.equal(agreed({ remote: { routerId } }).remoteRouterId, routerId);
  });

  it('[8] refuses our own identifier from a peer in our AS, and only from such', () => {
    const { routerId } = local;
    assert.equal(agreed({ remote: { routerId } }).internal, false);
    assert.throws(
      () => agreed({ expected: { peerAsn: 64512 }, remote: { routerId, asn: 64512, capabilities: [asn(64512)] } }),
      { code: 2, subcode: 3 },
    );
  });

  it('[10] ignores capabilities it does not know', () => {
    const unknown: Capability = { kind: 'unknown', code: 131, value: hex('00') };
    assert.deepEqual(withCapabilities(ipv4, asn(64500), unknown).remoteCapabilities.at(-1), unknown);
  });

  it('[11] refuses a peer that lacks a required capability with 2/7 and the missing ones as data', () => {
    const required: Capability[] = [{ kind: 'extendedMessage' }, ipv6, asn(64512)];
    assert.throws(() => agreed({ expected: { required }, remote: { capabilities: [ipv4, asn(64500)] } }), {
      code: 2,
      subcode: 7,
      data: hex('0600 0104 0002 0001'),
    });
    assert.equal(agreed({ expected: { required: [ipv6, asn(64512)] } }).remoteAsn, 64500);
  });

  it('[11] requires nothing else, but one family in common', () => {
    assert.deepEqual(withCapabilities(ipv6).families, ['ipv6']);
    assert.throws(() => withCapabilities({ kind: 'multiprotocol', afi: 25, safi: 70 }), {
      code: 2,
      subcode: 7,
      data: hex('0104 0001 0001  0104 0002 0001'),
    });
    assert.throws(() => agreed({ local: { families: ['ipv6'] }, remote: { capabilities: [] } }), {
      code: 2,
      subcode: 7,
    });
  });

  it('[65] the families are those both name, and IPv4 alone for a peer that names none', () => {
    assert.deepEqual(withCapabilities(ipv6, ipv4, { kind: 'multiprotocol', afi: 1, safi: 128 }).families, [
      'ipv4',
      'ipv6',
    ]);
    assert.deepEqual(withCapabilities().families, ['ipv4']);
    assert.deepEqual(agreed({ local: { families: ['ipv6'] } }).families, ['ipv6']);
  });

  it('[14] each direction of extended messages stands for itself', () => {
    const offered: Capability = { kind: 'extendedMessage' };
    const directions = ({ sendExtendedMessage, receiveExtendedMessage }: Negotiated): boolean[] => [
      sendExtendedMessage,
      receiveExtendedMessage,
    ];
    assert.deepEqual(directions(withCapabilities(ipv4)), [false, true]);
    assert.deepEqual(directions(withCapabilities(ipv4, offered)), [true, true]);
    assert.deepEqual(directions(agreed({ local: { capabilities: [] }, remote: { capabilities: [ipv4, offered] } })), [
      true,
      false,
    ]);
  });

  it('[15] accepts the pairs of roles that RFC 9234 has, and refuses others with 2/11', () => {
    const valid = new Set(['0-3', '3-0', '1-2', '2-1', '4-4']);
    for (let ours = 0; ours <= 4; ours++)
      for (let theirs = 0; theirs <= 5; theirs++) {
        const meet = (): Negotiated =>
          agreed({ local: { capabilities: [role(ours)] }, remote: { capabilities: [ipv4, role(theirs)] } });
        if (valid.has(`${ours}-${theirs}`)) assert.equal(meet().remoteAsn, 64500);
        else assert.throws(meet, { code: 2, subcode: 11, data: nothing });
      }
  });

  it('[15] refuses a peer of two different roles with 2/11, but not one that says the same twice', () => {
    assert.throws(() => withCapabilities(ipv4, role(0), role(4)), { code: 2, subcode: 11 });
    assert.equal(withCapabilities(ipv4, role(0), role(0)).remoteAsn, 64500);
  });

  it('[15] goes on with a peer that says no role', () => {
    assert.equal(agreed({ local: { capabilities: [role(3)] } }).remoteAsn, 64500);
  });

  const restart = (notification: boolean, restartState = false): Capability => ({
    kind: 'gracefulRestart',
    restartState,
    notification,
    restartTimeSeconds: 120,
    families: [{ afi: 1, safi: 1, forwarding: true }],
  });

  it('[50] graceful restart takes both sides, and so does its N bit', () => {
    assert.equal(withCapabilities(ipv4, restart(true)).gracefulRestart, undefined);
    const both = (ours: Capability, theirs: Capability): Negotiated['gracefulRestart'] =>
      agreed({ local: { capabilities: [ours] }, remote: { capabilities: [ipv4, theirs] } }).gracefulRestart;
    assert.deepEqual(both(restart(true), restart(true, true)), {
      notificationBit: true,
      peerRestarting: true,
      peerRestartTimeSeconds: 120,
      peerFamilies: [{ afi: 1, safi: 1, forwarding: true }],
    });
    assert.equal(both(restart(true), restart(false))?.notificationBit, false);
    assert.equal(both(restart(false), restart(true))?.notificationBit, false);
  });

  it('[54] route refresh, plain and enhanced, take both sides', () => {
    const refresh = ({ routeRefresh, enhancedRouteRefresh }: Negotiated): boolean[] => [
      routeRefresh,
      enhancedRouteRefresh,
    ];
    assert.deepEqual(refresh(withCapabilities(ipv4)), [false, false]);
    assert.deepEqual(refresh(withCapabilities(ipv4, { kind: 'routeRefresh' })), [true, false]);
    assert.deepEqual(refresh(withCapabilities(ipv4, { kind: 'routeRefresh' }, { kind: 'enhancedRouteRefresh' })), [
      true,
      true,
    ]);
  });
});

describe('our OPEN', () => {
  it('offers what is set up, in ascending order of code', () => {
    assert.deepEqual(
      localCapabilities({
        asn: 4200000000,
        families: ['ipv4', 'ipv6'],
        extendedMessage: true,
        gracefulRestart: { restarting: true, restartTimeSeconds: 120, forwarding: ['ipv6'] },
        host: 'node-a',
        softwareVersion: 'herald/1.0',
      }),
      [
        ipv4,
        ipv6,
        { kind: 'routeRefresh' },
        { kind: 'extendedMessage' },
        {
          kind: 'gracefulRestart',
          restartState: true,
          notification: true,
          restartTimeSeconds: 120,
          families: [
            { afi: 1, safi: 1, forwarding: false },
            { afi: 2, safi: 1, forwarding: true },
          ],
        },
        asn(4200000000),
        { kind: 'enhancedRouteRefresh' },
        { kind: 'fqdn', host: 'node-a', domain: '' },
        { kind: 'softwareVersion', version: 'herald/1.0' },
      ],
    );
  });

  it('offers no more than is set up', () => {
    assert.deepEqual(localCapabilities({ asn: 64512, families: ['ipv6'], extendedMessage: false }), [
      ipv6,
      { kind: 'routeRefresh' },
      asn(64512),
      { kind: 'enhancedRouteRefresh' },
    ]);
  });

  it('[50] never asks for more restart time than twelve bits hold', () => {
    const [, , restart] = localCapabilities({
      asn: 64512,
      families: ['ipv4'],
      extendedMessage: false,
      gracefulRestart: { restarting: false, restartTimeSeconds: 86400, forwarding: [] },
    });
    assert.equal(restart?.kind === 'gracefulRestart' && restart.restartTimeSeconds, 4095);
  });

  it('[7] has AS_TRANS where two octets do not hold our AS number', () => {
    assert.equal(openMessage({ ...local, asn: 4200000000 }).asn, 23456);
    assert.equal(openMessage(local).asn, 64512);
  });
});
