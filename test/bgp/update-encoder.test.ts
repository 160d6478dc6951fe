import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage } from '../../src/bgp/message.js';
import { Rib } from '../../src/bgp/rib.js';
import { encodeRouteAttributes, type SessionKind } from '../../src/bgp/route-attributes.js';
import { type EncodedBatch, type Encoding, encodeBatch } from '../../src/bgp/update-encoder.js';
import type { RouteAttributes } from '../../src/config/config.js';
import { type Family, formatPrefix, type Prefix, parsePrefix, prefixKey, prefixOf } from '../../src/net/address.js';
import { columnsOf, type Row, rowsIn, sessionKind, tagged, updatesIn } from './told-member.js';

const encodingOf = (kind: SessionKind, sets: (id: number) => RouteAttributes = tagged): Encoding => ({
  maxOctets: kind.maxOctets,
  attributes: (id) => encodeRouteAttributes(sets(id), kind),
});

function ribOf(family: Family, rows: readonly Row[]): Rib {
  const rib = new Rib(family);
  rib.apply(columnsOf(family, rows));
  return rib;
}

const encoded = (rib: Rib, kind: SessionKind, sets?: (id: number) => RouteAttributes): EncodedBatch =>
  encodeBatch(rib, 0, 1_000_000, encodingOf(kind, sets));

/** Each message whole, by the lengths in their headers. */
function messagesIn(octets: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = octets[at + 16]! * 256 + octets[at + 17]!;
    messages.push(octets.subarray(at, at + length));
    at += length;
  }
  return messages;
}

const octetsOf = ({ length }: Prefix): number => 1 + Math.ceil(length / 8);

const hostRoutes = (count: number, tag = (_i: number): number => 1): Row[] =>
  Array.from({ length: count }, (_, i): Row => [{ family: 'ipv4', words: [0x0a000000 + i], length: 32 }, tag(i)]);

const anyPrefix = (family: Family): fc.Arbitrary<Prefix> =>
  fc
    .tuple(
      fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 0, max: family === 'ipv4' ? 32 : 128 }),
    )
    .map(([words, length]) => prefixOf({ family, words: family === 'ipv4' ? words.slice(0, 1) : words }, length));

describe('A batch of UPDATEs', () => {
  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`[35] fills every ${family} message as far as the next prefix allows, one attribute set after the other`, () => {
      const rows = fc.uniqueArray(fc.tuple(anyPrefix(family), fc.nat(3)), {
        minLength: 1,
        maxLength: 120,
        selector: ([prefix]) => prefixKey(prefix),
      });
      fc.assert(
        fc.property(rows, fc.integer({ min: 150, max: 400 }), (announced, maxOctets) => {
          const kind = sessionKind(family, maxOctets);
          const rib = ribOf(
            family,
            announced.map(([prefix]): Row => [prefix, 9]),
          );
          // A reader that has not read them keeps withdrawn rows in the log.
          rib.open();
          rib.apply(columnsOf(family, announced));
          const { octets, messages, oversized } = encoded(rib, kind);
          const raw = messagesIn(octets);
          const said = updatesIn(octets, kind).map(rowsIn);
          assert.deepEqual(oversized, []);
          assert.equal(said.length, messages);
          for (const [i, { tag }] of said.entries()) {
            assert.ok(raw[i]!.length <= maxOctets);
            const next = said[i + 1];
            if (next === undefined) continue;
            // Attribute sets ascend, withdrawals first: no set comes twice.
            assert.ok(next.tag >= tag);
            if (next.tag === tag) assert.ok(raw[i]!.length + octetsOf(next.prefixes[0]!) > maxOctets, 'not full');
          }
          const all = said.flatMap(({ tag, prefixes }) => prefixes.map((prefix) => [formatPrefix(prefix), tag]));
          assert.deepEqual(all.sort(), announced.map(([prefix, tag]) => [formatPrefix(prefix), tag]).sort());
        }),
      );
    });
  }

  it('[35] holds 809 host routes and more in one message of 4096 octets, never one route a message', () => {
    const { octets, messages } = encoded(ribOf('ipv4', hostRoutes(10_000)), sessionKind('ipv4'));
    const [first] = messagesIn(octets);
    assert.ok(first!.length > 4096 - 5);
    assert.ok(messages <= Math.ceil(10_000 / 805), `${messages} messages`);
  });

  it('[35] fills messages of 65535 octets for a peer that takes them', () => {
    const { octets, messages } = encoded(ribOf('ipv4', hostRoutes(20_000)), sessionKind('ipv4', 65_535));
    assert.equal(messages, 2);
    assert.ok(messagesIn(octets)[0]!.length > 65_535 - 5);
  });

  it('[35] groups routes by their attributes, in whatever order they were changed', () => {
    const rib = ribOf(
      'ipv4',
      hostRoutes(3000, (i) => 1 + (i % 3)),
    );
    assert.equal(encoded(rib, sessionKind('ipv4')).messages, 6);
  });

  it('[36] withdraws IPv4 routes without attributes and IPv6 routes by MP_UNREACH_NLRI alone', () => {
    for (const [family, text] of [
      ['ipv4', '203.0.113.0/24'],
      ['ipv6', '2001:db8::/32'],
    ] as const) {
      const rib = ribOf(family, [[parsePrefix(text)!, 1]]);
      rib.open();
      rib.apply(columnsOf(family, [[parsePrefix(text)!, 0]]));
      const [{ update }] = updatesIn(encoded(rib, sessionKind(family)).octets, sessionKind(family)) as [
        ReturnType<typeof updatesIn>[number],
      ];
      assert.deepEqual(
        update.attributes.map(({ kind }) => kind),
        family === 'ipv4' ? [] : ['mpUnreach'],
      );
      assert.equal(update.withdrawn.length, family === 'ipv4' ? 1 : 0);
    }
  });

  it('[37] says of a prefix that was announced, withdrawn and announced again only the last', () => {
    const prefix = parsePrefix('203.0.113.0/24')!;
    const rib = ribOf('ipv4', [[prefix, 1]]);
    rib.open();
    for (const tag of [0, 2, 0, 3]) rib.apply(columnsOf('ipv4', [[prefix, tag]]));
    const updates = updatesIn(encoded(rib, sessionKind('ipv4')).octets, sessionKind('ipv4'));
    assert.deepEqual(updates.map(rowsIn), [{ tag: 3, prefixes: [prefix] }]);
  });

  it('[38] puts MP_REACH_NLRI first and is, octet for octet, what the codec of single messages writes', () => {
    for (const [family, text] of [
      ['ipv4', '203.0.113.128/25'],
      ['ipv6', '2001:db8:1::/48'],
    ] as const) {
      const prefix = parsePrefix(text)!;
      const kind = sessionKind(family);
      const { octets } = encoded(ribOf(family, [[prefix, 7]]), kind);
      const [received] = updatesIn(octets, kind);
      const { update } = received!;
      const plain = encodeMessage(update, { fourOctetAs: true });
      if (family === 'ipv4') assert.deepEqual(octets, plain);
      else {
        assert.equal(update.attributes[0]?.kind, 'mpReach');
        assert.equal(octets[23], 0x90, 'optional, its length in two octets');
        assert.equal(octets[24], 14);
      }
    }
  });

  it('[39] leaves NEXT_HOP out where MP_REACH_NLRI carries the routes', () => {
    const kind = sessionKind('ipv6');
    const [received] = updatesIn(encoded(ribOf('ipv6', [[parsePrefix('2001:db8::/32')!, 1]]), kind).octets, kind);
    assert.deepEqual(
      received!.update.attributes.map((attribute) => attribute.kind),
      ['mpReach', 'origin', 'asPath', 'communities'],
    );
  });

  it('withdraws routes whose attributes leave no room for a prefix, and says so', () => {
    const many = Array.from({ length: 1500 }, (_, value) => ({ kind: 'standard' as const, value }));
    const sets = (id: number): RouteAttributes => (id === 2 ? { communities: many } : tagged(id));
    const rows: Row[] = [
      [parsePrefix('192.0.2.0/24')!, 1],
      [parsePrefix('203.0.113.0/24')!, 2],
    ];
    const { octets, oversized } = encoded(ribOf('ipv4', rows), sessionKind('ipv4'), sets);
    assert.deepEqual(oversized, [2]);
    assert.deepEqual(updatesIn(octets, sessionKind('ipv4')).map(rowsIn), [
      { tag: 1, prefixes: [rows[0]![0]] },
      { tag: 0, prefixes: [rows[1]![0]] },
    ]);
    assert.deepEqual(encoded(ribOf('ipv4', rows), sessionKind('ipv4', 65_535), sets).oversized, []);
  });

  it('goes on where the batch before it ended', () => {
    const rib = ribOf('ipv4', hostRoutes(2500));
    const seen = new Set<string>();
    let from = 0;
    let batches = 0;
    while (rib.after(from) !== 0) {
      const batch = encodeBatch(rib, from, 1000, encodingOf(sessionKind('ipv4')));
      for (const update of updatesIn(batch.octets, sessionKind('ipv4')))
        for (const prefix of rowsIn(update).prefixes) seen.add(formatPrefix(prefix));
      from = batch.last;
      batches++;
    }
    assert.equal(batches, 3);
    assert.equal(seen.size, 2500);
  });

  it('takes fewer routes where each has long attributes of its own, so that a batch stays a few megabytes', () => {
    const long: RouteAttributes = {
      communities: Array.from({ length: 60 }, (_, i) => ({ kind: 'large', global: 64512, local1: i, local2: 0 })),
    };
    const kind = sessionKind('ipv4');
    const rib = ribOf(
      'ipv4',
      hostRoutes(4000, (i) => i + 1),
    );
    const attributes = Array.from({ length: 4001 }, (_, med) => encodeRouteAttributes({ ...long, med }, kind));
    const encoding: Encoding = { maxOctets: kind.maxOctets, attributes: (id) => attributes[id]! };
    let from = 0;
    let messages = 0;
    let largest = 0;
    while (rib.after(from) !== 0) {
      const batch = encodeBatch(rib, from, 1_000_000, encoding);
      messages += batch.messages;
      largest = Math.max(largest, batch.octets.length);
      from = batch.last;
    }
    assert.equal(messages, 4000);
    assert.ok(largest > 500_000 && largest <= 2_500_000, `${largest} octets`);
  });
});
