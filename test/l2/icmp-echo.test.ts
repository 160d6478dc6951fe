import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readEcho, writeEcho } from '../../src/l2/icmp-echo.js';
import { hex } from '../bgp/hex.js';

const echo = { identifier: 0x1234, sequence: 7, data: Uint8Array.of(0x68, 0x72, 0x6c, 0x64) };
/** RFC 791 §3.1, without options, from 192.0.2.1 to 192.0.2.2. */
const inIpv4 = (message: Uint8Array): Uint8Array =>
  Buffer.concat([hex(`4500 00${(20 + message.length).toString(16)} 0000 0000 40 01 0000 c0000201 c0000202`), message]);

describe('ICMP echo', () => {
  it('is written as RFC 792 has it', () => {
    assert.deepEqual(
      writeEcho('ipv4', 'request', echo),
      hex(`08 00  10ee       # type, code, checksum
           1234 0007  68726c64`),
    );
  });

  it('is written as RFC 4443 §4.1 has it, the checksum left to the kernel', () => {
    assert.deepEqual(writeEcho('ipv6', 'request', echo), hex('80 00 0000 1234 0007 68726c64'));
  });

  it('is read out of a packet with options', () => {
    const reply = writeEcho('ipv4', 'reply', echo);
    const header = hex(`4600 00${(24 + reply.length).toString(16)} 0000 0000 40 01 0000 c0000201 c0000202 01010101`);
    assert.deepEqual(readEcho('ipv4', 'reply', Buffer.concat([header, reply])), echo);
  });

  it('is read as it was written, also with octets after the packet', () => {
    const message = fc.record(
      { identifier: fc.nat(0xffff), sequence: fc.nat(0xffff), data: fc.uint8Array({ maxLength: 100 }) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(message, fc.uint8Array({ maxLength: 8 }), (its, rest) => {
        const packet = Buffer.concat([inIpv4(writeEcho('ipv4', 'reply', its)), rest]);
        assert.deepEqual(readEcho('ipv4', 'reply', packet), its);
        assert.deepEqual(readEcho('ipv6', 'reply', writeEcho('ipv6', 'reply', its)), its);
      }),
    );
  });

  for (const [what, damage] of [
    ['a question, which we hear on the loopback', (packet: Buffer) => void packet.writeUInt8(8, 20)],
    ['another protocol', (packet: Buffer) => void packet.writeUInt8(17, 9)],
    ['another version', (packet: Buffer) => void packet.writeUInt8(0x65, 0)],
    ['a header longer than the packet', (packet: Buffer) => void packet.writeUInt8(0x4f, 0)],
    ['a damaged octet', (packet: Buffer) => void packet.writeUInt8(0, 29)],
  ] as const)
    it(`is not ${what}`, () => {
      const packet = Buffer.from(inIpv4(writeEcho('ipv4', 'reply', echo)));
      assert.deepEqual(readEcho('ipv4', 'reply', packet), echo);
      damage(packet);
      assert.equal(readEcho('ipv4', 'reply', packet), undefined);
    });

  it('keeps none of the octets it was read from', () => {
    const packet = Buffer.from(inIpv4(writeEcho('ipv4', 'reply', echo)));
    const read = readEcho('ipv4', 'reply', packet);
    packet.fill(0);
    assert.deepEqual(read, echo);
  });

  it('is not in noise of any length, and noise is not a fault', () => {
    const noise = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(noise, (octets) => {
        readEcho('ipv4', 'reply', octets);
        readEcho('ipv6', 'reply', octets);
      }),
    );
    const packet = inIpv4(writeEcho('ipv4', 'reply', echo));
    for (let cut = 0; cut < packet.length; cut++)
      assert.equal(readEcho('ipv4', 'reply', packet.subarray(0, cut)), undefined);
  });
});
