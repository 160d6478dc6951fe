import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RouteAttributes } from '../../src/config/config.js';
import { type Family, formatPrefix, parsePrefix } from '../../src/net/address.js';
import { formatProblem } from '../../src/problem.js';
import { type Bulk, rowOf, sameBulk } from '../../src/table/bulk.js';
import { type CsvReading, CsvTable } from '../../src/table/csv.js';

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(...chunks: readonly (string | Uint8Array)[]): CsvReading {
  const table = new CsvTable('t.csv', new Map([['blue', { kind: 'standard', value: 7 }]]));
  for (const chunk of chunks) {
    // As files are read: into a Buffer, whose slices are views.
    const piece = Buffer.from(chunk);
    table.push(piece);
    piece.fill(0xff); // the reader of the file uses its buffer again
  }
  return table.finish();
}

function bulkOf(text: string): Bulk {
  const reading = read(text);
  assert(reading.kind === 'bulk');
  return reading.bulk;
}

function rows(bulk: Bulk, family: Family): [string, RouteAttributes][] {
  const { count, words, lengths, attributes } = bulk[family];
  const width = family === 'ipv4' ? 1 : 4;
  return Array.from({ length: count }, (_, i) => [
    formatPrefix({ family, words: [...words.subarray(i * width, (i + 1) * width)], length: lengths[i]! }),
    bulk.attributeSets[attributes[i]!]!,
  ]);
}

const prefixes = (bulk: Bulk): string[] => [...rows(bulk, 'ipv4'), ...rows(bulk, 'ipv6')].map(([prefix]) => prefix);
const said = (text: string): string[] => read(text).problems.map(formatProblem);

describe('a CSV bulk', () => {
  it('knows the number of each of its rows by the prefix', () => {
    const bulk = bulkOf('prefix\n192.0.2.0/25\n192.0.2.0/24\n2001:db8::/32\n10.0.0.0/8\n2001:db8::/33\n250.0.0.0/8\n');
    const numbers = prefixes(bulk).map((prefix) => rowOf(bulk, parsePrefix(prefix)!));
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5]);
    for (const other of ['192.0.2.0/26', '0.0.0.0/0', '255.0.0.0/8', '::/0', '2001:db8::/31', '2001:db9::/32'])
      assert.equal(rowOf(bulk, parsePrefix(other)!), -1);
  });

  it('is a header and prefixes of both families', () => {
    const bulk = bulkOf('prefix\n192.0.2.0/24\n2001:db8::/32\n198.51.100.7\n2001:db8:1::1\n');
    assert.deepEqual(prefixes(bulk), ['192.0.2.0/24', '198.51.100.7/32', '2001:db8::/32', '2001:db8:1::1/128']);
    assert.deepEqual(bulk.attributeSets, [{}]);
  });

  it('is sorted whatever the order of its rows: shorter prefixes first where they begin alike', () => {
    const bulk = bulkOf(
      'prefix\n203.0.113.0/24\n10.0.0.0/24\n10.0.0.0/8\n192.0.2.1/32\n2001:db8:ffff::/48\n2001:db8::/32\n',
    );
    assert.deepEqual(prefixes(bulk), [
      '10.0.0.0/8',
      '10.0.0.0/24',
      '192.0.2.1/32',
      '203.0.113.0/24',
      '2001:db8::/32',
      '2001:db8:ffff::/48',
    ]);
  });

  it('has attributes in columns of any order; empty fields say nothing', () => {
    const bulk = bulkOf(
      [
        'prefix,med,communities,nextHop,localPref,asPathPrepend',
        '10.0.0.1/32,5,64512:1 blue,192.0.2.1 2001:db8::1,200,3',
        '10.0.0.2/32,,,,,',
        '10.0.0.3/32,5,blue 64512:1,2001:db8::1 192.0.2.1,200,3',
      ].join('\n'),
    );
    const [first, second, third] = rows(bulk, 'ipv4');
    assert.deepEqual(first?.[1], {
      med: 5,
      communities: [
        { kind: 'standard', value: 64512 * 65536 + 1 },
        { kind: 'standard', value: 7 },
      ],
      nextHop: [
        { family: 'ipv4', words: [0xc0000201] },
        { family: 'ipv6', words: [0x20010db8, 0, 0, 1] },
      ],
      localPref: 200,
      asPathPrepend: 3,
    });
    assert.deepEqual(second?.[1], {});
    assert.equal(third?.[1], first[1], 'the same attributes in another order are the same set');
    assert.equal(bulk.attributeSets.length, 2);
  });

  it('takes CRLF, a byte order mark, blank lines, comments, spaces and quotes', () => {
    const bulk = bulkOf(
      '\ufeff# allocated by hand\r\n\r\nprefix,communities\r\n10.0.0.1/32,no-export\r\n   \r\n # x\r\n 10.0.0.2/32 , no-export \r\n"10.0.0.3/32","no-export"\r\n10.0.0.4,',
    );
    assert.deepEqual(prefixes(bulk), ['10.0.0.1/32', '10.0.0.2/32', '10.0.0.3/32', '10.0.0.4/32']);
    assert.equal(bulk.attributeSets.length, 2);
  });

  it('may hold nothing but the header', () => {
    assert.deepEqual(prefixes(bulkOf('prefix\n')), []);
  });

  for (const [text, problem] of [
    ['', 't.csv:1:1: the first line must be the header prefix[,nextHop,communities,localPref,med,asPathPrepend]'],
    [
      '10.0.0.1/32\n',
      't.csv:1:1: the first line must be the header prefix[,nextHop,communities,localPref,med,asPathPrepend]',
    ],
    ['# x\nprefix,comunities\n', 't.csv:2:1: unknown column "comunities"; did you mean communities?'],
    ['prefix,med,med\n', 't.csv:1:1: the column med appears twice'],
  ] as const)
    it(`is unusable as a whole when it begins with ${JSON.stringify(text)}`, () => {
      const reading = read(text, '10.0.0.1/32\n');
      assert.equal(read(text).kind, 'unusable');
      assert.equal(reading.kind, 'unusable');
      assert.deepEqual(reading.problems.map(formatProblem), [problem]);
    });

  it('rejects bad rows by line and takes the others', () => {
    const text = [
      'prefix,med',
      '10.0.0.1/32,1',
      '10.0.0.256/32,1',
      '10.0.0.2/33,1',
      '10.0.0.3/32,x',
      '10.0.0.4/32',
      '10.0.0.5/32,1,2',
      '"10.0.0.6/32,1',
      '127.0.0.1/32,1',
      '10.0.0.01/32,1',
      '10.0.0.7/32,1',
    ].join('\n');
    const reading = read(text);
    assert(reading.kind === 'bulk');
    assert.deepEqual(prefixes(reading.bulk), ['10.0.0.1/32', '10.0.0.7/32']);
    assert.equal(reading.rejected, 8);
    assert.deepEqual(
      said(text).map((problem) => problem.replace(/^(t\.csv:\d+:1: \w*).*/, '$1')),
      [
        't.csv:3:1: prefix',
        't.csv:4:1: prefix',
        't.csv:5:1: med',
        't.csv:6:1: the',
        't.csv:7:1: the',
        't.csv:8:1: a',
        't.csv:9:1: prefix',
        't.csv:10:1: prefix',
      ],
    );
  });

  it('masks host bits and says so', () => {
    assert.deepEqual(said('prefix\n192.0.2.1/24\n2001:db8::1/64\n'), [
      't.csv:2:1: warning: prefix: "192.0.2.1/24" has host bits; taken as 192.0.2.0/24',
      't.csv:3:1: warning: prefix: "2001:db8::1/64" has host bits; taken as 2001:db8::/64',
    ]);
    assert.deepEqual(prefixes(bulkOf('prefix\n192.0.2.1/24\n')), ['192.0.2.0/24']);
  });

  it('takes the first of rows with one prefix and rejects the later ones, naming both lines', () => {
    const reading = read('prefix,med\n10.0.0.2/32,1\n# x\n10.0.0.1/32,2\n10.0.0.2/32,3\n2001:db8::/32,4\n10.0.0.2,5\n');
    assert(reading.kind === 'bulk');
    assert.deepEqual(rows(reading.bulk, 'ipv4'), [
      ['10.0.0.1/32', { med: 2 }],
      ['10.0.0.2/32', { med: 1 }],
    ]);
    assert.deepEqual(reading.problems.map(formatProblem), [
      't.csv:5:1: prefix: repeats the prefix of line 2',
      't.csv:7:1: prefix: repeats the prefix of line 2',
    ]);
    assert.equal(reading.rejected, 2);
  });

  it('lists the first hundred problems and counts the rest', () => {
    const reading = read(`prefix\n${'x\n'.repeat(1234)}`);
    assert(reading.kind === 'bulk');
    assert.equal(reading.rejected, 1234);
    assert.equal(reading.problems.length, 101);
    assert.equal(reading.problems.at(-1)?.message, '1134 more problems are not listed');
  });

  it('does not keep a line that never ends', () => {
    const reading = read('prefix\n', ...new Array<string>(100).fill('x'.repeat(10_000)), '\n10.0.0.1/32\n');
    assert(reading.kind === 'bulk');
    assert.deepEqual(reading.problems.map(formatProblem), ['t.csv:2:1: the line is longer than 64 KiB']);
    assert.deepEqual(prefixes(reading.bulk), ['10.0.0.1/32']);
  });

  it('refuses an overlong row in one piece as it does in many', () => {
    const text = `prefix,communities\n10.0.0.1,no-export${' '.repeat(70_000)}\n`;
    assert.deepEqual(said(text), ['t.csv:2:1: the line is longer than 64 KiB']);
    assert.deepEqual(read(text.slice(0, 50_000), text.slice(50_000)), read(text));
  });

  it('holds more distinct attribute sets than sixteen bits count', () => {
    const text = Array.from({ length: 70_000 }, (_, i) => `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255},${i}`);
    const bulk = bulkOf(`prefix,med\n${text.join('\n')}`);
    assert.equal(bulk.attributeSets[bulk.ipv4.attributes[69_999]!]?.med, 69_999);
    assert.equal(bulk.attributeSets[bulk.ipv4.attributes[5]!]?.med, 5);
  });

  const line = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.nat(255), fc.nat(3), fc.integer({ min: 20, max: 33 }))
        .map(([a, b, n]) => `10.0.${b}.${a}/${n}`),
    },
    { weight: 3, arbitrary: fc.tuple(fc.nat(65535), fc.nat(129)).map(([a, n]) => `2001:db8::${a.toString(16)}/${n}`) },
    fc
      .tuple(fc.ipV4(), fc.constantFrom('no-export', '64512:1 64512:2', 'bad', '"blue"'))
      .map((fields) => fields.join()),
    fc.constantFrom('', '# comment', '"', '"a""b"', ',', ' 10.1.1.1 ', '10.1.1.1\r', '\u{1f600}'),
    fc.string(),
  );

  it('is the same however the file is cut into chunks', () => {
    const text = fc.tuple(fc.constantFrom('prefix', 'prefix,communities', 'prefix,med\r', 'x'), fc.array(line));
    const cuts = fc.array(fc.nat());
    fc.assert(
      fc.property(text, cuts, fc.constantFrom('', '\n'), ([header, lines], cuts, end) => {
        const whole = octets([header, ...lines].join('\n') + end);
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((to, i) => whole.subarray(at[i]!, to));
        assert.deepEqual(read(...chunks), read(whole));
      }),
    );
  });

  it('keeps nothing of a chunk: the reader of the file puts the next one in its place', () => {
    const table = new CsvTable('t.csv', new Map());
    const buffer = Buffer.alloc(40);
    table.push(octets('prefix,med\n'));
    for (const chunk of ['10.0.0.1/32,7\n10.0.0.2/32,7\n', '10.0.0.3/32,8\n10.0.0.4/32,8\n'])
      table.push(buffer.subarray(0, buffer.write(chunk)));
    const reading = table.finish();
    assert(reading.kind === 'bulk');
    assert.deepEqual(
      rows(reading.bulk, 'ipv4').map(([, { med }]) => med),
      [7, 7, 8, 8],
    );
  });

  it('is the same whether many rows in a row say the same, or each says it in words of its own', () => {
    const octet = fc.oneof(
      { weight: 9, arbitrary: fc.nat(255).map(String) },
      fc.constantFrom('256', '01', '00', '', 'x', '127'),
    );
    const length = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('', '/32', '/31', '/8') },
      fc.constantFrom('/', '/0', '/033', '/33', '.', ':'),
    );
    const prefix = fc.tuple(fc.constantFrom('10', '10', '0', '224'), octet, octet, octet, length);
    const rows = fc.array(
      prefix.map(([a, b, c, d, n]) => `${[a, b, c, d].join('.')}${n}`),
      { minLength: 3 },
    );
    const alike = (ends: readonly string[], rows: readonly string[]): CsvReading =>
      read(`prefix,med\n${rows.map((row, i) => `${row},${ends[i % ends.length]}\n`).join('')}`);
    fc.assert(
      fc.property(rows, fc.constantFrom('', '7'), (rows, med) => {
        assert.deepEqual(alike([med], rows), alike([med, ` ${med}`], rows));
      }),
      { numRuns: 300 },
    );
  });

  it('answers any octets, and never with an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, hasHeader) => {
        const reading = hasHeader ? read('prefix,med\n', noise) : read(noise);
        assert(reading.kind === 'bulk' || reading.problems.length > 0);
      }),
    );
  });

  it('equals another bulk with the same rows, however their attribute sets are numbered', () => {
    const a = bulkOf('prefix,med\n10.0.0.1,1\n10.0.0.2,2\n');
    assert(sameBulk(a, bulkOf('prefix,med\n10.0.0.2,2\n10.0.0.1,1\n')));
    for (const text of ['10.0.0.1,1\n10.0.0.2,3', '10.0.0.1,1', '10.0.0.1,1\n10.0.0.3,2', '10.0.0.1,1\n10.0.0.2/31,2'])
      assert(!sameBulk(a, bulkOf(`prefix,med\n${text}\n`)));
  });
});
