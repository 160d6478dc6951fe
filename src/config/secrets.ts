// What is wrong with a configuration is printed, logged and shown to whoever may look on; a password that stands in it must
// not be, even where it is what cannot be read. A slip of the pen can make anything of it, an alias, a tag, a key: so what
// stands where a password should is known by its place in the text, not by its meaning.

import { nearest } from '../nearest.js';
import type { Problem } from '../problem.js';

/** So many characters in common with a password are too many. */
const telling = 6;

/** What may be the key. */
const words = /\bp[a-z]{4,}/gi;
const unspoken = 'this cannot be read; it is not repeated, for it may be a password';

/** The same problems, none of which repeats anything that stands in place of a password. */
export function withoutSecrets(problems: readonly Problem[], text: string): Problem[] {
  if (problems.length === 0) return [];
  const secrets = secretParts(text);
  const tells = (words: string): boolean => {
    for (const length of secrets.lengths)
      for (let at = 0; at + length <= words.length; at++)
        if (secrets.parts.has(words.slice(at, at + length))) return true;
    return false;
  };
  return problems.map((problem) => ({
    ...problem,
    ...(tells(problem.path) ? { path: '', message: unspoken } : {}),
    ...(tells(problem.message) ? { message: unspoken } : {}),
  }));
}

interface Parts {
  readonly parts: ReadonlySet<string>;
  readonly lengths: ReadonlySet<number>;
}

function secretParts(text: string): Parts {
  const parts = new Set<string>();
  const lengths = new Set<number>();
  for (const secret of secretsIn(text.split(/\r\n|\r|\n/))) {
    const length = Math.min(telling, secret.length);
    lengths.add(length);
    for (let at = 0; at + length <= secret.length; at++) parts.add(secret.slice(at, at + length));
  }
  return { parts, lengths };
}

function* secretsIn(lines: readonly string[]): Generator<string> {
  for (const [index, line] of lines.entries()) {
    const key = [...line.matchAll(words)].find(([word]) => isPassword(word));
    if (key === undefined) continue;
    const rest = line.slice(key.index + key[0].length).replace(/^["']?\s*:?\s*/, '');
    // Within braces other keys may follow.
    const value = line.slice(0, key.index).includes('{') ? rest.replace(/(?:,\s|\}).*$/, '') : rest;
    const parts = value === '' || /^[|>]/.test(value) ? [value, ...below(lines, index)] : [value];
    for (const part of parts) {
      const bare = part.trim().replaceAll(/^["'!&*|>@`%]+|["']+$/g, '');
      // Of one or two letters every message has some.
      if (bare.length > 2) yield bare;
    }
  }
}

/** Or what somebody took for it; a file with a password is none. */
const isPassword = (word: string): boolean =>
  !/file$|secret$/i.test(word) && nearest(word, ['password', 'passwd']) !== undefined;

/** Lines that stand further in than this one. */
function* below(lines: readonly string[], index: number): Generator<string> {
  const depth = indentation(lines[index]!);
  for (let next = index + 1; next < lines.length && indentation(lines[next]!) > depth; next++) yield lines[next]!;
}

const indentation = (line: string): number => line.length - line.trimStart().length;
