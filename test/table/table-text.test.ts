import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Community } from '../../src/net/community.js';
import { formatProblem } from '../../src/problem.js';
import { octetWork } from '../../src/sources/octet-work.js';
import { whole } from '../../src/table/plain-service.js';
import type { Service } from '../../src/table/service.js';
import type { ServicesChange, TableChange } from '../../src/table/table-change.js';
import { TableText } from '../../src/table/table-text.js';

type Format = 'json' | 'ndjson';

const empty: ReadonlyMap<string, Community> = new Map();
const table = (format: Format): TableText => new TableText(format, `t.${format}`, empty, octetWork);

function take(to: TableText, text: string): TableChange {
  const work = to.update(new TextEncoder().encode(text));
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function good(to: TableText, text: string): ServicesChange {
  const change = take(to, text);
  assert(change.kind === 'services', change.problems.map(formatProblem).join('\n'));
  return change;
}

/** What an operator sees of a change. */
const seen = ({ upserted, removed, rejected, count }: ServicesChange) => ({
  upserted: upserted.map(({ name }) => name),
  removed: [...removed],
  rejected: rejected.map(({ name }) => name),
  count,
});

const said = ({ problems }: TableChange): string[] => problems.map(formatProblem);

const entry = (name: string, address = '10.0.0.1', more = ''): string =>
  `{"name":"${name}","addresses":["${address}"]${more}}`;
const ndjson = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
const json = (...items: readonly string[]): string => `{"services": [\n  ${items.join(',\n  ')}\n]}\n`;

describe('a table in NDJSON', () => {
  it('is one service a line; blank lines and CRLF are nothing', () => {
    const change = good(table('ndjson'), `\ufeff\n${entry('a')}\r\n\n  ${entry('b')}  \n${entry('c')}`);
    assert.deepEqual(seen(change), {
      upserted: ['default/a', 'default/b', 'default/c'],
      removed: [],
      rejected: [],
      count: 3,
    });
  });

  it('knows where each entry begins, whatever was edited before it', () => {
    const to = table('ndjson');
    good(to, ndjson(entry('a'), entry('b'), '{"name":"c","adresses":[]}'));
    assert.deepEqual(
      [to.placeOf('default/b'), to.placeOf('default/c')],
      [
        { line: 2, column: 1 },
        { line: 3, column: 1 },
      ],
    );
    good(to, ndjson('', entry('new'), `  ${entry('b')}`));
    assert.deepEqual([to.placeOf('default/b'), to.placeOf('default/a')], [{ line: 3, column: 3 }, undefined]);
    const items = table('json');
    good(items, json(entry('a'), entry('b')));
    assert.deepEqual(items.placeOf('default/b'), { line: 3, column: 3 });
  });

  it('rejects a bad line by its number and takes the others', () => {
    const change = good(
      table('ndjson'),
      ndjson(entry('a'), '{"name":"b","addresses":["10.0.0.1"}', '', '{"name":"c","adresses":[]}', '[]', entry('d')),
    );
    assert.deepEqual(seen(change).upserted, ['default/a', 'default/d']);
    assert.deepEqual(seen(change).rejected, ['default/b', 'default/c', undefined]);
    assert.deepEqual(said(change), [
      "t.ndjson:2:36: not JSON: ',' or ']' is expected here",
      't.ndjson:4:24: adresses: unknown key; did you mean addresses?',
      't.ndjson:5:1: must be a mapping with at least a name, not a list',
    ]);
  });

  it('rejects the later of two entries with one name, naming the line of the first', () => {
    const change = good(table('ndjson'), ndjson(entry('a'), entry('b'), entry('default/a', '10.0.0.2')));
    assert.deepEqual(said(change), ['t.ndjson:3:1: the name default/a is taken by the entry in line 1']);
    assert.equal(change.count, 2);
  });

  it('rejects a line of more than a mebibyte', () => {
    const change = good(table('ndjson'), ndjson(`{"name":"a","owner":"${'x'.repeat(1024 * 1024)}"}`, entry('b')));
    assert.deepEqual(said(change), ['t.ndjson:1:1: the line is longer than 1 MiB']);
    assert.deepEqual(seen(change).rejected, ['default/a']);
  });

  it('with nothing but blank lines holds no services', () => {
    assert.equal(good(table('ndjson'), '\n').count, 0);
  });
});

describe('a table in JSON', () => {
  it('is an object with a list of services, however it is laid out', () => {
    for (const text of [json(entry('a'), entry('b')), `{"services":[${entry('a')},${entry('b')}]}`])
      assert.deepEqual(seen(good(table('json'), text)).upserted, ['default/a', 'default/b']);
    for (const text of ['{"services":[]}', ' { "services" : [ ] } ']) assert.equal(good(table('json'), text).count, 0);
  });

  it('is not misled by brackets, commas and quotes in strings', () => {
    const { upserted } = good(
      table('json'),
      json(entry('a', '10.0.0.1', ',"labels":{"x":"]},{\\"[\\\\"}'), entry('b')),
    );
    assert.deepEqual(upserted.map(whole)[0]?.labels, { x: ']},{"[\\' });
    assert.equal(upserted.length, 2);
  });

  it('shows a problem with line, column and path', () => {
    const change = good(
      table('json'),
      `{"services": [${entry('a')}, ${entry('é')}, ${entry('b', '10.0.0')},\n${entry('c', '')}]}`,
    );
    assert.deepEqual(said(change), [
      't.json:1:118: services[2].addresses[0]: "10.0.0" is not an IP address',
      't.json:2:26: services[3].addresses[0]: "" is not an IP address',
    ]);
  });

  for (const [text, problem] of [
    ['[]', '1:1: a table is an object {"services": [ … ]}'],
    ['{}', '1:2: services is missing; an empty table is {"services": []}'],
    ['{"services":null}', '1:13: services must be a list; an empty table is {"services": []}'],
    ['{"servces":[]}', '1:2: unknown key "servces"; a table holds only services'],
    ['{"services":[],"x":1}', '1:15: a table holds only services'],
    ['{"services":[]} x', '1:17: nothing may follow the table'],
    [`{"services":[${entry('a')},]}`, '1:52: an entry is expected here'],
    [`{"services":[${entry('a')}`, '1:51: the text ends inside the list of services'],
    [`{"services":[\n${entry('a')},\n{"name":"b]}`, '3:9: not JSON: a string in double quotes is expected here'],
    [`{"services":[\n${entry('a')},\n{"name":b}\n]}`, '3:9: not JSON: a value is expected here'],
    ['', '1:1: a table is an object {"services": [ … ]}'],
  ] as const)
    it(`is unusable as a whole: ${text.replaceAll('\n', ' ')}`, () => {
      const change = take(table('json'), text);
      assert.equal(change.kind, 'unusable');
      assert.deepEqual(said(change), [`t.json:${problem}`]);
    });
});

for (const format of ['ndjson', 'json'] as const) {
  const text = format === 'json' ? json : ndjson;

  describe(`an edit of a table in ${format.toUpperCase()}`, () => {
    it('tells what it changes and nothing else', () => {
      const edited = table(format);
      good(edited, text(entry('a'), entry('b'), entry('c')));
      const change = good(edited, text(entry('a'), entry('b', '10.0.0.2'), entry('d'), entry('c')));
      assert.deepEqual(seen(change), { upserted: ['default/b', 'default/d'], removed: [], rejected: [], count: 4 });
      assert.deepEqual(seen(good(edited, text(entry('c'), entry('a')))), {
        upserted: [],
        removed: ['default/b', 'default/d'],
        rejected: [],
        count: 2,
      });
    });

    it('is none when an entry is only written differently', () => {
      const edited = table(format);
      good(edited, text(entry('a'), entry('b')));
      const change = good(
        edited,
        text('{ "addresses": ["10.0.0.1"], "name": "default/a", "enabled": true }', entry('b')),
      );
      assert.deepEqual(seen(change), { upserted: [], removed: [], rejected: [], count: 2 });
    });

    it('that spoils an entry leaves its last good version in force until it is mended or removed', () => {
      const edited = table(format);
      good(edited, text(entry('a'), entry('b')));
      const spoiled = good(edited, text(entry('a'), entry('b', 'x')));
      assert.deepEqual(seen(spoiled), { upserted: [], removed: [], rejected: ['default/b'], count: 2 });
      assert.deepEqual(seen(good(edited, text(entry('a'), entry('b')))), {
        upserted: [],
        removed: [],
        rejected: [],
        count: 2,
      });
      good(edited, text(entry('a'), entry('b', 'x')));
      assert.deepEqual(seen(good(edited, text(entry('a')))), {
        upserted: [],
        removed: ['default/b'],
        rejected: [],
        count: 1,
      });
    });

    it('that takes the first of two entries with one name away puts the other in force', () => {
      const edited = table(format);
      good(edited, text(entry('a', '10.0.0.1'), entry('b'), entry('a', '10.0.0.2')));
      const change = good(edited, text(entry('b'), entry('a', '10.0.0.2')));
      assert.deepEqual(seen(change), { upserted: ['default/a'], removed: [], rejected: [], count: 2 });
    });

    it('above a rejected entry moves its line', () => {
      const edited = table(format);
      const first = said(good(edited, text(entry('a'), entry('b', 'x'))))[0];
      const second = said(good(edited, text(entry('c'), entry('d'), entry('a'), entry('b', 'x'))))[0];
      const lineOf = (problem = ''): number => Number(problem.split(':')[1]);
      assert.equal(lineOf(second), lineOf(first) + 2);
    });

    it('that cannot be used as a whole changes nothing, and the next good one is compared with the last good one', () => {
      if (format === 'ndjson') return;
      const edited = table(format);
      good(edited, text(entry('a'), entry('b')));
      assert.equal(take(edited, text(entry('a'), '{')).kind, 'unusable');
      assert.deepEqual(seen(good(edited, text(entry('a'), entry('c')))), {
        upserted: ['default/c'],
        removed: ['default/b'],
        rejected: [],
        count: 2,
      });
    });

    it('of the names of communities reads every entry anew', () => {
      const edited = table(format);
      const blue = entry('b', '10.0.0.1', ',"bgp":{"communities":["blue"]}');
      good(edited, text(entry('a'), blue));
      edited.rename(new Map([['blue', { kind: 'standard', value: 1 }]]));
      const change = good(edited, text(entry('a'), blue));
      assert.deepEqual(seen(change), { upserted: ['default/b'], removed: [], rejected: [], count: 2 });
    });

    it('in a large table costs what it changes: entries left alone are the very same', () => {
      const edited = table(format);
      const many = Array.from({ length: 500 }, (_, i) => entry(`s${i}`));
      good(edited, text(...many));
      const change = good(edited, text(...many.with(3, entry('x')).with(300, entry('y', '10.0.0.9'))));
      assert.deepEqual(seen(change), {
        upserted: ['default/x', 'default/y'],
        removed: ['default/s3', 'default/s300'],
        rejected: [],
        count: 500,
      });
    });

    it('after any others comes to what reading afresh comes to', () => {
      const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
      const bad = format === 'json' ? ['7', '{"x":1}', '[]'] : ['7', '{"x":1}', '{', '{"name":"a"} x', '{"name":"b"'];
      const item = fc.oneof(
        { weight: 6, arbitrary: fc.tuple(name, fc.nat(2)).map(([name, host]) => entry(name, `10.0.0.${host}`)) },
        { weight: 2, arbitrary: name.map((name) => entry(name, 'x')) },
        { weight: 1, arbitrary: name.map((name) => `{ "name": "${name}",\t"prefixes": ["10.0.0.1/8"] }`) },
        { weight: 1, arbitrary: fc.constantFrom(...bad) },
      );
      const separator = fc.constantFrom(
        ...(format === 'json' ? [',', ',\n', ' ,\n\n '] : ['\n', '\r\n', '\n\n', '\n ']),
      );
      const spaced = fc.array(fc.tuple(item, separator), { maxLength: 12 });
      const edit = fc.record({
        at: fc.nat(),
        gone: fc.nat(3),
        put: fc.array(fc.tuple(item, separator), { maxLength: 3 }),
      });
      const written = (items: readonly (readonly [string, string])[]): string => {
        const body = items.map(([item, separator], i) =>
          format === 'json' && i === items.length - 1 ? item : item + separator,
        );
        return format === 'json' ? `{"services":[${body.join('')}]}` : body.join('');
      };
      fc.assert(
        fc.property(spaced, fc.array(edit, { maxLength: 6 }), (start, edits) => {
          const edited = table(format);
          const inForce = new Map<string, Service>();
          let items = start;
          for (const { at, gone, put } of [{ at: 0, gone: 0, put: [] }, ...edits]) {
            items = items.toSpliced(at % (items.length + 1), gone, ...put);
            const change = good(edited, written(items));
            const before = new Map(inForce);
            for (const removed of change.removed) assert(inForce.delete(removed));
            for (const service of change.upserted.map(whole)) {
              assert.notDeepEqual(service, inForce.get(service.name));
              inForce.set(service.name, service);
            }
            const fresh = good(table(format), written(items));
            assert.deepEqual(said(change), said(fresh));
            assert.deepEqual(change.rejected, fresh.rejected);
            assert.equal(change.count, inForce.size);
            for (const service of fresh.upserted.map(whole)) assert.deepEqual(inForce.get(service.name), service);
            const freshNames = new Set(fresh.upserted.map(({ name }) => name));
            for (const name of inForce.keys()) assert(freshNames.has(name) || before.has(name));
            // Beyond that, the last good version of what is bad now, and only that.
            const badNames = new Set(fresh.rejected.map(({ name }) => name));
            for (const [name, service] of before)
              if (!freshNames.has(name)) assert.equal(inForce.get(name), badNames.has(name) ? service : undefined);
          }
        }),
        { numRuns: 300 },
      );
    });
  });
}

describe('a table that is too much', () => {
  const bounded = (format: Format): TableText => new TableText(format, `t.${format}`, empty, octetWork, 3);
  const names = ['a', 'b', 'c', 'd', 'e'];

  for (const [format, text] of [
    ['ndjson', ndjson],
    ['json', json],
  ] as const)
    it(`in services is refused as a whole, and the one before stays (${format})`, () => {
      const to = bounded(format);
      const unusable = take(to, text(...names.map((name) => entry(name))));
      assert.equal(unusable.kind, 'unusable');
      assert.match(said(unusable)[0] ?? '', /more than 3 services/);
      assert.deepEqual(seen(good(to, text(entry('a'), entry('e')))).count, 2);
      // What stands in the middle is all that is read of it.
      const grown = take(to, text(entry('a'), entry('b'), entry('c'), entry('e')));
      assert.deepEqual([grown.kind, to.placeOf('default/b')], ['unusable', undefined]);
      assert.equal(good(to, text(entry('a'), entry('b'), entry('e'))).count, 3);
    });

  it('of one entry is not taken in JSON any more than in a line', () => {
    const long = entry('b', '10.0.0.1', `,"labels":{"a":"${'x'.repeat(1024 * 1024)}"}`);
    for (const [format, text, what] of [
      ['ndjson', ndjson, 'line'],
      ['json', json, 'entry'],
    ] as const) {
      const change = good(table(format), text(entry('a'), long, entry('c')));
      assert.deepEqual(seen(change).rejected, ['default/b']);
      assert.match(said(change)[0] ?? '', new RegExp(`the ${what} is longer than 1 MiB`));
    }
  });

  it('in mistakes on a single line is told with the place of each, in no more time than it is long', () => {
    const count = 30_000;
    const items = Array.from({ length: count }, (_, i) => `{"name":"é${i}","x":1}`);
    const change = good(table('json'), `{"services":[${items.join(',')}]}`);
    assert.equal(change.rejected.length, count);
    const [first, second] = said(change);
    assert.match(first ?? '', /^t\.json:1:31: services\[0\]\.x: unknown key/);
    assert.match(second ?? '', /^t\.json:1:51: services\[1\]\.x: unknown key/);
    assert.match(said(change).at(-1) ?? '', /29900 more problems are not listed/);
  });
});
