import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sanitised, utf8Octets, utf8Text, utf8Within } from '../../src/net/text.js';

const text = fc.string({ unit: 'binary' });

describe('Text on the wire', () => {
  it('is UTF-8 as everybody else writes it', () => {
    fc.assert(
      fc.property(text, (its) => {
        assert.deepEqual([...utf8Octets(its)], [...new TextEncoder().encode(its)]);
        assert.equal(utf8Text(utf8Octets(its)), its);
      }),
    );
    assert.deepEqual([...utf8Octets('\ud800')], [0xef, 0xbf, 0xbd], 'half a surrogate pair is no character');
  });

  it('is read whatever the octets are: each that is no part of well-formed UTF-8 is a U+FFFD', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const read = utf8Text(octets);
        assert.equal(utf8Text(utf8Octets(read)), read);
        // What the platform reads without a replacement is read alike.
        const theirs = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
        if (!theirs.includes('\ufffd')) assert.equal(read, theirs);
        else assert.ok(read.includes('\ufffd'));
      }),
      { numRuns: 2000 },
    );
  });

  for (const [what, octets] of [
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['a lone continuation', [0x80]],
  ] as const)
    it(`does not take ${what} for a character`, () => {
      assert.equal(utf8Text(Uint8Array.from(octets)), '\ufffd'.repeat(octets.length));
    });

  it('is cut at a character', () => {
    assert.deepEqual(utf8Within('aé€', 3), utf8Octets('aé'));
    assert.deepEqual(utf8Within('aé€', 5), utf8Octets('aé'));
    assert.deepEqual(utf8Within('aé€', 6), utf8Octets('aé€'));
    fc.assert(
      fc.property(text, fc.nat(30), (its, limit) => {
        const kept = utf8Within(its, limit);
        assert.ok(kept.length <= limit);
        assert.ok(its.startsWith(utf8Text(kept)));
      }),
    );
  });

  it('of a stranger is fit to print: nothing that a terminal obeys or hides', () => {
    assert.equal(sanitised('plain text, éü€😀'), 'plain text, éü€😀');
    assert.equal(sanitised('\u001b[31mred\u0007\r\n'), '?[31mred???');
    assert.equal(sanitised('\u202egnp.exe\u200b\u2028\ue000'), '?gnp.exe???');
    fc.assert(fc.property(text, (its) => assert.doesNotMatch(sanitised(its), /[\p{C}\p{Zl}\p{Zp}]/u)));
  });

  it('of a stranger is not longer than allowed, but for the dots that say so', () => {
    assert.equal(sanitised('abcdef', 6), 'abcdef');
    assert.equal(sanitised('abcdefg', 6), 'abcdef…');
    assert.equal(sanitised('😀😀😀', 2), '😀😀…');
  });
});
