// What is measured, and the bar that herald is held to in each: its share of the best other daemon in the same run.

import type { Work } from './daemon.js';
import { type Kind, median, quantile, type Samples } from './measure.js';

export interface Figure {
  readonly label: string;
  readonly unit: 'ms' | 'MB';
  of(samples: Samples): number | undefined;
}

export interface Item {
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  readonly kind: Kind | undefined;
  readonly figures: readonly Figure[];
  /** By the name of the daemon: herald with a CSV bulk, or with NDJSON services. */
  readonly bars: Readonly<Record<string, number>>;
  /** The daemon that is the measure; absent: whichever is best. */
  readonly rival?: string;
  /** The item whose best peer is the measure: where no peer can do the work at this size. */
  readonly measuredBy?: string;
}

const work = (routes: number, peers: number): Work => ({ routes, peers, holdTimeSeconds: 240 });

const figure = (label: string, of: (samples: Samples) => number | undefined, unit: Figure['unit'] = 'ms'): Figure => ({
  label,
  unit,
  of,
});
const cold = figure('median', ({ cold: values }) => median(values));
const changes = [figure('p50', ({ change }) => median(change)), figure('p99', ({ change }) => quantile(change, 0.99))];
export const items: readonly Item[] = [
  {
    id: 'cold-100k',
    title: 'cold: process start → 100,000 /32 at 4 peers',
    work: work(100_000, 4),
    kind: undefined,
    figures: [cold],
    bars: { herald: 0.5, 'herald services': 1 },
  },
  {
    id: 'cold-1m',
    title: 'cold: process start → 1,000,000 /32 at 4 peers',
    work: work(1_000_000, 4),
    kind: undefined,
    figures: [cold],
    bars: { herald: 0.15 },
  },
  {
    id: 'cold-16',
    title: 'cold: process start → 100,000 /32 at 16 peers',
    work: work(100_000, 16),
    kind: undefined,
    figures: [cold],
    bars: { herald: 0.3 },
  },
  {
    id: 'cold-64',
    title: 'cold: process start → 10,000 /32 at 64 peers',
    work: work(10_000, 64),
    kind: undefined,
    figures: [cold],
    bars: { herald: 0.3 },
  },
  {
    id: 'warm-1m',
    title: 'warm: a peer reconnects → 1,000,000 /32 at it',
    work: work(1_000_000, 4),
    kind: 'warm',
    figures: [figure('median', ({ warm }) => median(warm))],
    bars: { herald: 0.05 },
  },
  {
    id: 'change-100k',
    title: 'one change through the control socket, 100,000 loaded → at 4 peers',
    work: work(100_000, 4),
    kind: 'change',
    figures: changes,
    bars: { herald: 0.35, 'herald services': 0.35 },
    rival: 'gobgp',
  },
  {
    id: 'change-1m',
    title: 'one change through the control socket, 1,000,000 loaded → at 4 peers',
    work: work(1_000_000, 4),
    kind: 'change',
    figures: changes,
    bars: { herald: 0.35 },
    rival: 'gobgp',
    measuredBy: 'change-100k',
  },
  {
    id: 'file-change',
    title: 'one change through the table file, 100,000 loaded → at 4 peers',
    work: work(100_000, 4),
    kind: 'fileChange',
    figures: [figure('p50', ({ fileChange }) => median(fileChange))],
    bars: { 'herald services': 1 },
  },
  {
    id: 'withdraw',
    title: 'withdraw 100,000 from 4 peers',
    work: work(100_000, 4),
    kind: 'withdraw',
    figures: [figure('median', ({ withdraw }) => median(withdraw))],
    bars: { herald: 0.2 },
  },
  {
    id: 'memory-1m',
    title: 'memory at 1,000,000 routes and 4 peers',
    work: work(1_000_000, 4),
    // The peak is that of all it went through, changes and a reconnection among them.
    kind: 'change',
    figures: [
      figure('resident', ({ residentMb }) => median(residentMb), 'MB'),
      figure('peak', ({ peakMb }) => quantile(peakMb, 1), 'MB'),
    ],
    bars: { herald: 0.6 },
  },
];
