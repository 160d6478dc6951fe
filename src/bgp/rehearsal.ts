// A speaker on a stage, for a rehearsal: the peers that are configured, played. Each calls or is called as the real one, answers
// the OPEN with its reflection, and hears everything else in silence. Nothing leaves the process, nothing is logged or
// reported.

import { type Address, type Family, formatAddress } from '../net/address.js';
import { Framer } from './framer.js';
import { encodeMessage } from './message.js';
import { asTrans } from './numbers.js';
import { decodeOpen } from './open.js';
import type { PeerSettings, SpeakerSettings, ToSpeaker } from './protocol.js';
import type { SessionSettings } from './settings.js';
import { Speaker, type SpeakerEnvironment } from './speaker.js';
import type { Connection, ConnectionEvents, Endpoint, Transport } from './transport.js';

/** One end of a line within the process. */
export interface LineEnd extends Connection {
  report(events: ConnectionEvents): void;
}

export interface StageEnvironment extends Omit<SpeakerEnvironment, 'transport' | 'log' | 'report'> {
  /** Our end and the other. */
  connectionPair(local: Endpoint, remote: Endpoint): readonly [LineEnd, LineEnd];
}

/** Code does not run better for more of them. */
const mostPeers = 4;

export class Rehearsal {
  readonly #environment: StageEnvironment;
  readonly #speaker: Speaker;
  readonly #cast = new Map<string, SessionSettings>();
  #accept: ((connection: Connection) => ConnectionEvents | undefined) | undefined;

  constructor(environment: StageEnvironment) {
    this.#environment = environment;
    const transport: Transport = {
      dial: ({ remote }, connected) => {
        const peer = this.#cast.get(formatAddress(remote.address));
        // Never at once, as in the world.
        if (peer !== undefined) environment.timers.after(0, () => this.#connect(peer, remote, connected));
        return { cancel: () => {} };
      },
      listen: (_, accepted) => {
        this.#accept = accepted;
        return { setMd5Password: () => {}, close: () => {} };
      },
    };
    this.#speaker = new Speaker({ ...environment, transport, log: { write: () => {} }, report: () => {} });
  }

  receive(message: ToSpeaker): void {
    if (message.kind === 'configure') this.#open(message.settings);
    else this.#speaker.receive(message);
  }

  #open({ peers }: SpeakerSettings): void {
    const cast = peers.slice(0, mostPeers).map(onStage);
    this.#cast.clear();
    for (const { session } of cast) if (session.remote) this.#cast.set(formatAddress(session.remote.address), session);
    this.#speaker.receive({
      kind: 'configure',
      settings: { listen: [{ address: loopback.ipv4, port: 0 }], peers: cast },
    });
    for (const { session } of cast) {
      const { remote, passive } = session;
      if (passive && remote !== undefined) this.#connect(session, remote, (connection) => this.#accept?.(connection));
    }
  }

  #connect(
    peer: SessionSettings,
    remote: Endpoint,
    connected: (connection: Connection) => ConnectionEvents | undefined,
  ): void {
    const local = { address: loopback[remote.address.family], port: 0 };
    const [ours, theirs] = this.#environment.connectionPair(local, remote);
    const framer = new Framer();
    let isOpen = false;
    theirs.report({
      received: (octets) => {
        if (isOpen) return;
        framer.push(octets);
        const open = framer.next();
        if (open === undefined) return;
        isOpen = true;
        theirs.write(reflection(open.body, peer));
        theirs.write(encodeMessage({ kind: 'keepalive' }));
      },
      drained: () => {},
      closed: () => {},
    });
    const events = connected(ours);
    if (events !== undefined) ours.report(events);
  }
}

const onStage = (peer: PeerSettings): PeerSettings => ({ ...peer, session: { ...peer.session, socket: {} } });

const loopback: { readonly [F in Family]: Address } = {
  ipv4: { family: 'ipv4', words: [0x7f000001] },
  ipv6: { family: 'ipv6', words: [0, 0, 0, 1] },
};

/** The same abilities, another speaker. */
function reflection(body: Uint8Array, { asn, peerAsn }: SessionSettings): Uint8Array {
  const open = decodeOpen(body);
  const other = peerAsn === 'internal' ? asn : peerAsn === 'external' ? (asn === 1 ? 2 : 1) : peerAsn;
  return encodeMessage({
    ...open,
    asn: other > 0xffff ? asTrans : other,
    routerId: open.routerId === 1 ? 2 : 1,
    capabilities: open.capabilities.map((each) => (each.kind === 'fourOctetAs' ? { ...each, asn: other } : each)),
  });
}
