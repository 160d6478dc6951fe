import assert from 'node:assert/strict';
import { chooser, matcher, outOfService, segments, unsuitable } from '../../src/l2/interfaces.js';
import type { Link } from '../../src/l2/link.js';
import { address, link } from './given.js';

const excluded = matcher(['docker*', 'lo', 'veth*']);
const nothing = matcher([]);

const chosen = (interfaces: readonly string[], links: readonly Link[], text: string): string =>
  chooser(
    interfaces,
    segments(links, excluded),
  )(address(text))
    .map(({ name }) => name)
    .join(' ');

describe('an interface', () => {
  it('is matched by its name and by globs, from end to end', () => {
    const matches = matcher(['eth0', 'bond?', 'en*.10', 'a+b', 'x.y*']);
    for (const name of ['eth0', 'bond1', 'enp3s0.10', 'en.10', 'a+b', 'x.y']) assert.ok(matches(name), name);
    for (const name of ['eth01', 'seth0', 'bond', 'bond10', 'enp3s0.100', 'enp3s0x10', 'aab', 'xzy', ''])
      assert.ok(!matches(name), name);
  });

  for (const [why, one] of [
    ['loopback', link(1, 'lo', { isLoopback: true })],
    ['excluded', link(2, 'docker0')],
    ['notBroadcast', link(3, 'ppp0', { isBroadcast: false })],
    ['noArp', link(4, 'dummy0', { isNoArp: true })],
    ['noEthernetAddress', link(5, 'ib0', { mac: undefined })],
    ['bridgeOrBondMember', link(6, 'eth1', { master: 60 })],
    ['bridgeOrBondMember', link(7, 'eth2', { master: 70 })],
    [undefined, link(8, 'eth3', { master: 80 })],
    [undefined, link(60, 'br0', { kind: 'bridge' })],
    [undefined, link(9, 'eth4', { isUp: false, hasCarrier: false })],
  ] as const) {
    it(`${one.name} is ${why === undefined ? 'fit' : `unfit: ${why}`}`, () => {
      const others = [
        link(60, 'br0', { kind: 'bridge' }),
        link(70, 'bond0', { kind: 'bond' }),
        link(80, 'vrf-blue', { kind: 'vrf' }),
      ];
      assert.equal(unsuitable(one, [...others, one], excluded), why);
    });
  }

  it('is out of service while it is down or has no carrier', () => {
    assert.equal(outOfService(link(1, 'eth0', { isUp: false })), 'interfaceDown');
    assert.equal(outOfService(link(1, 'eth0', { hasCarrier: false })), 'noCarrier');
    assert.equal(outOfService(link(1, 'eth0')), undefined);
  });
});

describe('an address that no interface was named for', () => {
  const lan = link(1, 'eth0', { addresses: ['10.0.0.11/24', '2001:db8::11/64', '198.51.100.7/32'] });
  const storage = link(2, 'eth1', { addresses: ['10.1.0.11/24'] });
  const container = link(3, 'docker0', { addresses: ['172.17.0.1/16'] });

  it('is for the interfaces whose subnet holds it', () => {
    assert.equal(chosen([], [lan, storage], '10.0.0.100'), 'eth0');
    assert.equal(chosen([], [lan, storage], '10.1.0.100'), 'eth1');
    assert.equal(chosen([], [lan, storage], '2001:db8::100'), 'eth0');
    assert.equal(chosen([], [lan, { ...storage, addresses: lan.addresses }], '10.0.0.100'), 'eth0 eth1');
  });

  it('is for every fit one where no subnet holds it; an address with a host prefix is no subnet', () => {
    assert.equal(chosen([], [lan, storage, container], '203.0.113.1'), 'eth0 eth1');
    assert.equal(chosen([], [lan, storage], '198.51.100.7'), 'eth0 eth1');
    assert.equal(chosen([], [lan, storage], '2001:db8:f::1'), 'eth0 eth1');
    assert.equal(chosen([], [lan, storage, container], '172.17.0.9'), 'eth0 eth1');
  });

  it('does not wander to another segment while its own is down', () => {
    assert.equal(chosen([], [{ ...lan, isUp: false, hasCarrier: false }, storage], '10.0.0.100'), 'eth0');
  });
});

describe('an address with interfaces named for it', () => {
  const links = [link(1, 'eth0', { addresses: ['10.0.0.11/24'] }), link(2, 'eth1'), link(3, 'veth7'), link(4, 'veth8')];

  it('is for those, whatever their subnets', () => {
    assert.equal(chosen(['eth1'], links, '10.0.0.100'), 'eth1');
    assert.equal(chosen(['eth*'], links, '203.0.113.1'), 'eth0 eth1');
    assert.equal(chosen(['eth9'], links, '10.0.0.100'), '');
  });

  it('reaches an excluded one by its name, and not by a glob', () => {
    assert.equal(chosen(['veth7', 'eth0'], links, '10.0.0.100'), 'eth0 veth7');
    assert.equal(chosen(['*'], links, '10.0.0.100'), 'eth0 eth1');
  });

  it('reaches nothing that cannot do ARP, however it is named', () => {
    assert.equal(segments([link(1, 'lo', { isLoopback: true })], nothing).length, 0);
    assert.equal(chosen(['veth7'], [link(3, 'veth7', { isNoArp: true })], '10.0.0.100'), '');
  });
});
