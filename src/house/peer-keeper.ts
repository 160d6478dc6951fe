// What the BGP thread is told of the peers, and what it last said of their sessions.

import type { FromSpeaker, PeerCommand, PeerStatus } from '../bgp/protocol.js';
import type { BgpPeer, Config } from '../config/config.js';
import { impact } from '../config/impact.js';
import type { BgpThread } from '../io/bgp-thread.js';
import { firstIpv4Address, sourceAddressTowards } from '../io/local-addresses.js';
import { parseIpv4 } from '../net/address.js';
import type { Announcer } from '../plan/announcer.js';
import type { PeerView } from '../plan/listing.js';
import { version } from '../version.js';
import { sessionSettings } from './session-settings.js';

interface Surroundings {
  readonly announcer: Announcer;
  readonly bgp: BgpThread;
  /** What the configuration says, unless it says nothing. */
  readonly routerId: number;
  /** The F bit of graceful restart. */
  readonly forwardingPreserved: boolean;
}

const noPeer: PeerView = { established: false, families: [] };

export class PeerKeeper {
  readonly #surroundings: Surroundings;
  readonly #views = new Map<string, PeerView>();
  readonly #generations = new Map<string, { readonly peer: BgpPeer; readonly number: number }>();
  #peers: readonly BgpPeer[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  view(name: string): PeerView {
    return this.#views.get(name) ?? noPeer;
  }

  isUp(name: string): boolean {
    return this.view(name).established;
  }

  get areAllUp(): boolean {
    return this.#peers.every(({ name }) => this.isUp(name));
  }

  get established(): number {
    return this.#peers.filter(({ name }) => this.isUp(name)).length;
  }

  changed({ peer, state, families }: Extract<FromSpeaker, { kind: 'transition' }>): void {
    this.#views.set(peer, { established: state === 'Established', families });
  }

  /** Established peers that have still to take some of what they are told; all of them where that cannot be known. */
  async behind(): Promise<string[]> {
    try {
      const { peers } = await this.#surroundings.bgp.status();
      return peers.filter((peer) => this.isUp(peer.name) && isBehind(peer)).map(({ name }) => name);
    } catch {
      return this.#peers.map(({ name }) => name).filter((name) => this.isUp(name));
    }
  }

  /** False: no such peer. */
  command(name: string, command: PeerCommand): boolean {
    if (!this.#peers.some((peer) => peer.name === name)) return false;
    this.#surroundings.bgp.command(name, command);
    return true;
  }

  /** Once the announcer knows them. */
  configure({ bgpPeers, bgp, node, log }: Config): void {
    const { announcer, forwardingPreserved } = this.#surroundings;
    const own = {
      routerId: bgp.routerId ?? this.#surroundings.routerId,
      hostName: node.name,
      softwareVersion: `herald/${version}`,
      forwardingPreserved,
    };
    const viewOf = new Map(announcer.views.flatMap(({ id, peers }) => peers.map((peer) => [peer, id] as const)));
    this.#peers = bgpPeers;
    this.#surroundings.bgp.configure({
      debug: log.level === 'debug',
      listen: bgp.listen,
      peers: bgpPeers.map((peer) => ({
        session: sessionSettings(peer, own),
        generation: this.#generation(peer, own.routerId),
        view: viewOf.get(peer.name)!,
      })),
    });
    for (const view of announcer.dropUnusedViews()) this.#surroundings.bgp.dropView(view);
    const names = new Set(bgpPeers.map(({ name }) => name));
    for (const known of [this.#views, this.#generations])
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
  }

  /** Another number once a change needs a new session. */
  #generation(peer: BgpPeer, routerId: number): number {
    const known = this.#generations.get(peer.name);
    const isSame = known !== undefined && !impact(known.peer, peer).some(({ effect }) => effect === 'reset');
    const before = known === undefined ? 0 : Math.floor(known.number / 2 ** 32);
    const number = (isSame ? before : before + 1) * 2 ** 32 + routerId;
    this.#generations.set(peer.name, { peer, number });
    return number;
  }
}

const isBehind = ({ pendingPrefixes, unsentOctets }: PeerStatus): boolean => pendingPrefixes > 0 || unsentOctets > 0;

/** RFC 4271 §4.2: one of our addresses; the one the first IPv4 peer will see, else any. */
export async function ownRouterId(config: Config): Promise<number> {
  if (config.bgp.routerId !== undefined) return config.bgp.routerId;
  const peer = config.bgpPeers.find(({ peerAddress }) => peerAddress.family === 'ipv4');
  const source = peer && (peer.sourceAddress ?? (await sourceAddressTowards(peer.peerAddress)));
  return (source ?? firstIpv4Address() ?? parseIpv4('127.0.0.1')!).words[0]!;
}
