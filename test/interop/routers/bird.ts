// BIRD 2: configuration, and its control protocol (four-digit reply codes over a unix socket). Every question also wakes
// it: 2.0.12 on an idle machine leaves its last UPDATE unwritten until its poll ends.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ask,
  byPrefix,
  type Family,
  type Neighbor,
  type Route,
  type Router,
  type RouterPlan,
  RouterProgram,
  type RouterSite,
  type Session,
} from './router.js';

function protocol(neighbor: Neighbor, asn: number): string {
  const { name, localAddress, address, families, holdTimeSeconds, passive, password, ttlSecurity } = neighbor;
  return `protocol bgp peer_${name} {
  local ${localAddress} as ${asn};
  neighbor ${address} as ${neighbor.asn};
  direct;
  hold time ${holdTimeSeconds};
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  graceful restart ${neighbor.gracefulRestart ? 'on' : 'off'};
  ${passive ? 'passive on;' : ''}
  ${password === undefined ? '' : `password "${password}";`}
  ${ttlSecurity ? 'ttl security on;' : ''}
  ${families.map((family) => `${family} { import all; export where source = RTS_STATIC; };`).join('\n  ')}
}
`;
}

const configuration = ({ asn, routerId, neighbors, announce }: RouterPlan): string => `
router id ${routerId};
log stderr all;
debug protocols { states, events };
protocol device { }
protocol static { ipv4; ${routesOf(announce, false)} }
protocol static { ipv6; ${routesOf(announce, true)} }
${neighbors.map((neighbor) => protocol(neighbor, asn)).join('')}`;

const routesOf = (announce: readonly string[], ipv6: boolean): string =>
  announce
    .filter((prefix) => prefix.includes(':') === ipv6)
    .map((prefix) => `route ${prefix} blackhole;`)
    .join(' ');

/** "(64512,100) (65535,65281)", "(64512, 1, 2)" */
const tuples = (text = ''): readonly string[] =>
  [...text.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) => inner.split(/,\s*/).join(':'));

const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function parseRoutes(answer: string): readonly Route[] {
  return answer.split(/\n(?=\S*[0-9a-f.:]+\/\d+ )/).flatMap((block): Route[] => {
    const [, prefix, stale] = /^(?:1007-)?(\S+\/\d+) .*\(\d+(s?)[^)]*\)/.exec(block) ?? [];
    if (prefix === undefined) return [];
    const attribute = (name: string): string | undefined => new RegExp(`BGP\\.${name}: (.*)`).exec(block)?.[1];
    return [
      {
        prefix,
        nextHop: attribute('next_hop')?.split(' ')[0] ?? '',
        asPath: (attribute('as_path') ?? '').split(' ').filter(Boolean).map(Number),
        communities: tuples(attribute('community')),
        largeCommunities: tuples(attribute('large_community')),
        localPref: number(attribute('local_pref')),
        med: number(attribute('med')),
        stale: stale === 's',
      },
    ];
  });
}

export class Bird extends RouterProgram implements Router {
  static readonly title = 'BIRD';
  static readonly package = 'bird2';
  readonly plan: RouterPlan;
  readonly #site: RouterSite;
  readonly #socket: string;

  constructor(site: RouterSite, plan: RouterPlan) {
    super();
    this.plan = plan;
    this.#site = site;
    this.#socket = join(site.directory, 'bird.ctl');
  }

  async start(): Promise<void> {
    const { namespace, directory } = this.#site;
    const file = join(directory, 'bird.conf');
    writeFileSync(file, configuration(this.plan));
    this.program = namespace.spawn(['bird', '-f', '-c', file, '-s', this.#socket, '-P', join(directory, 'bird.pid')]);
    await this.answering(this.program, () => this.#ask('show status'));
  }

  async routes(neighbor: string, family: Family): Promise<readonly Route[]> {
    const table = family === 'ipv4' ? 'master4' : 'master6';
    return byPrefix(parseRoutes(await this.#ask(`show route all protocol peer_${neighbor} table ${table}`)));
  }

  async session(neighbor: string): Promise<Session> {
    const answer = await this.#ask(`show protocols all peer_${neighbor}`);
    return {
      established: /BGP state:\s+Established/.test(answer),
      state: /BGP state:\s+(\S+)/.exec(answer)?.[1] ?? '',
      // With the shutdown communication (RFC 9003), if there was one.
      lastError: [...answer.matchAll(/^ *(?:Last error|Message):\s+(.*)/gm)].map(([, text]) => text).join(': '),
      updates: Number(/Import updates:\s+(\d+)/.exec(answer)?.[1] ?? 0),
    };
  }

  async requestRefresh(neighbor: string): Promise<void> {
    await this.#ask(`reload in peer_${neighbor}`);
  }

  /** Without the reply codes that open each group of lines. */
  async #ask(command: string): Promise<string> {
    const over = /^(?!0001)(\d{4}) .*\n$/m;
    const answer = await this.inTurn(() => ask(this.#socket, `${command}\n`, (text) => over.test(text)));
    const [, code = ''] = over.exec(answer) ?? [];
    if (code >= '8002') throw new Error(`birdc ${command}: ${answer}`);
    return answer.replace(/^\d{4}[- ]/gm, '').replace(/^ (?=\S)/gm, '');
  }
}
