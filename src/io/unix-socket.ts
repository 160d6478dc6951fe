// Sockets of this host: whether somebody lives at a path, for a file alone may be what a dead daemon left behind; and who is
// at the other end of a connection.

import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { descriptorOf } from './descriptor.js';
import { native, type PeerCredentials } from './native.js';

export type { PeerCredentials };

/** Only a refused connection tells that nobody listens; rejects where it cannot be known. */
export function answers(path: string): Promise<boolean> {
  if (!existsSync(path)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // Its queue of connections is full.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

/** Who connected, as it was then (unix(7), SO_PEERCRED). Undefined where that is not to be known: the connection is gone. */
export function peerCredentials(socket: Socket): PeerCredentials | undefined {
  const descriptor = descriptorOf(socket);
  if (descriptor === undefined) return undefined;
  try {
    return native().readPeerCredentials(descriptor);
  } catch {
    return undefined;
  }
}
