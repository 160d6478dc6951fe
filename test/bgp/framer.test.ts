import assert from 'node:assert/strict';
import { Framer, type RawMessage } from '../../src/bgp/framer.js';
import { encodeMessage } from '../../src/bgp/message.js';
import { hex, marker, message } from './hex.js';

const keepalive = hex(`${marker} 0013 04   # length 19, KEEPALIVE`);
const open = message(1, '04 fbf4 005a 0a000001 00');

function taken(framer: Framer): RawMessage[] {
  const messages: RawMessage[] = [];
  for (let next = framer.next(); next !== undefined; next = framer.next()) messages.push(next);
  return messages;
}

function framed(octets: Uint8Array, maxOctets = 4096): RawMessage[] {
  const framer = new Framer();
  framer.maxOctets = maxOctets;
  framer.push(octets);
  return taken(framer);
}

/** A header that announces `length`, followed by as many octets as that or as there can be. */
const announcing = (length: number, type: number): Uint8Array => {
  const octets = new Uint8Array(Math.max(length, 19));
  octets.set(hex(marker));
  octets.set([length >>> 8, length & 0xff, type], 16);
  return octets;
};

describe('Framer', () => {
  it('[1] refuses a marker that is not all ones with 1/1 and no data', () => {
    for (let at = 0; at < 16; at++) {
      const octets = keepalive.slice();
      octets[at] = 0xfe;
      assert.throws(() => framed(octets), { code: 1, subcode: 1, data: new Uint8Array() });
    }
  });

  const lengths: readonly (readonly [
    what: string,
    type: number,
    wrong: readonly number[],
    right: readonly number[],
  ])[] = [
    ['OPEN', 1, [0, 18, 19, 28, 4097, 65535], [29, 4096]],
    ['UPDATE', 2, [0, 18, 22, 4097, 65535], [23, 4096]],
    ['KEEPALIVE', 4, [0, 18, 20, 4096, 65535], [19]],
    ['ROUTE-REFRESH', 5, [0, 22, 4097], [23, 24, 4096]],
  ];
  for (const [what, type, wrong, right] of lengths) {
    it(`[2] refuses a length no ${what} can have with 1/2 and the length as data`, () => {
      for (const length of wrong)
        assert.throws(() => framed(announcing(length, type)), {
          code: 1,
          subcode: 2,
          data: Uint8Array.of(length >>> 8, length & 0xff),
        });
      for (const length of right)
        assert.deepEqual(
          framed(announcing(length, type)).map(({ body }) => body.length),
          [length - 19],
        );
    });
  }

  it('[3] refuses an unknown message type with 1/3 and the type as data', () => {
    for (const type of [0, 6, 7, 255])
      assert.throws(() => framed(announcing(19, type)), { code: 1, subcode: 3, data: Uint8Array.of(type) });
  });

  it('[3] refuses the length of an unknown type before the type, when both are wrong', () => {
    assert.throws(() => framed(announcing(5000, 6)), { code: 1, subcode: 2 });
  });

  it('[4] lets a NOTIFICATION through whose code or subcode is cut off, or whose length is impossible', () => {
    for (const [octets, body] of [
      [message(3, ''), ''],
      [message(3, '06'), '06'],
      [announcing(18, 3), ''],
      [announcing(4097, 3), ''],
    ] as const)
      assert.deepEqual(framed(octets), [{ type: 3, body: hex(body) }]);
  });

  it('[4] reads nothing after a NOTIFICATION of impossible length', () => {
    const framer = new Framer();
    framer.push(announcing(18, 3));
    assert.equal(taken(framer).length, 1);
    framer.push(keepalive);
    assert.deepEqual(taken(framer), []);
  });

  it('[14] takes messages beyond 4096 octets once our offer holds, but never an OPEN or KEEPALIVE', () => {
    assert.equal(framed(announcing(65535, 2), 65535)[0]?.body.length, 65535 - 19);
    assert.equal(framed(announcing(4097, 3), 65535)[0]?.body.length, 4097 - 19);
    assert.throws(() => framed(announcing(4097, 1), 65535), { code: 1, subcode: 2 });
    assert.throws(() => framed(announcing(4097, 4), 65535), { code: 1, subcode: 2 });
  });

  it('[24] keeps what follows an OPEN in the same segment', () => {
    const update = message(2, '0000 0000');
    assert.deepEqual(
      framed(Uint8Array.of(...open, ...keepalive, ...update)).map(({ type }) => type),
      [1, 4, 2],
    );
  });

  it('[24] survives every cut TCP can make in a message', () => {
    const stream = Uint8Array.of(...open, ...keepalive);
    for (let cut = 0; cut <= stream.length; cut++) {
      const framer = new Framer();
      framer.push(stream.slice(0, cut));
      const messages = taken(framer);
      framer.push(stream.slice(cut));
      messages.push(...taken(framer));
      assert.deepEqual(
        messages.map(({ type, body }) => [type, body]),
        [
          [1, open.subarray(19)],
          [4, new Uint8Array()],
        ],
      );
    }
  });

  it('survives one octet at a time', () => {
    const framer = new Framer();
    const messages = [...open, ...keepalive].flatMap((octet) => {
      framer.push(Uint8Array.of(octet));
      return taken(framer);
    });
    assert.deepEqual(
      messages.map(({ type }) => type),
      [1, 4],
    );
  });

  it('keeps chunks that were pushed before the last was read', () => {
    const framer = new Framer();
    framer.push(Uint8Array.of(...keepalive, ...keepalive.subarray(0, 7)));
    assert.equal(framer.next()?.type, 4);
    framer.push(keepalive.subarray(7));
    assert.equal(framer.next()?.type, 4);
    assert.equal(framer.next(), undefined);
  });

  it('copies nothing of a message that lies whole within a chunk', () => {
    const chunk = Uint8Array.of(...keepalive, ...open);
    const [, second] = framed(chunk);
    assert.equal(second?.body.buffer, chunk.buffer);
  });

  it('holds on to no chunk for the sake of a message begun at its end', () => {
    const framer = new Framer();
    const chunk = Uint8Array.of(...keepalive, ...open.subarray(0, 20));
    framer.push(chunk);
    taken(framer);
    chunk.fill(0);
    framer.push(open.subarray(20));
    assert.deepEqual(taken(framer), [{ type: 1, body: open.subarray(19) }]);
  });

  it('copies nothing of ten thousand messages in one chunk', () => {
    const chunk = new Uint8Array(10_000 * keepalive.length);
    for (let i = 0; i < 10_000; i++) chunk.set(keepalive, i * keepalive.length);
    const messages = framed(chunk);
    assert.equal(messages.length, 10_000);
    assert.ok(messages.every(({ type, body }) => type === 4 && body.buffer === chunk.buffer));
  });

  it('says the same again when it is asked again after a fault', () => {
    const framer = new Framer();
    framer.push(announcing(18, 4));
    for (let i = 0; i < 2; i++) assert.throws(() => framer.next(), { code: 1, subcode: 2 });
  });

  it('frames what encodeMessage made', () => {
    assert.deepEqual(encodeMessage({ kind: 'keepalive' }), keepalive);
    assert.deepEqual(framed(keepalive), [{ type: 4, body: new Uint8Array() }]);
  });
});
