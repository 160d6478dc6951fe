import assert from 'node:assert/strict';
import { communicationOf, innerOf } from '../../src/bgp/notification.js';
import type { FromSpeaker, PeerSettings } from '../../src/bgp/protocol.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import { Speaker } from '../../src/bgp/speaker.js';
import { type Endpoint, type Transport, TransportError } from '../../src/bgp/transport.js';
import { type Address, type Family, formatAddress, type Prefix, parsePrefix } from '../../src/net/address.js';
import { FakeNetwork } from './fake-network.js';
import { FakeRouter, type RouterSettings } from './fake-router.js';
import { addressOf, baseSettings, type LogLine, ours } from './fake-speaker.js';
import { FakeTime } from './fake-time.js';
import { columnsOf, type Row, tagged } from './told-member.js';

const prefix = (text: string): Prefix => parsePrefix(text)!;
const hosts = (count: number, tag: number): Row[] =>
  Array.from({ length: count }, (_, n): Row => [{ family: 'ipv4', words: [0x0a800000 + n], length: 32 }, tag]);

interface Given extends Partial<Omit<PeerSettings, 'session'>> {
  readonly session?: Partial<SessionSettings>;
}

/** Our speaker, and routers that it dials by name: tor-1 at 10.0.1.1 and so on. */
class House {
  readonly time = new FakeTime();
  /** What is written arrives in whole pieces: how TCP may cut it is for the sessions' tests. */
  readonly network = new FakeNetwork(this.time, () => 0.999999);
  readonly log: LogLine[] = [];
  readonly reports: FromSpeaker[] = [];
  readonly routers: FakeRouter[] = [];
  readonly speaker: Speaker;
  /** The addresses beside ours, by family. */
  readonly neighbours = new Map<Family, Address>([['ipv6', addressOf('2001:db8::a')]]);
  #peers: readonly Given[] = [];

  constructor(
    routers: readonly RouterSettings[],
    peers: readonly Given[] = routers.map(() => ({})),
    transport?: Transport,
    own: Address = ours,
  ) {
    for (const [i, settings] of routers.entries())
      this.routers.push(new FakeRouter(this.network, addressOf(`10.0.1.${i + 1}`), settings));
    this.speaker = new Speaker({
      transport: transport ?? this.network.host(own),
      clock: this.time,
      timers: this.time,
      random: () => 0.5,
      log: { write: (level, event, message) => this.log.push({ level, event, message }) },
      neighbourAddress: (_local, family) => this.neighbours.get(family),
      report: (message) => this.reports.push(message),
    });
    for (let id = 1; id <= 9; id++)
      this.speaker.receive({ kind: 'defineAttributes', sets: [{ id, attributes: tagged(id) }] });
    this.configure(peers);
  }

  configure(peers: readonly Given[], listen: readonly Endpoint[] = []): void {
    this.#peers = peers;
    this.speaker.receive({
      kind: 'configure',
      settings: {
        listen,
        peers: peers.map(
          ({ session, generation = 1, view = 1 }, i): PeerSettings => ({
            session: {
              ...baseSettings,
              name: `tor-${i + 1}`,
              remote: { address: addressOf(`10.0.1.${i + 1}`), port: 179 },
              ...session,
            },
            generation,
            view,
          }),
        ),
      },
    });
  }

  /** The same, but for one peer. */
  change(index: number, given: Given): void {
    this.configure(this.#peers.map((peer, i) => (i === index ? { ...peer, ...given } : peer)));
  }

  routes(view: number, rows: readonly (readonly [string, number])[]): void {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const mine = rows.map(([text, tag]): Row => [prefix(text), tag]).filter(([{ family: its }]) => its === family);
      if (mine.length > 0) this.speaker.receive({ kind: 'changeRoutes', view, columns: columnsOf(family, mine) });
    }
  }

  loaded(): void {
    this.speaker.receive({ kind: 'tableLoaded' });
  }

  settle(): void {
    this.time.run(3000);
  }

  /** Everybody is up, and nothing is left to say. */
  up(): this {
    this.loaded();
    this.settle();
    for (const peer of this.speaker.status().peers) assert.equal(peer.state, 'Established', peer.name);
    for (const router of this.routers) router.news();
    return this;
  }

  router(index: number): FakeRouter {
    return this.routers[index]!;
  }
}

/** What a caller from `address` hears: `NOTIFICATION 6/5`, `closed`. */
function call({ network }: House, address: string): string[] {
  const heard: string[] = [];
  network.host(addressOf(address)).dial(
    { remote: { address: ours, port: 179 }, timeoutMs: 1000 },
    () => ({
      received: (octets) => heard.push(octets[18] === 3 ? `NOTIFICATION ${octets[19]}/${octets[20]}` : 'something'),
      drained() {},
      closed: () => heard.push('closed'),
    }),
    () => assert.fail('nobody listens'),
  );
  return heard;
}

const states = ({ speaker }: House): string[] => speaker.status().peers.map(({ state }) => state);

describe('The speaker', () => {
  describe('with a new session', () => {
    it('[35] [49] tells the table and then, once for each negotiated family, that this was all', () => {
      const house = new House([{ families: ['ipv4', 'ipv6'] }], [{ session: { families: ['ipv4', 'ipv6'] } }]);
      house.routes(1, [
        ['203.0.113.0/24', 1],
        ['203.0.113.9/32', 1],
        ['2001:db8:1::/48', 2],
      ]);
      house.loaded();
      house.time.run(200_000);
      assert.deepEqual(house.router(0).news(), [
        'OPEN',
        'announce 203.0.113.0/24',
        'announce 203.0.113.9/32',
        'EoR ipv4',
        'announce 2001:db8:1::/48',
        'EoR ipv6',
      ]);
      assert.equal(house.router(0).updates, 2);
    });

    it('[49] ends an empty table too, though graceful restart is not spoken of', () => {
      const house = new House([{}]);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'EoR ipv4']);
    });

    it('[49] says no End-of-RIB of a family that the peer does not speak', () => {
      const house = new House([{ families: ['ipv4'] }], [{ session: { families: ['ipv4', 'ipv6'] } }]);
      house.routes(1, [['2001:db8:1::/48', 1]]);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'EoR ipv4']);
    });

    it('[49] says it again in the next session, and only there', () => {
      const house = new House([{}]).up();
      house.speaker.receive({ kind: 'command', peer: 'tor-1', command: { kind: 'reset', text: '' } });
      house.time.run(60_000);
      assert.deepEqual(
        house.router(0).heard.filter((what) => what.startsWith('EoR')),
        ['EoR ipv4'],
      );
    });

    it('[51] holds End-of-RIB back until the table is known, and sends what it knows meanwhile', () => {
      const house = new House(
        [{ gracefulRestart: true }],
        [{ session: { gracefulRestart: { restartTimeSeconds: 120, forwardingPreserved: true } } }],
      );
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'announce 203.0.113.1/32']);
      house.routes(1, [['203.0.113.2/32', 1]]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['announce 203.0.113.2/32']);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['EoR ipv4']);
    });

    it('[51] announces without waiting for the End-of-RIB of a restarting peer', () => {
      const house = new House(
        [{ gracefulRestart: true }],
        [{ session: { gracefulRestart: { restartTimeSeconds: 120, forwardingPreserved: true } } }],
      );
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'announce 203.0.113.1/32', 'EoR ipv4']);
    });

    for (const forwardingPreserved of [true, false]) {
      it(`[52] says that forwarding was ${forwardingPreserved ? '' : 'not '}preserved, as the host did`, () => {
        const house = new House(
          [{ gracefulRestart: true }],
          [{ session: { gracefulRestart: { restartTimeSeconds: 90, forwardingPreserved } } }],
        );
        house.settle();
        const offered = house.router(0).opens[0]!.capabilities.find(({ kind }) => kind === 'gracefulRestart');
        assert.ok(offered?.kind === 'gracefulRestart');
        assert.deepEqual(
          offered.families.map(({ forwarding }) => forwarding),
          [forwardingPreserved],
        );
        assert.equal(offered.restartTimeSeconds, 90);
      });
    }

    it('[46] gives IPv6 routes a global address of ours over an IPv4 session, never a mapped one', () => {
      const house = new House([{ families: ['ipv6'] }], [{ session: { families: ['ipv6'] } }]);
      house.routes(1, [['2001:db8:1::/48', 1]]);
      house.up();
      assert.equal(formatAddress(house.router(0).nextHop!), '2001:db8::a');
      assert.equal(house.router(0).linkLocal, undefined);
    });

    it('[33] [46] puts its link-local address beside the global one towards a peer on the link', () => {
      const house = new House([], [], undefined, addressOf('fe80::1'));
      const router = new FakeRouter(house.network, addressOf('fe80::2'), { families: ['ipv6'] });
      house.routes(1, [['2001:db8:1::/48', 1]]);
      house.configure([{ session: { families: ['ipv6'], remote: { address: router.address, port: 179 } } }]);
      house.up();
      assert.equal(formatAddress(router.nextHop!), '2001:db8::a');
      assert.equal(router.linkLocal && formatAddress(router.linkLocal), 'fe80::1');
    });

    it('[46] withholds a family for which it has no next hop, and announces it once there is one', () => {
      const house = new House([{ families: ['ipv4', 'ipv6'] }], [{ session: { families: ['ipv4', 'ipv6'] } }]);
      house.neighbours.clear();
      house.routes(1, [
        ['203.0.113.1/32', 1],
        ['2001:db8:1::/48', 1],
      ]);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'announce 203.0.113.1/32', 'EoR ipv4']);
      assert.ok(house.log.some(({ event }) => event === 'noNextHop'));
      assert.deepEqual(house.reports.at(-1), {
        kind: 'transition',
        peer: 'tor-1',
        state: 'Established',
        families: ['ipv4'],
      });
      house.neighbours.set('ipv6', addressOf('2001:db8::b'));
      house.settle();
      assert.deepEqual(house.router(0).news(), ['announce 2001:db8:1::/48', 'EoR ipv6']);
      assert.equal(formatAddress(house.router(0).nextHop!), '2001:db8::b');
      assert.deepEqual(house.reports.at(-1), {
        kind: 'transition',
        peer: 'tor-1',
        state: 'Established',
        families: ['ipv4', 'ipv6'],
      });
    });
  });

  describe('with a table that changes', () => {
    it('[35] encodes a change once for two peers of a view', () => {
      const house = new House([{}, {}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      for (const router of house.routers) router.chunks.clear();
      house.routes(1, [['203.0.113.2/32', 2]]);
      house.settle();
      const [first, second] = house.routers.map(({ chunks }) => [...chunks][0]);
      assert.ok(first !== undefined && first === second);
    });

    it('[36] [37] tells a change as it is in the end, a withdrawal without attributes', () => {
      const house = new House([{}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.routes(1, [['203.0.113.1/32', 0]]);
      house.routes(1, [['203.0.113.1/32', 0]]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['withdraw 203.0.113.1/32']);
    });

    it('keeps views apart', () => {
      const house = new House([{}, {}], [{ view: 1 }, { view: 2 }]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.routes(2, [['203.0.113.2/32', 2]]);
      house.up();
      assert.deepEqual([...house.router(0).table], [['203.0.113.1/32', 1]]);
      assert.deepEqual([...house.router(1).table], [['203.0.113.2/32', 2]]);
    });

    it('withdraws everything of a view at once', () => {
      const house = new House([{}, {}], [{ view: 1 }, { view: 2 }]);
      for (const view of [1, 2]) house.routes(view, [['203.0.113.1/32', 1]]);
      house.up();
      house.speaker.receive({ kind: 'withdrawAll', view: 1, family: 'ipv4' });
      house.settle();
      assert.equal(house.router(0).table.size, 0);
      assert.equal(house.router(1).table.size, 1);
    });

    it('[71] passes nothing on that a peer says', () => {
      const house = new House([{}, {}]).up();
      house.router(0).announce(prefix('198.51.100.0/24'));
      house.settle();
      assert.deepEqual(house.router(1).news(), []);
      assert.equal(house.speaker.status().peers[0]?.receivedPrefixes, 1);
    });

    it('gives up a peer that does not read with 6/8 before it costs more than the table, and no other', () => {
      const house = new House([{}, {}]);
      house.loaded();
      house.settle();
      house.router(0).reading = false;
      const rows = hosts(90_000, 1);
      house.speaker.receive({ kind: 'changeRoutes', view: 1, columns: columnsOf('ipv4', rows) });
      house.time.run(1000);
      house.speaker.receive({
        kind: 'changeRoutes',
        view: 1,
        columns: columnsOf(
          'ipv4',
          rows.map(([its]): Row => [its, 0]),
        ),
      });
      house.time.run(1000);
      const [slow, other] = house.speaker.status().peers;
      assert.notEqual(slow?.state, 'Established');
      assert.equal(slow?.lastError?.code, 6);
      assert.equal(slow.lastError.subcode, 8);
      assert.equal(other?.state, 'Established');
      assert.equal(house.router(1).table.size, 0);
      assert.ok(house.log.some(({ event }) => event === 'peerTooSlow'));
    });

    it('tells a peer that reads again what is true then, and nothing that was meanwhile', () => {
      const house = new House([{}, {}]).up();
      house.router(0).reading = false;
      house.speaker.receive({ kind: 'changeRoutes', view: 1, columns: columnsOf('ipv4', hosts(120_000, 1)) });
      for (const tag of [2, 0, 3]) {
        house.routes(1, [['203.0.113.1/32', tag]]);
        house.time.run(50);
      }
      const pending = house.speaker.status().peers.map(({ pendingPrefixes }) => pendingPrefixes);
      assert.ok(pending[0]! > 0);
      house.router(0).reading = true;
      house.time.run(20_000);
      assert.equal(house.router(0).table.size, 120_001);
      assert.deepEqual(
        house.router(0).heard.filter((what) => what.includes('203.0.113.1/32')),
        ['announce 203.0.113.1/32'],
      );
      assert.deepEqual(
        house.speaker
          .status()
          .peers.map(({ announcedPrefixes, pendingPrefixes }) => [announcedPrefixes, pendingPrefixes]),
        [
          [120_001, 0],
          [120_001, 0],
        ],
      );
    });
  });

  describe('asked for the table again', () => {
    const request = { kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 } as const;

    it('[54] tells it between a beginning and an end where both know enhanced route refresh', () => {
      const house = new House([{}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.router(0).say(request);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['BoRR ipv4', 'announce 203.0.113.1/32', 'EoRR ipv4']);
    });

    it('[54] tells it without marks where the peer knows only plain route refresh', () => {
      const house = new House([{ enhancedRouteRefresh: false }]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.router(0).say(request);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['announce 203.0.113.1/32']);
    });

    it('[54] begins no refresh before the first End-of-RIB', () => {
      const house = new House([{}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.settle();
      house.router(0).say(request);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'announce 203.0.113.1/32']);
      house.loaded();
      house.settle();
      assert.deepEqual(house.router(0).news(), ['EoR ipv4', 'BoRR ipv4', 'announce 203.0.113.1/32', 'EoRR ipv4']);
    });

    it('[54] refreshes the family that was asked for, and for the operator all of them', () => {
      const house = new House([{ families: ['ipv4', 'ipv6'] }], [{ session: { families: ['ipv4', 'ipv6'] } }]).up();
      house.router(0).say({ ...request, afi: 2 });
      house.settle();
      assert.deepEqual(house.router(0).news(), ['BoRR ipv6', 'EoRR ipv6']);
      house.speaker.receive({ kind: 'command', peer: 'tor-1', command: { kind: 'refresh' } });
      house.settle();
      assert.deepEqual(house.router(0).news(), ['BoRR ipv4', 'EoRR ipv4', 'BoRR ipv6', 'EoRR ipv6']);
    });

    it('[55] ignores a request for a family that was not negotiated', () => {
      const house = new House([{}]).up();
      house.router(0).say({ ...request, afi: 2 });
      house.router(0).say({ ...request, afi: 1, safi: 128 });
      house.settle();
      assert.deepEqual(house.router(0).news(), []);
      assert.deepEqual(states(house), ['Established']);
    });
  });

  describe('reconfigured', () => {
    it('bounces nobody for what a running session can take over', () => {
      const house = new House([{}, {}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.change(0, {
        session: { description: 'top of rack', maxPrefixes: 5, connectRetrySeconds: 60, passive: true },
      });
      house.settle();
      assert.deepEqual(
        house.routers.map((router) => router.news().filter((what) => !what.startsWith('request'))),
        [[], []],
      );
      assert.deepEqual(
        house.speaker.status().peers.map(({ flaps, state }) => [flaps, state]),
        [
          [0, 'Established'],
          [0, 'Established'],
        ],
      );
    });

    it('[29] bounces with 6/6 the one peer whose session has to be another, and no other', () => {
      const house = new House([{}, {}]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.change(0, { generation: 2, session: { holdTimeSeconds: 30 } });
      house.settle();
      assert.deepEqual(house.router(0).news(), [
        'NOTIFICATION 6/6',
        'closed connection closed by peer',
        'OPEN',
        'announce 203.0.113.1/32',
        'EoR ipv4',
      ]);
      assert.equal(house.router(0).opens.at(-1)?.holdTimeSeconds, 30);
      assert.deepEqual(house.router(1).news(), []);
    });

    it('tells a peer that gets another view the difference, and the others nothing', () => {
      const house = new House([{}, {}]);
      house.routes(1, [
        ['203.0.113.1/32', 1],
        ['203.0.113.2/32', 1],
        ['203.0.113.3/32', 1],
      ]);
      house.up();
      house.routes(2, [
        ['203.0.113.2/32', 1],
        ['203.0.113.3/32', 5],
        ['203.0.113.4/32', 5],
      ]);
      house.change(0, { view: 2 });
      house.settle();
      assert.deepEqual(house.router(0).news(), [
        'withdraw 203.0.113.1/32',
        'announce 203.0.113.3/32',
        'announce 203.0.113.4/32',
      ]);
      assert.deepEqual(house.router(1).news(), []);
      house.routes(1, [['203.0.113.9/32', 1]]);
      house.routes(2, [['203.0.113.2/32', 0]]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['withdraw 203.0.113.2/32']);
      assert.deepEqual(house.router(1).news(), ['announce 203.0.113.9/32']);
    });

    it('forgets a view that everybody has left', () => {
      const house = new House([{}], [{ view: 1 }]);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      house.routes(2, [['203.0.113.1/32', 1]]);
      house.change(0, { view: 2 });
      house.speaker.receive({ kind: 'dropView', view: 1 });
      house.settle();
      assert.deepEqual(house.router(0).news(), []);
      house.routes(2, [['203.0.113.1/32', 0]]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['withdraw 203.0.113.1/32']);
    });

    it('[29] takes leave of a peer that is no longer configured with 6/3, and takes up a new one', () => {
      const house = new House([{}, {}], [{}]);
      house.up();
      const second = { session: { name: 'tor-2', remote: { address: addressOf('10.0.1.2'), port: 179 } } };
      house.configure([second]);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['NOTIFICATION 6/3', 'closed connection closed by peer']);
      assert.deepEqual(house.router(1).news(), ['OPEN', 'EoR ipv4']);
      assert.deepEqual(
        house.speaker.status().peers.map(({ name }) => name),
        ['tor-2'],
      );
    });

    it('[29] [30] shuts a peer down with 6/2 and lets it up again', () => {
      const house = new House([{}]).up();
      house.change(0, { session: { adminState: 'shutdown' } });
      house.time.run(60_000);
      assert.deepEqual(house.router(0).news(), ['NOTIFICATION 6/2', 'closed connection closed by peer']);
      assert.deepEqual(states(house), ['Idle']);
      house.change(0, { session: { adminState: 'enabled' } });
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'EoR ipv4']);
    });

    it('[29] [30] keeps a disabled peer down: dials it no more, and refuses it with 6/5', () => {
      const house = new House([{}, {}]);
      const listen = [{ address: ours, port: 179 }];
      house.configure([{}, {}], listen);
      house.routes(1, [['203.0.113.1/32', 1]]);
      house.up();
      const disabled: Given = { session: { adminState: 'disabled', shutdownText: 'new optics' } };
      house.configure([disabled, {}], listen);
      house.time.run(600_000);
      assert.deepEqual(house.router(0).news(), ['NOTIFICATION 6/2', 'closed connection closed by peer']);
      assert.equal(communicationOf(house.router(0).notifications[0]!), 'new optics');
      const caller = call(house, '10.0.1.1');
      house.settle();
      assert.deepEqual(caller, ['NOTIFICATION 6/5', 'closed']);
      const { state, adminState, announcedPrefixes } = house.speaker.status().peers[0]!;
      assert.deepEqual([state, adminState, announcedPrefixes], ['Idle', 'disabled', 0]);
      assert.deepEqual(house.reports.at(-1), { kind: 'transition', peer: 'tor-1', state: 'Idle', families: [] });
      assert.deepEqual(house.router(1).news(), []);

      house.configure([{}, {}], listen);
      house.settle();
      assert.deepEqual(house.router(0).news(), ['OPEN', 'announce 203.0.113.1/32', 'EoR ipv4']);
    });

    it('bounces nothing when what a disabled peer is made of changes, and keeps it down', () => {
      const house = new House([{}]).up();
      house.change(0, { session: { adminState: 'disabled' } });
      house.change(0, { generation: 2, session: { adminState: 'disabled', holdTimeSeconds: 30 } });
      house.speaker.receive({ kind: 'command', peer: 'tor-1', command: { kind: 'reset', text: '' } });
      house.time.run(600_000);
      assert.deepEqual(house.router(0).news(), ['NOTIFICATION 6/2', 'closed connection closed by peer']);
      house.change(0, { session: { adminState: 'enabled', holdTimeSeconds: 30 } });
      house.settle();
      assert.equal(house.router(0).opens.at(-1)?.holdTimeSeconds, 30);
    });

    it('[30] says of a reset why, where there is a why', () => {
      const house = new House([{}]).up();
      house.speaker.receive({ kind: 'command', peer: 'tor-1', command: { kind: 'reset', text: 'stuck' } });
      house.settle();
      assert.equal(communicationOf(house.router(0).notifications[0]!), 'stuck');
    });

    it('[29] resets one peer on request with 6/4', () => {
      const house = new House([{}, {}]).up();
      house.speaker.receive({ kind: 'command', peer: 'tor-2', command: { kind: 'reset', text: '' } });
      house.settle();
      assert.deepEqual(house.router(0).news(), []);
      assert.equal(house.router(1).news()[0], 'NOTIFICATION 6/4');
      assert.deepEqual(states(house), ['Established', 'Established']);
    });
  });

  describe('stopping', () => {
    const restartable: RouterSettings = { gracefulRestart: true };
    const gracefulRestart = { restartTimeSeconds: 120, forwardingPreserved: true };

    it('[29] [30] tells everybody 6/2 and why, and dials no more', () => {
      const house = new House([{}, {}]).up();
      house.speaker.receive({ kind: 'stop', text: 'herald stops on SIGTERM', keepRoutes: false });
      house.time.run(300_000);
      for (const router of house.routers) {
        assert.deepEqual(router.news(), ['NOTIFICATION 6/2', 'closed connection closed by peer']);
        assert.equal(communicationOf(router.notifications[0]!), 'herald stops on SIGTERM');
      }
      assert.equal(house.time.pending, 0, 'nothing keeps the thread alive');
    });

    it('[53] withdraws for good where graceful restart was negotiated: 6/2 within a Hard Reset', () => {
      const house = new House([restartable], [{ session: { gracefulRestart } }]).up();
      house.speaker.receive({ kind: 'stop', text: '', keepRoutes: false });
      house.settle();
      assert.equal(house.router(0).news()[0], 'NOTIFICATION 6/9');
      assert.equal(innerOf(house.router(0).notifications[0]!)?.subcode, 2);
    });

    it('[53] leaves for a restart without a word where a helper keeps the routes, elsewhere with 6/2', () => {
      const house = new House([restartable, {}], [{ session: { gracefulRestart } }, {}]).up();
      house.speaker.receive({ kind: 'stop', text: '', keepRoutes: true });
      house.settle();
      assert.deepEqual(house.router(0).news(), ['closed connection closed by peer']);
      assert.deepEqual(house.router(1).news(), ['NOTIFICATION 6/2', 'closed connection closed by peer']);
    });
  });

  describe('listening', () => {
    const listen = [{ address: ours, port: 179 }];

    it('takes the connections of its peers and refuses those of strangers, in few words', () => {
      const house = new House([{}], [{ session: { passive: true } }]);
      house.configure([{ session: { passive: true } }], listen);
      house.settle();
      let closed = 0;
      for (let i = 0; i < 100; i++) {
        house.network.host(addressOf('10.0.9.9')).dial(
          { remote: listen[0]!, timeoutMs: 1000 },
          () => ({ received: () => assert.fail('a stranger is told nothing'), drained() {}, closed: () => closed++ }),
          () => assert.fail('nobody listens'),
        );
      }
      house.settle();
      assert.equal(closed, 100);
      assert.equal(house.log.filter(({ event }) => event === 'unknownPeer').length, 7);
      const opened: string[] = [];
      house.network.host(addressOf('10.0.1.1')).dial(
        { remote: listen[0]!, timeoutMs: 1000 },
        () => ({ received: (octets) => opened.push(`type ${octets[18]}`), drained() {}, closed() {} }),
        () => assert.fail('nobody listens'),
      );
      house.time.run(20);
      assert.equal(opened[0]?.slice(0, 4), 'type');
      assert.equal(house.speaker.status().peers[0]?.state, 'OpenSent');
    });

    it('says why it cannot listen, tries again, and says when it can', () => {
      const time = new FakeTime();
      const network = new FakeNetwork(time, () => 0.5);
      let busy = true;
      const transport: Transport = {
        ...network.host(ours),
        listen: (endpoint, accepted) => {
          if (busy) throw new TransportError('EADDRINUSE', 'something else listens on 10.0.0.1 port 179');
          return network.host(ours).listen(endpoint, accepted);
        },
      };
      const house = new House([], [], transport);
      house.configure([], listen);
      house.time.run(60_000);
      assert.deepEqual(
        house.speaker.status().listeners.map(({ problem }) => problem),
        ['something else listens on 10.0.0.1 port 179'],
      );
      assert.equal(house.log.filter(({ event }) => event === 'listenFailed').length, 1);
      busy = false;
      house.time.run(10_000);
      assert.deepEqual(
        house.speaker.status().listeners.map(({ problem }) => problem),
        [''],
      );
      house.configure([], []);
      assert.deepEqual(house.speaker.status().listeners, []);
    });

    it('[32] keeps the key of every peer on the listening socket, also when two peers change addresses', () => {
      const keys = new Map<string, string>();
      const transport: Transport = {
        dial: () => ({ cancel() {} }),
        listen: () => ({
          setMd5Password: (peer, password) => {
            if (password === undefined) keys.delete(formatAddress(peer));
            else keys.set(formatAddress(peer), password);
          },
          close() {},
        }),
      };
      const at = (host: number, md5Password?: string): Given => ({
        session: {
          remote: { address: addressOf(`10.0.1.${host}`), port: 179 },
          socket: md5Password === undefined ? {} : { md5Password },
        },
      });
      const house = new House([], [], transport);
      house.configure([at(1, 'one'), at(2, 'two')], listen);
      assert.deepEqual([...keys].sort(), [
        ['10.0.1.1', 'one'],
        ['10.0.1.2', 'two'],
      ]);
      house.configure([at(2, 'two'), at(1, 'one')], listen);
      assert.deepEqual([...keys].sort(), [
        ['10.0.1.1', 'one'],
        ['10.0.1.2', 'two'],
      ]);
      house.configure([at(2)], listen);
      assert.deepEqual([...keys], []);
    });

    it('[32] does not listen without its keys', () => {
      let open = 0;
      const transport: Transport = {
        dial: () => ({ cancel() {} }),
        listen: () => {
          open++;
          return {
            setMd5Password: () => {
              throw new TransportError('ENOPROTOOPT', 'TCP MD5 is not supported by this kernel');
            },
            close: () => open--,
          };
        },
      };
      const house = new House([], [], transport);
      const peer = { session: { socket: { md5Password: 'secret' } } };
      house.configure([peer]);
      house.configure([peer], listen);
      house.time.run(60_000);
      assert.equal(open, 0);
      assert.match(house.speaker.status().listeners[0]!.problem, /TCP MD5/);
    });
  });

  it('answers a question with the state of all peers, and reports each transition', () => {
    const house = new House([{}]);
    house.routes(1, [['203.0.113.1/32', 1]]);
    house.up();
    house.speaker.receive({ kind: 'query', id: 7 });
    const answer = house.reports.at(-1);
    assert.ok(answer?.kind === 'answer');
    assert.equal(answer.id, 7);
    assert.equal(answer.status.peers[0]?.announcedPrefixes, 1);
    assert.equal(answer.status.peers[0].unsentOctets, 0);
    assert.equal(structuredClone(answer).id, 7, 'it can cross to another thread');
    house.change(0, { session: { adminState: 'shutdown' } });
    assert.deepEqual(house.reports.at(-1), { kind: 'transition', peer: 'tor-1', state: 'Idle', families: [] });
  });
});
