// One TCP connection as BGP sees it: writes without copies, the word when they are through, and a farewell that arrives.
// How connections come about stands in tcp.ts.

import type { Socket } from 'node:net';
import type { Connection, ConnectionEvents, Endpoint, SocketOptions } from '../bgp/transport.js';
import { type Address, parseAddress } from '../net/address.js';
import { descriptorOf } from './descriptor.js';
import { type Native, native } from './native.js';
import { explained, transportError } from './tcp-error.js';

/** How long and how much is still read from a peer that may not have seen our last message yet. */
const farewellMs = 2000;
const farewellOctets = 16 * 1024 * 1024;

/** A change, and any message that is no table. */
const fewOctets = 4096;

const nobody: ConnectionEvents = { received() {}, drained() {}, closed() {} };

export class TcpConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  #events = nobody;
  /** False once either side has said goodbye: nothing is reported any more. */
  #open: boolean = true;
  #writesPending = 0;
  #isDrainedSoon = false;
  #farewellOctets = 0;

  constructor(socket: Socket, local: Endpoint, remote: Endpoint) {
    this.#socket = socket;
    this.local = local;
    this.remote = remote;
    socket.on('error', (error) => this.#close(transportError(error, { remote }).message));
    socket.on('end', () => this.#close('connection closed by peer'));
    socket.on('data', (octets) => this.#receive(octets));
  }

  report(events: ConnectionEvents): void {
    this.#events = events;
  }

  get unsentOctets(): number {
    return this.#socket.writableLength;
  }

  write(all: Uint8Array): void {
    if (!this.#open) return;
    const sent = this.#sendNow(all);
    if (sent === all.length) {
      this.#tellDrained();
      return;
    }
    const octets = sent === 0 ? all : all.subarray(sent);
    // What is written in one go leaves in one go: with TCP_NODELAY each write would be a packet.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(uncork, this.#socket);
    }
    this.#writesPending++;
    this.#socket.write(octets, this.#wrote);
  }

  /** A few octets with none waiting before them go straight to the kernel: half of what they cost Node, at every peer. */
  #sendNow(octets: Uint8Array): number {
    if (octets.length > fewOctets || this.#socket.writableLength > 0) return 0;
    const descriptor = descriptorOf(this.#socket);
    return descriptor === undefined ? 0 : native().sendNow(descriptor, octets);
  }

  /** After this turn, in which more may be written. */
  #tellDrained(): void {
    if (this.#isDrainedSoon) return;
    this.#isDrainedSoon = true;
    process.nextTick(this.#drained);
  }

  readonly #drained = (): void => {
    this.#isDrainedSoon = false;
    if (this.#writesPending === 0 && this.#open) this.#events.drained();
  };

  finish(): void {
    if (!this.#open) return;
    this.#open = false;
    const socket = this.#socket;
    const patience = setTimeout(() => socket.destroy(), farewellMs);
    socket.on('close', () => clearTimeout(patience));
    socket.end(); // Node closes once the peer's FIN has come as well
  }

  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  restrict({ ttl, minTtl }: Pick<SocketOptions, 'ttl' | 'minTtl'>): void {
    this.apply((addon, descriptor) => {
      if (ttl !== undefined) addon.setTcpTtl(descriptor, ttl);
      if (minTtl !== undefined) addon.setTcpMinTtl(descriptor, minTtl);
    });
  }

  /** A closed connection has no options to set. */
  apply(change: (addon: Native, descriptor: number) => void): void {
    const descriptor = descriptorOf(this.#socket);
    if (this.#open && descriptor !== undefined) {
      explained({ remote: this.remote }, () => change(native(), descriptor));
    }
  }

  readonly #wrote = (error?: Error | null): void => {
    this.#writesPending--;
    if (this.#writesPending === 0 && this.#open && !error) this.#events.drained();
  };

  /** Node reads into new memory each time: the octets may be kept. */
  #receive(octets: Uint8Array): void {
    if (this.#open) {
      this.#events.received(octets);
      return;
    }
    this.#farewellOctets += octets.length;
    if (this.#farewellOctets > farewellOctets) this.#socket.destroy();
  }

  #close(reason: string): void {
    if (!this.#open) return;
    this.destroy();
    this.#events.closed(reason);
  }
}

const uncork = (socket: Socket): void => socket.uncork();

/** Undefined when the connection is gone already. */
export function endpointOf(text: string | undefined, port: number | undefined): Endpoint | undefined {
  const address = text === undefined ? undefined : parseAddress(text.split('%', 1)[0]!);
  return address === undefined || port === undefined ? undefined : { address: unmapped(address), port };
}

/** RFC 4291 §2.5.5.2. */
function unmapped(address: Address): Address {
  const [a, b, c, d] = address.words;
  return a === 0 && b === 0 && c === 0xffff && d !== undefined ? { family: 'ipv4', words: [d] } : address;
}
