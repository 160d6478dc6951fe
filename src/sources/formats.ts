// The kinds of table files, by the extension of their names: how the octets of each become a table, piece by piece.

import { extname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { type CsvReading, CsvTable } from '../table/csv.js';
import type { EntryPlace } from '../table/entry-table.js';
import type { Aliases } from '../table/reading.js';
import type { TableChange } from '../table/table-change.js';
import { TableText } from '../table/table-text.js';
import { YamlTable } from '../table/yaml-table.js';
import { octetWork } from './octet-work.js';
import type { FileReader } from './table-file.js';

/** One reading of the file, from its first octet to its last. */
export interface Taking extends FileReader {
  finish(): Promise<TableChange | CsvReading>;
}

export interface TableFormat {
  begin(): Taking;
  /** Where the entry of this name stands in what was read last; a bulk has no entries. */
  placeOf(name: string): EntryPlace | undefined;
  /** Communities have other names from the next reading on. */
  rename(aliases: Aliases): void;
}

const MiB = 1024 * 1024;
const maxYamlOctets = 4 * MiB;
/** Held twice while a new version is read. */
const maxTextOctets = 1024 * MiB;
/** The plainest of services, with its name, takes a few hundred octets; while a new version is read the old one stays. */
const heapOctetsPerService = 1024;
const mostServices = Math.floor(getHeapStatistics().heap_size_limit / heapOctetsPerService);
/** So long may one turn of the event loop take. */
const turnMs = 10;

const formats: Readonly<Record<string, (file: string, aliases: Aliases) => TableFormat>> = {
  '.yaml': (file, aliases) => new YamlFormat(file, aliases),
  '.yml': (file, aliases) => new YamlFormat(file, aliases),
  '.json': (file, aliases) => new TextFormat('json', file, aliases),
  '.ndjson': (file, aliases) => new TextFormat('ndjson', file, aliases),
  '.csv': (file, aliases) => new CsvFormat(file, aliases),
};

export const knownExtensions: readonly string[] = Object.keys(formats);

/** Undefined for an extension that is none of ours. */
export const formatOf = (file: string, aliases: Aliases): TableFormat | undefined =>
  formats[extname(file).toLowerCase()]?.(file, aliases);

/** All octets of a file, whose size is known before. */
class Whole implements Taking {
  readonly #most: number;
  readonly #instead: string;
  readonly #finish: (octets: Buffer) => Promise<TableChange>;
  whole = Buffer.alloc(0);

  constructor(most: number, instead: string, finish: (octets: Buffer) => Promise<TableChange>) {
    this.#most = most;
    this.#instead = instead;
    this.#finish = finish;
  }

  sized(octets: number): string | undefined {
    if (octets > this.#most) return `is larger than ${this.#most / MiB} MiB, ${this.#instead}`;
    this.whole = Buffer.allocUnsafeSlow(octets);
    return undefined;
  }

  taken(): void {}

  finish(): Promise<TableChange> {
    return this.#finish(this.whole);
  }
}

class YamlFormat implements TableFormat {
  readonly #table: YamlTable;

  constructor(file: string, aliases: Aliases) {
    this.#table = new YamlTable(file, aliases);
  }

  rename(aliases: Aliases): void {
    this.#table.rename(aliases);
  }

  placeOf(name: string): EntryPlace | undefined {
    return this.#table.placeOf(name);
  }

  begin(): Taking {
    const instead = 'too much for YAML; large tables go into NDJSON (.ndjson) or CSV (.csv) files';
    return new Whole(maxYamlOctets, instead, async (octets) => this.#table.update(octets.toString('utf8')));
  }
}

class TextFormat implements TableFormat {
  readonly #table: TableText;

  constructor(format: 'json' | 'ndjson', file: string, aliases: Aliases) {
    this.#table = new TableText(format, file, aliases, octetWork, mostServices);
  }

  rename(aliases: Aliases): void {
    this.#table.rename(aliases);
  }

  placeOf(name: string): EntryPlace | undefined {
    return this.#table.placeOf(name);
  }

  begin(): Taking {
    const instead = 'too much for one table; prefixes without services go into CSV (.csv) files';
    return new Whole(maxTextOctets, instead, (octets) => inTurns(this.#table.update(octets)));
  }
}

class CsvFormat implements TableFormat {
  readonly #file: string;
  #aliases: Aliases;

  constructor(file: string, aliases: Aliases) {
    this.#file = file;
    this.#aliases = aliases;
  }

  rename(aliases: Aliases): void {
    this.#aliases = aliases;
  }

  placeOf(): undefined {}

  begin(): Taking {
    const table = new CsvTable(this.#file, this.#aliases);
    return {
      sized: () => undefined,
      taken: (octets) => table.push(octets),
      finish: async () => table.finish(),
    };
  }
}

/** Runs long work to its end and lets the event loop breathe. */
export async function inTurns<T>(work: Generator<void, T>): Promise<T> {
  for (let began = performance.now(); ; ) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < turnMs) continue;
    await nextTurn();
    began = performance.now();
  }
}
