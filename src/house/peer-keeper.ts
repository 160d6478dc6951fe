// What the BGP thread is told of the peers, by the configuration and by operators, and what it last said of their sessions.

import type { PeerOrder, PeerOutcome } from '../api/peers.js';
import type { FromSpeaker, PeerSettings, PeerStatus, SpeakerSettings } from '../bgp/protocol.js';
import type { BgpPeer, Config } from '../config/config.js';
import { impact } from '../config/impact.js';
import type { BgpThread } from '../io/bgp-thread.js';
import { firstIpv4Address, sourceAddressTowards } from '../io/local-addresses.js';
import { parseIpv4 } from '../net/address.js';
import type { Announcer } from '../plan/announcer.js';
import type { PeerView } from '../plan/listing.js';
import type { Log } from '../ports.js';
import { version } from '../version.js';
import { sessionSettings } from './session-settings.js';

interface Surroundings {
  readonly announcer: Pick<Announcer, 'views' | 'dropUnusedViews'>;
  readonly bgp: Pick<BgpThread, 'configure' | 'command' | 'dropView' | 'status'>;
  readonly log: Log;
  /** What the configuration says, unless it says nothing. */
  readonly routerId: number;
  /** The F bit of graceful restart. */
  readonly forwardingPreserved: boolean;
}

const noPeer: PeerView = { established: false, families: [] };
const defaultText = 'disabled by the operator';

export class PeerKeeper {
  readonly #surroundings: Surroundings;
  readonly #views = new Map<string, PeerView>();
  readonly #generations = new Map<string, { readonly peer: BgpPeer; readonly number: number }>();
  /** By name, with what their operators were told. It is gone with the peer, and with this process. */
  readonly #disabled = new Map<string, string>();
  #peers: readonly BgpPeer[] = [];
  /** What the configuration says. */
  #settings: SpeakerSettings = { listen: [], peers: [] };

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  view(name: string): PeerView {
    return this.#views.get(name) ?? noPeer;
  }

  isUp(name: string): boolean {
    return this.view(name).established;
  }

  /** But for those that are kept down. */
  get areAllUp(): boolean {
    return this.#peers.every((peer) => this.#isKeptDown(peer) || this.isUp(peer.name));
  }

  get keptDown(): number {
    return this.#peers.filter((peer) => this.#isKeptDown(peer)).length;
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

  command(name: string, order: PeerOrder): PeerOutcome {
    const peer = this.#peers.find((known) => known.name === name);
    if (peer === undefined) return 'noSuchPeer';
    const isDisabled = this.#disabled.has(name);
    switch (order.kind) {
      case 'disable':
        return isDisabled ? 'unchanged' : this.#disable(name, order.message ?? defaultText);
      case 'enable':
        if (peer.shutdown) return 'shutDown';
        return isDisabled ? this.#enable(name) : 'unchanged';
      case 'reset':
      case 'refresh':
        if (peer.shutdown) return 'shutDown';
        if (isDisabled) return 'disabled';
        this.#surroundings.bgp.command(
          name,
          order.kind === 'reset' ? { kind: 'reset', text: order.message ?? '' } : { kind: 'refresh' },
        );
        return 'done';
    }
  }

  #disable(name: string, text: string): 'done' {
    this.#disabled.set(name, text);
    this.#tell();
    const { log } = this.#surroundings;
    log.write('info', 'peerDisabled', `${name}: disabled, until it is enabled or herald restarts`, {
      peer: name,
      text,
    });
    return 'done';
  }

  #enable(name: string): 'done' {
    this.#disabled.delete(name);
    this.#tell();
    this.#surroundings.log.write('info', 'peerEnabled', `${name}: enabled again`, { peer: name });
    return 'done';
  }

  #isKeptDown({ name, shutdown }: BgpPeer): boolean {
    return shutdown || this.#disabled.has(name);
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
    this.#settings = {
      debug: log.level === 'debug',
      listen: bgp.listen,
      peers: bgpPeers.map((peer) => ({
        session: sessionSettings(peer, own),
        generation: this.#generation(peer, own.routerId),
        view: viewOf.get(peer.name)!,
      })),
    };
    const names = new Set(bgpPeers.map(({ name }) => name));
    for (const known of [this.#views, this.#generations, this.#disabled])
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    this.#tell();
    for (const view of announcer.dropUnusedViews()) this.#surroundings.bgp.dropView(view);
  }

  #tell(): void {
    const { peers } = this.#settings;
    this.#surroundings.bgp.configure({ ...this.#settings, peers: peers.map((peer) => this.#byOperators(peer)) });
  }

  #byOperators(peer: PeerSettings): PeerSettings {
    const { session } = peer;
    const text = this.#disabled.get(session.name);
    if (text === undefined || session.adminState === 'shutdown') return peer;
    return { ...peer, session: { ...session, adminState: 'disabled', shutdownText: text } };
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
