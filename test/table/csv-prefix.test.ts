import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskWord, type Prefix, parsePrefix } from '../../src/net/address.js';
import { PrefixScanner } from '../../src/table/csv-prefix.js';

/** As parsePrefix gives it: of the whole text, canonical. */
function scanned(text: string): Prefix | undefined {
  const scanner = new PrefixScanner();
  const octets = new TextEncoder().encode(`${text}\n`);
  if (scanner.scan(octets, 0) !== octets.length - 1) return undefined;
  const { family, length } = scanner;
  const words = [...scanner.words.subarray(0, family === 'ipv4' ? 1 : 4)];
  return { family, words: words.map((word, i) => (word & maskWord(length - i * 32)) >>> 0), length };
}

describe('prefixes read from octets', () => {
  const tricky = [
    '::',
    '::/0',
    '1::',
    '::1',
    '1::/',
    '1:::2',
    '1::2::3',
    ':1',
    '1:',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8',
    '::ffff:192.0.2.1',
    '1.2.3.4::',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3',
    '::1.2.3.4.5',
    '::1.2.3.4:5',
    '::1.2.3.256',
    '12345::',
    '::12345',
    'a.b.c.d',
    '1.2.3.4',
    '1.2.3.4/',
    '1.2.3.4/0',
    '1.2.3.4/00',
    '1.2.3.4/08',
    '1.2.3.4/32',
    '1.2.3.4/33',
    '1.2.3.4/320000000000',
    '01.2.3.4',
    '0.0.0.0',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '256.1.1.1',
    '1.2.3.4:',
    '/8',
    '',
    'FFFF::/128',
    '::/129',
    '::/-1',
    '1.2.3.4/ 8',
    ' 1.2.3.4',
    'face',
    '1',
    ':',
    '::g',
    '0:0:0:0:0:0:0:0',
    '::0000',
    '::00000',
  ];

  for (const text of tricky)
    it(`reads ${JSON.stringify(text)} as parsePrefix does`, () => {
      assert.deepEqual(scanned(text), parsePrefix(text));
    });

  it('reads whatever else as parsePrefix does', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'0123456789abF:./'), maxLength: 24 });
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), noise);
    const text = fc.oneof(
      address,
      fc.tuple(address, fc.nat(140)).map(([address, length]) => `${address}/${length}`),
    );
    fc.assert(
      fc.property(text, (text) => assert.deepEqual(scanned(text), parsePrefix(text))),
      { numRuns: 2000 },
    );
  });
});
