// A router at the other end of a network in memory: answers the OPEN, keeps the session alive, and remembers what it is told.

import { Framer } from '../../src/bgp/framer.js';
import { decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { localCapabilities, openMessage } from '../../src/bgp/negotiate.js';
import { familyOf } from '../../src/bgp/nlri.js';
import { maxExtendedMessageOctets } from '../../src/bgp/numbers.js';
import type { Connection, ConnectionEvents } from '../../src/bgp/transport.js';
import { decodeUpdate } from '../../src/bgp/update.js';
import { type Address, type Family, formatPrefix, type Prefix } from '../../src/net/address.js';
import type { FakeConnection, FakeNetwork } from './fake-network.js';
import { rowsIn } from './told-member.js';

export interface RouterSettings {
  readonly asn?: number;
  readonly families?: readonly Family[];
  readonly extendedMessage?: boolean;
  readonly gracefulRestart?: boolean;
  /** Without it a refresh has neither beginning nor end. */
  readonly enhancedRouteRefresh?: boolean;
}

const keepaliveMs = 10_000;

export class FakeRouter {
  readonly address: Address;
  /** Prefix → tag, of the session that is up. */
  readonly table = new Map<string, number>();
  /** What was said, in order: `OPEN`, `announce PREFIX`, `withdraw PREFIX`, `EoR ipv4`, `BoRR ipv4`, `EoRR ipv4`, `NOTIFICATION 6/2`, `closed …`. */
  readonly heard: string[] = [];
  readonly notifications: Extract<Message, { kind: 'notification' }>[] = [];
  readonly opens: Extract<Message, { kind: 'open' }>[] = [];
  /** Next hops of MP_REACH_NLRI and NEXT_HOP, as they came last. */
  nextHop: Address | undefined;
  linkLocal: Address | undefined;
  updates = 0;
  /** Memory that UPDATEs came in: the same for two routers that were sent the same octets. */
  readonly chunks = new Set<ArrayBufferLike>();
  readonly #network: FakeNetwork;
  readonly #settings: RouterSettings;
  #connection: Connection | undefined;

  constructor(network: FakeNetwork, address: Address, settings: RouterSettings = {}) {
    this.#network = network;
    this.address = address;
    this.#settings = settings;
    network.host(address).listen({ address, port: 179 }, (connection) => this.#take(connection));
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  set reading(reading: boolean) {
    (this.#connection as FakeConnection).reading = reading;
  }

  say(message: Message): void {
    this.#connection?.write(encodeMessage(message));
  }

  announce(prefix: Prefix): void {
    this.say({
      kind: 'update',
      withdrawn: [],
      attributes: [
        { kind: 'origin', origin: 'igp' },
        { kind: 'asPath', segments: [{ type: 'sequence', asns: [this.#settings.asn ?? 64500] }] },
        { kind: 'nextHop', address: this.address },
      ],
      announced: [prefix],
    });
  }

  /** What was heard since the last call. */
  news(): string[] {
    return this.heard.splice(0);
  }

  #take(connection: Connection): ConnectionEvents {
    const framer = new Framer();
    framer.maxOctets = maxExtendedMessageOctets;
    this.#connection = connection;
    this.table.clear();
    this.#stayAlive(connection);
    return {
      received: (octets) => {
        this.chunks.add(octets.buffer);
        framer.push(octets);
        for (let raw = framer.next(); raw !== undefined; raw = framer.next()) {
          if (raw.type === 2) this.#hearUpdate(raw.body);
          else this.#hear(decodeMessage(raw));
        }
      },
      drained: () => undefined,
      closed: (reason) => {
        this.heard.push(`closed ${reason}`);
        if (this.#connection === connection) this.#connection = undefined;
      },
    };
  }

  #stayAlive(connection: Connection): void {
    this.#network.time.after(keepaliveMs, () => {
      if (this.#connection !== connection) return;
      this.say({ kind: 'keepalive' });
      this.#stayAlive(connection);
    });
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'open':
        this.heard.push('OPEN');
        this.opens.push(message);
        this.#answerOpen();
        break;
      case 'notification':
        this.heard.push(`NOTIFICATION ${message.code}/${message.subcode}`);
        this.notifications.push(message);
        break;
      case 'routeRefresh':
        this.heard.push(`${['request', 'BoRR', 'EoRR'][message.subtype]} ${familyOf(message.afi, message.safi)}`);
        break;
      case 'keepalive':
      case 'update':
        break;
    }
  }

  #answerOpen(): void {
    const { asn = 64500, families = ['ipv4'], extendedMessage = false, gracefulRestart = false } = this.#settings;
    const capabilities = localCapabilities({
      asn,
      families,
      extendedMessage,
      ...(gracefulRestart && { gracefulRestart: { restarting: false, restartTimeSeconds: 120, forwarding: families } }),
    }).filter(({ kind }) => kind !== 'enhancedRouteRefresh' || this.#settings.enhancedRouteRefresh !== false);
    const routerId = this.address.words.at(-1)!;
    this.say(openMessage({ asn, routerId, holdTimeSeconds: 90, families, capabilities }));
    this.say({ kind: 'keepalive' });
  }

  #hearUpdate(body: Uint8Array): void {
    const received = decodeUpdate(body, { fourOctetAs: true, internal: false, families: ['ipv4', 'ipv6'] });
    if (received.endOfRib !== undefined) {
      this.heard.push(`EoR ${received.endOfRib}`);
      return;
    }
    this.updates++;
    for (const attribute of received.update.attributes) {
      if (attribute.kind === 'nextHop') this.nextHop = attribute.address;
      if (attribute.kind === 'mpReach') {
        this.nextHop = attribute.nextHop;
        this.linkLocal = attribute.linkLocal;
      }
    }
    const { tag, prefixes } = rowsIn(received);
    for (const prefix of prefixes) {
      const text = formatPrefix(prefix);
      this.heard.push(`${tag === 0 ? 'withdraw' : 'announce'} ${text}`);
      if (tag === 0) this.table.delete(text);
      else this.table.set(text, tag);
    }
  }
}
