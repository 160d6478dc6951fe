// Everything a session needs to know of its peer and of us. Plain data: what operators write is config/.

import type { Family } from '../net/address.js';
import type { Endpoint, SocketOptions } from './transport.js';

/** Down as long as it is not `enabled`: by an operator's command, or by the configuration. */
export type AdminState = 'enabled' | 'disabled' | 'shutdown';

export interface SessionSettings {
  readonly name: string;
  readonly description: string;
  /** Undefined: never dials, takes whoever the listener hands over. */
  readonly remote: Endpoint | undefined;
  readonly asn: number;
  readonly peerAsn: number | 'internal' | 'external';
  /** BGP Identifier, unsigned 32-bit, not 0. */
  readonly routerId: number;
  /** 0 or at least 3. */
  readonly holdTimeSeconds: number;
  /** Undefined: a third of the negotiated hold time. */
  readonly keepaliveSeconds: number | undefined;
  /** The first retry; then it doubles. */
  readonly connectRetrySeconds: number;
  readonly passive: boolean;
  readonly families: readonly Family[];
  readonly socket: SocketOptions;
  readonly extendedMessage: boolean;
  readonly gracefulRestart:
    | {
        /** At most 4095 (RFC 4724 §3). */
        readonly restartTimeSeconds: number;
        /** The F bit: the host has gone on forwarding since the process before this one. */
        readonly forwardingPreserved: boolean;
      }
    | undefined;
  /** Of each address family. Undefined: any number. */
  readonly maxPrefixes: number | undefined;
  readonly adminState: AdminState;
  /** What the peer is told when that takes the session down (RFC 9003); empty: nothing. */
  readonly shutdownText: string;
  /** Announced to the peer; empty: not. */
  readonly hostName: string;
  readonly softwareVersion: string;
}
