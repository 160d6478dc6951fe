// Who is let in: on each window a bounded number of connections, and of each connection a bounded number of requests, which
// are answered one after the other. Those that ask nothing make room for those that come, so that no number of idle clients
// keeps anybody out.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CallError } from './problem-answer.js';

/** Whatever the host allows. */
export const mostConnections = 1000;
/** RFC 9112 §9.3.2: what is sent before the answers to what was sent before are there waits here. */
export const mostWaiting = 32;
/** One window may have a quarter of all files: the other one as much, and half is left for peers, tables and the ledger. */
const shareOfFiles = 1 / 4;

export const seatsWith = (openFiles: number): number =>
  Math.min(mostConnections, Math.max(1, Math.floor(openFiles * shareOfFiles)));

const allBusy = (most: number): CallError =>
  new CallError(503, 'tooManyConnections', `there are ${most} connections already, and all of them are busy`);

const silentForLongest = (most: number): CallError =>
  new CallError(503, 'tooManyConnections', `of ${most} connections this one has asked nothing for the longest time`);

export class Seats {
  readonly #most: number;
  readonly #refuse: (socket: Socket, error: CallError) => void;
  /** Each with the number of its requests that are not answered yet. */
  readonly #taken = new Map<Socket, number>();
  /** Without a request, whoever has been so for the longest first. */
  readonly #silent = new Set<Socket>();
  readonly #idle = new Set<Socket>();

  /** `refuse`: says so and closes. */
  constructor(most: number, refuse: (socket: Socket, error: CallError) => void) {
    this.#most = most;
    this.#refuse = refuse;
  }

  enter(socket: Socket): void {
    this.#taken.set(socket, 0);
    this.#silent.add(socket);
    socket.once('close', () => this.leave(socket));
    if (this.#taken.size > this.#most) this.#makeRoom(socket);
  }

  /** `serve` is called when it is this request's turn; with an error, where there is no room for it. */
  ask(request: IncomingMessage, response: ServerResponse, serve: (refusal?: CallError) => void): void {
    const { socket } = request;
    const asked = this.#taken.get(socket);
    if (asked === undefined) return;
    if (asked >= mostWaiting) {
      socket.destroy();
      return;
    }
    this.#taken.set(socket, asked + 1);
    this.#silent.delete(socket);
    this.#idle.delete(socket);
    response.once('close', () => this.#answered(socket));
    // Everybody else is busy: nobody could make room for it.
    if (this.#taken.size > this.#most) serve(allBusy(this.#most));
    else if (response.socket !== null) serve();
    else response.once('socket', () => serve());
  }

  #answered(socket: Socket): void {
    const asked = this.#taken.get(socket);
    if (asked === undefined) return;
    this.#taken.set(socket, asked - 1);
    if (asked === 1) this.#idle.add(socket);
  }

  /** What it still asks is not heard. */
  leave(socket: Socket): void {
    this.#taken.delete(socket);
    this.#silent.delete(socket);
    this.#idle.delete(socket);
  }

  /** Whoever never asked anything goes before those that did. */
  #makeRoom(newcomer: Socket): void {
    for (const some of [this.#silent, this.#idle])
      for (const socket of some) {
        if (socket === newcomer) continue;
        this.leave(socket);
        this.#refuse(socket, silentForLongest(this.#most));
        return;
      }
  }
}
