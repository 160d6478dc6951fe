import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checksum } from '../../src/net/checksum.js';

describe('The Internet checksum', () => {
  it('is that of the example of RFC 1071 §3', () => {
    assert.equal(checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)), 0xffff - 0xddf2);
  });

  it('pads an odd octet with zero', () => {
    assert.equal(checksum(Uint8Array.of(0x12, 0x34, 0x56)), checksum(Uint8Array.of(0x12, 0x34, 0x56, 0)));
  });

  it('of octets that carry it is zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 100 }), (octets) => {
        octets.fill(0, 0, 2);
        new DataView(octets.buffer).setUint16(0, checksum(octets));
        assert.equal(checksum(octets), 0);
      }),
    );
  });
});
