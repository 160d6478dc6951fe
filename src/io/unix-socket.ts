// Whether somebody lives at a socket path: a file alone may be what a dead daemon left behind.

import { connect } from 'node:net';

export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (isLive: boolean): void => {
      socket.destroy();
      resolve(isLive);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
