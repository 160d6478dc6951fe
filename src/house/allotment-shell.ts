// What the allotment needs of the world: the ledger, the time, a timer, the log, and the file for those who prefer files.

import type { AllotmentPorts } from '../plan/allotment.js';
import type { LedgerChange } from '../pools/ledger.js';
import type { Transition } from '../pools/transitions.js';
import type { Log, Timer, Timers } from '../ports.js';
import type { LedgerKeeper } from './ledger-keeper.js';

/** A large table that gets its addresses at once is one line; each of its services one at level debug. */
const mostLines = 100;
/** Longer than a timer can be set for. */
const longestMs = 2 ** 31 - 1;

export class AllotmentShell implements AllotmentPorts {
  readonly #keeper: LedgerKeeper;
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #tick: () => void;
  readonly #changed: () => void;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #failure = '';

  /** `tick`: what was planned is due. `changed`: somebody stands otherwise. */
  constructor(keeper: LedgerKeeper, log: Log, timers: Timers, tick: () => void, changed: () => void) {
    this.#keeper = keeper;
    this.#log = log;
    this.#timers = timers;
    this.#tick = tick;
    this.#changed = changed;
  }

  /** Dates, for what is stored must mean the same after a restart. */
  now(): number {
    return Date.now();
  }

  store(change: LedgerChange): void {
    try {
      const { ledger } = this.#keeper;
      if (ledger === undefined) {
        // Pools that came with a reload: it is open by the next time.
        this.#keeper.open().catch((error: unknown) => this.#failed(error));
        throw new Error(this.#failure === '' ? 'the ledger is not open yet' : this.#failure);
      }
      ledger.write(change);
      if (this.#failure !== '') this.#log.write('info', 'ledgerWritten', 'allocations are stored again');
      this.#failure = '';
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why === this.#failure) return;
    this.#failure = why;
    this.#log.write('error', 'ledgerFailed', `nothing new is given out, and what is held stays announced: ${why}`);
  }

  settled(lines: readonly Transition[], wakeAt: number | undefined, hasChanged: boolean): void {
    const isMany = lines.filter(({ kind }) => kind === 'allocated').length > mostLines;
    if (isMany) {
      const count = lines.filter(({ kind }) => kind === 'allocated').length;
      this.#log.write('info', 'allocated', `${count} services have got addresses`, { services: count });
    }
    for (const line of lines) this.#say(line, isMany);
    this.#plan(wakeAt);
    if (hasChanged) this.#changed();
  }

  stop(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #plan(at: number | undefined): void {
    if (at === this.#timer?.at) return;
    this.stop();
    if (at === undefined) return;
    const timer = this.#timers.after(Math.min(longestMs, Math.max(0, at - Date.now())), () => {
      this.#timer = undefined;
      this.#tick();
    });
    this.#timer = { at, timer };
  }

  #say({ kind, service, message }: Transition, isMany: boolean): void {
    const fields = { service };
    switch (kind) {
      case 'allocated':
        this.#log.write(isMany ? 'debug' : 'info', 'allocated', message, fields);
        return;
      case 'moving':
        this.#log.write('info', 'moving', message, fields);
        return;
      case 'moved':
        this.#log.write('info', 'moved', message, fields);
        return;
      case 'released':
        this.#log.write('info', 'released', message, fields);
        return;
      case 'outOfPool':
        this.#log.write('warn', 'outOfPool', message, fields);
        return;
      case 'backInPool':
        this.#log.write('info', 'backInPool', message, fields);
        return;
      case 'notAllocated':
        this.#log.write('warn', 'notAllocated', message, fields);
    }
  }
}
