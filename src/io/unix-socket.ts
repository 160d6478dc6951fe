// Whether somebody lives at a socket path: a file alone may be what a dead daemon left behind.

import { existsSync } from 'node:fs';
import { connect } from 'node:net';

/** Only a refused connection tells that nobody listens; rejects where it cannot be known. */
export function answers(path: string): Promise<boolean> {
  if (!existsSync(path)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
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
