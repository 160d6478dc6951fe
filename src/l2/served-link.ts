// An interface as the responder has it: opened when something is to be answered there, tried again when it fails, closed
// when nothing is. Which addresses those are is not its business.

import type { Timer, Timers } from '../ports.js';
import { announcement } from './claim.js';
import type { Link } from './link.js';
import type { AddressColumns, LinkCounters, Responder } from './responder.js';

export interface ServingSurroundings {
  readonly responder: Responder;
  readonly timers: Timers;
  framesPerSecond(): number;
}

/** How long until a responder that failed is asked again. */
const reopenMs = 5000;

export class ServedLink {
  readonly #index: number;
  readonly #around: ServingSurroundings;
  readonly #failed: (problem: string) => void;
  readonly #again: () => void;
  #as: { readonly name: string; readonly mac: Uint8Array; readonly framesPerSecond: number } | undefined;
  #problem = '';
  #reopen: Timer | undefined;

  /** `failed`: once for each problem. `again`: open() is to be tried. */
  constructor(index: number, around: ServingSurroundings, failed: (problem: string) => void, again: () => void) {
    this.#index = index;
    this.#around = around;
    this.#failed = failed;
    this.#again = again;
  }

  get isOpen(): boolean {
    return this.#as !== undefined;
  }

  /** Why it could not be opened; '' when it could, or need not. */
  get problem(): string {
    return this.#problem;
  }

  get counters(): LinkCounters | undefined {
    return this.#as === undefined ? undefined : this.#around.responder.counters(this.#index);
  }

  /** Whether frames of it say who the interface is. */
  is({ name, mac }: Link): boolean {
    return this.#as?.name === name && mac?.every((octet, i) => octet === this.#as?.mac[i]) === true;
  }

  /** True when it is open, as what it is now. */
  open(link: Link): boolean {
    const { name, mac } = link;
    if (mac === undefined) {
      this.close();
      return false;
    }
    const framesPerSecond = this.#around.framesPerSecond();
    if (this.is(link) && this.#as?.framesPerSecond === framesPerSecond) return true;
    try {
      this.#around.responder.open({ index: this.#index, name, mac }, framesPerSecond);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
      return false;
    }
    this.#reopen?.cancel();
    this.#as = { name, mac, framesPerSecond };
    this.#problem = '';
    return true;
  }

  /** Nothing is answered any more when it returns. */
  close(): void {
    this.#reopen?.cancel();
    this.#problem = '';
    if (this.#as !== undefined) this.#around.responder.close(this.#index);
    this.#as = undefined;
  }

  answerFor(addresses: AddressColumns): void {
    this.#around.responder.answerFor(this.#index, addresses);
  }

  announce(addresses: AddressColumns, rounds: number = announcement.rounds): void {
    if (addresses.ipv4.length + addresses.ipv6.length > 0)
      this.#around.responder.announce(this.#index, addresses, rounds, announcement.intervalMs);
  }

  probe(addresses: AddressColumns): void {
    if (this.isOpen) this.#around.responder.probe(this.#index, addresses);
  }

  #fail(problem: string): void {
    const isNews = this.#problem !== problem;
    this.close();
    this.#problem = problem;
    if (isNews) this.#failed(problem);
    this.#reopen = this.#around.timers.after(reopenMs, this.#again);
  }
}
