import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonPlaces } from '../../src/table/json-places.js';

describe('places in a JSON text', () => {
  it('are those of the values, by path', () => {
    const text = '{ "name": "a", "ports": [ {"port": 1}, {"port": 2} ] }';
    const { fault, values } = jsonPlaces(text);
    assert.equal(fault, undefined);
    assert.equal(values.get('ports[1].port'), text.indexOf('2'));
    assert.equal(values.get('name'), text.indexOf('"a"'));
  });

  for (const [text, offset, message] of [
    ['{"a":x}', 5, 'not JSON: a value is expected here'],
    ['{"a":1', 6, "not JSON: ',' or '}' is expected before the end"],
    ['{"a" 1}', 5, "not JSON: ':' is expected here"],
    ['{a:1}', 1, 'not JSON: a string in double quotes is expected here'],
    ['[1,]', 3, 'not JSON: a value is expected here'],
    ['[1] 2', 4, 'not JSON: the end is expected here'],
    ['"a\tb"', 2, 'not JSON: a control character inside a string'],
    ['"abc', 0, 'not JSON: a string in double quotes is expected here'],
    ['01', 0, 'not JSON: a value is expected here'],
  ] as const)
    it(`shows where ${text} stops being JSON`, () => {
      assert.deepEqual(jsonPlaces(text).fault, { offset, message });
    });

  it('end where JSON.parse gives up, and only there', () => {
    const json = fc.json({ maxDepth: 4 });
    const broken = fc.tuple(json, fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, put]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + put + text.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(json, broken, fc.string()), (text) => {
        const isJson = jsonPlaces(text).fault === undefined;
        if (isJson) JSON.parse(text);
        else assert.throws(() => JSON.parse(text), SyntaxError);
      }),
      { numRuns: 1000 },
    );
  });
});
