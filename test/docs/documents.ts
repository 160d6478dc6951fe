// The documents as what they are made of: blocks, and for whoever follows one from its beginning to its end, steps.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export const filesIn = (directory: string, ending: string): readonly string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name));

export const documents: readonly string[] = ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];

export interface Block {
  readonly document: string;
  readonly language: string;
  readonly text: string;
  /** Of its first line of text. */
  readonly line: number;
}

export const blocksOf = (document: string): readonly Block[] => {
  const whole = read(document);
  return [...whole.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ index, 1: language = '', 2: text = '' }) => ({
    document,
    language,
    text,
    line: whole.slice(0, index).split('\n').length + 1,
  }));
};

export type Step =
  | { readonly kind: 'file'; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly kind: 'command';
      readonly line: number;
      readonly text: string;
      /** What stands below it; empty: nothing does. */
      readonly shown: string;
    };

/** A first line that is a comment and nothing but the name of a file, in any language. */
const heading = /^(?:#|!|\/\/) ([\w./-]*\w\.\w+|\/[\w./-]+)\n/;

export const stepsOf = (document: string): readonly Step[] =>
  blocksOf(document).flatMap((block): readonly Step[] => {
    if (block.language === 'console') return commandsOf(block);
    const [, path] = heading.exec(block.text.replace(/^#!.*\n/, '')) ?? [];
    return path === undefined ? [] : [{ kind: 'file', line: block.line, path, text: block.text }];
  });

function commandsOf({ text, line, document }: Block): readonly Step[] {
  const commands: { text: string; line: number; shown: string }[] = [];
  let goesOn = false;
  for (const [index, one] of text.split('\n').slice(0, -1).entries()) {
    const last = commands.at(-1);
    if (goesOn && last !== undefined) last.text += `\n${one}`;
    else if (/^[$#] /.test(one)) commands.push({ text: one.slice(2), line: line + index, shown: '' });
    else if (last === undefined) throw new Error(`${document}:${line + index}: a console block begins with a prompt`);
    else last.shown += `${one}\n`;
    goesOn = last?.shown ? false : /[\\|]$/.test(one);
  }
  return commands.map((command) => ({ kind: 'command', ...command }));
}
