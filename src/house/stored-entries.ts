// Entries written through the control socket, in the ledger: what is written within one turn of the event loop is one
// transaction, and whoever wrote waits for it, while what it announced is on its way. What cannot be stored is put back.

import type { Ledger, LedgerEntry } from '../pools/ledger.js';
import type { Log } from '../ports.js';
import { formatEntry, readEntry } from '../table/entry.js';
import type { SourceChange } from '../table/merged.js';
import type { Aliases } from '../table/reading.js';
import type { Service } from '../table/service.js';
import type { LedgerKeeper } from './ledger-keeper.js';

/** One entry as it is in force now, and as it was. */
export interface EntryChange {
  readonly source: string;
  readonly name: string;
  readonly before: Service | undefined;
  readonly after: Service | undefined;
  /** `after` as JSON, if it is known. */
  readonly entry?: string;
  /** It came by a stream, and may have to go with it. */
  readonly ofStream: boolean;
}

export interface RestoredEntry {
  readonly source: string;
  readonly service: Service;
  readonly ofStream: boolean;
}

/** Thrown to whoever wrote: nothing of it is in force. */
export class NotStored extends Error {
  override readonly name = 'NotStored';
}

interface Batch {
  /** By source and name. */
  readonly sources: Map<string, Map<string, EntryChange>>;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class StoredEntries {
  readonly #keeper: LedgerKeeper;
  readonly #putBack: (source: string, change: SourceChange) => void;
  readonly #log: Log;
  #batch: Batch | undefined;
  #isFailing: boolean = false;

  constructor(keeper: LedgerKeeper, putBack: (source: string, change: SourceChange) => void, log: Log) {
    this.#keeper = keeper;
    this.#putBack = putBack;
    this.#log = log;
  }

  /** To be stored with all else of this turn. */
  note(change: EntryChange): void {
    this.#batch ??= this.#begin();
    const { source, name } = change;
    let changes = this.#batch.sources.get(source);
    if (changes === undefined) {
      changes = new Map();
      this.#batch.sources.set(source, changes);
    }
    const earlier = changes.get(name);
    changes.set(name, earlier === undefined ? change : { ...change, before: earlier.before });
  }

  /** When everything noted until now is on disk. Throws NotStored when it cannot be, and has been put back. */
  async stored(): Promise<void> {
    await this.#batch?.done;
  }

  /**
   * What there is in the ledger of sources that are still written to; the rest is forgotten. `aliases`: entries are stored
   * without any, but are read as every other.
   */
  restore(
    ledger: Ledger,
    stored: readonly LedgerEntry[],
    isWritten: (source: string) => boolean,
    aliases: Aliases,
  ): RestoredEntry[] {
    const foreign = stored.filter(({ source }) => !isWritten(source));
    if (foreign.length > 0) ledger.write({ erased: foreign });
    return stored.flatMap(({ source, service: name, entry, ofStream = false }): RestoredEntry[] => {
      if (!isWritten(source)) return [];
      const { service, problems } = readEntry(JSON.parse(entry), aliases);
      if (service !== undefined) return [{ source, service, ofStream }];
      const why = problems.map(({ message }) => message).join('; ');
      this.#log.write('warn', 'entryUnreadable', `the stored entry ${name} of ${source} cannot be used: ${why}`, {
        source,
      });
      return [];
    });
  }

  #begin(): Batch {
    let resolve = (): void => {};
    let reject = (_: Error): void => {};
    const done = new Promise<void>((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    });
    // Where nobody waits for it, it has been logged.
    done.catch(() => {});
    setImmediate(() => void this.#store());
    return { sources: new Map(), done, resolve, reject };
  }

  async #store(): Promise<void> {
    try {
      const ledger = await this.#keeper.open();
      this.#write(ledger);
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #write(ledger: Ledger): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const written: LedgerEntry[] = [];
    const erased: { source: string; service: string }[] = [];
    for (const { source, name, after, entry, ofStream } of changesIn(batch)) {
      if (after === undefined) erased.push({ source, service: name });
      else
        written.push({
          source,
          service: name,
          entry: entry ?? JSON.stringify(formatEntry(after)),
          ...(ofStream ? { ofStream } : {}),
        });
    }
    ledger.write({ written, erased });
    this.#batch = undefined;
    if (this.#isFailing) this.#log.write('info', 'ledgerWritten', 'entries are stored again');
    this.#isFailing = false;
    batch.resolve();
  }

  #failed({ message }: Error): void {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined) return;
    for (const [source, changes] of batch.sources) {
      const all = [...changes.values()];
      this.#putBack(source, {
        upserted: all.flatMap(({ before }) => before ?? []),
        removed: all.filter(({ before }) => before === undefined).map(({ name }) => name),
      });
    }
    if (!this.#isFailing)
      this.#log.write('error', 'ledgerFailed', `what is written through the control socket is refused: ${message}`);
    this.#isFailing = true;
    batch.reject(new NotStored(message));
  }
}

function* changesIn({ sources }: Batch): Generator<EntryChange> {
  for (const changes of sources.values()) yield* changes.values();
}
