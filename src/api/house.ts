// What the windows may see of the house, and the few things that may be asked of it: the door between api/ and the
// daemon. JSON shapes are the API's own, so that nothing is translated twice.

import type { PeerStatus } from '../bgp/protocol.js';

export interface StatusBody {
  readonly node: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly drained: boolean;
  readonly config: {
    readonly file: string;
    readonly stale: boolean;
    readonly problems: readonly string[];
    readonly loadedAt: string;
  };
  readonly sources: readonly SourceBody[];
  readonly listeners: readonly { readonly address: string; readonly port: number; readonly problem: string }[];
  readonly counts: {
    readonly services: number;
    readonly allocated: number;
    /** Prefixes wanted on the wire by at least one peer. */
    readonly announcedBgp: number;
    readonly announcedLayer2: number;
    readonly peers: number;
    readonly peersEstablished: number;
  };
}

export interface SourceBody {
  readonly name: string;
  readonly kind: 'file' | 'socket' | 'cli';
  readonly file?: string;
  readonly stale: boolean;
  readonly problems: readonly string[];
  /** Entries, or rows of a bulk. */
  readonly services: number;
  /** Objects in a stream of Kubernetes manifests that are no entries; absent when there are none. */
  readonly skipped?: number;
}

export type ServiceState =
  | 'Allocated'
  | 'Pending'
  | 'Rejected'
  | 'OutOfPool'
  | 'Moving'
  | 'Shadowed'
  | 'Ignored'
  | 'Flapping';

export interface ServiceBody {
  readonly name: string;
  readonly source: string;
  readonly owner: string;
  readonly state: ServiceState;
  readonly reason: string;
  readonly message: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  /** Only of a bulk: how many rows it announces. */
  readonly prefixes?: number;
  readonly since: string;
  readonly announcements: readonly AnnouncementBody[];
}

export interface AnnouncementBody {
  readonly prefix: string;
  readonly protocol: 'bgp' | 'layer2';
  /** The peer's name, or the interface's. */
  readonly via: string;
  readonly state: 'announced' | 'pending' | 'withheld';
  readonly reason: string;
}

export interface ServiceAnnouncementBody extends AnnouncementBody {
  readonly service: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly next?: string;
}

export interface PageRequest {
  /** Undefined: all there is, but of bulk rows 1,000. */
  readonly limit?: number;
  readonly after?: string;
}

export type WriteResult =
  | { readonly kind: 'done'; readonly service: ServiceBody | undefined }
  | { readonly kind: 'unchanged'; readonly service: ServiceBody | undefined }
  | { readonly kind: 'noSuchSource' }
  /** A source that is read, not written to. */
  | { readonly kind: 'notWritable'; readonly message: string }
  | { readonly kind: 'noSuchService' }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'otherOwner'; readonly owner: string }
  | { readonly kind: 'refused'; readonly message: string };

export type ReloadResult =
  | { readonly kind: 'done'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Thrown for an `after` that no page of ours gave out. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

export interface House {
  status(): Promise<StatusBody>;
  peers(): Promise<readonly PeerStatus[]>;
  services(page: PageRequest): Page<ServiceBody>;
  service(name: string): ServiceBody | undefined;
  announcements(page: PageRequest): Page<ServiceAnnouncementBody>;
  sources(): readonly SourceBody[];
  /** `entry`: parsed JSON, not yet looked at. */
  putService(source: string, name: string, entry: unknown, options: { owner?: string; force: boolean }): WriteResult;
  deleteService(source: string, name: string, options: { owner?: string; force: boolean }): WriteResult;
  reload(): Promise<ReloadResult>;
  /** False: no such peer. */
  commandPeer(name: string, command: 'reset' | 'refresh'): boolean;
}
