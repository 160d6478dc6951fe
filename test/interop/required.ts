// What a suite cannot do without. Missing, it is skipped, and the run's report says why.

import { existsSync } from 'node:fs';
import type { Context } from 'mocha';
import { labObstacle } from '../netns.js';
import { type Package, packages } from '../setup.js';

/** To be called in a `before` hook: skips its whole suite unless namespaces can be made and `wanted` are installed. */
export function required(context: Context, ...wanted: readonly Package[]): void {
  skipFor(context, labObstacle() ?? missing(wanted));
}

/** The same without namespaces. */
export function installed(context: Context, ...wanted: readonly Package[]): void {
  skipFor(context, missing(wanted));
}

function missing(wanted: readonly Package[]): string | undefined {
  const name = wanted.find((one) => !existsSync(packages[one]));
  return name === undefined ? undefined : `${name} is not installed`;
}

function skipFor(context: Context, reason: string | undefined): void {
  if (reason === undefined) return;
  // The reporter reads it from the suite.
  if (context.test?.parent) Object.assign(context.test.parent, { skipReason: reason });
  context.skip();
}
