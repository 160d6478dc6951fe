// Structure-aware fuzzing of the BGP codec: well-formed messages, damaged where parsers stumble, through framer, decoder and
// encoder. Deterministic: a seed gives the same run. `npx tsx test/fuzz/bgp.ts --messages 1000000 --seed 1`

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { PathAttribute } from '../../src/bgp/attribute.js';
import { describeCapability } from '../../src/bgp/capability.js';
import { BgpError } from '../../src/bgp/errors.js';
import { Framer, type RawMessage } from '../../src/bgp/framer.js';
import { decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { describeNotification } from '../../src/bgp/notification.js';
import { decodeUpdate, scanUpdate, type UpdateScan } from '../../src/bgp/update.js';
import type { UpdateContext } from '../../src/bgp/update-survey.js';
import { bitsOf, type Family } from '../../src/net/address.js';
import { messages as arbitraries } from '../laws/bgp-arbitraries.js';

export interface FuzzReport {
  readonly messages: number;
  /** Understood without fault; understood with faults that cost less than the session; refused, by code and subcode. */
  readonly sound: number;
  readonly faulty: number;
  readonly refused: ReadonlyMap<string, number>;
}

const headerOctets = 19;
const familySets: readonly UpdateContext['families'][] = [['ipv4', 'ipv6'], ['ipv4'], ['ipv6'], []];

/** Numbers that parsers stumble over. */
const edges = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 254, 255];
const wideEdges = [0, 1, 18, 19, 22, 23, 28, 29, 255, 256, 4095, 4096, 4097, 32767, 32768, 65534, 65535];

/** Throws with the octets of the first message that the codec does not treat as it should. */
export function fuzz(messages: number, seed: number): FuzzReport {
  const fuzzer = new Fuzzer(seed);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // a third of the time otherwise
  try {
    for (let i = 0; i < messages; i++) fuzzer.step();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return fuzzer.report();
}

class Fuzzer {
  readonly #pool: readonly Uint8Array[];
  #state: number;
  #sound = 0;
  #faulty = 0;
  #messages = 0;
  readonly #refused = new Map<string, number>();

  constructor(seed: number) {
    this.#state = seed >>> 0;
    this.#pool = pool(seed);
  }

  report(): FuzzReport {
    return { messages: this.#messages, sound: this.#sound, faulty: this.#faulty, refused: this.#refused };
  }

  /** Makes one damaged message and holds the codec to what it promises. Throws with the octets where it breaks it. */
  step(): void {
    const octets = this.#damaged();
    const context: UpdateContext = {
      fourOctetAs: this.#below(4) > 0,
      internal: this.#below(2) === 0,
      families: familySets[this.#below(8)] ?? familySets[0]!,
    };
    this.#messages++;
    try {
      this.#judge(octets, context);
    } catch (error) {
      throw new Error(`${JSON.stringify(context)} ${Buffer.from(octets).toString('hex')}`, { cause: error });
    }
  }

  #judge(octets: Uint8Array, context: UpdateContext): void {
    const maxOctets = this.#below(2) === 0 ? 4096 : 65535;
    const whole = framed([octets], maxOctets);
    expect(sameFraming(whole, framed(this.#cut(octets), maxOctets)), 'a cut stream frames otherwise');
    if (whole.error !== undefined) this.#refuse(whole.error);
    for (const raw of whole.messages) this.#decode(raw, context);
    // What no framer would let through must do no harm either.
    this.#decode({ type: octets[headerOctets - 1] ?? 2, body: octets.subarray(headerOctets) }, context);
  }

  #decode(raw: RawMessage, context: UpdateContext): void {
    if (raw.type === 2) {
      const scanned = attempt(() => scanUpdate(raw.body, context, liesWithin));
      const decoded = attempt(() => decodeUpdate(raw.body, context));
      expect(
        describeScan(scanned) === describeScan(decoded),
        `scan says ${describeScan(scanned)}, decode ${describeScan(decoded)}`,
      );
      if (!(decoded instanceof BgpError)) {
        expect(
          countsOf(decoded.update.attributes, decoded.update.announced.length, decoded.update.withdrawn.length) ===
            JSON.stringify([decoded.announced, decoded.withdrawn]),
          'the values are not what was counted',
        );
        if (decoded.severity === undefined) this.#sound++;
        else this.#faulty++;
      } else this.#refuse(decoded);
    }
    const message = attempt(() => decodeMessage(raw, context));
    if (message instanceof BgpError) {
      if (raw.type !== 2) this.#refuse(message);
      return;
    }
    if (raw.type !== 2) this.#sound++;
    describe(message);
    const again = encodeMessage(message, context);
    const third = encodeMessage(
      decodeMessage({ type: again[headerOctets - 1]!, body: again.subarray(headerOctets) }, context),
      context,
    );
    expect(Buffer.compare(again, third) === 0, 'what was decoded does not survive the wire');
  }

  #refuse({ code, subcode }: BgpError): void {
    const key = `${code}/${subcode}`;
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  /** xorshift32. */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #cut(octets: Uint8Array): Uint8Array[] {
    const at = [this.#below(octets.length + 1), this.#below(octets.length + 1)].sort((a, b) => a - b);
    return [octets.slice(0, at[0]), octets.slice(at[0], at[1]), octets.slice(at[1])];
  }

  #damaged(): Uint8Array {
    let octets: Uint8Array = this.#one(this.#pool).slice();
    for (let times = this.#below(4); times > 0; times--) octets = this.#damage(octets);
    // Three times in four the header fits the body, so that what is behind it is reached.
    if (this.#below(4) > 0 && octets.length >= headerOctets && octets.length <= 65535) {
      octets.fill(0xff, 0, 16);
      octets[16] = octets.length >>> 8;
      octets[17] = octets.length & 0xff;
    }
    return octets;
  }

  #damage(octets: Uint8Array): Uint8Array {
    const { length } = octets;
    const at = length > headerOctets ? headerOctets + this.#below(length - headerOctets) : this.#below(length + 1);
    const fields = fieldsOf(octets);
    switch (this.#below(12)) {
      case 0:
        return set(octets, at, this.#below(256));
      case 1:
        return set(octets, at, octets[at]! ^ (1 << this.#below(8)));
      case 2:
        return set(octets, at, this.#one(edges));
      case 3: // a length field
        return fields.lengths.length === 0 ? octets : this.#length(octets, this.#one(fields.lengths));
      case 4: // attribute flags, or the code of a capability
        return fields.starts.length === 0 ? octets : set(octets, this.#one(fields.starts), this.#below(256));
      case 5: // a type octet
        return fields.starts.length === 0
          ? octets
          : set(octets, this.#one(fields.starts) + 1, this.#one([...edges, 14, 15, 17, 18, 35]));
      case 6:
        return octets.slice(0, this.#below(length + 1));
      case 7:
        return joined(octets.subarray(0, at), this.#noise(), octets.subarray(at));
      case 8:
        return joined(octets.subarray(0, at), octets.subarray(at + 1 + this.#below(8)));
      case 9: {
        const other = this.#one(this.#pool);
        const from = this.#below(other.length);
        return joined(octets.subarray(0, at), other.subarray(from, from + this.#below(64)), octets.subarray(at));
      }
      case 10: {
        // an attribute or capability once more
        if (fields.starts.length < 2) return octets;
        const [from, to] = [this.#below(fields.starts.length - 1), this.#below(fields.starts.length)];
        return joined(
          octets.subarray(0, fields.starts[to]),
          octets.subarray(fields.starts[from], fields.starts[from + 1]),
          octets.subarray(fields.starts[to]),
        );
      }
      default:
        return set(octets, headerOctets - 1, this.#below(10));
    }
  }

  #length(octets: Uint8Array, { at, width }: { readonly at: number; readonly width: number }): Uint8Array {
    if (width === 1)
      return set(octets, at, this.#below(2) === 0 ? this.#one(edges) : octets[at]! + this.#one([-2, -1, 1, 2]));
    const value =
      this.#below(2) === 0
        ? this.#one(wideEdges)
        : octets[at]! * 256 + octets[at + 1]! + this.#one([-4, -1, 1, 4, 300]);
    return set(set(octets, at, value >>> 8), at + 1, value);
  }

  #noise(): Uint8Array {
    return Uint8Array.from({ length: this.#below(40) }, () => this.#below(256));
  }
}

/** Well-formed messages of every kind, not too large to damage everywhere. */
function pool(seed: number): Uint8Array[] {
  const of = (arbitrary: fc.Arbitrary<Message>, numRuns: number): Uint8Array[] =>
    fc
      .sample(arbitrary, { seed, numRuns })
      .flatMap((message) => [encodeMessage(message), encodeMessage(message, { fourOctetAs: false })]);
  return [
    ...of(arbitraries.update, 200),
    ...of(arbitraries.open, 60),
    ...of(arbitraries.notification, 10),
    ...of(arbitraries.routeRefresh, 10),
    ...of(arbitraries.keepalive, 2),
  ].filter(({ length }) => length <= 4096);
}

interface Fields {
  /** Where an attribute or a capability begins. */
  readonly starts: readonly number[];
  readonly lengths: readonly { readonly at: number; readonly width: 1 | 2 }[];
}

/** The structure of a message that may already be damaged: followed as far as it makes sense. */
function fieldsOf(octets: Uint8Array): Fields {
  const starts: number[] = [];
  const lengths: { at: number; width: 1 | 2 }[] = [{ at: 16, width: 2 }];
  const u16 = (at: number): number => (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);
  if (octets[headerOctets - 1] === 2) {
    const attributes = headerOctets + 2 + u16(headerOctets);
    lengths.push({ at: headerOctets, width: 2 }, { at: attributes, width: 2 });
    for (let at = attributes + 2; at + 3 < octets.length && starts.length < 64; ) {
      starts.push(at);
      const width = (octets[at]! & 0x10) === 0 ? 1 : 2;
      lengths.push({ at: at + 2, width });
      if (octets[at + 1] === 14) lengths.push({ at: at + 2 + width + 3, width: 1 });
      at += 2 + width + (width === 1 ? octets[at + 2]! : u16(at + 2));
    }
  } else if (octets[headerOctets - 1] === 1) {
    lengths.push({ at: headerOctets + 9, width: 1 }, { at: headerOctets + 11, width: 1 });
    for (let at = headerOctets + 12; at + 2 < octets.length && starts.length < 64; at += 2 + octets[at + 1]!) {
      starts.push(at);
      lengths.push({ at: at + 1, width: 1 });
    }
  }
  return { starts, lengths: lengths.filter(({ at, width }) => at + width <= octets.length) };
}

function set(octets: Uint8Array, at: number, value: number): Uint8Array {
  if (at < octets.length) octets[at] = value & 0xff;
  return octets;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

interface Framing {
  readonly messages: readonly RawMessage[];
  readonly error: BgpError | undefined;
}

function framed(pieces: readonly Uint8Array[], maxOctets: number): Framing {
  const framer = new Framer();
  framer.maxOctets = maxOctets;
  const messages: RawMessage[] = [];
  const error = attempt(() => {
    for (const piece of pieces) {
      framer.push(piece);
      for (let next = framer.next(); next !== undefined; next = framer.next()) messages.push(next);
    }
    return undefined;
  });
  return { messages, error };
}

const sameFraming = (a: Framing, b: Framing): boolean =>
  describeFault(a.error) === describeFault(b.error) &&
  a.messages.length === b.messages.length &&
  a.messages.every(
    ({ type, body }, i) => type === b.messages[i]!.type && Buffer.compare(body, b.messages[i]!.body) === 0,
  );

/** The only exception there may be becomes a value. */
function attempt<T>(work: () => T): T | BgpError {
  try {
    return work();
  } catch (error) {
    if (error instanceof BgpError) return error;
    throw error;
  }
}

const describeFault = (error: BgpError | undefined): string =>
  error === undefined
    ? ''
    : `${error.code}/${error.subcode} ${Buffer.from(error.data).toString('hex')} ${error.message}`;

function describeScan(scan: UpdateScan | BgpError): string {
  if (scan instanceof BgpError) return describeFault(scan);
  const { announced, withdrawn, endOfRib, ignored, severity, faults } = scan;
  return JSON.stringify([announced, withdrawn, endOfRib, ignored, severity, faults]);
}

function countsOf(attributes: readonly PathAttribute[], announcedIpv4: number, withdrawnIpv4: number): string {
  const announced = { ipv4: announcedIpv4, ipv6: 0 };
  const withdrawn = { ipv4: withdrawnIpv4, ipv6: 0 };
  for (const attribute of attributes) {
    if (attribute.kind === 'mpReach') announced[attribute.family] += attribute.prefixes.length;
    if (attribute.kind === 'mpUnreach') withdrawn[attribute.family] += attribute.prefixes.length;
  }
  return JSON.stringify([announced, withdrawn]);
}

function liesWithin(family: Family, octets: Uint8Array, at: number): void {
  const length = octets[at] ?? Number.NaN;
  expect(
    length <= bitsOf(family) && at + 1 + Math.ceil(length / 8) <= octets.length,
    'a prefix reaches beyond its message',
  );
}

/** What is printed of a message must never fail, and never obey the peer. */
function describe(message: Message): void {
  const texts =
    message.kind === 'open'
      ? message.capabilities.map(describeCapability)
      : message.kind === 'notification'
        ? [describeNotification(message)]
        : [];
  for (const text of texts) expect(!/\p{Cc}/u.test(text), 'a control character is printed');
}

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { messages: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  });
  const started = performance.now();
  const { messages, sound, faulty, refused } = fuzz(Number(values.messages), Number(values.seed));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = [...refused].sort(([, a], [, b]) => b - a).map(([key, count]) => `${key}: ${count}`);
  process.stdout.write(
    `${messages} messages in ${seconds} s: ${sound} readings sound, ${faulty} with faults, refused ${counts.join(', ')}\n`,
  );
}
