import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Line } from '../../src/api/house.js';
import { LineSplitter, mostLineOctets } from '../../src/api/lines.js';

const texts = (lines: readonly Line[]): string[] =>
  lines.map((line) => (line === 'tooLong' ? line : Buffer.from(line).toString()));

function split(pieces: readonly Uint8Array[]): string[] {
  const splitter = new LineSplitter();
  return [...pieces.flatMap((piece) => texts(splitter.push(piece))), ...texts(splitter.end())];
}

describe('Lines', () => {
  it('come out the same wherever the octets are cut', () => {
    const law = fc.property(
      fc.array(fc.constantFrom('a', 'bc', '\n', 'ä', '')),
      fc.array(fc.nat(20)),
      (parts, cuts) => {
        const octets = Buffer.from(parts.join(''));
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(octets.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(octets.subarray(at));
        const whole = octets.toString().split('\n');
        assert.deepEqual(split(pieces), whole.at(-1) === '' ? whole.slice(0, -1) : whole);
      },
    );
    fc.assert(law);
  });

  it('that are too long are named once and passed over, however they are cut', () => {
    const long = Buffer.alloc(mostLineOctets + 1, 'x');
    assert.deepEqual(split([Buffer.from('a\n'), long, long, Buffer.from('\nb\n'), long]), [
      'a',
      'tooLong',
      'b',
      'tooLong',
    ]);
    const longest = Buffer.concat([Buffer.alloc(mostLineOctets, 'x'), Buffer.from('\n')]);
    assert.deepEqual(
      split([longest, Buffer.from('b')]).map((line) => line.length),
      [mostLineOctets, 1],
    );
  });
});
