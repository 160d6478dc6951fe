// The real Responder: the addon's thread behind the door of l2/responder.ts, and what an errno means to the operator.

import type { AddressColumns, Conflict, LinkCounters, Responder, ResponderLink } from '../l2/responder.js';
import { addressFromOctets } from '../net/address.js';
import { type NativeResponder, native } from './native.js';

/** Begins with a thread that waits; the interfaces come by open(). */
export function startResponder(): Responder {
  return new NativeThread();
}

class NativeThread implements Responder {
  readonly #native: NativeResponder;
  #hear: ((conflict: Conflict) => void) | undefined;

  constructor() {
    this.#native = new (native().Responder)((link, address, mac) => {
      this.#hear?.({ link, ...addressFromOctets(address), mac });
    });
  }

  open(link: ResponderLink, framesPerSecond: number): void {
    try {
      this.#native.open(link.index, link.mac, framesPerSecond);
    } catch (error) {
      throw explained(error, link.name);
    }
  }

  close(index: number): void {
    this.#native.close(index);
  }

  answerFor(index: number, { ipv4, ipv6 }: AddressColumns): void {
    this.#native.answerFor(index, ipv4, ipv6);
  }

  announce(index: number, { ipv4, ipv6 }: AddressColumns, rounds: number, intervalMs: number): void {
    this.#native.announce(index, ipv4, ipv6, rounds, intervalMs);
  }

  probe(index: number, { ipv4, ipv6 }: AddressColumns): void {
    this.#native.probe(index, ipv4, ipv6);
  }

  counters(index: number): LinkCounters | undefined {
    return this.#native.counters(index);
  }

  onConflict(hear: (conflict: Conflict) => void): void {
    this.#hear = hear;
  }

  stop(): void {
    this.#native.stop();
  }
}

/** The same error, its message in the operator's words. */
function explained(error: unknown, name: string): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'EPERM')
    error.message = `answering ARP and NDP on ${name} needs CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in the unit`;
  else if (error.code === 'ENODEV' || error.code === 'ENXIO') error.message = `this host has no interface ${name}`;
  else error.message = `${name}: ${error.message}`;
  return error;
}
