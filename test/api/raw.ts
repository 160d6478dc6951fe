// A client that speaks in octets: it says what no library would, and reads only when it likes.

import { connect, type NetConnectOpts, type Socket } from 'node:net';

export class RawClient {
  heard = '';
  readonly socket: Socket;

  constructor(where: NetConnectOpts) {
    this.socket = connect(where);
    this.socket.on('data', (octets) => {
      this.heard += octets.toString('latin1');
    });
    this.socket.on('error', () => {});
  }

  /** Says it, reads nothing of the answer. */
  static mute(where: NetConnectOpts, words: string): RawClient {
    const client = new RawClient(where);
    client.socket.pause();
    client.socket.write(words);
    return client;
  }

  say(words: string | Buffer): this {
    this.socket.write(words);
    return this;
  }

  /** All that was heard once the other side has closed. */
  async whole(): Promise<string> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.heard;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  close(): void {
    this.socket.destroy();
  }
}
