// The door between BGP and TCP: what a session needs of a connection, and nothing of how it is made.
// The real one is io/tcp.ts; a fake stands beside the tests.

import type { Address } from '../net/address.js';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** What a BGP socket needs beyond an address. Each is set before the first packet leaves. */
export interface SocketOptions {
  /** Source address; the kernel chooses when absent. */
  readonly localAddress?: Address;
  /** SO_BINDTODEVICE: a VRF or an interface. */
  readonly device?: string;
  /** TCP MD5 key, RFC 2385; at most 80 octets. */
  readonly md5Password?: string;
  /** IP_TTL / IPV6_UNICAST_HOPS. */
  readonly ttl?: number;
  /** GTSM, RFC 5082: packets that arrive with less are dropped by the kernel. */
  readonly minTtl?: number;
}

export interface DialOptions extends SocketOptions {
  readonly remote: Endpoint;
  /** The connect is given up after so long. */
  readonly timeoutMs: number;
}

export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Octets written here that the kernel has not taken yet. */
  readonly unsentOctets: number;
  /** Never copies: the octets must not change from now on. Never blocks. */
  write(octets: Uint8Array): void;
  /** Sends what was written, then FIN; reads and drops what still comes for a moment, then closes. The peer sees the last message (a bare close with unread input would reset it away). */
  finish(): void;
  /** Closes at once. No event follows. */
  destroy(): void;
  /** RFC 5082 for a connection that a listener accepted before it was known whose it is. */
  restrict(options: Pick<SocketOptions, 'ttl' | 'minTtl'>): void;
}

export interface ConnectionEvents {
  received(octets: Uint8Array): void;
  /** All that was written has been handed to the kernel. */
  drained(): void;
  /** Once, and nothing after it; never after destroy() or finish() on our side. `reason` is for people: "connection reset by peer". */
  closed(reason: string): void;
}

export interface Dialling {
  cancel(): void;
}

export interface Listener {
  /** The MD5 key of a peer, from its next SYN on; undefined takes it away. */
  setMd5Password(peer: Address, password: string | undefined): void;
  close(): void;
}

/** Says why in the operator's words: "connection refused", "10.0.0.9 is not an address of this host", "TCP MD5 is not supported by this kernel", "permission to bind port 179 needs CAP_NET_BIND_SERVICE". */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** The errno name, for programs. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Transport {
  /** `connected` gets the connection and returns its event sink; exactly one of the two callbacks is called, once, never synchronously, none after cancel(). */
  dial(
    options: DialOptions,
    connected: (connection: Connection) => ConnectionEvents,
    failed: (error: TransportError) => void,
  ): Dialling;
  /** Throws TransportError. `accepted` returns the sink, or undefined to refuse: the connection is then closed. */
  listen(
    endpoint: Endpoint & Pick<SocketOptions, 'device'>,
    accepted: (connection: Connection) => ConnectionEvents | undefined,
  ): Listener;
}
