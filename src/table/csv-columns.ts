// The columns of a bulk CSV beside the prefix: the header that names them, the fields of a row (RFC 4180), and what they
// say as route attributes. An empty field says nothing.

import type { RouteAttributes } from '../config/config.js';
import { nearest } from '../nearest.js';
import type { Address } from '../net/address.js';
import { formatCommunity } from '../net/community.js';
import { attributesKey, readCommunity, readNextHop } from './attributes.js';
import { type Aliases, Desk, type EntryProblem, quoted, readInteger, readList } from './reading.js';

type Attributes = Required<RouteAttributes>;
export type Column = keyof Attributes;

type Row<T> = (text: string, to: Desk) => T | undefined;

const integer =
  (most: number): Row<number> =>
  (text, to) =>
    readInteger(/^[0-9]{1,10}$/.test(text) ? Number(text) : undefined, to, 0, most);

const words = (text: string): string[] => text.split(/ +/);

function readNextHops(text: string, to: Desk): readonly Address[] | undefined {
  const nextHops = readList(words(text), to, readNextHop, ({ words }) => words.join());
  const [first, second] = nextHops ?? [];
  const clash = (nextHops?.length ?? 0) > 2 || first?.family === second?.family;
  return second !== undefined && clash ? to.error('one next hop per address family at most') : nextHops;
}

const rows: { [K in Column]: Row<Attributes[K]> } = {
  nextHop: readNextHops,
  communities: (text, to) => readList(words(text), to, readCommunity, formatCommunity),
  localPref: integer(0xffffffff),
  med: integer(0xffffffff),
  asPathPrepend: integer(255),
};

const known = Object.keys(rows);
const isColumn = (name: string): name is Column => Object.hasOwn(rows, name);

const headerForm = `prefix[,${known.join(',')}]`;

/** The columns after `prefix`, or what is wrong with the header. */
export function readHeader(line: string): readonly Column[] | string {
  const [first = '', ...names] = splitFields(line) ?? [];
  if (first !== 'prefix') return `the first line must be the header ${headerForm}`;
  const columns: Column[] = [];
  for (const name of names) {
    if (!isColumn(name)) {
      const meant = nearest(name, known);
      return `unknown column ${quoted(name)}; ${meant === undefined ? `the header is ${headerForm}` : `did you mean ${meant}?`}`;
    }
    if (columns.includes(name)) return `the column ${name} appears twice`;
    columns.push(name);
  }
  return columns;
}

/** The fields of a row without the spaces around them; undefined when a quote is not closed or stands in the middle. */
export function splitFields(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const fields: string[] = [];
  const field = /[ \t\r]*(?:"((?:[^"]|"")*)"[ \t\r]*|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    fields.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim());
    if (match[3] === '') return fields;
  }
}

type Draft = { -readonly [K in Column]?: Attributes[K] };

function readInto<K extends Column>(attributes: Draft, column: K, text: string, to: Desk): void {
  const row: Row<Attributes[K]> = rows[column];
  const value = row(text, to);
  if (value !== undefined) attributes[column] = value;
}

/** The attribute sets of a bulk, each once. */
export class RowAttributes {
  /** The first is the empty one: all defaults. */
  readonly sets: RouteAttributes[] = [{}];
  readonly #columns: readonly Column[];
  readonly #desk: Desk;
  readonly #byKey = new Map<string, number>([[attributesKey({}), 0]]);

  constructor(columns: readonly Column[], aliases: Aliases) {
    this.#columns = columns;
    this.#desk = new Desk(aliases);
  }

  /** The index of the set that the fields after the prefix give, or why they give none. */
  read(fields: readonly string[] | undefined): number | readonly EntryProblem[] {
    const to = this.#desk;
    if (fields === undefined) to.error('a quote is not closed, or stands inside a field');
    else if (fields.length !== this.#columns.length)
      to.error(`the header has ${this.#columns.length + 1} columns, this row has ${fields.length + 1}`);
    const attributes: Draft = {};
    for (const [i, column] of this.#columns.entries()) {
      const text = fields?.[i] ?? '';
      if (text === '') continue;
      to.enter(column);
      readInto(attributes, column, text, to);
      to.leave();
    }
    const problems = to.takeProblems().filter(({ severity }) => severity === 'error');
    return problems.length > 0 ? problems : this.#intern(attributes);
  }

  #intern(attributes: RouteAttributes): number {
    const key = attributesKey(attributes);
    let index = this.#byKey.get(key);
    if (index === undefined) {
      index = this.sets.push(attributes) - 1;
      this.#byKey.set(key, index);
    }
    return index;
  }
}
