import assert from 'node:assert/strict';
import { type Import, importsOf, sourceFiles } from './source-files.js';

interface Room {
  /** What it is built on. Its own files are always allowed. */
  readonly uses?: readonly string[];
  /** Of what it knows the shapes, and nothing that runs. */
  readonly knows?: readonly string[];
  /** Parts of Node, and packages: none unless listed. */
  readonly packages?: readonly (string | RegExp)[];
}

const node = /^node:/;

/**
 * Who may import whom: the arrows of docs/architecture.md, written down. Values flow downstream, imports point upstream;
 * a name is a room, or a file where only that one is meant. Of several rows the most specific holds.
 */
const rooms: Readonly<Record<string, Room>> = {
  // Vocabulary: everybody's, imports nothing but vocabulary.
  net: {},
  'machine.ts': {},
  'nearest.ts': {},
  'ports.ts': {},
  'problem.ts': {},
  'config/config.ts': { uses: ['net', 'config/selector.ts'] },
  'config/selector.ts': {},

  // The numbers are bgp's, and operators write them in configurations.
  config: {
    uses: ['net', 'problem.ts', 'nearest.ts', 'bgp/numbers.ts'],
    packages: ['yaml', 'zod/mini', 'ip6addr', 'node:path', 'node:module'],
  },
  'config/write-reference.ts': { uses: ['config'], packages: ['node:fs'] },

  // Pure, from the table to the wire.
  table: {
    uses: [
      'net',
      'config/config.ts',
      'config/document.ts', // YAML with the place of everything in it
      'config/selector.ts',
      'problem.ts',
      'nearest.ts',
    ],
  },
  pools: { uses: ['net', 'config/config.ts', 'config/selector.ts', 'table'] },
  // Who announces an address, and where, is the plan's to decide; how is the LAN's workshop's.
  plan: {
    uses: [
      'net',
      'config/config.ts',
      'config/impact.ts',
      'config/selector.ts',
      'table',
      'pools',
      'l2/election.ts',
      'l2/interfaces.ts',
      'l2/link.ts',
      'l2/wish.ts',
    ],
  },
  'config/impact.ts': { knows: ['config/config.ts'] },
  bgp: { uses: ['net', 'machine.ts', 'ports.ts'], knows: ['config/config.ts'] },
  l2: { uses: ['net', 'machine.ts', 'ports.ts', 'config/selector.ts'], knows: ['config/config.ts'] },

  // Shells: what the world does to us, and what we do to it.
  'bgp/worker.ts': { uses: ['bgp', 'io'], packages: [node] },
  io: {
    uses: ['net', 'bgp', 'l2'],
    knows: ['ports.ts', 'config/config.ts', 'plan', 'pools/ledger.ts'],
    packages: [node, 'winston', 'node-netlink', 'raw-socket', 'lmdb'],
  },
  sources: { uses: ['table', 'io', 'problem.ts'], knows: ['net/address.ts', 'ports.ts'], packages: [node] },

  // Windows look in, and know shapes only.
  api: {
    uses: ['net', 'ports.ts', 'nearest.ts', 'io/open-files.ts', 'io/socket-path.ts', 'io/unix-socket.ts'],
    knows: ['bgp/protocol.ts', 'bgp/session.ts', 'bgp/session-status.ts', 'l2/responder.ts', 'plan/forecast.ts'],
    packages: [node, 'hono/router/reg-exp-router'],
  },

  // Metrics are another window: made of what the API says, in Prometheus's form.
  metrics: { knows: ['api/house.ts', 'api/lan.ts', 'bgp/protocol.ts'], packages: [node, 'prom-client'] },

  // The status page, which runs in browsers: it knows the shapes of what it asks for.
  page: {
    uses: ['api/event-stream.ts'],
    knows: ['api/house.ts', 'api/lan.ts', 'bgp/protocol.ts'],
    packages: ['preact', 'preact/hooks'],
  },

  // From a name to the line that decided: reads what the rooms before it have decided, and decides nothing.
  explain: {
    uses: ['net', 'config/config.ts', 'table', 'pools', 'plan'],
    knows: ['api/house.ts', 'bgp/protocol.ts', 'l2/wish.ts'],
  },

  // The running house: what joins the rooms, seen by the windows through one door.
  house: {
    uses: [
      'api',
      'bgp',
      'config',
      'explain',
      'io',
      'l2',
      'metrics',
      'net',
      'plan',
      'pools',
      'problem.ts',
      'sources',
      'table',
      'version.ts',
    ],
    knows: ['ports.ts', 'pools'],
    packages: [node],
  },
  'version.ts': { uses: ['io/package-file.ts'], packages: ['node:fs'] },
  'daemon.ts': {
    uses: ['api', 'house', 'io', 'net/address.ts', 'problem.ts', 'version.ts'],
    packages: [node],
  },
  cli: {
    uses: [
      'api',
      'config',
      'daemon.ts',
      'house',
      'io',
      'nearest.ts',
      'net',
      'pools',
      'problem.ts',
      'sources',
      'table',
      'version.ts',
    ],
    knows: ['bgp', 'plan/forecast.ts'],
    packages: [node, 'yargs'],
  },
  'main.ts': { uses: ['cli', 'io/bgp-worker.ts'], packages: [node] },

  // Before and beside all of it: how the build makes bundles of the house, and how a thread takes one up.
  bundle: { uses: ['bgp', 'io/bgp-worker.ts'], knows: ['main.ts'], packages: [node, 'esbuild'] },
  'start.ts': { uses: ['bundle'] },
};

const isIn = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);

/** The row of a file: its own, or its room's. */
const rowOf = (file: string): string | undefined =>
  Object.keys(rooms)
    .filter((place) => isIn(file, place))
    .sort((a, b) => b.length - a.length)[0];

function isAllowed({ file, target, isType }: Import): boolean {
  const row = rowOf(file);
  if (row === undefined) return false;
  const { uses = [], knows = [], packages = [] } = rooms[row]!;
  if (!/\.tsx?$/.test(target))
    return packages.some((allowed) => (typeof allowed === 'string' ? allowed === target : allowed.test(target)));
  if (isIn(target, row)) return true;
  return uses.some((place) => isIn(target, place)) || (isType && knows.some((place) => isIn(target, place)));
}

const imports = sourceFiles().flatMap(importsOf);

describe('The rooms of the house', () => {
  it('all have their doors written down', () => {
    assert.deepEqual(
      sourceFiles().filter((file) => rowOf(file) === undefined),
      [],
    );
  });

  it('import only what stands upstream of them', () => {
    const strays = imports.filter((its) => !isAllowed(its)).map(({ file, target }) => `${file} imports ${target}`);
    assert.deepEqual(strays, []);
  });

  it('would be told so if they did not', () => {
    for (const [file, target, isType] of [
      ['net/address.ts', 'table/service.ts', true],
      ['table/csv.ts', 'plan/plan.ts', false],
      ['plan/plan.ts', 'bgp/rib.ts', false],
      ['plan/plan.ts', 'node:fs', false],
      ['bgp/session.ts', 'api/house.ts', true],
      ['bgp/session.ts', 'l2/arp.ts', true],
      ['l2/arp.ts', 'bgp/session.ts', true],
      ['bgp/session.ts', 'node:net', false],
      ['bgp/session.ts', 'io/clock.ts', false],
      ['bgp/speaker.ts', 'config/parse.ts', false],
      ['bgp/speaker.ts', 'config/config.ts', false],
      ['api/routes.ts', 'plan/announcer.ts', true],
      ['api/routes.ts', 'bgp/protocol.ts', false],
      ['page/live.ts', 'net/address.ts', false],
      ['page/app.tsx', 'node:fs', false],
      ['io/tcp.ts', 'cli/run.ts', false],
      ['cellar/wine.ts', 'net/address.ts', true],
    ] as const)
      assert.equal(isAllowed({ file, target, isType }), false, `${file} may import ${target}`);
  });

  it('keep no door for a file that is not there', () => {
    const used = new Set(sourceFiles().map(rowOf));
    assert.deepEqual(
      Object.keys(rooms).filter((row) => !used.has(row)),
      [],
    );
  });

  it('never go in a circle', () => {
    const values = new Map<string, string[]>();
    for (const { file, target, isType } of imports)
      if (!isType && /\.tsx?$/.test(target)) values.set(file, [...(values.get(file) ?? []), target]);
    const done = new Set<string>();
    const walk = (file: string, way: readonly string[]): void => {
      assert.ok(!way.includes(file), [...way, file].join(' imports '));
      if (done.has(file)) return;
      for (const next of values.get(file) ?? []) walk(next, [...way, file]);
      done.add(file);
    };
    for (const file of values.keys()) walk(file, []);
  });
});
