// What tests of netlink share: messages as the kernel of this machine would write them, and the dump of a real one.

import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import type { LinkFacts } from '../../src/l2/rtnetlink.js';

export const isLittleEndian = endianness() === 'LE';

/** Captured with the header of each message. */
export function capturedDump(): Uint8Array {
  const text = readFileSync(new URL('../fixtures/rtnetlink-dump.txt', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Buffer.concat(lines.map((line) => Buffer.from(line, 'base64')));
}

export const u16 = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);
export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const zeroTerminated = (text: string): Uint8Array => Buffer.from(`${text}\0`);

const padded = (octets: Uint8Array): Uint8Array => Buffer.concat([octets, Buffer.alloc(-octets.length & 3)]);

export const attribute = (type: number, ...value: readonly Uint8Array[]): Uint8Array => {
  const octets = Buffer.concat(value);
  return padded(Buffer.concat([u16(4 + octets.length), u16(type), octets]));
};

export const message = (type: number, ...body: readonly Uint8Array[]): Uint8Array => {
  const octets = Buffer.concat(body);
  return padded(Buffer.concat([u32(16 + octets.length), u16(type), u16(0), u32(0), u32(0), octets]));
};

/** struct ifinfomsg. */
export const linkHeader = (family: number, hardware: number, index: number, flags: number): Uint8Array =>
  Buffer.concat([Uint8Array.of(family, 0), u16(hardware), u32(index), u32(flags), u32(0)]);

/** RTM_NEWLINK, as the kernel would say it. */
export const newLink = (facts: LinkFacts): Uint8Array => {
  const flags =
    (facts.isUp ? 0x1 : 0) |
    (facts.isBroadcast ? 0x2 : 0) |
    (facts.isLoopback ? 0x8 : 0) |
    (facts.isNoArp ? 0x80 : 0) |
    (facts.hasCarrier ? 0x10000 : 0);
  return message(
    16,
    linkHeader(0, facts.mac === undefined ? 772 : 1, facts.index, flags),
    attribute(3, zeroTerminated(facts.name)),
    attribute(1, facts.mac ?? new Uint8Array(6)),
    ...(facts.master === 0 ? [] : [attribute(10, u32(facts.master))]),
    ...(facts.kind === '' ? [] : [attribute(18 | 0x8000, attribute(1, zeroTerminated(facts.kind)))]),
  );
};
