// When the page asks again: soon after an event, never more than once a second, every ten seconds without one, and not
// at all while nobody sees it.

export const shortestRefreshMs = 1000;
export const longestRefreshMs = 10_000;
/** A list of a hundred thousand is filtered anew each time. */
export const shortestListRefreshMs = 3000;

export interface RefreshState {
  readonly lastMs: number;
  /** Something happened since. */
  readonly isDue: boolean;
  readonly isHidden: boolean;
}

/** Milliseconds from now; undefined: not before something changes. */
export function nextRefresh({ lastMs, isDue, isHidden }: RefreshState, nowMs: number): number | undefined {
  if (isHidden) return undefined;
  return Math.max(0, lastMs + (isDue ? shortestRefreshMs : longestRefreshMs) - nowMs);
}

/** Before the stream is dialled again. */
export const redialMs = (failures: number): number => Math.min(10_000, 500 * 2 ** Math.min(failures, 8));
