// The conversation herald must be able to hold with any router, judged by the router's own view. One suite, run by a
// file for each router; what one of them cannot do is named in its traits and left out.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Lab } from '../netns.js';
import type { Package } from '../setup.js';
import { eventually, throughout } from './eventually.js';
import { Herald, type PeerState } from './herald.js';
import { required } from './required.js';
import type { Family, Route, Router, RouterPlan, RouterSite } from './routers/router.js';
import {
  addresses,
  entries,
  heraldAddress,
  heraldAsn,
  heraldConfig,
  ipv4Prefixes,
  ipv6Prefixes,
  routerPlan,
  sound,
  wideAsn,
} from './sessions.js';

export interface RouterKind {
  readonly title: string;
  readonly package: Package;
  new (site: RouterSite, plan: RouterPlan): Router;
}

export interface Traits {
  /** Keeps the routes of a neighbour that restarts, RFC 4724 §4.2. */
  readonly helps: boolean;
  /** Can be told to send a ROUTE-REFRESH. */
  readonly refreshes: boolean;
  /** How it names the state in which it has dialled and sent its OPEN. */
  readonly openSent: RegExp;
  /** How it words Cease/Administrative Shutdown. */
  readonly shutdown: RegExp;
  /** It shows the shutdown communication (RFC 9003). */
  readonly showsMessage: boolean;
}

const up = ({ state }: PeerState): boolean => state === 'Established';
const prefixesOf = (routes: readonly Route[]): readonly string[] => routes.map(({ prefix }) => prefix);
const sorted = (words: readonly string[]): readonly string[] => [...words].sort();

export function interop(kind: RouterKind, traits: Traits): void {
  const { title } = kind;

  describe(`herald and ${title}`, function () {
    this.timeout(60_000);
    let lab: Lab;
    let router: Router;
    let herald: Herald;

    const prefixes = async (session: string, family: Family): Promise<readonly string[]> =>
      prefixesOf(await router.routes(session, family));

    /** Until the router holds exactly these from that session. */
    const hears = (session: string, family: Family, expected: readonly string[], patienceMs?: number) =>
      eventually(
        () => prefixes(session, family),
        (seen) => assert.deepEqual(seen, sorted(expected)),
        patienceMs,
      );

    const bothEstablished = (names: readonly string[], patienceMs = 20_000): Promise<unknown> =>
      eventually(
        async () => ({
          herald: (await herald.peers()).filter((peer) => !up(peer)).map(({ name }) => name),
          router: await Promise.all(names.map((name) => router.session(name))),
        }),
        (seen) => {
          assert.deepEqual(
            names.filter((name, index) => !seen.router[index]?.established || seen.herald.includes(name)),
            [],
            'not Established on both ends',
          );
        },
        patienceMs,
      );

    before(async function () {
      required(this, 'iproute2', kind.package);
      lab = new Lab();
      const [there, here] = [lab.namespace('router'), lab.namespace('host')];
      lab.connect(
        { namespace: there, device: 'eth0', addresses: addresses(1) },
        { namespace: here, device: 'eth0', addresses: addresses(2) },
      );
      const [directory, heraldDirectory] = [join(lab.directory, 'router'), join(lab.directory, 'herald')];
      mkdirSync(directory);
      mkdirSync(heraldDirectory);
      router = new kind({ namespace: there, directory }, routerPlan);
      herald = new Herald(here, heraldDirectory);
      herald.writeConfig(heraldConfig());
      herald.writeTable(entries);
      await Promise.all([router.start(), herald.start()]);
    });

    after(() => lab?.destroy());

    afterEach(function () {
      if (this.currentTest?.state !== 'failed') return;
      const tail = (text: string): string => text.split('\n').slice(-25).join('\n');
      process.stderr.write(
        `\n${this.currentTest.fullTitle()}\nherald:\n${tail(herald.log)}\n${title}:\n${tail(router.log)}\n`,
      );
    });

    it('agree on every session when both start at the same moment', async () => {
      await bothEstablished(sound);
    });

    it('exchange the IPv4 table', async () => {
      await hears('plain', 'ipv4', ipv4Prefixes);
      const [, plain] = await router.routes('plain', 'ipv4');
      assert.equal(plain?.nextHop, heraldAddress('plain'));
      assert.deepEqual(plain.asPath, [heraldAsn]);
      assert.deepEqual(plain.communities, []);
    });

    it('carry communities, large communities, MED and a prepended path', async () => {
      await hears('plain', 'ipv4', ipv4Prefixes);
      const dressed = (await router.routes('plain', 'ipv4')).at(-1);
      assert.deepEqual(sorted(dressed?.communities ?? []), ['64512:100', '65535:65281']);
      assert.deepEqual(dressed?.largeCommunities, ['64512:1:2']);
      assert.equal(dressed.med, 50);
      assert.deepEqual(dressed.asPath, [heraldAsn, heraldAsn, heraldAsn]);
    });

    it('keep local preference from an external peer, and give it to an internal one', async () => {
      await hears('internal', 'ipv4', ipv4Prefixes);
      const internal = await router.routes('internal', 'ipv4');
      assert.deepEqual(
        internal.map(({ localPref }) => localPref),
        [100, 100, 100, 150],
      );
      assert.deepEqual(
        internal.map(({ asPath }) => asPath),
        [[], [], [], []],
      );
      const external = await router.routes('plain', 'ipv4');
      assert.ok(external.every(({ localPref = 100 }) => localPref === 100));
    });

    it('tell an AS number of four octets in full', async () => {
      await hears('wide', 'ipv4', ipv4Prefixes);
      assert.deepEqual((await router.routes('wide', 'ipv4'))[0]?.asPath, [wideAsn]);
    });

    it('speak of IPv6 over IPv6', async () => {
      await hears('six', 'ipv6', ipv6Prefixes);
      const nextHops = (await router.routes('six', 'ipv6')).map(({ nextHop }) => nextHop);
      assert.deepEqual(
        nextHops,
        ipv6Prefixes.map(() => heraldAddress('six', 'ipv6')),
      );
    });

    it('carry both families over one IPv4 session', async () => {
      await hears('dual', 'ipv4', ipv4Prefixes);
      await hears('dual', 'ipv6', ipv6Prefixes);
    });

    it('meet where only the router dials, and where only herald does', async () => {
      await hears('heraldWaits', 'ipv4', ipv4Prefixes);
      await hears('routerWaits', 'ipv4', ipv4Prefixes);
    });

    it('share a TCP MD5 key, and never meet with two different ones', async () => {
      await hears('keyed', 'ipv4', ipv4Prefixes);
      assert.notEqual((await herald.peer('miskeyed')).state, 'Established');
      assert.equal((await router.session('miskeyed')).established, false);
    });

    it('meet under GTSM, and never when the packets of one may have come from afar', async () => {
      await hears('near', 'ipv4', ipv4Prefixes);
      assert.notEqual((await herald.peer('far')).state, 'Established');
      assert.deepEqual(await router.routes('far', 'ipv4'), []);
    });

    it('count what the router announces', async () => {
      await eventually(
        () => herald.peer('plain'),
        ({ receivedPrefixes }) => assert.equal(receivedPrefixes, 1),
      );
    });

    it('add and remove what the table adds and removes, without a flap', async () => {
      const before = await herald.peer('plain');
      herald.writeTable([...entries.slice(1), { name: 'shop/new', addresses: ['203.0.113.77'] }]);
      const expected = [...ipv4Prefixes.filter((prefix) => prefix !== '203.0.113.10/32'), '203.0.113.77/32'];
      await hears('plain', 'ipv4', expected);
      await hears('internal', 'ipv4', expected);
      const after = await herald.peer('plain');
      assert.equal(after.announcedPrefixes, expected.length);
      assert.equal(after.flaps, before.flaps);
      assert.ok(after.uptimeSeconds >= before.uptimeSeconds);
      herald.writeTable(entries);
      await hears('plain', 'ipv4', ipv4Prefixes);
    });

    it('change a policy by the difference, without a flap', async () => {
      const before = await herald.peers();
      const updates = (await router.session('six')).updates;
      herald.writeConfig(
        heraldConfig({ name: 'tagged', peers: ['plain'], communities: ['64512:777'] }, { name: 'all' }),
      );
      await herald.reload();
      const communitiesOf = async (session: string): Promise<readonly (readonly string[])[]> =>
        (await router.routes(session, 'ipv4')).map(({ communities }) => communities);
      await eventually(
        () => communitiesOf('plain'),
        (seen) => assert.ok(seen.length === ipv4Prefixes.length && seen.every((all) => all.includes('64512:777'))),
      );
      assert.ok((await communitiesOf('heraldWaits')).every((all) => !all.includes('64512:777')));
      assert.equal(
        (await router.session('six')).updates,
        updates,
        'a peer whose routes did not change was told something',
      );
      for (const [index, peer] of (await herald.peers()).entries()) {
        assert.equal(peer.state === 'Established', sound.includes(peer.name), peer.name);
        assert.equal(peer.flaps, before[index]?.flaps, peer.name);
        assert.ok(peer.uptimeSeconds >= (before[index]?.uptimeSeconds ?? 0), peer.name);
      }
    });

    if (traits.refreshes)
      it('repeat everything when the router asks for a refresh', async () => {
        const before = (await router.session('plain')).updates;
        await router.requestRefresh('plain', 'ipv4');
        await eventually(
          () => router.session('plain'),
          ({ updates }) => assert.ok(updates > before, 'no UPDATE came'),
        );
        await hears('plain', 'ipv4', ipv4Prefixes);
      });

    it('drain: every route a last resort first, then none, then all as before, without a flap', async () => {
      const gracefulShutdown = '65535:0';
      const before = await herald.peers();
      const internal = async (): Promise<unknown> =>
        (await router.routes('internal', 'ipv4')).map(({ prefix, localPref }) => [prefix, localPref]);
      const undrained = await internal();
      await herald.post('/v1/drain', { for: '10m', wait: false });
      for (const [session, family, expected] of [
        ['plain', 'ipv4', ipv4Prefixes],
        ['six', 'ipv6', ipv6Prefixes],
        ['internal', 'ipv4', ipv4Prefixes],
      ] as const) {
        const tagged = async (): Promise<readonly string[]> =>
          prefixesOf(
            (await router.routes(session, family)).filter(({ communities }) => communities.includes(gracefulShutdown)),
          );
        await eventually(tagged, (seen) => assert.deepEqual(seen, sorted(expected), session));
      }
      assert.deepEqual(
        await internal(),
        ipv4Prefixes.map((prefix) => [prefix, 0]),
      );
      await herald.post('/v1/drain', { for: '0s' });
      await Promise.all([hears('plain', 'ipv4', []), hears('six', 'ipv6', []), hears('internal', 'ipv4', [])]);
      await herald.post('/v1/undrain', undefined);
      await Promise.all([hears('plain', 'ipv4', ipv4Prefixes), hears('six', 'ipv6', ipv6Prefixes)]);
      await eventually(internal, (seen) => assert.deepEqual(seen, undrained));
      const plain = await router.routes('plain', 'ipv4');
      assert.ok(plain.every(({ communities }) => !communities.includes(gracefulShutdown)));
      for (const [index, { name, flaps }] of (await herald.peers()).entries())
        assert.equal(flaps, before[index]?.flaps, name);
    });

    it('part when the router freezes, by the hold timer, and meet again when it thaws', async () => {
      router.freeze();
      try {
        const { lastError } = await eventually(
          () => herald.peer('brisk'),
          (peer) => assert.ok(!up(peer), 'still Established'),
          8_000,
        );
        assert.deepEqual([lastError?.code, lastError?.direction], [4, 'sent']);
      } finally {
        router.thaw();
      }
      await bothEstablished(['plain']);
    });

    it('part while herald has the peer disabled, and the router knows why', async () => {
      const message = 'new optics, back at noon';
      await herald.post('/v1/peers/routerWaits/disable', { message });
      await hears('routerWaits', 'ipv4', []);
      // It does not dial, so that what it was told stays the last that it has heard.
      await eventually(
        () => router.session('routerWaits'),
        ({ established, lastError }) => {
          assert.equal(established, false);
          assert.match(lastError, traits.shutdown);
          if (traits.showsMessage) assert.ok(lastError.includes(message), lastError);
        },
      );
      await herald.post('/v1/peers/routerWaits/enable', {});
      // GoBGP takes its time to listen again; the next test waits for it, as for all others.
    });

    it('find each other again after the router restarts', async () => {
      await router.stop();
      await eventually(
        () => herald.peers(),
        (peers) => assert.deepEqual(peers.filter(up), []),
      );
      await router.start();
      await bothEstablished(sound, 40_000);
      await Promise.all(sound.filter((name) => name !== 'six').map((name) => hears(name, 'ipv4', ipv4Prefixes)));
      await hears('six', 'ipv6', ipv6Prefixes);
    });

    it('settle on one connection when each has dialled the other', async () => {
      await router.stop();
      await eventually(
        () => herald.peer('plain'),
        (peer) => assert.ok(!up(peer), 'still Established'),
      );
      // A frozen herald's kernel accepts for it, and its own connect timers run out: thawed, it dials and accepts at once.
      herald.freeze();
      try {
        await router.start();
        await eventually(
          () => router.session('plain'),
          ({ state }) => assert.match(state, traits.openSent),
        );
      } finally {
        herald.thaw();
      }
      await bothEstablished(sound, 40_000);
      await hears('plain', 'ipv4', ipv4Prefixes);
    });

    if (traits.helps)
      it('lose no route while herald is killed and starts again, and drop what is gone from the table since', async () => {
        await bothEstablished(['plain', 'dual']);
        await hears('plain', 'ipv4', ipv4Prefixes);
        await hears('dual', 'ipv4', ipv4Prefixes);
        await hears('dual', 'ipv6', ipv6Prefixes);
        const kept = ipv4Prefixes.filter((prefix) => prefix !== '203.0.113.10/32');
        const restart = async (): Promise<void> => {
          await herald.kill();
          herald.writeTable(entries.filter(({ name }) => name !== 'shop/web'));
          await herald.start();
          await bothEstablished(['plain', 'dual']);
          await hears('plain', 'ipv4', kept);
          await hears('dual', 'ipv4', kept);
        };
        await throughout(
          restart(),
          async () => [await prefixes('plain', 'ipv4'), await prefixes('dual', 'ipv4'), await prefixes('dual', 'ipv6')],
          ([plain = [], dual = [], dualSix = []]) => {
            const lost = (wanted: readonly string[], seen: readonly string[]) =>
              wanted.filter((p) => !seen.includes(p));
            assert.deepEqual([lost(kept, plain), lost(kept, dual), lost(ipv6Prefixes, dualSix)], [[], [], []], 'lost');
          },
        );
        const stale = (await router.routes('plain', 'ipv4')).filter((route) => route.stale);
        assert.deepEqual(prefixesOf(stale), []);
        herald.writeTable(entries);
        await hears('plain', 'ipv4', ipv4Prefixes);
      });

    it('part for good when herald is stopped: routes gone at once, and the router knows why', async () => {
      const states = await Promise.all(sound.map(async (name) => ({ name, ...(await router.session(name)) })));
      const parting = states.flatMap(({ name, established }) => (established ? [name] : []));
      assert.ok(parting.includes('plain') && parting.includes('dual'), `only ${parting.join(', ')} are up`);
      // Connections that were one too many when both dialled at the restart before this are closing still.
      await eventually(
        () => herald.openSockets,
        (sockets) => assert.ok(sockets < 3 * sound.length, `herald holds ${sockets} sockets open`),
      );
      const stopped = herald.stop();
      await Promise.all(
        parting.map(async (name) => {
          await hears(name, 'ipv4', [], 2000);
          await hears(name, 'ipv6', [], 2000);
          await eventually(
            () => router.session(name),
            (session) => {
              assert.equal(session.established, false);
              assert.match(`${name}: ${session.lastError}`, traits.shutdown);
            },
          );
        }),
      );
      assert.equal(await stopped, 0);
      assert.deepEqual(herald.leaks, []);
    });
  });
}
