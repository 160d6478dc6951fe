import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Rib } from '../../src/bgp/rib.js';
import { encodeRouteAttributes, type SessionKind } from '../../src/bgp/route-attributes.js';
import type { Encoding } from '../../src/bgp/update-encoder.js';
import { UpdateGroup } from '../../src/bgp/update-group.js';
import { type Family, formatPrefix, type Prefix } from '../../src/net/address.js';
import { columnsOf, type Row, sessionKind, ToldMember, tagged } from './told-member.js';

const encodingOf = (kind: SessionKind): Encoding => ({
  maxOctets: kind.maxOctets,
  attributes: (id) => encodeRouteAttributes(tagged(id), kind),
});

const prefixNumber = (family: Family, n: number): Prefix =>
  family === 'ipv4'
    ? { family, words: [0xc0000200 + n * 256], length: 24 }
    : { family, words: [0x20010db8, n, 0, 0], length: 64 };

const group = (family: Family, maxOctets = 120): { rib: Rib; group: UpdateGroup; kind: SessionKind } => {
  const kind = sessionKind(family, maxOctets);
  const rib = new Rib(family, 2);
  return {
    rib,
    kind,
    group: new UpdateGroup(
      rib,
      encodingOf(kind),
      () => assert.fail('nothing is too large'),
      () => {},
    ),
  };
};

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      rows: fc.array(fc.tuple(fc.nat(30), fc.nat(3)), { maxLength: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('block' as const), member: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('unblock' as const), member: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      member: fc.nat(3),
      writable: fc.boolean(),
      again: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('leave' as const), member: fc.nat(3) }),
  fc.record({ kind: fc.constant('refresh' as const), member: fc.nat(3) }),
  fc.record({ kind: fc.constant('settle' as const) }),
  fc.record({ kind: fc.constant('withdrawAll' as const) }),
  fc.record({ kind: fc.constant('complete' as const) }),
);

/** A session of the group: what its peer has, and how often it was told that this was all. */
class Session {
  readonly member: ToldMember;
  finished = 0;
  /** Ends of the table or of a refresh that are still to come. */
  expected = 1;

  constructor(kind: SessionKind) {
    this.member = new ToldMember(kind);
  }
}

describe('An update group', () => {
  it('tells a newcomer what comes after a batch that it shares, though the last row of that is gone', () => {
    const on = group('ipv4');
    const [slow, late] = [new ToldMember(on.kind), new ToldMember(on.kind)];
    on.rib.apply(
      columnsOf(
        'ipv4',
        [1, 2].map((n): Row => [prefixNumber('ipv4', n), 1]),
      ),
    );
    slow.writable = false;
    on.group.join(slow, () => {});
    on.group.pump();
    on.rib.apply(columnsOf('ipv4', [[prefixNumber('ipv4', 2), 0]]));
    slow.writable = true;
    on.group.pump();
    on.rib.settle();
    on.group.join(late, () => {});
    on.group.pump();
    on.rib.apply(columnsOf('ipv4', [[prefixNumber('ipv4', 3), 1]]));
    on.group.pump();
    for (const { table } of [slow, late]) assert.deepEqual([...table.keys()], ['192.0.3.0/24', '192.0.5.0/24']);
  });

  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`tells every member the ${family} table, whoever stalls, comes, goes or asks again`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const on = group(family);
          const sessions: (Session | undefined)[] = [undefined, undefined, undefined, undefined];
          const wanted = new Map<string, number>();
          let complete = false;
          /** Told that it has all: then it has. */
          const finish = (session: Session, again: boolean) => () => {
            assert.ok(complete, 'the end is told before the table is known');
            session.finished++;
            assert.ok(session.finished <= session.expected, 'the end is told twice');
            assert.deepEqual([...session.member.table].sort(), [...wanted].sort());
            if (!again) return;
            session.expected++;
            on.group.join(session.member, finish(session, false));
            on.group.pump();
          };
          for (const action of steps) {
            const session = 'member' in action ? sessions[action.member] : undefined;
            switch (action.kind) {
              case 'change': {
                const rows = action.rows.map(([n, tag]): Row => [prefixNumber(family, n), tag]);
                for (const [prefix, tag] of rows) {
                  if (tag === 0) wanted.delete(formatPrefix(prefix));
                  else wanted.set(formatPrefix(prefix), tag);
                }
                on.rib.apply(columnsOf(family, rows));
                on.group.pump();
                break;
              }
              case 'withdrawAll':
                wanted.clear();
                on.rib.withdrawAll();
                on.group.pump();
                break;
              case 'block':
                if (session !== undefined) session.member.writable = false;
                break;
              case 'unblock':
                if (session !== undefined) session.member.writable = true;
                on.group.pump();
                break;
              case 'join': {
                if (session !== undefined) break;
                const joined = new Session(on.kind);
                joined.member.writable = action.writable;
                sessions[action.member] = joined;
                on.group.join(joined.member, finish(joined, action.again));
                on.group.pump();
                break;
              }
              case 'leave':
                if (session !== undefined) on.group.leave(session.member);
                sessions[action.member] = undefined;
                break;
              case 'refresh':
                if (session === undefined || session.finished < session.expected) break;
                session.expected++;
                on.group.join(session.member, finish(session, false));
                on.group.pump();
                break;
              case 'settle':
                on.rib.settle();
                break;
              case 'complete':
                complete = true;
                on.group.complete();
                break;
            }
          }
          complete = true;
          on.group.complete();
          for (const session of sessions) if (session !== undefined) session.member.writable = true;
          on.group.pump();
          for (const session of sessions) {
            if (session === undefined) continue;
            assert.deepEqual([...session.member.table].sort(), [...wanted].sort());
            assert.equal(session.finished, session.expected);
            assert.equal(on.group.laggard(), undefined);
          }
          on.rib.settle();
          assert.equal(on.rib.withdrawals, 0);
        }),
        { numRuns: 500 },
      );
    });
  }
});
