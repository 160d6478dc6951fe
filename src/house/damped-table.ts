// The way of every source to the announcer: what flaps is held back here, and let through when its time is up.

import { type Announcer, describeRefusal, type Refusal } from '../plan/announcer.js';
import type { HeldEntries, RejectedClaim } from '../plan/listing.js';
import type { Log, Timer, Timers } from '../ports.js';
import {
  type Admission,
  Damping,
  type DampingEvent,
  type Held,
  mostChanges,
  type WriterName,
  windowMs,
} from '../table/damping.js';
import type { SourceChange } from '../table/merged.js';
import { whole } from '../table/plain-service.js';
import type { Service } from '../table/service.js';
import { Rivals } from './rivals.js';

export interface Applied {
  readonly refusal: Refusal | undefined;
  /** Names that stay as they are for a while. */
  readonly held: readonly string[];
}

export interface DampedTableEnvironment {
  readonly log: Log;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

/** What is in force of those upserted, one for one, for whoever knows it already. */
export type Before = readonly (Service | undefined)[];

/** What was held and is in force now, with what was in force before. */
export type Settled = (source: string, changed: readonly { before: Service | undefined; after: Service }[]) => void;

const tooOften = `more than ${mostChanges} times in ${windowMs / 1000} s`;

/** Who writes an entry, in words; with an owner whoever owns it. */
export const writerIn = (source: string, owner: string): WriterName => (owner === '' ? `the source ${source}` : owner);

export class DampedTable implements HeldEntries {
  readonly #announcer: Announcer;
  readonly #damping = new Damping();
  readonly #environment: DampedTableEnvironment;
  readonly #settled: Settled;
  readonly #rivals: Rivals;
  #timer: { readonly dueMs: number; readonly timer: Timer } | undefined;

  constructor(announcer: Announcer, environment: DampedTableEnvironment, settled: Settled) {
    this.#announcer = announcer;
    this.#environment = environment;
    this.#settled = settled;
    this.#rivals = new Rivals(environment.nowMs);
  }

  /** `remover`: in whose name entries are removed. */
  apply(source: string, change: SourceChange, force: boolean, remover = '', before?: Before): Applied {
    const { change: admitted, held, events } = this.#admit(source, change, remover, before);
    const isNothing = admitted.upserted.length + admitted.removed.length === 0;
    const refusal = isNothing ? undefined : this.#announcer.applyServices(source, admitted, force);
    for (const event of events) this.#tell(event);
    this.#plan();
    return { refusal, held };
  }

  /** What is in force is asked for once more, of an entry that is held. */
  again(source: string, service: Service): void {
    const admission = this.#admit(source, { upserted: [service], removed: [] }, '');
    for (const event of admission.events) this.#tell(event);
  }

  isHeld(source: string, name: string): boolean {
    return this.#damping.held(source, name) !== undefined;
  }

  why(source: string, name: string): string | undefined {
    const held = this.#damping.held(source, name);
    return held && this.#why(held);
  }

  rival(source: string, name: string): string | undefined {
    return this.#rivals.of(source, name);
  }

  /** A write was refused, for the entry is another owner's. */
  refused(source: string, name: string, owner: string): void {
    this.#rivals.refused(source, name, owner);
  }

  *absent(): Generator<RejectedClaim> {
    for (const { wanted, ...held } of this.#damping.allHeld()) {
      const { source, name } = held;
      if (wanted !== undefined && this.#announcer.table.of(source, name) === undefined)
        yield { source, name, isRepeat: false, message: this.#why(held), where: '' };
    }
  }

  forget(source: string): void {
    this.#damping.forget(source);
  }

  stop(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #admit(source: string, change: SourceChange, remover: string, before: Before = []): Admission {
    const { table } = this.#announcer;
    // A first table of a million has nothing to be compared with.
    if (table.countOf(source) === 0 && this.#damping.remembered === 0) return { change, held: [], events: [] };
    return this.#damping.admit(
      source,
      change,
      (name, index) => (index !== undefined && index in before ? before[index] : table.of(source, name)),
      (service) => writerIn(source, service?.owner ?? remover),
      this.#environment.nowMs(),
    );
  }

  #plan(): void {
    const { dueMs } = this.#damping;
    if (dueMs === this.#timer?.dueMs) return;
    this.stop();
    if (dueMs === undefined) return;
    const timer = this.#environment.timers.after(dueMs - this.#environment.nowMs(), () => this.#settle());
    this.#timer = { dueMs, timer };
  }

  #settle(): void {
    this.#timer = undefined;
    const { table } = this.#announcer;
    for (const { source, change, event } of this.#damping.settle(this.#environment.nowMs())) {
      const changed = change.upserted.map((after) => ({ before: table.of(source, after.name), after: whole(after) }));
      const refusal = changed.length === 0 ? undefined : this.#announcer.applyServices(source, change);
      this.#tell(event, refusal);
      if (refusal === undefined) this.#settled(source, changed);
    }
    this.#plan();
  }

  #why({ writers, untilMs }: Held): string {
    const seconds = Math.max(1, Math.ceil((untilMs - this.#environment.nowMs()) / 1000));
    return `its addresses changed ${tooOften}, by ${writers.join(' and ')}; it stays as it is for ${seconds} s more, and longer while that goes on`;
  }

  #tell({ kind, source, name, writers, untilMs }: DampingEvent, refusal?: Refusal): void {
    const by = writers.join(' and ');
    const fields = { service: name, source, writers };
    if (kind === 'flapping') {
      const seconds = Math.ceil((untilMs - this.#environment.nowMs()) / 1000);
      const message = `the addresses of ${name} changed ${tooOften}, by ${by}: it stays as it is for ${seconds} s, and longer while that goes on`;
      this.#environment.log.write('warn', 'flapping', message, fields);
    } else {
      const outcome =
        refusal === undefined
          ? 'what was asked for last is in force'
          : `what was asked for last is not taken over: ${describeRefusal(refusal)}`;
      this.#environment.log.write('info', 'flappingEnded', `${name} is held no more: ${outcome}`, fields);
    }
  }
}
