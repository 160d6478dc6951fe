// A stream of octets becomes messages: however TCP cut it, the same messages and the same faults come out.
// Looks at headers only; what a body means is message.ts. RFC 4271 §4.1 and §6.1, RFC 8654 §4.

import { badMessageLength, badMessageType, connectionNotSynchronized } from './errors.js';
import { headerOctets, markerOctets, maxMessageOctets, messageType } from './numbers.js';

/** One message without its header. `body` may be a view of what was pushed. */
export interface RawMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

interface Limits {
  readonly name: string;
  readonly least: number;
  /** Never larger, extended messages or not (RFC 8654 §4). */
  readonly most?: number;
}

const limits = new Map<number, Limits>([
  [messageType.open, { name: 'an OPEN', least: 29, most: maxMessageOctets }],
  [messageType.update, { name: 'an UPDATE', least: 23 }],
  [messageType.notification, { name: 'a NOTIFICATION', least: 21 }],
  [messageType.keepalive, { name: 'a KEEPALIVE', least: headerOctets, most: headerOctets }],
  [messageType.routeRefresh, { name: 'a ROUTE-REFRESH', least: 23 }],
]);

const nothing = new Uint8Array();

/**
 * Push a chunk, then take messages with next() until it returns undefined. What is left then, less than one message, is
 * copied, so that no chunk is kept. next() throws BgpError at a faulty header, and again if asked again.
 */
export class Framer {
  /** 65535 from the moment that our own offer of extended messages holds. */
  maxOctets = maxMessageOctets;
  #chunk: Uint8Array = nothing;
  #at = 0;
  /** The beginning of a message that no chunk held whole: its header's room, then its own. */
  #begun = nothing;
  #have = 0;
  /** Where the next message begins cannot be known any more. */
  #lost = false;

  push(octets: Uint8Array): void {
    if (this.#lost) return;
    const left = this.#chunk.length - this.#at;
    if (left === 0) this.#chunk = octets;
    else {
      const joined = new Uint8Array(left + octets.length);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(octets, left);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  next(): RawMessage | undefined {
    if (this.#have > 0) return this.#continued();
    const left = this.#chunk.length - this.#at;
    if (left === 0) return undefined;
    if (left < headerOctets) return this.#begin(headerOctets);
    const length = this.#lengthAt(this.#chunk, this.#at);
    if (length === undefined) return this.#unreadableNotification();
    if (left < length) return this.#begin(length);
    const { buffer, byteOffset } = this.#chunk;
    const type = this.#chunk[this.#at + headerOctets - 1]!;
    const body = new Uint8Array(buffer, byteOffset + this.#at + headerOctets, length - headerOctets);
    this.#at += length;
    return { type, body };
  }

  /** Takes what is left of the chunk as the beginning of a message of at least `octets`. */
  #begin(octets: number): undefined {
    this.#begun = new Uint8Array(octets);
    this.#take(octets);
  }

  #continued(): RawMessage | undefined {
    if (!this.#take(headerOctets)) return undefined;
    const length = this.#lengthAt(this.#begun, 0);
    if (length === undefined) return this.#unreadableNotification();
    if (this.#begun.length < length) {
      const whole = new Uint8Array(length);
      whole.set(this.#begun);
      this.#begun = whole;
    }
    if (!this.#take(length)) return undefined;
    const message = { type: this.#begun[headerOctets - 1]!, body: this.#begun.subarray(headerOctets) };
    this.#begun = nothing;
    this.#have = 0;
    return message;
  }

  /** Moves octets until `wanted` have been gathered; whether they have. */
  #take(wanted: number): boolean {
    const count = Math.min(wanted - this.#have, this.#chunk.length - this.#at);
    if (count > 0) {
      this.#begun.set(this.#chunk.subarray(this.#at, this.#at + count), this.#have);
      this.#have += count;
      this.#at += count;
      if (this.#at === this.#chunk.length) {
        this.#chunk = nothing;
        this.#at = 0;
      }
    }
    return this.#have >= wanted;
  }

  /** The length of the message whose header stands at `at`; undefined: a NOTIFICATION of an impossible one. */
  #lengthAt(octets: Uint8Array, at: number): number | undefined {
    for (let i = 0; i < markerOctets; i++) if (octets[at + i] !== 0xff) throw connectionNotSynchronized();
    const length = octets[at + markerOctets]! * 256 + octets[at + markerOctets + 1]!;
    const type = octets[at + headerOctets - 1]!;
    const { name = 'a message', least = headerOctets, most = this.maxOctets } = limits.get(type) ?? {};
    if (length >= least && length <= most) {
      if (limits.has(type)) return length;
      throw badMessageType(type);
    }
    // RFC 4271 §6.4: whatever is wrong with a NOTIFICATION, another is no answer to it.
    if (type !== messageType.notification) throw badMessageLength(length, name);
    return length === headerOctets || length === headerOctets + 1 ? length : undefined;
  }

  #unreadableNotification(): RawMessage {
    this.#lost = true;
    this.#chunk = nothing;
    this.#at = 0;
    this.#begun = nothing;
    this.#have = 0;
    return { type: messageType.notification, body: nothing };
  }
}
