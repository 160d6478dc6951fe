// A house for the page to look at: as many services as one asks for, two sessions up, one down and one shut, pools,
// interfaces, and a chain for everything that is asked. What it filters it filters as the API does.

import type { ServiceAnnouncementBody, ServiceBody, SourceBody, StatusBody } from '../../src/api/house.js';
import type { PeerStatus } from '../../src/bgp/protocol.js';
import type { Explanation, LanInterface, Pool } from '../../src/page/api.js';
import { peer, service } from '../api/fake-house.js';

const counters = { responsesSent: 0 };

export const lanInterface = (name: string, changes: Partial<LanInterface> = {}): LanInterface => ({
  name,
  mac: '02:00:00:00:00:01',
  usable: true,
  reason: '',
  problem: '',
  addresses: ['10.0.0.11/24', '2001:db8:0:1::11/64'],
  announced: 240,
  counters: {
    ipv4: { responsesSent: 18_230 },
    ipv6: counters,
  },
  conflicts: [],
  tracks: [],
  ...changes,
});

export interface PageHouseOptions {
  readonly services?: number;
  /** Every session up and nothing to complain about. */
  readonly isSound?: boolean;
}

export class PageHouse {
  readonly services: ServiceBody[];
  peers: PeerStatus[];
  pools: Pool[];
  interfaces: LanInterface[];
  sources: SourceBody[];
  changes: Partial<StatusBody> = {};

  constructor({ services = 400, isSound = false }: PageHouseOptions = {}) {
    this.services = Array.from({ length: services }, (_, index) => serviceAt(index, isSound));
    const announced = this.services.filter(({ state }) => state === 'Allocated').length;
    const up = { announcedPrefixes: announced, families: ['ipv4', 'ipv6'], uptimeSeconds: 273_840 };
    this.peers = [
      peer('tor-1', { ...up, address: '10.0.0.1', description: 'rack 12, left' }),
      peer('tor-2', {
        ...up,
        address: '10.0.0.2',
        flaps: 1,
        uptimeSeconds: 4210,
        pendingPrefixes: Math.ceil(announced / 9),
        unsentOctets: 0,
      }),
    ];
    if (!isSound)
      this.peers.push(
        peer('edge-fra', {
          address: '2001:db8:ffff::1',
          asn: 65_551,
          state: 'Active',
          uptimeSeconds: 0,
          announcedPrefixes: 0,
          pendingPrefixes: announced,
          unsentOctets: 0,
          flaps: 4,
          lastError: {
            at: '2026-01-02T03:04:05.000Z',
            code: 6,
            subcode: 2,
            text: 'Cease/Administrative Shutdown: maintenance until noon',
            direction: 'received',
          },
        }),
        peer('lab', { address: '10.0.9.9', asn: 64_999, state: 'Idle', adminState: 'shutdown', announcedPrefixes: 0 }),
      );
    const some = Math.min(240, announced);
    this.pools = [
      {
        name: 'production',
        state: 'active',
        addresses: ['203.0.113.0/24', '198.51.100.10-198.51.100.50', '2001:db8:1::/64'],
        ipv4: { capacity: 297, inUse: Math.min(297, isSound ? 180 : 291), quarantined: isSound ? 12 : 4 },
        ipv6: { capacity: '18446744073709551616', inUse: some, quarantined: 3 },
      },
      {
        name: 'anycast',
        state: 'active',
        addresses: ['192.0.2.0/26'],
        ipv4: { capacity: 64, inUse: 9, quarantined: 0 },
      },
      {
        name: 'legacy',
        state: 'draining',
        addresses: ['10.64.0.0/16'],
        ipv4: { capacity: 65_536, inUse: 23_120, quarantined: 5400 },
      },
    ];
    this.interfaces = [
      lanInterface('eth0'),
      lanInterface('bond0.120', { announced: 12, addresses: ['10.0.120.11/24'], mac: '02:00:00:00:00:02' }),
      lanInterface('eth3', { usable: false, reason: 'down', addresses: [], announced: 0 }),
    ];
    const file = { kind: 'file', stale: false, problems: [] } as const;
    this.sources = [
      { ...file, name: 'static', file: '/etc/herald/allocations.yaml', services },
      { name: 'controller', kind: 'socket', stale: false, problems: [], services: 0 },
      { name: 'cli', kind: 'cli', stale: false, problems: [], services: 0 },
    ];
  }

  status(): StatusBody {
    const allocated = this.services.filter(({ state }) => state === 'Allocated').length;
    return {
      node: 'node-a',
      version: '0.2.0',
      uptimeSeconds: 273_901,
      ready: true,
      drained: false,
      draining: false,
      layer2: { problems: [] },
      config: { file: '/etc/herald/herald.yaml', stale: false, problems: [], loadedAt: new Date().toISOString() },
      sources: this.sources,
      listeners: [],
      counts: {
        services: this.services.length,
        allocated,
        announcedBgp: allocated,
        announcedLayer2: this.interfaces.reduce((sum, { announced }) => sum + announced, 0),
        peers: this.peers.length,
        peersEstablished: this.peers.filter(({ state }) => state === 'Established').length,
        peersDisabled: this.peers.filter(({ adminState }) => adminState !== 'enabled').length,
      },
      ...this.changes,
    };
  }

  findServices(q: string, state: string): ServiceBody[] {
    return this.services.filter(
      (one) =>
        (state === '' || one.state === state) &&
        [one.name, one.pool, one.source, ...one.addresses].some((text) => text.includes(q)),
    );
  }

  findAnnouncements(q: string, state: string, protocol: string): ServiceAnnouncementBody[] {
    return this.services
      .flatMap(({ name, announcements }) => announcements.map((one) => ({ service: name, ...one })))
      .filter(
        (one) =>
          (state === '' || one.state === state) &&
          (protocol === '' || one.protocol === protocol) &&
          [one.service, one.prefix, one.via].some((text) => text.includes(q)),
      );
  }

  explain(asked: string): Explanation | undefined {
    const found = this.services.find(({ name, addresses }) => name === asked || addresses.includes(asked));
    if (found === undefined) return undefined;
    const { name, source, state, reason, message, addresses, pool, announcements } = found;
    const kind = asked.includes('/') ? 'service' : 'address';
    const where = '/etc/herald/herald.yaml';
    if (state !== 'Allocated')
      return {
        asked,
        kind,
        verdict: `${name} is not announced: ${message}.`,
        steps: [
          {
            step: 'source',
            subject: source,
            verdict: 'yes',
            text: 'the entry is in the table',
            where: '/etc/herald/allocations.yaml:12:5',
          },
          { step: 'allocation', subject: reason, verdict: 'no', text: message, where: `${where}:22:5` },
        ],
      };
    return {
      asked,
      kind,
      verdict: `${addresses[0]} of ${name} is announced to tor-1 and tor-2, and withheld from nobody.`,
      steps: [
        {
          step: 'source',
          subject: source,
          verdict: 'yes',
          text: 'the entry is in the table, and no earlier source has it',
          where: '/etc/herald/allocations.yaml:12:5',
        },
        {
          step: 'class',
          subject: '',
          verdict: 'yes',
          text: 'no class is asked for, and none is configured',
          where: '',
        },
        {
          step: 'allocation',
          subject: pool,
          verdict: 'yes',
          text: `${addresses.join(' and ')}: the lowest free of each family`,
          where: `${where}:22:5`,
        },
        {
          step: 'advertisement',
          subject: 'default',
          verdict: 'yes',
          text: 'matches the pool, and every peer',
          where: `${where}:31:5`,
        },
        { step: 'node', subject: 'node-a', verdict: 'yes', text: 'every node may announce it', where: '' },
        ...announcements.map(({ via, state: said }) => ({
          step: 'peer' as const,
          subject: via,
          verdict: said === 'announced' ? ('yes' as const) : ('no' as const),
          text: said === 'announced' ? 'the session is established and carries the family' : 'the session is Active',
          where: `${where}:9:5`,
        })),
        {
          step: 'wire',
          subject: `${addresses[0]}/32`,
          verdict: 'note',
          text: 'NEXT_HOP 10.0.0.11, AS_PATH 64512, communities 64512:100',
          where: '',
        },
      ],
    };
  }
}

const names = ['web', 'api', 'mail', 'dns', 'cache', 'queue', 'search', 'auth', 'media', 'metrics'];
const spaces = ['shop', 'platform', 'payments', 'media', 'search-eu', 'internal'];

function serviceAt(index: number, isSound: boolean): ServiceBody {
  const name = `${spaces[index % spaces.length]}/${names[index % names.length]}-${String(index).padStart(6, '0')}`;
  const address = `10.${64 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`;
  const since = new Date(Date.UTC(2026, index % 10, 1 + (index % 27), index % 24, index % 60)).toISOString();
  const rest = {
    since,
    pool: 'legacy',
    source: index % 7 === 0 ? 'controller' : 'static',
    owner: index % 21 === 0 ? 'ops' : '',
  };
  if (!isSound && index % 53 === 9)
    return service(name, {
      ...rest,
      state: 'Pending',
      reason: 'noIPAllocated',
      message: 'no available IPs in pool production',
      pool: '',
      addresses: [],
      announcements: [],
    });
  if (!isSound && index % 97 === 4)
    return service(name, {
      ...rest,
      state: 'Rejected',
      reason: 'AddressNotInPool',
      message: `${address} is in none of the pools`,
      pool: '',
      addresses: [],
      announcements: [],
    });
  const addresses = index % 3 === 0 ? [address, `2001:db8:1::${index.toString(16)}`] : [address];
  const to = (via: string, state: 'announced' | 'pending') =>
    ({ prefix: `${address}/32`, protocol: 'bgp', via, state, reason: '' }) as const;
  return service(name, {
    ...rest,
    addresses,
    announcements: isSound
      ? [to('tor-1', 'announced'), to('tor-2', 'announced')]
      : [to('tor-1', 'announced'), to('tor-2', 'announced'), to('edge-fra', 'pending')],
  });
}
