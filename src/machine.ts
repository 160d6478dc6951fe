// The shape of everything that keeps a conversation going. A machine decides and does nothing: no clock, no socket, no
// randomness. Its shell performs the actions and turns what happens into events, one at a time, run to completion.

export interface Step<State, Action> {
  readonly state: State;
  readonly actions: readonly Action[];
}

export interface Machine<State, Event, Action> {
  readonly initial: State;
  step(state: State, event: Event): Step<State, Action>;
}

/** Runs a machine: events that arrive while actions are performed wait their turn. */
export class Driver<State, Event, Action> {
  readonly #machine: Machine<State, Event, Action>;
  readonly #perform: (action: Action) => void;
  readonly #waiting: Event[] = [];
  #state: State;
  #running = false;

  constructor(machine: Machine<State, Event, Action>, perform: (action: Action) => void) {
    this.#machine = machine;
    this.#perform = perform;
    this.#state = machine.initial;
  }

  get state(): State {
    return this.#state;
  }

  dispatch(event: Event): void {
    this.#waiting.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const { state, actions } = this.#machine.step(this.#state, next);
        this.#state = state;
        for (const action of actions) this.#perform(action);
      }
    } finally {
      this.#running = false;
    }
  }
}
