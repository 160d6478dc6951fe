import assert from 'node:assert/strict';
import type { PeerOrder } from '../../src/api/peers.js';
import { Propagation } from '../../src/bgp/propagation.js';
import type { PeerCommand, SpeakerSettings } from '../../src/bgp/protocol.js';
import { PeerKeeper } from '../../src/house/peer-keeper.js';
import { accepts } from '../config/given.js';

/** A keeper with two peers, and what it has told a BGP thread that only listens. */
class House {
  readonly told: SpeakerSettings[] = [];
  readonly commands: (readonly [peer: string, command: PeerCommand])[] = [];
  readonly log: string[] = [];
  readonly keeper: PeerKeeper;

  constructor() {
    const names = ['tor-1', 'tor-2', 'tor-3'];
    this.keeper = new PeerKeeper({
      announcer: { views: [{ id: 1, peers: names, advertisements: [] }], dropUnusedViews: () => [] },
      bgp: {
        configure: (settings) => this.told.push(settings),
        command: (peer, command) => this.commands.push([peer, command]),
        dropView: () => {},
        status: async () => ({ peers: [], listeners: [], propagation: new Propagation().counts }),
      },
      log: { write: (_, event, message) => this.log.push(`${event} ${message}`) },
      routerId: 1,
      forwardingPreserved: false,
    });
    this.configure('tor-1', 'tor-2');
  }

  /** `tor-1`, or with more of its configuration behind it. */
  configure(...peers: readonly string[]): void {
    const lines = peers.map((peer, i) => {
      const [name, ...more] = peer.split(' ');
      return `  - { name: ${name}, peerAddress: 10.0.0.${i + 1}, peerASN: 64500${more.map((field) => `, ${field.replace('=', ': ')}`).join('')} }`;
    });
    this.keeper.configure(accepts(['bgp: { asn: 64512 }', 'bgpPeers:', ...lines].join('\n')));
  }

  order(name: string, kind: PeerOrder['kind'], message?: string): string {
    const hasMessage = kind === 'disable' || kind === 'reset';
    return this.keeper.command(name, hasMessage && message !== undefined ? { kind, message } : { kind });
  }

  /** Of the peers as the BGP thread knows them: `tor-1 disabled bye`. */
  get states(): string[] {
    return (this.told.at(-1)?.peers ?? []).map(({ session: { name, adminState, shutdownText } }) =>
      `${name} ${adminState} ${shutdownText}`.trim(),
    );
  }

  up(...names: readonly string[]): void {
    for (const peer of names)
      this.keeper.changed({ kind: 'transition', peer, state: 'Established', families: ['ipv4'] });
  }
}

describe('A peer that an operator disables', () => {
  it('is kept down with a message, by default with one that says who did it', () => {
    const house = new House();
    assert.equal(house.order('tor-1', 'disable', 'new optics'), 'done');
    assert.equal(house.order('tor-2', 'disable'), 'done');
    assert.deepEqual(house.states, ['tor-1 disabled new optics', 'tor-2 disabled disabled by the operator']);
  });

  it('is touched once, however often that is said', () => {
    const house = new House();
    const before = house.told.length;
    assert.deepEqual(
      (['disable', 'disable', 'enable', 'enable'] as const).map((kind) => house.order('tor-1', kind)),
      ['done', 'unchanged', 'done', 'unchanged'],
    );
    assert.equal(house.told.length, before + 2);
    assert.deepEqual(house.states, ['tor-1 enabled', 'tor-2 enabled']);
    assert.deepEqual(
      house.log.map((line) => line.split(' ')[0]),
      ['peerDisabled', 'peerEnabled'],
    );
  });

  it('stays down over every reload that keeps its name, and no longer than it is configured', () => {
    const house = new House();
    house.order('tor-1', 'disable', 'bye');
    house.configure('tor-1 holdTime=30s', 'tor-2', 'tor-3');
    assert.deepEqual(house.states, ['tor-1 disabled bye', 'tor-2 enabled', 'tor-3 enabled']);
    house.configure('tor-2');
    house.configure('tor-1', 'tor-2');
    assert.deepEqual(house.states, ['tor-1 enabled', 'tor-2 enabled']);
  });

  it('is neither reset nor refreshed', () => {
    const house = new House();
    house.order('tor-1', 'disable');
    assert.equal(house.order('tor-1', 'reset'), 'disabled');
    assert.equal(house.order('tor-1', 'refresh'), 'disabled');
    assert.equal(house.order('tor-2', 'refresh'), 'done');
    assert.deepEqual(house.commands, [['tor-2', { kind: 'refresh' }]]);
  });

  it('does not keep the first announcement waiting, nor does one that is shut down', () => {
    const house = new House();
    house.configure('tor-1', 'tor-2', 'tor-3 shutdown=true');
    house.order('tor-2', 'disable');
    assert.deepEqual([house.keeper.areAllUp, house.keeper.established, house.keeper.keptDown], [false, 0, 2]);
    house.up('tor-1');
    assert.deepEqual([house.keeper.areAllUp, house.keeper.established, house.keeper.keptDown], [true, 1, 2]);
  });
});

describe('A peer that the configuration shuts down', () => {
  it('cannot be enabled, reset or refreshed by anybody', () => {
    const house = new House();
    house.configure('tor-1 shutdown=true');
    for (const kind of ['enable', 'reset', 'refresh'] as const) assert.equal(house.order('tor-1', kind), 'shutDown');
    assert.deepEqual(house.states, ['tor-1 shutdown']);
    assert.deepEqual(house.commands, []);
  });

  it('can be disabled as well, and then stays down when the configuration lets it go', () => {
    const house = new House();
    house.configure('tor-1 shutdown=true');
    assert.equal(house.order('tor-1', 'disable', 'bye'), 'done');
    assert.deepEqual(house.states, ['tor-1 shutdown']);
    house.configure('tor-1');
    assert.deepEqual(house.states, ['tor-1 disabled bye']);
    assert.equal(house.order('tor-1', 'enable'), 'done');
    assert.deepEqual(house.states, ['tor-1 enabled']);
  });
});

it('A peer that is not there is told nothing', () => {
  const house = new House();
  for (const kind of ['enable', 'disable', 'reset', 'refresh'] as const)
    assert.equal(house.order('tor-9', kind), 'noSuchPeer');
});
