// The configuration as the house uses it: parsed, defaulted, cross-checked. What operators write is schema.ts.

import type { Address, Family } from '../net/address.js';
import type { Community } from '../net/community.js';
import type { LabelSelector, Labels } from './selector.js';

export interface Config {
  readonly node: { readonly name: string; readonly labels: Labels };
  readonly bgp: {
    readonly asn: number | undefined;
    /** Unsigned 32-bit; undefined: derived from the source address of the first IPv4 session. */
    readonly routerId: number | undefined;
    readonly listen: readonly { readonly address: Address; readonly port: number }[];
  };
  /** Only those whose nodeSelectors match this node. */
  readonly bgpPeers: readonly BgpPeer[];
  readonly addressPools: readonly AddressPool[];
  readonly allocation: AllocationRules;
  /** With the implied one when the key is absent; only those whose nodeSelectors match this node. */
  readonly bgpAdvertisements: readonly BgpAdvertisement[];
  /** Whether any advertisement exists that other nodes have and this one has not: tells notThisNode from noMatchingAdvertisement. */
  readonly bgpAdvertisementsElsewhere: readonly BgpAdvertisement[];
  /** All of them, because those of other nodes decide who stands for election. Empty: no ARP and no NDP. */
  readonly l2Advertisements: readonly L2Advertisement[];
  readonly layer2: { readonly excludeInterfaces: readonly string[]; readonly framesPerSecond: number };
  /** Empty: no election, this node announces what it may. */
  readonly electionMembers: readonly ElectionMember[];
  readonly hostAddresses: { readonly interface: string; readonly manage: boolean };
  /** What `communities` names, for tables as well. */
  readonly communityAliases: ReadonlyMap<string, Community>;
  readonly loadBalancerClasses: readonly string[];
  readonly handleUnclassed: boolean;
  readonly sources: readonly SourceConfig[];
  readonly safety: { readonly maxWithdrawPercent: number };
  readonly log: {
    readonly level: 'error' | 'warn' | 'info' | 'debug';
    readonly format: 'auto' | 'text' | 'json' | 'journal';
  };
  /** Undefined: no HTTP listener. */
  readonly http: { readonly listen: { readonly address: Address; readonly port: number } | undefined };
  readonly metrics: { readonly compat: '' | 'metallb' };
}

export interface BgpPeer {
  /** Unique, and what a reload knows a peer by. */
  readonly name: string;
  readonly description: string;
  readonly peerAddress: Address;
  readonly peerPort: number;
  readonly peerAsn: number | 'internal' | 'external';
  readonly myAsn: number;
  readonly sourceAddress: Address | undefined;
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number | undefined;
  readonly connectSeconds: number;
  readonly password: string | undefined;
  /** Undefined: 1 for external peers, the kernel's default for internal ones. */
  readonly ebgpMultiHopTtl: number | undefined;
  /** GTSM: hops at most; 0: off. */
  readonly ttlSecurityHops: number;
  readonly passive: boolean;
  readonly gracefulRestart: { readonly restartTimeSeconds: number } | undefined;
  /** A device (VRF, or the interface of a link-local peer). */
  readonly device: string | undefined;
  readonly families: readonly Family[];
  readonly extendedMessage: boolean;
  readonly maxPrefixes: number | undefined;
  readonly shutdown: boolean;
}

export interface AddressPool {
  readonly name: string;
  readonly labels: Labels;
  /** Inclusive, in the order written. */
  readonly ranges: readonly { readonly first: Address; readonly last: Address }[];
  readonly autoAssign: boolean;
  /** No IPv4 address that ends in .0 or .255. */
  readonly avoidBuggyIPs: boolean;
  /** Undefined: for every service. */
  readonly serviceAllocation: ServiceAllocation | undefined;
  /** draining: keeps what it has, gives nothing new. disabled: as if absent. */
  readonly state: 'active' | 'draining' | 'disabled';
  /** Undefined: as `allocation` says; the next as well. */
  readonly onRevoke: OnRevoke | undefined;
  readonly reuseDelaySeconds: number | undefined;
}

export interface ServiceAllocation {
  /** Lower goes first, 0 last. */
  readonly priority: number;
  readonly namespaces: readonly string[];
  readonly namespaceSelectors: readonly LabelSelector[];
  readonly serviceSelectors: readonly LabelSelector[];
}

/** What becomes of a live allocation that its pool no longer covers. */
export type OnRevoke = 'reassign' | 'keep' | 'refuse' | 'release';

export interface AllocationRules {
  readonly onRevoke: OnRevoke;
  /** How long a service that moves has both its addresses. */
  readonly overlapSeconds: number;
  /** How long a freed address rests before another service gets it. */
  readonly reuseDelaySeconds: number;
  readonly maxMovesPerMinute: number;
}

export interface BgpAdvertisement {
  readonly name: string;
  /** Pools it covers, selectors resolved; undefined: all, and addresses outside any pool where no pool exists. */
  readonly pools: readonly string[] | undefined;
  readonly aggregationLength: number;
  readonly aggregationLengthV6: number;
  readonly attributes: RouteAttributes;
  /** Peer names; empty: all. */
  readonly peers: readonly string[];
  readonly serviceSelectors: readonly LabelSelector[];
}

export interface L2Advertisement {
  readonly name: string;
  /** As of a BgpAdvertisement. */
  readonly pools: readonly string[] | undefined;
  /** Names and globs; empty: the interfaces whose subnet holds the address, else every one. */
  readonly interfaces: readonly string[];
  readonly nodeSelectors: readonly LabelSelector[];
  /** nodeSelectors match this node. */
  readonly isHere: boolean;
  readonly serviceSelectors: readonly LabelSelector[];
  /** 0: never. */
  readonly garpRefreshSeconds: number;
  readonly onConflict: 'warn' | 'refuse' | 'defend';
  readonly probe: boolean;
  readonly track: Track | undefined;
}

/** A neighbour that must answer echo requests. */
export interface Track {
  readonly target: Address;
  readonly intervalMs: number;
  readonly fall: number;
  readonly rise: number;
}

export interface ElectionMember {
  readonly name: string;
  /** With the label every node has by itself. */
  readonly labels: Labels;
}

/** What an advertisement, a service or a CSV row says about a route. Absent: not said. */
export interface RouteAttributes {
  readonly localPref?: number;
  readonly med?: number;
  /** How often our own AS number is put before the path once more, 0 to 255. */
  readonly asPathPrepend?: number;
  /** At most one per family; absent: the session's own address. */
  readonly nextHop?: readonly Address[];
  readonly communities?: readonly Community[];
}

export type SourceConfig =
  | { readonly name: string; readonly kind: 'file'; readonly file: string }
  | {
      readonly name: string;
      readonly kind: 'socket';
      readonly onDisconnect: 'keep' | 'withdraw';
      readonly afterSeconds: number;
    };
