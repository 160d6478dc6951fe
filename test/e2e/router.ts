// The router at the other end, made of herald's own codec: takes a session, remembers what it was told, and judges.
// One that misbehaves is a plain TCP server in the test itself.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import type { PathAttribute } from '../../src/bgp/attribute.js';
import { Framer } from '../../src/bgp/framer.js';
import { type Capability, decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { localCapabilities, openMessage } from '../../src/bgp/negotiate.js';
import { communicationOf, innerOf } from '../../src/bgp/notification.js';
import { type Family, formatPrefix } from '../../src/net/address.js';
import { eventually } from '../interop/eventually.js';

export interface RouterOptions {
  readonly asn?: number;
  readonly families?: readonly Family[];
  readonly gracefulRestart?: boolean;
  readonly holdTimeSeconds?: number;
  /** Answers each KEEPALIVE with one; without it the hold timer of the other side runs. */
  readonly keepsAlive?: boolean;
  /** Besides those that it needs. */
  readonly capabilities?: readonly Capability[];
}

type Attribute<K extends PathAttribute['kind']> = Extract<PathAttribute, { readonly kind: K }>;

export class Route {
  readonly attributes: readonly PathAttribute[];

  constructor(attributes: readonly PathAttribute[]) {
    this.attributes = attributes;
  }

  of<K extends PathAttribute['kind']>(kind: K): Attribute<K> | undefined {
    return this.attributes.find((attribute): attribute is Attribute<K> => attribute.kind === kind);
  }
}

/** One connection with herald, from its first octet. */
export class RouterSession {
  readonly heard: Message[] = [];
  readonly routes = new Map<string, Route>();
  readonly #socket: Socket;
  readonly #framer = new Framer();
  readonly #options: Required<RouterOptions>;
  isClosed = false;

  constructor(socket: Socket, options: Required<RouterOptions>) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', (octets) => this.#receive(octets));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  #receive(octets: Uint8Array): void {
    this.#framer.push(octets);
    const { families } = this.#options;
    for (let raw = this.#framer.next(); raw !== undefined; raw = this.#framer.next()) {
      const message = decodeMessage(raw, { fourOctetAs: true, internal: false, families });
      this.heard.push(message);
      if (message.kind === 'open') this.#greet();
      else if (message.kind === 'update') this.#learn(message);
      else if (message.kind === 'keepalive' && this.#options.keepsAlive) this.say(message);
    }
  }

  #greet(): void {
    const { asn, families, gracefulRestart, holdTimeSeconds } = this.#options;
    const restart = { restarting: false, restartTimeSeconds: 120, forwarding: families };
    const capabilities = localCapabilities({
      asn,
      families,
      extendedMessage: false,
      ...(gracefulRestart ? { gracefulRestart: restart } : {}),
    });
    const all = [...capabilities, ...this.#options.capabilities];
    this.say(openMessage({ asn, routerId: 0x0a000002, holdTimeSeconds, families, capabilities: all }), {
      kind: 'keepalive',
    });
  }

  #learn({ withdrawn, attributes, announced }: Extract<Message, { kind: 'update' }>): void {
    const route = new Route(attributes);
    const reached = route.of('mpReach')?.prefixes ?? [];
    for (const prefix of [...withdrawn, ...(route.of('mpUnreach')?.prefixes ?? [])])
      this.routes.delete(formatPrefix(prefix));
    for (const prefix of [...announced, ...reached]) this.routes.set(formatPrefix(prefix), route);
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.#socket.write(encodeMessage(message));
  }

  write(octets: Uint8Array): void {
    this.#socket.write(octets);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  heardOf<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>[] {
    return this.heard.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
  }

  get updates(): number {
    return this.heardOf('update').length;
  }

  /** Of the Cease it ended with: `6/2 the text`. */
  get farewell(): string | undefined {
    const [said] = this.heardOf('notification');
    if (said === undefined) return undefined;
    const word = innerOf(said) ?? said;
    return `${word.code}/${word.subcode} ${communicationOf(word) ?? ''}`.trimEnd();
  }

  get prefixes(): string[] {
    return [...this.routes.keys()].sort();
  }
}

export class Router {
  readonly sessions: RouterSession[] = [];
  readonly address: string;
  readonly #server: Server;

  private constructor(address: string, options: Required<RouterOptions>) {
    this.address = address;
    this.#server = createServer((socket) => this.sessions.push(new RouterSession(socket, options)));
  }

  static async listen(address: string, options: RouterOptions = {}): Promise<Router> {
    const router = new Router(address, {
      asn: 64500,
      families: ['ipv4'],
      gracefulRestart: false,
      holdTimeSeconds: 90,
      keepsAlive: false,
      capabilities: [],
      ...options,
    });
    await new Promise<void>((resolve) => router.#server.listen(0, address, resolve));
    return router;
  }

  get port(): number {
    return portOf(this.#server);
  }

  get asn(): number {
    return 64500;
  }

  /** What makes it a peer of herald. */
  peer(name: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return {
      name,
      peerAddress: this.address,
      peerPort: this.port,
      peerASN: this.asn,
      sourceAddress: '127.0.0.1',
      connectTime: '1s',
      ...more,
    };
  }

  /** The latest. */
  get session(): RouterSession {
    const session = this.sessions.at(-1);
    assert.ok(session, 'herald never came');
    return session;
  }

  /** Waits until its table holds exactly these. */
  async holds(...prefixes: readonly string[]): Promise<void> {
    await eventually(
      () => this.session.prefixes,
      (seen) => assert.deepEqual(seen, [...prefixes].sort()),
      5000,
    );
  }

  /** Every session it ever had is one that never broke. */
  isUnbroken(): void {
    assert.equal(this.sessions.length, 1, 'the session was bounced');
    assert.equal(this.session.isClosed, false);
    assert.equal(this.session.heardOf('open').length, 1);
    assert.equal(this.session.heardOf('notification').length, 0);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

export function portOf(server: Server): number {
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  return bound.port;
}

/** A port nobody listens on just now. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const port = portOf(server);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
