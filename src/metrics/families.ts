// The families of metrics, one row each: name, help, and how its samples come out of what the house says. Labels are names
// that operators gave, never anything that a peer or a packet can choose.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { PoolBody, StatusBody } from '../api/house.js';
import type { InterfaceBody } from '../api/lan.js';
import type { PeerStatus, PropagationCounts } from '../bgp/protocol.js';

export interface Facts {
  readonly status: StatusBody;
  readonly peers: readonly PeerStatus[];
  readonly propagation: PropagationCounts;
  readonly pools: readonly PoolBody[];
  readonly interfaces: readonly InterfaceBody[];
  /** Services by state. */
  readonly states: ReadonlyMap<string, number>;
}

export interface AnnouncedLabels {
  readonly service: string;
  readonly protocol: string;
  readonly via: string;
  readonly ip: string;
  readonly node: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  /** Adds the family with all its samples. */
  readonly register?: (registry: Registry, facts: Facts) => void;
  /** Labels of the sample of one announcement: such a family is written as the services are walked through. */
  readonly announced?: (labels: AnnouncedLabels) => Readonly<Record<string, string>>;
  /** Of a family whose samples prom-client would count itself. */
  readonly text?: (facts: Facts) => string;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type SamplesOf = (facts: Facts) => readonly Sample[];

const labelNamesOf = (samples: readonly Sample[]): string[] => Object.keys(samples[0]?.labels ?? {});

/** A family of samples; each is a metric of its own registry, new with every scrape, so that a counter is only ever set. */
const familyOf =
  (Kind: typeof Gauge | typeof Counter) =>
  (name: string, help: string, samplesOf: SamplesOf): Family => ({
    name,
    help,
    register: (registry, facts) => {
      const samples = samplesOf(facts);
      if (samples.length === 0) return;
      const metric = new Kind({ name, help, labelNames: labelNamesOf(samples), registers: [registry] });
      for (const { labels, value } of samples) metric.inc(labels, value);
    },
  });

export const gauge = familyOf(Gauge);
export const counter = familyOf(Counter);

/** A family of samples that were counted elsewhere. */
const histogram = (name: string, help: string, countsOf: (facts: Facts) => PropagationCounts): Family => ({
  name,
  help,
  text: (facts) => {
    const { boundsMs, counts, sumMs } = countsOf(facts);
    let total = 0;
    const buckets = counts.map((count, i) => {
      total += count;
      const boundMs = boundsMs[i];
      return `${name}_bucket{le="${boundMs === undefined ? '+Inf' : boundMs / 1000}"} ${total}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${buckets.join('')}${name}_sum ${sumMs / 1000}\n${name}_count ${total}\n`;
  },
});

export const one = (value: number | boolean, labels: Sample['labels'] = {}): readonly Sample[] => [
  { labels, value: Number(value) },
];

/** One sample for each peer, which `nameOf` calls by its label. */
export const ofPeersCalled =
  (nameOf: (peer: PeerStatus) => string) =>
  (value: (peer: PeerStatus) => number | boolean): SamplesOf =>
  ({ peers }) =>
    peers.map((peer) => ({ labels: { peer: nameOf(peer) }, value: Number(value(peer)) }));

const ofPeers = ofPeersCalled(({ name }) => name);

const ofPools =
  (count: 'capacity' | 'inUse' | 'quarantined'): SamplesOf =>
  ({ pools }) =>
    pools.flatMap(({ name, ipv4, ipv6 }) =>
      Object.entries({ ipv4, ipv6 }).flatMap(([family, of]) =>
        of === undefined ? [] : [{ labels: { pool: name, family }, value: Number(of[count]) }],
      ),
    );

const lanFamilies = ['ipv4', 'ipv6'] as const;

/** One sample for each interface and family. */
const ofInterfaces =
  (count: (counters: InterfaceBody['counters']['ipv4']) => number): SamplesOf =>
  ({ interfaces }) =>
    interfaces.flatMap(({ name, counters }) =>
      lanFamilies.map((family) => ({ labels: { interface: name, family }, value: count(counters[family]) })),
    );

const droppedFrames: SamplesOf = ({ interfaces }) =>
  interfaces.flatMap(({ name, counters }) =>
    lanFamilies.flatMap((family) =>
      Object.entries(counters[family].dropped).map(([reason, value]) => ({
        labels: { interface: name, family, reason },
        value,
      })),
    ),
  );

/** RFC 4271 §8.2.2, in the order of a session's life. */
const bgpStates = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'];
const serviceStates = ['Allocated', 'Pending', 'Rejected', 'OutOfPool', 'Moving', 'Shadowed', 'Ignored', 'Flapping'];

export const families: readonly Family[] = [
  {
    name: 'herald_announced',
    help: 'Announcements of services that are on the wire; rows of a bulk are not listed one by one.',
    announced: ({ service, protocol, via, ip }) => ({ service, protocol, via, ip }),
  },
  gauge('herald_build_info', 'What runs.', ({ status }) => one(1, { version: status.version, node: status.node })),
  gauge('herald_config_loaded', 'A configuration is in force.', () => one(1)),
  gauge('herald_config_stale', 'The configuration on disk is not the one in force.', ({ status }) =>
    one(status.config.stale),
  ),
  gauge('herald_ready', 'Configuration and tables are read, sockets are open.', ({ status }) => one(status.ready)),
  gauge('herald_drained', 'The node announces nothing because somebody drained it.', ({ status }) =>
    one(status.drained),
  ),
  gauge('herald_source_stale', 'What the source says now cannot be used.', ({ status }) =>
    status.sources.map(({ name, stale }) => ({ labels: { source: name }, value: Number(stale) })),
  ),
  gauge('herald_services', 'Services by state.', ({ states }) =>
    serviceStates.map((state) => ({ labels: { state }, value: states.get(state) ?? 0 })),
  ),
  gauge('herald_pool_addresses', 'Addresses that the pool has.', ofPools('capacity')),
  gauge('herald_pool_addresses_in_use', 'Addresses of the pool that services hold.', ofPools('inUse')),
  gauge('herald_pool_addresses_quarantined', 'Freed addresses that still rest.', ofPools('quarantined')),
  gauge(
    'herald_bgp_session_up',
    'The session is Established.',
    ofPeers(({ state }) => state === 'Established'),
  ),
  gauge(
    'herald_bgp_state',
    'State of the session: 0 Idle, 1 Connect, 2 Active, 3 OpenSent, 4 OpenConfirm, 5 Established.',
    ofPeers(({ state }) => bgpStates.indexOf(state)),
  ),
  gauge(
    'herald_bgp_admin_up',
    'The session is wanted: neither the configuration nor an operator keeps it down.',
    ofPeers(({ adminState }) => adminState === 'enabled'),
  ),
  gauge(
    'herald_bgp_announced_prefixes',
    'Prefixes that the peer has been told.',
    ofPeers((peer) => peer.announcedPrefixes),
  ),
  gauge(
    'herald_bgp_pending_prefixes',
    'Prefixes that the peer has still to be told.',
    ofPeers((peer) => peer.pendingPrefixes),
  ),
  gauge(
    'herald_bgp_received_prefixes',
    'Prefixes that the peer announces to us.',
    ofPeers((peer) => peer.receivedPrefixes),
  ),
  counter(
    'herald_bgp_session_flaps_total',
    'Times an Established session was lost.',
    ofPeers((peer) => peer.flaps),
  ),
  counter('herald_bgp_messages_total', 'Messages by type and direction.', ({ peers }) =>
    peers.flatMap(({ name, messages }) =>
      (['sent', 'received'] as const).flatMap((direction) =>
        Object.entries(messages[direction]).map(([type, value]) => ({
          labels: { peer: name, type, direction },
          value,
        })),
      ),
    ),
  ),
  histogram(
    'herald_bgp_propagation_seconds',
    'From a change of the table, seen in its file or received on the socket, until its UPDATEs are written to a peer.',
    ({ propagation }) => propagation,
  ),
  counter(
    'herald_layer2_requests_received_total',
    'ARP requests and neighbour solicitations for our addresses.',
    ofInterfaces(({ requestsReceived }) => requestsReceived),
  ),
  counter(
    'herald_layer2_responses_sent_total',
    'Answers to them.',
    ofInterfaces(({ responsesSent }) => responsesSent),
  ),
  counter(
    'herald_layer2_gratuitous_sent_total',
    'Announcements that nobody asked for.',
    ofInterfaces(({ gratuitousSent }) => gratuitousSent),
  ),
  counter('herald_layer2_dropped_total', 'Frames that were not answered, and why.', droppedFrames),
  counter(
    'herald_layer2_conflicts_total',
    'Frames by which another host claims an address of ours.',
    ofInterfaces(({ conflicts }) => conflicts),
  ),
];
