// The far end of an update group: reads what a session was written, as its peer would.

import assert from 'node:assert/strict';
import { Framer } from '../../src/bgp/framer.js';
import { decodeMessage } from '../../src/bgp/message.js';
import { maxExtendedMessageOctets } from '../../src/bgp/numbers.js';
import type { RouteColumns } from '../../src/bgp/rib.js';
import type { SessionKind } from '../../src/bgp/route-attributes.js';
import { decodeUpdate, type ReceivedUpdate } from '../../src/bgp/update.js';
import type { Member } from '../../src/bgp/update-group.js';
import type { RouteAttributes } from '../../src/config/config.js';
import { type Family, formatPrefix, type Prefix, parseAddress } from '../../src/net/address.js';

export const sessionKind = (family: Family, maxOctets = 4096): SessionKind => ({
  family,
  localAsn: 64512,
  internal: false,
  fourOctetAs: true,
  maxOctets,
  nextHop: parseAddress(family === 'ipv4' ? '10.0.0.1' : '2001:db8::1')!,
  linkLocal: undefined,
});

/** Attributes by which a test tells what a route was announced with. */
export const tagged = (id: number): RouteAttributes => ({ communities: [{ kind: 'standard', value: id }] });

export type Row = readonly [prefix: Prefix, attributes: number];

export function columnsOf(family: Family, rows: readonly Row[]): RouteColumns {
  return {
    family,
    count: rows.length,
    words: Uint32Array.from(rows.flatMap(([{ words }]) => words)),
    lengths: Uint8Array.from(rows, ([{ length }]) => length),
    attributes: Uint32Array.from(rows, ([, attributes]) => attributes),
    coming: 0,
  };
}

/** The messages in whole octets, in order. */
export function updatesIn(octets: Uint8Array, { family, fourOctetAs, internal }: SessionKind): ReceivedUpdate[] {
  const framer = new Framer();
  framer.maxOctets = maxExtendedMessageOctets;
  framer.push(octets);
  const updates: ReceivedUpdate[] = [];
  for (let raw = framer.next(); raw !== undefined; raw = framer.next()) {
    if (raw.type !== 2) {
      assert.equal(decodeMessage(raw).kind, 'routeRefresh');
      continue;
    }
    const update = decodeUpdate(raw.body, { fourOctetAs, internal, families: [family] });
    assert.deepEqual(update.faults, []);
    updates.push(update);
  }
  return updates;
}

/** What one message says: prefixes, and the tag they are announced with (0: withdrawn, -1: without one). */
export function rowsIn({ update }: ReceivedUpdate): { readonly tag: number; readonly prefixes: readonly Prefix[] } {
  let tag = -1;
  let { withdrawn, announced } = update;
  for (const attribute of update.attributes) {
    if (attribute.kind === 'communities') tag = attribute.communities[0]!;
    else if (attribute.kind === 'mpReach') announced = attribute.prefixes;
    else if (attribute.kind === 'mpUnreach') withdrawn = attribute.prefixes;
  }
  assert.ok(announced.length === 0 || withdrawn.length === 0, 'announced and withdrawn in one message');
  return announced.length > 0 ? { tag, prefixes: announced } : { tag: 0, prefixes: withdrawn };
}

export class ToldMember implements Member {
  readonly table = new Map<string, number>();
  readonly #kind: SessionKind;
  writable = true;
  messages = 0;
  octets = 0;
  /** Each write() is a batch. */
  written: ((octets: Uint8Array) => void) | undefined;
  /** Messages that were written and not spoken of yet. */
  #uncounted = 0;

  constructor(kind: SessionKind) {
    this.#kind = kind;
  }

  write(octets: Uint8Array): void {
    this.octets += octets.length;
    const updates = updatesIn(octets, this.#kind);
    this.#uncounted += updates.length;
    this.written?.(octets);
    for (const update of updates) {
      const { tag, prefixes } = rowsIn(update);
      for (const prefix of prefixes) {
        if (tag === 0) this.table.delete(formatPrefix(prefix));
        else this.table.set(formatPrefix(prefix), tag);
      }
    }
  }

  wrote(messages: number): void {
    this.messages += messages;
    this.#uncounted -= messages;
    assert.equal(this.#uncounted, 0);
  }
}
