import assert from 'node:assert/strict';
import { sha256 } from '../../src/io/sha256.js';
import { matcher, segments } from '../../src/l2/interfaces.js';
import type { Link } from '../../src/l2/link.js';
import type { LanPort, LanWish } from '../../src/l2/wish.js';
import { formatAddress } from '../../src/net/address.js';
import { Announcer } from '../../src/plan/announcer.js';
import { Listing } from '../../src/plan/listing.js';
import { link } from '../l2/given.js';
import { configured, service, ToldPort } from './given.js';

/** Takes every wish for granted when the turn is over. */
class Workshop implements LanPort {
  readonly wishes = new Map<string, readonly LanWish[]>();
  #said: readonly string[] = [];
  calls = 0;

  want(name: string, wishes: readonly LanWish[]): void {
    this.calls++;
    if (wishes.length === 0) this.wishes.delete(name);
    else this.wishes.set(name, wishes);
  }

  get wanted(): string[] {
    return [...this.wishes.values()].flat().map((wish) => `${formatAddress(wish.address)} ${wish.link}`);
  }

  turn(): void {
    this.#said = this.wanted;
  }

  get announced(): number {
    return this.#said.length;
  }

  get pendingWithdrawals(): number {
    const { wanted } = this;
    return this.#said.filter((one) => !wanted.includes(one)).length;
  }

  state(): ReturnType<LanPort['state']> {
    return { state: 'announced', reason: '' };
  }
}

const eth0 = link(1, 'eth0', { addresses: ['10.0.0.11/24'] });
const eth1 = link(2, 'eth1', { addresses: ['10.1.0.11/24'] });
const seen = (links: readonly Link[]) => segments(links, matcher([]));
const lan = 'l2Advertisements: [{ name: lan }]\nbgpAdvertisements: []\nsources: [{ name: static, file: /t.yaml }]\n';

function house(lines = lan, links: readonly Link[] = [eth0, eth1]) {
  const dead = new Set<string>();
  const announcer = new Announcer(configured(lines), new ToldPort(), () => new Date(0));
  const workshop = new Workshop();
  announcer.lan.attach(workshop, { segments: seen(links), membership: { isAlive: (name) => !dead.has(name) } }, sha256);
  return { announcer, workshop, dead };
}

const hosts = (count: number) =>
  Array.from({ length: count }, (_, n) => service(`s${n}`, { addresses: [`10.0.0.${n + 1}`] }));

describe('The announcer and the LAN', () => {
  it('tells the workshop what each service wants, and no more than that', () => {
    const { announcer, workshop } = house();
    announcer.applyServices('static', { upserted: hosts(2), removed: [] });
    assert.deepEqual(workshop.wanted, ['10.0.0.1 1', '10.0.0.2 1']);
    const { calls } = workshop;
    announcer.applyServices('static', { upserted: [], removed: ['default/s0'] });
    assert.equal(workshop.calls, calls + 1);
    assert.deepEqual(workshop.wanted, ['10.0.0.2 1']);
  });

  it('tells nobody while nobody serves the LAN, and everything when somebody does', () => {
    const { announcer, workshop } = house();
    announcer.lan.detach();
    announcer.applyServices('static', { upserted: hosts(2), removed: [] });
    assert.equal(workshop.calls, 0);
    announcer.lan.attach(workshop, { segments: seen([eth0]), membership: { isAlive: () => true } }, sha256);
    announcer.replanLan();
    assert.deepEqual(workshop.wanted, ['10.0.0.1 1', '10.0.0.2 1']);
  });

  it('plans again when interfaces change in what matters, and only then', () => {
    const { announcer, workshop } = house(lan, [eth0]);
    announcer.applyServices('static', { upserted: [service('a', { addresses: ['10.1.0.1'] })], removed: [] });
    assert.deepEqual(workshop.wanted, ['10.1.0.1 1']);
    const flapping = { ...eth0, hasCarrier: false, mac: Uint8Array.of(2, 2, 2, 2, 2, 2) };
    assert.equal(announcer.lan.setSegments(seen([flapping])), false);
    assert.equal(announcer.lan.setSegments(seen([eth0, { ...eth1, isUp: false }])), true);
    announcer.replanLan();
    assert.deepEqual(workshop.wanted, ['10.1.0.1 2'], 'where it belongs, up or not');
  });

  it('plans again when somebody of the election comes or goes', () => {
    const { announcer, workshop, dead } = house(`${lan}election: { members: [node-a, node-b, node-c] }`);
    announcer.applyServices('static', { upserted: hosts(1), removed: [] });
    assert.deepEqual(workshop.wanted, []);
    dead.add('node-b');
    announcer.lan.membersChanged();
    announcer.replanLan();
    assert.deepEqual(workshop.wanted, ['10.0.0.1 1']);
  });

  it('takes over another configuration, and keeps policies that did not change the same', () => {
    const { announcer, workshop } = house();
    announcer.applyServices('static', { upserted: hosts(1), removed: [] });
    const [before] = workshop.wishes.get('default/s0') ?? [];
    announcer.configure(configured(`${lan}log: { level: debug }`), false);
    assert.equal(workshop.wishes.get('default/s0')?.[0]?.policy, before?.policy);
    announcer.configure(configured(lan.replace('{ name: lan }', '{ name: lan, garpRefresh: 10s }')), false);
    assert.equal(workshop.wishes.get('default/s0')?.[0]?.policy.refreshMs, 10_000);
    announcer.configure(configured(lan.replace('[{ name: lan }]', '[]')), false);
    assert.deepEqual(workshop.wanted, []);
  });

  describe('with a bound on what is withdrawn at once', () => {
    const bounded = `${lan}safety: { maxWithdrawPercent: 50 }\n`;

    it('counts what is announced on the LAN, and puts back what withdraws too much of it', () => {
      const { announcer, workshop } = house(bounded);
      announcer.applyServices('static', { upserted: hosts(10), removed: [] });
      workshop.turn();
      const names = hosts(10).map(({ name }) => name);
      const refusal = announcer.applyServices('static', { upserted: [], removed: names.slice(0, 6) });
      assert.deepEqual(refusal, { withdrawals: 6, announced: 10, allowedPercent: 50 });
      assert.equal(workshop.wanted.length, 10);
      assert.equal(announcer.applyServices('static', { upserted: [], removed: names.slice(0, 5) }), undefined);
    });

    it('does so for a configuration as well', () => {
      const { announcer, workshop } = house(bounded);
      announcer.applyServices('static', { upserted: hosts(10), removed: [] });
      workshop.turn();
      const without = configured(bounded.replace('[{ name: lan }]', '[]'));
      assert.deepEqual(announcer.configure(without, false), { withdrawals: 10, announced: 10, allowedPercent: 50 });
      assert.equal(workshop.wanted.length, 10);
      assert.equal(announcer.configure(without, true), undefined);
      assert.equal(workshop.wanted.length, 0);
    });
  });

  it('wants nothing on the LAN once the node is drained, whatever safety says, and all of it afterwards', () => {
    const { announcer, workshop } = house(`${lan}safety: { maxWithdrawPercent: 0 }\n`);
    announcer.applyServices('static', { upserted: hosts(2), removed: [] });
    workshop.turn();
    announcer.setDrain('grace');
    assert.equal(workshop.wanted.length, 2, 'the LAN knows no last resort');
    announcer.setDrain('drained');
    assert.deepEqual(workshop.wanted, []);
    // Before the turn is over, in which the workshop withdraws: nobody is refused for that.
    assert.equal(announcer.applyServices('static', { upserted: hosts(3), removed: [] }), undefined);
    assert.deepEqual(workshop.wanted, []);
    assert.deepEqual(
      announcer.lanPlanOf(hosts(1)[0]!).withheld.map(({ via, reason }) => [via, reason]),
      [['eth0', 'drained']],
    );
    announcer.setDrain('off');
    assert.equal(workshop.wanted.length, 3);
  });

  it('lists each address with its interface, and the reason where it is withheld', () => {
    const { announcer } = house(`${lan}election: { members: [node-a, node-b, node-c] }`);
    announcer.applyServices('static', {
      upserted: [
        service('a', { addresses: ['10.0.0.1'] }),
        service('b', { addresses: ['10.1.0.9'], nodes: ['node-a'] }),
      ],
      removed: [],
    });
    const listing = new Listing(
      announcer,
      () => ({ established: true, families: [] }),
      () => new Map(),
      () => new Date(0),
    );
    const listed = announcer.table.names().flatMap((name) => listing.items(name)[0]?.announcements ?? []);
    assert.deepEqual(
      listed.filter(({ protocol }) => protocol === 'layer2'),
      [
        { prefix: '10.0.0.1/32', protocol: 'layer2', via: 'eth0', state: 'withheld', reason: 'notOwner' },
        { prefix: '10.1.0.9/32', protocol: 'layer2', via: 'eth1', state: 'announced', reason: '' },
      ],
    );
  });
});
