// `npm run demo`: network namespaces, herald in one, a router in another, and a table edited while one watches; then the
// same services on a LAN, for a third. With --once it ends by itself, and well only if both saw every step. Needs root, or
// a user namespace.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Entry, Herald } from '../interop/herald.js';
import { inUserNamespace, Lab, labObstacle } from '../netns.js';
import { Guest, neighbour, segment } from './lan.js';
import { host, type Seen, tor, type View, viewOf } from './view.js';

const once = process.argv.includes('--once');
const marker = 'HERALD_DEMO_INSIDE';
const patienceMs = 15_000;

const { NO_COLOR } = process.env;
const colours = process.stdout.isTTY && !NO_COLOR;
const paint =
  (code: number) =>
  (text: string): string =>
    colours ? `\x1b[${code}m${text}\x1b[0m` : text;
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const say = (...lines: readonly string[]): boolean => process.stdout.write(`${lines.join('\n')}\n`);

const table: readonly Entry[] = [
  { name: 'shop/web', addresses: ['203.0.113.10'] },
  { name: 'shop/api', addresses: ['203.0.113.20', '2001:db8::20'] },
  { name: 'net/block', prefixes: ['192.0.2.0/24'], bgp: { communities: ['64512:100'] } },
];
const prefixes = ['192.0.2.0/24', '203.0.113.10/32', '203.0.113.20/32', '2001:db8::20/128'];

const holds = ({ count, prefixes }: Seen, expected: readonly string[]): boolean =>
  count === expected.length && (prefixes === undefined || expected.every((prefix) => prefixes.includes(prefix)));

const difference = (before: Seen, after: Seen): readonly string[] => [
  ...before.lines.filter((line) => !after.lines.includes(line)).map((line) => red(`   - ${line}`)),
  ...after.lines.filter((line) => !before.lines.includes(line)).map((line) => green(`   + ${line}`)),
];

let seen: Seen = { count: 0, prefixes: [], lines: [] };

/** Does something, looks meanwhile until the router sees the outcome, and tells the difference and the time. */
async function step(title: string, view: View, expected: readonly string[], act: () => unknown): Promise<void> {
  say('', bold(title));
  const begun = performance.now();
  const acted = Promise.resolve(act());
  const watch = async (): Promise<void> => {
    for (;;) {
      const now = await view.look();
      const tookMs = performance.now() - begun;
      if (holds(now, expected)) {
        say(...difference(seen, now), dim(`   the router saw it after ${tookMs.toFixed(tookMs < 10 ? 1 : 0)} ms`));
        seen = now;
        return;
      }
      if (tookMs > patienceMs) throw new Error(`the router sees ${now.lines.join(', ') || 'nothing'}`);
      await delay(1);
    }
  };
  await Promise.all([acted, watch()]);
}

const config = {
  node: { name: host.name },
  bgp: { asn: host.asn },
  http: { listen: '' },
  bgpPeers: [
    { name: 'router', peerAddress: tor.address, peerASN: tor.asn, connectTime: '1s', families: ['ipv4', 'ipv6'] },
  ],
};

/** The same services on the LAN: a host there sends to them, and its kernel asks who has them. */
async function secondAct(herald: Herald, guest: Guest): Promise<void> {
  const addresses = ['203.0.113.10', '2001:db8::20'];
  say('', bold(`l2Advertisements are added to the configuration, for ${segment.device}`));
  const begun = performance.now();
  herald.writeConfig({ ...config, l2Advertisements: [{ name: 'lan', interfaces: [segment.device] }] });
  for (const address of addresses) {
    for (guest.ask(address); guest.answerFor(address) !== guest.mac; await delay(20)) {
      if (performance.now() - begun > patienceMs) throw new Error(`nobody on the LAN answers for ${address}`);
      // The kernel asks for three seconds, and then has to be asked anew.
      guest.ask(address);
    }
    say(green(`   + ${neighbour.name} sends ${address} to ${guest.mac}, which is ${host.name}'s ${segment.device}`));
  }
  say(dim(`   after ${(performance.now() - begun).toFixed(0)} ms, the reload and the sending of datagrams included`));

  say('', bold('shop/web is removed from the table'));
  herald.writeTable(table.filter(({ name }) => name !== 'shop/web'));
  const [gone = '', staying = ''] = addresses;
  for (const until = performance.now() + patienceMs; ; await delay(20)) {
    guest.forget();
    for (const address of addresses) guest.ask(address);
    await delay(100);
    if (guest.answerFor(gone) === '' && guest.answerFor(staying) === guest.mac) break;
    if (performance.now() > until) throw new Error(`herald still answers for ${gone}, or not for ${staying}`);
  }
  say(red(`   - nobody on the LAN answers for ${gone}`));
  herald.writeTable(table);
}

function heraldIn(lab: Lab, namespace: ReturnType<Lab['namespace']>): Herald {
  const directory = join(lab.directory, host.name);
  mkdirSync(directory);
  const herald = new Herald(namespace, directory);
  herald.writeConfig(config);
  herald.writeTable(table);
  return herald;
}

/** Until Ctrl-C: every change the router sees is told. */
async function stay(herald: Herald, view: View): Promise<never> {
  say(
    '',
    bold('Now you: edit the table and watch this screen. Ctrl-C ends it all.'),
    dim('the table and the configuration'),
    `  ${herald.files.table}`,
    `  ${herald.files.config}`,
    dim('what herald says, and what the router says'),
    `  ${herald.command('services')}`,
    `  ${view.command}`,
    '',
  );
  for (;;) {
    await delay(100);
    const now = await view.look();
    const lines = difference(seen, now);
    if (lines.length > 0) say(...lines);
    seen = now;
  }
}

async function demo(lab: Lab): Promise<void> {
  const here = lab.namespace(host.name);
  const there = lab.namespace(tor.name);
  lab.connect(
    { namespace: here, device: 'eth0', addresses: [`${host.address}/24`, `${host.address6}/64`] },
    { namespace: there, device: 'eth0', addresses: [`${tor.address}/24`, `${tor.address6}/64`] },
  );
  const directory = join(lab.directory, tor.name);
  mkdirSync(directory);
  const view = viewOf(there, directory);
  const herald = heraldIn(lab, here);
  const guest = new Guest(lab, here, ['203.0.113.0/24', '2001:db8::/64']);
  say(
    bold('Three hosts in network namespaces, two cables'),
    `   ${host.name.padEnd(6)}  ${host.address}     AS ${host.asn}  herald`,
    `   ${tor.name.padEnd(6)}  ${tor.address}     AS ${tor.asn}  ${view.title}`,
    `   ${neighbour.name.padEnd(6)}  ${neighbour.address}            on the LAN of ${host.name}'s ${segment.device}`,
  );
  try {
    await view.start();
    await step('herald starts, with three services in its table', view, prefixes, () => herald.start());
    const added = { name: 'shop/new', addresses: ['203.0.113.77'] };
    await step('shop/new is added to the table', view, [...prefixes, '203.0.113.77/32'], () =>
      herald.writeTable([...table, added]),
    );
    await step('shop/new is removed from it', view, prefixes, () => herald.writeTable(table));
    await secondAct(herald, guest);
    if (!once) await stay(herald, view);
    await step('herald is stopped', view, [], () => herald.stop());
  } catch (error) {
    say('', red(error instanceof Error ? error.message : String(error)), dim('herald:'), herald.log, dim('router:'));
    say(view.log.split('\n').slice(-10).join('\n'));
    process.exitCode = 1;
  }
}

if (labObstacle() !== undefined && process.env[marker] === undefined) {
  const code = await inUserNamespace(marker);
  if (code === undefined) say('The demo makes network namespaces: run it as root, or allow user namespaces.');
  process.exit(code ?? 1);
}
const obstacle = labObstacle();
if (obstacle !== undefined) {
  say(`The demo cannot run: ${obstacle}`);
  process.exit(1);
}
const lab = new Lab();
try {
  await demo(lab);
} finally {
  lab.destroy();
}
