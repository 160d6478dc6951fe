// Notices that nothing we wrote moves any more: a peer with a closed TCP window goes on sending KEEPALIVEs for ever, and
// only our side can tell. Looks now and then at what the kernel has taken, because little by little counts. RFC 9687.

import type { Clock, Timers } from '../ports.js';
import { Deadline } from './timers.js';
import type { Connection } from './transport.js';

const looks = 8;

export class SendWatch {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #stalled: () => void;
  readonly #look: Deadline;
  #written = 0;
  #taken = 0;
  #movedAtMs = 0;

  constructor(connection: Connection, clock: Clock, timers: Timers, limitMs: number, stalled: () => void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#stalled = stalled;
    this.#look = new Deadline(clock, timers, () => this.#looked());
  }

  wrote(octets: number): void {
    this.#written += octets;
    if (this.#look.running || this.#connection.unsentOctets === 0) return;
    this.#taken = this.#written - this.#connection.unsentOctets;
    this.#movedAtMs = this.#clock.monotonicMs();
    this.#look.start(this.#limitMs / looks);
  }

  drained(): void {
    this.#look.stop();
  }

  close(): void {
    this.#look.stop();
  }

  #looked(): void {
    const { unsentOctets } = this.#connection;
    if (unsentOctets === 0) return;
    const taken = this.#written - unsentOctets;
    const now = this.#clock.monotonicMs();
    if (taken > this.#taken) {
      this.#taken = taken;
      this.#movedAtMs = now;
    }
    if (now - this.#movedAtMs >= this.#limitMs) this.#stalled();
    else this.#look.start(Math.min(this.#limitMs / looks, this.#movedAtMs + this.#limitMs - now));
  }
}
