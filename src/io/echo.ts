// ICMP and ICMPv6 echo through raw-socket: one socket for each family and interface, shared by all that ask through it.
// An answer counts when identifier, sequence, sender and the data that we chose agree. Needs CAP_NET_RAW. Main thread only.

import { randomBytes, randomInt } from 'node:crypto';
import type { RawSocket, Socket } from 'raw-socket';
import { readEcho, replyType, writeEcho } from '../l2/icmp-echo.js';
import type { Echo, EchoEvent, EchoPort } from '../l2/tracker.js';
import {
  type Address,
  type Family,
  formatAddress,
  isIpv6LinkLocal,
  parseAddress,
  sameAddress,
} from '../net/address.js';
import { sanitised } from '../net/text.js';

/** For socket(2) and setsockopt(2): socket(7), icmp(7), RFC 3542 §3.2. */
const protocol = { ipv4: 1, ipv6: 58 } as const;
const bindToDevice = { level: 1, option: 25 } as const;
const icmpFilter = { level: 255, option: 1 } as const;
const icmpv6Filter = { level: 58, option: 1 } as const;
/** What an answer can be at most; the rest of a longer packet does not matter. */
const bufferOctets = 256;
const dataOctets = 16;

interface Asking {
  readonly target: Address;
  readonly data: Uint8Array;
  hear(event: EchoEvent): void;
}

export class RawEcho implements EchoPort {
  readonly #lines = new Map<string, Line>();
  readonly #identifiers = new Set<number>();
  #raw: Promise<RawSocket> | undefined;

  open(target: Address, device: string, hear: (event: EchoEvent) => void): Echo {
    const key = `${target.family} ${device}`;
    const line = this.#lines.get(key) ?? new Line(target.family, device);
    this.#lines.set(key, line);
    const identifier = this.#identifier();
    let isOpen = true;
    const tell = (event: EchoEvent): void => {
      if (isOpen) hear(event);
    };
    line.asking.set(identifier, { target, data: randomBytes(dataOctets), hear: tell });
    return {
      ask: (sequence) => {
        // Loaded when first needed: most hosts track nobody.
        this.#raw ??= import('raw-socket').then((module) => module.default);
        this.#raw.then(
          (raw) => line.ask(raw, identifier, sequence),
          (error: unknown) => tell({ kind: 'error', text: unloadable(error) }),
        );
      },
      close: () => {
        isOpen = false;
        this.#identifiers.delete(identifier);
        line.asking.delete(identifier);
        if (line.asking.size > 0) return;
        line.close();
        this.#lines.delete(key);
      },
    };
  }

  /** Other programs on this host ask as well, with identifiers of their own choice. */
  #identifier(): number {
    for (;;) {
      const identifier = randomInt(0x10000);
      if (this.#identifiers.has(identifier)) continue;
      this.#identifiers.add(identifier);
      return identifier;
    }
  }
}

/** Everybody who asks through one interface in one family. */
class Line {
  readonly asking = new Map<number, Asking>();
  readonly #family: Family;
  readonly #device: string;
  #socket: Socket | undefined;

  constructor(family: Family, device: string) {
    this.#family = family;
    this.#device = device;
  }

  ask(raw: RawSocket, identifier: number, sequence: number): void {
    const its = this.asking.get(identifier);
    if (its === undefined) return;
    const failed = (error: unknown): void => {
      its.hear({ kind: 'error', text: this.#reason(error) });
      // Bound to an interface that went, a socket never finds the one that comes after it: the next question opens another.
      this.close();
    };
    try {
      this.#socket ??= this.#open(raw);
      const octets = Buffer.from(writeEcho(this.#family, 'request', { identifier, sequence, data: its.data }));
      // RFC 4007 §11: a link-local address means nothing without its link.
      const scope = isIpv6LinkLocal(its.target) ? `%${this.#device}` : '';
      this.#socket.send(octets, 0, octets.length, `${formatAddress(its.target)}${scope}`, (error) => {
        if (error !== null) failed(error);
      });
    } catch (error) {
      failed(error);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(raw: RawSocket): Socket {
    const family = this.#family;
    const socket = raw.createSocket({
      protocol: protocol[family],
      addressFamily: family === 'ipv4' ? 1 : 2,
      bufferSize: bufferOctets,
    });
    try {
      const device = Buffer.from(`${this.#device}\0`);
      socket.setOption(bindToDevice.level, bindToDevice.option, device, device.length);
      const { level, option } = family === 'ipv4' ? icmpFilter : icmpv6Filter;
      const filter = onlyReplies(family);
      socket.setOption(level, option, filter, filter.length);
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', () => {
      if (this.#socket === socket) this.close();
    });
    socket.on('message', (octets, source) => this.#received(octets, source));
    return socket;
  }

  #received(octets: Uint8Array, source: string): void {
    const reply = readEcho(this.#family, 'reply', octets);
    if (reply === undefined) return;
    const its = this.asking.get(reply.identifier);
    // raw-socket leaves the scope of a link-local sender out.
    const sender = parseAddress(source);
    if (its === undefined || sender === undefined || !sameAddress(sender, its.target)) return;
    if (Buffer.compare(reply.data, its.data) === 0) its.hear({ kind: 'reply', sequence: reply.sequence });
  }

  /** raw-socket has the system's words, and nothing else. */
  #reason(error: unknown): string {
    const text = messageOf(error);
    const device = sanitised(this.#device);
    if (/not permitted|permission denied/i.test(text) && this.#socket === undefined)
      return 'neighbours cannot be asked without CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in the unit';
    if (/no such device/i.test(text)) return `this host has no interface ${device}`;
    return `a neighbour cannot be asked through ${device}: ${text}`;
  }
}

/** A set bit is a type that is left out. The words are the host's own. */
function onlyReplies(family: Family): Buffer {
  const words = new Uint32Array(family === 'ipv4' ? 1 : 8).fill(0xffffffff);
  const type = replyType(family);
  words[type >> 5]! &= ~(1 << (type & 31));
  return Buffer.from(words.buffer);
}

/** Its shared object is for one major version of Node. */
const unloadable = (error: unknown): string =>
  error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_FAILED'
    ? `raw-socket is not built for Node ${process.versions.node}: install herald again with it`
    : messageOf(error);

const messageOf = (error: unknown): string => sanitised(error instanceof Error ? error.message : String(error));
