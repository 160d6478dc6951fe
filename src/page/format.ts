// Numbers and times as people read them. Times are UTC, as the log's and the command line's are.

import type { Count } from './api.js';

const grouped = new Intl.NumberFormat('en-US');
const superscripts = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
const raised = (exponent: number): string =>
  [...String(exponent)].map((digit) => superscripts[Number(digit)] ?? digit).join('');

/** `2⁶⁴` is how one thinks of a /64, not nineteen digits. */
export function formatCount(count: Count): string {
  const value = Number(count);
  if (value < 1e9) return grouped.format(value);
  const whole = BigInt(count);
  const bits = whole.toString(2).length - 1;
  if (whole === 1n << BigInt(bits)) return `2${raised(bits)}`;
  const exponent = Math.floor(Math.log10(value));
  return `${(value / 10 ** exponent).toFixed(1)} × 10${raised(exponent)}`;
}

/** Never rounded to nothing, nor to all. */
export function formatPercent(part: Count, whole: Count): string {
  const percent = (Number(part) / Number(whole)) * 100;
  if (Number(whole) === 0 || percent === 0) return '0%';
  if (percent < 0.1) return '<0.1%';
  if (percent >= 100) return '100%';
  return percent < 10 || percent > 99 ? `${Math.floor(percent * 10) / 10}%` : `${Math.floor(percent)}%`;
}

/** Between 0 and 1; 0 of nothing is nothing. */
export const share = (part: Count, whole: Count): number =>
  Number(whole) === 0 ? 0 : Math.min(1, Number(part) / Number(whole));

/** Two units at most: `3d 4h`, `5m 10s`. */
export function formatDuration(seconds: number): string {
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [Math.floor(seconds) % 60, 's'],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return units
    .slice(first, first + 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The time of day; of another day the date, of another year that. Empty where it never happened. */
export function formatMoment(rfc3339: string, nowMs: number): string {
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) return '';
  const [iso, today] = [at.toISOString(), new Date(nowMs).toISOString()];
  if (iso.slice(0, 10) === today.slice(0, 10)) return iso.slice(11, 19);
  const day = `${at.getUTCDate()} ${months[at.getUTCMonth()] ?? ''}`;
  return iso.slice(0, 4) === today.slice(0, 4) ? `${day} ${iso.slice(11, 16)}` : `${day} ${iso.slice(0, 4)}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
