// What the windows may see of the house, and the few things that may be asked of it: the door between api/ and the
// daemon. JSON shapes are the API's own, so that nothing is translated twice.

import type { PropagationCounts } from '../bgp/protocol.js';
import type { Forecast } from '../plan/forecast.js';
import type { DrainDoor } from './drain.js';
import type { LanHouseDoor } from './lan.js';
import type { PeerHouseDoor } from './peers.js';

export interface StatusBody {
  readonly node: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly drained: boolean;
  /** On the way there: everything is announced as a last resort, or being withdrawn. */
  readonly draining: boolean;
  readonly config: {
    readonly file: string;
    readonly stale: boolean;
    readonly problems: readonly string[];
    readonly loadedAt: string;
  } & Partial<WayBack>;
  readonly sources: readonly SourceBody[];
  readonly listeners: readonly ListenerBody[];
  /** Absent: there is to be none. */
  readonly http?: ListenerBody;
  /** What keeps the LAN from being served as it is configured. */
  readonly layer2: { readonly problems: readonly string[] };
  readonly counts: {
    readonly services: number;
    readonly allocated: number;
    /** Prefixes wanted on the wire by at least one peer. */
    readonly announcedBgp: number;
    readonly announcedLayer2: number;
    readonly peers: number;
    readonly peersEstablished: number;
    /** Kept down, by their configuration or by an operator. */
    readonly peersDisabled: number;
  };
}

/** A configuration that is in force for as long as nobody has to confirm it. */
export interface WayBack {
  /** Without a confirmation until then … */
  readonly confirmBefore: string;
  /** … this one comes back. */
  readonly fallback: { readonly loadedAt: string };
}

export interface ListenerBody {
  readonly address: string;
  readonly port: number;
  readonly problem: string;
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
  /** Only in the answer to a write: what looks odd about the entry. */
  readonly warnings?: readonly string[];
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

export interface ExplainStep {
  readonly step:
    | 'source'
    | 'class'
    | 'owner'
    | 'allocation'
    | 'advertisement'
    | 'node'
    | 'election'
    | 'peer'
    | 'interface'
    | 'wire';
  /** What the step is about: a source, a pool, a peer, an interface. */
  readonly subject: string;
  readonly verdict: 'yes' | 'no' | 'note';
  readonly text: string;
  /** FILE:LINE:COLUMN of what decided; '' where that is not known. */
  readonly where: string;
}

export interface ExplainBody {
  readonly asked: string;
  readonly kind: 'address' | 'prefix' | 'service';
  /** In one sentence. */
  readonly verdict: string;
  /** From the table to the wire. */
  readonly steps: readonly ExplainStep[];
}

/** A page, item by item, for a long one must not stand in memory; returns where the next begins, an opaque text, if there is one. */
export type Listed<T> = Generator<T, string | undefined, void>;

export interface PageRequest {
  /** Undefined: all there is, but of bulk rows 1,000. */
  readonly limit?: number;
  readonly after?: string;
  /** Part of a name, an address, a pool or a source. */
  readonly q?: string;
  readonly state?: string;
  /** Of announcements only. */
  readonly protocol?: string;
}

export interface WriteOptions {
  /** In whose name; undefined: the entry says it, if anybody. */
  readonly owner?: string;
  /** Whoever owns the entry, and whatever safety says. */
  readonly force: boolean;
}

/** Why nothing of what was to be written is in force. */
export type WriteFailure =
  | { readonly failure: 'noSuchSource' }
  /** A source that is read, not written to. */
  | { readonly failure: 'notWritable'; readonly message: string }
  | { readonly failure: 'noSuchService'; readonly name: string }
  | { readonly failure: 'invalid'; readonly name: string | undefined; readonly problems: readonly string[] }
  | { readonly failure: 'otherOwner'; readonly name: string; readonly owner: string }
  | { readonly failure: 'refused'; readonly message: string }
  /** There is memory for no more entries. */
  | { readonly failure: 'full'; readonly message: string }
  /** The disk, or the state directory, is to blame. */
  | { readonly failure: 'notStored'; readonly message: string };

/** `held`: the entry flaps, and stays as it is for a while. */
export type WriteOutcome = 'done' | 'unchanged' | 'held';

export interface EntryWritten {
  readonly outcome: WriteOutcome;
  /** As it is now; undefined: there is none. */
  readonly service: ServiceBody | undefined;
  readonly warnings: readonly string[];
  /** For the log: the entry as JSON. */
  readonly entry: string;
}

/** A source's whole table: how many entries it has now, and how many of those are new, different, gone. */
export interface TableWritten {
  readonly outcome: 'done' | 'unchanged';
  readonly services: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Entries that flap, and stay as they are for a while. */
  readonly held: number;
  readonly warnings: readonly string[];
}

/** A table as it comes: JSON as a whole, or lines. */
export type TableBody =
  | { readonly format: 'json'; readonly octets: Uint8Array }
  | { readonly format: 'ndjson'; readonly lines: AsyncIterable<readonly Uint8Array[]> };

/** Without its end; or one that was longer than a line may be. */
export type Line = Uint8Array | 'tooLong';

/** One client's stream of changes. */
export interface EntryStream {
  /** Takes lines over, all at once; answers each but blank ones, in order, when it is stored. */
  take(lines: readonly Line[]): Promise<readonly LineAnswer[]>;
  /** The client is gone, or has said all it wanted to. */
  close(): StreamSummary;
}

export type LineAnswer =
  | { readonly name: string; readonly state: ServiceState | 'Deleted'; readonly addresses: readonly string[] }
  | { readonly name: string | undefined; readonly failure: WriteFailure };

export interface StreamSummary {
  readonly written: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** When what it wrote goes; undefined: it stays. */
  readonly withdrawnAfterSeconds: number | undefined;
}

export type ReloadResult =
  | { readonly kind: 'done'; readonly warnings: readonly string[]; readonly wayBack?: WayBack }
  /** `onlyRevocations`: nothing is wrong, but pools refuse to take from services what it takes. */
  | { readonly kind: 'refused'; readonly problems: readonly string[]; readonly onlyRevocations: boolean };

/** Texts that may come into force. */
export interface PlanRequest {
  /** A whole herald.yaml; absent: the one in force. */
  readonly config?: string;
  /** What problems call it. */
  readonly configName?: string;
  /** A whole table, in the place of a source's; absent: the tables in force. */
  readonly table?: string;
  /** Says its form, by its ending; default: YAML. */
  readonly tableName?: string;
  /** Whose table it is; default: the file of that name, or the first file. */
  readonly source?: string;
}

export type PlanResult =
  | { readonly kind: 'planned'; readonly forecast: Forecast }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export interface ReloadOptions {
  /** Somebody waits for an answer, be it that there is nothing new. */
  readonly isAsked?: boolean;
  /** Whatever `onRevoke: refuse` says. */
  readonly acceptRevocations?: boolean;
  /** What was in force before comes back unless somebody confirms in time. */
  readonly confirmWithinSeconds?: number;
}

/** `tooLate`: what was to be confirmed is not in force any more. */
export type Confirmation = 'kept' | 'nothingToConfirm' | 'tooLate';

/** How many addresses of one family. Text where it is more than a number holds exactly. */
export interface PoolFamilyBody {
  readonly capacity: number | string;
  readonly inUse: number;
  /** Freed lately: not given to another service yet, as long as anything else is free. */
  readonly quarantined: number;
}

export interface PoolBody {
  readonly name: string;
  readonly state: 'active' | 'draining' | 'disabled';
  readonly autoAssign: boolean;
  readonly addresses: readonly string[];
  readonly ipv4?: PoolFamilyBody;
  readonly ipv6?: PoolFamilyBody;
}

/** Thrown for an `after` that no page of ours gave out. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

export interface House extends LanHouseDoor, PeerHouseDoor, DrainDoor {
  /** Configuration and tables are read, sockets are open. */
  isReady(): Promise<boolean>;
  status(): Promise<StatusBody>;
  /** How long changes of the table took to peers, since the start. */
  propagation(): Promise<PropagationCounts>;
  services(page: PageRequest): Listed<ServiceBody>;
  service(name: string): ServiceBody | undefined;
  announcements(page: PageRequest): Listed<ServiceAnnouncementBody>;
  sources(): readonly SourceBody[];
  /** `entry`: parsed JSON, not yet looked at. */
  putService(source: string, name: string, entry: unknown, options: WriteOptions): Promise<EntryWritten | WriteFailure>;
  deleteService(source: string, name: string, options: WriteOptions): Promise<EntryWritten | WriteFailure>;
  /** All or nothing. */
  replaceServices(source: string, table: TableBody, options: WriteOptions): Promise<TableWritten | WriteFailure>;
  openStream(source: string, options: WriteOptions): EntryStream | WriteFailure;
  pools(): readonly PoolBody[];
  /** Undefined: neither an address, nor a prefix, nor a service that is there. */
  explain(asked: string): Promise<ExplainBody | undefined>;
  reload(options?: ReloadOptions): Promise<ReloadResult>;
  confirm(): Confirmation;
  /** Changes nothing. */
  plan(request: PlanRequest): Promise<PlanResult>;
}
