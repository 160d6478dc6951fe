// From what a text held (unknown) to typed fields, for the rows of entry.ts and attributes.ts. A reader answers undefined
// for what cannot be used, and says why; it never throws, whatever it is given.

import { nearest } from '../nearest.js';
import type { Community } from '../net/community.js';
import { sanitised } from '../net/text.js';

export interface EntryProblem {
  readonly severity: 'error' | 'warning';
  /** Within the entry: `addresses[0]`; empty for the entry itself. */
  readonly path: string;
  readonly message: string;
}

/** Names that the operator gave to communities. */
export type Aliases = ReadonlyMap<string, Community>;

const noProblems: readonly EntryProblem[] = Object.freeze([]);
/** Of one entry; what is wrong beyond them is only counted. */
const mostProblems = 100;

/** Where a reader stands in an entry, and what it found wrong there. One serves entry after entry. */
export class Desk {
  readonly aliases: Aliases;
  #problems: EntryProblem[] | undefined;
  #more = 0;
  #worst: EntryProblem['severity'] = 'warning';
  readonly #path: (string | number)[] = [];

  constructor(aliases: Aliases) {
    this.aliases = aliases;
  }

  /** What was found since the last call. */
  takeProblems(): readonly EntryProblem[] {
    const problems = this.#problems ?? noProblems;
    this.#problems = undefined;
    if (this.#more === 0) return problems;
    const more = { severity: this.#worst, path: '', message: `${this.#more} more problems are not listed` };
    this.#more = 0;
    this.#worst = 'warning';
    return [...problems, more];
  }

  enter(step: string | number): void {
    this.#path.push(step);
  }

  leave(): void {
    this.#path.pop();
  }

  error(message: string): undefined {
    this.#say('error', message);
  }

  warning(message: string): void {
    this.#say('warning', message);
  }

  #say(severity: EntryProblem['severity'], message: string): void {
    this.#problems ??= [];
    if (this.#isFull) {
      this.#more++;
      if (severity === 'error') this.#worst = 'error';
    } else this.#problems.push({ severity, path: formatPath(this.#path), message });
  }

  get #isFull(): boolean {
    return this.#problems !== undefined && this.#problems.length >= mostProblems;
  }

  unknownKey(key: string, known: readonly string[]): void {
    // To find what was meant takes far longer than to read it.
    const meant = this.#isFull ? undefined : nearest(key, known);
    this.enter(sanitised(key, 60));
    this.error(
      meant === undefined ? `unknown key; known are ${known.join(', ')}` : `unknown key; did you mean ${meant}?`,
    );
    this.leave();
  }
}

export const formatPath = (steps: readonly (string | number)[]): string =>
  steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    return path === '' ? step : `${path}.${step}`;
  }, '');

const maxTextCharacters = 512;

export const quoted = (text: string): string => `"${sanitised(text, 60)}"`;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

export function readText(value: unknown, to: Desk): string | undefined {
  if (typeof value !== 'string') return to.error(`must be a string, not ${kindOf(value)}`);
  if (value.length > maxTextCharacters) return to.error(`is longer than ${maxTextCharacters} characters`);
  if (/^[ -~]*$/.test(value) || !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u.test(value)) return value;
  return to.error(`${quoted(value)} contains control characters or is not UTF-8`);
}

/** A text that is not empty and has no spaces: the name of a node, a pool, a service. */
export function readWord(value: unknown, to: Desk): string | undefined {
  if (typeof value === 'string' && value.length <= maxTextCharacters && /^[!-~]+$/.test(value)) return value;
  const text = readText(value, to);
  if (text === undefined) return undefined;
  if (text === '') return to.error('must not be empty');
  return /[\s\p{C}]/u.test(text) ? to.error(`${quoted(text)} contains spaces or invisible characters`) : text;
}

export function readBoolean(value: unknown, to: Desk): boolean | undefined {
  return typeof value === 'boolean' ? value : to.error(`must be true or false, not ${kindOf(value)}`);
}

export function readInteger(value: unknown, to: Desk, least: number, most: number): number | undefined {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  return fits ? value : to.error(`must be a whole number from ${least} to ${most}`);
}

export function readChoice<T extends string>(value: unknown, to: Desk, allowed: readonly T[]): T | undefined {
  for (const choice of allowed) if (value === choice) return choice;
  const meant = typeof value === 'string' ? nearest(value, allowed) : undefined;
  const given = typeof value === 'string' ? quoted(value) : kindOf(value);
  return to.error(
    `${given} is not one of ${allowed.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}

/** Undefined when any item cannot be used. An item that repeats (by `keyOf`) is said and taken once. */
export function readList<T>(
  value: unknown,
  to: Desk,
  readItem: (item: unknown, to: Desk) => T | undefined,
  keyOf: (item: T) => string | number,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return to.error(`must be a list, not ${kindOf(value)}`);
  if (value.length === 1) return readOnly(value[0], to, readItem);
  const items: T[] = [];
  const seen = new Set<string | number>();
  let usable = true;
  for (let i = 0; i < value.length; i++) {
    to.enter(i);
    const item = readItem(value[i], to);
    if (item === undefined) usable = false;
    else if (seen.has(keyOf(item))) to.warning('is listed twice; taken once');
    else {
      items.push(item);
      seen.add(keyOf(item));
    }
    to.leave();
  }
  return usable ? items : undefined;
}

/** The common case, without room for a second item that never comes. */
function readOnly<T>(
  value: unknown,
  to: Desk,
  readItem: (item: unknown, to: Desk) => T | undefined,
): readonly T[] | undefined {
  to.enter(0);
  const item = readItem(value, to);
  to.leave();
  return item === undefined ? undefined : [item];
}
