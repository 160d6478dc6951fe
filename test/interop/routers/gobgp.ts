// GoBGP: configuration in TOML, and the `gobgp -j` client over a unix socket. Routes come from
// the RIB, every neighbour's apart: its Adj-RIB-In is shown only while the session is up. Why a session ended is in the log.

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

function neighborTables(neighbor: Neighbor, asn: number): string {
  const { localAddress, address, families, holdTimeSeconds, passive, password, ttlSecurity, gracefulRestart } =
    neighbor;
  const family = (name: Family): string => `
[[neighbors.afi-safis]]
  [neighbors.afi-safis.config]
    afi-safi-name = "${name}-unicast"
  [neighbors.afi-safis.mp-graceful-restart.config]
    enabled = ${gracefulRestart === true}`;
  return `
[[neighbors]]
[neighbors.config]
  neighbor-address = "${address}"
  peer-as = ${neighbor.asn}
  local-as = ${asn}
  ${password === undefined ? '' : `auth-password = "${password}"`}
[neighbors.timers.config]
  hold-time = ${holdTimeSeconds}
  keepalive-interval = ${Math.floor(holdTimeSeconds / 3)}
  connect-retry = 1
  idle-hold-time-after-reset = 1
[neighbors.transport.config]
  local-address = "${localAddress}"
  passive-mode = ${passive === true}
[neighbors.ttl-security.config]
  enabled = ${ttlSecurity === true}
  ttl-min = 255
[neighbors.graceful-restart.config]
  enabled = ${gracefulRestart === true}
  restart-time = 30
${families.map(family).join('')}
[neighbors.apply-policy.config]
  default-import-policy = "accept-route"
`;
}

/** Only what the router itself has leaves it. */
const policy = `
[[policy-definitions]]
  name = "own"
  [[policy-definitions.statements]]
    [policy-definitions.statements.conditions.bgp-conditions]
      route-type = "local"
    [policy-definitions.statements.actions]
      route-disposition = "accept-route"
[global.apply-policy.config]
  export-policy-list = ["own"]
  default-export-policy = "reject-route"
`;

const configuration = ({ asn, routerId, neighbors }: RouterPlan): string => `
[global.config]
  as = ${asn}
  router-id = "${routerId}"
${policy}
${neighbors.map((neighbor) => neighborTables(neighbor, asn)).join('')}`;

/** Path attributes as `gobgp -j` prints them: by type code. */
interface AttributeJson {
  readonly type: number;
  readonly value?: unknown;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly communities?: readonly number[];
}

interface PathJson {
  readonly nlri: { readonly prefix: string };
  readonly stale?: boolean;
  readonly 'neighbor-ip'?: string;
  readonly attrs: readonly AttributeJson[];
}

interface NeighborJson {
  /** 6: Established. */
  readonly state: {
    readonly session_state?: number;
    readonly messages?: { readonly received?: { readonly update?: number } };
  };
}

interface LogJson {
  readonly Key?: string;
  readonly msg?: string;
  readonly Reason?: string;
  readonly 'Communicated-Reason'?: string;
}

const largeOf = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? value.map(({ ASN, LocalData1, LocalData2 }: Record<string, number>) => `${ASN}:${LocalData1}:${LocalData2}`)
    : [];

function routeOf({ nlri, stale = false, attrs }: PathJson): Route {
  const attribute = (type: number): AttributeJson | undefined => attrs.find((candidate) => candidate.type === type);
  const numberIn = (type: number): number | undefined => {
    const { value, metric } = attribute(type) ?? {};
    return typeof value === 'number' ? value : metric;
  };
  return {
    prefix: nlri.prefix,
    nextHop: attribute(3)?.nexthop ?? attribute(14)?.nexthop ?? '',
    asPath: (attribute(2)?.as_paths ?? []).flatMap(({ asns }) => asns),
    communities: (attribute(8)?.communities ?? []).map((value) => communityOf(`${value >>> 16}:${value & 0xffff}`)),
    largeCommunities: largeOf(attribute(32)?.value),
    localPref: numberIn(5),
    med: numberIn(4),
    stale,
  };
}

export class GoBgp extends RouterProgram implements Router {
  static readonly title = 'GoBGP';
  static readonly package = 'gobgpd';
  readonly plan: RouterPlan;
  readonly #site: RouterSite;
  readonly #target: string;

  constructor(site: RouterSite, plan: RouterPlan) {
    super();
    this.plan = plan;
    this.#site = site;
    this.#target = `unix://${join(site.directory, 'gobgp.sock')}`;
  }

  async start(): Promise<void> {
    const { namespace, directory } = this.#site;
    const file = join(directory, 'gobgpd.toml');
    writeFileSync(file, configuration(this.plan));
    this.program = namespace.spawn(['gobgpd', '-f', file, '--api-hosts', this.#target, '--pprof-disable']);
    await this.answering(this.program, () => this.#control('global'));
    for (const prefix of this.plan.announce)
      await this.#control('global', 'rib', 'add', prefix, '-a', prefix.includes(':') ? 'ipv6' : 'ipv4');
  }

  async routes(neighbor: string, family: Family): Promise<readonly Route[]> {
    const { address } = neighborOf(this.plan, neighbor);
    const table: Readonly<Record<string, readonly PathJson[]>> = JSON.parse(
      await this.#control('global', 'rib', '-a', family),
    );
    const paths = Object.values(table).flat();
    return byPrefix(paths.filter((path) => path['neighbor-ip'] === address).map(routeOf));
  }

  async session(neighbor: string): Promise<Session> {
    const { address } = neighborOf(this.plan, neighbor);
    const found: NeighborJson = JSON.parse(await this.#control('neighbor', address));
    const state = found.state.session_state ?? 0;
    const lines = this.#logOf(address);
    const end = lines.findLast(({ msg }) => msg === 'Peer Down')?.Reason;
    const said = lines.findLast(({ msg }) => msg === 'received notification')?.['Communicated-Reason'];
    return {
      established: state === 6,
      state: String(state),
      lastError: [end, said].filter(Boolean).join(': '),
      updates: found.state.messages?.received?.update ?? 0,
    };
  }

  #logOf(address: string): readonly LogJson[] {
    return this.log.split('\n').flatMap((line): readonly LogJson[] => {
      if (!line.startsWith('{')) return [];
      const entry: LogJson = JSON.parse(line);
      return entry.Key === address ? [entry] : [];
    });
  }

  async requestRefresh(neighbor: string, family: Family): Promise<void> {
    await this.#control('neighbor', neighborOf(this.plan, neighbor).address, 'softresetin', '-a', family);
  }

  #control(...words: readonly string[]): Promise<string> {
    return output('gobgp', '--target', this.#target, '-j', ...words);
  }
}
