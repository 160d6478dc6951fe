// The router of the demo and what it sees: BIRD where it is installed, else a second herald as the passive peer, which
// counts what it receives.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Herald } from '../interop/herald.js';
import { Bird } from '../interop/routers/bird.js';
import type { Namespace } from '../netns.js';

export const host = { name: 'host', address: '10.0.0.2', address6: 'fd00::2', asn: 64512 } as const;
export const tor = { name: 'router', address: '10.0.0.1', address6: 'fd00::1', asn: 64500 } as const;

export interface Seen {
  readonly count: number;
  /** Undefined where the router only counts. */
  readonly prefixes: readonly string[] | undefined;
  /** One for each thing seen, for people. */
  readonly lines: readonly string[];
}

export interface View {
  readonly title: string;
  /** To look for oneself, from another terminal. */
  readonly command: string;
  readonly log: string;
  start(): Promise<void>;
  look(): Promise<Seen>;
}

class BirdView implements View {
  readonly title: string;
  readonly command: string;
  readonly #bird: Bird;

  constructor(version: string, namespace: Namespace, directory: string) {
    this.title = version;
    this.command = `birdc -s ${join(directory, 'bird.ctl')} show route`;
    this.#bird = new Bird(
      { namespace, directory },
      {
        asn: tor.asn,
        routerId: tor.address,
        announce: [],
        neighbors: [
          {
            name: 'herald',
            localAddress: tor.address,
            address: host.address,
            asn: host.asn,
            families: ['ipv4', 'ipv6'],
            holdTimeSeconds: 9,
          },
        ],
      },
    );
  }

  get log(): string {
    return this.#bird.log;
  }

  start(): Promise<void> {
    return this.#bird.start();
  }

  async look(): Promise<Seen> {
    const routes = [...(await this.#bird.routes('herald', 'ipv4')), ...(await this.#bird.routes('herald', 'ipv6'))];
    return {
      count: routes.length,
      prefixes: routes.map(({ prefix }) => prefix),
      lines: routes.map(({ prefix, nextHop, asPath, communities }) =>
        [prefix.padEnd(20), `via ${nextHop}`.padEnd(14), `AS path ${asPath.join(' ')}`, ...communities].join('  '),
      ),
    };
  }
}

class HeraldView implements View {
  readonly title = 'a second herald, passive (no BIRD here)';
  readonly command: string;
  readonly #herald: Herald;

  constructor(namespace: Namespace, directory: string) {
    this.#herald = new Herald(namespace, directory);
    this.command = this.#herald.command('peers');
    this.#herald.writeTable([]);
    this.#herald.writeConfig({
      node: { name: tor.name },
      bgp: { asn: tor.asn, routerID: tor.address, listen: [`${tor.address}:179`] },
      bgpPeers: [
        { name: 'herald', peerAddress: host.address, peerASN: host.asn, passive: true, families: ['ipv4', 'ipv6'] },
      ],
      bgpAdvertisements: [],
    });
  }

  get log(): string {
    return this.#herald.log;
  }

  start(): Promise<void> {
    return this.#herald.start();
  }

  async look(): Promise<Seen> {
    const { state, receivedPrefixes } = await this.#herald.peer('herald');
    const count = state === 'Established' ? receivedPrefixes : 0;
    return { count, prefixes: undefined, lines: count === 0 ? [] : [`${count} prefixes received`] };
  }
}

export function viewOf(namespace: Namespace, directory: string): View {
  const { stderr, error } = spawnSync('bird', ['--version'], { encoding: 'utf8' });
  if (error) return new HeraldView(namespace, directory);
  return new BirdView(stderr.trim().replace(' version', ''), namespace, directory);
}
