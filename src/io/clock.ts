// Time as the house sees it: monotonic for every decision, a date only for what people read.

import type { Clock, Timers } from '../ports.js';

export const monotonicClock: Clock = {
  // performance.now() counts from the start of its thread.
  monotonicMs: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
  now: () => new Date(),
};

export const nodeTimers: Timers = {
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};
