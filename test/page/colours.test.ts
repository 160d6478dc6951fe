import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const style = readFileSync(new URL('../../src/page/style/base.css', import.meta.url), 'utf8');
const colours = Array.from(style.matchAll(/--(\w+): light-dark\((#\w{6}), (#\w{6})\)/g), ([, name = '', ...both]) => ({
  name,
  both,
}));

/** WCAG 2.1, relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

describe('The colours of the page', () => {
  const of = (name: string) => colours.find((colour) => colour.name === name)?.both ?? [];

  for (const [index, theme] of ['light', 'dark'].entries())
    it(`can be read when it is ${theme} (WCAG 2.1 §1.4.3)`, () => {
      for (const text of ['ink', 'muted', 'accent', 'good', 'wait', 'bad', 'off'])
        for (const ground of ['ground', 'surface', 'raised']) {
          const ratio = contrast(of(text)[index] ?? '', of(ground)[index] ?? '');
          assert.ok(ratio >= 4.5, `${text} on ${ground} has only ${ratio.toFixed(2)}:1`);
        }
    });
});
