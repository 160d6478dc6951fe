// herald on real segments, judged by others' kernels and by arping. Sentences of MetalLB's own end-to-end tests are among
// these, as far as they are about the LAN.

import assert from 'node:assert/strict';
import { Lab, type Namespace } from '../netns.js';
import { eventually } from './eventually.js';
import { required } from './required.js';
import { firstOf, Host, knock, macOf, neighbourOf, whoHas } from './segment.js';

const lan = { l2Advertisements: [{ name: 'lan' }] };

describe('herald on one segment, alone', function () {
  this.timeout(60_000);
  const lab = (): Lab => labs[0]!;
  const labs: Lab[] = [];
  let node: Host;
  let client: Namespace;

  before(async function () {
    required(this, 'iproute2', 'iputils-arping', 'ndisc6');
    labs.push(new Lab());
    node = new Host(lab(), 'node-a');
    client = lab().namespace('c');
    const sw = lab().namespace('s');
    lab().bridge(sw, 'br0', [
      { namespace: node.namespace, device: 'eth0', addresses: ['10.0.0.11/24', '2001:db8::11/64'] },
      { namespace: client, device: 'eth0', addresses: ['10.0.0.1/24', '2001:db8::1/64'] },
    ]);
    lab().bridge(sw, 'br1', [
      { namespace: node.namespace, device: 'eth1', addresses: ['10.1.0.11/24'] },
      { namespace: client, device: 'eth1', addresses: ['10.1.0.1/24'] },
    ]);
    node.configure(lan);
    node.write({ name: 'web', addresses: ['10.0.0.100', '2001:db8::100'] });
    await node.herald.start();
  });

  after(async () => {
    if (node?.herald.running) await node.herald.stop();
    for (const one of labs) one.destroy();
  });

  const is = (...lines: readonly string[]): Promise<void> => node.settles((seen) => assert.deepEqual(seen, lines));

  it('is reachable: the service address is answered for with our MAC, on its segment alone', async () => {
    await is('10.0.0.100 eth0', '2001:db8::100 eth0');
    assert.deepEqual(whoHas(client, '10.0.0.100'), [node.mac()]);
    assert.deepEqual(whoHas(client, '10.0.0.100', 'eth1'), []);
    knock(client, '2001:db8::100');
    await eventually(
      () => neighbourOf(client, '2001:db8::100'),
      (mac) => assert.equal(mac, node.mac()),
    );
    assert.match(client.run('ndisc6', '-1', '-q', '2001:db8::100', 'eth0'), new RegExp(node.mac(), 'i'));
    const { counts } = JSON.parse(await node.herald.get('/v1/status'));
    assert.equal(counts.announcedLayer2, 1);
  });

  it('counts, per interface, what it was asked, answered and announced', async () => {
    const seen = await node.interface('eth0');
    assert.ok(seen);
    assert.deepEqual([seen.usable, seen.announced, seen.groups], [true, 2, 1]);
    for (const family of ['ipv4', 'ipv6'] as const)
      for (const key of ['requestsReceived', 'responsesSent', 'gratuitousSent'] as const)
        assert.ok(seen.counters[family][key] > 0, `${family} ${key}`);
  });

  it('says nothing about an address that is not in the table any more', async () => {
    node.write({ name: 'web', addresses: ['10.0.0.101'] });
    await is('10.0.0.101 eth0');
    assert.equal(firstOf(client, '10.0.0.101'), node.mac());
    assert.equal(firstOf(client, '10.0.0.100'), '');
  });

  it('answers on the interface that the advertisement names, with its MAC; the interface is changed, and the other answers', async () => {
    node.write({ name: 'web', addresses: ['203.0.113.1'] });
    await node.reconfigure({ l2Advertisements: [{ name: 'lan', interfaces: ['eth0'] }] });
    await is('203.0.113.1 eth0');
    assert.equal(firstOf(client, '203.0.113.1'), node.mac('eth0'));
    assert.equal(firstOf(client, '203.0.113.1', 'eth1'), '');
    await node.reconfigure({ l2Advertisements: [{ name: 'lan', interfaces: ['eth1'] }] });
    await is('203.0.113.1 eth1');
    assert.equal(firstOf(client, '203.0.113.1'), '');
    assert.equal(firstOf(client, '203.0.113.1', 'eth1'), node.mac('eth1'));
  });

  it('answers nowhere when the interface that is named does not exist, and says so', async () => {
    await node.reconfigure({ l2Advertisements: [{ name: 'lan', interfaces: ['eth9'] }] });
    await is('203.0.113.1  noInterface');
    assert.equal(firstOf(client, '203.0.113.1') + firstOf(client, '203.0.113.1', 'eth1'), '');
  });

  it('answers on both segments with an advertisement for each', async () => {
    await node.reconfigure({
      l2Advertisements: [
        { name: 'a', interfaces: ['eth0'] },
        { name: 'b', interfaces: ['eth1'] },
      ],
    });
    await is('203.0.113.1 eth0', '203.0.113.1 eth1');
    assert.equal(firstOf(client, '203.0.113.1'), node.mac('eth0'));
    assert.equal(firstOf(client, '203.0.113.1', 'eth1'), node.mac('eth1'));
  });

  it('allocates and does not announce a service of a pool without an advertisement, and its status says so', async () => {
    await node.reconfigure({
      addressPools: [
        { name: 'inner', addresses: ['10.0.0.0/24'] },
        { name: 'outer', addresses: ['203.0.113.0/24'] },
      ],
      l2Advertisements: [{ name: 'lan', ipAddressPools: ['inner'] }],
    });
    await is('203.0.113.1  noMatchingAdvertisement');
    assert.equal(firstOf(client, '203.0.113.1'), '');
  });

  it('announces what a pool gives, and while a service moves to another pool both its addresses', async () => {
    const pool = (addresses: string) => ({ ...lan, addressPools: [{ name: 'inner', addresses: [addresses] }] });
    await node.reconfigure(pool('10.0.0.200-10.0.0.201'));
    node.write({ name: 'auto', addressPool: 'inner' });
    await is('10.0.0.200 eth0');
    assert.equal(firstOf(client, '10.0.0.200'), node.mac());
    await node.reconfigure({ ...pool('10.0.0.210-10.0.0.211'), allocation: { overlap: '2s' } });
    await is('10.0.0.200 eth0', '10.0.0.210 eth0');
    await is('10.0.0.210 eth0');
    assert.equal(firstOf(client, '10.0.0.210'), node.mac());
    assert.equal(firstOf(client, '10.0.0.200'), '');
  });

  describe('and an interface', () => {
    before(async () => {
      await node.reconfigure(lan);
      node.write({ name: 'web', addresses: ['10.0.0.100', '10.2.0.100'] });
    });

    it('that comes late is served as it comes', async () => {
      await is('10.0.0.100 eth0', '10.2.0.100 eth0', '10.2.0.100 eth1');
      lab().connect(
        { namespace: node.namespace, device: 'eth2', addresses: ['10.2.0.11/24'] },
        { namespace: client, device: 'eth2', addresses: ['10.2.0.1/24'] },
      );
      await is('10.0.0.100 eth0', '10.2.0.100 eth2');
      assert.equal(firstOf(client, '10.2.0.100', 'eth2'), node.mac('eth2'));
    });

    it('that loses its carrier and gets it back announces everything again', async () => {
      const sent = async (): Promise<number> => (await node.interface('eth2'))?.counters.ipv4.gratuitousSent ?? 0;
      client.ip('link set eth2 down');
      await is('10.0.0.100 eth0', '10.2.0.100 eth2 noCarrier');
      client.ip('link set eth2 up');
      await is('10.0.0.100 eth0', '10.2.0.100 eth2');
      await eventually(sent, (count) => assert.ok(count >= 2));
      assert.equal(firstOf(client, '10.2.0.100', 'eth2'), node.mac('eth2'));
    });

    it('that is set down stops, and says why', async () => {
      node.namespace.ip('link set eth2 down');
      await is('10.0.0.100 eth0', '10.2.0.100 eth2 interfaceDown');
      node.namespace.ip('link set eth2 up');
      await is('10.0.0.100 eth0', '10.2.0.100 eth2');
    });

    it('that changes its MAC tells it to those who know the old one', async () => {
      knock(client, '10.2.0.100');
      await eventually(
        () => neighbourOf(client, '10.2.0.100', 'eth2'),
        (mac) => assert.equal(mac, node.mac('eth2')),
      );
      node.namespace.ip('link set eth2 address 02:aa:bb:cc:dd:ee');
      await eventually(
        () => neighbourOf(client, '10.2.0.100', 'eth2'),
        (mac) => assert.equal(mac, '02:aa:bb:cc:dd:ee'),
      );
    });

    it('that is renamed goes on under its new name', async () => {
      node.namespace.ip('link set eth2 down', 'link set eth2 name lan7', 'link set lan7 up');
      await is('10.0.0.100 eth0', '10.2.0.100 lan7');
      assert.equal(firstOf(client, '10.2.0.100', 'eth2'), '02:aa:bb:cc:dd:ee');
    });

    it('that is removed and made anew is another one of the same name', async () => {
      node.namespace.ip('link delete lan7');
      await is('10.0.0.100 eth0', '10.2.0.100 eth0', '10.2.0.100 eth1');
      lab().connect(
        { namespace: node.namespace, device: 'lan7', addresses: ['10.2.0.11/24'] },
        { namespace: client, device: 'eth2', addresses: ['10.2.0.1/24'] },
      );
      await is('10.0.0.100 eth0', '10.2.0.100 lan7');
      assert.equal(firstOf(client, '10.2.0.100', 'eth2'), node.mac('lan7'));
    });

    it('that is enslaved to a bridge hands over to the bridge', async () => {
      node.namespace.ip('link add br7 type bridge', 'link set lan7 master br7', 'link set br7 up');
      node.namespace.ip('address del 10.2.0.11/24 dev lan7', 'address add 10.2.0.11/24 dev br7');
      await is('10.0.0.100 eth0', '10.2.0.100 br7');
      assert.equal((await node.interface('lan7'))?.reason, 'bridgeOrBondMember');
      await eventually(
        () => firstOf(client, '10.2.0.100', 'eth2'),
        (mac) => assert.equal(mac, node.mac('br7')),
      );
      node.namespace.ip('link delete br7', 'link delete lan7');
    });

    it('that is a macvlan is served with its own MAC, and only that', async () => {
      node.namespace.ip(
        'link add mv0 link eth1 type macvlan mode bridge',
        'address add 10.3.0.11/24 dev mv0',
        'link set mv0 up',
      );
      node.write({ name: 'web', addresses: ['10.3.0.100'] });
      await is('10.3.0.100 mv0');
      client.ip('address add 10.3.0.1/24 dev eth1');
      assert.deepEqual(whoHas(client, '10.3.0.100', 'eth1'), [node.mac('mv0')]);
      node.namespace.ip('link delete mv0');
    });
  });

  describe('and another host with the same address', () => {
    let thief: Namespace;

    before(async () => {
      thief = lab().namespace('t');
      const sw = lab().namespace('u');
      lab().bridge(sw, 'br0', [
        { namespace: node.namespace, device: 'eth3', addresses: ['10.4.0.11/24', '2001:db8:4::11/64'] },
        { namespace: thief, device: 'eth0', addresses: ['10.4.0.66/24', '2001:db8:4::66/64'] },
      ]);
      await node.reconfigure(lan);
      node.write({ name: 'web', addresses: ['10.4.0.100', '2001:db8:4::100'] });
      await is('10.4.0.100 eth3', '2001:db8:4::100 eth3');
    });

    it('notices, says who it is, and goes on', async () => {
      thief.ip('address add 10.4.0.100/24 dev eth0');
      thief.run('arping', '-U', '-c', '1', '-I', 'eth0', '10.4.0.100');
      await is('10.4.0.100 eth3 conflict', '2001:db8:4::100 eth3');
      const conflicts = (await node.interface('eth3'))?.conflicts ?? [];
      assert.deepEqual(
        conflicts.map(({ address, mac }) => ({ address, mac })),
        [{ address: '10.4.0.100', mac: macOf(thief, 'eth0') }],
      );
      assert.match(node.herald.log, /"event":"addressConflict".*10\.4\.0\.100/);
    });

    it('lets duplicate address detection of the other fail for IPv6: the address is taken', async () => {
      const settings = ['all', 'eth0'].map((key) => `echo 1 >/proc/sys/net/ipv6/conf/${key}/accept_dad`);
      thief.run('sh', '-c', settings.join(';'));
      thief.ip('address add 2001:db8:4::100/64 dev eth0');
      await eventually(
        () => thief.run('ip', '-6', 'address', 'show', 'dev', 'eth0'),
        (seen) => assert.match(seen, /2001:db8:4::100\/64.*dadfailed/),
      );
    });

    it('with onConflict: refuse asks first, and does not announce what somebody has', async () => {
      await node.reconfigure({ l2Advertisements: [{ name: 'lan', onConflict: 'refuse' }] });
      node.write({ name: 'web', addresses: ['10.4.0.200'] }, { name: 'taken', addresses: ['10.4.0.201'] });
      thief.ip('address add 10.4.0.201/24 dev eth0');
      await eventually(
        () => node.announcements(),
        (seen) =>
          assert.deepEqual(seen.map(({ prefix, state, reason }) => [prefix, state, reason]).sort(), [
            ['10.4.0.200/32', 'announced', ''],
            ['10.4.0.201/32', 'withheld', 'conflict'],
          ]),
        15_000,
      );
      assert.equal(firstOf(thief, '10.4.0.200'), node.mac('eth3'));
    });
  });

  describe('and a neighbour that it tracks', () => {
    it('announces only while the neighbour answers on the interface', async () => {
      // Linux answers on any interface for any of its addresses.
      client.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; ip neighbour flush all');
      const track = { ping: '10.0.0.1', interval: '100ms', fall: 2, rise: 1 };
      const interfaces = ['eth0', 'eth1'];
      node.write({ name: 'web', addresses: ['203.0.113.1'] });
      await node.reconfigure({ l2Advertisements: [{ name: 'lan', interfaces, track }] });
      await is('203.0.113.1 eth0', '203.0.113.1 eth1 neighbourUnreachable');
      assert.equal(firstOf(client, '203.0.113.1'), node.mac());
      client.ip('address del 10.0.0.1/24 dev eth0');
      await is('203.0.113.1 eth0 neighbourUnreachable', '203.0.113.1 eth1 neighbourUnreachable');
      assert.deepEqual((await node.interface('eth0'))?.tracks, [
        { address: '10.0.0.1', reachable: false, problem: '' },
      ]);
      client.ip('address add 10.0.0.1/24 dev eth0');
      await is('203.0.113.1 eth0', '203.0.113.1 eth1 neighbourUnreachable');
    });
  });

  describe('and addresses that the host is to have', () => {
    const managing = { ...lan, hostAddresses: { manage: true } };
    const onLo = (): readonly string[] =>
      Array.from(
        node.namespace.run('ip', '-o', 'address', 'show', 'dev', 'lo').matchAll(/inet6? (\S+)/g),
        ([, it = '']) => it,
      )
        .filter((it) => !it.startsWith('127.') && it !== '::1/128')
        .sort();
    const has = (...addresses: readonly string[]): Promise<unknown> =>
      eventually(onLo, (seen) => assert.deepEqual(seen, addresses));

    before(() => node.write({ name: 'web', addresses: ['10.0.0.100', '2001:db8::100'] }));

    it('puts no IPv4 there while the kernel of every such host would answer for it, and says what to set', async () => {
      await node.reconfigure(managing);
      await has('2001:db8::100/128');
      const { layer2 } = JSON.parse(await node.herald.get('/v1/status'));
      assert.match(layer2.problems.join(), /arp_ignore is 0 for eth0.*sysctl -w net\.ipv4\.conf\.eth0\.arp_ignore=1/);
      await node.reconfigure(lan);
      await has();
    });

    it('puts them there while they are announced, so that the service can be spoken to', async () => {
      const settings = ['arp_ignore 1', 'arp_announce 2'].map((one) => one.split(' '));
      for (const [key, value] of settings)
        node.namespace.run('sh', '-c', `echo ${value} >/proc/sys/net/ipv4/conf/all/${key}`);
      node.namespace.ip('address add 198.51.100.1/32 dev lo');
      await node.reconfigure(managing);
      await has('10.0.0.100/32', '198.51.100.1/32', '2001:db8::100/128');
      node.write({ name: 'web', addresses: ['10.0.0.101'] });
      await has('10.0.0.101/32', '198.51.100.1/32');
    });

    it('after it was killed, keeps those that are still wanted and removes the others at its next start', async () => {
      await node.herald.kill();
      await has('10.0.0.101/32', '198.51.100.1/32');
      node.write({ name: 'web', addresses: ['10.0.0.101'] }, { name: 'more', addresses: ['10.0.0.102'] });
      await node.herald.start();
      await has('10.0.0.101/32', '10.0.0.102/32', '198.51.100.1/32');
      await node.herald.kill();
      await node.configure(lan);
      await node.herald.start();
      await has('198.51.100.1/32');
    });

    it('has removed them, and answers for none, when a drain is over; an undrain puts them back', async () => {
      await node.reconfigure(managing);
      await is('10.0.0.101 eth0', '10.0.0.102 eth0');
      assert.equal(firstOf(client, '10.0.0.101'), node.mac());
      await has('10.0.0.101/32', '10.0.0.102/32', '198.51.100.1/32');
      await node.herald.post('/v1/drain', { for: '0s' });
      assert.deepEqual(onLo(), ['198.51.100.1/32']);
      assert.equal(firstOf(client, '10.0.0.101'), '');
      await is('10.0.0.101 eth0 drained', '10.0.0.102 eth0 drained');
      await node.herald.post('/v1/undrain', undefined);
      await has('10.0.0.101/32', '10.0.0.102/32', '198.51.100.1/32');
      await is('10.0.0.101 eth0', '10.0.0.102 eth0');
      assert.equal(firstOf(client, '10.0.0.101'), node.mac());
    });

    it("removes them when it stops, and touches nobody else's", async () => {
      await node.reconfigure(managing);
      await has('10.0.0.101/32', '10.0.0.102/32', '198.51.100.1/32');
      await node.herald.stop();
      await has('198.51.100.1/32');
      await node.herald.start();
    });
  });

  describe('when it is stopped', () => {
    it('stops answering before it ends', async () => {
      await node.reconfigure(lan);
      node.write({ name: 'web', addresses: ['10.0.0.100'] });
      await is('10.0.0.100 eth0');
      assert.equal(await node.herald.stop(), 0);
      assert.equal(firstOf(client, '10.0.0.100'), '');
    });
  });
});

describe('Three heralds on one segment, with an election', function () {
  this.timeout(60_000);
  let lab: Lab;
  let client: Namespace;
  let hosts: readonly Host[] = [];
  const addresses = Array.from({ length: 6 }, (_, n) => `10.0.0.${100 + n}`);
  const names = ['node-a', 'node-b', 'node-c'];
  const election = { members: names.map((name) => ({ name, labels: { rack: `rack-${name.slice(-1)}` } })) };
  const config = { ...lan, election };
  const services = addresses.map((address) => ({ name: `s${address.slice(-3)}`, addresses: [address] }));

  const configure = async (change: Readonly<Record<string, unknown>>): Promise<void> => {
    for (const host of hosts)
      await host.reconfigure({ ...change, node: { name: host.name, labels: { rack: `rack-${host.name.slice(-1)}` } } });
  };

  /** Whose status says that it announces the address. */
  const owners = async (address: string): Promise<readonly Host[]> => {
    const saying: Host[] = [];
    for (const host of hosts)
      if (host.herald.running)
        for (const { prefix, state } of await host.announcements())
          if (prefix === `${address}/32` && state === 'announced') saying.push(host);
    return saying;
  };

  const owner = async (address: string): Promise<Host> =>
    (
      await eventually(
        () => owners(address),
        (seen) => assert.equal(seen.length, 1, `${seen.map(({ name }) => name).join(' ')} announce ${address}`),
      )
    )[0]!;

  const owns = (host: Host, address: string): Promise<unknown> =>
    eventually(
      () => owners(address),
      (seen) =>
        assert.deepEqual(
          seen.map(({ name }) => name),
          [host.name],
        ),
    );

  before(async function () {
    required(this, 'iproute2', 'iputils-arping');
    lab = new Lab();
    client = lab.namespace('c');
    hosts = names.map((name) => new Host(lab, name));
    lab.bridge(lab.namespace('s'), 'br0', [
      { namespace: client, device: 'eth0', addresses: ['10.0.0.1/24'] },
      ...hosts.map(({ namespace }, i) => ({ namespace, device: 'eth0', addresses: [`10.0.0.${11 + i}/24`] })),
    ]);
    await Promise.all(
      hosts.map(async (host) => {
        host.configure({ ...config, node: { name: host.name, labels: { rack: `rack-${host.name.slice(-1)}` } } });
        host.write(...services);
        await host.herald.start();
      }),
    );
  });

  after(async () => {
    for (const { herald } of hosts) if (herald.running) await herald.stop();
    lab?.destroy();
  });

  it('exactly one answers for each address: the one that says so, and the others say notOwner', async () => {
    for (const address of addresses) {
      const winner = await owner(address);
      assert.deepEqual(whoHas(client, address), [winner.mac()], address);
      for (const host of hosts) {
        const said = (await host.announcements()).find(({ prefix }) => prefix === `${address}/32`);
        assert.equal(said?.reason, host === winner ? '' : 'notOwner');
      }
    }
  });

  it('an address that several services share is announced by one node for all of them', async () => {
    for (const host of hosts)
      host.write(
        { name: 'web', addresses: ['10.0.0.150'], allowSharedIP: 'k', ports: [{ protocol: 'TCP', port: 80 }] },
        { name: 'dns', addresses: ['10.0.0.150'], allowSharedIP: 'k', ports: [{ protocol: 'UDP', port: 53 }] },
      );
    await eventually(
      () => owners('10.0.0.150'),
      (seen) => assert.ok(seen.length === 2 && seen[0] === seen[1], `${seen.length}`),
    );
    for (const host of hosts) host.write(...services);
  });

  it('when the owner is gone the next takes over and tells everybody; when it is back it has its address again', async () => {
    const [address = ''] = addresses;
    const first = await owner(address);
    knock(client, address);
    await eventually(
      () => neighbourOf(client, address),
      (mac) => assert.equal(mac, first.mac()),
    );
    await first.herald.stop();
    const alive = (is: boolean): Promise<unknown> =>
      Promise.all(
        hosts
          .filter((host) => host.herald.running)
          .map((host) => host.herald.post(`/v1/members/${first.name}`, { alive: is })),
      );
    await alive(false);
    const second = await owner(address);
    assert.notEqual(second, first);
    // The client did not ask: it was told.
    await eventually(
      () => neighbourOf(client, address),
      (mac) => assert.equal(mac, second.mac()),
    );
    await first.herald.start();
    await alive(true);
    await owns(first, address);
    await eventually(
      () => neighbourOf(client, address),
      (mac) => assert.equal(mac, first.mac()),
    );
    assert.deepEqual(whoHas(client, address), [first.mac()]);
  });

  it('the node that an advertisement selects announces, one after the other', async () => {
    for (const host of hosts) {
      const rack = `rack-${host.name.slice(-1)}`;
      await configure({ ...config, l2Advertisements: [{ name: 'lan', nodeSelectors: [{ matchLabels: { rack } }] }] });
      for (const address of addresses.slice(0, 2)) await owns(host, address);
      assert.deepEqual(whoHas(client, addresses[0]!), [host.mac()]);
    }
    await configure(config);
  });

  it('with externalTrafficPolicy: Local the announcing node is one that has an endpoint', async () => {
    for (const host of hosts) {
      const endpoints = [{ node: host.name }];
      for (const each of hosts)
        each.write({ name: 'web', addresses: ['10.0.0.160'], externalTrafficPolicy: 'Local', endpoints });
      await owns(host, '10.0.0.160');
    }
    for (const host of hosts) host.write(...services);
  });
});

describe('One service over BGP and on the LAN', function () {
  this.timeout(60_000);
  let lab: Lab;
  let node: Host;
  let router: Host;
  const bgp = {
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: [{ name: 'router', peerAddress: '10.0.0.1', peerASN: 64500, connectTime: '1s' }],
  };

  before(async function () {
    required(this, 'iproute2', 'iputils-arping');
    lab = new Lab();
    node = new Host(lab, 'node-a');
    router = new Host(lab, 'router');
    lab.connect(
      { namespace: node.namespace, device: 'eth0', addresses: ['10.0.0.11/24'] },
      { namespace: router.namespace, device: 'eth0', addresses: ['10.0.0.1/24'] },
    );
    router.configure({
      bgp: { asn: 64500, routerID: '10.0.0.1', listen: ['10.0.0.1:179'] },
      bgpPeers: [{ name: 'node', peerAddress: '10.0.0.11', peerASN: 64512, passive: true }],
      bgpAdvertisements: [],
    });
    router.write();
    node.configure({ ...bgp, ...lan });
    node.write({ name: 'web', addresses: ['10.0.0.100'] });
    await Promise.all([node.herald.start(), router.herald.start()]);
  });

  after(async () => {
    for (const host of [node, router]) if (host?.herald.running) await host.herald.stop();
    lab?.destroy();
  });

  const told = (count: number): Promise<unknown> =>
    eventually(
      () => router.herald.peer('node'),
      ({ receivedPrefixes }) => assert.equal(receivedPrefixes, count),
    );

  it('is said both ways', async () => {
    await told(1);
    await eventually(
      () => firstOf(router.namespace, '10.0.0.100'),
      (mac) => assert.equal(mac, node.mac()),
    );
  });

  it('loses the LAN when its advertisement goes, and BGP does not notice', async () => {
    await node.reconfigure(bgp);
    assert.equal(firstOf(router.namespace, '10.0.0.100'), '');
    await told(1);
    assert.equal((await node.herald.peer('router')).flaps, 0);
    assert.deepEqual(JSON.parse(await node.herald.get('/v1/interfaces')), { interfaces: [] });
    await node.reconfigure({ ...bgp, ...lan });
    await eventually(
      () => firstOf(router.namespace, '10.0.0.100'),
      (mac) => assert.equal(mac, node.mac()),
    );
    assert.equal((await node.herald.peer('router')).flaps, 0);
  });
});

describe('Without CAP_NET_RAW', function () {
  this.timeout(60_000);
  let lab: Lab;
  let node: Host;

  before(async function () {
    required(this, 'iproute2');
    lab = new Lab();
    node = new Host(lab, 'node-a');
    lab.connect(
      { namespace: node.namespace, device: 'eth0', addresses: ['10.0.0.11/24'] },
      { namespace: lab.namespace('c'), device: 'eth0' },
    );
    node.configure(lan);
    node.write({ name: 'web', addresses: ['10.0.0.100'] });
    await node.herald.start('setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw', '--');
  });

  after(async () => {
    if (node?.herald.running) await node.herald.stop();
    lab?.destroy();
  });

  it('nothing is announced on the LAN, status and log name the capability and how to grant it, and herald runs on', async () => {
    await node.settles((seen) => assert.deepEqual(seen, ['10.0.0.100 eth0 interfaceFailed']));
    const { ready, layer2 } = JSON.parse(await node.herald.get('/v1/status'));
    assert.equal(ready, false);
    assert.match(layer2.problems.join(), /eth0 needs CAP_NET_RAW.*AmbientCapabilities=CAP_NET_RAW/);
    assert.match(node.herald.log, /interfaceFailed.*CAP_NET_RAW/);
  });
});
