// Problems of one table file; the first hundred in full and the rest as a number, because a large table with one
// systematic mistake has a million of them.

import type { Problem } from '../problem.js';

const mostListed = 100;

export class ProblemList {
  readonly #file: string;
  readonly #listed: Problem[] = [];
  #more = 0;

  constructor(file: string) {
    this.#file = file;
  }

  add(problem: Problem): void {
    if (this.#listed.length === mostListed) this.#more++;
    else this.#listed.push(problem);
  }

  /** In order of line. */
  finish(): readonly Problem[] {
    const sorted = this.#listed.toSorted((a, b) => a.where.line - b.where.line);
    if (this.#more === 0) return sorted;
    const where = { file: this.#file, line: 0, column: 0 };
    return [...sorted, { severity: 'warning', where, path: '', message: `${this.#more} more problems are not listed` }];
  }
}
