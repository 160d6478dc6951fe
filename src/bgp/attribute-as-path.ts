// AS_PATH and its shadow AS4_PATH: segments, what may be wrong with them, and how the two make one path again.
// RFC 4271 §4.3 and §5.1.2, RFC 5065 §3, RFC 6793 §4.2; faults by RFC 7606 §7.2, RFC 7607 §2.

import type { Reader, Writer } from '../net/bytes.js';
import { asTrans } from './numbers.js';

export interface AsPathSegment {
  readonly type: 'set' | 'sequence' | 'confedSequence' | 'confedSet';
  readonly asns: readonly number[];
}

const codes: Readonly<Record<AsPathSegment['type'], number>> = { set: 1, sequence: 2, confedSequence: 3, confedSet: 4 };
const types: readonly (AsPathSegment['type'] | undefined)[] = [
  undefined,
  'set',
  'sequence',
  'confedSequence',
  'confedSet',
];
/** RFC 4271 §4.3: the count of a segment is one octet. */
const maxSegmentAsns = 255;

const isConfederation = ({ type }: AsPathSegment): boolean => type === 'confedSequence' || type === 'confedSet';

/** Segments that are too long are continued in another of the same type, empty ones left out. */
export function encodeSegments(segments: readonly AsPathSegment[], asnOctets: 2 | 4, to: Writer): void {
  for (const { type, asns } of segments) {
    for (let start = 0; start < asns.length; start += maxSegmentAsns) {
      const part = asns.slice(start, start + maxSegmentAsns);
      to.u8(codes[type]).u8(part.length);
      for (const asn of part) {
        if (asnOctets === 4) to.u32(asn);
        else to.u16(asn > 0xffff ? asTrans : asn);
      }
    }
  }
}

/** Only for what segmentsFault() found good. */
export function decodeSegments(from: Reader, asnOctets: 2 | 4): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  while (!from.done) {
    const type = types[from.u8()] ?? 'sequence';
    const asns = Array.from({ length: from.u8() }, () => (asnOctets === 4 ? from.u32() : from.u16()));
    segments.push({ type, asns });
  }
  return segments;
}

export function segmentsFault(
  octets: Uint8Array,
  from: number,
  to: number,
  asnOctets: 2 | 4,
  confederationAllowed: boolean,
): string | undefined {
  for (let at = from; at < to; ) {
    if (to - at < 2) return 'ends within a segment header';
    const type = types[octets[at]!];
    const count = octets[at + 1]!;
    if (type === undefined) return `has a segment of unknown type ${octets[at]}`;
    if (!confederationAllowed && (type === 'confedSequence' || type === 'confedSet'))
      return 'has a confederation segment and comes from outside'; // RFC 5065 §5
    if (count === 0) return 'has a segment without AS numbers';
    at += 2;
    const end = at + count * asnOctets;
    if (end > to) return 'has a segment that overruns it';
    for (; at < end; at += asnOctets) {
      const high = octets[at]! | octets[at + 1]!;
      if (high === 0 && (asnOctets === 2 || (octets[at + 2]! | octets[at + 3]!) === 0)) return 'has AS number 0';
    }
  }
  return undefined;
}

/** What AS4_PATH must say to a peer of two-octet AS numbers; undefined if AS_PATH says it all. RFC 6793 §4.2.2. */
export function as4PathFor(segments: readonly AsPathSegment[]): readonly AsPathSegment[] | undefined {
  const path = withoutConfederation(segments);
  return path.some(({ asns }) => asns.some((asn) => asn > 0xffff)) ? path : undefined;
}

export const withoutConfederation = (segments: readonly AsPathSegment[]): AsPathSegment[] =>
  segments.filter((segment) => !isConfederation(segment));

/** RFC 4271 §9.1.2.2: a set counts one; RFC 5065 §5.3: a confederation counts nothing. */
const hops = (segments: readonly AsPathSegment[]): number =>
  segments.reduce(
    (sum, { type, asns }) => sum + (type === 'sequence' ? asns.length : type === 'set' ? Math.min(asns.length, 1) : 0),
    0,
  );

/** RFC 6793 §4.2.3: the leading part of AS_PATH that AS4_PATH does not cover, then AS4_PATH. */
export function mergedPath(path: readonly AsPathSegment[], as4Path: readonly AsPathSegment[]): AsPathSegment[] {
  let uncovered = hops(path) - hops(as4Path);
  if (uncovered < 0) return [...path];
  const leading: AsPathSegment[] = [];
  for (const segment of path) {
    if (isConfederation(segment)) {
      leading.push(segment);
      continue;
    }
    if (uncovered === 0) break;
    const asns = segment.type === 'set' ? segment.asns : segment.asns.slice(0, uncovered);
    leading.push({ ...segment, asns });
    uncovered -= segment.type === 'set' ? 1 : asns.length;
    if (asns.length < segment.asns.length) break;
  }
  return joined(leading, as4Path);
}

/** One sequence where the seam lies within one. */
function joined(leading: AsPathSegment[], rest: readonly AsPathSegment[]): AsPathSegment[] {
  const [last, first] = [leading.at(-1), rest[0]];
  if (last?.type !== 'sequence' || first?.type !== 'sequence' || last.asns.length + first.asns.length > maxSegmentAsns)
    return [...leading, ...rest];
  return [...leading.slice(0, -1), { type: 'sequence', asns: [...last.asns, ...first.asns] }, ...rest.slice(1)];
}
