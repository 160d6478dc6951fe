import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nameHash } from '../../src/net/name-map.js';
import { octetWork } from '../../src/sources/octet-work.js';
import { readEntry } from '../../src/table/entry.js';
import { PlainEntryReader } from '../../src/table/plain-entry.js';
import { hashOf, whole } from '../../src/table/plain-service.js';
import type { Service } from '../../src/table/service.js';

function shortWay(text: string): Service | undefined {
  const octets = new TextEncoder().encode(text);
  const kept = new PlainEntryReader(octetWork.text).read(octets, 0, octets.length);
  if (kept !== undefined) assert.equal(hashOf(kept), nameHash(kept.name));
  return kept && whole(kept);
}

/** Undefined unless there is nothing to say. */
function longWay(text: string): Service | undefined {
  try {
    const { service, problems } = readEntry(JSON.parse(text), new Map());
    return problems.length === 0 ? service : undefined;
  } catch {
    return undefined;
  }
}

describe('the short way to a service', () => {
  const plain = [
    '{"name":"shop/web","addresses":["203.0.113.10"]}',
    '{"name":"web"}',
    '{"name":"web","addresses":["203.0.113.10","2001:db8::1"]}',
    '{"name":"web","addresses":["2001:db8::1","203.0.113.10"]}',
    '{"name":"web","addresses":["2001:db8::1"]}',
    '{"name":"web","addresses":["203.0.113.10","203.0.113.11"]}',
    '{"name":"web","addresses":["203.0.113.10"],"prefixes":["192.0.2.0/24"]}',
    '{ "addresses" : [ "203.0.113.10", "2001:db8::1" ], "name" : "web" }',
    '{"name":"a/b.c","prefixes":["192.0.2.0/24","2001:db8::/32","198.51.100.1"]}',
  ];
  for (const text of plain)
    it(`takes ${text}`, () => {
      assert.notEqual(longWay(text), undefined);
      assert.deepEqual(shortWay(text), longWay(text));
    });

  const unusual = [
    '{"name":"a","name":"b"}',
    '{"name":"a","addresses":["203.0.113.10","203.0.113.10"]}',
    '{"name":"a","addresses":["203.0.113.10/32"]}',
    '{"name":"a","addresses":["127.0.0.1"]}',
    '{"name":"a","prefixes":["192.0.2.1/24"]}',
    '{"name":"a\\u0062"}',
    '{"name":"a/../b"}',
    '{"name":"a"} ',
    '{"name":"a",}',
    '{"name":"a"',
    '{"addresses":["203.0.113.10"]}',
  ];
  for (const text of unusual)
    it(`leaves ${text} to the long way`, () => {
      assert.equal(shortWay(text), undefined);
    });

  it('comes to what the long way comes to, or to nothing', () => {
    const key = fc.constantFrom('"name"', '"addresses"', '"prefixes"', '"nodes"', '"na\\u006de"', 'name');
    const string = fc.oneof(
      fc.constantFrom(
        'a',
        'a/b',
        './a',
        'a/.',
        '/',
        'a"',
        'é',
        '1.2.3.4',
        '2001:db8::1',
        '10.0.0.0/8',
        '10.0.0.1/8',
        '::/0',
      ),
      fc.string({ maxLength: 5 }),
    );
    const list = fc
      .array(
        string.map((text) => `"${text}"`),
        { maxLength: 6 },
      )
      .map((items) => `[${items.join(',')}]`);
    const member = fc
      .tuple(
        key,
        fc.oneof(
          string.map((text) => `"${text}"`),
          list,
        ),
      )
      .map((pair) => pair.join(':'));
    const entry = fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(', ')}}`);
    const cut = fc
      .tuple(entry, fc.nat(), fc.nat(2), fc.constantFrom('', ' ', '"', '}', ','))
      .map(([text, at, gone, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + gone);
      });
    fc.assert(
      fc.property(fc.oneof(entry, cut), (text) => {
        const service = shortWay(text);
        if (service !== undefined) assert.deepEqual(service, longWay(text));
      }),
      { numRuns: 2000 },
    );
  });
});
