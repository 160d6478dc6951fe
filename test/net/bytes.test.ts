import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Reader, Writer } from '../../src/net/bytes.js';

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant('octets' as const), value: fc.uint8Array({ maxLength: 300 }) }),
);

describe('Octets', () => {
  it('are read as they were written, however small the writer began', () => {
    fc.assert(
      fc.property(fc.array(field), fc.integer({ min: 0, max: 8 }), (fields, capacity) => {
        const to = new Writer(capacity);
        for (const { kind, value } of fields) {
          if (kind === 'octets') to.octets(value);
          else to[kind](value);
        }
        const octets = to.finish();
        assert.equal(octets.length, to.length);
        const from = new Reader(octets);
        for (const { kind, value } of fields)
          assert.deepEqual(kind === 'octets' ? from.octets(value.length) : from[kind](), value);
        assert.ok(from.done);
      }),
    );
  });

  it('are big-endian', () => {
    assert.deepEqual([...new Writer().u16(0x0102).u32(0x03040506).finish()], [1, 2, 3, 4, 5, 6]);
    assert.equal(new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).u32(), 0xffffffff);
  });

  it('are counted in one octet or two, also where counts stand within counts', () => {
    const octets = new Writer(1)
      .counted(2, (outer) => outer.u8(9).counted(1, (inner) => inner.octets([7, 8])))
      .finish();
    assert.deepEqual([...octets], [0, 4, 9, 2, 7, 8]);
    assert.doesNotThrow(() => new Writer().counted(1, (to) => to.octets(new Uint8Array(255))));
    assert.throws(() => new Writer().counted(1, (to) => to.octets(new Uint8Array(256))), RangeError);
    assert.throws(() => new Writer().counted(2, (to) => to.octets(new Uint8Array(65_536))), RangeError);
  });

  it('may be overwritten, and what was finished is a copy', () => {
    const to = new Writer().u16(0).u8(5);
    const before = to.finish();
    to.patchU16(0, 0x0203);
    assert.deepEqual([...before], [0, 0, 5]);
    assert.deepEqual([...to.finish()], [2, 3, 5]);
  });

  it('never end in silence: a read beyond them throws what its owner asks for', () => {
    const short = (wanted: number, left: number) => new Error(`${wanted} wanted, ${left} left`);
    const from = new Reader(Uint8Array.of(1, 2, 3), short);
    assert.equal(from.u16(), 0x0102);
    assert.throws(() => from.u16(), /2 wanted, 1 left/);
    assert.equal(from.left, 1, 'nothing was taken');
    assert.throws(() => from.within(2), /2 wanted, 1 left/);
    assert.throws(() => new Reader(new Uint8Array()).u8(), RangeError);
  });

  it('of a part end where the part ends', () => {
    const from = new Reader(Uint8Array.of(1, 2, 3, 4));
    const part = from.within(2, () => new Error('the part is short'));
    assert.equal(part.u8(), 1);
    assert.equal(part.position, 1);
    assert.throws(() => part.u16(), /the part is short/);
    assert.equal(from.position, 2);
    assert.deepEqual([...from.rest()], [3, 4]);
    assert.deepEqual(
      new Reader(Uint8Array.of(0, 1, 0, 2)).each((each) => each.u16()),
      [1, 2],
    );
  });

  it('are read from the middle of a buffer', () => {
    const from = new Reader(Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4));
    assert.equal(from.u16(), 0x0102);
    assert.ok(from.done);
  });
});
