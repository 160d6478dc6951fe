// FRR: bgpd, and zebra so that it knows its interfaces (without, it takes no next hop with a link-local half). Asked over
// the socket that vtysh uses: a command ends in NUL, an answer in three NULs and a status octet. Its JSON is the judge.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../../netns.js';
import {
  ask,
  byPrefix,
  communityOf,
  type Family,
  type Neighbor,
  neighborOf,
  output,
  type Route,
  type Router,
  type RouterPlan,
  RouterProgram,
  type RouterSite,
  type Session,
} from './router.js';

const families = ['ipv4', 'ipv6'] as const;

function neighborLines(neighbor: Neighbor): readonly string[] {
  const { address, holdTimeSeconds, passive, password, ttlSecurity } = neighbor;
  return [
    `remote-as ${neighbor.asn}`,
    `update-source ${neighbor.localAddress}`,
    `timers ${Math.floor(holdTimeSeconds / 3)} ${holdTimeSeconds}`,
    'timers connect 1',
    'advertisement-interval 0',
    neighbor.gracefulRestart ? 'graceful-restart-helper' : 'graceful-restart-disable',
    ...(passive ? ['passive'] : []),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(ttlSecurity ? ['ttl-security hops 1'] : []),
  ].map((line) => ` neighbor ${address} ${line}`);
}

function configuration({ asn, routerId, neighbors, announce }: RouterPlan): string {
  const family = (name: Family): readonly string[] => [
    ` address-family ${name} unicast`,
    ...announce.filter((prefix) => prefix.includes(':') === (name === 'ipv6')).map((prefix) => `  network ${prefix}`),
    ...neighbors
      .filter((neighbor) => neighbor.families.includes(name))
      .flatMap(({ address }) => [
        `  neighbor ${address} activate`,
        `  neighbor ${address} prefix-list own out`,
        `  neighbor ${address} next-hop-self`,
      ]),
    ' exit-address-family',
  ];
  return [
    'log stdout informational',
    'debug bgp neighbor-events',
    ...announce.map((prefix) => `${prefix.includes(':') ? 'ipv6' : 'ip'} prefix-list own permit ${prefix}`),
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    // RFC 8212: without it, and without a policy, an external peer accepts and announces nothing.
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ' no bgp network import-check',
    ...neighbors.flatMap(neighborLines),
    ...families.flatMap(family),
    '',
  ].join('\n');
}

/** The part of a path in `show bgp … json detail` that we read. */
interface PathJson {
  readonly peer?: { readonly peerId?: string };
  readonly aspath?: { readonly string: string };
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
  readonly community?: { readonly string: string };
  readonly largeCommunity?: { readonly string: string };
  readonly locPrf?: number;
  readonly med?: number;
  readonly metric?: number;
  readonly stale?: boolean;
}

interface TableJson {
  readonly routes: Readonly<Record<string, readonly PathJson[] | { readonly paths: readonly PathJson[] }>>;
}

interface NeighborJson {
  readonly bgpState?: string;
  readonly lastResetDueTo?: string;
  readonly messageStats?: { readonly updatesRecv: number };
  readonly lastNotificationReason?: string;
  readonly lastShutdownDescription?: string;
}

const wordsOf = (text = ''): readonly string[] => text.split(' ').filter(Boolean);

const routeOf = (prefix: string, path: PathJson): Route => ({
  prefix,
  nextHop: (path.nexthops?.find(({ scope }) => scope !== 'link-local') ?? path.nexthops?.[0])?.ip ?? '',
  asPath: /^\d/.test(path.aspath?.string ?? '') ? wordsOf(path.aspath?.string).map(Number) : [],
  communities: wordsOf(path.community?.string).map(communityOf),
  largeCommunities: wordsOf(path.largeCommunity?.string),
  localPref: path.locPrf,
  med: path.med ?? path.metric,
  stale: path.stale ?? false,
});

export class Frr extends RouterProgram implements Router {
  static readonly title = 'FRR';
  static readonly package = 'frr';
  readonly plan: RouterPlan;
  readonly #site: RouterSite;
  /** Lives as long as the lab. */
  #zebra: Program | undefined;

  constructor(site: RouterSite, plan: RouterPlan) {
    super();
    this.plan = plan;
    this.#site = site;
  }

  async start(): Promise<void> {
    const { namespace, directory } = this.#site;
    const files = {
      config: join(directory, 'bgpd.conf'),
      sockets: join(directory, 'vty'),
      zebra: join(directory, 'z'),
    };
    mkdirSync(files.sockets, { recursive: true });
    writeFileSync(files.config, configuration(this.plan));
    // They give up root, and insist on it.
    await output('chown', '-R', 'frr:frr', directory);
    const daemon = (name: string): readonly string[] => [
      ...[`/usr/lib/frr/${name}`, '--log', 'stdout', '--vty_port', '0', '--vty_socket', files.sockets],
      ...['--pid_file', join(directory, `${name}.pid`), '--socket', files.zebra],
    ];
    this.#zebra ??= namespace.spawn([...daemon('zebra'), '--config_file', '/dev/null']);
    // bgpd asks for it once when it starts, and then not for ten seconds.
    await this.answering(this.#zebra, async () => {
      if (!existsSync(files.zebra)) throw new Error('zebra does not listen');
    });
    this.program = namespace.spawn([...daemon('bgpd'), '--config_file', files.config]);
    await this.answering(this.program, () => this.#ask('show version'));
  }

  async routes(neighbor: string, family: Family): Promise<readonly Route[]> {
    const { address } = neighborOf(this.plan, neighbor);
    const table: TableJson = JSON.parse(await this.#ask(`show bgp ${family} unicast json detail`));
    return byPrefix(
      Object.entries(table.routes).flatMap(([prefix, entry]) =>
        ('paths' in entry ? entry.paths : entry)
          .filter(({ peer }) => peer?.peerId === address)
          .map((path) => routeOf(prefix, path)),
      ),
    );
  }

  async session(neighbor: string): Promise<Session> {
    const { address } = neighborOf(this.plan, neighbor);
    const all: Readonly<Record<string, NeighborJson>> = JSON.parse(
      await this.#ask(`show bgp neighbors ${address} json`),
    );
    const { bgpState = '', lastResetDueTo, messageStats, ...last } = all[address] ?? {};
    return {
      established: bgpState === 'Established',
      state: bgpState,
      lastError: [lastResetDueTo, last.lastNotificationReason, last.lastShutdownDescription].filter(Boolean).join(': '),
      updates: messageStats?.updatesRecv ?? 0,
    };
  }

  async requestRefresh(neighbor: string, family: Family): Promise<void> {
    await this.#ask(`clear bgp ${family} unicast ${neighborOf(this.plan, neighbor).address} soft in`);
  }

  async #ask(command: string): Promise<string> {
    const over = /\0\0\0([\s\S])$/;
    const answer = await this.inTurn(() =>
      ask(join(this.#site.directory, 'vty/bgpd.vty'), `enable\0${command}\0`, (text) =>
        over.test(text.slice(text.indexOf('\0\0\0') + 4)),
      ),
    );
    const body = answer.slice(answer.indexOf('\0\0\0') + 4);
    if (over.exec(body)?.[1] !== '\0') throw new Error(`vtysh ${command}: ${body}`);
    return body.replace(over, '');
  }
}
