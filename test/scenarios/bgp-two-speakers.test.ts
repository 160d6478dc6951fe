import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage } from '../../src/bgp/message.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import { endOfRib } from '../../src/bgp/update.js';
import type { Random } from '../../src/ports.js';
import { FakeNetwork } from '../bgp/fake-network.js';
import { baseSettings, ours, peerSettings, type Speaker, speaker, theirs } from '../bgp/fake-speaker.js';
import { FakeTime } from '../bgp/fake-time.js';

/** Park and Miller: the same seed, the same world. */
function seeded(seed: number): Random {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

interface Pair {
  readonly time: FakeTime;
  readonly network: FakeNetwork;
  readonly near: Speaker;
  readonly far: Speaker;
}

function pair(
  seed: number,
  near: Partial<SessionSettings> = {},
  far: Partial<SessionSettings> = {},
  maxDelayMs = 20,
): Pair {
  const time = new FakeTime();
  const network = new FakeNetwork(time, seeded(seed), maxDelayMs);
  return {
    time,
    network,
    near: speaker(network, { ...baseSettings, ...near }, { address: ours, random: seeded(seed + 1) }),
    far: speaker(network, { ...peerSettings, ...far }, { address: theirs, random: seeded(seed + 2) }),
  };
}

const isUp = ({ session }: Speaker): boolean => session.status().state === 'Established';
const bothUp = ({ near, far }: Pair): boolean => isUp(near) && isUp(far);
/** Whatever is still being resolved is over: one connection, an end at each side. */
const settled = (on: Pair): boolean => bothUp(on) && on.network.connections.size === 2;

describe('Two BGP speakers', () => {
  it('settle on one session when both start at once, whatever the network does', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 300 }),
        (seed, apartMs, delayMs) => {
          const on = pair(seed, {}, {}, delayMs);
          on.near.session.start();
          on.time.run(apartMs);
          on.far.session.start();
          assert.ok(on.time.runUntil(() => settled(on), 120_000));
          on.time.run(600_000);
          assert.ok(settled(on), 'and stay there');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('[17] settle without an error or a flap when their connections cross', () => {
    let crossed = 0;
    for (let seed = 0; seed < 50; seed++) {
      const on = pair(seed);
      on.near.session.start();
      on.far.session.start();
      assert.ok(on.time.runUntil(() => settled(on), 60_000));
      if (on.network.dials < 2) continue;
      crossed++;
      for (const { session } of [on.near, on.far]) {
        assert.equal(session.status().flaps, 0);
        assert.equal(session.status().lastError, null);
      }
    }
    assert.ok(crossed > 40);
  });

  it('[17] settle with equal identifiers in different ASes, which the AS number decides', () => {
    for (let seed = 0; seed < 20; seed++) {
      const on = pair(seed, {}, { routerId: baseSettings.routerId });
      on.near.session.start();
      on.far.session.start();
      assert.ok(on.time.runUntil(() => settled(on), 60_000));
    }
  });

  it('refuse each other with 2/3 when they share identifier and AS', () => {
    const on = pair(7, { peerAsn: 64512 }, { asn: 64512, routerId: baseSettings.routerId });
    on.near.session.start();
    on.far.session.start();
    on.time.run(600_000);
    const { lastError } = on.near.session.status();
    assert.deepEqual([lastError?.code, lastError?.subcode], [2, 3]);
    assert.ok(on.network.dials < 30, `${on.network.dials} dials`);
  });

  it('[26] do not spin on a wrong AS number, which neither can mend', () => {
    const on = pair(3, { peerAsn: 65000 }, {});
    on.near.session.start();
    on.far.session.start();
    on.time.run(3600_000);
    assert.ok(on.network.dials < 120, `${on.network.dials} dials`);
    assert.ok(on.near.log.filter(({ level }) => level === 'warn').length < 30);
  });

  for (const holdTimeSeconds of [0, 3, 90])
    it(`stay up for a day with a hold time of ${holdTimeSeconds} s at either end`, () => {
      for (const [near, far] of [
        [{ holdTimeSeconds }, {}],
        [{}, { holdTimeSeconds }],
      ] as const) {
        const on = pair(11, near, far, 5);
        on.near.session.start();
        on.far.session.start();
        assert.ok(on.time.runUntil(() => settled(on), 60_000));
        assert.equal(on.near.session.status().holdTimeSeconds, Math.min(holdTimeSeconds, 90));
        on.time.run(holdTimeSeconds === 3 ? 3600_000 : 24 * 3600_000);
        assert.deepEqual([on.near.session.status().flaps, on.far.session.status().flaps], [0, 0]);
      }
    });

  it('find each other when one only listens', () => {
    const on = pair(5, {}, { passive: true });
    on.far.session.start();
    on.time.run(5_000);
    assert.equal(on.far.session.status().state, 'Active');
    on.near.session.start();
    assert.ok(on.time.runUntil(() => settled(on), 1_000));
    assert.equal(on.network.dials, 1);
  });

  it('never meet when both only listen', () => {
    const on = pair(5, { passive: true }, { passive: true });
    on.near.session.start();
    on.far.session.start();
    on.time.run(3600_000);
    assert.equal(on.network.dials, 0);
    assert.equal(on.time.pending, 0);
  });

  it('[17] agree again at once when a peer that was up for a while restarts and dials', () => {
    for (let seed = 0; seed < 20; seed++) {
      const on = pair(seed);
      on.near.session.start();
      on.far.session.start();
      assert.ok(on.time.runUntil(() => settled(on), 60_000));
      on.time.run(60_000);
      on.far.session.stop({ subcode: 2 });
      on.time.run(1_000);
      on.far.session.start();
      assert.ok(on.time.runUntil(() => settled(on), 1_000));
    }
  });

  it('survive a peer that resets its side for ever, and agree soon after it stops doing so', () => {
    const on = pair(13);
    on.near.session.start();
    on.far.session.start();
    for (let i = 0; i < 200; i++) {
      on.time.runUntil(() => isUp(on.far), 5_000);
      on.far.session.reset({ subcode: 4 });
    }
    assert.ok(on.network.dials < 450, `${on.network.dials} dials`);
    assert.ok(on.time.runUntil(() => settled(on), 130_000));
  });

  it('[19] go on by themselves when one loses its power and comes back under graceful restart', () => {
    const gracefulRestart = { restartTimeSeconds: 120, forwardingPreserved: true };
    const on = pair(17, { gracefulRestart }, { gracefulRestart });
    on.near.session.start();
    on.far.session.start();
    assert.ok(on.time.runUntil(() => settled(on), 60_000));
    on.time.run(40_000);
    // Its old end is gone without a packet, and begins anew.
    for (const end of on.network.connections) if (end.local.address === theirs) end.reading = false;
    const successor = speaker(on.network, { ...peerSettings, gracefulRestart }, { address: theirs });
    successor.session.start();
    assert.ok(on.time.runUntil(() => isUp(successor) && isUp(on.near), 1_000));
    assert.equal(on.near.counts.closed, 1);
    assert.equal(on.near.established.length, 2);
    assert.equal(on.near.established[1]?.gracefulRestart?.peerRestarting, true);
  });

  it('[19] wait for the hold timer when one loses its power without graceful restart', () => {
    const on = pair(17);
    on.near.session.start();
    on.far.session.start();
    assert.ok(on.time.runUntil(() => settled(on), 60_000));
    on.time.run(40_000);
    for (const end of on.network.connections) end.reading = false;
    const successor = speaker(on.network, { ...peerSettings, passive: false }, { address: theirs });
    successor.session.start();
    on.time.run(1_000);
    assert.equal(isUp(successor), false);
    assert.ok(on.time.runUntil(() => isUp(successor), 130_000));
  });

  it('carry what is written through every cut, in order', () => {
    const on = pair(23, {}, {}, 3);
    on.near.session.start();
    on.far.session.start();
    assert.ok(on.time.runUntil(() => settled(on), 60_000));
    const update = encodeMessage(endOfRib('ipv4'));
    for (let i = 0; i < 500; i++) {
      on.near.session.write(update);
      on.near.session.wrote(1);
    }
    on.time.run(20_000);
    assert.equal(on.far.session.status().messages.received.update, 500);
    assert.ok(bothUp(on));
  });

  it('leave nothing behind when they are stopped: no connection, no timer', () => {
    for (let seed = 0; seed < 20; seed++) {
      const on = pair(seed);
      on.near.session.start();
      on.far.session.start();
      on.time.run(seed * 7);
      on.near.session.stop({ subcode: 3 });
      on.far.session.stop({ subcode: 2 });
      on.time.run(5_000);
      assert.equal(on.network.connections.size, 0);
      assert.equal(on.time.pending, 0);
    }
  });
});
