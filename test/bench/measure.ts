// One life of one daemon under one work, and what was measured of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, type Running, usageOf, type Work } from './daemon.js';
import { Sinks } from './sinks.js';
import { changeAddress, type Stage } from './stage.js';

export type Kind = 'warm' | 'change' | 'fileChange' | 'withdraw';

/** Milliseconds, megabytes, seconds; one entry a sample. */
export interface Samples {
  cold: number[];
  /** Of `cold`, until the last session was up. */
  established: number[];
  warm: number[];
  change: number[];
  fileChange: number[];
  withdraw: number[];
  residentMb: number[];
  peakMb: number[];
  cpuSeconds: number[];
}

export const noSamples = (): Samples => ({
  cold: [],
  established: [],
  warm: [],
  change: [],
  fileChange: [],
  withdraw: [],
  residentMb: [],
  peakMb: [],
  cpuSeconds: [],
});

export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export const median = (values: readonly number[]): number | undefined => quantile(values, 0.5);

/** Memory is read when the daemon has come to rest. */
const settleMs = 500;
const changeBudgetMs = 8000;
/** From one change to the next: whoever stores before it answers would be asked less often than others, and find every cache cold. */
const changePaceMs = 10;
const fileChangeCount = 20;

/** From the call until the last peer has it; `wanted` samples, or as many as the time allows. */
export async function changeLatencies(
  sinks: Sinks,
  announce: (address: string) => Promise<number>,
  wanted: number,
  firstIndex = 0,
): Promise<number[]> {
  const latencies: number[] = [];
  const untilMs = Date.now() + changeBudgetMs;
  for (let index = firstIndex; latencies.length < wanted && (latencies.length < 5 || Date.now() < untilMs); index++) {
    const pace = sleep(changePaceMs);
    await sinks.watch(changeAddress(index));
    const [atMs, reached] = await Promise.all([announce(changeAddress(index)), sinks.waitWatched()]);
    latencies.push(reached.at - atMs);
    await pace;
  }
  return latencies;
}

/** Adds to `samples`; whatever happens, nothing of the daemon is left. */
export async function live(
  stage: Stage,
  daemon: Daemon,
  work: Work,
  kinds: ReadonlySet<Kind>,
  samples: Samples,
  changeCount: number,
): Promise<void> {
  const sinks = new Sinks(stage, work.peers, work.holdTimeSeconds);
  let running: Running | undefined;
  let failure: string | undefined;
  try {
    running = await daemon.start(stage, work);
    const cold = await sinks.waitCount(work.routes);
    samples.cold.push(cold.at - running.atMs);
    samples.established.push(cold.upAt - running.atMs);
    samples.cpuSeconds.push(usageOf(running.program).cpuSeconds);
    const foreign = (await sinks.stats()).reduce((sum, stats) => sum + stats.foreign, 0);
    if (foreign > 0) throw new Error(`announced ${foreign} prefixes that are not in the table`);
    await sleep(settleMs);
    samples.residentMb.push(usageOf(running.program).residentMb);
    if (kinds.has('warm')) {
      await sinks.reconnect(0);
      await sinks.waitCount(work.routes);
      const [stats] = await sinks.stats();
      if (stats) samples.warm.push(stats.changedAt - stats.upAt);
      await sleep(settleMs);
    }
    const { announce, announceByFile } = running;
    if (kinds.has('change')) samples.change.push(...(await changeLatencies(sinks, announce, changeCount)));
    if (kinds.has('fileChange') && announceByFile)
      samples.fileChange.push(...(await changeLatencies(sinks, announceByFile, fileChangeCount, changeCount)));
    samples.peakMb.push(usageOf(running.program).peakMb);
    if (kinds.has('withdraw')) {
      const atMs = await running.withdrawAll();
      const empty = await sinks.waitCount(0);
      samples.withdraw.push(empty.at - atMs);
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  running?.release();
  const log = await stage.stopDaemon();
  await sinks.stop();
  if (failure !== undefined) throw new Error(`${daemon.name}: ${failure}\n${log.slice(-2000)}`.trim());
}
