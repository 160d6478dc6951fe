// A network in memory: hosts by address, connections that cut and delay what is written as TCP may, windows that close.

import {
  type Connection,
  type ConnectionEvents,
  type Endpoint,
  type Transport,
  TransportError,
} from '../../src/bgp/transport.js';
import { type Address, formatAddress } from '../../src/net/address.js';
import type { Random } from '../../src/ports.js';
import type { FakeTime } from './fake-time.js';

const windowOctets = 65_536;

export class FakeConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What the other end is told; unset until somebody listens. */
  #events: ConnectionEvents | undefined;
  #other!: FakeConnection;
  readonly #network: FakeNetwork;
  /** Written here and not taken by the network. */
  readonly #unsent: Uint8Array[] = [];
  #unsentOctets = 0;
  /** On their way to us, or here and not read. */
  readonly #arriving: (Uint8Array | string)[] = [];
  #arrivingOctets = 0;
  #arrivesAtMs = 0;
  #reading = true;
  #finishing = false;
  /** False once we said goodbye, or the other end did. */
  open = true;

  constructor(network: FakeNetwork, local: Endpoint, remote: Endpoint) {
    this.#network = network;
    this.local = local;
    this.remote = remote;
  }

  join(other: FakeConnection): void {
    this.#other = other;
  }

  report(events: ConnectionEvents): void {
    this.#events = events;
    this.#deliverLater();
  }

  get unsentOctets(): number {
    return this.#unsentOctets;
  }

  write(octets: Uint8Array): void {
    if (!this.open || this.#finishing) return;
    this.#unsent.push(octets);
    this.#unsentOctets += octets.length;
    this.#push();
  }

  finish(): void {
    if (!this.open) return;
    this.open = false;
    this.#finishing = true;
    this.#network.connections.delete(this);
    this.#push();
  }

  destroy(): void {
    if (!this.open) return;
    this.open = false;
    this.#network.connections.delete(this);
    this.#other.#hangUp('connection reset by peer');
  }

  restrict(): void {}

  /** A receiver that stops reading closes its window. */
  set reading(reading: boolean) {
    this.#reading = reading;
    this.#deliverLater();
  }

  #hangUp(reason: string): void {
    this.#arriving.push(reason);
    this.#deliverLater();
  }

  #push(): void {
    const other = this.#other;
    const before = this.#unsentOctets;
    while (this.#unsent.length > 0 && other.#arrivingOctets < windowOctets) {
      const octets = this.#unsent.shift()!;
      const room = windowOctets - other.#arrivingOctets;
      if (octets.length > room) this.#unsent.unshift(octets.subarray(room));
      const sent = octets.subarray(0, room);
      this.#unsentOctets -= sent.length;
      other.#arriving.push(sent);
      other.#arrivingOctets += sent.length;
    }
    if (before > 0) other.#deliverLater();
    if (this.#unsentOctets > 0) return;
    if (this.#finishing) {
      this.#finishing = false;
      other.#hangUp('connection closed by peer');
    } else if (before > 0)
      this.#network.time.after(0, () => this.open && this.#unsentOctets === 0 && this.#events?.drained());
  }

  #deliverLater(): void {
    if (!this.#reading || this.#arriving.length === 0) return;
    const { time } = this.#network;
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, time.monotonicMs() + this.#network.delayMs());
    time.after(this.#arrivesAtMs - time.monotonicMs(), () => this.#deliver());
  }

  /** One piece of what has arrived: TCP knows no messages. */
  #deliver(): void {
    const next = this.#arriving[0];
    if (next === undefined || !this.#reading || (this.#events === undefined && this.open)) return;
    if (typeof next === 'string') {
      this.#arriving.shift();
      if (!this.open) return;
      this.open = false;
      this.#network.connections.delete(this);
      this.#events?.closed(next);
      return;
    }
    const cut = 1 + Math.floor(this.#network.random() * next.length);
    const piece = next.subarray(0, cut);
    if (cut >= next.length) this.#arriving.shift();
    else this.#arriving[0] = next.subarray(cut);
    this.#arrivingOctets -= piece.length;
    if (this.open && piece.length > 0) this.#events?.received(piece);
    this.#other.#push();
    this.#deliverLater();
  }
}

type Accepted = (connection: Connection) => ConnectionEvents | undefined;

export class FakeNetwork {
  readonly time: FakeTime;
  readonly random: Random;
  readonly maxDelayMs: number;
  /** Open ends, of both hosts. */
  readonly connections = new Set<FakeConnection>();
  /** SYNs to these addresses are lost. */
  readonly dark = new Set<string>();
  dials = 0;
  readonly #listeners = new Map<string, Accepted>();
  #port = 40_000;

  constructor(time: FakeTime, random: Random, maxDelayMs = 5) {
    this.time = time;
    this.random = random;
    this.maxDelayMs = maxDelayMs;
  }

  delayMs(): number {
    return this.random() * this.maxDelayMs;
  }

  /** As seen from a host with this address. */
  host(address: Address): Transport {
    return {
      dial: ({ remote, timeoutMs }, connected, failed) => {
        this.dials++;
        const accepted = this.#listeners.get(keyOf(remote));
        const lost = this.dark.has(formatAddress(remote.address));
        const timer = this.time.after(lost ? timeoutMs : this.delayMs(), () => {
          if (lost) failed(new TransportError('ETIMEDOUT', 'connection timed out'));
          else if (accepted === undefined) failed(new TransportError('ECONNREFUSED', 'connection refused'));
          else this.#connect({ address, port: this.#port++ }, remote, connected, accepted);
        });
        return { cancel: () => timer.cancel() };
      },
      listen: (endpoint, accepted) => {
        this.#listeners.set(keyOf(endpoint), accepted);
        return { setMd5Password() {}, close: () => this.#listeners.delete(keyOf(endpoint)) };
      },
    };
  }

  #connect(
    local: Endpoint,
    remote: Endpoint,
    connected: (connection: Connection) => ConnectionEvents,
    accepted: Accepted,
  ): void {
    const near = new FakeConnection(this, local, remote);
    const far = new FakeConnection(this, remote, local);
    near.join(far);
    far.join(near);
    this.connections.add(near).add(far);
    this.time.after(this.delayMs(), () => {
      if (!far.open) return;
      const events = accepted(far);
      if (events === undefined) far.destroy();
      else far.report(events);
    });
    near.report(connected(near));
  }
}

const keyOf = ({ address, port }: Endpoint): string => `${formatAddress(address)} ${port}`;
