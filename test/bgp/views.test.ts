import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Membership, Views } from '../../src/bgp/views.js';
import type { RouteAttributes } from '../../src/config/config.js';
import { type Family, formatPrefix, type Prefix } from '../../src/net/address.js';
import { columnsOf, type Row, rowsIn, sessionKind, ToldMember, tagged, updatesIn } from './told-member.js';

const prefixNumber = (family: Family, n: number): Prefix =>
  family === 'ipv4'
    ? { family, words: [0x0a000000 + n], length: 32 }
    : { family, words: [0x20010db8, n, 0, 0], length: 64 };

/** Views whose tasks for later run when a test says so. */
class House {
  readonly tooLarge: RouteAttributes[] = [];
  readonly #tasks: (() => void)[] = [];
  readonly views = new Views(
    (attributes) => this.tooLarge.push(attributes),
    (task) => this.#tasks.push(task),
    () => {},
  );

  constructor(sets = 4) {
    for (let id = 1; id <= sets; id++) this.views.define(id, tagged(id));
  }

  change(view: number, family: Family, rows: readonly (readonly [number, number])[]) {
    return this.views.change(
      view,
      columnsOf(
        family,
        rows.map(([n, tag]): Row => [prefixNumber(family, n), tag]),
      ),
    );
  }

  settle(): void {
    for (const task of this.#tasks.splice(0)) task();
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      view: fc.integer({ min: 1, max: 2 }),
      rows: fc.array(fc.tuple(fc.nat(20), fc.nat(3)), { maxLength: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('block' as const), member: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unblock' as const), member: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), member: fc.nat(2) }) },
  fc.record({ kind: fc.constant('settle' as const) }),
  fc.record({ kind: fc.constant('withdrawAll' as const), view: fc.integer({ min: 1, max: 2 }) }),
);

describe('Views', () => {
  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`leave a session that moves with exactly the ${family} routes of its new view, and tell it nothing twice`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
          const house = new House();
          const { views } = house;
          const kind = sessionKind(family, 150);
          const wanted = new Map([1, 2].map((view) => [view, new Map<string, number>()] as const));
          const members = [0, 1, 2].map(() => new ToldMember(kind));
          const ends = [0, 0, 0];
          const finishOf = (i: number) => () => {
            ends[i]!++;
          };
          const places = members.map((member, i): Membership => views.join(1 + (i % 2), kind, member, finishOf(i)));
          views.complete();
          for (const action of steps) {
            switch (action.kind) {
              case 'change':
                for (const [n, tag] of action.rows) {
                  const text = formatPrefix(prefixNumber(family, n));
                  if (tag === 0) wanted.get(action.view)!.delete(text);
                  else wanted.get(action.view)!.set(text, tag);
                }
                house.change(action.view, family, action.rows);
                break;
              case 'withdrawAll':
                wanted.get(action.view)!.clear();
                views.withdrawAll(action.view, family);
                break;
              case 'block':
                members[action.member]!.writable = false;
                break;
              case 'unblock':
                members[action.member]!.writable = true;
                places[action.member]!.pump();
                break;
              case 'settle':
                house.settle();
                break;
              case 'move': {
                const [member, from] = [members[action.member]!, places[action.member]!];
                const to = 3 - from.view;
                const knowsAll = from.progress().pending === 0;
                const before = new Map(member.table);
                const alike = [...before].filter(([text, tag]) => wanted.get(to)!.get(text) === tag);
                const touched = new Set<string>();
                member.written = (octets) => {
                  for (const update of updatesIn(octets, kind))
                    for (const prefix of rowsIn(update).prefixes) touched.add(formatPrefix(prefix));
                };
                places[action.member] = views.move(from, to, kind, member, finishOf(action.member));
                places[action.member]!.pump();
                member.written = undefined;
                if (knowsAll) for (const [text] of alike) assert.ok(!touched.has(text), `${text} is told again`);
                if (knowsAll) assert.deepEqual([...member.table].sort(), [...wanted.get(to)!].sort());
                break;
              }
            }
          }
          for (const [i, member] of members.entries()) {
            member.writable = true;
            places[i]!.pump();
            const { view } = places[i]!;
            assert.deepEqual([...member.table].sort(), [...wanted.get(view)!].sort());
            assert.deepEqual(places[i]!.progress(), { announced: wanted.get(view)!.size, pending: 0 });
            assert.ok(ends[i]! >= 1);
          }
        }),
        { numRuns: 500 },
      );
    });
  }

  it('encode once for sessions of one kind, and for each kind by itself', () => {
    const { views } = new House();
    const [plain, twoOctet] = [sessionKind('ipv4'), { ...sessionKind('ipv4'), fourOctetAs: false }];
    const members = [plain, plain, twoOctet].map((kind) => new ToldMember(kind));
    const chunks: Uint8Array[] = [];
    for (const [i, member] of members.entries()) {
      member.written = (octets) => chunks.push(octets);
      views.join(1, [plain, plain, twoOctet][i]!, member, () => {}).pump();
    }
    views.change(1, columnsOf('ipv4', [[prefixNumber('ipv4', 1), 1]]));
    assert.equal(chunks.length, 3);
    assert.equal(chunks[0], chunks[1], 'the same octets, not a copy of them');
    assert.notEqual(chunks[0], chunks[2]);
  });

  it('forget what an attribute set was when its number is used again', () => {
    const house = new House();
    const member = new ToldMember(sessionKind('ipv4'));
    house.views.join(1, sessionKind('ipv4'), member, () => {});
    house.change(1, 'ipv4', [[1, 1]]);
    house.change(1, 'ipv4', [[1, 0]]);
    house.views.forget(1);
    house.views.define(1, tagged(77));
    house.change(1, 'ipv4', [[2, 1]]);
    assert.deepEqual([...member.table.values()], [77]);
  });

  it('give up the session that stands furthest behind when withdrawals wait for it', () => {
    const house = new House();
    const kind = sessionKind('ipv4', 65_535);
    const [fast, stuck] = [new ToldMember(kind), new ToldMember(kind)];
    const places = [fast, stuck].map((member) => house.views.join(1, kind, member, () => {}));
    const rows = Array.from({ length: 70_000 }, (_, n) => n);
    house.change(1, 'ipv4', [[70_001, 1]]);
    stuck.writable = false;
    house.change(
      1,
      'ipv4',
      rows.map((n) => [n, 1] as const),
    );
    house.change(1, 'ipv4', [[70_002, 1]]);
    fast.writable = false;
    const laggard = house.change(
      1,
      'ipv4',
      rows.map((n) => [n, 0] as const),
    );
    assert.ok(laggard === stuck);
    places[1]!.leave();
    fast.writable = true;
    places[0]!.pump();
    house.settle();
    assert.equal(fast.table.size, 2);
    assert.equal(house.views.rib(1, 'ipv4').withdrawals, 0);
  });

  it('bear a session that does not read for as long as the table bounds what it misses', () => {
    const house = new House();
    const kind = sessionKind('ipv4');
    const stuck = new ToldMember(kind);
    stuck.writable = false;
    const place = house.views.join(1, kind, stuck, () => {});
    for (let turn = 0; turn < 100; turn++)
      for (const tag of [1, 2, 0])
        assert.equal(
          house.change(
            1,
            'ipv4',
            Array.from({ length: 100 }, (_, n) => [n, tag] as const),
          ),
          undefined,
        );
    assert.deepEqual(place.progress(), { announced: 0, pending: 100 });
    assert.equal(stuck.octets, 0);
  });

  it('name attributes that fill a whole message', () => {
    const house = new House();
    const large = { communities: Array.from({ length: 1500 }, (_, value) => ({ kind: 'standard' as const, value })) };
    house.views.define(9, large);
    const member = new ToldMember(sessionKind('ipv4'));
    house.views.join(1, sessionKind('ipv4'), member, () => {});
    house.change(1, 'ipv4', [
      [1, 9],
      [2, 1],
    ]);
    assert.deepEqual(house.tooLarge, [large]);
    assert.equal(member.table.size, 1);
  });
});
