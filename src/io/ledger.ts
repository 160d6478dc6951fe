// The ledger on disk: one LMDB file in the state directory. A write is one transaction, synced before it returns; LMDB
// writes pages anew and then one of two roots, so whatever ends the process or the host leaves the state before or the
// state after. The directory is locked while the ledger is open: two daemons would give one address away twice.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import type {
  Ledger,
  LedgerChange,
  LedgerContents,
  LedgerEntry,
  LedgerHolding,
  LedgerRelease,
} from '../pools/ledger.js';
import { ledgerDamage } from './ledger-check.js';
import { native } from './native.js';

/** Of what is stored and how. A herald that knows a later one knows how to read this one; not the other way round. */
const formatVersion = 1;
const versionKey = 'version';

/** What the state directory is to blame for; the message says what to do. */
export class LedgerUnusable extends Error {
  override readonly name = 'LedgerUnusable';
}

export const ledgerFile = (stateDirectory: string): string => join(stateDirectory, 'ledger.mdb');

/** Whether anything was ever stored there. */
export const hasLedger = (stateDirectory: string): boolean => existsSync(ledgerFile(stateDirectory));

/** Ours until it is closed; makes directory and file if they are missing. Throws LedgerUnusable. */
export async function openLedger(stateDirectory: string): Promise<Ledger> {
  const file = ledgerFile(stateDirectory);
  const lock = takeLock(stateDirectory);
  try {
    if (hasLedger(stateDirectory)) refuseDamage(file);
    else await create(stateDirectory, file);
    return new StoredLedger(file, await openStore(file, false), lock);
  } catch (error) {
    closeSync(lock);
    throw unusable(error, `${file} cannot be opened`);
  }
}

/** What is stored there, for whoever only looks; beside a running daemon as well. Throws LedgerUnusable. */
export async function readLedger(stateDirectory: string): Promise<LedgerContents> {
  if (!hasLedger(stateDirectory)) return { holdings: [], releases: [], entries: [] };
  const file = ledgerFile(stateDirectory);
  let lock: number | undefined;
  try {
    // A daemon that has it open has checked it, and changes it while we would look.
    lock = lockOf(stateDirectory);
    if (lock !== undefined) refuseDamage(file);
    const ledger = new StoredLedger(file, await openStore(file, true), undefined);
    try {
      return ledger.read();
    } finally {
      ledger.close();
    }
  } catch (error) {
    throw unusable(error, `${file} cannot be read`);
  } finally {
    if (lock !== undefined) closeSync(lock);
  }
}

function takeLock(stateDirectory: string): number {
  let lock: number | undefined;
  try {
    mkdirSync(stateDirectory, { recursive: true });
    lock = lockOf(stateDirectory);
  } catch (error) {
    throw unusable(error, `the state directory ${stateDirectory} cannot be used`);
  }
  if (lock !== undefined) return lock;
  const holder = lockHolder(stateDirectory);
  throw new LedgerUnusable(
    `another herald${holder} uses the state directory ${stateDirectory}; stop it, or give this one another with --state-dir`,
  );
}

/** An open descriptor of the directory, locked; undefined when somebody else has it. */
function lockOf(stateDirectory: string): number | undefined {
  const descriptor = openSync(stateDirectory, 'r');
  try {
    if (native().tryLock(descriptor)) return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

/** proc(5), /proc/locks: `1: FLOCK ADVISORY WRITE <pid> <device>:<inode> 0 EOF`. */
function lockHolder(stateDirectory: string): string {
  try {
    const { ino } = statSync(stateDirectory);
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((text) => text.includes(' FLOCK ') && text.includes(`:${ino} `));
    const pid = Number(line?.split(/\s+/)[4]);
    return pid > 0 ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}

function refuseDamage(file: string): void {
  const descriptor = openSync(file, 'r');
  const damage = ledgerDamage(descriptor);
  closeSync(descriptor);
  if (damage !== undefined) throw damaged(file, damage);
}

const damaged = (file: string, what: string): LedgerUnusable =>
  new LedgerUnusable(
    `${file} is damaged: ${what}. Put a copy back, or move it away to start without it: services that name no address may then get other ones, and entries written through the control socket are gone`,
  );

/** Made aside and put in place whole, so that a file that is there was never half made. */
async function create(stateDirectory: string, file: string): Promise<void> {
  const aside = join(stateDirectory, 'ledger-new.mdb');
  const remove = (): void => {
    for (const left of [aside, `${aside}-lock`]) rmSync(left, { force: true });
  };
  remove();
  const { root } = await openStore(aside, false);
  root.putSync(versionKey, String(formatVersion));
  await root.close();
  renameSync(aside, file);
  remove();
  const directory = openSync(stateDirectory, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

interface Store {
  readonly root: RootDatabase<string, string>;
  readonly holdings: Records<string>;
  readonly releases: Records<string>;
  readonly entries: Records<readonly [source: string, service: string]>;
}

/** The part of an LMDB database that is used here. Values are JSON. */
interface Records<Key> {
  putSync(key: Key, value: string): void;
  removeSync(key: Key): boolean;
  getRange(): Iterable<{ readonly value: string }>;
}

async function openStore(file: string, readOnly: boolean): Promise<Store> {
  const { open } = await import('lmdb');
  const root = open<string, string>({
    path: file,
    noSubdir: true,
    encoding: 'string',
    // Otherwise a transaction returns before it is synced.
    overlappingSync: false,
    maxDbs: 3,
    readOnly,
  });
  return {
    root,
    holdings: root.openDB<string, string>({ name: 'holdings', encoding: 'string' }),
    releases: root.openDB<string, string>({ name: 'releases', encoding: 'string' }),
    entries: root.openDB<string, [string, string]>({ name: 'entries', encoding: 'string' }),
  };
}

class StoredLedger implements Ledger {
  readonly #file: string;
  readonly #store: Store;
  readonly #lock: number | undefined;

  constructor(file: string, store: Store, lock: number | undefined) {
    this.#file = file;
    this.#store = store;
    this.#lock = lock;
    const version = Number(store.root.get(versionKey));
    if (version === formatVersion) return;
    void store.root.close();
    throw Number.isSafeInteger(version) && version > formatVersion
      ? new LedgerUnusable(
          `${file} was written by a later herald (format ${version}, this one knows ${formatVersion}); start that one, or give this one another directory with --state-dir`,
        )
      : damaged(file, 'it does not say what is in it');
  }

  read(): LedgerContents {
    const { holdings, releases, entries } = this.#store;
    return {
      holdings: this.#records<LedgerHolding>(holdings),
      releases: this.#records<LedgerRelease>(releases),
      entries: this.#records<LedgerEntry>(entries),
    };
  }

  write({ held = [], dropped = [], released = [], forgotten = [], written = [], erased = [] }: LedgerChange): void {
    const { root, holdings, releases, entries } = this.#store;
    if ([held, dropped, released, forgotten, written, erased].every(({ length }) => length === 0)) return;
    try {
      root.transactionSync(() => {
        for (const service of dropped) holdings.removeSync(service);
        for (const holding of held) holdings.putSync(holding.service, JSON.stringify(holding));
        for (const address of forgotten) releases.removeSync(address);
        for (const release of released) releases.putSync(release.address, JSON.stringify(release));
        for (const { source, service } of erased) entries.removeSync([source, service]);
        for (const entry of written) entries.putSync([entry.source, entry.service], JSON.stringify(entry));
      });
    } catch (error) {
      // LMDB complains to standard error by itself and does not end its line: the next one is ours.
      process.stderr.write('\n');
      throw unusable(error, `${this.#file} cannot be written`);
    }
  }

  close(): void {
    void this.#store.root.close();
    if (this.#lock !== undefined) closeSync(this.#lock);
  }

  #records<T>(records: Records<never>): T[] {
    try {
      return Array.from(records.getRange(), ({ value }): T => JSON.parse(value));
    } catch (error) {
      throw error instanceof SyntaxError ? damaged(this.#file, 'a record in it is not JSON') : error;
    }
  }
}

function unusable(error: unknown, what: string): LedgerUnusable {
  if (error instanceof LedgerUnusable) return error;
  const said = error instanceof Error ? error.message : String(error);
  const why = said.replace(/: Attempting to .*/, '').replace(/^[A-Z]+: /, '');
  const remedy = remedies.find(([pattern]) => pattern.test(said))?.[1] ?? '';
  return new LedgerUnusable(`${what}: ${why}${remedy}`);
}

/** By the words of strerror(3), for LMDB's errors have no names. */
const remedies: readonly (readonly [RegExp, string])[] = [
  // A write that finds room for its beginning only is an input/output error to LMDB.
  [/no space left|input\/output error/i, '; is the disk full?'],
  [/permission denied/i, '; herald must own its state directory (StateDirectory= in its unit, or --state-dir)'],
  [/read-only/i, '; mount it for writing, or give another with --state-dir'],
];
