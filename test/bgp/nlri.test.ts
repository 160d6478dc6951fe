import assert from 'node:assert/strict';
import { decodePrefixes, encodePrefixes, walkPrefixes } from '../../src/bgp/nlri.js';
import { type Family, formatPrefix, parsePrefix } from '../../src/net/address.js';
import { Writer } from '../../src/net/bytes.js';
import { hex, textOf } from './hex.js';

const read = (family: Family, octets: Uint8Array): string[] =>
  decodePrefixes(family, octets, 0, octets.length).map(formatPrefix);

function written(...texts: readonly string[]): string {
  const to = new Writer();
  encodePrefixes(
    texts.map((text) => parsePrefix(text)!),
    to,
  );
  return textOf(to.finish());
}

describe('NLRI', () => {
  const examples: readonly (readonly [Family, string, string])[] = [
    ['ipv4', '0.0.0.0/0', '00'],
    ['ipv4', '128.0.0.0/1', '0180'],
    ['ipv4', '10.0.0.0/8', '080a'],
    ['ipv4', '10.128.0.0/9', '090a80'],
    ['ipv4', '192.0.2.0/24', '18c00002'],
    ['ipv4', '255.255.255.255/32', '20ffffffff'],
    ['ipv6', '::/0', '00'],
    ['ipv6', '2001:db8::/33', '2120010db800'],
    ['ipv6', '2001:db8:8000::/33', '2120010db880'],
    ['ipv6', '2001:db8::1/128', '8020010db8000000000000000000000001'],
  ];
  for (const [family, text, octets] of examples) {
    it(`${text} has as many octets as its bits need`, () => {
      assert.equal(written(text), octets);
      assert.deepEqual(read(family, hex(octets)), [text]);
    });
  }

  it('[35] takes five octets for a host route, so 4096 hold more than 800', () => {
    assert.equal(written('192.0.2.1/32', '192.0.2.2/32').length, 2 * 5 * 2);
  });

  it('[48] is read without path identifiers, which we never offer: the same octets are never taken for one', () => {
    assert.equal(read('ipv4', hex('00 00 00 00 18 c00002')).length, 5);
  });

  it('[62] clears bits beyond the length', () => {
    assert.deepEqual(read('ipv4', hex('09 0aff')), ['10.128.0.0/9']);
    assert.deepEqual(read('ipv6', hex('21 20010db8 ff')), ['2001:db8:8000::/33']);
  });

  it('[62] refuses a length beyond the family with 3/10', () => {
    for (const length of [33, 128, 255])
      assert.throws(() => read('ipv4', Uint8Array.of(length, ...new Uint8Array(32))), { code: 3, subcode: 10 });
    for (const length of [129, 255])
      assert.throws(() => read('ipv6', Uint8Array.of(length, ...new Uint8Array(32))), { code: 3, subcode: 10 });
  });

  it('[62] refuses a prefix that is cut short with 3/10', () => {
    for (const octets of ['20 c00002', '01', '18 c00002 08'])
      assert.throws(() => read('ipv4', hex(octets)), { code: 3, subcode: 10 });
  });

  it('counts four thousand default routes', () => {
    assert.equal(walkPrefixes('ipv4', new Uint8Array(4073), 0, 4073, false), 4073);
  });
});
