import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readDocument, readDocuments } from '../../src/config/document.js';

const problemsOf = (text: string): string[] =>
  readDocument(text, 'f').problems.map(({ where, message }) => `${where.line}:${where.column} ${message}`);

describe('a YAML document', () => {
  it('is JSON as well', () => {
    assert.deepEqual(readDocument('{"a": [1, true, null, "x"]}', 'f').value, { a: [1, true, null, 'x'] });
  });

  it('means the same, and has everything in the same place, whether it is read as JSON or as YAML', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', '__proto__', 'x:y', '"', '\\\\', '<<'),
      fc.string({ maxLength: 8 }),
    );
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      name,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const { tree } = fc.letrec<{ tree: unknown; map: object }>((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('tree'), { maxLength: 3 }), tie('map')),
      map: fc.dictionary(name, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(name, tree, { maxKeys: 3, noNullPrototype: true }),
        fc.constantFrom(0, 1),
        (value, indent) => {
          const text = JSON.stringify(value, undefined, indent);
          const [asJson, asYaml] = [readDocument(text, 'f'), readDocument(`${text} # so it is no JSON`, 'f')];
          if (asYaml.problems.length === 0) assert.deepEqual(asJson.value, asYaml.value);
          for (const key of Object.keys(value)) assert.deepEqual(asJson.place([key]), asYaml.place([key]));
        },
      ),
    );
  });

  it('that is JSON may give a key no second time either', () => {
    assert.deepEqual(problemsOf('{"a": {"b": 1, "b": 2}}'), ['1:16 the key "b" appears twice in one mapping']);
    assert.deepEqual(
      readDocument('{"a": 1.10, "b": 1e3, "c": -0}', 'f').value,
      readDocument('{"a": 1.10, "b": 1e3, "c": -0} # ', 'f').value,
    );
  });

  it('keeps yes, no and base-60 numbers as the text they are in YAML 1.2', () => {
    assert.deepEqual(readDocument('[yes, off, 64512:100, 0o14]', 'f').value, ['yes', 'off', '64512:100', 12]);
  });

  it('keeps a number with a point as text, because AS 1.10 is not AS 1.1', () => {
    assert.deepEqual(readDocument('[1.10, 2.0, .inf, 7]', 'f').value, ['1.10', '2.0', '.inf', 7]);
  });

  it('knows where each value and each key stands', () => {
    const document = readDocument('a:\n  b: 1\n  cc:\n    - x\n    - y: 2\n', 'f');
    assert.deepEqual(document.place(['a', 'b']), { file: 'f', line: 2, column: 6 });
    assert.deepEqual(document.keyPlace(['a', 'b']), { file: 'f', line: 2, column: 3 });
    assert.deepEqual(document.place(['a', 'cc', 1, 'y']), { file: 'f', line: 5, column: 10 });
    assert.deepEqual(document.keyPlace(['a', 'cc', 1]), { file: 'f', line: 5, column: 7 });
  });

  it('gives what is absent the place of its nearest parent', () => {
    const document = readDocument('a:\n  b: 1\n', 'f');
    assert.deepEqual(document.place(['a', 'nothing', 3]), { file: 'f', line: 2, column: 3 });
    assert.deepEqual(document.place(['nothing']), { file: 'f', line: 1, column: 1 });
  });

  it('finds values that came through an anchor or a merge where they are written', () => {
    const document = readDocument('base: &b\n  port: 179\npeers:\n  - <<: *b\n    name: x\n  - *b\n', 'f');
    assert.deepEqual(document.value, { base: { port: 179 }, peers: [{ name: 'x', port: 179 }, { port: 179 }] });
    assert.equal(document.place(['peers', 0, 'port']).line, 2);
    assert.equal(document.place(['peers', 0, 'name']).line, 5);
    assert.equal(document.place(['peers', 1, 'port']).line, 2);
  });

  it('lets a mapping override what it merges, wherever the << stands', () => {
    const { value } = readDocument('a: &a {x: 1, y: 1}\nb: {x: 2, <<: [*a, {z: 3}]}\n', 'f');
    assert.deepEqual(value, { a: { x: 1, y: 1 }, b: { x: 2, y: 1, z: 3 } });
  });

  it('refuses a key that is written twice', () => {
    assert.deepEqual(problemsOf('a: 1\nb: 2\na: 3\n'), ['3:1 the key "a" appears twice in one mapping']);
  });

  it('refuses syntax errors with their place', () => {
    assert.deepEqual(problemsOf('a:\n\t- 1\n'), ['2:1 Tabs are not allowed as indentation']);
    assert.equal(readDocument('a: [1', 'f').value, undefined);
    assert.equal(problemsOf('a: [1').length, 1);
    assert.match(problemsOf('a: !vault x')[0] ?? '', /^1:4 Unresolved tag: !vault/);
    assert.match(problemsOf('? [a]\n: 1')[0] ?? '', /^1:3 /);
  });

  it('refuses aliases of nothing, of themselves, and merges of no mapping', () => {
    assert.deepEqual(problemsOf('a: 1\nb: *x\n'), ['2:4 no anchor &x stands before *x']);
    assert.deepEqual(problemsOf('a: &x\n  - *x\n'), ['2:5 *x stands inside &x itself']);
    assert.deepEqual(problemsOf('a:\n  <<: 7\n'), ['2:7 << takes a mapping, or a list of mappings']);
  });

  it('refuses a flood of aliases at the one that is too much', () => {
    const levels = 'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`)}]`);
    const problems = problemsOf(['a: &a [x, x, x, x, x, x, x, x, x, x]', ...levels].join('\n'));
    assert.match(problems.join('\n'), /^6:\d+ aliases repeat more than 1000000 values up to here$/);
  });

  it('refuses nesting that would exhaust the stack', () => {
    for (const text of ['['.repeat(100_000), '{a: '.repeat(50_000), '- '.repeat(100_000), 'a: '.repeat(50_000)])
      assert.match(problemsOf(text).join('\n'), /^1:\d+ nested more than 200 levels deep$/);
  });

  it('refuses more than 4 MiB and says what to use instead', () => {
    assert.match(problemsOf('#'.repeat(4 * 1024 * 1024 + 1)).join('\n'), /^1:1 larger than 4 MiB, .*NDJSON.*CSV/);
  });

  it('refuses a second document in the file', () => {
    assert.deepEqual(problemsOf('a: 1\n---\nb: 2\n'), [
      '3:1 a second YAML document starts here; this file holds only one',
    ]);
    assert.deepEqual(problemsOf('---\na: 1\n...\n'), []);
  });

  it('is null when there is nothing but comments', () => {
    assert.deepEqual([readDocument('', 'f').value, readDocument('# x\n', 'f').value], [null, null]);
  });

  it('cannot reach a prototype', () => {
    const { value } = readDocument('__proto__: {polluted: 1}\n', 'f');
    assert.ok(typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'));
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

describe('a YAML stream', () => {
  it('yields every document with its own places', () => {
    const documents = readDocuments('a: 1\n---\n# only a comment\n---\nb: [x]\n', 'f');
    assert.deepEqual(
      documents.map(({ value }) => value),
      [{ a: 1 }, null, { b: ['x'] }],
    );
    assert.equal(documents[2]?.place(['b', 0]).line, 5);
  });

  it('keeps anchors within their document', () => {
    const [, second] = readDocuments('a: &x 1\n---\nb: *x\n', 'f');
    assert.equal(second?.problems[0]?.where.line, 3);
  });
});
