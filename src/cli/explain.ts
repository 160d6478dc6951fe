// `herald explain`: why an address, a prefix or a service is announced, or is not: the verdict, and the chain to it.

import type { ExplainBody, ExplainStep } from '../api/house.js';
import { pathOf } from './client.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { type Cell, cell, paint, type Screen, wrapped } from './table.js';

export const explain: Command = {
  words: 'explain <what>',
  summary: 'Why something is announced or is not, step by step from the table to the wire',
  positionals: { what: 'an address, a prefix, NAMESPACE/NAME, or NAME in the namespace default' },
  options: readingOptions,
  examples: [
    ['herald explain 203.0.113.10', 'who has the address, and who is told'],
    ['herald explain shop/web', 'each step with the line that decided'],
    ['herald explain 192.0.2.0/24 --json', ''],
  ],
  run: (given, world) => read(`/v1/explain/${pathOf(given.text('what'))}`, lines, given, world),
};

const marks: Readonly<Record<ExplainStep['verdict'], Cell>> = {
  yes: cell('✓', 'good'),
  no: cell('✗', 'bad'),
  note: cell('·', 'quiet'),
};
/** The longest, advertisement, and a gap. */
const nameWidth = 15;
const indent = 2 + nameWidth;
const leastWidth = 20;

function lines({ verdict, steps }: ExplainBody, screen: Screen): string[] {
  const said = wrapped(verdict, Math.max(leastWidth, screen.columns)).map((line) =>
    paint(cell(line, 'heading'), screen),
  );
  return [...said, ...steps.flatMap((step, index) => stepLines(step, index, screen))];
}

function stepLines({ step, verdict, text, where }: ExplainStep, index: number, screen: Screen): string[] {
  const [first = '', ...more] = wrapped(text, Math.max(leastWidth, screen.columns - indent));
  const space = ' '.repeat(indent);
  return [
    // Each chain begins at a source.
    ...(index === 0 || step === 'source' ? [''] : []),
    `${paint(marks[verdict], screen)} ${step.padEnd(nameWidth)}${first}`,
    ...more.map((line) => space + line),
    ...(where === '' ? [] : [space + paint(cell(where, 'quiet'), screen)]),
  ];
}
