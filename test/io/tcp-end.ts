// A program of its own with the TCP transport in it, for where this process cannot be: another network namespace, or a
// host short of descriptors. Started by the tests, spoken to over Node's IPC; what it accepts, it echoes.

import type { Connection, ConnectionEvents, TransportError } from '../../src/bgp/transport.js';
import { tcpTransport } from '../../src/io/tcp.js';
import { parseAddress } from '../../src/net/address.js';
import { at, textOf } from './tcp-fixtures.js';

export interface EndRequest {
  readonly listen?: {
    readonly address: string;
    readonly port: number;
    readonly device?: string;
    readonly minTtl?: number;
  };
  /** For the listener opened last; an empty key takes it away. */
  readonly password?: { readonly peer: string; readonly key: string };
  readonly dial?: {
    readonly address: string;
    readonly port: number;
    readonly localAddress?: string;
    readonly device?: string;
    readonly md5Password?: string;
    readonly ttl?: number;
    readonly minTtl?: number;
    readonly timeoutMs: number;
  };
  /** Goes over the connection dialled last and comes back as the answer. */
  readonly say?: string;
  /** The same without waiting for what comes back. */
  readonly murmur?: string;
}

export type EndAnswer =
  | { readonly local: string; readonly remote: string }
  | { readonly code: string; readonly message: string }
  | { readonly heard: string }
  | { readonly done: true };

let setPassword: (peer: string, key: string) => void = () => {};
let ours: Connection | undefined;
let heard: (text: string) => void = () => {};

const echo = (connection: Connection): ConnectionEvents => ({
  received: (octets) => connection.write(octets),
  drained() {},
  closed() {},
});

async function perform({ listen, password, dial, say, murmur }: EndRequest): Promise<EndAnswer> {
  if (listen !== undefined) {
    const { address, port, device, minTtl } = listen;
    const listener = tcpTransport.listen(
      { ...at(address, port), ...(device === undefined ? {} : { device }) },
      (connection) => {
        if (minTtl !== undefined) connection.restrict({ minTtl });
        return echo(connection);
      },
    );
    setPassword = (peer, key) => listener.setMd5Password(parseAddress(peer)!, key === '' ? undefined : key);
  }
  if (password !== undefined) setPassword(password.peer, password.key);
  if (murmur !== undefined) ours?.write(Buffer.from(murmur));
  if (say !== undefined) {
    ours?.write(Buffer.from(say));
    return { heard: await new Promise<string>((resolve) => (heard = resolve)) };
  }
  if (dial === undefined) return { done: true };
  const { address, port, localAddress, ...more } = dial;
  const source = localAddress === undefined ? {} : { localAddress: parseAddress(localAddress)! };
  return new Promise((resolve) => {
    tcpTransport.dial(
      { ...more, ...source, remote: at(address, port) },
      (connection) => {
        ours = connection;
        resolve({ local: textOf(connection.local), remote: textOf(connection.remote) });
        return { received: (octets) => heard(Buffer.from(octets).toString()), drained() {}, closed() {} };
      },
      ({ code, message }: TransportError) => resolve({ code, message }),
    );
  });
}

process.on('message', (request: EndRequest) => {
  perform(request).then(
    (answer) => process.send?.(answer),
    ({ code, message }: TransportError) => process.send?.({ code, message }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ done: true });
