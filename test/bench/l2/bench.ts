// The bench of the responder: herald beside a reflector in C, the kernel, ndppd and keepalived, on a veth pair between two
// namespaces. All alternate within one run; the best of the repetitions counts, for each alike. Read ../README.md first.

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Lab, labObstacle, type Program } from '../../netns.js';
import type { Table } from './host.js';
import {
  Herald,
  herald,
  heraldBlocked,
  hex,
  kernel,
  ndppd,
  type Responder,
  reflector,
  type Serving,
  type Site,
  sleep,
} from './responders.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    reps: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0.2' },
    list: { type: 'boolean', default: false },
  },
});
const repetitions = Number(options.reps);
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const first = 0x0a000001;
const table = (protocol: 'arp' | 'ndp', count: number): Table => ({ protocol, first, count });
const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1)).padStart(9);
let missed = false;

/** A line of the table; `bar` true: met, false: missed. */
function row(name: string, cells: readonly string[], bar?: boolean): void {
  if (bar === false) missed = true;
  say(`  ${name.padEnd(28)}${cells.join('  ')}${bar === undefined ? '' : bar ? '   met' : '   MISSED'}`);
}

class Stage {
  readonly lab = new Lab();
  readonly there = this.lab.namespace('asker');
  readonly #lan = join(this.lab.directory, 'lan');
  readonly #sites = new Map<string, Site>();

  constructor() {
    const source = fileURLToPath(new URL('./lan.c', import.meta.url));
    const { status, stderr, error } = spawnSync('cc', ['-O2', '-Wall', '-o', this.#lan, source], { encoding: 'utf8' });
    if (error) throw error;
    if (status !== 0) throw new Error(`cc: ${stderr}`);
  }

  site(name: string): Site {
    const known = this.#sites.get(name);
    if (known) return known;
    const number = this.#sites.size;
    const here = this.lab.namespace(`responder${number}`);
    const device = `asker${number}`;
    this.lab.connect(
      { namespace: here, device: 'eth0', addresses: [`172.31.${number}.1/24`, '2001:db8:2::2/64'] },
      { namespace: this.there, device, addresses: [`172.31.${number}.2/24`, '2001:db8:2::1/64'] },
    );
    const [, index, mac] = /^(\d+):.*link\/ether (\S+)/.exec(here.run('ip', '-o', 'link', 'show', 'eth0')) ?? [];
    const site = { lab: this.lab, here, device, lan: this.#lan, index: Number(index), mac: mac ?? '' };
    this.#sites.set(name, site);
    return site;
  }

  /** Runs lan.c beside the asker. */
  async lan<T>(...words: readonly string[]): Promise<T> {
    const program = this.there.spawn([this.#lan, ...words]);
    if ((await program.exited) !== 0) throw new Error(`lan ${words.join(' ')}: ${program.log}`);
    return JSON.parse(program.log.split('\n').at(-2) ?? '');
  }

  count(device: string, count: number): Program {
    return this.there.spawn([this.#lan, 'count', device, hex(first), String(count), '15']);
  }
}

interface Answers {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly lost: number;
}

const nothing: Answers = { p50: Infinity, p99: Infinity, perSecond: 0, lost: 0 };
const better = (a: Answers, b: Answers): Answers => ({
  p50: Math.min(a.p50, b.p50 < 0 ? Infinity : b.p50),
  p99: Math.min(a.p99, b.p99 < 0 ? Infinity : b.p99),
  perSecond: Math.max(a.perSecond, b.perSecond),
  lost: a.lost + b.lost,
});

/** The best of each figure over the repetitions, for every responder that can do it. All are there, and asked in turn. */
async function ask(
  stage: Stage,
  responders: readonly Responder[],
  asked: Table,
  outstanding: number,
): Promise<ReadonlyMap<Responder, Answers>> {
  const able = responders.filter((responder) => responder.obstacle(asked) === undefined);
  const best = new Map(able.map((responder) => [responder, nothing]));
  const serving: Serving[] = [];
  try {
    for (const responder of able) serving.push(await responder.serve(stage.site(responder.name), asked));
    const { protocol, count } = asked;
    const words = [protocol, hex(first), String(count), String(outstanding)];
    const asking = (responder: Responder, seconds: string): Promise<Answers> =>
      stage.lan('ask', stage.site(responder.name).device, ...words, seconds);
    for (const responder of able) await asking(responder, '0.1');
    for (let repetition = 0; repetition < repetitions; repetition++)
      for (const responder of able)
        best.set(responder, better(best.get(responder) ?? nothing, await asking(responder, options.seconds)));
  } finally {
    for (const one of serving) await one.stop();
  }
  return best;
}

async function latency(stage: Stage, asked: Table): Promise<void> {
  const best = await ask(stage, [reflector, kernel, ndppd, herald, heraldBlocked], asked, 1);
  const measure = best.get(reflector)!;
  say('                                 p50 µs     p99 µs  of the reflector’s   lost');
  for (const [responder, { p50, p99, lost }] of best) {
    const [half, tail] = [p50 / measure.p50, p99 / measure.p99];
    const ours = responder === herald || responder === heraldBlocked;
    const ratios = `     ${half.toFixed(2)} / ${tail.toFixed(2)}`;
    row(
      responder.name,
      [round(p50), round(p99), ratios, String(lost).padStart(8)],
      ours ? half <= 1.2 && tail <= 1.2 : undefined,
    );
  }
}

async function rate(stage: Stage, asked: Table, bar: number): Promise<void> {
  const best = await ask(stage, [reflector, kernel, ndppd, herald], asked, 64);
  say('                              replies/s   lost');
  for (const [responder, { perSecond, lost }] of best)
    row(
      responder.name,
      [round(perSecond), String(lost).padStart(6)],
      responder === herald ? perSecond >= bar : undefined,
    );
}

interface Counted {
  readonly began: number;
  readonly ended: number;
  readonly found: number;
}

/** From `begin`'s stamp (in µs), or else from the first frame, to the last address seen. */
async function counted(
  stage: Stage,
  { device }: Site,
  count: number,
  begin: () => Promise<number | undefined>,
): Promise<number> {
  const counter = stage.count(device, count);
  while (!counter.log.includes('ready')) await sleep(5);
  const beganUs = await begin();
  await counter.exited;
  const seen: Counted = JSON.parse(counter.log.split('\n').at(-2) ?? '');
  if (seen.found !== count) throw new Error(`only ${seen.found} of ${count} were announced`);
  return (seen.ended - (beganUs ?? seen.began)) / 1000;
}

const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');

/** What it says when it becomes the master, which it does four seconds after its start. */
async function keepalived(stage: Stage, count: number): Promise<number> {
  const site = stage.site('keepalived');
  const file = join(site.lab.directory, 'keepalived.conf');
  const addresses = Array.from({ length: count - 1 }, (_, at) => `${dotted(first + 1 + at)}/32`).join('\n');
  const master = 'state MASTER\ninterface eth0\nvirtual_router_id 51\npriority 255\n';
  const addressBlocks = `virtual_ipaddress {\n${dotted(first)}/32\n}\nvirtual_ipaddress_excluded {\n${addresses}\n}\n`;
  writeFileSync(file, `vrrp_instance x {\n${master}${addressBlocks}}\n`);
  const pids = ['-p', '-r', '-c'].flatMap((option) => [option, join(site.lab.directory, `keepalived${option}`)]);
  let daemon: Program | undefined;
  try {
    return await counted(stage, site, count, async () => {
      daemon = site.here.spawn(['/usr/sbin/keepalived', '-n', '-l', '-f', file, ...pids]);
      return undefined;
    });
  } finally {
    await daemon?.stop();
  }
}

async function burst(stage: Stage, count: number): Promise<void> {
  const all = table('arp', count);
  const [theirs, ours] = [stage.site(reflector.name), stage.site(herald.name)];
  const best = { 'C sendmmsg': Infinity, herald: Infinity, 'keepalived, from its first frame': Infinity };
  const serving = await Herald.start(ours, all);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const inC = await counted(stage, theirs, count, async () => {
      const program = theirs.here.spawn([theirs.lan, 'burst', 'eth0', hex(first), String(count)]);
      await program.exited;
      return (JSON.parse(program.log) as Counted).began;
    });
    const said = await counted(stage, ours, count, () => serving.announce(all));
    best['C sendmmsg'] = Math.min(best['C sendmmsg'], inC);
    best.herald = Math.min(best.herald, said);
    await sleep(200); // the second frames of the pairs
  }
  await serving.stop();
  if (existsSync('/usr/sbin/keepalived')) best['keepalived, from its first frame'] = await keepalived(stage, count);
  say('                                     ms  of sendmmsg’s');
  for (const [name, ms] of Object.entries(best)) {
    if (ms === Infinity) continue;
    const ratio = ms / best['C sendmmsg'];
    row(name, [round(ms), `     ${ratio.toFixed(2)}`], name === 'herald' ? ratio <= 1.3 : undefined);
  }
}

async function flood(stage: Stage): Promise<void> {
  const site = stage.site(herald.name);
  const serving = await Herald.start(site, table('arp', 4096));
  const cpuBefore = serving.cpuSeconds();
  const seconds = 3;
  const seen = await stage.lan<{ perSecond: number; asked: number; answered: number }>(
    ...['flood', site.device, hex(first), '4096', String(seconds)],
  );
  const cpu = (100 * (serving.cpuSeconds() - cpuBefore)) / seconds;
  await serving.stop();
  say(`  ${round(seen.perSecond).trim()} foreign requests a second, the most that one sender can over this pair`);
  row(
    'herald',
    [`answered ${seen.answered} of ${seen.asked} of its own, ${cpu.toFixed(0)} % of a core`],
    seen.answered === seen.asked,
  );
}

const items: readonly { id: string; title: string; run(stage: Stage): Promise<void> }[] = [
  ...[1, 256, 4096, 100_000].map((count) => ({
    id: `arp-${count}`,
    title: `ARP, ${count} addresses, one question at a time`,
    run: (stage: Stage) => latency(stage, table('arp', count)),
  })),
  {
    id: 'arp-rate',
    title: 'ARP, 4096 addresses, 64 questions at a time: at least 200,000/s',
    run: (stage) => rate(stage, table('arp', 4096), 200_000),
  },
  {
    id: 'ndp-4096',
    title: 'NDP, 4096 addresses, one question at a time',
    run: (stage) => latency(stage, table('ndp', 4096)),
  },
  {
    id: 'ndp-rate',
    title: 'NDP, 4096 addresses and their groups, 64 questions at a time: at least 150,000/s',
    run: (stage) => rate(stage, table('ndp', 4096), 150_000),
  },
  {
    id: 'burst',
    title: '10,000 addresses announced unpaced, the first frame of each: at most 1.3 of sendmmsg',
    run: (stage) => burst(stage, 10_000),
  },
  { id: 'flood', title: 'foreign ARP requests as fast as they can be sent: none of ours lost', run: flood },
];

async function main(): Promise<void> {
  if (options.list) {
    for (const { id, title } of items) say(`${id.padEnd(12)}${title}`);
    return;
  }
  const obstacle = labObstacle();
  if (obstacle !== undefined) {
    say(obstacle);
    process.exitCode = 69;
    return;
  }
  const wanted = options.only?.split(',');
  const stage = new Stage();
  try {
    for (const { id, title, run } of items) {
      if (wanted !== undefined && !wanted.includes(id)) continue;
      say(`${title} (load ${loadavg()[0]?.toFixed(1)})`);
      await run(stage);
    }
  } finally {
    stage.lab.destroy();
  }
  if (missed) process.exitCode = 1;
}

await main();
