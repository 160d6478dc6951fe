// Reads sections and list items by their schema and turns every complaint into a Problem with its place. What is wrong
// is reported and left out, and the rest read again, so that checks across keys still see all that is right.

import * as z from 'zod/mini';
import { nearest } from '../nearest.js';
import { sanitised } from '../net/text.js';
import type { Problem } from '../problem.js';
import type { Document, Path } from './document.js';
import { noValue, quoted, shown } from './scalars.js';

export type Raw = Readonly<Record<string, unknown>>;
type ObjectSchema = z.ZodMiniObject;

export interface Section<T> {
  readonly value: T;
  path(...keys: Path): Path;
  /** Written, rightly or wrongly. */
  has(key: keyof T & string): boolean;
  /** Nothing is wrong with it. */
  isSound(key: keyof T & string): boolean;
}

export const isRecord = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `bgpPeers[0].holdTime`; keys that would not be told apart stand in brackets. */
export function formatPath(path: Path): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return /^[\w-]{1,64}$/.test(part) ? `.${part}` : `[${quoted(part)}]`;
  });
  return parts.join('').replace(/^\./, '');
}

export class Reader {
  readonly problems: Problem[] = [];
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
    this.problems.push(...document.problems);
  }

  error(path: Path, message: string): void {
    this.#add('error', this.#document.place(path), path, message);
  }

  warn(path: Path, message: string): void {
    this.#add('warning', this.#document.place(path), path, message);
  }

  /** At the key and not at its value. */
  warnAtKey(path: Path, message: string): void {
    this.#add('warning', this.#document.keyPlace(path), path, message);
  }

  #add(severity: Problem['severity'], where: Problem['where'], path: Path, message: string): void {
    this.problems.push({ severity, where, path: formatPath(path), message: sanitised(message, 600) });
  }

  lineOf(path: Path): number {
    return this.#document.place(path).line;
  }

  unknownKey(path: Path, key: string, known: readonly string[]): void {
    const meant = nearest(key, known);
    const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`;
    const keyPath = [...path, key];
    this.#add('error', this.#document.keyPlace(keyPath), keyPath, `unknown key; ${hint}`);
  }

  /** A reference to something that has a name. */
  unknownName(path: Path, what: string, name: string, known: Iterable<string>): void {
    const names = [...known];
    const meant = nearest(name, names);
    const others = names.length === 0 ? 'there is none' : `there are ${names.slice(0, 20).join(', ')}`;
    const hint = meant === undefined ? others : `did you mean "${meant}"?`;
    this.error(path, `no ${what} is named ${quoted(name)}; ${hint}`);
  }

  section<S extends ObjectSchema>(schema: S, raw: unknown, pathTo: (key?: string) => Path): Section<z.output<S>> {
    const given: Raw = isRecord(raw) ? raw : {};
    if (raw !== undefined && !isRecord(raw)) this.error(pathTo(), wants('object', raw));
    const broken = new Broken();
    const first = z.safeParse(schema, given);
    if (!first.success) {
      for (const issue of first.error.issues) {
        this.#report(schema, given, issue, pathTo);
        broken.add(issue);
      }
    }
    return {
      value: first.success ? first.data : z.parse(schema, broken.without(given)),
      path: (key, ...rest) => (key === undefined ? pathTo() : [...pathTo(String(key)), ...broken.asWritten(key, rest)]),
      has: (key) => Object.hasOwn(given, key),
      isSound: (key) => !broken.has(key),
    };
  }

  #report(schema: ObjectSchema, raw: Raw, issue: z.core.$ZodIssue, pathTo: (key?: string) => Path): void {
    const [first, ...rest] = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const path = first === undefined ? pathTo() : [...pathTo(String(first)), ...rest];
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path);
      for (const key of issue.keys) this.unknownKey(first === undefined ? pathTo(key).slice(0, -1) : path, key, known);
    } else this.error(path, messageOf(issue, valueAt(raw, issue.path)));
  }

  /** The items of a list section; with `spec`, what stands in an item's `spec` counts as written beside its name. */
  items<S extends ObjectSchema>(
    at: Path,
    schema: () => S,
    raw: unknown,
    { what, spec, from = 0 }: { readonly what: string; readonly spec: boolean; readonly from?: number },
  ): Section<z.output<S>>[] {
    if (raw === undefined) return [];
    if (!Array.isArray(raw)) {
      this.error(at, wants('array', raw));
      return [];
    }
    return raw.flatMap((item: unknown, index): Section<z.output<S>>[] => {
      const path = [...at, from + index];
      if (isRecord(item)) return [this.#item(schema(), item, path, spec)];
      this.error(path, `wants a mapping with the keys of a ${what}, not ${shown(item)}`);
      return [];
    });
  }

  #item<S extends ObjectSchema>(schema: S, item: Raw, path: Path, spec: boolean): Section<z.output<S>> {
    if (!spec || !Object.hasOwn(item, 'spec'))
      return this.section(schema, item, (part) => (part === undefined ? path : [...path, part]));
    const { spec: inner, ...outer } = item;
    if (!isRecord(inner)) this.error([...path, 'spec'], wants('object', inner));
    const nested: Raw = isRecord(inner) ? inner : {};
    for (const twice of Object.keys(nested).filter((key) => Object.hasOwn(outer, key)))
      this.error([...path, 'spec', twice], 'stands beside `spec` as well');
    return this.section(schema, { ...outer, ...nested }, (part) => {
      if (part === undefined) return path;
      return Object.hasOwn(nested, part) ? [...path, 'spec', part] : [...path, part];
    });
  }

  /** Names are required and unique, and fit a URL. Returns what is known by name. */
  names<T extends { readonly name: string }>(items: readonly Section<T>[], what: string): Map<string, Section<T>> {
    const named = new Map<string, Section<T>>();
    for (const item of items) {
      const { name } = item.value;
      const earlier = named.get(name);
      if (name === '') {
        if (item.isSound('name')) this.error(item.path('name'), `missing ${what} name`);
      } else if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(name))
        this.error(
          item.path('name'),
          `${quoted(name)} is not a name: letters, digits, ".", "_" and "-", the ends a letter or digit`,
        );
      else if (earlier !== undefined)
        this.error(
          item.path('name'),
          `duplicate definition of ${what} "${name}"; the first is in line ${this.lineOf(earlier.path('name'))}`,
        );
      else named.set(name, item);
    }
    return named;
  }
}

/** The keys of a mapping, and the items of its lists, that something is wrong with. */
class Broken {
  readonly #keys = new Set<string>();
  readonly #items = new Map<string, Set<number>>();

  add(issue: z.core.$ZodIssue): void {
    const [key, index] = issue.path;
    if (key === undefined) {
      if (issue.code === 'unrecognized_keys') for (const unknown of issue.keys) this.#keys.add(unknown);
    } else if (typeof index !== 'number') this.#keys.add(String(key));
    else this.#items.set(String(key), (this.#items.get(String(key)) ?? new Set()).add(index));
  }

  has(key: string): boolean {
    return this.#keys.has(key) || this.#items.has(key);
  }

  without(given: Raw): Raw {
    const sound = Object.entries(given).filter(([key]) => !this.#keys.has(key));
    return Object.fromEntries(
      sound.map(([key, value]) => {
        const items = this.#items.get(key);
        return [key, items !== undefined && Array.isArray(value) ? value.filter((_, i) => !items.has(i)) : value];
      }),
    );
  }

  /** Where the first part is the index of an item in what `without` left: its index in the file. */
  asWritten(key: string | number, [index, ...rest]: Path): Path {
    if (index === undefined) return rest;
    if (typeof index === 'string') return [index, ...rest];
    let written = index;
    for (const gone of [...(this.#items.get(String(key)) ?? [])].sort((a, b) => a - b)) if (gone <= written) written++;
    return [written, ...rest];
  }
}

const expectations: Readonly<Record<string, string>> = { object: 'a mapping', record: 'a mapping', array: 'a list' };

function wants(expected: string, raw: unknown): string {
  if (raw === null) return expected === 'array' ? 'has no value; write [] for none, or leave the key out' : noValue;
  return `wants ${expectations[expected] ?? expected}, not ${shown(raw)}`;
}

function messageOf(issue: z.core.$ZodIssue, raw: unknown): string {
  return issue.code === 'invalid_type' ? wants(issue.expected, raw) : issue.message;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** The schema inside optional(…) and prefault(…). */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodMiniOptional || inner instanceof z.ZodMiniPrefault) inner = inner._zod.def.innerType;
  return inner;
}

/** The schema that rules what stands at the path. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const outer: z.core.$ZodType | undefined = at === undefined ? undefined : unwrapped(at);
    if (outer instanceof z.ZodMiniObject) at = outer.shape[String(part)];
    else if (outer instanceof z.ZodMiniArray) at = outer._zod.def.element;
    else return undefined;
  }
  return at;
}

function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const at = schemaAt(schema, path);
  const inner = at === undefined ? undefined : unwrapped(at);
  return inner instanceof z.ZodMiniObject ? Object.keys(inner.shape) : [];
}
