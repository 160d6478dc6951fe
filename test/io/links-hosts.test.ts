import assert from 'node:assert/strict';
import { Lab, labObstacle, type Namespace } from '../netns.js';
import { Host } from './host.js';
import type { HostState } from './host-end.js';

const addresses = (count: number, verb: 'add' | 'del', device = 'lo'): string[] =>
  Array.from(
    { length: count },
    (_, i) => `address ${verb} 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32 dev ${device}`,
  );

describe('Interfaces of a host, as the kernel tells of them (skipped where network namespaces are not permitted)', () => {
  let lab: Lab;
  let namespace: Namespace;
  let host: Host;
  let hosts = 0;

  before(function () {
    if (labObstacle() !== undefined) this.skip();
    lab = new Lab();
  });
  beforeEach(async () => {
    namespace = lab.namespace(`hosts${++hosts}`);
    host = await Host.start(namespace);
  });
  afterEach(() => host?.stop());
  after(() => lab?.destroy());

  /** Waits until an interface is described so. */
  const shown = (description: RegExp): Promise<HostState> =>
    host.until(({ links }) => links.some((link) => description.test(link)));

  it('are known at once, and followed through all that can happen to one', async () => {
    namespace.ip('link add early type veth peer name early1', 'link set early address 02:00:00:00:00:01');
    const { links, timesHeard } = await host.ask({ watch: true });
    assert.equal(timesHeard, 0);
    assert.ok(links.includes('early veth 020000000001'), links.join('; '));

    namespace.ip('link add late0 type veth peer name late1', 'link set late0 address 02:00:00:00:00:02');
    await shown(/^late0 veth 020000000002$/);
    namespace.ip('link set late0 up', 'link set late1 up');
    await shown(/^late0 up carrier veth/);
    namespace.ip('link set late1 down');
    await shown(/^late0 up veth/);
    namespace.ip('link set late0 down', 'link set late0 name uplink', 'link set uplink address 02:00:00:00:00:03');
    await shown(/^uplink veth 020000000003$/);
    namespace.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/uplink/accept_dad');
    namespace.ip('address add 192.0.2.1/24 dev uplink', 'address add 2001:db8::1/64 dev uplink');
    await shown(/^uplink veth 020000000003 192\.0\.2\.1\/24 2001:db8::1\/64\?$/);
    namespace.ip('address del 192.0.2.1/24 dev uplink', 'link set uplink up', 'link set late1 up');
    await shown(/^uplink up carrier veth 020000000003 2001:db8::1\/64$/);
    namespace.ip('link add bridge0 type bridge', 'link set uplink master bridge0');
    await shown(/^uplink up carrier veth member 02/);
    namespace.ip('link set uplink nomaster');
    await shown(/^uplink up carrier veth 02/);
    namespace.ip(
      'link del uplink',
      'link add uplink type veth peer name other',
      'link set uplink address 02:00:00:00:00:04',
    );
    const { warnings } = await shown(/^uplink veth 020000000004$/);
    assert.deepEqual(warnings, []);
  });

  it('are heard of once for a burst, and not at all after the watch is closed', async () => {
    await host.ask({ watch: true });
    host.tell({ standStillMs: 300 });
    namespace.ip(...addresses(500, 'add'));
    const { timesHeard } = await host.until(({ links }) => links[0]?.split('/32').length === 501);
    assert.ok(timesHeard < 250, `${timesHeard} times`);
    const { timesHeard: before } = await host.ask({ forget: true });
    namespace.ip(...addresses(10, 'del'));
    assert.equal((await host.ask({ standStillMs: 1 })).timesHeard, before);
  });

  it('are heard of again after the kernel had more to say than fits: ENOBUFS does not make the listener deaf', async () => {
    await host.ask({ listen: 4096 });
    for (let round = 1; round <= 3; round++) {
      host.tell({ standStillMs: 1000 });
      namespace.ip(...addresses(200, round % 2 === 1 ? 'add' : 'del'));
      await host.until(({ timesLost }) => timesLost >= round);
      const { events } = await host.ask({ standStillMs: 0 });
      namespace.ip(`address add 192.0.2.${round}/32 dev lo`);
      await host.until((state) => state.events === events + 1);
    }
  });

  it('are read anew after events were lost', async () => {
    namespace.ip('link add early type bridge');
    await host.ask({ watch: true });
    host.tell({ standStillMs: 3000 });
    const flood = Array.from({ length: 10_000 }, (_, i) => `link set early mtu ${1400 + (i % 2)}`);
    namespace.ip(...flood, 'address add 192.0.2.1/24 dev early', 'link add late0 type bridge');
    await shown(/^late0 bridge/);
    const { warnings } = await shown(/^early .* 192\.0\.2\.1\/24$/);
    assert.deepEqual(new Set(warnings), new Set(['linkEventsLost']));
  });
});
