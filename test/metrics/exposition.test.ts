import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { ServiceBody } from '../../src/api/house.js';
import { Propagation } from '../../src/bgp/propagation.js';
import { exposition } from '../../src/metrics/exposition.js';
import { ProcessMetrics } from '../../src/metrics/process.js';
import { anInterface, FakeHouse, peer, service } from '../api/fake-house.js';

const promtool = '/usr/bin/promtool';

function house(): FakeHouse {
  const made = new FakeHouse();
  made.peerBodies = [peer('tor-1'), peer('tor-2', { state: 'Active', address: '2001:db8::2', flaps: 3 })];
  made.sourceBodies = [{ name: 'static', kind: 'file', stale: true, problems: ['x'], services: 3 }];
  fill(made, [
    service('shop/web'),
    service('shop/"odd"\\name', {
      announcements: [
        { prefix: '203.0.113.0/24', protocol: 'bgp', via: 'tor-1', state: 'announced', reason: '' },
        { prefix: '2001:db8::1/128', protocol: 'layer2', via: 'eth0', state: 'announced', reason: '' },
        { prefix: '203.0.113.9/32', protocol: 'bgp', via: 'tor-2', state: 'pending', reason: '' },
      ],
    }),
    service('shop/late', { state: 'Pending', announcements: [] }),
  ]);
  return made;
}

function fill({ table }: FakeHouse, services: readonly ServiceBody[]): void {
  table.clear();
  for (const item of services) table.set(item.name, item);
}

describe('metrics', () => {
  const own = new ProcessMetrics();
  after(() => own.stop());

  async function text(from: FakeHouse, compat: '' | 'metallb' = ''): Promise<string> {
    let all = '';
    for await (const piece of exposition(from, own, compat)) all += piece;
    return all;
  }
  const sample = (all: string, name: string): string[] =>
    all.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));

  it('say what is announced, by service, protocol, way and address', async () => {
    assert.deepEqual(sample(await text(house()), 'herald_announced'), [
      'herald_announced{service="shop/web",protocol="bgp",via="tor-1",ip="203.0.113.10"} 1',
      'herald_announced{service="shop/\\"odd\\"\\\\name",protocol="bgp",via="tor-1",ip="203.0.113.0/24"} 1',
      'herald_announced{service="shop/\\"odd\\"\\\\name",protocol="layer2",via="eth0",ip="2001:db8::1"} 1',
    ]);
  });

  it('count services by state, and name every state', async () => {
    const counted = sample(await text(house()), 'herald_services');
    assert(counted.includes('herald_services{state="Allocated"} 2'));
    assert(counted.includes('herald_services{state="Pending"} 1'));
    assert(counted.includes('herald_services{state="Flapping"} 0'));
  });

  it('say of each peer its state, messages and flaps', async () => {
    const all = await text(house());
    assert.deepEqual(sample(all, 'herald_bgp_session_up'), [
      'herald_bgp_session_up{peer="tor-1"} 1',
      'herald_bgp_session_up{peer="tor-2"} 0',
    ]);
    assert.deepEqual(sample(all, 'herald_bgp_state{peer="tor-2"}'), ['herald_bgp_state{peer="tor-2"} 2']);
    assert.deepEqual(sample(all, 'herald_bgp_session_flaps_total{peer="tor-2"}'), [
      'herald_bgp_session_flaps_total{peer="tor-2"} 3',
    ]);
    assert(all.includes('herald_bgp_messages_total{peer="tor-1",type="keepalive",direction="sent"} 40'));
    assert(all.includes('herald_source_stale{source="static"} 1'));
  });

  it('tell a session that is kept down from one that should be up', async () => {
    const made = house();
    made.peerBodies.push(peer('tor-3', { adminState: 'disabled', state: 'Idle' }));
    assert.deepEqual(sample(await text(made), 'herald_bgp_admin_up'), [
      'herald_bgp_admin_up{peer="tor-1"} 1',
      'herald_bgp_admin_up{peer="tor-2"} 1',
      'herald_bgp_admin_up{peer="tor-3"} 0',
    ]);
  });

  it('say how full the pools are', async () => {
    const made = house();
    made.pools = () => [
      {
        name: 'production',
        state: 'active',
        autoAssign: true,
        addresses: ['203.0.113.0/24', '2001:db8::/64'],
        ipv4: { capacity: 256, inUse: 3, quarantined: 1 },
        ipv6: { capacity: '18446744073709551616', inUse: 2, quarantined: 0 },
      },
    ];
    const all = await text(made, 'metallb');
    for (const line of [
      'herald_pool_addresses{pool="production",family="ipv4"} 256',
      'herald_pool_addresses_in_use{pool="production",family="ipv6"} 2',
      'herald_pool_addresses_quarantined{pool="production",family="ipv4"} 1',
      'metallb_allocator_addresses_in_use_total{pool="production"} 5',
    ])
      assert(all.includes(`\n${line}\n`), line);
  });

  it('count what is heard and said on the LAN', async () => {
    const made = house();
    made.interfaceBodies = [anInterface('eth1')];
    const all = await text(made);
    assert.match(all, /^herald_layer2_requests_received_total\{interface="eth1",family="ipv4"\} \d+$/m);
    assert.match(all, /^herald_layer2_dropped_total\{interface="eth1",family="ipv6",reason="hopLimit"\} \d+$/m);
    assert.match(all, /^herald_layer2_conflicts_total\{interface="eth1",family="ipv4"\} \d+$/m);
  });

  it('say how long changes took to peers, as a histogram', async () => {
    const made = house();
    const propagation = new Propagation();
    propagation.add(0.5, 2);
    propagation.add(1200, 1);
    propagation.add(90_000, 1);
    made.propagationCounts = propagation.counts;
    const lines = sample(await text(made), 'herald_bgp_propagation_seconds');
    assert.equal(lines[0], 'herald_bgp_propagation_seconds_bucket{le="0.0001"} 0');
    for (const line of ['{le="0.0005"} 2', '{le="1"} 2', '{le="2.5"} 3', '{le="60"} 3', '{le="+Inf"} 4'])
      assert(lines.includes(`herald_bgp_propagation_seconds_bucket${line}`), line);
    assert.deepEqual(lines.slice(-2), [
      'herald_bgp_propagation_seconds_sum 91.201',
      'herald_bgp_propagation_seconds_count 4',
    ]);
  });

  it('are all documented, and all that is documented is there', async () => {
    const made = house();
    made.interfaceBodies = [anInterface('eth1')];
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('| metric | labels |'));
    const documented = new Set([...table.matchAll(/`(herald_\w+)`/g)].map(([, name]) => name));
    const emitted = new Set([...(await text(made)).matchAll(/^# TYPE (herald_\w+)/gm)].map(([, name]) => name));
    for (const name of ['herald_pool_addresses', 'herald_pool_addresses_in_use', 'herald_pool_addresses_quarantined'])
      emitted.add(name);
    assert.deepEqual([...emitted].sort(), [...documented].sort());
  });

  it('vanish with what they describe', async () => {
    const made = house();
    made.peerBodies = [];
    fill(made, []);
    const all = await text(made);
    assert.deepEqual(sample(all, 'herald_bgp_session_up'), []);
    assert.deepEqual(sample(all, 'herald_announced'), []);
  });

  it('hold for a table of many pages', async () => {
    const made = house();
    fill(
      made,
      Array.from({ length: 1234 }, (_, i) => service(`shop/s${String(i).padStart(4, '0')}`)),
    );
    for (const compat of ['', 'metallb'] as const) {
      const all = await text(made, compat);
      assert.equal(sample(all, 'herald_announced').length, 1234);
      assert.equal(sample(all, 'metallb_speaker_announced').length, compat === '' ? 0 : 1234);
      assert.equal(all.match(/^# TYPE herald_announced gauge$/gm)?.length, 1);
    }
  });

  it('have MetalLB’s names and labels where they are asked for', async () => {
    const all = await text(house(), 'metallb');
    for (const line of [
      'metallb_bgp_session_up{peer="10.0.0.1:179"} 1',
      'metallb_bgp_session_up{peer="[2001:db8::2]:179"} 0',
      'metallb_k8s_client_config_stale_bool 0',
      'metallb_speaker_announced{service="shop/web",protocol="bgp",node="node-a",ip="203.0.113.10"} 1',
    ])
      assert(all.includes(`\n${line}\n`), line);
    assert.equal((await text(house())).includes('metallb_'), false);
  });

  it('are what promtool accepts', async function () {
    if (!existsSync(promtool)) this.skip();
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], {
      input: await text(house()),
      encoding: 'utf8',
    });
    assert.deepEqual({ status, said: `${stdout}${stderr}` }, { status: 0, said: '' });
  });
});
