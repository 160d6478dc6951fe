// What a command sees of the outside: two streams of text, the environment, and a clock to watch by.

import { setTimeout as delay } from 'node:timers/promises';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface World {
  readonly variables: Variables;
  /** Of the terminal; 80 where there is none, unless COLUMNS says otherwise. */
  readonly columns: number;
  /** Undefined where there is no terminal. */
  readonly rows: number | undefined;
  readonly hasColours: boolean;
  write(text: string): void;
  complain(text: string): void;
  /** Until the next look of `--watch`; false: that was the last. */
  pause(milliseconds: number): Promise<boolean>;
  /** From now on Ctrl-C does not end the process, but says so here, and ends pauses. */
  untilInterrupted(): AbortSignal;
}

export function processWorld(): World {
  const { stdout, stderr, env } = process;
  const interrupted = new AbortController();
  return {
    variables: env,
    columns: stdout.columns ?? (Number.parseInt(env['COLUMNS'] ?? '', 10) || 80),
    rows: stdout.rows,
    // https://no-color.org: present and not empty.
    hasColours: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    write: (text) => void stdout.write(text),
    complain: (text) => void stderr.write(text),
    pause: (milliseconds) => delay(milliseconds, true, { signal: interrupted.signal }).catch(() => false),
    untilInterrupted: () => {
      process.once('SIGINT', () => interrupted.abort());
      return interrupted.signal;
    },
  };
}
