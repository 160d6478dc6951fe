// YAML tables (JSON is a subset), of entries or of Kubernetes manifests: read whole every time, because they are small.
// Only what differs from the version before is told.

import { type Document, onlyDocument, type Path, readDocuments } from '../config/document.js';
import { nearest } from '../nearest.js';
import type { Place } from '../problem.js';
import { EntryReader } from './entry.js';
import { type Entry, type EntryPlace, EntryTable, TroubledEntry } from './entry-table.js';
import { isLoadBalancer, isManifest, type ManifestProblem, manifestEntry, manifestObjects } from './manifest.js';
import { type Aliases, formatPath, isRecord, kindOf } from './reading.js';
import type { TableChange } from './table-change.js';

/** An entry before it is looked at. */
interface Item {
  readonly value: unknown;
  readonly document: Document;
  /** Where in the document it stands. */
  readonly path: Path;
  /** What its path is called in a problem. */
  readonly label: string;
  /** Where the document says what a path of the entry says. */
  originOf(path: Path): Path;
  readonly problems: readonly ManifestProblem[];
}

interface Reading {
  readonly items: readonly Item[];
  /** Objects of a stream of manifests that are no entries. */
  readonly skipped: number;
}

export class YamlTable {
  readonly #file: string;
  #reader: EntryReader;
  readonly #entries = new EntryTable();
  /** Line and column of each entry. */
  #places = new Uint32Array(0);

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
    const documents = readDocuments(text, this.#file);
    const reading = documents.some(({ value }) => isManifest(value)) ? readManifests(documents) : readTable(documents);
    const problems = documents.flatMap((document) => document.problems);
    if (reading === undefined || problems.length > 0) return { kind: 'unusable', problems };
    const { items, skipped } = reading;
    const places = items.map(({ document, path }) => document.place(path));
    const entries = items.map((item, index) => this.#entry(item, places[index]!));
    const difference = this.#entries.replace(0, this.#entries.length, entries);
    this.#places = Uint32Array.from(places.flatMap(({ line, column }) => [line, column]));
    const report = this.#entries.report({
      file: this.#file,
      placeOf: (index) => this.#place(index),
      lineOf: (index) => this.#place(index).line,
      pathOf: (index) => items[index]!.label,
    });
    return {
      kind: 'services',
      ...difference,
      ...report,
      count: this.#entries.count,
      ...(skipped === 0 ? {} : { skipped }),
    };
  }

  /** Where the entry of this name begins in the text that was taken last. */
  placeOf(name: string): EntryPlace | undefined {
    const index = this.#entries.indexOf(name);
    return index < 0 ? undefined : this.#place(index);
  }

  #place(index: number): EntryPlace {
    return { line: this.#places[index * 2]!, column: this.#places[index * 2 + 1]! };
  }

  #entry(item: Item, start: Place): Entry {
    const { name, service, problems } = this.#reader.read(item.value);
    const all: ManifestProblem[] = [
      ...item.problems,
      ...problems.map((problem) => ({ ...problem, path: item.originOf(stepsOf(problem.path)) })),
    ];
    if (all.length === 0 && service !== undefined) return service;
    const placed = all.map(({ severity, path, message }) => {
      const { line, column } = item.document.place([...item.path, ...path]);
      const at = { line: line - start.line, column: column - (line === start.line ? start.column : 1) };
      return { severity, path: formatPath(path), message, at };
    });
    const isUsable = all.every(({ severity }) => severity === 'warning');
    return new TroubledEntry(name, isUsable ? service : undefined, placed);
  }
}

/** The list under the one key of a table; otherwise undefined, and the document's problems say why. */
function readTable(documents: readonly Document[]): Reading | undefined {
  const document = onlyDocument(documents);
  const { value, problems } = document;
  const report = (where: Place, path: string, message: string): void => {
    problems.push({ severity: 'error', where, path, message });
  };
  if (problems.length > 0) return undefined;
  if (!isRecord(value)) {
    report(document.place([]), '', `a table is a mapping with the key services, not ${kindOf(value)}`);
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
  if (problems.length > 0 || !Array.isArray(services)) return undefined;
  const items = services.map((entry: unknown, index): Item => {
    const path = ['services', index];
    return { value: entry, document, path, label: formatPath(path), originOf: (steps) => steps, problems: [] };
  });
  return { items, skipped: 0 };
}

function readManifests(documents: readonly Document[]): Reading {
  const objects = manifestObjects(documents);
  const balanced = objects.filter(isLoadBalancer);
  const items = balanced.map((object): Item => {
    const { entry, origins, problems } = manifestEntry(object);
    const { document, index, path } = object;
    return {
      value: entry,
      document,
      path,
      label: formatPath(['documents', index, ...path]),
      originOf: ([key, ...rest]) => {
        if (key === undefined) return [];
        const origin = origins.get(String(key)) ?? [key];
        // One text holds all addresses.
        return key === 'addresses' ? origin : [...origin, ...rest];
      },
      problems,
    };
  });
  return { items, skipped: objects.length - balanced.length };
}

/** `bgp.communities[1]` as the steps of a document's path. */
const stepsOf = (path: string): (string | number)[] =>
  Array.from(path.matchAll(/\[(\d+)\]|[^.[\]]+/g), ([step, index]) => (index === undefined ? step : Number(index)));
