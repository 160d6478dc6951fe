// npx tsx test/bench/bench.ts [--only ITEM,…] [--peers NAME,…] [--reps N] [--quick] [--json] [--list]
// herald beside the other speakers, in one run and alternating, so that a busy machine is unfair to all alike.

import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { labObstacle } from '../netns.js';
import type { Daemon, Work } from './daemon.js';
import { bird } from './daemons/bird.js';
import { blast } from './daemons/blast.js';
import { exabgp } from './daemons/exabgp.js';
import { frr } from './daemons/frr.js';
import { gobgp } from './daemons/gobgp.js';
import { herald, heraldServices } from './daemons/herald.js';
import { openbgpd } from './daemons/openbgpd.js';
import { type Fact, facts, printedFact } from './facts.js';
import { type Item, items } from './items.js';
import { type Kind, live, noSamples } from './measure.js';
import { Stage } from './stage.js';
import { bestPeer, judge, printed, type Row, type Verdict } from './table.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    reps: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
const progress = (text: string): boolean => process.stderr.write(`${text}\n`);

const daemons: readonly Daemon[] = [blast, bird, openbgpd, frr, gobgp, exabgp, herald, heraldServices];

/** What a daemon can do within the patience of a bench; undefined: not this work. */
function withinReach(daemon: Daemon, work: Work): Work | undefined {
  const million = work.routes > 100_000;
  const routes = Math.min(work.routes, 10_000);
  if (daemon === exabgp) return options.quick || million || work.peers > 4 ? undefined : { ...work, routes };
  // More than a minute until a million stand.
  if (daemon === gobgp) return million ? undefined : work;
  if (daemon === openbgpd || daemon === frr) return million && options.quick ? undefined : work;
  // As services a million is not what is promised; 100,000 are.
  if (daemon === heraldServices) return work.routes === 100_000 && work.peers === 4 ? work : undefined;
  return work;
}

function lives(daemon: Daemon, work: Work): number {
  const asked = options.quick ? 1 : Number(options.reps);
  if (daemon === exabgp) return 1;
  if (work.routes > 100_000 && (daemon === frr || daemon === openbgpd)) return 1;
  // SYNs beyond its backlog are retried after seconds.
  if (work.peers > 16 && daemon === openbgpd) return 1;
  return asked;
}

/** Alternating over the daemons. A change and a mass withdrawal are of different lives: what changed would be left. */
async function measure(stage: Stage, work: Work, kinds: ReadonlySet<Kind>, chosen: readonly Daemon[]): Promise<Row[]> {
  const rows = chosen.flatMap((daemon) => {
    const reach = withinReach(daemon, work);
    return reach === undefined
      ? []
      : [
          {
            daemon,
            work: reach,
            lives: lives(daemon, work),
            samples: noSamples(),
            failure: undefined as string | undefined,
          },
        ];
  });
  const changes = (['change', 'fileChange'] as const).filter((kind) => kinds.has(kind));
  const apart = kinds.has('withdraw') && changes.length > 0;
  const repetitions = Math.max(0, ...rows.map((row) => row.lives)) + (apart ? 1 : 0);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const row of rows) {
      const forChanges = apart ? repetition === repetitions - 1 : repetition === 0;
      const hopeless = row.failure !== undefined && row.samples.cold.length === 0;
      if (hopeless || (repetition >= row.lives && !(apart && forChanges))) continue;
      const wanted = new Set<Kind>(kinds);
      if (!forChanges) for (const kind of changes) wanted.delete(kind);
      if (apart && forChanges) wanted.delete('withdraw');
      // Half a minute for 100,000 withdrawals.
      if (row.daemon === gobgp && (repetition > 0 || options.quick)) wanted.delete('withdraw');
      progress(`${row.work.routes} routes, ${row.work.peers} peers, ${row.daemon.name} …`);
      try {
        await live(stage, row.daemon, row.work, wanted, row.samples, options.quick ? 50 : 200);
      } catch (error) {
        row.failure = error instanceof Error ? error.message : String(error);
        progress(row.failure);
      }
    }
  }
  return rows.map(({ daemon, work: { routes }, samples, failure }) => ({
    daemon: daemon.name,
    samples,
    routes,
    failure,
  }));
}

const workKey = ({ routes, peers }: Work): string => `${routes}/${peers}`;

async function run(stage: Stage, wanted: readonly string[] | undefined, chosen: readonly Daemon[]): Promise<void> {
  const isWanted = ({ id }: { id: string }) => wanted === undefined || wanted.includes(id);
  const shown = items.filter(isWanted);
  const needed = items.filter((item) => shown.some((one) => one === item || one.measuredBy === item.id));
  const rows = new Map<string, readonly Row[]>();
  const verdicts: Verdict[] = [];
  const rowsOf = async (item: Item): Promise<readonly Row[]> => {
    const key = workKey(item.work);
    const known = rows.get(key);
    if (known) return known;
    const kinds = needed.filter(({ work }) => workKey(work) === key).flatMap(({ kind }) => (kind ? [kind] : []));
    const measured = await measure(stage, item.work, new Set(kinds), chosen);
    rows.set(key, measured);
    return measured;
  };
  for (const item of shown) {
    const yardstick = items.find(({ id }) => id === item.measuredBy) ?? item;
    const yardstickRows = await rowsOf(yardstick);
    const own = await rowsOf(item);
    const judged = item.figures.map((figure) => judge(item, figure, own, bestPeer(yardstickRows, yardstick, figure)));
    verdicts.push(...judged);
    if (!options.json) write(printed(item, judged, own));
  }
  const shownFacts: Fact[] = [];
  const ready = chosen.includes(herald);
  for (const { id, title, measure: observe } of facts.filter(isWanted)) {
    if (!ready) continue;
    progress(`${id} …`);
    const fact = { id, title, ...(await observe(stage)) };
    shownFacts.push(fact);
    if (!options.json) write(printedFact(fact));
  }
  if (options.json) {
    const versions = Object.fromEntries(chosen.map((daemon) => [daemon.name, daemon.version()]));
    write(JSON.stringify({ versions, verdicts, facts: shownFacts, samples: Object.fromEntries(rows) }, undefined, 2));
  }
  if (verdicts.some(({ herald: entries }) => entries.some(({ met }) => !met)) || shownFacts.some(({ holds }) => !holds))
    process.exitCode = 1;
}

async function main(): Promise<void> {
  if (options.list) {
    for (const { id, title } of [...items, ...facts]) write(`${id.padEnd(16)}${title}`);
    return;
  }
  const obstacle = labObstacle();
  if (obstacle !== undefined) {
    progress(obstacle);
    process.exitCode = 69;
    return;
  }
  const names = options.peers?.split(',');
  const chosen = daemons.filter(
    (daemon) => names === undefined || names.includes(daemon.name) || daemon === herald || daemon === heraldServices,
  );
  const installed = chosen.filter((daemon) => daemon.version() !== undefined);
  for (const daemon of chosen)
    progress(`${daemon.name.padEnd(16)}${daemon.version() ?? 'not installed (herald: not built): left out'}`);
  progress(
    `load at the start: ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
  );
  const stage = new Stage();
  try {
    await run(stage, options.only?.split(','), installed);
  } finally {
    stage.destroy();
    progress(
      `load at the end: ${loadavg()
        .map((load) => load.toFixed(2))
        .join(' ')}`,
    );
  }
}

await main();
