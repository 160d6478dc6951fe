import assert from 'node:assert/strict';
import type { DropReason } from '../../src/l2/responder.js';
import { eventually } from '../interop/eventually.js';
import { required } from '../interop/required.js';
import type { Namespace } from '../netns.js';
import { Host, Segment } from './segment.js';

const vip = '10.0.0.100';
const vip6 = '2001:db8::64';
const other = '02:00:00:00:0b:ad';

/** What the kernel of a namespace thinks of a neighbour. */
const neighbour = (namespace: Namespace, address: string): string =>
  namespace.run('ip', 'neigh', 'show', address, 'dev', 'eth0').trim();

/** Makes the kernel look for it: a datagram to the discard port. */
const approach = (namespace: Namespace, address: string): string =>
  namespace.run('bash', '-c', `echo >/dev/udp/${address}/9`);

const exitCode = (namespace: Namespace, command: string): string =>
  namespace.run('sh', '-c', `${command} >/dev/null 2>&1; echo $?`).trim();

describe('The responder on a segment (skipped without root)', function () {
  this.timeout(60_000);
  let segment: Segment;
  let host: Host;
  let index: number;
  let mac: string;

  before(async function () {
    required(this, 'iproute2', 'iputils-arping', 'ndisc6', 'python3-scapy');
    segment = new Segment();
    ({ index, mac } = segment);
    host = await Host.start(segment.here);
  });

  after(() => {
    host?.kill();
    segment?.lab.destroy();
  });

  beforeEach(() => host.tell({ open: { index, mac } }, { answerFor: [vip, vip6], index }));
  afterEach(() => host.tell({ close: index }));

  const isReachable = (address: string) =>
    eventually(
      () => neighbour(segment.there, address),
      (seen) => assert.match(seen, new RegExp(`lladdr ${mac}.*REACHABLE`)),
    );

  for (const address of [vip, vip6]) {
    describe(`for ${address}`, () => {
      beforeEach(() => segment.there.ip('neigh flush dev eth0'));

      it("is found by the neighbour's kernel", async () => {
        approach(segment.there, address);
        await isReachable(address);
        assert.equal((await host.counters(index))[address === vip ? 'ipv4' : 'ipv6'].responsesSent, 1);
      });

      it('is found reachable still when the kernel asks it directly, as it does before it gives a neighbour up', async () => {
        segment.there.ip(`neigh replace ${address} lladdr ${mac} dev eth0 nud probe`);
        await isReachable(address);
      });

      it('is not found once it is no longer answered for, nor when the interface is closed', async () => {
        await host.tell({ answerFor: [], index });
        approach(segment.there, address);
        await eventually(
          async () => (await host.counters(index))[address === vip ? 'ipv4' : 'ipv6'],
          ({ dropped, responsesSent }) => assert.ok(dropped.announceIP > 0 && responsesSent === 0),
        );
        assert.doesNotMatch(neighbour(segment.there, address), /lladdr/);
        await host.tell({ answerFor: [address], index }, { close: index });
        await eventually(
          () => neighbour(segment.there, address),
          (seen) => assert.match(seen, /FAILED|^$/),
        );
      });

      it('takes a neighbour over from another MAC by one announcement', async () => {
        segment.there.ip(`neigh replace ${address} lladdr ${other} dev eth0 nud stale`);
        await host.tell({ announce: [address], index });
        await eventually(
          () => neighbour(segment.there, address),
          (seen) => assert.match(seen, new RegExp(mac)),
        );
      });

      it('is answered for while JavaScript is blocked', async () => {
        await host.tell({ blockMs: 2000 });
        const looked = performance.now();
        approach(segment.there, address);
        await isReachable(address);
        const answered = performance.now() - looked;
        await host.counters(index);
        assert.ok(performance.now() - looked > answered, 'JavaScript was not blocked');
      });
    });
  }

  it('is there for arping, broadcast and unicast, and defends itself against its duplicate address detection', async () => {
    const seen = segment.there.run('arping', '-c', '3', '-w', '5', '-I', 'eth0', vip);
    assert.match(seen, /Received 3 response/);
    assert.ok(seen.includes(mac.toUpperCase()));
    assert.equal(exitCode(segment.there, `arping -D -c 1 -w 1 -I eth0 ${vip}`), '1');
    assert.equal(exitCode(segment.there, `arping -D -c 1 -w 1 -I eth0 10.0.0.101`), '0');
  });

  it('is there for ndisc6', () => {
    const seen = segment.there.run('ndisc6', vip6, 'eth0');
    assert.match(seen, new RegExp(`Target link-layer address: ${mac.toUpperCase()}`));
  });

  it("defends its IPv6 address against another host's duplicate address detection", async () => {
    segment.there.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_dad');
    segment.there.ip(`address add ${vip6}/64 dev eth0`);
    try {
      await eventually(
        () => segment.there.run('ip', 'address', 'show', 'dev', 'eth0', 'to', vip6),
        (seen) => assert.match(seen, /dadfailed/),
      );
    } finally {
      segment.there.ip(`address del ${vip6}/64 dev eth0`);
    }
  });

  it('sends frames that scapy reads as the RFCs write them', async () => {
    const frames = (): unknown =>
      segment.scapy(`
def show(p):
    if ARP in p: return [p.src, p.dst, p[ARP].op, p.hwsrc, p.psrc, p.hwdst, p.pdst, p.hwtype, p.ptype, p.hwlen, p.plen]
    na = p[ICMPv6ND_NA]
    sent, na.cksum = na.cksum, None
    right = IPv6(raw(p[IPv6]))[ICMPv6ND_NA].cksum
    return [p.src, p.dst, p[IPv6].src, p[IPv6].dst, p.hlim, na.R, na.S, na.O, na.tgt, na[ICMPv6NDOptDstLLAddr].lladdr, sent == right, p[IPv6].plen]
ns = lambda src, to, **more: IPv6(src=src, dst=to, hlim=255)/ICMPv6ND_NS(tgt="${vip6}")
group, group_mac = "ff02::1:ff00:64", "33:33:ff:00:00:64"
asked = [
  Ether(dst="ff:ff:ff:ff:ff:ff", src=there)/ARP(op=1, hwsrc=there, psrc="10.0.0.1", hwdst="00:00:00:00:00:00", pdst="${vip}"),
  Ether(dst=here, src=there)/ARP(op=1, hwsrc=there, psrc="10.0.0.1", hwdst="00:00:00:00:00:00", pdst="${vip}"),
  Ether(dst="ff:ff:ff:ff:ff:ff", src=there)/ARP(op=1, hwsrc=there, psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst="${vip}"),
  Ether(dst=group_mac, src=there)/ns("2001:db8::1", group)/ICMPv6NDOptSrcLLAddr(lladdr=there),
  Ether(dst=here, src=there)/ns("2001:db8::1", "${vip6}"),
  Ether(dst=group_mac, src=there)/ns("::", group),
]
out([show(p) for p in heard(lambda: sendp(asked), lambda p: p.src == here and (ARP in p or ICMPv6ND_NA in p), 2, len(asked))])`);
    const there = segment.scapy('out(there)');
    const arp = (to: string, asker: string) => [mac, to, 2, mac, vip, to, asker, 1, 0x0800, 6, 4];
    const na = (to: string, group: string, solicited: number) => [
      mac,
      to,
      vip6,
      group,
      255,
      0,
      solicited,
      1,
      vip6,
      mac,
      true,
      32,
    ]; // prettier-ignore
    assert.deepEqual(frames(), [
      arp(String(there), '10.0.0.1'),
      arp(String(there), '10.0.0.1'),
      arp(String(there), '0.0.0.0'),
      na(String(there), '2001:db8::1', 1),
      na(String(there), '2001:db8::1', 1),
      na('33:33:00:00:00:01', 'ff02::1', 0),
    ]);
  });

  it('counts why it does not answer', async () => {
    const before = await host.counters(index);
    segment.scapy(`
arp = lambda **f: ARP(**{**dict(op=1, hwsrc=there, psrc="10.0.0.1", hwdst="00:00:00:00:00:00", pdst="${vip}"), **f})
all = Ether(dst="ff:ff:ff:ff:ff:ff", src=there)
group = Ether(dst="33:33:ff:00:00:64", src=there)
ns = lambda hlim=255, tgt="${vip6}", **f: IPv6(src="2001:db8::1", dst="ff02::1:ff00:64", hlim=hlim)/ICMPv6ND_NS(tgt=tgt, **f)
lla = ICMPv6NDOptSrcLLAddr(lladdr=there)
sendp([
  all/arp(op=2, pdst="10.0.0.7"),
  Ether(dst="02:00:00:00:00:77", src=there)/arp(),
  all/Dot1Q(vlan=7)/arp(),
  all/arp(pdst="10.0.0.101"),
  Ether(raw(all/arp())[:40]),
  all/arp(hwlen=8),
  all/arp(hwsrc="ff:ff:ff:ff:ff:ff"),
  all/arp(hwsrc=here),
  Ether(dst="02:00:00:00:00:77", src=there)/ns()/lla,
  group/Dot1Q(vlan=7)/ns()/lla,
  group/ns(hlim=254)/lla,
  group/ns(cksum=0x1234)/lla,
  group/ns()/Raw(bytes([1, 0, 2, 0, 0, 0, 0, 1])),
  group/ns(code=1)/lla,
  group/ns(tgt="ff02::1")/lla,
  group/ns(tgt="2001:db8::65")/lla,
  group/IPv6(src="2001:db8::1", dst="ff02::1", hlim=255)/ICMPv6ND_NA(tgt="2001:db8::1", S=0),
  group/ns()/ICMPv6NDOptSrcLLAddr(lladdr=here),
])`);
    const { ipv4, ipv6 } = await eventually(
      () => host.counters(index),
      (seen) => assert.ok(seen.ipv6.dropped.ownFrame > before.ipv6.dropped.ownFrame),
    );
    const grown = (family: 'ipv4' | 'ipv6', now: typeof ipv4, reason: DropReason) =>
      now.dropped[reason] - before[family].dropped[reason];
    const all = (family: 'ipv4' | 'ipv6', now: typeof ipv4) =>
      Object.fromEntries(
        (Object.keys(now.dropped) as DropReason[])
          .map((reason) => [reason, grown(family, now, reason)] as const)
          .filter(([, count]) => count > 0),
      );
    assert.deepEqual(all('ipv4', ipv4), {
      arpReply: 1,
      ethernetDestination: 2,
      announceIP: 1,
      malformed: 3,
      ownFrame: 1,
    });
    assert.deepEqual(all('ipv6', ipv6), {
      ethernetDestination: 2,
      announceIP: 1,
      malformed: 3,
      hopLimit: 1,
      checksum: 1,
      notASolicitation: 1,
      ownFrame: 1,
    });
    assert.equal(ipv4.requestsReceived + ipv6.requestsReceived, 0);
  });
});
