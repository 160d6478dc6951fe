import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type HostAddresses, Lan } from '../../src/l2/lan.js';
import type { LanEvent } from '../../src/l2/lan-link.js';
import type { LanWish, Policy } from '../../src/l2/wish.js';
import { type Address, formatAddress } from '../../src/net/address.js';
import { FakeTime } from '../bgp/fake-time.js';
import { FakeResponder } from './fake-responder.js';
import { address, link } from './given.js';

const plain: Policy = { refreshMs: 0, onConflict: 'warn', probe: false, tracks: [] };
const refusing: Policy = { ...plain, onConflict: 'refuse', probe: true };
const eth0 = link(1, 'eth0');
const eth1 = link(2, 'eth1');

const wish = (text: string, index = 1, policy = plain): LanWish => ({ address: address(text), link: index, policy });

function lan(links = [eth0, eth1]) {
  const time = new FakeTime();
  const responder = new FakeResponder();
  const events: LanEvent[] = [];
  const workshop = new Lan({
    responder,
    timers: time,
    clock: time,
    random: () => 0.5,
    framesPerSecond: 10_000,
    hear: (event) => events.push(event),
  });
  workshop.setLinks(links);
  const turn = (): void => time.run(0);
  return { workshop, responder, time, events, turn };
}

describe('the workshop of the LAN', () => {
  it('answers for what is wanted and announces what is new, once the turn is over', () => {
    const { workshop, responder, turn } = lan();
    workshop.want('a', [wish('10.0.0.100'), wish('2001:db8::100', 2)]);
    workshop.want('b', [wish('10.0.0.101')]);
    assert.deepEqual(responder.answering, []);
    assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'pending', reason: '' });
    turn();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100 10.0.0.101', 'eth1: 2001:db8::100']);
    assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 10.0.0.101 x5', 'eth1 announces 2001:db8::100 x5']);
    assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'announced', reason: '' });
    assert.equal(workshop.announced, 3);
    assert.equal(workshop.servicesAnnounced, 2);
  });

  it('says what changes, and for what does not change nothing', () => {
    const { workshop, responder, turn, time } = lan();
    workshop.want('a', [wish('10.0.0.100')]);
    turn();
    responder.take();
    workshop.want('a', [wish('10.0.0.100')]);
    assert.equal(time.pending, 0);
    workshop.want('b', [wish('10.0.0.101')]);
    turn();
    assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.101 x5']);
    workshop.want('a', []);
    assert.equal(workshop.pendingWithdrawals, 1);
    turn();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.101']);
    assert.deepEqual(responder.take(), []);
    workshop.want('b', []);
    turn();
    assert.deepEqual(responder.answering, []);
  });

  it('forgets what is taken back in the same turn', () => {
    const { workshop, responder, turn } = lan();
    workshop.want('a', [wish('10.0.0.100')]);
    turn();
    responder.take();
    workshop.want('a', [wish('10.0.0.200')]);
    assert.equal(workshop.pendingWithdrawals, 1);
    workshop.want('a', [wish('10.0.0.100')]);
    assert.equal(workshop.pendingWithdrawals, 0);
    turn();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    assert.deepEqual(responder.take(), []);
  });

  it('announces an address until the last service that shares it is gone', () => {
    const { workshop, responder, turn } = lan();
    workshop.want('a', [wish('10.0.0.100')]);
    workshop.want('b', [wish('10.0.0.100')]);
    turn();
    workshop.want('a', []);
    assert.equal(workshop.pendingWithdrawals, 0);
    turn();
    assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    workshop.want('b', []);
    turn();
    assert.deepEqual(responder.answering, []);
  });

  it('repeats the announcement at the refresh of each address, with jitter, once', () => {
    const { workshop, responder, turn, time } = lan();
    workshop.want('a', [wish('10.0.0.100', 1, { ...plain, refreshMs: 60_000 })]);
    workshop.want('b', [wish('10.0.0.101', 1, { ...plain, refreshMs: 10_000 })]);
    workshop.want('c', [wish('10.0.0.102')]);
    turn();
    responder.take();
    time.run(10_000);
    assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.101 x1']);
    workshop.want('b', []);
    time.run(50_000);
    assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x1']);
    workshop.want('a', []);
    time.run(600_000);
    assert.deepEqual(responder.take(), []);
    assert.equal(time.pending, 0);
  });

  describe('with an interface that', () => {
    it('comes late: serves it as it comes', () => {
      const { workshop, responder, turn } = lan([]);
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'interfaceGone' });
      workshop.setLinks([eth0]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5']);
    });

    it('flaps: stops, and announces everything again, within one turn too', () => {
      const { workshop, responder, turn } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      responder.take();
      workshop.setLinks([{ ...eth0, hasCarrier: false }]);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'noCarrier' });
      turn();
      assert.deepEqual(responder.answering, []);
      workshop.setLinks([{ ...eth0 }]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5']);
      workshop.setLinks([{ ...eth0, isUp: false }]);
      workshop.setLinks([{ ...eth0 }]);
      turn();
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5']);
      workshop.setLinks([{ ...eth0 }]);
      turn();
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5'], 'news of nothing new');
    });

    it('changes its MAC or its name: announces everything again, with the new one', () => {
      const { workshop, responder, turn } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      responder.take();
      workshop.setLinks([{ ...eth0, mac: Uint8Array.of(2, 7, 7, 7, 7, 7) }]);
      turn();
      assert.deepEqual(responder.macOf(1), [2, 7, 7, 7, 7, 7]);
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5']);
      workshop.setLinks([{ ...eth0, mac: Uint8Array.of(2, 7, 7, 7, 7, 7), name: 'lan0' }]);
      turn();
      assert.deepEqual(responder.take(), ['lan0 announces 10.0.0.100 x5']);
    });

    it('is removed and made anew has another number: what was wanted of the old one waits', () => {
      const { workshop, responder, turn } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      workshop.setLinks([]);
      turn();
      assert.deepEqual(responder.answering, []);
      workshop.setLinks([link(7, 'eth0')]);
      workshop.want('a', [wish('10.0.0.100', 7)]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    });

    it('the responder does not take: says why, once, and tries again', () => {
      const { workshop, responder, events, turn, time } = lan();
      responder.refusal = new Error('EPERM: CAP_NET_RAW is missing');
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'interfaceFailed' });
      time.run(20_000);
      assert.deepEqual(events, [{ kind: 'failed', link: 'eth0', problem: 'EPERM: CAP_NET_RAW is missing' }]);
      responder.refusal = undefined;
      time.run(5000);
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    });
  });

  it('takes over another pace without a word to the LAN', () => {
    const { workshop, responder, turn } = lan();
    workshop.want('a', [wish('10.0.0.100')]);
    turn();
    responder.take();
    workshop.setFramesPerSecond(5);
    turn();
    assert.equal(responder.paceOf(1), 5);
    assert.deepEqual(responder.take(), []);
  });

  describe('with a track', () => {
    const tracked: Policy = { ...plain, tracks: ['gateway'] };

    it('announces while the neighbour answers on the interface, and not before', () => {
      const { workshop, responder, turn } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, tracked), wish('10.0.0.100', 2, tracked)]);
      workshop.want('b', [wish('10.0.0.101')]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101']);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'neighbourUnreachable' });
      responder.take();
      workshop.setReachable('gateway', 1, true);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100 10.0.0.101']);
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.100 x5']);
      workshop.setReachable('gateway', 1, false);
      workshop.setReachable('gateway', 2, true);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101', 'eth1: 10.0.0.100']);
    });
  });

  describe('when another host claims an address', () => {
    it('says so and goes on, by default; the status tells of it for a minute', () => {
      const { workshop, responder, events, turn, time } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      responder.take();
      responder.claimed(1, '10.0.0.100');
      turn();
      assert.deepEqual(events, [
        {
          kind: 'conflict',
          link: 'eth0',
          address: address('10.0.0.100'),
          mac: Uint8Array.of(2, 9, 9, 9, 9, 9),
          action: 'note',
        },
      ]);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'announced', reason: 'conflict' });
      assert.deepEqual(responder.take(), []);
      time.run(60_000);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'announced', reason: '' });
    });

    it('takes no notice of addresses that are not ours, and of ourselves on another interface', () => {
      const { workshop, responder, events, turn } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      responder.claimed(1, '10.0.0.99');
      responder.claimed(2, '10.0.0.100');
      responder.claimed(1, '10.0.0.100', [...eth1.mac!]);
      assert.deepEqual(events, []);
    });

    it('defends: announces it again, at most every ten seconds (RFC 5227 §2.4 c)', () => {
      const { workshop, responder, turn, time } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, { ...plain, onConflict: 'defend' })]);
      turn();
      responder.take();
      for (let second = 0; second < 25; second++) {
        responder.claimed(1, '10.0.0.100');
        time.run(1000);
      }
      assert.deepEqual(responder.take(), Array(3).fill('eth0 announces 10.0.0.100 x1'));
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    });

    it('refuses: withdraws it, and asks about it again after a minute', () => {
      const { workshop, responder, events, turn, time } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, refusing)]);
      workshop.want('b', [wish('10.0.0.101')]);
      time.run(10_000);
      responder.take();
      responder.claimed(1, '10.0.0.100');
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101']);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'conflict' });
      time.run(59_000);
      assert.deepEqual(responder.take(), []);
      time.run(10_000);
      assert.deepEqual(responder.take(), [...Array(3).fill('eth0 probes 10.0.0.100'), 'eth0 announces 10.0.0.100 x5']);
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['conflict', 'conflictOver'],
      );
    });

    it('holds the strictest treatment that any of the services sharing it has', () => {
      const { workshop, responder, turn, time } = lan();
      workshop.want('a', [wish('10.0.0.100')]);
      workshop.want('b', [wish('10.0.0.100', 1, refusing)]);
      time.run(10_000);
      responder.claimed(1, '10.0.0.100');
      turn();
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'conflict' });
    });

    it('remembers a thousand of them, the last, for whoever looks', () => {
      const { workshop, responder, turn } = lan();
      const texts = Array.from({ length: 1100 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
      workshop.want(
        'a',
        texts.map((text) => wish(text)),
      );
      turn();
      for (const text of texts) responder.claimed(1, text);
      const seen = [...workshop.link(1)!.conflicts];
      assert.equal(seen.length, 1000);
      assert.deepEqual(seen.at(-1)?.address, address(texts.at(-1)!));
    });
  });

  describe('that asks before it announces (RFC 5227 §2.1.1)', () => {
    const probing: Policy = { ...plain, probe: true };

    it('sends three probes, one or two seconds apart, waits two seconds, and announces', () => {
      const { workshop, responder, time, turn } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, probing), wish('2001:db8::1', 1, probing)]);
      workshop.want('b', [wish('10.0.0.101')]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101']);
      assert.deepEqual(responder.take(), ['eth0 announces 10.0.0.101 x5']);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'pending', reason: 'probing' });
      const probe = 'eth0 probes 10.0.0.100 2001:db8::1';
      for (const [waitMs, expected] of [
        [500, [probe]],
        [1500, [probe]],
        [1500, [probe]],
        [1999, []],
        [1, ['eth0 announces 10.0.0.100 2001:db8::1 x5']],
      ] as const) {
        time.run(waitMs);
        assert.deepEqual(responder.take(), expected);
      }
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100 10.0.0.101 2001:db8::1']);
    });

    it('does not announce with onConflict: refuse what somebody has, and all the same with warn', () => {
      const { workshop, responder, time } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, refusing)]);
      workshop.want('b', [wish('10.0.0.101', 1, probing)]);
      time.run(1000);
      responder.claimed(1, '10.0.0.100');
      responder.claimed(1, '10.0.0.101');
      time.run(10_000);
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101']);
      assert.deepEqual(workshop.state(1, address('10.0.0.100')), { state: 'withheld', reason: 'conflict' });
    });

    it('asks anew after the interface was down', () => {
      const { workshop, responder, time, turn } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, probing)]);
      time.run(10_000);
      workshop.setLinks([{ ...eth0, hasCarrier: false }]);
      turn();
      workshop.setLinks([eth0]);
      turn();
      assert.deepEqual(responder.answering, ['eth0: ']);
      responder.take();
      time.run(10_000);
      assert.equal(responder.take().length, 4);
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
    });

    it('stops asking when nobody wants it any more', () => {
      const { workshop, responder, time } = lan();
      workshop.want('a', [wish('10.0.0.100', 1, probing)]);
      time.run(1000);
      workshop.want('a', []);
      time.run(1);
      responder.take();
      assert.equal(time.pending, 0);
      assert.deepEqual(responder.answering, []);
    });
  });

  describe('that gives the host its addresses', () => {
    /** Says what happened in what order, and is done when the test says so. */
    class Host implements HostAddresses {
      readonly held: string[] = [];
      readonly #done: (() => void)[] = [];

      set(addresses: readonly Address[]): Promise<void> {
        this.held.push(addresses.map(formatAddress).sort().join(' '));
        return new Promise((resolve) => {
          this.#done.push(resolve);
        });
      }

      async finish(): Promise<void> {
        this.#done.shift()?.();
        for (let i = 0; i < 20; i++) await Promise.resolve();
      }
    }

    it('adds before it announces, and removes after it has withdrawn', async () => {
      const { workshop, responder, turn } = lan();
      const host = new Host();
      await workshop.setHostAddresses(host);
      turn();
      await host.finish();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      assert.equal(host.held.at(-1), '10.0.0.100');
      assert.deepEqual(responder.answering, [], 'not before the host has it');
      workshop.want('b', [wish('10.0.0.101')]);
      await host.finish();
      await host.finish();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100']);
      turn();
      assert.equal(host.held.at(-1), '10.0.0.100 10.0.0.101');
      await host.finish();
      await host.finish();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.100 10.0.0.101']);
      workshop.want('a', []);
      turn();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101'], 'withdrawn at once');
      assert.equal(host.held.at(-1), '10.0.0.101');
    });

    it('withdraws at once while the host is still being given others', async () => {
      const { workshop, responder, turn } = lan();
      const host = new Host();
      workshop.want('a', [wish('10.0.0.100'), wish('10.0.0.100', 2)]);
      await workshop.setHostAddresses(host);
      turn();
      await host.finish();
      await host.finish();
      workshop.want('b', [wish('10.0.0.101')]);
      turn();
      workshop.setLinks([eth0, { ...eth1, hasCarrier: false }]);
      workshop.want('a', []);
      workshop.want('c', [wish('10.0.0.102')]);
      turn();
      assert.deepEqual(responder.answering, []);
      await host.finish();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101'], 'and the third waits for its turn');
      await host.finish();
      turn();
      assert.equal(host.held.at(-1), '10.0.0.101 10.0.0.102');
      await host.finish();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.101 10.0.0.102']);
    });

    it('keeps an address until it is withdrawn, while another is exchanged for it', async () => {
      const { workshop, responder, turn } = lan();
      const host = new Host();
      await workshop.setHostAddresses(host);
      turn();
      await host.finish();
      workshop.want('a', [wish('10.0.0.100')]);
      turn();
      await host.finish();
      await host.finish();
      workshop.want('a', [wish('10.0.0.200')]);
      turn();
      assert.equal(host.held.at(-1), '10.0.0.100 10.0.0.200');
      await host.finish();
      assert.deepEqual(responder.answering, ['eth0: 10.0.0.200']);
      assert.equal(host.held.at(-1), '10.0.0.200');
      await host.finish();
    });

    it('asks the host for nothing before it knows what is wanted, so that what a herald before left stays', async () => {
      const { workshop, turn } = lan();
      const host = new Host();
      workshop.want('a', [wish('10.0.0.100')]);
      await workshop.setHostAddresses(host);
      turn();
      assert.deepEqual(host.held, ['10.0.0.100']);
    });

    it('takes the addresses from an interface that is no longer the one', async () => {
      const { workshop, turn } = lan();
      const [before, after] = [new Host(), new Host()];
      workshop.want('a', [wish('10.0.0.100')]);
      await workshop.setHostAddresses(before);
      turn();
      await before.finish();
      await before.finish();
      const exchanged = workshop.setHostAddresses(after);
      await before.finish();
      await exchanged;
      assert.equal(before.held.at(-1), '');
      turn();
      assert.deepEqual(after.held, ['10.0.0.100']);
    });
  });

  it('ends, whatever came before, in the same state as one that began with it', () => {
    const texts = ['10.0.0.1', '10.0.0.2', '2001:db8::1'];
    const policies = [plain, { ...plain, refreshMs: 30_000 }, { ...plain, tracks: ['t'] }];
    const wishes = fc.uniqueArray(
      fc.record({
        address: fc.constantFrom(...texts.map(address)),
        link: fc.constantFrom(1, 2, 3),
        policy: fc.constantFrom(...policies),
      }),
      { maxLength: 4, selector: ({ address: its, link: on }) => `${formatAddress(its)} ${on}` },
    );
    const state = fc.record({
      links: fc
        .subarray([eth0, eth1, link(3, 'eth2'), { ...eth1, isUp: false }], { minLength: 0 })
        .map((all) => all.filter(({ index }, i) => all.findIndex((other) => other.index === index) === i)),
      services: fc.tuple(wishes, wishes),
      reachable: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(state, fc.boolean()), { minLength: 1, maxLength: 6 }), (steps) => {
        const { workshop, responder, time, turn } = lan([]);
        const apply = (one: typeof workshop, { links, services, reachable }: (typeof steps)[0][0]): void => {
          one.setLinks(links);
          for (const on of [1, 2, 3]) one.setReachable('t', on, reachable);
          for (const [i, wanted] of services.entries()) one.want(`s${i}`, wanted);
        };
        for (const [step, isTurn] of steps) {
          apply(workshop, step);
          if (isTurn) turn();
        }
        time.run(1);
        const fresh = lan([]);
        apply(fresh.workshop, steps.at(-1)![0]);
        fresh.time.run(1);
        assert.deepEqual(responder.answering, fresh.responder.answering);
        assert.equal(workshop.announced, fresh.workshop.announced);
        assert.equal(workshop.pendingWithdrawals, 0);
      }),
    );
  });
});
