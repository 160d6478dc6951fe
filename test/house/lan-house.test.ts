import assert from 'node:assert/strict';
import type { KernelAddresses } from '../../src/house/host-keeper.js';
import { LanHouse } from '../../src/house/lan-house.js';
import type { LanWorld } from '../../src/house/lan-world.js';
import { Members } from '../../src/house/members.js';
import { sha256 } from '../../src/io/sha256.js';
import type { Link } from '../../src/l2/link.js';
import type { EchoEvent } from '../../src/l2/tracker.js';
import { type Address, formatAddress } from '../../src/net/address.js';
import { Announcer } from '../../src/plan/announcer.js';
import { FakeTime } from '../bgp/fake-time.js';
import { FakeResponder } from '../l2/fake-responder.js';
import { link } from '../l2/given.js';
import { configured, service, ToldPort } from '../plan/given.js';

const eth0 = link(2, 'eth0', { addresses: ['10.0.0.11/24'] });
const lo = link(1, 'lo', { isLoopback: true, mac: undefined, addresses: ['127.0.0.1/8'] });
const base = 'bgpAdvertisements: []\nsources: [{ name: static, file: /t.yaml }]\nl2Advertisements: [{ name: lan }]\n';

/** The kernel's addresses, all interfaces of it; what an earlier herald left is ours to remove. */
class Kernel {
  readonly held = new Map<string, readonly string[]>();
  arpIgnore = 1;

  readonly on = (name: string): KernelAddresses => ({
    problems: new Map(),
    claimLeftovers: async () => {},
    set: async (addresses: readonly Address[]) => {
      this.held.set(name, addresses.map(formatAddress));
    },
    close: async () => this.held.clear(),
  });
}

async function opened(lines = base, { wait = Promise.resolve() }: { wait?: Promise<void> } = {}) {
  const time = new FakeTime();
  const responder = new FakeResponder();
  const kernel = new Kernel();
  kernel.held.set('lo', ['198.51.100.99']);
  const said: string[] = [];
  const answering = new Set<string>();
  let links: readonly Link[] = [lo, eth0];
  let hear: (links: readonly Link[]) => void = () => {};
  const world: LanWorld = {
    clock: time,
    timers: time,
    random: () => 0.5,
    hash: sha256,
    startResponder: () => responder,
    watchLinks: async (hears) => {
      hear = hears;
      return { links: () => links, close: () => {} };
    },
    hostAddresses: kernel.on,
    readArpSettings: (interfaceName) => ({ interfaceName, arpIgnore: kernel.arpIgnore, arpAnnounce: 2 }),
    echo: {
      open: (target, device, heard: (event: EchoEvent) => void) => ({
        ask: (sequence) => {
          if (answering.has(`${formatAddress(target)} ${device}`)) heard({ kind: 'reply', sequence });
        },
        close: () => {},
      }),
    },
  };
  const config = configured(lines);
  const announcer = new Announcer(config, new ToldPort(), () => new Date(0));
  const members = new Members();
  members.configure(config);
  const log = { write: (_level: string, event: string): void => void said.push(event) };
  announcer.applyServices('static', { upserted: [service('web', { addresses: ['10.0.0.100'] })], removed: [] });
  const opening = LanHouse.open(config, { announcer, members, log, world, tablesRead: wait });
  const setLinks = (...now: readonly Link[]): void => {
    links = now;
    hear(links);
  };
  /** The turn of the event loop is over, and what the kernel was asked for is done. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      time.run(1);
      for (let j = 0; j < 20; j++) await Promise.resolve();
    }
  };
  const reconfigure = async (house: LanHouse, text: string): Promise<void> => {
    const next = configured(text);
    members.configure(next);
    announcer.configure(next, true);
    await house.configure(next);
    await settle();
  };
  return { opening, time, responder, kernel, said, answering, announcer, members, setLinks, settle, reconfigure };
}

async function open(lines = base) {
  const all = await opened(lines);
  const house = await all.opening;
  await all.settle();
  return { ...all, house };
}

describe('the LAN part of the house', () => {
  it('serves what was in the table before it opened, and what comes after', async () => {
    const { responder, announcer, settle, house } = await open();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    announcer.applyServices('static', { upserted: [service('api', { addresses: ['10.0.0.101'] })], removed: [] });
    await settle();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100 10.0.0.101']);
    assert.equal(house.servicesAnnounced, 2);
  });

  it('shows every interface: how it is, and what is announced there', async () => {
    const { house } = await open();
    const shown = house
      .interfaces()
      .map(({ name, usable, reason, announced, mac }) => [name, usable, reason, announced, mac]);
    assert.deepEqual(shown, [
      ['lo', false, 'loopback', 0, ''],
      ['eth0', true, '', 1, '02:00:00:00:00:02'],
    ]);
  });

  it('calls an excluded interface usable when an advertisement names it', async () => {
    const excluding = `${base}layer2: { excludeInterfaces: [eth0] }\n`;
    const { house, reconfigure, responder } = await open(excluding);
    assert.deepEqual(house.interfaces()[1]?.reason, 'excluded');
    assert.deepEqual(responder.answering, []);
    await reconfigure(house, excluding.replace('name: lan', 'name: lan, interfaces: [eth0]'));
    assert.deepEqual(house.interfaces()[1]?.reason, '');
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
  });

  it('follows interfaces as they come and go', async () => {
    const { setLinks, responder, settle } = await open();
    setLinks(lo);
    await settle();
    assert.deepEqual(responder.answering, []);
    setLinks(lo, link(9, 'eth0', { addresses: ['10.0.0.11/24'] }));
    await settle();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
  });

  it('touches nothing with a configuration that says the same', async () => {
    const { house, reconfigure, responder } = await open();
    responder.take();
    await reconfigure(house, `${base}log: { level: debug }`);
    assert.deepEqual(responder.take(), []);
    await reconfigure(house, base.replace('name: lan', 'name: lan, garpRefresh: 10s'));
    assert.deepEqual(responder.take(), [], 'an address that stays is not announced anew');
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
  });

  it('hands over when a member is said to be gone', async () => {
    const { house, members, responder, settle } = await open(`${base}election: { members: [node-a, node-b, node-c] }`);
    const won = ['node-b', 'node-c'].filter((name) => members.set(name, false));
    house.membersChanged();
    await settle();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    for (const name of won) members.set(name, true);
    members.set('node-a', false);
    house.membersChanged();
    await settle();
    assert.deepEqual(responder.answering, []);
  });

  it('says once that an interface cannot be served, and has it among its failures', async () => {
    const { responder, said, settle, house, setLinks } = await open();
    responder.refusal = new Error('eth1 needs CAP_NET_RAW');
    setLinks(lo, { ...eth0, mac: Uint8Array.of(2, 7, 7, 7, 7, 7) });
    await settle();
    setLinks(lo, { ...eth0, mac: Uint8Array.of(2, 8, 8, 8, 8, 8) });
    await settle();
    assert.deepEqual(said, ['interfaceFailed']);
    assert.deepEqual(house.failures, ['eth1 needs CAP_NET_RAW']);
    responder.refusal = undefined;
    setLinks(lo, eth0);
    await settle();
    assert.deepEqual(house.failures, []);
  });

  it('asks the tracked neighbour on each interface, and announces where it answers', async () => {
    const eth1 = link(3, 'eth1', { addresses: ['10.0.0.12/24'] });
    const { answering, responder, setLinks, settle, time, house } = await open(
      base.replace('name: lan', 'name: lan, track: { ping: 10.0.0.1, interval: 100ms, fall: 2, rise: 1 }'),
    );
    assert.deepEqual(responder.answering, []);
    answering.add('10.0.0.1 eth1');
    setLinks(lo, eth0, eth1);
    time.run(200);
    await settle();
    assert.deepEqual(responder.answering, ['eth1: 10.0.0.100']);
    assert.deepEqual(
      house.interfaces().map(({ name, tracks }) => [name, ...tracks.map(({ reachable }) => reachable)]),
      [['lo'], ['eth0', false], ['eth1', true]],
    );
    answering.clear();
    time.run(500);
    await settle();
    assert.deepEqual(responder.answering, []);
    await house.close(false);
    time.run(500);
    assert.equal(time.pending, 0);
  });

  describe('with host addresses', () => {
    const managing = `${base}hostAddresses: { manage: true }\n`;

    it('removes what a herald before it left, where none are wanted', async () => {
      const { kernel } = await open();
      assert.deepEqual([...kernel.held], []);
    });

    it('leaves what a herald before it left alone until every table was read', async () => {
      let read = (): void => {};
      const wait = new Promise<void>((resolve) => {
        read = resolve;
      });
      const { kernel, opening, settle, responder } = await opened(managing, { wait });
      await settle();
      assert.deepEqual(kernel.held.get('lo'), ['198.51.100.99']);
      assert.deepEqual(responder.answering, []);
      read();
      await opening;
      await settle();
      assert.deepEqual(kernel.held.get('lo'), ['10.0.0.100']);
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    });

    it('puts none there while every host would answer for it, and says so', async () => {
      const all = await opened(managing);
      all.kernel.arpIgnore = 0;
      const house = await all.opening;
      await all.settle();
      assert.deepEqual(all.kernel.held.get('lo'), []);
      assert.match(house.problems.join(), /arp_ignore is 0 for eth0/);
      assert.deepEqual(all.said, ['arpSettings']);
    });

    it('moves them with the configuration, and takes them away with it', async () => {
      const { kernel, house, reconfigure } = await open(managing);
      assert.deepEqual(kernel.held.get('lo'), ['10.0.0.100']);
      await reconfigure(house, managing.replace('manage', 'interface: dummy0, manage'));
      assert.deepEqual([...kernel.held], [['dummy0', ['10.0.0.100']]]);
      await reconfigure(house, base);
      assert.deepEqual([...kernel.held], []);
    });

    it('takes them away when the node is drained, answers no more, and says when that is so', async () => {
      const { kernel, house, announcer, responder, settle } = await open(managing);
      announcer.setDrain('drained');
      let isSettled = false;
      const settled = house.settled().then(() => {
        isSettled = true;
      });
      await Promise.resolve();
      assert.equal(isSettled, false);
      await settle();
      await settled;
      assert.deepEqual([responder.answering, kernel.held.get('lo')], [[], []]);
      announcer.setDrain('off');
      await settle();
      assert.deepEqual([responder.answering, kernel.held.get('lo')], [['eth0: 10.0.0.100'], ['10.0.0.100']]);
    });

    it('takes them away at the end, but not for a restart', async () => {
      for (const [isForRestart, left] of [
        [false, []],
        [true, [['lo', ['10.0.0.100']]]],
      ] as const) {
        const { kernel, house, responder } = await open(managing);
        const closed = house.close(isForRestart);
        assert.deepEqual(responder.answering, [], 'silent at once');
        await closed;
        assert.deepEqual([...kernel.held], left);
      }
    });
  });
});
