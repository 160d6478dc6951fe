// One TCP connection of a session, with what belongs to it alone: the stream being cut into messages, what was offered
// and agreed on it, the watch over what it sends.

import { Framer } from './framer.js';
import { encodeMessage, type Message, type Open } from './message.js';
import { type LocalOpen, localCapabilities, type Negotiated, negotiate, openMessage } from './negotiate.js';
import { maxExtendedMessageOctets } from './numbers.js';
import type { Agreement } from './peer.js';
import type { SendWatch } from './send-watch.js';
import type { MessageCounts } from './session-status.js';
import type { SessionSettings } from './settings.js';
import type { Connection } from './transport.js';

/** What we offer a peer now. `restarting`: the R bit. */
export function localOpen(settings: SessionSettings, restarting: boolean): LocalOpen {
  const { asn, routerId, holdTimeSeconds, keepaliveSeconds, families, extendedMessage, gracefulRestart } = settings;
  const capabilities = localCapabilities({
    asn,
    families,
    extendedMessage,
    // The F bit: the addresses are the kernel's, which goes on forwarding to them while we are away, unless it was away too.
    ...(gracefulRestart && {
      gracefulRestart: {
        restartTimeSeconds: gracefulRestart.restartTimeSeconds,
        restarting,
        forwarding: gracefulRestart.forwardingPreserved ? families : [],
      },
    }),
    ...(settings.hostName !== '' && { host: settings.hostName }),
    ...(settings.softwareVersion !== '' && { softwareVersion: settings.softwareVersion }),
  });
  return {
    asn,
    routerId,
    holdTimeSeconds,
    ...(keepaliveSeconds !== undefined && { keepaliveSeconds }),
    families,
    capabilities,
  };
}

const keepaliveOctets = encodeMessage({ kind: 'keepalive' });

export class Link {
  readonly connection: Connection;
  readonly framer = new Framer();
  readonly #sent: MessageCounts;
  watch: SendWatch | undefined;
  #offered: LocalOpen | undefined;
  #negotiated: Negotiated | undefined;

  constructor(connection: Connection, sent: MessageCounts) {
    this.connection = connection;
    this.#sent = sent;
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  send(message: Exclude<Message, { kind: 'update' }>): void {
    this.write(message.kind === 'keepalive' ? keepaliveOctets : encodeMessage(message));
    this.#sent[message.kind]++;
  }

  write(octets: Uint8Array): void {
    this.connection.write(octets);
    this.watch?.wrote(octets.length);
  }

  offer(open: LocalOpen): void {
    this.#offered = open;
    this.send(openMessage(open));
  }

  /** Throws BgpError. */
  agree(open: Open, { peerAsn }: SessionSettings): Agreement {
    if (this.#offered === undefined) throw new Error('an OPEN is compared with ours before ours was sent');
    const negotiated = negotiate(this.#offered, { peerAsn }, open);
    this.#negotiated ??= negotiated;
    if (negotiated.receiveExtendedMessage) this.framer.maxOctets = maxExtendedMessageOctets;
    const { holdTimeSeconds, keepaliveSeconds, remoteAsn, remoteRouterId, gracefulRestart } = negotiated;
    return {
      holdTimeSeconds,
      keepaliveSeconds,
      remote: { asn: remoteAsn, routerId: remoteRouterId },
      peerRestarts: gracefulRestart !== undefined && gracefulRestart.peerFamilies.length > 0,
      peerHelps: gracefulRestart !== undefined,
      hardReset: gracefulRestart?.notificationBit ?? false,
    };
  }

  close(): void {
    this.watch?.close();
  }
}
