// Waiting for something to become true, by looking again and again: the only way these suites let time pass.

import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 50;

/** Returns the first look that passes `check` (an assertion, or any function that throws); the last failure when none does in time. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  check: (seen: T) => void,
  patienceMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      const seen = await look();
      check(seen);
      return seen;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(pauseMs);
  }
}

/** Looks again and again until `end` settles, and once more then, and asserts that every single look passes. */
export async function throughout<T>(
  end: Promise<unknown>,
  look: () => T | Promise<T>,
  check: (seen: T) => void,
): Promise<void> {
  let over = false;
  const ended = end.finally(() => {
    over = true;
  });
  const settled = ended.catch(() => undefined);
  while (!over) {
    check(await look());
    await Promise.race([settled, delay(pauseMs / 5)]);
  }
  await ended;
  check(await look());
}
