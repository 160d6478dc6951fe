import assert from 'node:assert/strict';
import type { BgpPeer } from '../../src/config/config.js';
import type { Environment } from '../../src/config/parse.js';
import { formatAddress } from '../../src/net/address.js';
import { accepts, environment, errorsOf, peerWith, refuses, warningsOf } from './given.js';

const onlyPeer = (text: string, world: Environment = environment): BgpPeer => {
  const { bgpPeers } = accepts(text, world);
  assert.equal(bgpPeers.length, 1);
  return bgpPeers[0]!;
};

const filed = (content: string, mode = 0o100640): Environment => ({
  ...environment,
  readFile: (path) => (path === '/etc/herald/tor.key' ? content : new Error(`no such file: ${path}`)),
  fileMode: () => mode,
});

describe('a BGP peer', () => {
  it('has the defaults of the reference', () => {
    const { peerAddress, ...rest } = onlyPeer(peerWith());
    assert.equal(formatAddress(peerAddress), '10.0.0.1');
    assert.deepEqual(rest, {
      name: 'tor-1',
      description: '',
      peerPort: 179,
      peerAsn: 64500,
      myAsn: 64512,
      sourceAddress: undefined,
      holdTimeSeconds: 90,
      keepaliveSeconds: undefined,
      connectSeconds: 10,
      password: undefined,
      ebgpMultiHopTtl: undefined,
      ttlSecurityHops: 0,
      passive: false,
      gracefulRestart: undefined,
      device: undefined,
      families: ['ipv4'],
      extendedMessage: true,
      maxPrefixes: undefined,
      shutdown: false,
    });
  });

  it('can be pasted from MetalLB as a spec under a name', () => {
    const peer = onlyPeer(
      [
        'bgpPeers:',
        '  - name: tor-1',
        '    spec:',
        '      myASN: 64512',
        '      peerASN: 64500',
        '      peerAddress: 10.0.0.1',
        '      peerPort: 180',
        '      sourceAddress: 10.0.0.11',
        '      holdTime: 3m0s',
        '      keepaliveTime: 1m0s',
        '      connectTime: 5s',
        '      routerID: 10.0.0.11',
        '      ebgpMultiHop: true',
        '      vrf: red',
        '      dualStackAddressFamily: true',
        '      enableGracefulRestart: true',
        '      nodeSelectors:',
        '        - matchLabels: { kubernetes.io/hostname: node-a }',
        '        - matchExpressions: [{ key: rack, operator: NotIn, values: [r1] }]',
        '',
      ].join('\n'),
    );
    assert.deepEqual(
      [peer.myAsn, peer.peerPort, peer.holdTimeSeconds, peer.keepaliveSeconds, peer.connectSeconds, peer.device],
      [64512, 180, 180, 60, 5, 'red'],
    );
    assert.deepEqual([peer.ebgpMultiHopTtl, peer.families], [255, ['ipv4', 'ipv6']]);
    assert.deepEqual(peer.gracefulRestart, { restartTimeSeconds: 120 });
  });

  it('has its problems in the spec at the line where they stand', () => {
    refuses(
      'bgpPeers:\n  - name: a\n    myASN: 1\n    spec:\n      myASN: 2\n      peerASN: 3\n      peerAddress: x\n      hold: 1s\n',
      '5: bgpPeers[0].spec.myASN: stands beside `spec` as well',
      '7: bgpPeers[0].spec.peerAddress: "x" is not an IP address',
      '8: bgpPeers[0].spec.hold: unknown key',
    );
    refuses(
      'bgpPeers:\n  - name: a\n    peerASN: 1\n    spec: x\n',
      '2: bgpPeers[0].myASN',
      '2: bgpPeers[0].peerAddress',
      '4: bgpPeers[0].spec: wants a mapping, not "x"',
    );
  });

  it('needs a name of its own that fits a URL', () => {
    refuses(
      'bgpPeers:\n  - { peerAddress: 10.0.0.1, peerASN: 1, myASN: 2 }\n',
      '2: bgpPeers[0].name: missing peer name',
    );
    refuses(peerWith('').replace('tor-1', '"tor 1"'), '3: bgpPeers[0].name: "tor 1" is not a name');
    refuses(
      `${peerWith()}  - { name: tor-1, peerAddress: 10.0.0.2, peerASN: 64500 }\n`,
      '6: bgpPeers[1].name: duplicate definition of peer "tor-1"; the first is in line 3',
    );
  });

  it('needs exactly one of peerAddress, interface and peerRange', () => {
    refuses(
      'bgpPeers:\n  - { name: a, peerASN: 1, myASN: 2 }\n',
      '2: bgpPeers[0].peerAddress: peer has no address: exactly one of peerAddress, interface and peerRange is needed',
    );
    refuses(peerWith('interface: eth0'), '6: bgpPeers[0].interface: stands beside peerAddress');
    refuses(peerWith('peerRange: 10.0.0.0/24'), '6: bgpPeers[0].peerRange: stands beside peerAddress');
  });

  it('cannot be at an address that no host has', () => {
    for (const address of [
      '0.0.0.0',
      '224.0.0.5',
      '255.255.255.255',
      '::',
      'ff02::5',
      '10.0.0.0/24',
      '10.0.0.01',
      'tor1',
    ])
      assert.equal(
        errorsOf(peerWith().replace('peerAddress: 10.0.0.1', `peerAddress: "${address}"`)).length,
        1,
        address,
      );
    const [mapped = ''] = errorsOf(peerWith().replace('10.0.0.1\n', '"::ffff:10.0.0.1"\n'));
    assert.match(mapped, /^5: .*IPv4 address in IPv6 clothes; write 10\.0\.0\.1$/);
  });

  it('takes AS numbers as asplain and asdot, quoted or not', () => {
    for (const [written, asn] of [
      ['65546', 65546],
      ['1.10', 65546],
      ['"1.10"', 65546],
      ['2.0', 131072],
      ['65535.65535', 4294967295],
    ] as const)
      assert.equal(onlyPeer(peerWith().replace('64500', written)).peerAsn, asn, written);
  });

  it('refuses AS numbers that nobody may have', () => {
    for (const written of ['0', '0.0', '23456', '4294967296', '1.65536', '65536.0', '1.2.3', '-1', 'AS1', '[1]', '1e3'])
      if (written === '1e3') assert.equal(onlyPeer(peerWith().replace('64500', written)).peerAsn, 1000);
      else
        assert.match(errorsOf(peerWith().replace('64500', written))[0] ?? '', /^4: bgpPeers\[0\]\.peerASN: /, written);
  });

  it('needs exactly one of peerASN and dynamicASN', () => {
    refuses(peerWith('dynamicASN: internal'), '6: bgpPeers[0].dynamicASN: both peer ASN and dynamicASN specified');
    refuses(
      'bgpPeers:\n  - { name: a, peerAddress: 10.0.0.1, myASN: 2 }\n',
      '2: bgpPeers[0].peerASN: missing peer ASN and dynamicASN',
    );
    assert.equal(onlyPeer(peerWith().replace('peerASN: 64500', 'dynamicASN: internal')).peerAsn, 'internal');
    refuses(
      peerWith().replace('peerASN: 64500', 'dynamicASN: extrnal'),
      '4: bgpPeers[0].dynamicASN: "extrnal" is not known; did you mean "external"?',
    );
  });

  it('takes our AS number from localASN, myASN, or bgp.asn', () => {
    assert.equal(onlyPeer(peerWith('myASN: 65000')).myAsn, 65000);
    assert.equal(onlyPeer(peerWith('myASN: 65000', 'localASN: 65001')).myAsn, 65001);
    refuses(
      'bgpPeers:\n  - { name: a, peerAddress: 10.0.0.1, peerASN: 2 }\n',
      '2: bgpPeers[0].myASN: missing local ASN; set myASN here, or bgp.asn for all peers',
    );
  });

  it('with one timer gets the other: three keepalives to a hold time', () => {
    const timers = (...lines: string[]): readonly unknown[] => {
      const { holdTimeSeconds, keepaliveSeconds } = onlyPeer(peerWith(...lines));
      return [holdTimeSeconds, keepaliveSeconds];
    };
    assert.deepEqual(timers('holdTime: 3s'), [3, undefined]);
    assert.deepEqual(timers('keepaliveTime: 10s'), [30, 10]);
    assert.deepEqual(timers('holdTime: 30s', 'keepaliveTime: 29s'), [30, 29]);
    assert.deepEqual(timers('holdTime: 0s'), [0, undefined]);
    assert.deepEqual(timers('keepaliveTime: 0s'), [0, undefined]);
    assert.deepEqual(timers('holdTime: 1h1m1s'), [3661, undefined]);
  });

  it('refuses timers that would break the session', () => {
    refuses(peerWith('holdTime: 2s'), '6: bgpPeers[0].holdTime: "2s" is out of range; allowed: 0s, 3s to 65535s');
    refuses(peerWith('holdTime: 65536s'), '6: bgpPeers[0].holdTime: "65536s" is out of range');
    refuses(peerWith('holdTime: 3500ms'), '6: bgpPeers[0].holdTime: "3500ms" is not in whole seconds');
    refuses(peerWith('holdTime: 90'), '6: bgpPeers[0].holdTime: 90 has no unit; write "90s"');
    refuses(peerWith('holdTime: 0'), '6: bgpPeers[0].holdTime: 0 has no unit; write "0s"');
    refuses(peerWith('holdTime: 90 s'), '6: bgpPeers[0].holdTime: "90 s" is not a duration');
    refuses(peerWith('holdTime: 1.5s'), '6: bgpPeers[0].holdTime: "1.5s" is not a duration');
    refuses(peerWith('connectTime: 0s'), '6: bgpPeers[0].connectTime: "0s" is out of range; allowed: 1s to 65535s');
    refuses(
      peerWith('holdTime: 30s', 'keepaliveTime: 30s'),
      '7: bgpPeers[0].keepaliveTime: invalid keepaliveTime "30s", must be lower than holdTime "30s"',
    );
    refuses(
      peerWith('holdTime: 0s', 'keepaliveTime: 1s'),
      '7: bgpPeers[0].keepaliveTime: a holdTime of 0s means no keepalives',
    );
    refuses(
      peerWith('holdTime: 9s', 'keepaliveTime: 0s'),
      '7: bgpPeers[0].keepaliveTime: 0s goes only with a holdTime of 0s',
    );
  });

  it('takes its password from the file, without the newline at its end', () => {
    const text = peerWith('passwordFile: tor.key');
    assert.equal(onlyPeer(text, filed('se cret\n')).password, 'se cret');
    assert.equal(onlyPeer(text, filed('secret\r\n')).password, 'secret');
    assert.equal(onlyPeer(text, filed('secret\n\n')).password, 'secret\n');
    assert.deepEqual(warningsOf(text, filed('secret\n')), []);
  });

  it('warns of a password file that everybody can read', () => {
    const warnings = warningsOf(peerWith('passwordFile: tor.key'), filed('secret\n', 0o100644));
    assert.match(
      warnings.join('\n'),
      /^6: bgpPeers\[0\]\.passwordFile: everybody on this host can read \/etc\/herald\/tor\.key/,
    );
  });

  it('refuses a password that cannot be used', () => {
    refuses(
      peerWith('password: a', 'passwordFile: tor.key'),
      '7: bgpPeers[0].passwordFile: can not have both password and passwordFile',
    );
    refuses(
      peerWith('passwordFile: gone.key'),
      "6: bgpPeers[0].passwordFile: cannot be read: ENOENT: no such file, open '/etc/herald/gone.key'",
    );
    refuses(
      peerWith(`password: ${'ä'.repeat(41)}`),
      '6: bgpPeers[0].password: the password has 82 octets; TCP MD5 takes at most 80',
    );
    refuses(peerWith('password: 12345'), '6: bgpPeers[0].password: is not text; put it in quotes');
    refuses(
      peerWith('passwordSecret: { name: bgp }'),
      '6: bgpPeers[0].passwordSecret: herald cannot read Kubernetes secrets; put the password into a file',
    );
    assert.match(errorsOf(peerWith('passwordFile: tor.key'), filed('\n')).join('\n'), /^6: .*holds no password$/);
    assert.match(errorsOf(peerWith('passwordFile: tor.key'), filed('x'.repeat(81))).join('\n'), /^6: .*has 81 octets/);
    assert.equal(onlyPeer(peerWith(`password: ${'x'.repeat(80)}`)).password?.length, 80);
    assert.equal(onlyPeer(peerWith('password: ""')).password, undefined);
  });

  it('does not repeat a password in what it says', () => {
    for (const password of ['hunter2'.repeat(20), '72727', '[hunter2]', '{ hunter2: 72727 }']) {
      const [error = ''] = errorsOf(peerWith(`password: ${password}`));
      assert.match(error, /^6: bgpPeers\[0\]\.password: /);
      assert.doesNotMatch(error, /hunter2|72727/);
    }
  });

  it('is one hop away unless ebgpMultiHop says otherwise', () => {
    assert.equal(onlyPeer(peerWith('ebgpMultiHop: false')).ebgpMultiHopTtl, undefined);
    assert.equal(onlyPeer(peerWith('ebgpMultiHop: true')).ebgpMultiHopTtl, 255);
    assert.equal(onlyPeer(peerWith('ebgpMultiHop: 5')).ebgpMultiHopTtl, 5);
    for (const ttl of ['0', '256', 'yes']) refuses(peerWith(`ebgpMultiHop: ${ttl}`), '6: bgpPeers[0].ebgpMultiHop: ');
  });

  it('cannot be multihop and internal, or multihop and under GTSM', () => {
    refuses(
      peerWith('ebgpMultiHop: true', 'myASN: 64500'),
      '6: bgpPeers[0].ebgpMultiHop: invalid ebgp-multihop parameter set for an ibgp peer',
    );
    refuses(
      peerWith('ebgpMultiHop: 2').replace('peerASN: 64500', 'dynamicASN: internal'),
      '6: bgpPeers[0].ebgpMultiHop: invalid ebgp-multihop',
    );
    refuses(peerWith('ebgpMultiHop: 2', 'ttlSecurity: 1'), '7: bgpPeers[0].ttlSecurity: stands beside ebgpMultiHop');
    assert.equal(onlyPeer(peerWith('ttlSecurity: 254')).ttlSecurityHops, 254);
    refuses(peerWith('ttlSecurity: 255'), '6: bgpPeers[0].ttlSecurity: 255 is not a whole number from 0 to 254');
  });

  it('at a link-local address needs an interface', () => {
    const at = (address: string, ...lines: string[]): string =>
      peerWith(...lines)
        .replace('10.0.0.1\n', `"${address}"\n`)
        .replace('asn: 64512', 'asn: 64512, routerID: 10.0.0.11');
    assert.equal(onlyPeer(at('fe80::1%eth0')).device, 'eth0');
    assert.equal(onlyPeer(at('fe80::1', 'vrf: eth1')).device, 'eth1');
    refuses(
      at('fe80::1'),
      '5: bgpPeers[0].peerAddress: a link-local address needs its interface: "fe80::1%eth0", or vrf',
    );
    refuses(at('fe80::1%eth0', 'vrf: red'), '6: bgpPeers[0].vrf: is not the interface "eth0" of peerAddress');
    refuses(
      at('2001:db8::1%eth0'),
      '5: bgpPeers[0].peerAddress: "2001:db8::1%eth0" names an interface, which only link-local',
    );
    refuses(at('fe80::1%'), '5: bgpPeers[0].peerAddress: "" cannot be the name of an interface');
    refuses(at('fe80::1%a-name-of-16-chr'), '5: bgpPeers[0].peerAddress: "a-name-of-16-chr');
  });

  it('has a source address of its own family', () => {
    refuses(
      peerWith('sourceAddress: "2001:db8::2"'),
      '6: bgpPeers[0].sourceAddress: is not of the same family as peerAddress',
    );
  });

  it('announces the family of its transport unless told otherwise', () => {
    assert.deepEqual(onlyPeer(peerWith('dualStackAddressFamily: true')).families, ['ipv4', 'ipv6']);
    assert.deepEqual(onlyPeer(peerWith('families: [ipv6]')).families, ['ipv6']);
    refuses(peerWith('families: []'), '6: bgpPeers[0].families: names no family');
    refuses(peerWith('families: [ipv5]'), '6: bgpPeers[0].families[0]: "ipv5" is not known');
    refuses(
      peerWith('families: [ipv4]', 'dualStackAddressFamily: true'),
      '7: bgpPeers[0].dualStackAddressFamily: contradicts families',
    );
  });

  it('can be passive only where herald listens', () => {
    assert.equal(onlyPeer(peerWith('passive: true')).passive, true);
    refuses(
      'bgp: { asn: 1 }\nbgpPeers:\n  - { name: a, peerAddress: 10.0.0.1, peerASN: 2, passive: true }\n  - { name: b, peerRange: 10.0.0.0/8, peerASN: 2 }\n',
      '3: bgpPeers[0].passive: needs an address to listen on; set bgp.listen',
      '4: bgpPeers[1].peerRange: needs an address to listen on',
    );
  });

  it('warns of settings without effect', () => {
    assert.match(
      warningsOf(peerWith('gracefulRestart: { restartTime: 60s }')).join(),
      /^6: bgpPeers\[0\]\.gracefulRestart: of no effect without enableGracefulRestart/,
    );
    assert.match(warningsOf(peerWith('disableMP: true')).join(), /^6: bgpPeers\[0\]\.disableMP: of no effect/);
    refuses(
      peerWith('gracefulRestart: { restartTime: 4096s }'),
      '6: bgpPeers[0].gracefulRestart.restartTime: "4096s" is out of range; allowed: 0s to 4095s',
    );
  });
});

describe('BGP peers together', () => {
  const ipv6Peer = 'bgpPeers:\n  - { name: a, peerAddress: "2001:db8::1", peerASN: 1, myASN: 2 }\n';

  it('need a router ID when all of them are IPv6', () => {
    refuses(`bgp:\n  asn: 2\n${ipv6Peer}`, '2: bgp.routerID: is required when all peers are IPv6');
    refuses(ipv6Peer, '1: bgp.routerID: is required when all peers are IPv6');
    assert.equal(accepts(`bgp: { routerID: 10.0.0.1 }\n${ipv6Peer}`).bgp.routerId, 0x0a000001);
    accepts(`${ipv6Peer}  - { name: b, peerAddress: 10.0.0.1, peerASN: 1, myASN: 2 }\n`);
  });

  it('share one router ID, wherever it is set', () => {
    assert.equal(accepts(peerWith('routerID: 10.0.0.7')).bgp.routerId, 0x0a000007);
    refuses(
      `bgp: { routerID: 10.0.0.1 }\nbgpPeers:\n  - { name: a, peerAddress: 10.0.0.9, peerASN: 1, myASN: 2, routerID: 10.0.0.2 }\n`,
      '3: bgpPeers[0].routerID: differs from that of bgp.routerID',
    );
  });

  it('cannot have two sessions with one address, port and device', () => {
    const two = (second: string): string => `${peerWith()}  - { name: b, peerASN: 64501, ${second} }\n`;
    refuses(
      two('peerAddress: 10.0.0.1'),
      '6: bgpPeers[1].peerAddress: peer "tor-1" in line 3 has the same address 10.0.0.1, port 179 and device',
    );
    assert.equal(accepts(two('peerAddress: 10.0.0.1, peerPort: 180')).bgpPeers.length, 2);
    assert.equal(accepts(two('peerAddress: 10.0.0.1, vrf: red')).bgpPeers.length, 2);
  });

  it('of other nodes are checked, and left out', () => {
    const text = (node: string): string =>
      [
        `node: { name: ${node}, labels: { rack: r1 } }`,
        'bgp: { asn: 64512 }',
        'bgpPeers:',
        '  - name: r1',
        '    peerAddress: 10.0.0.1',
        '    peerASN: 64500',
        '    nodeSelectors: [{ matchLabels: { rack: r1 } }]',
        '  - name: node-b',
        '    peerAddress: 10.0.0.1',
        '    peerASN: 64500',
        '    nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: node-b, rack: r2 } }, { matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [node-b] }, { key: rack, operator: DoesNotExist }] }]',
        '',
      ].join('\n');
    assert.deepEqual(
      accepts(text('node-a')).bgpPeers.map(({ name }) => name),
      ['r1'],
    );
    assert.deepEqual(
      accepts(text('node-b').replace(', labels: { rack: r1 }', '')).bgpPeers.map(({ name }) => name),
      ['node-b'],
    );
    refuses(
      text('node-a').replace(
        '10.0.0.1\n    peerASN: 64500\n    nodeSelectors: [{ matchLabels: { k',
        'x\n    peerASN: 64500\n    nodeSelectors: [{ matchLabels: { k',
      ),
      '9: bgpPeers[1].peerAddress: ',
    );
  });

  it('need selectors that say what they mean', () => {
    refuses(
      peerWith(
        'nodeSelectors:',
        '  - matchExpressions:',
        '      - { key: a, operator: In }',
        '      - { key: a, operator: Exists, values: [b] }',
        '      - { operator: Within }',
      ),
      '8: bgpPeers[0].nodeSelectors[0].matchExpressions[0].values: In needs at least one value',
      '9: bgpPeers[0].nodeSelectors[0].matchExpressions[1].values: Exists takes no values',
      '10: bgpPeers[0].nodeSelectors[0].matchExpressions[2].key: is required',
      '10: bgpPeers[0].nodeSelectors[0].matchExpressions[2].operator: "Within" is not known',
    );
  });
});
