// A table in a file: read at the start, watched, read again on every change, and told only when it says something else.
// Whatever happens to the file, the last good table stays; the source is stale then and says why.

import type { FileWatch } from '../io/watch.js';
import type { Prefix } from '../net/address.js';
import type { Clock, Log } from '../ports.js';
import { formatProblem, type Problem } from '../problem.js';
import { type Bulk, sameBulk } from '../table/bulk.js';
import type { CsvReading } from '../table/csv.js';
import type { EntryPlace } from '../table/entry-table.js';
import type { Aliases } from '../table/reading.js';
import type { ServicesChange, TableChange } from '../table/table-change.js';
import { formatOf, knownExtensions, type TableFormat } from './formats.js';
import { placeOfRow } from './row-place.js';
import { readTableFile } from './table-file.js';
import type { BulkUpdate, SourceUpdate } from './update.js';

export interface FileSourceEnvironment {
  watch(path: string, changed: () => void): FileWatch;
  readonly clock: Clock;
  readonly log: Log;
  readonly aliases: Aliases;
}

/** Lines for the problems of one version of a table; the API lists more. */
const mostComplaints = 10;
/** A change of more services than these is told as a number. */
const mostNames = 5;
/** Somebody writes into the file while it is read: the next try comes after so long. */
const retryMs = 100;

export class FileSource {
  readonly path: string;
  readonly #name: string;
  readonly #environment: FileSourceEnvironment;
  readonly #deliver: (update: SourceUpdate, sinceMs: number) => void;
  readonly #format: TableFormat | undefined;
  #aliases: Aliases;
  #watch: FileWatch | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isReading = false;
  /** When something changed since the last reading began. */
  #dueSinceMs: number | undefined;
  #isStopped = false;
  #isLoaded = false;
  #bulk: Bulk | undefined;
  /** The last question after a row. */
  #asked: Promise<unknown> = Promise.resolve();
  /** What was last delivered, in words: nothing is said twice. */
  #said = '';
  /** The problems of the version before: they are not told again. */
  #complained: ReadonlySet<string> = new Set();

  /** `deliver` is told as well when the file was seen to have changed, by the clock. */
  constructor(
    config: { readonly name: string; readonly file: string },
    environment: FileSourceEnvironment,
    deliver: (update: SourceUpdate, sinceMs: number) => void,
  ) {
    this.#name = config.name;
    this.path = config.file;
    this.#environment = environment;
    this.#deliver = deliver;
    this.#aliases = environment.aliases;
    this.#format = formatOf(config.file, environment.aliases);
  }

  /** Whether there is a table at all, stale or not. */
  get loaded(): boolean {
    return this.#isLoaded;
  }

  start(): void {
    this.#watch = this.#environment.watch(this.path, () => this.#read());
    this.#read();
  }

  /** Reads again, whether the file changed or not; with other names of communities when they are given. */
  reload(aliases: Aliases = this.#aliases): void {
    if (!sameAliases(aliases, this.#aliases)) this.#format?.rename(aliases);
    this.#aliases = aliases;
    this.#read();
  }

  /** Where the entry of this name stands in what was read last. */
  placeOf(name: string): EntryPlace | undefined {
    return this.#format?.placeOf(name);
  }

  /** On which line of a bulk the prefix stands. Reads the file once more, for one question after the other. */
  placeOfRow(prefix: Prefix): Promise<EntryPlace | undefined> {
    const place = this.#asked.then(() => placeOfRow(this.path, prefix));
    this.#asked = place;
    return place;
  }

  stop(): void {
    this.#isStopped = true;
    this.#watch?.close();
    clearTimeout(this.#retry);
  }

  #read(): void {
    clearTimeout(this.#retry);
    this.#dueSinceMs ??= this.#environment.clock.monotonicMs();
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readUntilCurrent();
  }

  async #readUntilCurrent(): Promise<void> {
    try {
      for (let sinceMs = this.#dueSinceMs; sinceMs !== undefined && !this.#isStopped; sinceMs = this.#dueSinceMs) {
        this.#dueSinceMs = undefined;
        await this.#readOnce(sinceMs);
      }
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(sinceMs: number): Promise<void> {
    if (this.#format === undefined) {
      this.#say(this.#stale(`the name of a table ends in ${knownExtensions.join(', ')}`), sinceMs);
      return;
    }
    const taking = this.#format.begin();
    const reading = await readTableFile(this.path, taking);
    if (this.#isStopped) return;
    switch (reading.kind) {
      case 'read': {
        const outcome = await taking.finish();
        if (!this.#isStopped) this.#say(this.#update(outcome, reading.isWorldWritable), sinceMs);
        return;
      }
      case 'replaced':
        this.#dueSinceMs = sinceMs;
        return;
      case 'written':
        this.#retry = setTimeout(() => this.#read(), retryMs);
        return;
      case 'failed':
        this.#say(this.#stale(reading.message), sinceMs);
    }
  }

  #stale(message: string): SourceUpdate {
    return { kind: 'stale', loaded: this.#isLoaded, problems: [this.#problem('error', message)] };
  }

  #problem(severity: Problem['severity'], message: string): Problem {
    return { severity, where: { file: this.path, line: 0, column: 0 }, path: '', message };
  }

  #update(outcome: TableChange | CsvReading, isWorldWritable: boolean): SourceUpdate {
    const warning = 'is writable by everyone, who can thereby announce anything; chmod o-w takes that away';
    const warnings = isWorldWritable ? [this.#problem('warning', warning)] : [];
    const problems = [...warnings, ...outcome.problems];
    switch (outcome.kind) {
      case 'unusable':
        return { kind: 'stale', loaded: this.#isLoaded, problems };
      case 'services':
        return { ...outcome, problems };
      case 'bulk':
        return { kind: 'bulk', bulk: outcome.bulk, count: rowsOf(outcome.bulk), problems };
    }
  }

  #say(update: SourceUpdate, sinceMs: number): void {
    const words = [update.kind, ...update.problems.map(formatProblem)].join('\n');
    const isSame = words === this.#said && !this.#hasNews(update);
    this.#said = words;
    const isFirst = !this.#isLoaded;
    if (update.kind !== 'stale') this.#isLoaded = true;
    if (update.kind === 'bulk') this.#bulk = update.bulk;
    if (isSame) return;
    this.#log(update, isFirst);
    this.#deliver(update, sinceMs);
  }

  #hasNews(update: SourceUpdate): boolean {
    switch (update.kind) {
      case 'services':
        return update.upserted.length > 0 || update.removed.length > 0;
      case 'bulk':
        return this.#bulk === undefined || !sameBulk(update.bulk, this.#bulk);
      case 'stale':
        return false;
    }
  }

  #log(update: SourceUpdate, isFirst: boolean): void {
    const { log } = this.#environment;
    const source = this.#name;
    const [first] = update.problems;
    if (update.kind === 'stale') {
      const kept = update.loaded ? 'the last good table stays' : 'it has never been read';
      const why = first === undefined ? 'unusable' : formatProblem(first);
      log.write('error', 'sourceStale', `${why}; ${kept}`, { source, problems: update.problems.length });
      return;
    }
    const { count, problems } = update;
    const fields = { source, count, problems: problems.length };
    log.write('info', 'sourceLoaded', `${this.path}: ${isFirst ? amount(update) : difference(update)}`, fields);
    const fresh = problems.map(formatProblem).filter((problem) => !this.#complained.has(problem));
    for (const problem of fresh.slice(0, mostComplaints)) log.write('warn', 'sourceProblem', problem, { source });
    if (fresh.length > mostComplaints)
      log.write('warn', 'sourceProblem', `${this.path}: there is more, which herald sources lists`, { source });
    this.#complained = new Set(problems.map(formatProblem));
  }
}

function amount({ kind, count }: ServicesChange | BulkUpdate): string {
  const noun = kind === 'bulk' ? 'row' : 'service';
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How much there is, and what is different. */
function difference(update: ServicesChange | BulkUpdate): string {
  if (update.kind === 'bulk') return amount(update);
  const { upserted, removed } = update;
  const parts = [
    [upserted.map(({ name }) => name), 'new or changed'],
    [removed, 'gone'],
  ] as const;
  return [
    amount(update),
    ...parts
      .filter(([names]) => names.length > 0)
      .map(([names, what]) => `${names.length} ${what}${names.length <= mostNames ? ` (${names.join(', ')})` : ''}`),
  ].join(', ');
}

const rowsOf = ({ ipv4, ipv6 }: Bulk): number => ipv4.count + ipv6.count;

const sameAliases = (a: Aliases, b: Aliases): boolean => JSON.stringify([...a]) === JSON.stringify([...b]);
