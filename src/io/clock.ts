// Time as the house sees it: monotonic for every decision, a date only for what people read.

import type { Clock, Timers } from '../ports.js';

export const monotonicClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
};

export const nodeTimers: Timers = {
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};
