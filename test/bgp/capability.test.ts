import assert from 'node:assert/strict';
import { decodeCapabilities, describeCapability, encodeCapabilities } from '../../src/bgp/capability.js';
import { malformedOpen } from '../../src/bgp/errors.js';
import type { Capability } from '../../src/bgp/message.js';
import { Reader } from '../../src/net/bytes.js';
import { utf8Octets } from '../../src/net/text.js';
import { hex, textOf } from './hex.js';

const read = (octets: Uint8Array): Capability[] => decodeCapabilities(new Reader(octets, () => malformedOpen('short')));
const one = (text: string): Capability | undefined => read(hex(text))[0];

/** Each capability as RFC octets: both directions. */
const examples: readonly (readonly [title: string, capability: Capability, octets: string, described: string])[] = [
  ['multiprotocol', { kind: 'multiprotocol', afi: 2, safi: 1 }, '01 04 0002 00 01', 'multiprotocol ipv6/unicast'],
  ['route refresh', { kind: 'routeRefresh' }, '02 00', 'route refresh'],
  [
    '[47] extended next hop, whose SAFI has two octets',
    { kind: 'extendedNextHop', tuples: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    '05 06 0001 0001 0002',
    'extended next hop ipv4/unicast over ipv6',
  ],
  ['extended message', { kind: 'extendedMessage' }, '06 00', 'extended message'],
  ['role', { kind: 'role', role: 3 }, '09 01 03', 'role customer'],
  [
    '[50] graceful restart with R, N, twelve bits of time and F for each family',
    {
      kind: 'gracefulRestart',
      restartState: true,
      notification: true,
      restartTimeSeconds: 4095,
      families: [
        { afi: 1, safi: 1, forwarding: true },
        { afi: 2, safi: 1, forwarding: false },
      ],
    },
    '40 0a cfff 0001 01 80 0002 01 00',
    'graceful restart 4095s, restarting, notification, ipv4/unicast forwarding preserved, ipv6/unicast',
  ],
  [
    '[50] graceful restart without families',
    { kind: 'gracefulRestart', restartState: false, notification: false, restartTimeSeconds: 120, families: [] },
    '40 02 0078',
    'graceful restart 120s',
  ],
  ['four-octet AS', { kind: 'fourOctetAs', asn: 4200000000 }, '41 04 fa56ea00', 'four-octet AS 4200000000'],
  [
    '[48] additional paths, unknown directions kept apart',
    {
      kind: 'addPath',
      families: [
        { afi: 1, safi: 1, direction: 3 },
        { afi: 2, safi: 1, direction: 7 },
      ],
    },
    '45 08 0001 01 03 0002 01 07',
    'additional paths ipv4/unicast send and receive, ipv6/unicast direction 7',
  ],
  ['enhanced route refresh', { kind: 'enhancedRouteRefresh' }, '46 00', 'enhanced route refresh'],
  [
    'long-lived graceful restart',
    {
      kind: 'longLivedGracefulRestart',
      families: [{ afi: 1, safi: 1, forwarding: true, staleTimeSeconds: 86400 }],
    },
    '47 07 0001 01 80 015180',
    'long-lived graceful restart ipv4/unicast 86400s',
  ],
  ['host name', { kind: 'fqdn', host: 'tor', domain: 'lab' }, '49 08 03 746f72 03 6c6162', 'host name tor.lab'],
  [
    'software version',
    { kind: 'softwareVersion', version: 'FRR/10' },
    '4b 07 06 4652522f3130',
    'software version FRR/10',
  ],
  ['one we do not know', { kind: 'unknown', code: 131, value: hex('00') }, '83 01 00', 'capability 131 (1 octets)'],
];

describe('capability', () => {
  for (const [title, capability, octets, described] of examples) {
    it(`${title}: is written, read and described`, () => {
      assert.equal(textOf(encodeCapabilities([capability])), textOf(hex(octets)));
      assert.deepEqual(one(octets), capability);
      assert.equal(describeCapability(capability), described);
    });
  }

  it('[12] of a length it cannot have is refused with 2/0', () => {
    for (const octets of [
      '01 00',
      '01 03 000100',
      '01 05 0001000100',
      '02 01 00',
      '05 05 0001000100',
      '06 01 00',
      '09 00',
      '09 02 0303',
      '40 00',
      '40 01 00',
      '40 03 007800',
      '41 00',
      '41 02 fbf0',
      '45 03 000101',
      '46 01 00',
      '47 06 000101800151',
    ])
      assert.throws(() => one(octets), { code: 2, subcode: 0 }, octets);
  });

  it('[50] reads the reserved bits of graceful restart as nothing', () => {
    assert.deepEqual(one('40 06 3078 0001 01 7f'), {
      kind: 'gracefulRestart',
      restartState: false,
      notification: false,
      restartTimeSeconds: 120,
      families: [{ afi: 1, safi: 1, forwarding: false }],
    });
  });

  it('[16] a software version is read with and without an inner length', () => {
    assert.deepEqual(one('4b 04 03 312e30'), { kind: 'softwareVersion', version: '1.0' });
    assert.deepEqual(one('4b 03 312e30'), { kind: 'softwareVersion', version: '1.0' });
    assert.deepEqual(one('4b 00'), { kind: 'softwareVersion', version: '' });
  });

  it('[16] a host or domain name that reaches beyond the capability is refused', () => {
    for (const octets of ['49 00', '49 01 00', '49 02 0561', '49 03 016105', '49 04 01610561', '49 04 01610000'])
      assert.throws(() => one(octets), { code: 2, subcode: 0 }, octets);
  });

  it('[16] strings that are no UTF-8 are read with replacement characters', () => {
    assert.deepEqual(one('49 04 02 ff61 00'), { kind: 'fqdn', host: '\ufffda', domain: '' });
  });

  it('[16] strings are described without what a terminal would obey', () => {
    assert.equal(
      describeCapability({ kind: 'softwareVersion', version: '\u001b[31mred\n' }),
      'software version ?[31mred?',
    );
  });

  it('[16] a name that is too long is cut at a character', () => {
    const [, , hostOctets] = encodeCapabilities([{ kind: 'fqdn', host: 'é'.repeat(40), domain: '' }]);
    assert.equal(hostOctets, 64);
    assert.equal(utf8Octets('é').length, 2);
  });
});
