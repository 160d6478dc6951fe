import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress } from '../../src/net/address.js';
import { conflict, termsOf } from '../../src/pools/sharing.js';
import type { Service } from '../../src/table/service.js';
import { type Given, service } from '../plan/given.js';
import { pool, pools, World } from '../pools/world.js';

const names = ['a', 'b', 'c', 'd', 'e'] as const;
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

const ranges = ['203.0.113.0/31', '203.0.113.2-203.0.113.4', '198.51.100.0/32', '2001:db8::/127', '2001:db8:1::/128'];

const poolLine = (name: string): fc.Arbitrary<string> =>
  record({
    state: fc.constantFrom('active', 'active', 'active', 'draining', 'disabled'),
    autoAssign: fc.constantFrom(true, true, false),
    more: fc.constantFrom(
      '',
      '',
      'onRevoke: keep',
      'onRevoke: release',
      'onRevoke: refuse',
      'reuseDelay: 0s',
      'avoidBuggyIPs: true',
      'serviceAllocation: { priority: 5, serviceSelectors: [{ matchLabels: { tier: gold } }] }',
    ),
  }).map(
    ({ state, autoAssign, more }) =>
      `${name}|state: ${state}, autoAssign: ${autoAssign}${more === '' ? '' : `, ${more}`}`,
  );

/** Ranges dealt out to pools; some to none. */
const config: fc.Arbitrary<string> = record({
  lines: fc.tuple(poolLine('p'), poolLine('q'), poolLine('r')),
  owners: fc.array(fc.constantFrom(0, 0, 1, 2, undefined), { minLength: ranges.length, maxLength: ranges.length }),
  pace: fc.constantFrom(60, 1),
  overlap: fc.constantFrom('30s', '0s'),
}).map(({ lines, owners, pace, overlap }) => {
  const written = lines.flatMap((line, at) => {
    const [name = '', more = ''] = line.split('|');
    const own = ranges.filter((_, i) => owners[i] === at);
    return own.length === 0 ? [] : [pool(name, own, more)];
  });
  const allocation = `allocation: { maxMovesPerMinute: ${pace}, overlap: ${overlap} }`;
  return written.length === 0 ? allocation : `${pools(...written)}\n${allocation}`;
});

const given: fc.Arbitrary<Given> = record<Given>({
  addresses: fc.constantFrom([], [], [], ['203.0.113.1'], ['203.0.113.2', '2001:db8::1'], ['192.0.2.9']),
  addressPool: fc.constantFrom('', '', '', 'p', 'q'),
  ipFamilyPolicy: fc.constantFrom('SingleStack', 'SingleStack', 'PreferDualStack', 'RequireDualStack'),
  ipFamilies: fc.constantFrom([], [], ['ipv4'], ['ipv6']),
  allowSharedIP: fc.constantFrom('', '', 'k'),
  ports: fc.constantFrom([], [{ protocol: 'TCP', port: 80 }], [{ protocol: 'TCP', port: 443 }]),
  externalTrafficPolicy: fc.constantFrom('Cluster', 'Cluster', 'Local'),
  labels: fc.constantFrom<Record<string, string>>({}, { tier: 'gold' }),
  loadBalancerClass: fc.constantFrom('', '', '', 'foreign'),
});

interface Edit {
  readonly upserted: readonly (readonly [name: string, given: Given])[];
  readonly removed: readonly string[];
}

const edit: fc.Arbitrary<Edit> = record({
  upserted: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), given), { maxLength: 3, selector: ([name]) => name }),
  removed: fc.subarray([...names], { maxLength: 2 }),
});

type Step =
  | { kind: 'edit' | 'crash'; edit: Edit; isEditKept?: boolean }
  | { kind: 'configure'; config: string; accepts: boolean }
  | { kind: 'pass'; seconds: number }
  | { kind: 'restart'; isReversed: boolean }
  | { kind: 'disk'; isFull: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: record({ kind: fc.constant('edit' as const), edit }) },
  { weight: 2, arbitrary: record({ kind: fc.constant('configure' as const), config, accepts: fc.boolean() }) },
  { weight: 2, arbitrary: record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 30, 60, 301) }) },
  { weight: 1, arbitrary: record({ kind: fc.constant('restart' as const), isReversed: fc.boolean() }) },
  { weight: 1, arbitrary: record({ kind: fc.constant('crash' as const), edit, isEditKept: fc.boolean() }) },
  { weight: 1, arbitrary: record({ kind: fc.constant('disk' as const), isFull: fc.boolean() }) },
);

const servicesOf = ({ upserted }: Edit): Service[] => upserted.map(([name, its]) => service(name, its));
const removedOf = ({ removed }: Edit): string[] => removed.map((name) => `default/${name}`);

/** Everything each service may announce, as text. */
const held = (world: World): Map<string, string[]> =>
  new Map(world.table().map((entry) => [entry.name, world.announcer.settlement(entry).addresses.map(formatAddress)]));

/** An address is on several services only where each pair of them may share it. */
function nobodyIsDoubled(world: World): void {
  const entries = world.table();
  const pooled = !world.announcer.allotment.isIdle;
  for (const [i, one] of entries.entries())
    for (const other of entries.slice(i + 1)) {
      const [ours, theirs] = [one, other].map((entry) => world.announcer.settlement(entry));
      const both = ours!.addresses.filter((address) =>
        theirs!.addresses.some((its) => formatAddress(its) === formatAddress(address)),
      );
      // Without pools entries have what they say, be it twice.
      const isWritten = [ours, theirs].every((settled) => settled!.pool === '');
      if (both.length === 0 || !pooled || isWritten) continue;
      assert.equal(
        conflict(termsOf(one), termsOf(other)),
        undefined,
        `${one.name} and ${other.name} have ${formatAddress(both[0]!)}`,
      );
    }
}

/** What is announced is held, and what is held is on disk. */
function nothingIsAnnouncedUnheld(world: World): void {
  const entries = world.table();
  const all = new Set(entries.flatMap((entry) => world.announcer.settlement(entry).addresses.map(formatAddress)));
  for (const address of world.announced) assert.ok(all.has(address), `${address} is announced, and nobody holds it`);
  for (const entry of entries) {
    const { addresses, pool: from } = world.announcer.settlement(entry);
    if (addresses.length === 0 || from === '') continue;
    const stored = world.ledger.holdings.get(entry.name);
    const known = [...(stored?.addresses ?? []), ...(stored?.leaving?.addresses ?? [])];
    for (const address of addresses)
      assert.ok(known.includes(formatAddress(address)), `${formatAddress(address)} is not in the ledger`);
  }
}

/** Who was there before and after, and has another address now, stands in the log with a reason. */
function nobodyMovesSilently(world: World, before: Map<string, string[]>): void {
  for (const [name, now] of held(world)) {
    const had = before.get(name);
    if (had === undefined || had.length === 0 || had.join() === now.join()) continue;
    const lines = world.log.filter((line) => line.service === name);
    const isSaid = lines.some(({ message }) => /: ./.test(message));
    const entry = world.table().find((candidate) => candidate.name === name)!;
    const isWritten = world.announcer.settlement(entry).pool === '';
    assert.ok(isSaid || isWritten, `${name} had ${had.join()}, has ${now.join()}, and nobody says why`);
  }
}

function run(world: World, action: Step): void {
  switch (action.kind) {
    case 'edit':
      world.apply(servicesOf(action.edit), removedOf(action.edit));
      return;
    case 'configure':
      world.configure(action.config, action.accepts);
      return;
    case 'pass':
      world.pass(action.seconds * 1000);
      return;
    case 'restart':
      world.restart(action.isReversed ? world.table().reverse() : world.table());
      return;
    case 'crash': {
      const table = world.table();
      world.apply(servicesOf(action.edit), removedOf(action.edit));
      world.restart(action.isEditKept === true ? world.table() : table);
      return;
    }
    case 'disk':
      world.ledger.fault = action.isFull ? new Error('no space left on device') : undefined;
      if (!action.isFull) world.pass(5000);
  }
}

describe('Allocations, whatever is edited, restarted and broken', () => {
  it('never double an address, move without a word, or are announced without being stored', () => {
    fc.assert(
      fc.property(config, fc.array(step, { maxLength: 14 }), (first, steps) => {
        const world = new World(first);
        for (const action of steps) {
          world.log.length = 0;
          const before = held(world);
          run(world, action);
          nobodyIsDoubled(world);
          nothingIsAnnouncedUnheld(world);
          if (action.kind !== 'restart' && action.kind !== 'crash') nobodyMovesSilently(world, before);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('stay as they are when the same is said again, or herald starts again', () => {
    fc.assert(
      fc.property(config, fc.array(step, { maxLength: 10 }), (first, steps) => {
        const world = new World(first);
        for (const action of steps) if (action.kind !== 'disk') run(world, action);
        // Whatever is due in this moment is done.
        world.pass(0);
        const before = held(world);
        const { length } = world.ledger.changes;
        world.log.length = 0;
        world.apply(world.table().reverse(), []);
        assert.deepEqual(held(world), before);
        // Of several reasons to wait another may be the first by now.
        assert.deepEqual(
          world.lines().filter((line) => !line.startsWith('notAllocated')),
          [],
        );
        assert.equal(world.ledger.changes.length, length, 'nothing is written for nothing');
        const announced = world.announced;
        world.restart(world.table().reverse());
        assert.deepEqual(held(world), before);
        assert.deepEqual(world.announced, announced);
        assert.equal(world.ledger.changes.length, length);
      }),
      { numRuns: 400 },
    );
  });
});
