import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../src/net/address.js';
import { eventually } from '../interop/eventually.js';
import { required } from '../interop/required.js';
import { Lab, type Namespace } from '../netns.js';
import { Host, type Interface, interfaceOf, Segment, scapy } from './segment.js';

/** More than one socket has room for by default, and more than the kernel is asked to hold. */
const count = 2400;
const addressAt = (number: number): string =>
  formatAddress({ ...parseAddress('2001:db8::')!, words: [0x20010db8, 0, 0, 0x00050000 + number] });
const addresses = Array.from({ length: count }, (_, number) => addressAt(number));
const stranger = addressAt(count);

describe('The responder behind a switch that snoops MLD (skipped without root)', function () {
  this.timeout(60_000);
  let lab: Lab;
  let here: Namespace;
  let there: Namespace;
  let between: Namespace;
  let host: Host;
  let eth0: Interface;

  /** The groups that the switch forwards to our port. */
  const forwarded = (): readonly string[] =>
    between
      .run('bridge', 'mdb', 'show', 'dev', 'br0')
      .split('\n')
      .flatMap((line) => /port br0p0 grp (ff02::1:ff0\d:\S+)/.exec(line)?.[1] ?? []);
  const isFound = (address: string): boolean =>
    there.run('sh', '-c', `ndisc6 -r 1 -w 500 ${address} eth0; true`).includes(eth0.mac.toUpperCase());

  /** How many solicitations for an address of nobody reach us. */
  const solicitsInVain = async (): Promise<number> => {
    const before = await host.counters(eth0.index);
    assert.ok(!isFound(stranger));
    return (await host.counters(eth0.index)).ipv6.dropped.announceIP - before.ipv6.dropped.announceIP;
  };

  before(async function () {
    required(this, 'iproute2', 'ndisc6');
    lab = new Lab();
    here = lab.namespace('responder');
    there = lab.namespace('neighbour');
    between = lab.namespace('switch');
    lab.bridge(between, 'br0', [
      { namespace: here, device: 'eth0' },
      { namespace: there, device: 'eth0', addresses: ['2001:db8::1/64'] },
    ]);
    const switching =
      'mcast_mld_version 2 mcast_hash_max 8192 mcast_last_member_interval 10 mcast_query_response_interval 100 mcast_startup_query_interval 50';
    between.ip('link set br0 down', `link set br0 type bridge mcast_snooping 1 ${switching}`, 'link set br0 up');
    // A query without a link-local address to send it from is lost, and the next comes after two minutes.
    await eventually(
      () => between.run('ip', '-6', 'address', 'show', 'dev', 'br0', 'scope', 'link', '-tentative'),
      (shown) => assert.match(shown, /inet6 fe80:/),
    );
    between.ip('link set br0 type bridge mcast_querier 1');
    eth0 = interfaceOf(here, 'eth0');
    host = await Host.start(here);
    await host.tell({ open: eth0 });
    // A bridge forwards everything until it has asked and waited.
    await eventually(solicitsInVain, (strayed) => assert.equal(strayed, 0));
  });

  after(() => {
    host?.kill();
    lab?.destroy();
  });

  it('is a member of the group of every address, so that solicitations get through, and of no other', async () => {
    await host.tell({ answerFor: addresses, index: eth0.index });
    await eventually(forwarded, (seen) => assert.equal(seen.length, count));
    assert.equal((await host.counters(eth0.index)).groups, count);
    for (const address of [addresses[0]!, addresses[count / 2]!, addresses.at(-1)!])
      assert.ok(isFound(address), address);
    assert.equal(await solicitsInVain(), 0);
  });

  it('shares a group among addresses, and leaves it with the last of them', async () => {
    const [one, two] = ['2001:db8::7:5', '2001:db8:0:1::7:5'] as const;
    await host.tell({ answerFor: [one, two], index: eth0.index });
    await eventually(forwarded, (seen) => assert.deepEqual(seen, ['ff02::1:ff07:5']));
    await host.tell({ answerFor: [two], index: eth0.index });
    assert.equal((await host.counters(eth0.index)).groups, 1);
    await host.tell({ answerFor: [], index: eth0.index });
    await eventually(forwarded, (seen) => assert.deepEqual(seen, []));
  });

  it('leaves all groups when the interface is closed', async () => {
    await host.tell({ answerFor: addresses.slice(0, 300), index: eth0.index });
    await eventually(forwarded, (seen) => assert.equal(seen.length, 300));
    await host.tell({ close: eth0.index });
    await eventually(forwarded, (seen) => assert.deepEqual(seen, []));
  });
});

describe('The memberships that the responder reports itself (skipped without root)', function () {
  this.timeout(60_000);
  let segment: Segment;
  let host: Host;
  /** The kernel has taken the others. */
  const own = addresses.slice(64, 68);

  before(async function () {
    required(this, 'iproute2', 'python3-scapy', 'tcpdump');
    segment = new Segment();
    host = await Host.start(segment.here);
    const { index, mac } = segment;
    await host.tell({ open: { index, mac } }, { answerFor: addresses.slice(0, 68), index });
    await eventually(
      () => host.counters(index),
      ({ groups }) => assert.equal(groups, 68),
    );
  });

  after(() => {
    host?.kill();
    segment?.lab.destroy();
  });

  const group = (address: string): string => address.replace('2001:db8::5:', 'ff02::1:ff05:');
  const query = (fields: string, to = 'ff02::1'): string =>
    `Ether(src=there)/IPv6(src="fe80::1", dst="${to}", hlim=1)/IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)])/${fields}`;
  /** What is heard after `frame` and kept, until there are `wanted` frames. */
  const reported = (frame: string, keep: string, show: string, wanted = 0): unknown =>
    scapy(
      segment.there,
      `
here, there = "${segment.mac}", "${interfaceOf(segment.there, 'eth0').mac}"
own = ${JSON.stringify(own.map(group))}
ours = lambda p: p.src == here and IPv6ExtHdrHopByHop in p
sums = lambda p, layer: (p[layer].cksum, setattr(p[layer], "cksum", None), IPv6(raw(p[IPv6]))[layer].cksum)
frames = heard(lambda: sendp(${frame}), lambda p: ours(p) and (${keep}), ${wanted === 0 ? 1 : 5}, ${wanted})
out(${show})`,
    );

  it('answer a general query, with what RFC 3810 wants around it', () => {
    const seen = reported(
      query('ICMPv6MLQuery2(mrd=100)'),
      'ICMPv6MLReport2 in p and any(r.dst in own and r.rtype == 2 for r in records(p))',
      `sorted([r.dst, r.rtype, p.hlim, p[IPv6].dst, p[IPv6].src[:4], p[RouterAlert].value, c[0] == c[2]]
        for p in frames for told in [list(records(p))] for c in [sums(p, ICMPv6MLReport2)] for r in told if r.dst in own)`,
      1,
    );
    assert.deepEqual(
      seen,
      own.map((address) => [group(address), 2, 1, 'ff02::16', 'fe80', 0, true]),
    );
  });

  it('answer a query for one group, and none for a group that is not theirs', () => {
    const [first] = own.map(group);
    const seen = reported(
      `[${query(`ICMPv6MLQuery2(mrd=0, mladdr="${group(stranger)}")`)}, ${query(`ICMPv6MLQuery2(mrd=10, mladdr="${first}")`, first)}]`,
      'ICMPv6MLReport2 in p',
      '[[r.dst, r.rtype] for p in frames for r in records(p)]',
      1,
    );
    assert.deepEqual(seen, [[first, 2]]);
  });

  it('answer no query from afar', () => {
    const seen = reported(
      `[${query('ICMPv6MLQuery2(mrd=10)').replace('fe80::1', '2001:db8::1')}, ${query('ICMPv6MLQuery2(mrd=10)').replace('hlim=1', 'hlim=2')}]`,
      'ICMPv6MLReport2 in p',
      '[r.dst for p in frames for r in records(p) if r.dst in own]',
    );
    assert.deepEqual(seen, []);
  });

  it('are said again when an address is announced, as after the link was away', async () => {
    const said = segment.there.spawn([
      '/usr/bin/tcpdump',
      ...'-i eth0 -nn -v -c 1 --immediate-mode -l'.split(' '),
      'ip6[6] == 0 and ip6[48] == 143 and ip6[56] == 4',
    ]);
    await eventually(
      () => said.log,
      (log) => assert.match(log, /listening/),
    );
    await host.tell({ announce: [own[0]!], index: segment.index });
    assert.equal(await said.exited, 0, said.log);
    assert.match(said.log, /to_ex/);
  });

  it('speak the first version while there is a querier of it', () => {
    const seen = reported(
      query('ICMPv6MLQuery(mrd=100)'),
      'ICMPv6MLReport in p and p.mladdr in own',
      'sorted([p.mladdr, p[IPv6].dst] for p in frames)',
      own.length,
    );
    assert.deepEqual(
      seen,
      own.map((address) => [group(address), group(address)]),
    );
  });
});
