// How long a change of the configuration may wait for its confirmation.

import { parseDuration } from '../net/duration.js';

const leastMs = 1000;
const mostMs = 3_600_000;

export const confirmWithinRange = '1s to 1h';

/** Yields seconds; undefined: no duration, or out of range. */
export function readConfirmWithin(written: string): number | undefined {
  const milliseconds = parseDuration(written);
  if (milliseconds === undefined || milliseconds < leastMs || milliseconds > mostMs) return undefined;
  return milliseconds / 1000;
}
