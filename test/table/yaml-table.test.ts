import assert from 'node:assert/strict';
import { formatProblem } from '../../src/problem.js';
import type { ServicesChange, TableChange } from '../../src/table/table-change.js';
import { YamlTable } from '../../src/table/yaml-table.js';

const table = (): YamlTable => new YamlTable('t.yaml', new Map());
const said = ({ problems }: TableChange): string[] => problems.map(formatProblem);

function good(to: YamlTable, text: string): ServicesChange {
  const change = to.update(text);
  assert(change.kind === 'services', said(change).join('\n'));
  return change;
}

describe('a table in YAML', () => {
  it('is a list of services under services', () => {
    const { upserted, count, problems } = good(
      table(),
      'services:\n  - name: shop/web\n    addresses: [203.0.113.10]\n  - { name: dns, prefixes: [192.0.2.0/24] }\n',
    );
    assert.deepEqual(
      upserted.map(({ name }) => name),
      ['shop/web', 'default/dns'],
    );
    assert.equal(count, 2);
    assert.deepEqual(problems, []);
  });

  it('knows where each entry begins, of the last text that could be used', () => {
    const to = table();
    good(to, 'services:\n  - name: web\n\n  - { name: bad, adresses: [] }\n');
    const places = (): unknown[] => ['default/web', 'default/bad', 'default/none'].map((name) => to.placeOf(name));
    assert.deepEqual(places(), [{ line: 2, column: 5 }, { line: 4, column: 5 }, undefined]);
    assert.equal(to.update('services: [\n').kind, 'unusable');
    assert.deepEqual(places()[1], { line: 4, column: 5 });
  });

  it('may be empty when it says so', () => {
    assert.equal(good(table(), 'services: []\n').count, 0);
  });

  for (const [text, problem] of [
    ['# nothing\n', '1:1: a table is a mapping with the key services, not nothing'],
    ['services:\n', '1:10: services: must be a list, not nothing; an empty table is services: []'],
    ['services: {}\n', '1:11: services: must be a list, not a mapping; an empty table is services: []'],
    ['servics: []\n', '1:1: servics: unknown key; did you mean services?'],
    ['services: []\n---\nservices: []\n', '3:1: a second YAML document starts here; this file holds only one'],
  ] as const)
    it(`is unusable as a whole: ${text.replaceAll('\n', ' ')}`, () => {
      const change = table().update(text);
      assert.equal(change.kind, 'unusable');
      assert.equal(said(change)[0], `t.yaml:${problem}`);
    });

  it('with a syntax error changes nothing and says where it is', () => {
    const edited = table();
    good(edited, 'services:\n  - name: a\n');
    const change = edited.update('services:\n  - name: [\n');
    assert.equal(change.kind, 'unusable');
    assert.match(said(change)[0] ?? '', /^t\.yaml:\d+:\d+: /);
    assert.deepEqual(good(edited, 'services:\n  - name: a\n').upserted, []);
  });

  it('rejects bad entries with line, column and path, and takes the others', () => {
    const change = good(
      table(),
      'services:\n  - name: a\n    addresses:\n      - 203.0.113.10\n      - 203.0.113\n  - nam: b\n  - name: c\n  - name: default/c\n',
    );
    assert.deepEqual(said(change), [
      't.yaml:5:9: services[0].addresses[1]: "203.0.113" is not an IP address',
      't.yaml:6:10: services[1].nam: unknown key; did you mean name?',
      't.yaml:6:5: services[1]: name is missing',
      't.yaml:8:5: services[3]: the name default/c is taken by the entry in line 7',
    ]);
    assert.equal(change.count, 1);
  });

  it('tells what an edit changed, and keeps the last good version of an entry that it spoiled', () => {
    const edited = table();
    good(edited, 'services:\n  - name: a\n  - name: b\n  - name: c\n');
    const change = good(edited, 'services:\n  - name: c\n  - name: a\n    enabled: maybe\n  - name: d\n');
    assert.deepEqual(
      change.upserted.map(({ name }) => name),
      ['default/d'],
    );
    assert.deepEqual(change.removed, ['default/b']);
    assert.deepEqual(
      change.rejected.map(({ name }) => name),
      ['default/a'],
    );
    assert.equal(change.count, 3);
  });
});
