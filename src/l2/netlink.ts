// Netlink's envelopes: messages in what the kernel sends, attributes in a message. Unlike every protocol on a wire its numbers
// are in the host's own order. What the messages say stands in rtnetlink.ts. Read netlink(7), linux/netlink.h first.

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** Without the header. */
  readonly body: Uint8Array;
}

/** NLM_F_DUMP_INTR: the table changed while it was dumped, and something may be missing. */
export const dumpInterrupted = 0x10;

/** What the kernel sent is not what it should be: nothing after it can be trusted. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
}

const headerOctets = 16;
const attributeHeaderOctets = 4;
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const aligned = (length: number): number => (length + 3) & ~3;

/** Fixed fields of a message, in the host's order. */
export class HostView {
  readonly #view: DataView;

  constructor(octets: Uint8Array, least: number) {
    if (octets.length < least) throw new NetlinkError(`${least} octets wanted, ${octets.length} there`);
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, littleEndian);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, littleEndian);
  }
}

export function u32Octets(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Views into `octets`, not copies. */
export function readMessages(octets: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < octets.length; ) {
    const rest = octets.subarray(at);
    const header = new HostView(rest, headerOctets);
    const length = header.u32(0);
    if (length < headerOctets || length > rest.length)
      throw new NetlinkError(`a message of ${length} octets, where ${rest.length} are left`);
    messages.push({ type: header.u16(4), flags: header.u16(6), body: rest.subarray(headerOctets, length) });
    at += aligned(length);
  }
  return messages;
}

/** By type; of a repeated one the last, as the kernel reads them. Views, not copies. */
export function readAttributes(octets: Uint8Array): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  for (let at = 0; at + attributeHeaderOctets <= octets.length; ) {
    const rest = octets.subarray(at);
    const header = new HostView(rest, attributeHeaderOctets);
    const length = header.u16(0);
    if (length < attributeHeaderOctets || length > rest.length)
      throw new NetlinkError(`an attribute of ${length} octets, where ${rest.length} are left`);
    // NLA_TYPE_MASK: the two highest bits say how it is written, not what it is.
    attributes.set(header.u16(2) & 0x3fff, rest.subarray(attributeHeaderOctets, length));
    at += aligned(length);
  }
  return attributes;
}

/** Both parts padded: the fixed header, then the attributes in order of their types. */
export function writeBody(fixed: Uint8Array, attributes: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const inOrder = [...attributes].sort(([a], [b]) => a - b);
  const sizes = inOrder.map(([, value]) => attributeHeaderOctets + value.length);
  const body = new Uint8Array(sizes.reduce((sum, size) => sum + aligned(size), aligned(fixed.length)));
  const view = new DataView(body.buffer);
  body.set(fixed);
  let at = aligned(fixed.length);
  for (const [i, [type, value]] of inOrder.entries()) {
    view.setUint16(at, sizes[i]!, littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    body.set(value, at + attributeHeaderOctets);
    at += aligned(sizes[i]!);
  }
  return body;
}
