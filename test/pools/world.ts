// A herald without its shell: a table, a configuration and a ledger, and time that goes by when a test says so. What is
// announced is what the BGP thread was told.

import { formatAddress } from '../../src/net/address.js';
import type { AllotmentPorts } from '../../src/plan/allotment.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import type { Transition } from '../../src/pools/transitions.js';
import type { Service } from '../../src/table/service.js';
import { configured, type Given, service, ToldPort } from '../plan/given.js';
import { FakeLedger } from './fake-ledger.js';

export const seconds = 1000;
export const minutes = 60 * seconds;

export class World {
  readonly ledger = new FakeLedger();
  readonly log: Transition[] = [];
  nowMs = Date.UTC(2026, 0, 1);
  #config: string;
  #port = new ToldPort();
  #announcer: Announcer;
  #wakeAt: number | undefined;

  constructor(config: string) {
    this.#config = config;
    this.#announcer = this.#started();
  }

  #started(): Announcer {
    this.#port = new ToldPort();
    const ports: AllotmentPorts = {
      store: (change) => this.ledger.write(change),
      now: () => this.nowMs,
      settled: (lines, wakeAt) => {
        this.log.push(...lines);
        this.#wakeAt = wakeAt;
      },
    };
    return new Announcer(configured(this.#config), this.#port, () => new Date(this.nowMs), ports);
  }

  get announcer(): Announcer {
    return this.#announcer;
  }

  /** Entries that are new or different. */
  put(entries: Readonly<Record<string, Given>>): this {
    return this.apply(
      Object.entries(entries).map(([name, given]) => service(name, given)),
      [],
    );
  }

  remove(...names: readonly string[]): this {
    return this.apply(
      [],
      names.map((name) => `default/${name}`),
    );
  }

  apply(upserted: readonly Service[], removed: readonly string[]): this {
    this.#announcer.applyServices(cliSource, { upserted, removed });
    return this;
  }

  /** What was refused, a line each. */
  configure(config: string, acceptRevocations = false): readonly string[] {
    const refusal = this.#announcer.configure(configured(config), false, acceptRevocations);
    if (refusal !== undefined) return 'revocations' in refusal ? refusal.revocations : ['safety'];
    this.#config = config;
    return [];
  }

  /** Every timer that is due until then goes off in its time. */
  pass(milliseconds: number): this {
    const until = this.nowMs + milliseconds;
    while (this.#wakeAt !== undefined && this.#wakeAt <= until) {
      this.nowMs = Math.max(this.nowMs, this.#wakeAt);
      this.#wakeAt = undefined;
      this.#announcer.tick();
    }
    this.nowMs = until;
    return this;
  }

  /** Killed, and started again with the same table, or with this one. */
  restart(table = this.table()): this {
    this.#wakeAt = undefined;
    this.#announcer = this.#started();
    this.#announcer.allotment.restore(this.ledger.read());
    this.#announcer.allotment.beginReading();
    this.#announcer.applyServices(cliSource, { upserted: table, removed: [] });
    this.#announcer.readingEnded();
    this.#announcer.sweep();
    return this;
  }

  table(): Service[] {
    const { table } = this.#announcer;
    return table.names().map((name) => table.winner(name)!.service);
  }

  /** `Allocated 203.0.113.1`; with a reason, if there is one. */
  state(name: string): string {
    const entry = this.#announcer.table.winner(`default/${name}`)?.service;
    if (entry === undefined) return 'gone';
    const { state, reason, addresses } = this.#announcer.settlement(entry);
    return [state, reason, ...addresses.map(formatAddress)].filter((word) => word !== '').join(' ');
  }

  states(...names: readonly string[]): string[] {
    return names.map((name) => this.state(name));
  }

  message(name: string): string {
    return this.#announcer.settlement(this.#announcer.table.winner(`default/${name}`)!.service).message;
  }

  /** Host routes, without their length. */
  get announced(): string[] {
    const [view] = this.#announcer.views;
    return [...this.#port.view(view?.id ?? 0).keys()].map((prefix) => prefix.replace(/\/(32|128)$/, '')).sort();
  }

  /** Of the log, since it was asked for last. */
  lines(): string[] {
    return this.log.splice(0).map(({ kind, message }) => `${kind}: ${message}`);
  }
}

export const pool = (name: string, addresses: readonly string[], more = ''): string =>
  `  - { name: ${name}, addresses: ${JSON.stringify(addresses)}${more === '' ? '' : `, ${more}`} }`;

export const pools = (...lines: readonly string[]): string => ['addressPools:', ...lines].join('\n');
