// What the tests of the TCP transport share: addresses from text, and an event sink that remembers.

import { strict as assert } from 'node:assert';
import type { Connection, ConnectionEvents, DialOptions, Endpoint, Transport } from '../../src/bgp/transport.js';
import { formatAddress, parseAddress } from '../../src/net/address.js';

export const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text)!, port });

export const textOf = ({ address, port }: Endpoint): string => `${formatAddress(address)} ${port}`;

/** A loopback address of one test's own, so that ports need not be searched for. */
export const ownAddress = (): string => `127.${octet()}.${octet()}.${octet()}`;
const octet = (): number => 1 + Math.floor(Math.random() * 254);

/** One end of a connection and what happened to it. */
export class End implements ConnectionEvents {
  readonly connection: Connection;
  octets = 0;
  readonly chunks: Uint8Array[] = [];
  timesDrained = 0;
  readonly reasons: string[] = [];
  #changed: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  received(octets: Uint8Array): void {
    this.octets += octets.length;
    this.chunks.push(octets);
    this.#tell();
  }

  drained(): void {
    this.timesDrained++;
    this.#tell();
  }

  closed(reason: string): void {
    this.reasons.push(reason);
    this.#tell();
  }

  text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  async until(condition: (end: this) => boolean): Promise<this> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this;
  }

  #tell(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }
}

export function dialled(transport: Transport, options: Omit<DialOptions, 'timeoutMs'>, timeoutMs = 5000): Promise<End> {
  return new Promise((resolve, reject) => {
    transport.dial(
      { ...options, timeoutMs },
      (connection) => {
        const end = new End(connection);
        resolve(end);
        return end;
      },
      reject,
    );
  });
}

/** The error that a dial ends with. */
export async function failure(
  transport: Transport,
  options: Omit<DialOptions, 'timeoutMs'>,
  timeoutMs?: number,
): Promise<{ code: string; message: string }> {
  const outcome = await dialled(transport, options, timeoutMs).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Error && 'code' in outcome && typeof outcome.code === 'string', 'the dial succeeded');
  return { code: outcome.code, message: outcome.message };
}

export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
