// Two small charts, drawn as SVG: a line over time, and bars by the minute.

import { useState } from 'preact/hooks';
import type { Minute } from './events.js';
import { formatCount, formatDuration, plural } from './format.js';
import type { Sample } from './history.js';
import { bounds } from './scale.js';

const [width, height] = [600, 100];
const shortestSpanMs = 1000;

interface HistoryProps {
  readonly history: readonly Sample[];
  readonly nowMs: number;
}

export function HistoryChart({ history, nowMs }: HistoryProps) {
  const [pointed, setPointed] = useState<number>();
  const first = history[0];
  if (first === undefined) return null;
  const beginMs = Math.min(first.atMs, nowMs - shortestSpanMs);
  const [low, high] = bounds(history.map(total));
  const x = (atMs: number): number => ((atMs - beginMs) / (nowMs - beginMs)) * width;
  const y = (count: number): number => height - ((count - low) / (high - low)) * height;
  const line = steps(history, x, (sample) => y(total(sample)));
  const shown = pointed === undefined ? undefined : at(history, beginMs + pointed * (nowMs - beginMs));
  const last = history.at(-1) ?? first;
  const [least, most] = [Math.min(...history.map(total)), Math.max(...history.map(total))];
  const span = formatDuration((nowMs - first.atMs) / 1000);
  const range = least === most ? 'unchanged' : `between ${formatCount(least)} and ${formatCount(most)}`;
  return (
    <figure class="chart">
      <figcaption>
        <strong>{formatCount(total(shown ?? last))}</strong>{' '}
        <span class="muted">
          {shown === undefined ? 'now' : `at ${new Date(shown.atMs).toISOString().slice(11, 19)}`}
          {(shown ?? last).layer2 > 0 ? `, ${formatCount((shown ?? last).layer2)} of them on the LAN` : ''}
        </span>
      </figcaption>
      <div class="plot">
        <span class="tick high">{formatCount(Math.round(high))}</span>
        <span class="tick low">{formatCount(Math.round(low))}</span>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Announced over the last ${span}: ${range}, now ${formatCount(total(last))}`}
          onPointerMove={(event) => {
            const { left, width: across } = event.currentTarget.getBoundingClientRect();
            setPointed(Math.min(1, Math.max(0, (event.clientX - left) / across)));
          }}
          onPointerLeave={() => setPointed(undefined)}
        >
          {[0, 0.5, 1].map((part) => (
            <line key={part} class="grid" x1="0" x2={width} y1={part * height} y2={part * height} />
          ))}
          <path class="area" d={`${line}V${height}H${x(first.atMs)}Z`} />
          <path class="line" d={line} />
          {shown === undefined ? null : <line class="hair" x1={x(shown.atMs)} x2={x(shown.atMs)} y1="0" y2={height} />}
        </svg>
      </div>
      <div class="axis" aria-hidden="true">
        <span>{formatDuration((nowMs - beginMs) / 1000)} ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}

const total = ({ bgp, layer2 }: Sample): number => bgp + layer2;

/** What was so at that time. */
const at = (history: readonly Sample[], ms: number): Sample | undefined =>
  history.findLast(({ atMs }) => atMs <= ms) ?? history[0];

function steps(history: readonly Sample[], x: (ms: number) => number, y: (sample: Sample) => number): string {
  let path = '';
  for (const sample of history) {
    const [across, down] = [x(sample.atMs).toFixed(1), y(sample).toFixed(1)];
    path += path === '' ? `M${across} ${down}` : `H${across}V${down}`;
  }
  return `${path}H${width}`;
}

export function MinuteBars({ minutes }: { readonly minutes: readonly Minute[] }) {
  const most = Math.max(4, ...minutes.map(({ all }) => all));
  const step = width / minutes.length;
  const sum = minutes.reduce((so, { all }) => so + all, 0);
  const grave = minutes.reduce((so, minute) => so + minute.grave, 0);
  return (
    <svg
      class="minutes"
      viewBox={`0 0 ${width} 40`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${plural(sum, 'event')} in the last ${minutes.length} minutes, ${formatCount(grave)} of them warnings or errors`}
    >
      <line class="grid" x1="0" x2={width} y1="40" y2="40" />
      {minutes.map(({ all, grave: bad }, index) => {
        const [full, part] = [(all / most) * 40, (bad / most) * 40];
        const place = { x: index * step + step * 0.15, width: step * 0.7 };
        return all === 0 ? null : (
          <g key={index}>
            <rect class="plain" {...place} y={40 - full} height={full - part} />
            <rect class="grave" {...place} y={40 - part} height={part} />
          </g>
        );
      })}
    </svg>
  );
}
