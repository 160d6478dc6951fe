// How many files this process may have open, sockets among them (getrlimit(2), RLIMIT_NOFILE). Node raises the soft limit to
// the hard one when it starts.

import { readFileSync } from 'node:fs';

/** What Linux gives where nobody says otherwise. */
const usual = 1024;

export function mostOpenFiles(read: () => string = readLimits): number {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited) /m.exec(read()) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? usual);
  } catch {
    return usual;
  }
}

const readLimits = (): string => readFileSync('/proc/self/limits', 'utf8');
