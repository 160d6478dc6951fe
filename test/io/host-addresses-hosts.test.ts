import assert from 'node:assert/strict';
import { Lab, labObstacle, type Namespace } from '../netns.js';
import { Host } from './host.js';

interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly deprecated?: boolean;
  readonly tentative?: boolean;
}

describe('Addresses on an interface, as the kernel has them (skipped where network namespaces are not permitted)', () => {
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

  const shown = (device: string): Shown[] => {
    const [its]: { addr_info: Shown[] }[] = JSON.parse(namespace.run('ip', '-json', 'address', 'show', 'dev', device));
    return its!.addr_info.filter(({ local }) => !['127.0.0.1', '::1'].includes(local) && !local.startsWith('fe80'));
  };
  const texts = (device: string): string[] =>
    shown(device)
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      .sort();
  const on = 'lo';

  it('are host addresses, deprecated, usable at once, and leave by no route of their own', async () => {
    namespace.ip(
      'link add eth0 type veth peer name eth1',
      'link set eth0 up',
      'link set eth1 up',
      'address add 192.0.2.1/24 dev eth0',
    );
    namespace.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_dad');
    const { problems } = await host.ask({ hostAddresses: ['203.0.113.10', '2001:db8::10'], on: 'eth0' });
    assert.deepEqual(problems, []);
    const its = shown('eth0').filter(({ local }) => local !== '192.0.2.1');
    assert.deepEqual(
      its.map(({ local, prefixlen, deprecated, tentative }) => [local, prefixlen, deprecated, tentative]),
      [
        ['203.0.113.10', 32, true, undefined],
        ['2001:db8::10', 128, true, undefined],
      ],
    );
    assert.doesNotMatch(namespace.run('ip', 'route', 'show'), /203\.0\.113/);
    assert.doesNotMatch(namespace.run('ip', '-6', 'route', 'show'), /2001:db8/);
    assert.match(namespace.run('ip', 'route', 'get', '203.0.113.10'), /^local/);
    await host.ask({ hostAddresses: ['2001:db8::10'], on: 'eth0' });
    assert.deepEqual(texts('eth0'), ['192.0.2.1/24', '2001:db8::10/128']);
    await host.ask({ forget: true });
    assert.deepEqual(texts('eth0'), ['192.0.2.1/24']);
  });

  it('of a herald that was killed are known to the next for its own, and no other is', async () => {
    namespace.ip('address add 203.0.113.10/32 dev lo', 'address add 203.0.113.99/32 dev lo');
    const { problems } = await host.ask({ hostAddresses: ['203.0.113.10', '203.0.113.11', '2001:db8::10'], on });
    assert.deepEqual(problems, ['203.0.113.10 stands on lo already, and not by herald: it is left alone']);
    await host.die();
    host = await Host.start(namespace);
    const { found } = await host.ask({ hostAddresses: ['2001:db8::10'], on });
    assert.deepEqual(found, ['203.0.113.11', '2001:db8::10']);
    assert.deepEqual(texts('lo'), ['2001:db8::10/128', '203.0.113.10/32', '203.0.113.99/32']);
    await host.ask({ forget: true });
    assert.deepEqual(texts('lo'), ['203.0.113.10/32', '203.0.113.99/32']);
  });

  it('are said to be impossible where IPv6 is switched off, or there is no such interface', async () => {
    namespace.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6');
    const { problems } = await host.ask({ hostAddresses: ['203.0.113.10', '2001:db8::10'], on });
    assert.deepEqual(problems, ['IPv6 is switched off on lo (net.ipv6.conf.lo.disable_ipv6)']);
    assert.deepEqual(texts('lo'), ['203.0.113.10/32']);
  });

  it('may be a thousand', async () => {
    const all = Array.from({ length: 1000 }, (_, i) => `203.0.${i >> 8}.${i & 255}`);
    assert.deepEqual((await host.ask({ hostAddresses: all, on })).problems, []);
    assert.equal(shown('lo').length, 1000);
    await host.ask({ hostAddresses: all.slice(999), on });
    assert.deepEqual(texts('lo'), ['203.0.3.231/32']);
  });
});
