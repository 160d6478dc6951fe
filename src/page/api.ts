// What the page reads from the API, all of it with GET from where the page itself came from. Shapes only.

import type {
  ExplainBody,
  ExplainStep,
  PoolBody,
  PoolFamilyBody,
  ServiceAnnouncementBody,
  ServiceBody,
  ServiceState,
  SourceBody,
  StatusBody,
} from '../api/house.js';
import type { InterfaceBody } from '../api/lan.js';
import type { PeerStatus } from '../bgp/protocol.js';

export type { ExplainStep, ServiceAnnouncementBody, ServiceBody, ServiceState, SourceBody };

/** `GET /v1/status`. */
export type Status = StatusBody;

/** `GET /v1/peers`. */
export interface Peers {
  readonly peers: readonly PeerStatus[];
}
export type Peer = PeerStatus;

/** Decimal text where a double would round. */
export type Count = PoolFamilyBody['capacity'];
export type PoolUsage = PoolFamilyBody;
/** What is shown of a pool; the API says more. */
export type Pool = Pick<PoolBody, 'name' | 'state' | 'addresses' | 'ipv4' | 'ipv6'>;

/** `GET /v1/pools`. */
export interface Pools {
  readonly pools: readonly Pool[];
}

type LanCounters = Pick<InterfaceBody['counters']['ipv4'], 'responsesSent'>;

/** What is shown of an interface; the API says more. */
export type LanInterface = Pick<
  InterfaceBody,
  'name' | 'mac' | 'usable' | 'reason' | 'problem' | 'addresses' | 'announced' | 'conflicts' | 'tracks'
> & { readonly counters: { readonly ipv4: LanCounters; readonly ipv6: LanCounters } };

/** `GET /v1/interfaces`. */
export interface Interfaces {
  readonly interfaces: readonly LanInterface[];
}

/** `GET /v1/services?limit=&after=&q=&state=`. */
export interface ServicePage {
  readonly services: readonly ServiceBody[];
  readonly next?: string;
}

/** `GET /v1/announcements?limit=&after=&q=&protocol=&state=`. */
export interface AnnouncementPage {
  readonly announcements: readonly ServiceAnnouncementBody[];
  readonly next?: string;
}

/** `GET /v1/explain/{text}`. */
export type Explanation = ExplainBody;

export const serviceStates = [
  'Allocated',
  'Pending',
  'Rejected',
  'OutOfPool',
  'Moving',
  'Shadowed',
  'Ignored',
  'Flapping',
] as const satisfies readonly ServiceState[];

export const announcementStates = [
  'announced',
  'pending',
  'withheld',
] as const satisfies readonly ServiceAnnouncementBody['state'][];

export const rowsPerPage = 100;
