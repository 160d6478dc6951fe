import assert from 'node:assert/strict';
import { attributeRows } from '../../src/bgp/attribute.js';
import { encodeRouteAttributes, type SessionKind } from '../../src/bgp/route-attributes.js';
import type { RouteAttributes } from '../../src/config/config.js';
import { addressOctets, parseAddress } from '../../src/net/address.js';
import { Reader } from '../../src/net/bytes.js';
import { textOf } from './hex.js';
import { sessionKind } from './told-member.js';

const external = sessionKind('ipv4');
const internal: SessionKind = { ...external, internal: true };
const address = (text: string) => parseAddress(text)!;

/** Type code → value in hexadecimal, in the order written. */
function encoded(set: RouteAttributes, kind: SessionKind): Map<number, string> {
  const from = new Reader(encodeRouteAttributes(set, kind).octets);
  const found = new Map<number, string>();
  while (!from.done) {
    const flags = from.u8();
    const type = from.u8();
    assert.ok(attributeRows[type] !== undefined, `attribute ${type}`);
    found.set(type, textOf(from.octets(flags & 0x10 ? from.u16() : from.u8())));
  }
  return found;
}

describe('What a route is announced with', () => {
  it('[43] is at least ORIGIN and AS_PATH, in ascending order', () => {
    assert.deepEqual(
      [...encoded({}, external)],
      [
        [1, '00'],
        [2, '02010000fc00'],
        [3, '0a000001'],
      ],
    );
    assert.deepEqual(
      [...encoded({}, sessionKind('ipv6'))].map(([type]) => type),
      [1, 2],
    );
  });

  it('[42] has LOCAL_PREF within our AS only, 100 where nobody says another, and an empty AS_PATH there', () => {
    assert.deepEqual(
      [...encoded({ asPathPrepend: 3 }, internal)],
      [
        [1, '00'],
        [2, ''],
        [3, '0a000001'],
        [5, '00000064'],
      ],
    );
    assert.equal(encoded({ localPref: 200 }, internal).get(5), '000000c8');
    assert.equal(encoded({ localPref: 200 }, external).has(5), false);
  });

  it('[42] has MED only where one is said, be it 0', () => {
    assert.equal(encoded({ med: 0 }, external).get(4), '00000000');
    assert.equal(encoded({}, external).has(4), false);
  });

  it('[41] repeats our AS number, and opens a new segment after 255', () => {
    assert.equal(encoded({ asPathPrepend: 2 }, external).get(2), `0203${'0000fc00'.repeat(3)}`);
    assert.equal(encoded({ asPathPrepend: 255 }, external).get(2), `02ff${'0000fc00'.repeat(255)}0201${'0000fc00'}`);
  });

  it('[44] says AS_TRANS and AS4_PATH to a two-octet peer where our number needs four octets', () => {
    const old = { ...external, fourOctetAs: false };
    assert.equal(encoded({}, old).get(2), '0201fc00');
    assert.equal(encoded({}, old).has(17), false);
    assert.equal(encoded({}, { ...old, localAsn: 4_200_000_000 }).get(2), '02015ba0');
    assert.equal(encoded({}, { ...old, localAsn: 4_200_000_000 }).get(17), '0201fa56ea00');
  });

  it('carries each kind of community in its own attribute, sorted and each once', () => {
    const found = encoded(
      {
        communities: [
          { kind: 'large', global: 64512, local1: 2, local2: 1 },
          { kind: 'standard', value: 0xffffff01 },
          { kind: 'standard', value: 0xfc000001 },
          { kind: 'standard', value: 0xfc000001 },
          { kind: 'extended', high: 0x0002fc00, low: 7 },
        ],
      },
      external,
    );
    assert.deepEqual([...found].slice(3), [
      [8, 'fc000001ffffff01'],
      [16, '0002fc0000000007'],
      [32, '0000fc000000000200000001'],
    ]);
  });

  it('[46] names our own address as next hop, another where one is said for the family', () => {
    const hops = [address('10.0.0.9'), address('2001:db8::9')];
    assert.equal(encoded({ nextHop: hops }, external).get(3), '0a000009');
    assert.deepEqual(
      encodeRouteAttributes({ nextHop: hops }, sessionKind('ipv6')).nextHop,
      addressOctets(address('2001:db8::9')),
    );
    assert.equal(encoded({ nextHop: [address('2001:db8::9')] }, external).get(3), '0a000001');
  });

  it('[46] writes 32 octets of next hop with a link-local address of ours, never beside a next hop of somebody else', () => {
    const shared = { ...sessionKind('ipv6'), linkLocal: address('fe80::1') };
    assert.equal(
      textOf(encodeRouteAttributes({}, shared).nextHop),
      '20010db8000000000000000000000001fe800000000000000000000000000001',
    );
    assert.equal(encodeRouteAttributes({ nextHop: [address('2001:db8::9')] }, shared).nextHop.length, 16);
    assert.equal(encodeRouteAttributes({}, sessionKind('ipv6')).nextHop.length, 16);
  });
});
