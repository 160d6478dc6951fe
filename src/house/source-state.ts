// What is known of one source beside its services: for status, for the first End-of-RIB, for what was rejected.

import type { SourceBody } from '../api/house.js';
import type { RejectedClaim } from '../plan/listing.js';
import { formatProblem, type Problem } from '../problem.js';

export class SourceState {
  readonly name: string;
  readonly kind: SourceBody['kind'];
  readonly #file: string | undefined;
  #stale: boolean = false;
  #problems: readonly Problem[] = [];
  #refusal = '';
  rejected: readonly RejectedClaim[] = [];
  count = 0;
  /** Objects of a stream of manifests that are no entries. */
  skipped = 0;
  /** It has been read at least once, so that what it says is known. */
  loaded: boolean;
  since = new Date();

  constructor(name: string, kind: SourceBody['kind'], file?: string) {
    this.name = name;
    this.kind = kind;
    this.#file = file;
    this.loaded = kind !== 'file';
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  taken(problems: readonly Problem[], count: number): void {
    this.#stale = false;
    this.#refusal = '';
    this.#problems = problems;
    this.count = count;
    this.loaded = true;
    this.since = new Date();
  }

  /** The text cannot be used: the table before it stays. */
  failed(problems: readonly Problem[]): void {
    this.#stale = true;
    this.#problems = problems;
  }

  /** The text is good, but taking it over would break a rule of safety. */
  refused(message: string): void {
    this.#stale = true;
    this.#refusal = message;
  }

  get stale(): boolean {
    return this.#stale;
  }

  body(): SourceBody {
    const problems = this.#problems.map(formatProblem);
    return {
      name: this.name,
      kind: this.kind,
      ...(this.#file === undefined ? {} : { file: this.#file }),
      stale: this.#stale,
      problems: this.#refusal === '' ? problems : [this.#refusal, ...problems],
      services: this.count,
      ...(this.skipped === 0 ? {} : { skipped: this.skipped }),
    };
  }
}
