// The allocator by itself: how long a table takes that is given its addresses from nothing, and how long one service more,
// whatever the size of the pool and however much of it is in use.

import type { Config } from '../../src/config/config.js';
import { parseConfig } from '../../src/config/parse.js';
import { Allocations } from '../../src/pools/allocations.js';
import { defaultService } from '../../src/table/entry.js';
import type { Service } from '../../src/table/service.js';
import { nowMs } from './stage.js';

const pools = { '/8': '10.0.0.0/8', '/15': '10.0.0.0/15', '/64': '2001:db8::/64' } as const;
export type PoolSize = keyof typeof pools;
export const poolSizes: readonly PoolSize[] = ['/8', '/15', '/64'];

const repetitions = 5;
const more = 2000;

export interface AllocationFigures {
  /** The fastest of some: a machine that others use as well is only ever slower. */
  readonly fromScratchMs: number;
  /** With all those in use; the median. */
  readonly oneMoreUs: number;
}

function configOf(size: PoolSize): Config {
  const text = `addressPools: [{ name: pool, addresses: ["${pools[size]}"] }]`;
  const { config } = parseConfig(text, 'bench.yaml', { hostName: 'bench', readFile: () => '' });
  if (config === undefined) throw new Error('the configuration of the bench is wrong');
  return config;
}

export function measureAllocation(size: PoolSize, services: number): AllocationFigures {
  const config = configOf(size);
  const entry = (name: string): Service => ({
    ...defaultService(),
    name,
    ipFamilies: [size === '/64' ? 'ipv6' : 'ipv4'],
  });
  const table = new Map<string, Service>();
  const lookup = (name: string): Service | undefined => table.get(name);
  const keep = (allocations: Allocations): void => {
    allocations.commit();
    allocations.written();
  };
  for (let i = 0; i < services; i++) table.set(`bench/s${i}`, entry(`bench/s${i}`));
  const names = [...table.keys()];
  let fromScratchMs = Number.POSITIVE_INFINITY;
  let allocations = new Allocations(config);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    allocations = new Allocations(config);
    const atMs = nowMs();
    allocations.change(names, lookup, 0);
    fromScratchMs = Math.min(fromScratchMs, nowMs() - atMs);
    keep(allocations);
  }
  const each: number[] = [];
  for (let i = 0; i < more; i++) {
    const name = `bench/more${i}`;
    table.set(name, entry(name));
    const atMs = nowMs();
    allocations.change([name], lookup, 1);
    keep(allocations);
    each.push((nowMs() - atMs) * 1000);
  }
  return { fromScratchMs, oneMoreUs: each.sort((a, b) => a - b)[more / 2] ?? Number.NaN };
}
