import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage, type Message } from '../../src/bgp/message.js';
import { cease } from '../../src/bgp/notification.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import { FakeNetwork } from '../bgp/fake-network.js';
import {
  baseSettings,
  openOf,
  ours,
  type Puppet,
  puppetDial,
  puppetListener,
  type Speaker,
  speaker,
} from '../bgp/fake-speaker.js';
import { FakeTime } from '../bgp/fake-time.js';

const keepalive: Message = { kind: 'keepalive' };

interface Stage extends Speaker {
  readonly time: FakeTime;
  readonly network: FakeNetwork;
  readonly puppets: Puppet[];
}

/** Our session, and a puppet at the peer's address for each time it dials. */
function stage(changes: Partial<SessionSettings> = {}): Stage {
  const time = new FakeTime();
  const network = new FakeNetwork(time, () => 0.5);
  const puppets = puppetListener(network);
  const on = speaker(network, { ...baseSettings, ...changes }, { address: ours });
  on.session.start();
  time.runUntil(() => puppets.length > 0, 1_000);
  return { time, network, puppets, ...on };
}

/** What brings the puppet to each state in which there is a connection. */
const ways: { readonly [state: string]: readonly Message[] } = {
  OpenSent: [],
  OpenConfirm: [openOf()],
  Established: [openOf(), keepalive],
};

/** It came back to where it began, and a healthy peer is taken again. */
function recovers(on: Pick<Stage, 'time' | 'session' | 'puppets'>): void {
  let answered = on.puppets.length;
  const isUp = on.time.runUntil(() => {
    for (; answered < on.puppets.length; answered++) on.puppets[answered]!.say(openOf(), keepalive);
    return on.session.status().state === 'Established';
  }, 300_000);
  assert.ok(isUp, on.session.status().state);
}

function into(state: string): Stage & { puppet: Puppet } {
  const on = stage();
  const puppet = on.puppets[0]!;
  puppet.say(...ways[state]!);
  on.time.run(100);
  assert.equal(on.session.status().state, state);
  return { ...on, puppet };
}

describe('A BGP peer that misbehaves', () => {
  for (const state of Object.keys(ways)) {
    it(`closes in ${state}`, () => {
      for (const close of ['finish', 'destroy'] as const) {
        const on = into(state);
        on.puppet.connection[close]();
        on.time.run(100);
        assert.notEqual(on.session.status().state, state);
        assert.equal(on.network.connections.size, 0);
        recovers(on);
      }
    });

    it(`sends noise in ${state}`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 19, maxLength: 200, size: 'max' }), (noise) => {
          fc.pre(noise.subarray(0, 16).some((octet) => octet !== 0xff));
          const on = into(state);
          on.puppet.connection.write(noise);
          on.time.run(1_000);
          assert.deepEqual(
            on.puppet.heardOf('notification').map(({ code, subcode }) => [code, subcode]),
            [[1, 1]],
          );
          assert.equal(on.puppet.closed, 'connection closed by peer');
        }),
        { numRuns: 50 },
      );
      const on = into(state);
      on.puppet.connection.write(new Uint8Array(64));
      on.time.run(1_000);
      recovers(on);
    });

    it(`closes in the middle of a message in ${state}`, () => {
      const on = into(state);
      on.puppet.connection.write(encodeMessage(openOf()).subarray(0, 25));
      on.puppet.connection.finish();
      on.time.run(1_000);
      assert.equal(on.network.connections.size, 0);
      recovers(on);
    });

    it(`begins a message in ${state} and never ends it`, () => {
      const on = into(state);
      on.puppet.connection.write(encodeMessage(openOf()).subarray(0, 25));
      on.time.run(250_000);
      assert.deepEqual(
        on.puppet.heardOf('notification').map(({ code, subcode }) => [code, subcode]),
        [[4, 0]],
      );
    });

    it(`says every kind of message in ${state}, and never ends up with two sessions or none for good`, () => {
      const said: Message[] = [
        openOf(),
        openOf({ asn: 1 }),
        openOf({ holdTimeSeconds: 1 }),
        keepalive,
        cease(2),
        cease(7),
        { kind: 'notification', code: 0, subcode: 255, data: new Uint8Array(300) },
        { kind: 'update', withdrawn: [], attributes: [], announced: [] },
        { kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 },
      ];
      for (const message of said) {
        const on = into(state);
        on.puppet.say(message);
        on.time.run(1_000);
        if (on.session.status().state !== 'Established') {
          on.puppet.connection.destroy();
          recovers(on);
        }
      }
    });
  }

  it('says nothing after its OPEN: the hold time that was agreed ends it', () => {
    const on = stage({ holdTimeSeconds: 9 });
    on.puppets[0]!.say(openOf());
    on.time.run(100);
    assert.equal(on.session.status().state, 'OpenConfirm');
    on.time.run(9_000);
    assert.equal(on.session.status().lastError?.code, 4);
    recovers(on);
  });

  it('opens a thousand connections at once: it has one of them, and we are not kept from dialling', () => {
    const time = new FakeTime();
    const network = new FakeNetwork(time, () => 0.5);
    const { session, log } = speaker(network, baseSettings, { address: ours });
    session.start();
    const calls = Array.from({ length: 1000 }, () => puppetDial(network));
    time.run(1_000);
    assert.equal(calls.filter(([puppet]) => puppet?.closed === undefined).length, 1);
    assert.equal(network.connections.size, 2);
    assert.ok(log.filter(({ level }) => level === 'warn').length < 10);
    const puppets = puppetListener(network);
    recovers({ time, session, puppets });
    time.run(100);
    assert.equal(network.connections.size, 2);
  });

  it('calls a thousand times a minute for an hour: it is let in a few times only', () => {
    const time = new FakeTime();
    const network = new FakeNetwork(time, () => 0.5);
    const { session, established } = speaker(network, { ...baseSettings, passive: true }, { address: ours });
    session.start();
    let refused = 0;
    for (let i = 0; i < 6_000; i++) {
      const called = puppetDial(network);
      time.run(10);
      const puppet = called[0];
      assert.ok(puppet);
      puppet.say(openOf(), keepalive);
      time.run(50);
      if (puppet.heardOf('notification').some(({ code, subcode }) => code === 6 && subcode === 5)) refused++;
      puppet.connection.destroy();
      time.run(540);
    }
    assert.ok(established.length < 60, `${established.length} sessions`);
    assert.ok(refused > 5_000);
  });

  it('floods us with KEEPALIVEs: the session stays, and no timer piles up', () => {
    const on = into('Established');
    const pending = on.time.pending;
    on.puppet.say(...new Array<Message>(10_000).fill(keepalive));
    on.time.run(1_000);
    assert.equal(on.session.status().messages.received.keepalive, 10_001);
    assert.equal(on.session.status().state, 'Established');
    assert.ok(on.time.pending <= pending + 1);
  });
});
