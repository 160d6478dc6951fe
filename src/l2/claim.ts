// How an address is claimed on a segment and held there: when others are asked, how often it is said, and what happens
// when somebody else has it. Decisions only; lan-link.ts keeps the clocks. Read RFC 5227 §2.1, §2.3 and §2.4 first.

import type { Random } from '../ports.js';
import type { Policy } from './wish.js';

/** MetalLB's schedule. Longer than a second apart, so that Linux, which takes one change a second for an entry, takes the next. */
export const announcement = { rounds: 5, intervalMs: 1100 } as const;

// RFC 5227 §1.1.
const probeWaitMs = 1000;
const probeCount = 3;
const probeMinMs = 1000;
const probeMaxMs = 2000;
const announceWaitMs = 2000;
const defendIntervalMs = 10_000;
/** RATE_LIMIT_INTERVAL: how long after a conflict an address is asked about again. */
export const retryMs = 60_000;

export interface ProbeStep {
  readonly waitMs: number;
  readonly next: 'probe' | 'announce';
}

/** What follows `sent` probes. */
export function probeStep(sent: number, random: Random): ProbeStep {
  if (sent === 0) return { waitMs: random() * probeWaitMs, next: 'probe' };
  if (sent < probeCount) return { waitMs: probeMinMs + random() * (probeMaxMs - probeMinMs), next: 'probe' };
  return { waitMs: announceWaitMs, next: 'announce' };
}

/** note: nothing but words. */
export type ConflictAction = 'note' | 'defend' | 'refuse';

/** `defendedAtMs`: when it was last announced for that reason. */
export function conflictAction(
  { onConflict }: Policy,
  isAnnounced: boolean,
  defendedAtMs: number | undefined,
  nowMs: number,
): ConflictAction {
  switch (onConflict) {
    case 'warn':
      return 'note';
    case 'refuse':
      return 'refuse';
    case 'defend': {
      // RFC 5227 §2.4(c): two that both defend at will would flood the segment.
      const isDue = defendedAtMs === undefined || nowMs - defendedAtMs >= defendIntervalMs;
      return isAnnounced && isDue ? 'defend' : 'note';
    }
  }
}

/** Between three and five quarters of it, so that hosts that started together part. */
export const jittered = (intervalMs: number, random: Random): number => intervalMs * (0.75 + random() / 2);
