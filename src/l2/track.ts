// Whether a neighbour is there, from its answers: a machine that asks once an interval. `fall` questions without an answer in a row,
// and it is gone; `rise` answers in a row, and it is back. The first answer of all is enough, so that a start waits for no more.

import type { Machine, Step } from '../machine.js';

export interface TrackSettings {
  readonly intervalMs: number;
  /** 1 or more, as `rise`. */
  readonly fall: number;
  readonly rise: number;
}

export interface TrackState {
  readonly isUp: boolean;
  /** In a row, against what it is: questions without an answer while up, answers while down. */
  readonly contrary: number;
  /** Of the question that waits, 16 bits. */
  readonly sequence: number;
  readonly isAnswered: boolean;
}

export type TrackEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'answered'; readonly sequence: number }
  /** An interval after the last question. */
  | { readonly kind: 'timePassed' };

export type TrackAction =
  | { readonly kind: 'ask'; readonly sequence: number }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'tell'; readonly isUp: boolean };

export function trackMachine({ intervalMs, fall, rise }: TrackSettings): Machine<TrackState, TrackEvent, TrackAction> {
  const ask = (state: TrackState, told: readonly TrackAction[]): Step<TrackState, TrackAction> => {
    const sequence = (state.sequence + 1) & 0xffff;
    return {
      state: { ...state, sequence, isAnswered: false },
      actions: [...told, { kind: 'ask', sequence }, { kind: 'wait', milliseconds: intervalMs }],
    };
  };
  const turned = (state: TrackState): Step<TrackState, TrackAction> => ({
    state: { ...state, isUp: !state.isUp, contrary: 0 },
    actions: [{ kind: 'tell', isUp: !state.isUp }],
  });
  const unmoved = (state: TrackState): Step<TrackState, TrackAction> => ({ state, actions: [] });

  const answered = (state: TrackState, sequence: number): Step<TrackState, TrackAction> => {
    // An answer to an older question came too late, and a second one to the same says nothing new.
    if (sequence !== state.sequence || state.isAnswered) return unmoved(state);
    const heard = { ...state, isAnswered: true, contrary: state.isUp ? 0 : state.contrary + 1 };
    return !heard.isUp && heard.contrary >= rise ? turned(heard) : unmoved(heard);
  };

  const timePassed = (state: TrackState): Step<TrackState, TrackAction> => {
    if (state.isAnswered) return ask(state, []);
    const missed = { ...state, contrary: state.isUp ? state.contrary + 1 : 0 };
    if (!missed.isUp || missed.contrary < fall) return ask(missed, []);
    const down = turned(missed);
    return ask(down.state, down.actions);
  };

  return {
    initial: { isUp: false, contrary: rise - 1, sequence: 0, isAnswered: false },
    step: (state, event) => {
      switch (event.kind) {
        case 'start':
          return ask(state, []);
        case 'answered':
          return answered(state, event.sequence);
        case 'timePassed':
          return timePassed(state);
      }
    },
  };
}
