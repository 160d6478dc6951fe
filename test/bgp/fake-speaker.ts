// One of our sessions on a host of a network in memory, its listener, and a record of all it said.

import { Framer } from '../../src/bgp/framer.js';
import { decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { type LocalOpen, localCapabilities, type Negotiated, openMessage } from '../../src/bgp/negotiate.js';
import { Session } from '../../src/bgp/session.js';
import type { SessionSettings } from '../../src/bgp/settings.js';
import type { Connection } from '../../src/bgp/transport.js';
import { type Address, parseAddress, sameAddress } from '../../src/net/address.js';
import type { LogLevel, Random } from '../../src/ports.js';
import type { FakeConnection, FakeNetwork } from './fake-network.js';

export const addressOf = (text: string): Address => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
};

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
}

export const ours = addressOf('10.0.0.1');
export const theirs = addressOf('10.0.0.2');

export const baseSettings: SessionSettings = {
  name: 'tor-1',
  description: '',
  remote: { address: theirs, port: 179 },
  asn: 64512,
  peerAsn: 64500,
  routerId: 0x0a000001,
  holdTimeSeconds: 90,
  keepaliveSeconds: undefined,
  connectRetrySeconds: 10,
  passive: false,
  families: ['ipv4'],
  socket: {},
  extendedMessage: false,
  gracefulRestart: undefined,
  maxPrefixes: undefined,
  adminState: 'enabled',
  shutdownText: '',
  hostName: 'node-a',
  softwareVersion: 'herald test',
};

/** The other side of baseSettings. */
export const peerSettings: SessionSettings = {
  ...baseSettings,
  name: 'node-a',
  remote: { address: ours, port: 179 },
  asn: 64500,
  peerAsn: 64512,
  routerId: 0x0a000002,
};

export interface Speaker {
  readonly session: Session;
  readonly log: LogLine[];
  readonly transitions: string[];
  readonly established: Negotiated[];
  readonly counts: { closed: number; drained: number; refreshes: number };
}

export interface Host {
  readonly address: Address;
  /** Without it nobody listens there. */
  readonly listens?: boolean;
  readonly random?: Random;
}

export function speaker(
  network: FakeNetwork,
  settings: SessionSettings,
  { address, listens = true, random = network.random }: Host,
): Speaker {
  const transport = network.host(address);
  const record: Omit<Speaker, 'session'> = {
    log: [],
    transitions: [],
    established: [],
    counts: { closed: 0, drained: 0, refreshes: 0 },
  };
  const session = new Session(settings, {
    transport,
    clock: network.time,
    timers: network.time,
    random,
    log: { write: (level, event, message) => record.log.push({ level, event, message }) },
    output: {
      established: (_session, negotiated) => record.established.push(negotiated),
      closed: () => record.counts.closed++,
      drained: () => record.counts.drained++,
      refreshRequested: () => record.counts.refreshes++,
      transition: (_session, from, to) => record.transitions.push(`${from} ${to}`),
    },
  });
  if (listens)
    transport.listen({ address, port: 179 }, (connection) =>
      settings.remote && sameAddress(connection.remote.address, settings.remote.address)
        ? session.accept(connection)
        : undefined,
    );
  return { session, ...record };
}

/** A peer that says exactly what a test makes it say. */
export class Puppet {
  readonly connection: Connection;
  readonly heard: Message[] = [];
  closed: string | undefined;
  readonly #framer = new Framer();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  readonly events = {
    received: (octets: Uint8Array): void => {
      this.#framer.push(octets);
      for (let raw = this.#framer.next(); raw !== undefined; raw = this.#framer.next())
        this.heard.push(decodeMessage(raw));
    },
    drained: (): void => undefined,
    closed: (reason: string): void => {
      this.closed = reason;
    },
  };

  say(...messages: Message[]): void {
    this.connection.write(joined(messages.map((message) => encodeMessage(message))));
  }

  heardOf<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>[] {
    return this.heard.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What a puppet of peerSettings says first. */
export function openOf(settings: Partial<LocalOpen> & { gracefulRestart?: boolean } = {}): Message {
  const {
    asn = peerSettings.asn,
    routerId = peerSettings.routerId,
    holdTimeSeconds = 90,
    families = ['ipv4'],
  } = settings;
  const capabilities =
    settings.capabilities ??
    localCapabilities({
      asn,
      families,
      extendedMessage: false,
      ...(settings.gracefulRestart && {
        gracefulRestart: { restarting: false, restartTimeSeconds: 120, forwarding: families },
      }),
    });
  return openMessage({ asn, routerId, holdTimeSeconds, families, capabilities });
}

/** Waits at their address for our session to dial. */
export function puppetListener(network: FakeNetwork): Puppet[] {
  const puppets: Puppet[] = [];
  network.host(theirs).listen({ address: theirs, port: 179 }, (connection) => {
    const puppet = new Puppet(connection);
    puppets.push(puppet);
    return puppet.events;
  });
  return puppets;
}

/** Dials our session from their address. Its puppet appears in the list once connected. */
export function puppetDial(network: FakeNetwork): Puppet[] {
  const puppets: Puppet[] = [];
  network.host(theirs).dial(
    { remote: { address: ours, port: 179 }, timeoutMs: 1000 },
    (connection) => {
      const puppet = new Puppet(connection);
      puppets.push(puppet);
      return puppet.events;
    },
    () => undefined,
  );
  return puppets;
}

/** Stops or starts reading of the puppet's end: a closed window. */
export function setReading(puppet: Puppet, reading: boolean): void {
  (puppet.connection as FakeConnection).reading = reading;
}
