// ExaBGP 4: it keeps no table, so the judge is what it hands to a process: one JSON object a line for every state change
// and UPDATE, replayed here into the routes each neighbour has said. It neither helps a restarting neighbour nor asks
// for a refresh.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  byPrefix,
  type Family,
  type Neighbor,
  neighborOf,
  type Route,
  type Router,
  type RouterPlan,
  RouterProgram,
  type RouterSite,
  type Session,
} from './router.js';

/**
 * Higher than herald's. With a lower one it forgets both connections, when the one that is to stay reaches it while its
 * own is in OpenConfirm (4.2.21).
 */
const routerId = '10.255.0.3';

function neighborBlock(neighbor: Neighbor, { asn, announce }: RouterPlan): string {
  const { localAddress, address, families, holdTimeSeconds, passive, password, ttlSecurity } = neighbor;
  const family = (prefix: string): Family => (prefix.includes(':') ? 'ipv6' : 'ipv4');
  // It knows the next hop only of the session's own family.
  const routes = announce.filter((prefix) => families.includes(family(prefix)) && family(prefix) === family(address));
  return `
neighbor ${address} {
  router-id ${routerId};
  local-address ${localAddress};
  local-as ${asn};
  peer-as ${neighbor.asn};
  hold-time ${holdTimeSeconds};
  passive ${passive ? 'true' : 'false'};
  ${password === undefined ? '' : `md5-password "${password}";`}
  ${ttlSecurity ? 'outgoing-ttl 255; incoming-ttl 255;' : ''}
  family { ${families.map((name) => `${name} unicast;`).join(' ')} }
  api { processes [ sink ]; neighbor-changes; receive { parsed; update; } }
  static { ${routes.map((prefix) => `route ${prefix} next-hop self;`).join(' ')} }
}
`;
}

interface EventJson {
  readonly type: string;
  readonly neighbor?: {
    readonly address: { readonly peer: string };
    readonly state?: string;
    readonly reason?: string;
    readonly message?: { readonly update?: UpdateJson };
  };
}

interface UpdateJson {
  readonly attribute?: {
    readonly 'as-path'?: readonly number[];
    readonly med?: number;
    readonly 'local-preference'?: number;
    readonly community?: readonly (readonly number[])[];
    readonly 'large-community'?: readonly (readonly number[])[];
  };
  /** Family → next hop → prefixes. */
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly { readonly nlri: string }[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly { readonly nlri: string }[]>>;
}

function apply({ attribute = {}, announce = {}, withdraw = {} }: UpdateJson, to: Map<string, Route>): void {
  for (const { nlri } of Object.values(withdraw).flat()) to.delete(nlri);
  // The link-local half of a 32-octet next hop (RFC 2545 §3) is shown as a second one: the global half is the judge.
  for (const byNextHop of Object.values(announce))
    for (const [nextHop, prefixes] of Object.entries(byNextHop).sort(([a]) => (a.startsWith('fe80:') ? -1 : 1)))
      for (const { nlri } of prefixes)
        if (nlri !== undefined)
          to.set(nlri, {
            prefix: nlri,
            nextHop,
            asPath: attribute['as-path'] ?? [],
            communities: (attribute.community ?? []).map((parts) => parts.join(':')),
            largeCommunities: (attribute['large-community'] ?? []).map((parts) => parts.join(':')),
            localPref: attribute['local-preference'],
            med: attribute.med,
            stale: false,
          });
}

export class ExaBgp extends RouterProgram implements Router {
  static readonly title = 'ExaBGP';
  static readonly package = 'exabgp';
  readonly plan: RouterPlan;
  readonly #site: RouterSite;
  readonly #sink: string;

  constructor(site: RouterSite, plan: RouterPlan) {
    super();
    this.plan = plan;
    this.#site = site;
    this.#sink = join(site.directory, 'events.ndjson');
  }

  async start(): Promise<void> {
    const { namespace, directory } = this.#site;
    const [file, script] = [join(directory, 'exabgp.conf'), join(directory, 'sink.sh')];
    rmSync(this.#sink, { force: true });
    // It restarts a process that closes the pipe it could give orders through: kept as descriptor 3.
    writeFileSync(script, `#!/bin/sh\nexec cat 3>&1 >>${this.#sink}\n`, { mode: 0o755 });
    const blocks = this.plan.neighbors.map((neighbor) => neighborBlock(neighbor, this.plan));
    writeFileSync(file, `process sink { run ${script}; encoder json; }\n${blocks.join('')}`);
    this.program = namespace.spawn(['exabgp', file], {
      'exabgp.daemon.user': 'root',
      'exabgp.log.destination': 'stdout',
      'exabgp.api.cli': 'false',
      'exabgp.tcp.port': '179',
      'exabgp.tcp.bind': this.plan.neighbors.map(({ localAddress }) => localAddress).join(' '),
    });
    await this.answering(this.program, async () => {
      if (!existsSync(this.#sink)) throw new Error('its process has not started');
    });
  }

  async routes(neighbor: string, family: Family): Promise<readonly Route[]> {
    const { address } = neighborOf(this.plan, neighbor);
    const routes = new Map<string, Route>();
    for (const { type, neighbor: from } of this.#events(address)) {
      if (type === 'state' && from?.state === 'down') routes.clear();
      if (from?.message?.update) apply(from.message.update, routes);
    }
    return byPrefix([...routes.values()].filter(({ prefix }) => prefix.includes(':') === (family === 'ipv6')));
  }

  async session(neighbor: string): Promise<Session> {
    const { address } = neighborOf(this.plan, neighbor);
    const events = this.#events(address).flatMap(({ neighbor: from }) => (from === undefined ? [] : [from]));
    const state = events.findLast((event) => event.state !== undefined)?.state ?? '';
    const latest = events.slice(events.findLastIndex((event) => event.state === 'up') + 1);
    return {
      established: state === 'up',
      state,
      // Each attempt to connect ends in one more `down`.
      lastError: latest.find((event) => event.state === 'down')?.reason ?? '',
      updates: latest.filter(({ message }) => message?.update !== undefined).length,
    };
  }

  async requestRefresh(): Promise<void> {
    throw new Error('ExaBGP 4 cannot be told to ask for a refresh');
  }

  #events(address: string): readonly EventJson[] {
    const lines = existsSync(this.#sink) ? readFileSync(this.#sink, 'utf8').split('\n').slice(0, -1) : [];
    return lines
      .map((line): EventJson => JSON.parse(line))
      .filter(({ neighbor }) => neighbor?.address.peer === address);
  }
}
