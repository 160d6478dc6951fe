// `herald pools`: the address pools, and how full they are.

import type { PoolBody, PoolFamilyBody } from '../api/house.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { type Cell, cell, type Screen, table } from './table.js';

export const pools: Command = {
  words: 'pools',
  summary: 'The address pools, and how full they are',
  options: readingOptions,
  examples: [['herald pools', 'capacity, addresses in use, and those that rest before they are given out again']],
  run: (given, world) => read('/v1/pools', list, given, world),
};

function list({ pools: all }: { readonly pools: readonly PoolBody[] }, screen: Screen): string[] {
  if (all.length === 0) return ['No address pools are configured: services have the addresses they name.'];
  return table(
    [
      { heading: 'NAME', least: 8 },
      { heading: 'STATE' },
      { heading: 'FAMILY' },
      { heading: 'CAPACITY', isNumber: true },
      { heading: 'IN USE', isNumber: true },
      { heading: 'RESTING', isNumber: true },
      { heading: 'ADDRESSES', least: 18 },
    ],
    all.flatMap((pool) => rows(pool)),
    screen,
  );
}

const rows = (pool: PoolBody): Cell[][] =>
  (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const usage = pool[family];
    return usage === undefined ? [] : [row(pool, family, usage)];
  });

function row(pool: PoolBody, family: 'ipv4' | 'ipv6', { capacity, inUse, quarantined }: PoolFamilyBody): Cell[] {
  const isFull = typeof capacity === 'number' && inUse >= capacity;
  const isOf = (text: string): boolean => text.includes(':') === (family === 'ipv6');
  return [
    cell(pool.name),
    cell(pool.state === 'active' && !pool.autoAssign ? 'active, by name' : pool.state, stateTone(pool)),
    cell(family),
    cell(typeof capacity === 'number' ? capacity : shortened(capacity)),
    cell(inUse, isFull ? 'bad' : undefined),
    cell(quarantined > 0 ? quarantined : ''),
    cell(pool.addresses.filter(isOf).join(', ')),
  ];
}

/** Nobody counts twenty digits. */
function shortened(count: string): string {
  const bits = BigInt(count).toString(2);
  return /^10+$/.test(bits) ? `2^${bits.length - 1}` : Number(count).toExponential(1);
}

const stateTone = ({ state }: PoolBody): 'good' | 'waiting' | 'quiet' =>
  state === 'active' ? 'good' : state === 'draining' ? 'waiting' : 'quiet';
