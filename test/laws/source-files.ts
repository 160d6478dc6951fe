// The files of src/ and what they import, as text: for laws about how the house is built.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const source = resolve(import.meta.dirname, '../../src');

/** Relative to src/. */
export const sourceFiles = (): string[] =>
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .sort();

export interface Import {
  readonly file: string;
  /** Relative to src/; for a package or a part of Node, its name. */
  readonly target: string;
  /** Gone when compiled. */
  readonly isType: boolean;
}

const statement = /^(?:import|export)\b([^;'"]*?)from\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

export function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8');
  return Array.from(text.matchAll(statement), ([, names = '', from, bare, lazy]) => {
    const specifier = from ?? bare ?? lazy ?? '';
    const target = specifier.startsWith('.')
      ? sourceOf(relative(source, resolve(source, dirname(file), specifier)))
      : specifier;
    return { file, target, isType: isTypeOnly(names) };
  });
}

/** What is compiled to that. */
function sourceOf(script: string): string {
  const file = script.replace(/\.js$/, '.ts');
  return existsSync(join(source, file)) || !existsSync(join(source, `${file}x`)) ? file : `${file}x`;
}

/** `import type …`, or nothing but `type` names in the braces. */
function isTypeOnly(names: string): boolean {
  const words = names.trim();
  if (words.startsWith('type ')) return true;
  const braced = /^\{([^}]*)\}$/.exec(words)?.[1];
  const parts =
    braced
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '') ?? [];
  return parts.length > 0 && parts.every((part) => part.startsWith('type '));
}
