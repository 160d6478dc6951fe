import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { BgpAdvertisement, Config, RouteAttributes, SourceConfig } from '../../src/config/config.js';
import type { AllotmentPorts } from '../../src/plan/allotment.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import type { Drain } from '../../src/plan/drain.js';
import type { Bulk } from '../../src/table/bulk.js';
import { type KeptService, noIpv4, PlainService, whole } from '../../src/table/plain-service.js';
import { type Service, sameService } from '../../src/table/service.js';
import { address, type BulkRow, bulkOf, configured, service, type Told, ToldPort } from '../plan/given.js';
import { FakeLedger } from '../pools/fake-ledger.js';

const base = configured('', 4);
const sourceNames = ['static', 'routes', 'controller'];
const prefixes = [
  '203.0.113.0/24',
  '203.0.113.1/32',
  '203.0.113.2/32',
  '192.0.2.0/24',
  '2001:db8::/32',
  '2001:db8::1/128',
];
const addresses = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '198.51.100.1', '2001:db8::1', '2001:db8::2'];

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

const attributes: fc.Arbitrary<RouteAttributes> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.integer({ min: 1, max: 3 }).map((value) => ({ communities: [{ kind: 'standard' as const, value }] })),
  fc.constantFrom<RouteAttributes>(
    { med: 1 },
    { med: 2 },
    { localPref: 200 },
    { asPathPrepend: 1 },
    { nextHop: [address('10.0.0.9')] },
  ),
);

const advertisement = (name: string): fc.Arbitrary<BgpAdvertisement> =>
  record<BgpAdvertisement>({
    name: fc.constant(name),
    pools: fc.constantFrom(undefined, undefined, ['production']),
    aggregationLength: fc.constantFrom(32, 32, 24),
    aggregationLengthV6: fc.constantFrom(128, 64),
    attributes,
    peers: fc.oneof(
      fc.constant([]),
      fc.subarray(
        base.bgpPeers.map((peer) => peer.name),
        { minLength: 1 },
      ),
    ),
    serviceSelectors: fc.constantFrom([], [], [{ matchLabels: { tier: 'gold' }, matchExpressions: [] }]),
  });

const sourceNamed = (name: string): SourceConfig => ({ name, kind: 'file', file: `/t/${name}.yaml` });

const config: fc.Arbitrary<Config> = record({
  peers: fc.subarray([...base.bgpPeers], { minLength: 1 }),
  advertisements: fc
    .subarray(['one', 'two', 'three'])
    .chain((names) => fc.tuple(...names.map((name) => advertisement(name)))),
  sources: fc.shuffledSubarray(sourceNames),
  pooled: fc.boolean(),
  maxWithdrawPercent: fc.constantFrom(100, 100, 30, 0),
}).map(({ peers, advertisements, sources, pooled, maxWithdrawPercent }) => ({
  ...base,
  bgpPeers: peers,
  bgpAdvertisements: advertisements,
  sources: sources.map(sourceNamed),
  addressPools: pooled
    ? configured('addressPools: [{ name: production, addresses: [203.0.113.0/24] }]').addressPools
    : [],
  safety: { maxWithdrawPercent },
}));

const entry: fc.Arbitrary<KeptService> = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd'),
    record({
      addresses: fc.subarray(addresses, { maxLength: 2 }),
      prefixes: fc.subarray(prefixes, { maxLength: 2 }),
      labels: fc.constantFrom<Record<string, string>>({}, { tier: 'gold' }),
      enabled: fc.constantFrom(true, true, true, false),
      loadBalancerClass: fc.constantFrom('', '', '', 'foreign'),
      bgp: attributes,
    }),
  )
  .map(([name, given]) => plainly(service(name, given)));

/** As the reader of a table keeps it: the same service, but in the form that most of a large table have. */
function plainly(service: Service): KeptService {
  const [first, second] = service.addresses;
  if (first === undefined || (second !== undefined && first.family === second.family)) return service;
  const ipv6 = first.family === 'ipv6' ? first : second;
  if (first === ipv6 && second !== undefined) return service;
  const plain = new PlainService(service.name, first === ipv6 ? noIpv4 : first.words[0]! | 0, ipv6?.words);
  return sameService(whole(plain), service) ? plain : service;
}

const bulk: fc.Arbitrary<Bulk | undefined> = fc.option(
  fc
    .subarray(prefixes)
    .chain((texts) =>
      fc.tuple(...texts.map((text) => fc.tuple(fc.constant(text), fc.option(attributes, { nil: undefined })))),
    )
    .map((rows: readonly (readonly [string, RouteAttributes | undefined])[]) =>
      bulkOf(rows.map(([text, set]): BulkRow => (set === undefined ? [text] : [text, set]))),
    ),
  { nil: undefined },
);

const source = fc.constantFrom(...sourceNames, cliSource);

const step = fc.oneof(
  record({
    kind: fc.constant('services' as const),
    source,
    upserted: fc.uniqueArray(entry, { maxLength: 3, selector: ({ name }) => name }),
    removed: fc.subarray(['default/a', 'default/b', 'default/c', 'default/d']),
    force: fc.boolean(),
  }),
  record({ kind: fc.constant('bulk' as const), source: fc.constantFrom(...sourceNames), bulk, force: fc.boolean() }),
  record({ kind: fc.constant('config' as const), config, force: fc.boolean() }),
  record({ kind: fc.constant('drain' as const), drain: fc.constantFrom<Drain>('off', 'grace', 'drained') }),
  record({ kind: fc.constant('rank' as const), sources: fc.shuffledSubarray(sourceNames), force: fc.boolean() }),
);

/** What each peer is told at the end, by an announcer that has seen nothing but the end: as after a restart. */
function fromScratch(config: Config, { table, bulks }: Announcer, ledger: FakeLedger, now: number): Map<string, Told> {
  const port = new ToldPort();
  const announcer = new Announcer(
    config,
    port,
    () => new Date(now),
    inLedger(ledger, () => now),
  );
  announcer.allotment.restore(ledger.read());
  announcer.allotment.beginReading();
  for (const name of [...sourceNames, cliSource]) {
    const upserted = table.namesOf(name).map((key) => table.of(name, key)!);
    announcer.applyServices(name, { upserted, removed: [] }, true);
  }
  for (const [name, rows] of bulks) announcer.applyBulk(name, rows, true);
  announcer.readingEnded();
  announcer.sweep();
  return byPeer(announcer, port);
}

const inLedger = (ledger: FakeLedger, now: () => number): AllotmentPorts => ({
  store: (change) => ledger.write(change),
  now,
  settled: () => {},
});

const byPeer = ({ views }: Announcer, port: ToldPort): Map<string, Told> =>
  new Map(views.flatMap(({ id, peers }) => peers.map((peer) => [peer, new Map([...port.view(id)].sort())] as const)));

const sorted = (told: ReadonlyMap<string, Told>): [string, [string, string][]][] =>
  [...told].sort().map(([peer, routes]) => [peer, [...routes].sort()]);

/** What a drain makes of what would be announced without it. RFC 8326. */
function under(drain: Drain, told: ReadonlyMap<string, Told>): Map<string, Told> {
  if (drain === 'off') return new Map(told);
  return new Map(
    [...told].map(([peer, routes]) => [
      peer,
      new Map(drain === 'drained' ? [] : [...routes].map(([text, said]) => [text, lastResort(said)])),
    ]),
  );
}

function lastResort(said: string): string {
  const { localPref: _, med, asPathPrepend, nextHop, communities = [] } = JSON.parse(said);
  return JSON.stringify({
    localPref: 0,
    med,
    asPathPrepend,
    nextHop,
    communities: [...communities, 's4294901760'].sort(),
  });
}

/** Everything an operator could see of the state. */
const stateOf = ({ table, bulks, views, announced }: Announcer): unknown => ({
  claims: table.names().map((name) => [name, table.since(name)?.getTime(), [...table.claims(name)]]),
  bulks: [...bulks].sort(([a], [b]) => (a < b ? -1 : 1)),
  views,
  announced,
});

describe('What is announced', () => {
  it('depends on the tables, the configuration and whether the node is drained, and not on the way there', () => {
    fc.assert(
      fc.property(config, fc.array(step, { maxLength: 12 }), (first, steps) => {
        let now = 0;
        let current = first;
        let drain: Drain = 'off';
        const port = new ToldPort();
        const ledger = new FakeLedger();
        const announcer = new Announcer(
          first,
          port,
          () => new Date(++now),
          inLedger(ledger, () => now),
        );
        for (const action of steps) {
          const before = { state: stateOf(announcer), calls: port.calls };
          if (
            'source' in action &&
            action.source !== cliSource &&
            !current.sources.some(({ name }) => name === action.source)
          )
            continue;
          if (action.kind === 'drain') {
            drain = action.drain;
            announcer.setDrain(drain);
          } else if (action.kind === 'config' || action.kind === 'rank') {
            const next =
              action.kind === 'config' ? action.config : { ...current, sources: action.sources.map(sourceNamed) };
            const told = byPeer(announcer, port);
            const viewOf = new Map(
              announcer.views.flatMap(({ id, peers }) => peers.map((peer) => [peer, id] as const)),
            );
            const refusal = announcer.configure(next, action.force);
            if (refusal === undefined) {
              current = next;
              const then = byPeer(announcer, port);
              for (const [peer, routes] of told) {
                const last = then.get(peer);
                if (last === undefined) continue;
                // The peers have not moved yet: what both configurations say must not have been touched.
                const seen = port.view(viewOf.get(peer)!);
                for (const text of new Set([...routes.keys(), ...seen.keys(), ...last.keys()])) {
                  const allowed = [routes.get(text), last.get(text)];
                  assert.ok(allowed.includes(seen.get(text)), `${peer} sees ${text} change for a moment`);
                }
              }
              for (const view of announcer.dropUnusedViews()) port.dropView(view);
              for (const name of sourceNames)
                if (!current.sources.some((other) => other.name === name)) announcer.dropSource(name);
            } else {
              assert.deepEqual(stateOf(announcer), before.state);
              assert.equal(port.calls, before.calls, 'a refusal is nobody else’s business');
            }
          } else {
            const refusal =
              action.kind === 'services'
                ? announcer.applyServices(action.source, action, action.force)
                : announcer.applyBulk(action.source, action.bulk, action.force);
            if (refusal !== undefined) {
              assert.deepEqual(stateOf(announcer), before.state);
              assert.equal(port.calls, before.calls, 'a refusal is nobody else’s business');
            }
          }
          const undrained = fromScratch(current, announcer, ledger, now);
          assert.deepEqual(sorted(byPeer(announcer, port)), sorted(under(drain, undrained)));
          assert.equal(announcer.announced, port.announced);
          port.check();
          const live = new Set(announcer.views.map(({ id }) => id));
          for (const view of port.views.keys()) assert.ok(live.has(view), `view ${view} is nobody's`);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
