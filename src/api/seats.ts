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

interface Seat {
  /** Requests that are not answered yet. */
  waiting: number;
  /** It has asked something before. */
  isKnown: boolean;
  /** Since when it asks nothing, in requests of all. */
  quietSince: number;
  /** To the request whose turn it is, or was last. */
  response: ServerResponse | undefined;
}

export class Seats {
  readonly #most: number;
  readonly #refuse: (socket: Socket, error: CallError) => void;
  readonly #taken = new Map<Socket, Seat>();
  /** Grows with every connection and every answer. */
  #now = 0;

  /** `refuse`: says so and closes. */
  constructor(most: number, refuse: (socket: Socket, error: CallError) => void) {
    this.#most = most;
    this.#refuse = refuse;
  }

  enter(socket: Socket): void {
    this.#taken.set(socket, { waiting: 0, isKnown: false, quietSince: ++this.#now, response: undefined });
    socket.once('close', () => this.leave(socket));
    if (this.#taken.size > this.#most) this.#makeRoom(socket);
  }

  /**
   * `serve` is called when it is this request's turn; with an error, where there is no room for it. `answered` is called when
   * nothing more is said.
   */
  ask(
    request: IncomingMessage,
    response: ServerResponse,
    serve: (request: IncomingMessage, response: ServerResponse, refusal?: CallError) => void,
    answered: (request: IncomingMessage) => void,
  ): void {
    const { socket } = request;
    const seat = this.#taken.get(socket);
    if (seat === undefined) return;
    if (seat.waiting >= mostWaiting) {
      socket.destroy();
      return;
    }
    seat.waiting++;
    seat.isKnown = true;
    response.once('close', () => {
      seat.waiting--;
      seat.quietSince = ++this.#now;
      answered(request);
    });
    const begin = (): void => {
      seat.response = response;
      // Everybody else is busy: nobody could make room for it.
      serve(request, response, this.#taken.size > this.#most ? allBusy(this.#most) : undefined);
    };
    if (response.socket === null) response.once('socket', begin);
    else begin();
  }

  /** What it still asks is not heard. */
  leave(socket: Socket): void {
    this.#taken.delete(socket);
  }

  /** An answer has begun and not ended: nothing else can be said. */
  isWithinAnswer(socket: Socket): boolean {
    const response = this.#taken.get(socket)?.response;
    return response?.headersSent === true && !response.writableFinished;
  }

  /** Whoever never asked anything goes before those that did. */
  #makeRoom(newcomer: Socket): void {
    let quietest: readonly [Socket, Seat] | undefined;
    for (const entry of this.#taken) {
      const [socket, seat] = entry;
      if (socket === newcomer || seat.waiting > 0) continue;
      if (quietest === undefined || isQuieter(seat, quietest[1])) quietest = entry;
    }
    if (quietest === undefined) return;
    const [socket] = quietest;
    this.leave(socket);
    this.#refuse(socket, silentForLongest(this.#most));
  }
}

const isQuieter = (a: Seat, b: Seat): boolean => (a.isKnown === b.isKnown ? a.quietSince < b.quietSince : !a.isKnown);
