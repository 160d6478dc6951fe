// `metrics.compat: metallb`: MetalLB's names and labels, so that dashboards and alerts that exist go on working. Some of the
// names break Prometheus's own rules (gauges that end in _total); that is what compatible means.

import type { PeerStatus } from '../bgp/protocol.js';
import { counter, type Family, gauge, ofPeersCalled, one, type SamplesOf } from './families.js';

/** MetalLB names a peer by its address and port. */
const ofPeers = ofPeersCalled(({ address, port }) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
);

const ofPools =
  (count: 'capacity' | 'inUse'): SamplesOf =>
  ({ pools }) =>
    pools.map(({ name, ipv4, ipv6 }) => ({
      labels: { pool: name },
      value: Number(ipv4?.[count] ?? 0) + Number(ipv6?.[count] ?? 0),
    }));

export const compatibility: readonly Family[] = [
  {
    name: 'metallb_speaker_announced',
    help: 'Services being announced from this node.',
    announced: ({ service, protocol, node, ip }) => ({ service, protocol, node, ip }),
  },
  gauge('metallb_k8s_client_config_loaded_bool', '1 if a configuration was loaded.', () => one(1)),
  gauge('metallb_k8s_client_config_stale_bool', '1 if running on a stale configuration.', ({ status }) =>
    one(status.config.stale),
  ),
  gauge('metallb_allocator_addresses_total', 'Usable addresses of the pool.', ofPools('capacity')),
  gauge('metallb_allocator_addresses_in_use_total', 'Addresses in use of the pool.', ofPools('inUse')),
  gauge(
    'metallb_bgp_session_up',
    'BGP session state (1 is up).',
    ofPeers(({ state }) => state === 'Established'),
  ),
  gauge(
    'metallb_bgp_announced_prefixes_total',
    'Prefixes announced to the peer.',
    ofPeers((peer) => peer.announcedPrefixes),
  ),
  gauge(
    'metallb_bgp_pending_prefixes_total',
    'Prefixes not yet sent to the peer.',
    ofPeers((peer) => peer.pendingPrefixes),
  ),
  counter(
    'metallb_bgp_updates_total',
    'BGP UPDATE messages sent.',
    ofPeers(({ messages }) => messages.sent.update),
  ),
  ...(
    [
      ['opens_sent', 'OPEN messages sent.', ({ messages }) => messages.sent.open],
      ['opens_received', 'OPEN messages received.', ({ messages }) => messages.received.open],
      ['notifications_sent', 'NOTIFICATION messages sent.', ({ messages }) => messages.sent.notification],
      ['updates_total_received', 'UPDATE messages received.', ({ messages }) => messages.received.update],
      ['keepalives_sent', 'KEEPALIVE messages sent.', ({ messages }) => messages.sent.keepalive],
      ['keepalives_received', 'KEEPALIVE messages received.', ({ messages }) => messages.received.keepalive],
      ['route_refresh_sent', 'ROUTE-REFRESH messages sent.', ({ messages }) => messages.sent.routeRefresh],
      ['total_sent', 'Messages sent.', ({ messages }) => sum(messages.sent)],
      ['total_received', 'Messages received.', ({ messages }) => sum(messages.received)],
    ] satisfies [string, string, (peer: PeerStatus) => number][]
  ).map(([name, help, value]) => counter(`metallb_bgp_${name}`, help, ofPeers(value))),
];

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
