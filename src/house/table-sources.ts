// The sources in force: each read, handed to the announcer, and remembered with what is wrong with it. Whatever happens to
// a source, what it said last stays announced until it says something else that may be taken over.

import type { SourceBody } from '../api/house.js';
import type { Config, SourceConfig } from '../config/config.js';
import { monotonicClock } from '../io/clock.js';
import { watchFile } from '../io/watch.js';
import type { Prefix } from '../net/address.js';
import { type Announcer, cliSource, describeRefusal, type Refusal } from '../plan/announcer.js';
import type { RejectedClaim, RejectedClaims } from '../plan/listing.js';
import type { Log } from '../ports.js';
import { formatPlace, formatProblem, type Problem } from '../problem.js';
import { FileSource } from '../sources/file.js';
import type { BulkUpdate, SourceUpdate } from '../sources/update.js';
import type { SourceChange } from '../table/merged.js';
import type { ServicesChange } from '../table/table-change.js';
import type { DampedTable } from './damped-table.js';
import { SourceState } from './source-state.js';

type Table = ServicesChange | BulkUpdate;

interface OpenSource {
  readonly state: SourceState;
  /** Undefined: the source `cli`. */
  readonly config: SourceConfig | undefined;
  readonly file: FileSource | undefined;
  /** What the announcer has of it is from another file of the same name, until this one has been read. */
  isSuccessor: boolean;
  /** What safety refused: still to come, together with whatever changes next. */
  refused: Table | undefined;
}

/** How long the first End-of-RIB waits for a source that cannot be read: a helper keeps our routes meanwhile. */
const firstTablePatienceMs = 60_000;

export class TableSources {
  /** Every source has been tried once. */
  readonly tried: Promise<void>;
  readonly #announcer: Announcer;
  readonly #table: DampedTable;
  readonly #log: Log;
  readonly #dropped: (source: string) => void;
  readonly #loaded: () => void;
  readonly #sources = new Map<string, OpenSource>();
  #tried: () => void = () => {};
  #rejected: RejectedClaims | undefined;
  #isLoaded: boolean = false;
  /** What no source has any more has been given back. */
  #isSwept = false;
  #patience: NodeJS.Timeout | undefined;

  /**
   * `restore`: sources that are written to may have what they had. `dropped`: a source is about to go, with all its entries.
   * `loaded` is called once: every source has been read, or has had its time.
   */
  constructor(
    config: Config,
    announcer: Announcer,
    table: DampedTable,
    log: Log,
    restore: () => void,
    dropped: (source: string) => void,
    loaded: () => void,
  ) {
    this.#announcer = announcer;
    this.#table = table;
    this.#dropped = dropped;
    this.#log = log;
    this.#loaded = loaded;
    this.tried = new Promise((resolve) => {
      this.#tried = resolve;
    });
    const state = new SourceState(cliSource, 'cli');
    this.#sources.set(cliSource, { state, config: undefined, file: undefined, isSuccessor: false, refused: undefined });
    announcer.allotment.beginReading();
    const opened = config.sources.map((source) => this.#open(source, config, false));
    restore();
    for (const name of this.#sources.keys()) this.count(name);
    for (const { file } of opened) file?.start();
    this.#settleFirst();
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get rejected(): RejectedClaims {
    this.#rejected ??= byName([...this.#sources.values()].flatMap(({ state }) => state.rejected));
    return this.#rejected;
  }

  state(name: string): SourceState | undefined {
    return this.#sources.get(name)?.state;
  }

  /** FILE:LINE:COLUMN of the entry; '' where it stands in no file, or in none that could be used last. */
  placeOf(source: string, name: string): string {
    const file = this.#readable(source);
    const place = file?.placeOf(name);
    return file === undefined || place === undefined ? '' : formatPlace({ file: file.path, ...place });
  }

  /** The same of a row of a bulk, which is looked for in the file. */
  async placeOfRow(source: string, prefix: Prefix): Promise<string> {
    const file = this.#readable(source);
    const place = await file?.placeOfRow(prefix);
    return file === undefined || place === undefined ? '' : formatPlace({ file: file.path, ...place });
  }

  /** What is in force of a stale source need not stand in its file any more. */
  #readable(source: string): FileSource | undefined {
    const opened = this.#sources.get(source);
    return opened?.state.stale === false ? opened.file : undefined;
  }

  /** It has been written to. */
  count(name: string): void {
    const state = this.state(name);
    if (state !== undefined) state.count = this.#announcer.table.countOf(name);
  }

  /** In order of rank. */
  bodies(config: Config): SourceBody[] {
    return [...config.sources.map(({ name }) => name), cliSource].flatMap((name) => this.state(name)?.body() ?? []);
  }

  stop(): void {
    clearTimeout(this.#patience);
    for (const { file } of this.#sources.values()) file?.stop();
  }

  /** Opens, closes and reads again, after the announcer has taken over the configuration. */
  configure(config: Config): void {
    const wanted = new Map(config.sources.map((source) => [source.name, source]));
    const succeeded = new Set<string>();
    for (const [name, { config: known, file }] of this.#sources) {
      const next = wanted.get(name);
      if (known === undefined || (next !== undefined && sameSource(known, next))) continue;
      file?.stop();
      this.#sources.delete(name);
      this.#rejected = undefined;
      // Another file of the same name: what the one before said stays until the new one has been read.
      if (next?.kind === 'file') succeeded.add(name);
      else {
        this.#dropped(name);
        this.#table.forget(name);
        this.#announcer.dropSource(name);
      }
    }
    for (const [name, source] of wanted) {
      const known = this.#sources.get(name);
      if (known === undefined) this.#open(source, config, succeeded.has(name)).file?.start();
      else known.file?.reload(config.communityAliases);
    }
    // Another bound may let through what the one before refused.
    for (const source of this.#sources.values()) if (source.refused !== undefined) this.#take(source, source.refused);
  }

  #open(source: SourceConfig, config: Config, isSuccessor: boolean): OpenSource {
    const { name } = source;
    const state = new SourceState(name, source.kind, source.kind === 'file' ? source.file : undefined);
    const file = source.kind === 'file' ? this.#fileSource(name, source.file, config, state) : undefined;
    const opened = { state, config: source, file, isSuccessor, refused: undefined };
    this.#sources.set(name, opened);
    return opened;
  }

  #fileSource(name: string, file: string, { communityAliases: aliases }: Config, state: SourceState): FileSource {
    const environment = { watch: watchFile, clock: monotonicClock, log: this.#log, aliases };
    return new FileSource({ name, file }, environment, (update, sinceMs) => {
      const source = this.#sources.get(name);
      if (source?.state === state) this.#hear(source, update, sinceMs);
    });
  }

  #hear(source: OpenSource, update: SourceUpdate, sinceMs: number): void {
    if (update.kind === 'stale') source.state.failed(update.problems);
    else this.#take(source, update, sinceMs);
    this.#settleFirst();
  }

  /** `sinceMs`: when the file was seen to have changed. */
  #take(source: OpenSource, update: Table, sinceMs?: number): void {
    const { state } = source;
    const table = combined(source.refused, update);
    const refusal =
      table.kind === 'bulk' ? this.#applyBulk(source, table, sinceMs) : this.#applyServices(source, table, sinceMs);
    source.refused = refusal === undefined ? undefined : table;
    if (refusal === undefined) {
      state.taken(table.problems, table.count);
      state.skipped = table.kind === 'services' ? (table.skipped ?? 0) : 0;
      this.#rejected = undefined;
      state.rejected = table.kind === 'bulk' ? [] : rejectedOf(state.name, table);
      source.isSuccessor = false;
      return;
    }
    const why = describeRefusal(refusal);
    state.refused(why);
    const { name } = state;
    this.#log.write('error', 'tableRefused', `the table of ${name} is not taken over: ${why}`, {
      source: name,
      ...refusal,
    });
  }

  #applyServices(
    { state: { name }, isSuccessor }: OpenSource,
    { upserted, removed }: SourceChange,
    sinceMs: number | undefined,
  ): Refusal | undefined {
    if (!isSuccessor) return this.#table.apply(name, { upserted, removed, sinceMs }, false).refusal;
    const kept = new Set(upserted.map((service) => service.name));
    const gone = this.#announcer.table.namesOf(name).filter((known) => !kept.has(known));
    const refusal = this.#announcer.applyServices(name, { upserted, removed: [...removed, ...gone], sinceMs });
    return refusal ?? this.#announcer.applyBulk(name, undefined);
  }

  #applyBulk(
    { state: { name }, isSuccessor }: OpenSource,
    { bulk }: BulkUpdate,
    sinceMs: number | undefined,
  ): Refusal | undefined {
    const refusal = this.#announcer.applyBulk(name, bulk, false, sinceMs);
    if (refusal !== undefined || !isSuccessor) return refusal;
    return this.#announcer.applyServices(name, { upserted: [], removed: this.#announcer.table.namesOf(name) });
  }

  /** RFC 4724 §4.1: End-of-RIB only when the table is known, for a helper drops what was not announced by then. */
  #settleFirst(): void {
    if (this.#isSwept) return;
    const states = [...this.#sources.values()].map(({ state }) => state);
    if (!states.every(({ loaded, stale }) => loaded || stale)) return;
    this.#announcer.readingEnded();
    if (states.every(({ loaded }) => loaded)) {
      this.#isSwept = true;
      this.#announcer.sweep();
    }
    if (this.#isLoaded) return;
    this.#tried();
    if (states.every(({ loaded }) => loaded)) this.#settle();
    else this.#patience ??= setTimeout(() => this.#settle(), firstTablePatienceMs).unref();
  }

  #settle(): void {
    if (this.#isLoaded) return;
    clearTimeout(this.#patience);
    this.#isLoaded = true;
    this.#loaded();
  }
}

const sameSource = (a: SourceConfig, b: SourceConfig): boolean => JSON.stringify(a) === JSON.stringify(b);

const rejectedOf = (source: string, { rejected }: ServicesChange): RejectedClaim[] =>
  rejected.flatMap(({ name, isRepeat, problems }) =>
    name === undefined ? [] : [rejectedClaim(source, name, isRepeat, problems)],
  );

const rejectedClaim = (
  source: string,
  name: string,
  isRepeat: boolean,
  problems: readonly Problem[],
): RejectedClaim => ({
  source,
  name,
  isRepeat,
  message: problems.map(formatProblem).join('; '),
  where: problems[0] === undefined ? '' : formatPlace(problems[0].where),
});

function byName(claims: readonly RejectedClaim[]): RejectedClaims {
  const names = new Map<string, RejectedClaim[]>();
  for (const claim of claims) {
    const known = names.get(claim.name);
    if (known === undefined) names.set(claim.name, [claim]);
    else known.push(claim);
  }
  return names;
}

/** One change that does what both do, one after the other; a bulk is always whole. */
function combined(first: Table | undefined, then: Table): Table {
  if (first?.kind !== 'services' || then.kind !== 'services' || first === then) return then;
  const last = new Map<string, SourceChange['upserted'][number] | undefined>();
  for (const change of [first, then]) {
    for (const name of change.removed) last.set(name, undefined);
    for (const service of change.upserted) last.set(service.name, service);
  }
  return {
    ...then,
    upserted: [...last.values()].filter((service) => service !== undefined),
    removed: [...last].flatMap(([name, service]) => (service === undefined ? [name] : [])),
  };
}
