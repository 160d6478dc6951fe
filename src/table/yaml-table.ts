// YAML tables (JSON is a subset): read whole every time, because they are small. Only what differs from the version before
// is told.

import { type Document, readDocument } from '../config/document.js';
import { nearest } from '../nearest.js';
import type { Place } from '../problem.js';
import { EntryReader } from './entry.js';
import { type Entry, EntryTable, TroubledEntry } from './entry-table.js';
import { type Aliases, isRecord, kindOf } from './reading.js';
import type { TableChange } from './table-change.js';

export class YamlTable {
  readonly #file: string;
  #reader: EntryReader;
  readonly #entries = new EntryTable();

  constructor(file: string, aliases: Aliases) {
    this.#file = file;
    this.#reader = new EntryReader(aliases);
  }

  /** From the next update on communities have other names. */
  rename(aliases: Aliases): void {
    this.#reader = new EntryReader(aliases);
  }

  /** All or nothing: when the text is unusable, the old version stands. */
  update(text: string): TableChange {
    const document = readDocument(text, this.#file);
    const services = servicesOf(document);
    if (services === undefined) return { kind: 'unusable', problems: document.problems };
    const places = services.map((_, index) => document.place(['services', index]));
    const entries = services.map((value, index) => this.#entry(value, index, document, places[index]!));
    const difference = this.#entries.replace(0, this.#entries.length, entries);
    const report = this.#entries.report({
      file: this.#file,
      placeOf: (index) => places[index]!,
      pathOf: (index) => `services[${index}]`,
    });
    return { kind: 'services', ...difference, ...report, count: this.#entries.count };
  }

  #entry(value: unknown, index: number, document: Document, start: Place): Entry {
    const { name, service, problems } = this.#reader.read(value);
    if (problems.length === 0 && service !== undefined) return service;
    const placed = problems.map((problem) => {
      const { line, column } = document.place(['services', index, ...stepsOf(problem.path)]);
      const at = { line: line - start.line, column: column - (line === start.line ? start.column : 1) };
      return { ...problem, at };
    });
    return new TroubledEntry(name, service, placed);
  }
}

/** The list under the one key of a table; otherwise undefined, and the document's problems say why. */
function servicesOf(document: Document): readonly unknown[] | undefined {
  const { value, problems } = document;
  const report = (where: Place, path: string, message: string): void => {
    problems.push({ severity: 'error', where, path, message });
  };
  if (problems.length > 0) return undefined;
  if (!isRecord(value)) {
    report(document.place([]), '', `a table is a mapping with the key services, not ${kindOf(value)}`);
    return undefined;
  }
  if (Object.hasOwn(value, 'kind') && Object.hasOwn(value, 'apiVersion')) {
    report(document.place([]), '', 'Kubernetes manifests are not read as a table yet; list the entries under services');
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === 'services') continue;
    const hint = nearest(key, ['services']) === undefined ? 'a table holds only services' : 'did you mean services?';
    report(document.keyPlace([key]), key, `unknown key; ${hint}`);
  }
  const { services } = value;
  if (!Object.hasOwn(value, 'services'))
    report(document.place([]), '', 'services is missing; an empty table is services: []');
  else if (!Array.isArray(services))
    report(
      document.place(['services']),
      'services',
      `must be a list, not ${kindOf(services)}; an empty table is services: []`,
    );
  return problems.length === 0 && Array.isArray(services) ? services : undefined;
}

/** `bgp.communities[1]` as the steps of a document's path. */
const stepsOf = (path: string): (string | number)[] =>
  Array.from(path.matchAll(/\[(\d+)\]|[^.[\]]+/g), ([step, index]) => (index === undefined ? step : Number(index)));
