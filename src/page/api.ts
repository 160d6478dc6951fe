// What the page reads from the API, all of it with GET from where the page itself came from. Shapes only.

import type { ServiceAnnouncementBody, ServiceBody, ServiceState, SourceBody, StatusBody } from '../api/house.js';
import type { PeerStatus } from '../bgp/protocol.js';

export type { ServiceAnnouncementBody, ServiceBody, ServiceState, SourceBody };

/** `GET /v1/status`. */
export type Status = StatusBody;

/** `GET /v1/peers`. */
export interface Peers {
  readonly peers: readonly PeerStatus[];
}
export type Peer = PeerStatus;

/** Decimal text where a double would round. */
export type Count = number | string;

export interface PoolUsage {
  readonly capacity: Count;
  readonly inUse: Count;
  /** Freed lately, given out only when nothing else is free. */
  readonly quarantined: Count;
}

export interface Pool {
  readonly name: string;
  readonly state: string;
  readonly addresses: readonly string[];
  readonly ipv4?: PoolUsage;
  readonly ipv6?: PoolUsage;
}

/** `GET /v1/pools`. */
export interface Pools {
  readonly pools: readonly Pool[];
}

export interface LanCounters {
  readonly responsesSent: number;
}

/** What is shown of an interface; the API says more. */
export interface LanInterface {
  readonly name: string;
  readonly mac: string;
  readonly usable: boolean;
  readonly reason: string;
  readonly problem: string;
  readonly addresses: readonly string[];
  readonly announced: number;
  readonly counters: { readonly ipv4: LanCounters; readonly ipv6: LanCounters };
  readonly conflicts: readonly {
    readonly address: string;
    readonly mac: string;
    readonly at: string;
    readonly count: number;
  }[];
  readonly tracks: readonly { readonly address: string; readonly reachable: boolean; readonly problem: string }[];
}

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

export interface ExplainStep {
  readonly step: string;
  readonly subject: string;
  readonly verdict: 'yes' | 'no' | 'note';
  readonly text: string;
  /** file:line:column; empty where no line decided. */
  readonly where: string;
}

/** `GET /v1/explain/{text}`. */
export interface Explanation {
  readonly asked: string;
  readonly kind: 'address' | 'prefix' | 'service';
  readonly verdict: string;
  readonly steps: readonly ExplainStep[];
}

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
