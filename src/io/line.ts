// A line within this process, as a connection that BGP may be spoken on: for a rehearsal.

import { Socket } from 'node:net';
import type { Endpoint } from '../bgp/transport.js';
import { native } from './native.js';
import { TcpConnection } from './tcp-connection.js';

/** Both ends as sockets. */
export function openLine(): readonly [Socket, Socket] {
  const [one, other] = native().openSocketPair();
  return [new Socket({ fd: one }), new Socket({ fd: other })];
}

/** Both ends as connections: what one writes the other receives. */
export function connectionPair(local: Endpoint, remote: Endpoint): readonly [TcpConnection, TcpConnection] {
  const [ours, theirs] = openLine();
  return [new TcpConnection(ours, local, remote), new TcpConnection(theirs, remote, local)];
}
