// The way to the thread that answers ARP and NDP and announces unasked. Sets are handed over whole; it keeps no policy.
// The real one is native; tests of this room have a fake. Read RFC 826, RFC 5227 §2.3-2.4, RFC 4861 §7.2 first.

import type { Family } from '../net/address.js';

/** Addresses of an interface, in columns. */
export interface AddressColumns {
  /** One unsigned 32-bit word each. */
  readonly ipv4: Uint32Array;
  /** Four words each, in network order. */
  readonly ipv6: Uint32Array;
}

export interface ResponderLink {
  readonly index: number;
  readonly name: string;
  /** Six octets. */
  readonly mac: Uint8Array;
}

/**
 * Why a frame was not answered; MetalLB's words where it has them. `ethernetDestination`: to another host, or of another VLAN;
 * `overflow`: more came in than the thread could read.
 */
export type DropReason =
  | 'arpReply'
  | 'ethernetDestination'
  | 'announceIP'
  | 'malformed'
  | 'hopLimit'
  | 'checksum'
  | 'notASolicitation'
  | 'ownFrame'
  | 'sendFailed'
  | 'overflow';

export interface FamilyCounters {
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly gratuitousSent: number;
  readonly conflicts: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

export const nothingCounted: FamilyCounters = {
  requestsReceived: 0,
  responsesSent: 0,
  gratuitousSent: 0,
  conflicts: 0,
  dropped: {
    arpReply: 0,
    ethernetDestination: 0,
    announceIP: 0,
    malformed: 0,
    hopLimit: 0,
    checksum: 0,
    notASolicitation: 0,
    ownFrame: 0,
    overflow: 0,
    sendFailed: 0,
  },
};

export interface LinkCounters {
  readonly ipv4: FamilyCounters;
  readonly ipv6: FamilyCounters;
  /** Frames of announcements that are still to be sent. */
  readonly pendingAnnouncements: number;
  /** Solicited-node groups joined. */
  readonly groups: number;
  /** '' while the interface is served; else why not ("no such device"). */
  readonly problem: string;
}

/** Another host claims an address that we answer for (RFC 5227 §2.4, RFC 4862 §5.4.4). */
export interface Conflict {
  readonly link: number;
  readonly family: Family;
  readonly words: readonly number[];
  /** Six octets: whose frame it was. */
  readonly mac: Uint8Array;
}

export interface Responder {
  /** Begins to serve an interface with an empty set, or takes over its new name or MAC. Throws an Error with `code` (EPERM without CAP_NET_RAW). */
  open(link: ResponderLink, framesPerSecond: number): void;
  /** Stops at once: no answer and no announcement of it is sent after the call. Nothing when it is not open. */
  close(index: number): void;
  /** What is answered for from now on, the whole of it, swapped atomically; what is no longer in it is not announced again. */
  answerFor(index: number, addresses: AddressColumns): void;
  /**
   * Says these addresses unasked, newest calls first and paced: ARP request and reply (RFC 5227 §3), NA with O=1 to ff02::1
   * (RFC 4861 §7.2.6). `rounds` times, `intervalMs` apart, the first at once. Only addresses that are answered for.
   */
  announce(index: number, addresses: AddressColumns, rounds: number, intervalMs: number): void;
  /** Asks whether anybody has the addresses (ARP probe, DAD solicitation), without claiming them; answers arrive as conflicts. */
  probe(index: number, addresses: AddressColumns): void;
  counters(index: number): LinkCounters | undefined;
  /** Conflicts seen since, at most a few a second for one address. */
  onConflict(hear: (conflict: Conflict) => void): void;
  /** Ends the thread. */
  stop(): void;
}
