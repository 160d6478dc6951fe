// ICMP and ICMPv6 echo: what asks a neighbour whether it is there, and what counts as its answer.
// Read RFC 792 ("Echo or Echo Reply Message"), RFC 4443 §4 first.

import type { Family } from '../net/address.js';
import { Reader, Writer } from '../net/bytes.js';
import { checksum } from '../net/checksum.js';

export interface EchoMessage {
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

export type EchoKind = 'request' | 'reply';

const types: { readonly [F in Family]: { readonly [K in EchoKind]: number } } = {
  ipv4: { request: 8, reply: 0 },
  ipv6: { request: 128, reply: 129 },
};

export const replyType = (family: Family): number => types[family].reply;

/** For IPv6 the checksum is left to the kernel, which knows the addresses that it covers (RFC 3542 §3.1). */
export function writeEcho(family: Family, kind: EchoKind, { identifier, sequence, data }: EchoMessage): Uint8Array {
  const message = new Writer(8 + data.length)
    .u8(types[family][kind])
    .u8(0)
    .u16(0)
    .u16(identifier)
    .u16(sequence)
    .octets(data)
    .finish();
  if (family === 'ipv4') new DataView(message.buffer).setUint16(2, checksum(message));
  return message;
}

/**
 * As a raw socket hands it over: with the IP header for IPv4 and without for IPv6. undefined: it is something else, or damaged. Octets of
 * the answer are copied.
 */
export function readEcho(family: Family, kind: EchoKind, packet: Uint8Array): EchoMessage | undefined {
  try {
    const message = family === 'ipv4' ? icmpOf(packet) : packet;
    if (message === undefined) return undefined;
    const from = new Reader(message);
    if (from.u8() !== types[family][kind] || from.u8() !== 0) return undefined;
    from.u16();
    // The kernel has checked ICMPv6 by now; a raw IPv4 socket is served before ICMP is looked at.
    if (family === 'ipv4' && checksum(message) !== 0) return undefined;
    return { identifier: from.u16(), sequence: from.u16(), data: Uint8Array.from(from.rest()) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** RFC 791 §3.1: version, header length in words, total length, protocol 1. */
function icmpOf(packet: Uint8Array): Uint8Array | undefined {
  const from = new Reader(packet);
  const first = from.u8();
  const headerOctets = (first & 0xf) * 4;
  from.u8();
  const totalOctets = from.u16();
  from.octets(5);
  const protocol = from.u8();
  if (first >> 4 !== 4 || headerOctets < 20 || totalOctets < headerOctets || protocol !== 1) return undefined;
  return new Reader(packet).within(totalOctets).octets(totalOctets).subarray(headerOctets);
}
