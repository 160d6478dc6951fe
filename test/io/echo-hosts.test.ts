import assert from 'node:assert/strict';
import { Lab, labObstacle, type Namespace } from '../netns.js';
import { Host } from './host.js';
import type { HostState } from './host-end.js';

describe('Asking neighbours, as the kernel of theirs answers (skipped where network namespaces are not permitted)', () => {
  let lab: Lab;
  let here: Namespace;
  let there: Namespace;
  let host: Host;
  let hosts = 0;

  before(function () {
    if (labObstacle() !== undefined) this.skip();
    lab = new Lab();
  });
  beforeEach(async () => {
    hosts++;
    here = lab.namespace(`hosts${hosts}a`);
    there = lab.namespace(`hosts${hosts}b`);
    join();
    host = await Host.start(here);
  });
  afterEach(() => host?.stop());
  after(() => lab?.destroy());

  const join = (): void =>
    lab.connect(
      { namespace: here, device: 'eth0', addresses: ['192.0.2.1/24', '2001:db8::1/64', 'fe80::1/64'] },
      { namespace: there, device: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64', 'fe80::2/64'] },
    );
  const neighbours = ['192.0.2.2', '2001:db8::2', 'fe80::2'];
  const all =
    (isUp: boolean) =>
    ({ tracked }: HostState): boolean =>
      neighbours.every((name) => tracked[name]?.isUp === isUp);

  it('follows those that answer, over IPv4, IPv6 and with a link-local address, through one socket each family', async () => {
    for (const track of neighbours) await host.ask({ track, on: 'eth0' });
    await host.until(all(true));
    there.ip('link set eth0 down');
    await host.until(all(false));
    there.ip(
      'link set eth0 up',
      'address replace 2001:db8::2/64 dev eth0 nodad',
      'address replace fe80::2/64 dev eth0 nodad',
    );
    await host.until(all(true));
    const sockets = (file: string): number => here.run('cat', `/proc/net/${file}`).trim().split('\n').length - 1;
    assert.deepEqual([sockets('raw'), sockets('raw6')], [1, 1]);
    await host.ask({ forget: true });
    assert.deepEqual([sockets('raw'), sockets('raw6')], [0, 0]);
  });

  it('goes on when the interface was made anew under its name', async () => {
    await host.ask({ track: '192.0.2.2', on: 'eth0' });
    await host.until(({ tracked }) => tracked['192.0.2.2']?.isUp === true);
    here.ip('link del eth0');
    const gone = await host.until(({ tracked }) => tracked['192.0.2.2']?.isUp === false);
    assert.notEqual(gone.tracked['192.0.2.2']?.problem, '');
    join();
    await host.until(({ tracked }) => tracked['192.0.2.2']?.isUp === true);
  });

  it('takes no answer from another host, nor through another interface', async () => {
    there.ip('address del 192.0.2.2/24 dev eth0', 'address add 192.0.2.3/24 dev eth0');
    here.ip('address add 192.0.2.2/32 dev lo');
    await host.ask({ track: '192.0.2.2', on: 'eth0' });
    await host.ask({ track: '192.0.2.3', on: 'eth0' });
    const { tracked } = await host.until((state) => state.tracked['192.0.2.3']?.isUp === true);
    assert.equal(tracked['192.0.2.2']?.isUp, false);
  });

  it('says which interface is missing', async () => {
    await host.ask({ track: '192.0.2.2', on: 'eth9' });
    let state = await host.ask({ standStillMs: 0 });
    while (state.tracked['192.0.2.2']?.problem === '') state = await host.ask({ standStillMs: 10 });
    assert.equal(state.tracked['192.0.2.2']?.problem, 'this host has no interface eth9');
  });
});

describe('Asking neighbours without CAP_NET_RAW', () => {
  let lab: Lab;
  before(function () {
    if (labObstacle() !== undefined) this.skip();
    lab = new Lab();
  });
  after(() => lab?.destroy());

  it('says what is missing, and how to grant it', async () => {
    const namespace = lab.namespace('unprivileged');
    const host = await Host.start(namespace, 'setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', '--');
    try {
      await host.ask({ track: '127.0.0.1', on: 'lo' });
      let state = await host.ask({ standStillMs: 0 });
      while (state.tracked['127.0.0.1']?.problem === '') state = await host.ask({ standStillMs: 10 });
      assert.match(state.tracked['127.0.0.1']!.problem, /without CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW/);
    } finally {
      host.stop();
    }
  });
});
