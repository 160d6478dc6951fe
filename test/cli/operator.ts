// An operator at a terminal that is not one: types a command, and has what it printed and how it ended.

import { runCommandLine } from '../../src/cli/command-line.js';
import type { World } from '../../src/cli/world.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `looks`: how often --watch looks before the operator goes. */
export async function type(
  words: readonly string[],
  { looks = 1, between = () => {}, ...world }: Partial<World> & { looks?: number; between?: () => unknown } = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  let looked = 0;
  const code = await runCommandLine(words, {
    variables: {},
    columns: 80,
    rows: undefined,
    hasColours: false,
    write: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
    untilInterrupted: () => new AbortController().signal,
    pause: async () => {
      if (++looked === looks) return false;
      await between();
      return true;
    },
    ...world,
  });
  return { code, out, err };
}
