// Tables for people: columns as wide as what stands in them, the widest cut until the whole fits the terminal.

import { styleText } from 'node:util';
import type { World } from './world.js';

export type Tone = 'good' | 'bad' | 'waiting' | 'quiet' | 'heading';

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly heading: string;
  readonly isNumber?: boolean;
  /** May be cut down to so many characters; absent: never. */
  readonly least?: number;
}

export type Screen = Pick<World, 'columns' | 'hasColours'>;

const styles = { good: 'green', bad: 'red', waiting: 'yellow', quiet: 'dim', heading: 'bold' } as const;
const gap = 2;

export const cell = (text: string | number, tone?: Tone): Cell => ({
  text: String(text),
  ...(tone === undefined ? {} : { tone }),
});

export const paint = ({ text, tone }: Cell, { hasColours }: Screen): string =>
  tone === undefined || !hasColours || text === '' ? text : styleText(styles[tone], text, { validateStream: false });

/** Lines without their ends. Columns in which nothing stands are left out. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], screen: Screen): string[] {
  const used = columns.flatMap((column, index) => {
    const widest = rows.reduce((width, row) => Math.max(width, row[index]?.text.length ?? 0), 0);
    return widest === 0 ? [] : [{ ...column, index, width: Math.max(widest, column.heading.length) }];
  });
  shrink(used, screen.columns - gap * (used.length - 1));
  const line = (cellOf: (index: number) => Cell): string =>
    used
      .map(({ index, width, isNumber }) => {
        const { text, tone } = cellOf(index);
        const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
        const space = ' '.repeat(width - cut.length);
        const painted = paint({ text: cut, ...(tone === undefined ? {} : { tone }) }, screen);
        return isNumber === true ? space + painted : painted + space;
      })
      .join(' '.repeat(gap))
      .trimEnd();
  return [
    line((index) => cell(columns[index]!.heading, 'heading')),
    ...rows.map((row) => line((index) => row[index] ?? cell(''))),
  ];
}

/** The widest gives way first. */
function shrink(columns: { width: number; readonly least?: number }[], room: number): void {
  for (let over = columns.reduce((sum, { width }) => sum + width, 0) - room; over > 0; over--) {
    const widest = columns
      .filter(({ width, least }) => least !== undefined && width > least)
      .reduce<{ width: number } | undefined>((most, one) => (most && most.width >= one.width ? most : one), undefined);
    if (widest === undefined) return;
    widest.width--;
  }
}

/** `Heading   text` lines, the texts under each other and within the screen; empty ones are left out. */
export function facts(rows: readonly (readonly [heading: string, text: string | Cell])[], screen: Screen): string[] {
  const cells = rows
    .map(([heading, text]) => [heading, typeof text === 'string' ? cell(text) : text] as const)
    .filter(([, { text }]) => text !== '');
  const width = Math.max(0, ...cells.map(([heading]) => heading.length)) + gap;
  return cells.flatMap(([heading, { text, ...tone }]) =>
    wrapped(text, screen.columns - width).map(
      (line, at) =>
        paint(cell((at === 0 ? heading : '').padEnd(width), 'quiet'), screen) + paint({ text: line, ...tone }, screen),
    ),
  );
}

/** In lines of at most so many characters, unless a word is longer: it may be what somebody wants to copy. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
