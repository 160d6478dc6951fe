// The real Transport: descriptors from the addon, everything after that by node:net. Made here, connected and accepted;
// a connection's life is in tcp-connection.ts. Read bgp/transport.ts first: it says what is promised here.

import { createServer, Socket } from 'node:net';
import type {
  Connection,
  ConnectionEvents,
  Dialling,
  DialOptions,
  Endpoint,
  Listener,
  SocketOptions,
  Transport,
  TransportError,
} from '../bgp/transport.js';
import { addressOctets, formatAddress } from '../net/address.js';
import { type NativeDialOptions, native } from './native.js';
import { endpointOf, TcpConnection } from './tcp-connection.js';
import { type Attempt, errnoError, explained, transportError } from './tcp-error.js';

/** RFC 4271 appendix E: DSCP 110000. */
const internetworkControl = 0xc0;
/** RFC 5082 §3: a peer that guards itself takes our SYN-ACK only so; it comes before we know whose connection it is. */
const listenerTtl = 255;
const backlog = 1024;

export const tcpTransport: Transport = { dial, listen };

function dial(
  options: DialOptions,
  connected: (connection: Connection) => ConnectionEvents,
  failed: (error: TransportError) => void,
): Dialling {
  const { remote, timeoutMs } = options;
  const attempt: Attempt = {
    local: options.localAddress,
    remote,
    device: options.device,
    guarded: options.md5Password !== undefined || options.minTtl !== undefined,
  };
  let socket: Socket | undefined;
  let over = false;
  const end = (): boolean => {
    if (over) return false;
    over = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (error: TransportError): void => {
    if (!end()) return;
    socket?.destroy();
    failed(error);
  };
  const timer = setTimeout(() => fail(errnoError('ETIMEDOUT', attempt)), timeoutMs);
  const cancel = (): void => {
    if (end()) socket?.destroy();
  };
  try {
    // An unconnected socket that Node polls is an error to it: connect() follows at once.
    socket = adopt(native().openTcpSocket(dialOptions(options)));
    socket.connect({ host: formatAddress(remote.address), port: remote.port });
  } catch (error) {
    const why = transportError(error, attempt);
    setImmediate(() => fail(why));
    return { cancel };
  }
  const dialled = socket;
  dialled.on('error', (error) => fail(transportError(error, attempt)));
  dialled.on('connect', () => {
    const local = endpointOf(dialled.localAddress, dialled.localPort);
    if (local === undefined) {
      fail(errnoError('ECONNRESET', attempt));
      return;
    }
    if (!end()) return;
    const connection = new TcpConnection(dialled, local, remote);
    // It would also end a connection whose peer reads slowly; how long that may last is BGP's decision (RFC 9687).
    connection.apply((addon, descriptor) => addon.setTcpUserTimeout(descriptor, 0));
    connection.report(connected(connection));
  });
  return { cancel };
}

function dialOptions({
  remote,
  timeoutMs,
  localAddress,
  device,
  md5Password,
  ttl,
  minTtl,
}: DialOptions): NativeDialOptions {
  return {
    peer: addressOctets(remote.address),
    trafficClass: internetworkControl,
    userTimeoutMs: timeoutMs,
    ...(localAddress === undefined ? {} : { localAddress: addressOctets(localAddress) }),
    ...(device === undefined ? {} : { device }),
    ...(md5Password === undefined ? {} : { md5Key: Buffer.from(md5Password) }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(minTtl === undefined ? {} : { minTtl }),
  };
}

/** Node owns the descriptor from here on; a descriptor it does not take is closed. */
function adopt(descriptor: number): Socket {
  try {
    return new Socket({ fd: descriptor, readable: true, writable: true, allowHalfOpen: true });
  } catch (error) {
    native().closeDescriptor(descriptor);
    throw error;
  }
}

function listen(
  endpoint: Endpoint & Pick<SocketOptions, 'device'>,
  accepted: (connection: Connection) => ConnectionEvents | undefined,
): Listener {
  const { address, port, device } = endpoint;
  const attempt: Attempt = { local: address, localPort: port, device };
  const descriptor = explained(attempt, () =>
    native().openTcpListener({
      address: addressOctets(address),
      port,
      backlog,
      ttl: listenerTtl,
      trafficClass: internetworkControl,
      ...(device === undefined ? {} : { device }),
    }),
  );
  let open = true;
  const server = createServer({ allowHalfOpen: true });
  // Out of descriptors: libuv has turned the caller away by then, and the listener goes on.
  server.on('error', () => {});
  server.on('connection', (socket) => {
    const local = endpointOf(socket.localAddress, socket.localPort);
    const remote = endpointOf(socket.remoteAddress, socket.remotePort);
    if (local === undefined || remote === undefined) {
      socket.destroy(); // reset before we looked
      return;
    }
    const connection = new TcpConnection(socket, local, remote);
    const events = accepted(connection);
    if (events === undefined) connection.destroy();
    else connection.report(events);
  });
  server.listen({ fd: descriptor, backlog });
  return {
    setMd5Password: (peer, password) => {
      // The sockets are of one family each: a peer of the other never comes here.
      if (!open || peer.family !== address.family) return;
      try {
        native().setTcpMd5Key(descriptor, addressOctets(peer), Buffer.from(password ?? ''));
      } catch (error) {
        const why = transportError(error, attempt);
        if (password !== undefined || why.code !== 'ENOENT') throw why;
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      server.close();
    },
  };
}
