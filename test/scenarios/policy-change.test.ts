import assert from 'node:assert/strict';
import type { ToSpeaker } from '../../src/bgp/protocol.js';
import { Speaker } from '../../src/bgp/speaker.js';
import type { Config } from '../../src/config/config.js';
import { sessionSettings } from '../../src/house/session-settings.js';
import { Announcer, type RoutePort } from '../../src/plan/announcer.js';
import { FakeNetwork } from '../bgp/fake-network.js';
import { FakeRouter } from '../bgp/fake-router.js';
import { ours } from '../bgp/fake-speaker.js';
import { FakeTime } from '../bgp/fake-time.js';
import { bulkOf, configured, service } from '../plan/given.js';

/** Announcer and speaker with routers, joined as the daemon joins them. */
class Host {
  readonly time = new FakeTime();
  readonly network = new FakeNetwork(this.time, () => 0.999999);
  readonly speaker = new Speaker({
    transport: this.network.host(ours),
    clock: this.time,
    timers: this.time,
    random: () => 0.5,
    log: { write: () => {} },
    neighbourAddress: () => undefined,
    report: () => {},
  });
  readonly routers: FakeRouter[];
  readonly announcer: Announcer;

  constructor(config: Config) {
    const tell = (message: ToSpeaker): void => this.speaker.receive(structuredClone(message));
    const port: RoutePort = {
      defineAttributes: (sets) => tell({ kind: 'defineAttributes', sets }),
      changeRoutes: ({ view, ...columns }) => tell({ kind: 'changeRoutes', view, columns }),
      withdrawAll: (view, family) => tell({ kind: 'withdrawAll', view, family }),
      forgetAttributes: (ids) => tell({ kind: 'forgetAttributes', ids }),
    };
    this.routers = config.bgpPeers.map(({ peerAddress }) => new FakeRouter(this.network, peerAddress));
    this.announcer = new Announcer(config, port, () => new Date(0));
    this.#configureSpeaker(config);
    this.announcer.applyServices('static', {
      upserted: [service('web', { addresses: ['203.0.113.1'] }), service('db', { addresses: ['203.0.113.2'] })],
      removed: [],
    });
    this.announcer.applyBulk('routes', bulkOf([['192.0.2.0/24'], ['198.51.100.0/24']]));
    tell({ kind: 'tableLoaded' });
    this.time.run(3000);
    for (const router of this.routers) assert.equal(router.table.size, 4);
    this.news();
  }

  reload(config: Config): void {
    assert.equal(this.announcer.configure(config, false), undefined);
    this.#configureSpeaker(config);
    for (const view of this.announcer.dropUnusedViews()) this.speaker.receive({ kind: 'dropView', view });
    this.time.run(3000);
  }

  #configureSpeaker(config: Config): void {
    const own = { routerId: 1, hostName: 'node-a', softwareVersion: '', forwardingPreserved: false };
    const viewOf = (name: string): number => this.announcer.views.find(({ peers }) => peers.includes(name))!.id;
    const peers = config.bgpPeers.map((peer) => ({
      session: sessionSettings(peer, own),
      generation: 1,
      view: viewOf(peer.name),
    }));
    this.speaker.receive({ kind: 'configure', settings: { listen: [], peers } });
  }

  news(): string[][] {
    return this.routers.map((router) => router.news());
  }
}

const policy = (...advertisements: string[]): Config =>
  configured(
    [
      'sources: [{ name: static, file: /t.yaml }, { name: routes, file: /r.csv }]',
      'safety: { maxWithdrawPercent: 0 }',
      'communities: [{ name: blue, value: "64512:1" }]',
      'bgpAdvertisements:',
      ...advertisements.map((text) => `  - ${text}`),
    ].join('\n'),
    3,
  );

describe('A change of policy', () => {
  it('for one of three peers is a difference to that one, and silence to the others', () => {
    const host = new Host(policy('{ name: all }'));
    host.reload(policy('{ name: all }', '{ name: more, peers: [tor-1], aggregationLength: 24 }'));
    assert.deepEqual(host.news(), [['announce 203.0.113.0/24'], [], []]);
    host.reload(policy('{ name: all }', '{ name: more, peers: [tor-1, tor-2], aggregationLength: 24 }'));
    assert.deepEqual(host.news(), [[], ['announce 203.0.113.0/24'], []]);
  });

  it('that brings peers together again takes back what was special, and nothing for a moment', () => {
    const host = new Host(policy('{ name: all }', '{ name: more, peers: [tor-3], serviceSelectors: [], med: 7 }'));
    host.reload(policy('{ name: all }'));
    const [first, second, third] = host.news();
    assert.deepEqual([first, second], [[], []]);
    assert.deepEqual(third!.sort(), [
      'announce 192.0.2.0/24',
      'announce 198.51.100.0/24',
      'announce 203.0.113.1/32',
      'announce 203.0.113.2/32',
    ]);
  });

  it('of what all are told reaches all, and flaps nobody', () => {
    const host = new Host(policy('{ name: all }'));
    host.reload(policy('{ name: all, communities: [blue] }'));
    for (const heard of host.news()) assert.equal(heard.filter((what) => what.startsWith('announce')).length, 4);
    for (const { table } of host.routers) assert.deepEqual([...new Set(table.values())], [(64512 << 16) + 2 ** 32 + 1]);
    for (const { state, flaps } of host.speaker.status().peers) assert.deepEqual([state, flaps], ['Established', 0]);
  });
});
