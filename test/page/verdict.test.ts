import assert from 'node:assert/strict';
import type { Pool } from '../../src/page/api.js';
import { type Facts, verdict } from '../../src/page/verdict.js';
import { peer } from '../api/fake-house.js';
import { lanInterface, PageHouse } from './page-house.js';

const sound = (changes: Partial<Facts> = {}): Facts => {
  const house = new PageHouse({ services: 3, isSound: true });
  const { peers, pools, interfaces } = house;
  return { status: house.status(), peers, pools, interfaces, ...changes };
};
const said = (facts: Facts) => verdict(facts).matters.map(({ mood, subject, text }) => `${mood}: ${subject} ${text}`);

describe('The sentence at the top of the page', () => {
  it('says how much is announced when all is well', () => {
    assert.deepEqual(verdict(sound()), {
      mood: 'good',
      sentence: 'All is well: 3 prefixes announced to 2 peers, 252 addresses on the LAN',
      matters: [],
    });
  });

  it('names the peers that are down and why, and those that an operator holds down, but not those configured to be', () => {
    const lastError = { at: '', code: 4, subcode: 0, text: 'hold timer expired', direction: 'sent' } as const;
    const peers = [
      peer('up'),
      peer('down', { state: 'Active', lastError }),
      peer('new', { state: 'Connect' }),
      peer('held', { state: 'Idle', adminState: 'disabled', lastError }),
      peer('shut', { state: 'Idle', adminState: 'shutdown' }),
    ];
    assert.deepEqual(said(sound({ peers })), [
      'bad: peer down is Active: hold timer expired',
      'bad: peer new is Connect',
      'wait: peer held is disabled until it is enabled',
    ]);
    assert.equal(verdict(sound({ peers })).sentence, '3 matters need a look');
  });

  it('puts what was refused before what is only odd', () => {
    const { status } = sound();
    const source = { name: 'static', kind: 'file', services: 1 } as const;
    const facts = sound({
      status: {
        ...status,
        ready: false,
        drained: true,
        config: { ...status.config, stale: true, problems: ['herald.yaml:3:1: no'] },
        sources: [
          { ...source, stale: false, problems: ['one', 'two'] },
          { ...source, name: 'other', stale: true, problems: [] },
        ],
        listeners: [{ address: '10.0.0.11', port: 179, problem: 'permission denied' }],
        layer2: { problems: ['eth9: no such interface'] },
      },
    });
    assert.deepEqual(said(facts), [
      'bad: configuration what is on disk is not in force; the one before is',
      'bad: source other cannot be used as it is; its last good table is in force',
      'bad: listener 10.0.0.11 port 179 permission denied',
      'bad: LAN eth9: no such interface',
      'wait: source static 2 problems',
      'wait: drained nothing is announced until it is undrained',
    ]);
    assert.deepEqual(verdict(facts).matters[0]?.details, ['herald.yaml:3:1: no']);
    assert.deepEqual(said(sound({ status: { ...status, ready: false } })), ['wait: herald is not ready yet']);
    assert.deepEqual(said(sound({ status: { ...status, draining: true } })), [
      'wait: draining everything is announced as a last resort, and about to be withdrawn',
    ]);
  });

  it('says until when a change must be confirmed', () => {
    const { status } = sound();
    const wayBack = { confirmBefore: '2026-01-02T04:05:05.000Z', fallback: { loadedAt: '2026-01-01T01:02:03.000Z' } };
    assert.deepEqual(said(sound({ status: { ...status, config: { ...status.config, ...wayBack } } })), [
      'wait: configuration goes back to the one before unless it is confirmed before 04:05:05 UTC',
    ]);
  });

  it('looks at the LAN: conflicts, interfaces that fail, neighbours that do not answer', () => {
    const interfaces = [
      lanInterface('eth0', { conflicts: [{ address: '203.0.113.10', mac: '02:00:00:00:00:09', at: '', count: 3 }] }),
      lanInterface('eth1', { problem: 'no such device' }),
      lanInterface('eth2', { tracks: [{ address: '10.0.0.1', reachable: false, problem: '' }] }),
      lanInterface('eth3', { usable: false, reason: 'down' }),
    ];
    assert.deepEqual(said(sound({ interfaces })), [
      'bad: interface eth0 another host claims what is announced here',
      'bad: interface eth1 no such device',
      'wait: interface eth2 10.0.0.1 does not answer',
    ]);
  });

  it('warns of a pool before it is empty', () => {
    const pool = (name: string, inUse: number, capacity: number, state: Pool['state'] = 'active') => ({
      name,
      state,
      addresses: [],
      ipv4: { capacity, inUse, quarantined: 0 },
    });
    const pools = [
      pool('roomy', 89, 100),
      pool('tight', 90, 100),
      pool('full', 64, 64),
      pool('off', 64, 64, 'disabled'),
      pool('none', 0, 0),
    ];
    assert.deepEqual(said(sound({ pools })), [
      'wait: pool tight is 90% full of IPv4',
      'wait: pool full has no IPv4 address left of 64',
    ]);
  });
});
