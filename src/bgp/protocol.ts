// What the main thread and the BGP thread say to each other. Everything is plain data; columns are transferred, not copied.

import type { RouteAttributes } from '../config/config.js';
import type { Family } from '../net/address.js';
import type { LogLevel } from '../ports.js';
import type { RouteColumns } from './rib.js';
import type { SessionStatus } from './session.js';
import type { SessionSettings } from './settings.js';
import type { Endpoint } from './transport.js';

export interface PeerSettings {
  readonly session: SessionSettings;
  /** Another number than before: what the OPEN says or the socket needs has changed, and only a new session will do. */
  readonly generation: number;
  /** Whose routes it is sent. */
  readonly view: number;
}

export interface SpeakerSettings {
  readonly listen: readonly Endpoint[];
  readonly peers: readonly PeerSettings[];
  /** Lines at debug are wanted as well. */
  readonly debug?: boolean;
}

export type PeerCommand =
  /** `text`: why, for the operator of the peer (RFC 9003); empty: nothing is said. */
  { readonly kind: 'reset'; readonly text: string } | { readonly kind: 'refresh' };

export type ToSpeaker =
  | { readonly kind: 'configure'; readonly settings: SpeakerSettings }
  | {
      readonly kind: 'defineAttributes';
      readonly sets: readonly { readonly id: number; readonly attributes: RouteAttributes }[];
    }
  /** `sinceMs`: when the table began to change, by the clock; undefined: it is nobody's change. */
  | {
      readonly kind: 'changeRoutes';
      readonly view: number;
      readonly columns: RouteColumns;
      readonly sinceMs?: number | undefined;
    }
  /** Everything the view announces of the family. */
  | {
      readonly kind: 'withdrawAll';
      readonly view: number;
      readonly family: Family;
      readonly sinceMs?: number | undefined;
    }
  | { readonly kind: 'forgetAttributes'; readonly ids: readonly number[] }
  | { readonly kind: 'dropView'; readonly view: number }
  /** Every source has been read once: End-of-RIB may be sent. */
  | { readonly kind: 'tableLoaded' }
  | { readonly kind: 'query'; readonly id: number }
  | { readonly kind: 'command'; readonly peer: string; readonly command: PeerCommand }
  /** Ends every session, and the thread with them. `keepRoutes`: leave for a restart, where a helper was negotiated. */
  | { readonly kind: 'stop'; readonly text: string; readonly keepRoutes: boolean };

/** As the BGP thread hears it: what is for the speaker, or for the one on the stage (rehearsal.ts), which goes with its 'stop'. */
export type ToBgpThread = ToSpeaker | { readonly kind: 'rehearse'; readonly message: ToSpeaker };

export interface PeerStatus extends SessionStatus {
  readonly announcedPrefixes: number;
  readonly pendingPrefixes: number;
  /** Written, and not taken by the kernel yet. */
  readonly unsentOctets: number;
}

export interface ListenerStatus {
  readonly endpoint: Endpoint;
  /** '' while it listens. */
  readonly problem: string;
}

/** How long changes of the table took to peers, since the start. */
export interface PropagationCounts {
  /** Upper bounds of the buckets, but for the last, which has none. */
  readonly boundsMs: readonly number[];
  /** By bucket. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export interface SpeakerStatus {
  readonly peers: readonly PeerStatus[];
  readonly listeners: readonly ListenerStatus[];
  readonly propagation: PropagationCounts;
}

export type FromSpeaker =
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** Of tableLoaded: sessions that are up have been told what they take. */
  | { readonly kind: 'tableTold' }
  | { readonly kind: 'answer'; readonly id: number; readonly status: SpeakerStatus }
  /** `families`: those it is announced routes of; none unless Established. */
  | {
      readonly kind: 'transition';
      readonly peer: string;
      readonly state: string;
      readonly families: readonly string[];
    };
