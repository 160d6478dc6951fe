import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NetlinkError, readAttributes, readMessages, writeBody } from '../../src/l2/netlink.js';
import { attribute, message, u16, u32 } from './netlink-fixtures.js';

describe('Netlink messages', () => {
  it('come several at once, each padded to four octets', () => {
    const octets = Buffer.concat([message(16, Uint8Array.of(1, 2, 3, 4, 5)), message(20, Uint8Array.of(6))]);
    assert.deepEqual(
      readMessages(octets).map(({ type, body }) => [type, [...body]]),
      [
        [16, [1, 2, 3, 4, 5]],
        [20, [6]],
      ],
    );
  });

  it('need no padding after the last', () => {
    assert.equal(readMessages(message(16, Uint8Array.of(1)).subarray(0, 17)).length, 1);
  });

  for (const [what, octets] of [
    ['a header that is cut off', new Uint8Array(15)],
    ['a length shorter than its own header', Buffer.concat([u32(15), new Uint8Array(12)])],
    ['a length of zero, which would never end', new Uint8Array(16)],
    ['a length beyond the end', Buffer.concat([u32(17), new Uint8Array(12)])],
  ] as const)
    it(`refuse ${what}`, () => assert.throws(() => readMessages(octets), NetlinkError));

  it('of any noise are read to the end or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          for (const { body } of readMessages(noise)) assert.ok(body.length <= noise.length);
        } catch (error) {
          assert.ok(error instanceof NetlinkError, String(error));
        }
      }),
    );
  });
});

describe('Netlink attributes', () => {
  it('are told apart by type, whatever the two highest bits say', () => {
    const octets = Buffer.concat([attribute(1, Uint8Array.of(7)), attribute(0x8000 | 18, u32(5))]);
    assert.deepEqual([...readAttributes(octets).keys()], [1, 18]);
  });

  it('end where less than a header is left, as the kernel reads them', () => {
    assert.equal(readAttributes(Buffer.concat([attribute(1), new Uint8Array(3)])).size, 1);
  });

  for (const [what, octets] of [
    ['a length of zero, which would never end', new Uint8Array(4)],
    ['a length beyond the end', Buffer.concat([u16(9), u16(1), u32(0)])],
  ] as const)
    it(`with ${what} are refused`, () => assert.throws(() => readAttributes(octets), NetlinkError));

  it('are read as they were written', () => {
    const attributes = fc.dictionary(fc.integer({ min: 1, max: 0x3fff }).map(String), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), attributes, (fixed, given) => {
        const map = new Map(Object.entries(given).map(([type, value]) => [Number(type), value]));
        const body = writeBody(fixed, map);
        const read = readAttributes(body.subarray((fixed.length + 3) & ~3));
        assert.deepEqual(new Map([...read].map(([type, value]) => [type, Uint8Array.from(value)])), map);
      }),
    );
  });
});
