// How full the address pools are.

import type { Pool, PoolUsage } from './api.js';
import { formatCount, formatPercent, share } from './format.js';
import { Bar, Card, State } from './parts.js';
import type { Mood } from './verdict.js';

const moods: Readonly<Record<string, Mood>> = { active: 'good', draining: 'wait', disabled: 'off' };
const rangesShown = 4;

export function PoolsCard({ pools }: { readonly pools: readonly Pool[] }) {
  return (
    <Card title="Address pools" area="pools" aside={<Legend />}>
      <ul class="pool-list">
        {pools.map((pool) => (
          <li key={pool.name}>
            <div class="pool-head">
              <h3>{pool.name}</h3>
              <State mood={moods[pool.state] ?? 'off'} word={pool.state} />
              <span class="ranges code" title={pool.addresses.join('\n')}>
                {pool.addresses.slice(0, rangesShown).join('  ')}
                {pool.addresses.length > rangesShown ? ` and ${pool.addresses.length - rangesShown} more` : ''}
              </span>
            </div>
            <Usage family="IPv4" usage={pool.ipv4} />
            <Usage family="IPv6" usage={pool.ipv6} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

const Legend = () => (
  <span class="legend" aria-hidden="true">
    <span class="swatch used" /> in use <span class="swatch rests" /> in quarantine
  </span>
);

function Usage({ family, usage }: { readonly family: string; readonly usage: PoolUsage | undefined }) {
  if (usage === undefined || Number(usage.capacity) === 0) return null;
  const { capacity, inUse, quarantined } = usage;
  const used = share(inUse, capacity);
  const mood: Mood = used >= 1 ? 'bad' : used >= 0.9 ? 'wait' : 'good';
  return (
    <div class="usage">
      <span class="family">{family}</span>
      <Bar solid={used} hatched={share(quarantined, capacity)} mood={mood} />
      <span class="percent">{formatPercent(inUse, capacity)}</span>
      <span class="numbers">
        {formatCount(inUse)} of {formatCount(capacity)} in use
        {Number(quarantined) === 0 ? '' : `, ${formatCount(quarantined)} in quarantine`}
        {used >= 1 ? ', full' : ''}
      </span>
    </div>
  );
}
