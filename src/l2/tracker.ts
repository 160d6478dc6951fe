// Keeps asking a neighbour whether it is there: the machine of track.ts with a clock and a voice.

import { Driver } from '../machine.js';
import type { Address } from '../net/address.js';
import type { Timer, Timers } from '../ports.js';
import { type TrackAction, type TrackEvent, type TrackSettings, type TrackState, trackMachine } from './track.js';

export type EchoEvent =
  | { readonly kind: 'reply'; readonly sequence: number }
  /** The question could not be asked. */
  | { readonly kind: 'error'; readonly text: string };

/** Asks one neighbour through one interface. Nothing is heard after `close`. */
export interface Echo {
  /** `sequence`: 16 bits. Does not throw. */
  ask(sequence: number): void;
  close(): void;
}

/** The real one is in io/. */
export interface EchoPort {
  /** Does not throw: what is wrong is heard when asking. */
  open(target: Address, device: string, hear: (event: EchoEvent) => void): Echo;
}

export interface TrackerSettings extends TrackSettings {
  readonly target: Address;
  readonly device: string;
}

export class Tracker {
  readonly #driver: Driver<TrackState, TrackEvent, TrackAction>;
  readonly #echo: Echo;
  #timer: Timer | undefined;
  #problem = '';

  /** Begins at once, down; `hear` is called at every change. */
  constructor(settings: TrackerSettings, port: EchoPort, timers: Timers, hear: (isUp: boolean) => void) {
    this.#echo = port.open(settings.target, settings.device, (event) => this.#heard(event));
    this.#driver = new Driver<TrackState, TrackEvent, TrackAction>(trackMachine(settings), (action) => {
      switch (action.kind) {
        case 'ask':
          this.#echo.ask(action.sequence);
          break;
        case 'wait':
          this.#timer = timers.after(action.milliseconds, () => this.#driver.dispatch({ kind: 'timePassed' }));
          break;
        case 'tell':
          hear(action.isUp);
      }
    });
    this.#driver.dispatch({ kind: 'start' });
  }

  get isUp(): boolean {
    return this.#driver.state.isUp;
  }

  /** Why the neighbour could not even be asked, since its last answer; '' when it could. */
  get problem(): string {
    return this.#problem;
  }

  close(): void {
    this.#timer?.cancel();
    this.#echo.close();
  }

  #heard(event: EchoEvent): void {
    if (event.kind === 'error') {
      this.#problem = event.text;
      return;
    }
    this.#problem = '';
    this.#driver.dispatch({ kind: 'answered', sequence: event.sequence });
  }
}
