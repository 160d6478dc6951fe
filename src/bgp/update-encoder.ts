// From rows of a Rib to finished UPDATE messages: grouped by attribute set, each message filled to the peer's limit.
// The attributes come encoded; here only prefixes are written, because there may be a million of them.
// RFC 4271 §4.3, RFC 4760 §3 and §4.

import { afi, headerOctets, messageType, safiUnicast } from './numbers.js';
import { type Rib, withdrawn } from './rib.js';

/** An attribute set as one kind of session sees it. */
export interface EncodedAttributes {
  /** All path attributes; for IPv6 all but MP_REACH_NLRI, which is written here. */
  readonly octets: Uint8Array;
  /** For IPv6: the next hop field of MP_REACH_NLRI, 16 or 32 octets. */
  readonly nextHop: Uint8Array;
}

export interface Encoding {
  readonly maxOctets: number;
  attributes(id: number): EncodedAttributes;
}

export interface EncodedBatch {
  /** Whole messages. Never changed after this. */
  readonly octets: Uint8Array;
  readonly messages: number;
  /** The last row of the log that is in it. */
  readonly last: number;
  /** Attribute sets that leave no room for a prefix; their rows are sent as withdrawn. */
  readonly oversized: readonly number[];
}

/** Attribute header and family of MP_REACH_NLRI and MP_UNREACH_NLRI: flags, type, 2-octet length, AFI, SAFI. */
const mpOctets = 7;
const updateOctets = headerOctets + 4;

/** What the most rows amount to with short attributes, IPv6 included. */
const maxBatchOctets = 2_500_000;
const minBatchRows = 256;

const scratch = { rows: new Uint32Array(1024), sorted: new Uint32Array(1024) };

/** The rows of the log after `from`, at most `limit` of them, as messages. At least one row must follow. */
export function encodeBatch(rib: Rib, from: number, limit: number, encoding: Encoding): EncodedBatch {
  const { rows, count, last, counts } = gather(rib, from, limit);
  const oversized = [...counts.keys()].filter((id) => id !== withdrawn && !fits(rib, encoding, id));
  const groups = [...counts.keys()].sort((a, b) => a - b);
  const start = new Map<number, number>();
  let total = 0;
  let octets = 0;
  for (const id of groups) {
    start.set(id, total);
    total += counts.get(id)!;
    octets += boundOf(rib, encoding, oversized.includes(id) ? withdrawn : id, counts.get(id)!);
  }
  // Long attributes, all different: fewer rows then, so that a session that does not read is never owed much.
  if (octets > maxBatchOctets && count > minBatchRows) return encodeBatch(rib, from, count >>> 2, encoding);
  const sorted = groups.length === 1 ? rows : scratchOf('sorted', count);
  if (groups.length > 1) {
    const place = new Map(start);
    for (let i = 0; i < count; i++) {
      const id = rib.attributes[rows[i]!]!;
      const at = place.get(id)!;
      sorted[at] = rows[i]!;
      place.set(id, at + 1);
    }
  }
  const out = new Uint8Array(octets);
  let at = 0;
  let messages = 0;
  for (const id of groups) {
    let next = start.get(id)!;
    const end = next + counts.get(id)!;
    while (next < end) {
      const written = writeMessage(rib, sorted, next, end, oversized.includes(id) ? withdrawn : id, encoding, out, at);
      next = written.next;
      at = written.at;
      messages++;
    }
  }
  return { octets: at * 4 < octets * 3 ? out.slice(0, at) : out.subarray(0, at), messages, last, oversized };
}

function scratchOf(name: keyof typeof scratch, count: number): Uint32Array {
  if (scratch[name].length < count) scratch[name] = new Uint32Array(count);
  return scratch[name];
}

function gather(rib: Rib, from: number, limit: number) {
  const rows = scratchOf('rows', limit);
  const count = follow(rib, from, limit, rows);
  const counts = new Map<number, number>();
  for (let start = 0; start < count; ) {
    const end = runEnd(rib.attributes, rows, start, count);
    const id = rib.attributes[rows[start]!]!;
    counts.set(id, (counts.get(id) ?? 0) + end - start);
    start = end;
  }
  return { rows, count, last: count === 0 ? from : rows[count - 1]!, counts };
}

// A loop over a table is compiled while it runs, when nothing is known of what comes behind it: leaving it then costs as much
// as a hundred rows, each time, also when there is but one. So these two loops are functions with nothing behind them.

function follow(rib: Rib, from: number, limit: number, rows: Uint32Array): number {
  let count = 0;
  for (let row = rib.after(from); row !== 0 && count < limit; row = rib.after(row)) rows[count++] = row;
  return count;
}

/** The first that has other attributes. */
function runEnd(attributes: Uint32Array, rows: Uint32Array, start: number, end: number): number {
  const id = attributes[rows[start]!];
  let next = start;
  while (next < end && attributes[rows[next]!] === id) next++;
  return next;
}

const prefixBound = (rib: Rib): number => 1 + rib.width * 4;

/** Octets of a message that are not prefixes. */
function overhead(rib: Rib, encoding: Encoding, id: number): number {
  const mp = rib.family === 'ipv6' ? mpOctets : 0;
  if (id === withdrawn) return updateOctets + mp;
  const { octets, nextHop } = encoding.attributes(id);
  return updateOctets + octets.length + (mp > 0 ? mp + 2 + nextHop.length : 0);
}

const fits = (rib: Rib, encoding: Encoding, id: number): boolean =>
  overhead(rib, encoding, id) + prefixBound(rib) <= encoding.maxOctets;

function boundOf(rib: Rib, encoding: Encoding, id: number, count: number): number {
  const fixed = overhead(rib, encoding, id);
  const perMessage = Math.floor((encoding.maxOctets - fixed) / prefixBound(rib));
  return count * prefixBound(rib) + Math.ceil(count / perMessage) * fixed;
}

function writeMessage(
  rib: Rib,
  rows: Uint32Array,
  first: number,
  end: number,
  id: number,
  encoding: Encoding,
  out: Uint8Array,
  start: number,
): { next: number; at: number } {
  const announced = id === withdrawn ? undefined : encoding.attributes(id);
  const isIpv6 = rib.family === 'ipv6';
  const attributes = announced?.octets ?? noOctets;
  let at = start + headerOctets;
  let counted: number;
  if (isIpv6) {
    at += 4; // no withdrawn routes; the length of the path attributes is written when it is known
    out[at++] = 0x90; // optional, extended length
    out[at++] = announced === undefined ? 15 : 14;
    counted = at;
    at += 2;
    out[at++] = 0;
    out[at++] = afi.ipv6;
    out[at++] = safiUnicast;
    if (announced !== undefined) {
      out[at++] = announced.nextHop.length;
      out.set(announced.nextHop, at);
      at += announced.nextHop.length;
      out[at++] = 0; // reserved
    }
  } else if (announced === undefined) {
    counted = at;
    at += 2;
  } else {
    at = u16(out, at, 0);
    at = u16(out, at, attributes.length);
    out.set(attributes, at);
    at += attributes.length;
    counted = -1;
  }
  const trailer = isIpv6 ? attributes.length : announced === undefined ? 2 : 0;
  const body = at;
  const limit = start + encoding.maxOctets - trailer;
  const next = writePrefixes(rib, rows, first, end, out, at, limit);
  at = written;
  if (isIpv6) {
    u16(out, counted, at - counted - 2);
    out.set(attributes, at);
    at += attributes.length;
    u16(out, start + headerOctets, 0);
    u16(out, start + headerOctets + 2, at - start - updateOctets);
  } else if (announced === undefined) {
    u16(out, counted, at - body);
    at = u16(out, at, 0);
  }
  out.fill(0xff, start, start + 16);
  u16(out, start + 16, at - start);
  out[start + 18] = messageType.update;
  return { next, at };
}

const noOctets = new Uint8Array();
/** Where writePrefixes stopped: a second result without an allocation for each message. */
let written = 0;

/** Writes prefixes from rows[first] on while they fit below `limit`; returns the first that did not. RFC 4271 §4.3. */
function writePrefixes(
  rib: Rib,
  rows: Uint32Array,
  first: number,
  end: number,
  out: Uint8Array,
  start: number,
  limit: number,
): number {
  const { words, lengths, width } = rib;
  let at = start;
  let i = first;
  for (; i < end; i++) {
    const row = rows[i]!;
    const length = lengths[row]!;
    const octets = (length + 7) >>> 3;
    if (at + 1 + octets > limit) break;
    out[at++] = length;
    for (let k = 0; k < octets; k++) out[at++] = words[row * width + (k >>> 2)]! >>> (24 - (k & 3) * 8);
  }
  written = at;
  return i;
}

function u16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8;
  out[at + 1] = value & 0xff;
  return at + 2;
}
