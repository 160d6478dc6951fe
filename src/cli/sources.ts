// `herald sources`: where the table comes from, and what is wrong with any of it.

import type { SourceBody } from '../api/house.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { cell, type Screen, table } from './table.js';

export const sources: Command = {
  words: 'sources',
  summary: 'Where the table comes from',
  options: readingOptions,
  examples: [['herald sources', 'each with its problems']],
  run: (given, world) => read('/v1/sources', lines, given, world),
};

function lines({ sources: all }: { readonly sources: readonly SourceBody[] }, screen: Screen): string[] {
  const problems = all.flatMap(({ name, problems: said }) => said.map((problem) => `${name}: ${problem}`));
  return [
    ...table(
      [
        { heading: 'NAME', least: 8 },
        { heading: 'KIND' },
        { heading: 'STATE' },
        { heading: 'SERVICES', isNumber: true },
        { heading: 'FILE', least: 16 },
      ],
      all.map(({ name, kind, stale, services, file = '' }) => [
        cell(name),
        cell(kind),
        stale ? cell('stale', 'bad') : cell('ok', 'good'),
        cell(services),
        cell(file),
      ]),
      screen,
    ),
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ];
}
