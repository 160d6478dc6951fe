// What a session tells of itself, and the counters behind it: JSON for the API, nothing that decides anything.

import { formatAddress, formatIpv4 } from '../net/address.js';
import { describeCapability } from './capability.js';
import type { Message } from './message.js';
import { type PeerState, stateName } from './peer.js';
import { type Link, localOpen } from './session-link.js';
import type { AdminState, SessionSettings } from './settings.js';

export type MessageCounts = Record<Message['kind'], number>;

export const noMessages = (): MessageCounts => ({ open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 });

/** `local`: nobody sent a NOTIFICATION, the connection failed; code and subcode are 0. */
export interface SessionError {
  /** RFC 3339. */
  readonly at: string;
  readonly code: number;
  readonly subcode: number;
  readonly text: string;
  readonly direction: 'sent' | 'received' | 'local';
}

export interface SessionStatus {
  readonly name: string;
  readonly description: string;
  readonly address: string;
  readonly port: number;
  /** The peer's; null while it is not known (a peer of which only internal or external is configured). */
  readonly asn: number | null;
  readonly localAsn: number;
  readonly localAddress: string;
  readonly routerId: string;
  /** Empty unless there was an OPEN. */
  readonly remoteRouterId: string;
  readonly state: string;
  readonly adminState: AdminState;
  /** By the configuration: `adminState` is 'shutdown'. */
  readonly shutdown: boolean;
  readonly passive: boolean;
  /** Of the established session; 0 without one. */
  readonly uptimeSeconds: number;
  /** Negotiated, or configured while there is no session. */
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  readonly families: readonly string[];
  readonly capabilities: { readonly local: readonly string[]; readonly remote: readonly string[] };
  /** Exact with maxPrefixes; else what was announced less what was withdrawn, which counts repetitions. */
  readonly receivedPrefixes: number;
  readonly messages: { readonly sent: MessageCounts; readonly received: MessageCounts };
  /** UPDATEs that were not taken as they came (RFC 7606 §2). */
  readonly updateFaults: { readonly treatAsWithdraw: number; readonly attributeDiscard: number };
  readonly lastError: SessionError | null;
  readonly flaps: number;
}

export interface StatusSource extends Pick<SessionStatus, 'receivedPrefixes' | 'updateFaults'> {
  readonly settings: SessionSettings;
  readonly state: PeerState;
  /** Of the connection that the state is of. */
  readonly link: Link | undefined;
  readonly uptimeMs: number;
  readonly sent: MessageCounts;
  readonly received: MessageCounts;
  readonly lastError: SessionError | undefined;
}

/** A snapshot: nothing in it changes afterwards. */
export function statusOf(source: StatusSource): SessionStatus {
  const { settings, state, link } = source;
  const negotiated = link?.negotiated;
  const { local, remote = settings.remote } = link?.connection ?? {};
  const { peerAsn, asn, holdTimeSeconds, keepaliveSeconds = Math.floor(holdTimeSeconds / 3) } = settings;
  const offered = negotiated?.localCapabilities ?? localOpen(settings, state.restarting).capabilities;
  return {
    name: settings.name,
    description: settings.description,
    address: remote === undefined ? '' : formatAddress(remote.address),
    port: settings.remote?.port ?? remote?.port ?? 0,
    asn: typeof peerAsn === 'number' ? peerAsn : peerAsn === 'internal' ? asn : (negotiated?.remoteAsn ?? null),
    localAsn: asn,
    localAddress: local === undefined ? '' : formatAddress(local.address),
    routerId: formatIpv4(settings.routerId),
    remoteRouterId: negotiated === undefined ? '' : formatIpv4(negotiated.remoteRouterId),
    state: stateName(state),
    adminState: settings.adminState,
    shutdown: settings.adminState === 'shutdown',
    passive: settings.passive,
    uptimeSeconds: Math.floor(source.uptimeMs / 1000),
    holdTimeSeconds: negotiated?.holdTimeSeconds ?? holdTimeSeconds,
    keepaliveSeconds: negotiated?.keepaliveSeconds ?? keepaliveSeconds,
    families: negotiated?.families ?? settings.families,
    capabilities: {
      local: offered.map(describeCapability),
      remote: (negotiated?.remoteCapabilities ?? []).map(describeCapability),
    },
    receivedPrefixes: source.receivedPrefixes,
    messages: { sent: { ...source.sent }, received: { ...source.received } },
    updateFaults: { ...source.updateFaults },
    lastError: source.lastError ?? null,
    flaps: state.flaps,
  };
}
