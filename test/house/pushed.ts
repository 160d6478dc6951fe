// A house that is written to, without a network and with a disk in memory: what stands in the ledger survives restart().

import type { EntryWritten, LineAnswer, WriteFailure, WriteOptions } from '../../src/api/house.js';
import type { Config } from '../../src/config/config.js';
import { DampedTable } from '../../src/house/damped-table.js';
import { LedgerKeeper } from '../../src/house/ledger-keeper.js';
import { PushedEntries } from '../../src/house/pushed-entries.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import { Listing } from '../../src/plan/listing.js';
import { KeptLog } from '../api/served.js';
import { FakeTime } from '../bgp/fake-time.js';
import { configured, ToldPort } from '../plan/given.js';
import { FakeLedger } from '../pools/fake-ledger.js';

export const unforced: WriteOptions = { force: false };
export const by = (owner: string, force = false): WriteOptions => ({ owner, force });

const defaultSources = ['  - { name: static, file: /t.yaml }', '  - { name: controller, socket: {} }'];

export interface Given {
  readonly sources?: readonly string[];
  readonly maxWithdrawPercent?: number;
  readonly ledger?: FakeLedger;
  readonly mostEntries?: number;
}

export class Pushed {
  readonly port = new ToldPort();
  readonly time = new FakeTime();
  readonly log = new KeptLog();
  readonly config: Config;
  readonly announcer: Announcer;
  readonly table: DampedTable;
  readonly listing: Listing;
  readonly entries: PushedEntries;
  readonly ledger: FakeLedger;
  /** Why the ledger cannot be opened. */
  obstacle: Error | undefined;

  constructor({
    sources = defaultSources,
    maxWithdrawPercent = 100,
    ledger = new FakeLedger(),
    mostEntries = 1000,
  }: Given = {}) {
    this.ledger = ledger;
    const lines = [
      'sources:',
      ...sources,
      'communities: [{ name: blue, value: "64512:100" }]',
      `safety: { maxWithdrawPercent: ${maxWithdrawPercent} }`,
    ];
    this.config = configured(lines.join('\n'));
    this.announcer = new Announcer(this.config, this.port, () => new Date(0));
    const { log, time: timers } = this;
    const environment = { log, timers, nowMs: () => this.time.monotonicMs() };
    this.table = new DampedTable(this.announcer, environment, (...settled) => this.entries.settled(...settled));
    this.listing = new Listing(
      this.announcer,
      () => ({ established: true, families: ['ipv4', 'ipv6'] }),
      () => new Map(),
      () => new Date(0),
      this.table,
    );
    this.entries = new PushedEntries({
      announcer: this.announcer,
      table: this.table,
      listing: this.listing,
      keeper: new LedgerKeeper(async () => {
        if (this.obstacle) throw this.obstacle;
        return ledger;
      }),
      log,
      clock: timers,
      timers,
      mostEntries,
      config: () => this.config,
      changed: () => {},
    });
    this.entries.restore(ledger, ledger.read().entries);
  }

  /** The same disk, and a process that knows nothing else. */
  restart(given: Given = {}): Pushed {
    return new Pushed({ ...given, ledger: this.ledger });
  }

  put(name: string, entry: unknown, options = unforced, source = cliSource): Promise<EntryWritten | WriteFailure> {
    return this.entries.writers.put(source, name, entry, options);
  }

  delete(name: string, options = unforced, source = cliSource): Promise<EntryWritten | WriteFailure> {
    return this.entries.writers.delete(source, name, options);
  }

  /** What is on the wire. */
  get announced(): string[] {
    return [...this.port.view(1).keys()].sort();
  }

  get events(): string[] {
    return this.log.lines.map(({ event }) => event);
  }
}

/** One word for what a write came to. */
export const outcomeOf = (result: EntryWritten | WriteFailure): string =>
  'failure' in result ? result.failure : result.outcome;

export const lines = (...values: unknown[]): Uint8Array[] =>
  values.map((value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

export const upsert = (name: string, ...addresses: string[]) => ({ op: 'upsert', service: { name, addresses } });
export const remove = (name: string) => ({ op: 'delete', name });

/** `NAME STATE ADDRESSES`, or `NAME CODE`. */
export const told = (answers: readonly LineAnswer[]): string[] =>
  answers.map((answer) =>
    'failure' in answer
      ? `${answer.name} ${answer.failure.failure}`
      : [answer.name, answer.state, ...answer.addresses].join(' '),
  );
