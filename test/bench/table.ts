// What the bench has to say: a table for people, one line a daemon and item.

import type { Figure, Item } from './items.js';
import type { Samples } from './measure.js';

/** What was measured of one daemon under one work. */
export interface Row {
  readonly daemon: string;
  readonly samples: Samples;
  /** Fewer than the work asks for where a daemon would take minutes. Such a row is shown and never the best. */
  readonly routes: number;
  readonly failure: string | undefined;
}

export interface Verdict {
  readonly item: string;
  readonly figure: string;
  readonly unit: string;
  readonly values: readonly { readonly daemon: string; readonly value: number; readonly routes: number }[];
  readonly best: { readonly daemon: string; readonly value: number } | undefined;
  readonly herald: readonly {
    readonly daemon: string;
    readonly value: number;
    readonly ratio: number;
    readonly bar: number;
    readonly met: boolean;
  }[];
}

const isHerald = (daemon: string): boolean => daemon.startsWith('herald');

export function bestPeer(rows: readonly Row[], item: Item, figure: Figure): Verdict['best'] {
  const candidates = rows
    .filter(({ daemon, routes }) => daemon !== 'blast' && !isHerald(daemon) && routes === item.work.routes)
    .filter(({ daemon }) => item.rival === undefined || daemon === item.rival)
    .flatMap(({ daemon, samples }) => {
      const value = figure.of(samples);
      return value === undefined ? [] : [{ daemon, value }];
    });
  return candidates.toSorted((a, b) => a.value - b.value)[0];
}

export function judge(item: Item, figure: Figure, rows: readonly Row[], best: Verdict['best']): Verdict {
  const values = rows.flatMap(({ daemon, samples, routes }) => {
    const value = figure.of(samples);
    return value === undefined ? [] : [{ daemon, value, routes }];
  });
  return {
    item: item.id,
    figure: figure.label,
    unit: figure.unit,
    values,
    best,
    herald: values.flatMap(({ daemon, value }) => {
      const bar = item.bars[daemon];
      if (bar === undefined || best === undefined) return [];
      return [{ daemon, value, ratio: value / best.value, bar, met: value / best.value <= bar }];
    }),
  };
}

const shown = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

export function printed(item: Item, verdicts: readonly Verdict[], rows: readonly Row[]): string {
  const measure = item.rival === undefined ? 'best peer' : 'the measure';
  const lines = ['', `${item.id}: ${item.title}`];
  for (const { figure, unit, values, best, herald } of verdicts) {
    for (const { daemon, value, routes } of values) {
      const judged = herald.find((entry) => entry.daemon === daemon);
      const marks = [
        daemon === best?.daemon ? measure : '',
        routes === item.work.routes ? '' : `with ${routes} routes only`,
        judged
          ? `${judged.ratio.toFixed(3)} of ${best?.daemon}, bar ${judged.bar}: ${judged.met ? 'met' : 'NOT MET'}`
          : '',
      ].filter((mark) => mark !== '');
      lines.push(
        `  ${daemon.padEnd(16)}${figure.padEnd(9)}${shown(value).padStart(8)} ${unit}  ${marks.join(', ')}`.trimEnd(),
      );
    }
    if (best !== undefined && !values.some(({ daemon }) => daemon === best.daemon))
      lines.push(
        `  ${''.padEnd(16)}${figure.padEnd(9)}${shown(best.value).padStart(8)} ${unit}  ${best.daemon} with less loaded, ${measure}`,
      );
  }
  for (const { daemon, failure } of rows)
    if (failure !== undefined) lines.push(`  ${daemon.padEnd(16)}failed: ${failure.split('\n')[0]}`);
  return lines.join('\n');
}
