// Two OPENs become an agreement, or the reason why not. Also builds ours. What an OPEN is on the wire is open.ts.
// RFC 4271 §4.2 and §6.2, RFC 6286 §2.2, RFC 6793 §4.2.1, RFC 5492 §3, RFC 9234 §4.2.

import { type Family, formatIpv4 } from '../net/address.js';
import { utf8Text, utf8Within } from '../net/text.js';
import { encodeCapabilities } from './capability.js';
import { badBgpIdentifier, badPeerAs, roleMismatch, unacceptableHoldTime, unsupportedCapability } from './errors.js';
import type { AfiSafi, Capability, Open } from './message.js';
import { afiSafiOf, familyOf } from './nlri.js';
import { asTrans } from './numbers.js';

/** What we say of ourselves to one peer. */
export interface LocalOpen {
  readonly asn: number;
  readonly routerId: number;
  readonly holdTimeSeconds: number;
  /** A third of the negotiated hold time when absent, and never more than that. */
  readonly keepaliveSeconds?: number;
  readonly families: readonly Family[];
  readonly capabilities: readonly Capability[];
}

export interface PeerExpectations {
  readonly peerAsn: number | 'internal' | 'external';
  /** Refused without them; a family in common is always required. */
  readonly required?: readonly Capability[];
}

export interface Negotiated {
  readonly remoteAsn: number;
  readonly remoteRouterId: number;
  /** iBGP. */
  readonly internal: boolean;
  readonly fourOctetAs: boolean;
  /** 0: neither timer runs. */
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  readonly families: readonly Family[];
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** The peer takes messages beyond 4096 octets. RFC 8654 §4: each direction stands for itself. */
  readonly sendExtendedMessage: boolean;
  /** So do we. */
  readonly receiveExtendedMessage: boolean;
  /** Undefined unless both sides offered it. */
  readonly gracefulRestart:
    | {
        /** RFC 8538 §2: both set the N bit. */
        readonly notificationBit: boolean;
        readonly peerRestarting: boolean;
        readonly peerRestartTimeSeconds: number;
        /** Those whose routes the peer says it keeps forwarding, or not, over its own restart. */
        readonly peerFamilies: readonly (AfiSafi & { readonly forwarding: boolean })[];
      }
    | undefined;
  readonly localCapabilities: readonly Capability[];
  readonly remoteCapabilities: readonly Capability[];
}

type Of<K extends Capability['kind']> = Extract<Capability, { readonly kind: K }>;

const all = <K extends Capability['kind']>(capabilities: readonly Capability[], kind: K): Of<K>[] =>
  capabilities.filter((capability): capability is Of<K> => capability.kind === kind);

export function negotiate(local: LocalOpen, expected: PeerExpectations, remote: Open): Negotiated {
  const theirs = remote.capabilities;
  const both = (kind: Capability['kind']): boolean =>
    all(local.capabilities, kind).length > 0 && all(theirs, kind).length > 0;

  const remoteAsn = asnOf(remote);
  const internal = remoteAsn === local.asn;
  checkAsn(remoteAsn, internal, expected.peerAsn);
  if (remote.routerId === 0) throw badBgpIdentifier('BGP identifier 0.0.0.0');
  if (internal && remote.routerId === local.routerId)
    throw badBgpIdentifier(`BGP identifier ${formatIpv4(remote.routerId)} is ours`);
  if (remote.holdTimeSeconds === 1 || remote.holdTimeSeconds === 2) throw unacceptableHoldTime(remote.holdTimeSeconds);
  checkRoles(local.capabilities, theirs);
  checkRequired(expected.required ?? [], theirs);
  const families = commonFamilies(local.families, theirs);

  const holdTimeSeconds = Math.min(local.holdTimeSeconds, remote.holdTimeSeconds);
  return {
    remoteAsn,
    remoteRouterId: remote.routerId,
    internal,
    fourOctetAs: both('fourOctetAs'),
    holdTimeSeconds,
    keepaliveSeconds: keepaliveOf(holdTimeSeconds, local.keepaliveSeconds),
    families,
    routeRefresh: both('routeRefresh'),
    enhancedRouteRefresh: both('enhancedRouteRefresh'),
    sendExtendedMessage: all(theirs, 'extendedMessage').length > 0,
    receiveExtendedMessage: all(local.capabilities, 'extendedMessage').length > 0,
    gracefulRestart: gracefulRestartOf(local.capabilities, theirs),
    localCapabilities: local.capabilities,
    remoteCapabilities: theirs,
  };
}

/** RFC 6793 §4.2.1: the capability has the last word; the two-octet field must not contradict it. */
function asnOf({ asn, capabilities }: Open): number {
  const wide = all(capabilities, 'fourOctetAs')[0]?.asn;
  if (wide !== undefined && asn !== wide && asn !== asTrans)
    throw badPeerAs(`the OPEN says AS ${asn} and, in its capabilities, AS ${wide}`);
  return wide ?? asn;
}

function checkAsn(asn: number, internal: boolean, expected: PeerExpectations['peerAsn']): void {
  if (asn === 0) throw badPeerAs('AS 0 is nobody'); // RFC 7607 §2
  const isExpected = expected === 'internal' ? internal : expected === 'external' ? !internal : asn === expected;
  if (!isExpected)
    throw badPeerAs(
      `the peer is in AS ${asn}, not in ${typeof expected === 'number' ? `AS ${expected}` : `an ${expected} one`}`,
    );
}

/** RFC 4271 §4.4: no more than a third of the hold time; RFC 4271 §4.2: at least a second. */
const keepaliveOf = (holdTimeSeconds: number, configured: number | undefined): number => {
  const third = Math.floor(holdTimeSeconds / 3);
  return holdTimeSeconds === 0 ? 0 : Math.max(1, Math.min(configured ?? third, third));
};

/** RFC 4760 §8. A peer that names no family speaks IPv4 unicast, as all BGP once did. */
function commonFamilies(ours: readonly Family[], theirs: readonly Capability[]): Family[] {
  const named = all(theirs, 'multiprotocol').map(({ afi, safi }) => familyOf(afi, safi));
  const common = ours.filter((family) => (named.length === 0 ? family === 'ipv4' : named.includes(family)));
  if (common.length === 0)
    throw unsupportedCapability(
      `the peer speaks none of our address families (${ours.join(', ')})`,
      encodeCapabilities(ours.map((family) => ({ kind: 'multiprotocol', ...afiSafiOf(family) }))),
    );
  return common;
}

/** RFC 5492 §5: the NOTIFICATION lists what is missing. For multiprotocol, the same family is meant; else any of the kind. */
function checkRequired(required: readonly Capability[], theirs: readonly Capability[]): void {
  const missing = required.filter(
    (wanted) =>
      !theirs.some(
        (offered) =>
          offered.kind === wanted.kind &&
          (wanted.kind !== 'multiprotocol' ||
            (offered.kind === 'multiprotocol' && offered.afi === wanted.afi && offered.safi === wanted.safi)),
      ),
  );
  if (missing.length > 0)
    throw unsupportedCapability(
      `the peer lacks ${missing.map(({ kind }) => kind).join(', ')}, which we require`,
      encodeCapabilities(missing),
    );
}

/** RFC 9234 §4.2, by role number: provider with customer, route server with its client, peer with peer. */
const counterpart = [3, 2, 1, 0, 4] as const;

function checkRoles(ours: readonly Capability[], theirs: readonly Capability[]): void {
  const roles = new Set(all(theirs, 'role').map(({ role }) => role));
  if (roles.size > 1) throw roleMismatch(`the peer claims the roles ${[...roles].join(' and ')} at once`);
  const [theirRole, ourRole] = [[...roles][0], all(ours, 'role')[0]?.role];
  if (theirRole !== undefined && ourRole !== undefined && counterpart[theirRole] !== ourRole)
    throw roleMismatch(`role ${theirRole} of the peer does not go with our role ${ourRole}`);
}

/** RFC 4724 §3: of several, the last one holds. */
function gracefulRestartOf(ours: readonly Capability[], theirs: readonly Capability[]): Negotiated['gracefulRestart'] {
  const [own, peer] = [all(ours, 'gracefulRestart').at(-1), all(theirs, 'gracefulRestart').at(-1)];
  if (own === undefined || peer === undefined) return undefined;
  return {
    notificationBit: own.notification && peer.notification,
    peerRestarting: peer.restartState,
    peerRestartTimeSeconds: peer.restartTimeSeconds,
    peerFamilies: peer.families,
  };
}

export interface CapabilitySettings {
  readonly asn: number;
  readonly families: readonly Family[];
  readonly extendedMessage: boolean;
  readonly gracefulRestart?: {
    /** The R bit: we have just restarted. RFC 4724 §3. */
    readonly restarting: boolean;
    readonly restartTimeSeconds: number;
    /** The F bit: families whose addresses kept answering meanwhile. */
    readonly forwarding: readonly Family[];
  };
  readonly host?: string;
  readonly domain?: string;
  readonly softwareVersion?: string;
}

/** draft-abraitis-bgp-version-capability: a version SHOULD have no more. */
const maxVersionOctets = 64;
/** RFC 4724 §3: the time has twelve bits. */
const maxRestartTimeSeconds = 4095;

/** What we offer, in ascending order of code. */
export function localCapabilities(settings: CapabilitySettings): Capability[] {
  const { asn, families, extendedMessage, gracefulRestart, host, domain = '', softwareVersion } = settings;
  return [
    ...families.map((family): Capability => ({ kind: 'multiprotocol', ...afiSafiOf(family) })),
    { kind: 'routeRefresh' },
    ...(extendedMessage ? [{ kind: 'extendedMessage' } as const] : []),
    ...(gracefulRestart === undefined
      ? []
      : [
          {
            kind: 'gracefulRestart',
            restartState: gracefulRestart.restarting,
            notification: true,
            restartTimeSeconds: Math.min(gracefulRestart.restartTimeSeconds, maxRestartTimeSeconds),
            families: families.map((family) => ({
              ...afiSafiOf(family),
              forwarding: gracefulRestart.forwarding.includes(family),
            })),
          } as const,
        ]),
    { kind: 'fourOctetAs', asn },
    { kind: 'enhancedRouteRefresh' },
    ...(host ? [{ kind: 'fqdn', host, domain } as const] : []),
    ...(softwareVersion
      ? [{ kind: 'softwareVersion', version: utf8Text(utf8Within(softwareVersion, maxVersionOctets)) } as const]
      : []),
  ];
}

/** RFC 6793 §4.2.1: AS_TRANS stands for what two octets cannot hold. */
export const openMessage = ({ asn, holdTimeSeconds, routerId, capabilities }: LocalOpen): Open => ({
  kind: 'open',
  asn: asn > 0xffff ? asTrans : asn,
  holdTimeSeconds,
  routerId,
  capabilities,
});
