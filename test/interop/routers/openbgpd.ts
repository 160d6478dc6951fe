// OpenBGPD: configuration and `bgpctl -j`. Its processes lock themselves into a directory that its service would have
// made; here a mount namespace of their own has it. Answers from the Adj-RIB-In: what a neighbour said, usable or not.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
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

function neighborBlock(neighbor: Neighbor): string {
  const { name, localAddress, address, asn, families, holdTimeSeconds, passive, password, ttlSecurity } = neighbor;
  const family = (name: Family): string => (families.includes(name) ? 'unicast' : 'none');
  return `neighbor ${address} {
  descr "${name}"
  remote-as ${asn}
  local-address ${localAddress}
  holdtime ${holdTimeSeconds}
  announce IPv4 ${family('ipv4')}
  announce IPv6 ${family('ipv6')}
  announce restart ${neighbor.gracefulRestart ? 'yes' : 'no'}
  ${passive ? 'passive' : ''}
  ${password === undefined ? '' : `tcp md5sig password "${password}"`}
  ${ttlSecurity ? 'ttl-security yes' : ''}
}
`;
}

const configuration = ({ asn, routerId, neighbors, announce }: RouterPlan, socket: string): string => `
AS ${asn}
router-id ${routerId}
socket "${socket}"
fib-update no
connect-retry 1
holdtime min 3
${announce.map((prefix) => `network ${prefix}`).join('\n')}
${neighbors.map(neighborBlock).join('')}
allow from any
deny to any
${announce.map((prefix) => `allow to any prefix ${prefix}`).join('\n')}
`;

interface RibJson {
  readonly rib?: readonly {
    readonly prefix: string;
    readonly aspath?: string;
    readonly exit_nexthop: string;
    readonly communities?: readonly string[];
    readonly large_communities?: readonly string[];
    readonly localpref: number;
    readonly metric: number;
    readonly stale?: boolean;
  }[];
}

interface NeighborsJson {
  readonly neighbors: readonly {
    readonly state: string;
    readonly stats?: { readonly message: { readonly received: { readonly updates: number } } };
    readonly last_error_received?: string;
    readonly last_error_sent?: string;
    readonly last_shutdown_reason?: string;
  }[];
}

export class OpenBgpd extends RouterProgram implements Router {
  static readonly title = 'OpenBGPD';
  static readonly package = 'openbgpd';
  readonly plan: RouterPlan;
  readonly #site: RouterSite;
  readonly #socket: string;

  constructor(site: RouterSite, plan: RouterPlan) {
    super();
    this.plan = plan;
    this.#site = site;
    this.#socket = join(site.directory, 'bgpd.sock');
  }

  async start(): Promise<void> {
    const { namespace, directory } = this.#site;
    const file = join(directory, 'bgpd.conf');
    // It refuses a file with keys in it that others may read.
    writeFileSync(file, configuration(this.plan, this.#socket), { mode: 0o600 });
    const script = 'mount -t tmpfs tmpfs /run && mkdir /run/openbgpd && exec bgpd -d -v -f "$1"';
    this.program = namespace.spawn(['unshare', '--mount', 'sh', '-c', script, 'sh', file]);
    await this.answering(this.program, () => this.#control('show'));
  }

  async routes(neighbor: string, family: Family): Promise<readonly Route[]> {
    const { address } = neighborOf(this.plan, neighbor);
    const { rib = [] }: RibJson = JSON.parse(
      await this.#control('show', 'rib', family === 'ipv4' ? 'inet' : 'inet6', 'in', 'neighbor', address, 'detail'),
    );
    return byPrefix(
      rib.map((route) => ({
        prefix: route.prefix,
        nextHop: route.exit_nexthop,
        asPath: (route.aspath ?? '').split(' ').filter(Boolean).map(Number),
        communities: (route.communities ?? []).map(communityOf),
        largeCommunities: route.large_communities ?? [],
        localPref: route.localpref,
        med: route.metric,
        stale: route.stale ?? false,
      })),
    );
  }

  async session(neighbor: string): Promise<Session> {
    const { address } = neighborOf(this.plan, neighbor);
    const { neighbors }: NeighborsJson = JSON.parse(await this.#control('show', 'neighbor', address));
    const [found] = neighbors;
    return {
      established: found?.state === 'Established',
      state: found?.state ?? '',
      lastError: [found?.last_error_received ?? found?.last_error_sent, found?.last_shutdown_reason]
        .filter(Boolean)
        .join(': '),
      updates: found?.stats?.message.received.updates ?? 0,
    };
  }

  async requestRefresh(neighbor: string): Promise<void> {
    await this.#control('neighbor', neighborOf(this.plan, neighbor).address, 'refresh');
  }

  #control(...words: readonly string[]): Promise<string> {
    return output('bgpctl', '-j', '-s', this.#socket, ...words);
  }
}
