import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { DropReason } from '../../src/l2/responder.js';
import { eventually } from '../interop/eventually.js';
import { required } from '../interop/required.js';
import type { Namespace } from '../netns.js';
import { Host, interfaceOf, preamble, Segment } from './segment.js';

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

  describe('announcing', () => {
    const many = (count: number, from = 0): readonly string[] =>
      Array.from({ length: count }, (_, i) => `10.1.${(from + i) >> 8}.${(from + i) & 255}`);

    it('says ARP request and reply, and an advertisement, in as many rounds as it is told', async () => {
      const seen = segment.there.spawn([
        '/usr/bin/python3',
        '-c',
        `${preamble}
kept = lambda p: p.src == "${mac}" and (ARP in p or ICMPv6ND_NA in p)
show = lambda p: [p.dst, p[ARP].op, p.hwsrc, p.psrc, p.hwdst, p.pdst] if ARP in p else [p.dst, p[IPv6].src, p[IPv6].dst, p.hlim, p.R, p.S, p.O, p.tgt, p[ICMPv6ND_NA].payload.lladdr]
for p in heard(lambda: print("ready", flush=True), kept, 5, 9): out(show(p))`,
      ]);
      await eventually(
        () => seen.log,
        (log) => assert.match(log, /ready/),
      );
      await host.tell({ announce: [vip, vip6, '10.0.0.101'], index, rounds: 3, intervalMs: 50 });
      assert.equal(await seen.exited, 0, seen.log);
      const frames = seen.log.trim().split('\n').slice(1).sort();
      const request = JSON.stringify(['ff:ff:ff:ff:ff:ff', 1, mac, vip, '00:00:00:00:00:00', vip]);
      const reply = JSON.stringify(['ff:ff:ff:ff:ff:ff', 2, mac, vip, mac, vip]);
      const advertisement = JSON.stringify(['33:33:00:00:00:01', vip6, 'ff02::1', 255, 0, 0, 1, vip6, mac]);
      const spaced = (text: string): string => text.replaceAll(',', ', ');
      assert.deepEqual(frames, [advertisement, request, reply].flatMap((one) => Array(3).fill(spaced(one))).sort());
      const { ipv4, ipv6, pendingAnnouncements } = await host.counters(index);
      assert.deepEqual([ipv4.gratuitousSent, ipv6.gratuitousSent, pendingAnnouncements], [6, 3, 0]);
    });

    it('is paced, says what was claimed last first, and nothing more of what is withdrawn', async () => {
      await host.tell({ open: { index, mac, framesPerSecond: 1000 } });
      const old = many(1000);
      const fresh = many(20, 5000);
      await host.tell(
        { answerFor: [...old, ...fresh], index },
        { announce: old, index, rounds: 5, intervalMs: 1 },
        { announce: fresh, index },
      );
      await eventually(
        () => host.counters(index),
        ({ ipv4 }) => assert.ok(ipv4.gratuitousSent >= 100),
      );
      const early = await host.counters(index);
      assert.ok(early.ipv4.gratuitousSent < 2000, 'not paced');
      assert.ok(early.pendingAnnouncements > 8000, 'the old ones are not waiting');
      const [newest] = fresh;
      segment.there.ip(`neigh replace ${newest} lladdr ${other} dev eth0 nud stale`);
      await host.tell({ announce: [newest!], index });
      await eventually(
        () => neighbour(segment.there, newest!),
        (seen) => assert.match(seen, new RegExp(mac)),
        500,
      );
      await host.tell({ answerFor: fresh, index });
      const withdrawn = await host.counters(index);
      assert.ok(withdrawn.pendingAnnouncements <= 2 * fresh.length);
      await eventually(
        () => host.counters(index),
        ({ pendingAnnouncements }) => assert.equal(pendingAnnouncements, 0),
      );
      const { ipv4 } = await host.counters(index);
      assert.ok(ipv4.gratuitousSent - withdrawn.ipv4.gratuitousSent <= 2 * fresh.length);
    });

    it('loses nothing when the interface has no room for more', async () => {
      const addresses = many(500);
      segment.here.run(
        'tc',
        'qdisc',
        'add',
        'dev',
        'eth0',
        'root',
        'tbf',
        ...'rate 2mbit burst 1600 limit 1600'.split(' '),
      );
      try {
        await host.tell({ answerFor: addresses, index }, { announce: addresses, index });
        await eventually(
          () => host.counters(index),
          ({ ipv4 }) => assert.equal(ipv4.gratuitousSent, 1000),
        );
        const dropped = /\(dropped (\d+)/.exec(segment.here.run('tc', '-s', 'qdisc', 'show', 'dev', 'eth0'))?.[1];
        assert.ok(Number(dropped) > 0, 'there was room for all');
        assert.match(segment.here.run('tc', '-s', 'qdisc', 'show', 'dev', 'eth0'), / 1\d{3} pkt/);
        assert.equal((await host.counters(index)).ipv4.dropped.sendFailed, 0);
      } finally {
        segment.here.run('tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
      }
    });
  });

  describe('conflicts', () => {
    const claims = (...frames: string[]): unknown =>
      segment.scapy(`
other = "${other}"
all = Ether(dst="ff:ff:ff:ff:ff:ff", src=other)
arp = lambda **f: ARP(**{**dict(op=1, hwsrc=other, psrc="${vip}", hwdst="00:00:00:00:00:00", pdst="${vip}"), **f})
na = Ether(dst="33:33:00:00:00:01", src=other)/IPv6(src="${vip6}", dst="ff02::1", hlim=255)/ICMPv6ND_NA(tgt="${vip6}", S=0, O=1)
lla = ICMPv6NDOptDstLLAddr(lladdr=other)
sendp([${frames.join(', ')}])`);
    const thief = other.replaceAll(':', '');

    for (const [what, frame, address] of [
      ['an ARP announcement', 'all/arp()', vip],
      ['an ARP reply', 'all/arp(op=2, hwdst=other)', vip],
      ['an ARP request for something else', 'all/arp(pdst="10.0.0.1")', vip],
      ['an advertisement', 'na/lla', vip6],
      ['an advertisement without a link-layer address', 'na', vip6],
    ] as const)
      it(`are told of ${what} by another host, and not answered`, async () => {
        await host.conflicts();
        claims(frame);
        await eventually(
          () => host.conflicts(),
          (seen) => assert.deepEqual(seen, [`${index} ${address} ${thief}`]),
        );
        const { ipv4, ipv6 } = await host.counters(index);
        assert.equal(ipv4.conflicts + ipv6.conflicts, 1);
        assert.equal(ipv4.responsesSent + ipv6.responsesSent, 0);
      });

    it('are counted all, and told a few times a second for one address', async () => {
      await host.conflicts();
      claims('*([all/arp()] * 500), *([na/lla] * 500)');
      const { ipv6 } = await eventually(
        () => host.counters(index),
        (seen) => assert.equal(seen.ipv4.conflicts + seen.ipv6.conflicts, 1000),
      );
      assert.equal(ipv6.conflicts, 500);
      const told = await host.conflicts();
      assert.ok(told.length >= 2 && told.length < 40, `${told.length} were told`);
    });

    it('are none when it is one of our own interfaces that speaks', async () => {
      await host.tell({ open: { index: 1, mac: other } });
      try {
        claims('all/arp()', 'na/lla');
        await eventually(
          () => host.counters(index),
          ({ ipv4, ipv6 }) => assert.equal(ipv4.dropped.ownFrame + ipv6.dropped.ownFrame, 2),
        );
        assert.deepEqual(await host.conflicts(), []);
      } finally {
        await host.tell({ close: 1 });
      }
    });

    it('are told of when we ask whether anybody has the address, and nothing is claimed by asking', async () => {
      await host.tell({ answerFor: [], index });
      await host.conflicts();
      segment.there.ip('address add 10.0.0.77/24 dev eth0', 'address add 2001:db8::77/64 dev eth0 nodad');
      try {
        // The kernel listens for its new address a little later.
        await eventually(
          () => segment.there.run('ip', 'maddr', 'show', 'dev', 'eth0'),
          (seen) => assert.match(seen, /ff02::1:ff00:77/),
        );
        await host.tell({ probe: ['10.0.0.77', '2001:db8::77', '10.0.0.78'], index });
        const heard = new Set<string>();
        await eventually(
          async () => {
            for (const conflict of await host.conflicts()) heard.add(conflict);
            return [...heard].sort();
          },
          (seen) => {
            const has = interfaceOf(segment.there, 'eth0').mac.replaceAll(':', '');
            assert.deepEqual(seen, [`${index} 10.0.0.77 ${has}`, `${index} 2001:db8::77 ${has}`].sort());
          },
        );
        assert.doesNotMatch(neighbour(segment.there, '10.0.0.78'), /lladdr/);
      } finally {
        segment.there.ip('address del 10.0.0.77/24 dev eth0', 'address del 2001:db8::77/64 dev eth0');
      }
    });

    it('are told of when another host asks at the same time', async () => {
      await host.tell({ answerFor: [], index }, { probe: [vip, vip6], index });
      await host.conflicts();
      claims(
        'all/arp(psrc="0.0.0.0")',
        `Ether(dst="33:33:ff:00:00:64", src=other)/IPv6(src="::", dst="ff02::1:ff00:64", hlim=255)/ICMPv6ND_NS(tgt="${vip6}")`,
      );
      const heard: string[] = [];
      await eventually(
        async () => heard.push(...(await host.conflicts())),
        () => assert.deepEqual(heard.sort(), [`${index} ${vip} ${thief}`, `${index} ${vip6} ${thief}`].sort()),
      );
    });
  });

  describe('when an interface changes', () => {
    it('answers with the MAC that it has now', async () => {
      const renewed = '02:00:00:00:00:42';
      segment.here.ip(`link set eth0 address ${renewed}`);
      try {
        await host.tell({ open: { index, mac: renewed } });
        for (const address of [vip, vip6]) {
          segment.there.ip('neigh flush dev eth0');
          approach(segment.there, address);
          await eventually(
            () => neighbour(segment.there, address),
            (seen) => assert.match(seen, new RegExp(renewed)),
          );
        }
      } finally {
        segment.here.ip(`link set eth0 address ${mac}`);
      }
    });

    it('says that it is down, forgets what it would have announced, and answers again by itself when it is up', async () => {
      segment.here.ip('link set eth0 down');
      await host.tell({ announce: [vip, vip6], index, rounds: 5, intervalMs: 10 });
      await eventually(
        () => host.counters(index),
        ({ problem, pendingAnnouncements }) => {
          assert.equal(problem, 'network is down');
          assert.equal(pendingAnnouncements, 0);
        },
      );
      segment.here.ip('link set eth0 up');
      await eventually(
        () => host.counters(index),
        ({ problem }) => assert.equal(problem, ''),
      );
      for (const address of [vip, vip6]) {
        segment.there.ip(`neigh replace ${address} lladdr ${mac} dev eth0 nud probe`);
        await isReachable(address);
      }
    });

    it('says that it is gone, and serves the next one of its name or number', async () => {
      segment.lab.connect({ namespace: segment.here, device: 'eth1' }, { namespace: segment.there, device: 'eth1' });
      const late = interfaceOf(segment.here, 'eth1');
      await host.tell({ open: late }, { answerFor: [vip, vip6], index: late.index });
      segment.here.ip('link del eth1');
      const { problem } = await host.counters(late.index);
      assert.equal(problem, 'no such device');
      assert.deepEqual(await host.ask({ open: late }), {
        error: { code: 'ENODEV', message: 'this host has no interface eth0' },
      });
      assert.deepEqual(await host.ask({ counters: late.index }), {});
      segment.here.ip(`link add eth1 index ${late.index} type veth peer name eth1 netns ${segment.there.name}`);
      segment.here.ip('link set eth1 up');
      segment.there.ip('link set eth1 up', 'address add 10.0.9.1/24 dev eth1');
      await host.tell({ open: interfaceOf(segment.here, 'eth1') }, { answerFor: ['10.0.9.9'], index: late.index });
      await eventually(
        () => segment.there.run('arping', '-c', '1', '-w', '1', '-I', 'eth1', '10.0.9.9'),
        (seen) => assert.match(seen, /Received 1 response/),
      );
      await host.tell({ close: late.index });
      segment.here.ip('link del eth1');
    });
  });

  it('needs CAP_NET_RAW and no other capability, and says so when it has not even that', async function () {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'];
    // The checkout may be out of nobody's reach.
    if (spawnSync(nobody[0]!, [...nobody.slice(1), 'test', '-r', import.meta.filename]).status !== 0) this.skip();
    const refused = await Host.start(segment.here, ...nobody);
    const { error } = await refused.ask({ open: { index, mac } });
    assert.deepEqual(error, {
      code: 'EPERM',
      message: 'answering ARP and NDP on eth0 needs CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in the unit',
    });
    refused.kill();
    await host.tell({ close: index });
    const raw = ['--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw', '--bounding-set=-all,+net_raw'];
    const permitted = await Host.start(segment.here, ...nobody, ...raw);
    try {
      await permitted.tell({ open: { index, mac } }, { answerFor: [vip, vip6], index });
      for (const address of [vip, vip6]) {
        segment.there.ip('neigh flush dev eth0');
        approach(segment.there, address);
        await isReachable(address);
      }
      assert.equal((await permitted.counters(index)).groups, 1);
    } finally {
      permitted.kill();
    }
  });

  it('keeps no program alive, and ends with it', async () => {
    const brief = await Host.start(segment.here);
    await brief.tell({ open: { index, mac } }, { answerFor: [vip, vip6], index });
    brief.stop();
    assert.equal(await brief.exited, 0);
  });
});
