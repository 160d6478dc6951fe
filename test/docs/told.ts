// Whether a command printed what a document shows below it. White space counts as one space and empty lines not at all, in
// JSON no white space counts; a time, a duration, a version, a MAC address, a count of frames stands for any other; `…` stands
// for anything in its line, and alone in a line for any lines.

import assert from 'node:assert/strict';

const volatile: readonly RegExp[] = [
  /\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b/,
  /(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:\.\d+)?(?: UTC|Z)?/,
  /(?<![\d.])\d+\.\d+\.\d+(?![\d.])/,
  /\b(?:\d+(?:\.\d+)?(?:ms|[smhd]))+\b/,
];
const anyOfThem = new RegExp(volatile.map(({ source }) => `(${source})`).join('|'), 'g');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function patternOf(line: string): string {
  if (line === '…') return '(?:.*\\n)*?';
  let pattern = '';
  let from = 0;
  for (const found of line.matchAll(anyOfThem)) {
    const kind = found.slice(1).findIndex((group) => group !== undefined);
    pattern += `${escaped(line.slice(from, found.index))}(?:${volatile[kind]?.source})`;
    from = found.index + found[0].length;
  }
  return `${(pattern + escaped(line.slice(from))).replaceAll('…', '.*?')}\\n`;
}

/** Frames are counted below this: the last number of a line may be any. */
const counting = /\bUNASKED$/;

/** One line of JSON, or lines as they can be compared. */
function normal(text: string, isJson: boolean): readonly string[] {
  if (isJson) return [text.replace(/\s+/g, '')];
  return text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
}

/** Throws an AssertionError that shows both. */
export function isTold(printed: string, shown: string): void {
  const isJson = /^\s*[{[]/.test(shown);
  const [found, wanted] = [normal(printed, isJson), normal(shown, isJson)];
  const counted = wanted.some((line) => counting.test(line));
  const pattern = new RegExp(
    `^${wanted.map((line) => patternOf(counted ? line.replace(/ \d+$/, ' …') : line)).join('')}$`,
  );
  if (!pattern.test(`${found.join('\n')}\n`)) assert.equal(found.join('\n'), wanted.join('\n'));
}
