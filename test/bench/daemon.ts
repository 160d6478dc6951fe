// What the bench asks of every daemon, herald among them, and what it reads off its processes.

import { readdirSync, readFileSync } from 'node:fs';
import type { Program } from '../netns.js';
import type { Stage, Started } from './stage.js';

export interface Work {
  readonly routes: number;
  readonly peers: number;
  readonly holdTimeSeconds: number;
}

export interface Daemon {
  readonly name: string;
  /** Undefined: not installed. */
  version(): string | undefined;
  /** Writes the configuration, starts the daemon and gives it the table; the peers dial already. */
  start(stage: Stage, work: Work): Promise<Running>;
}

export interface Running extends Started {
  /** Announces one address to all peers, the fastest way an operator has; returns when the call began. */
  announce(address: string): Promise<number>;
  /** The same for an operator who edits files. Absent: there is no such way, or none worth a measurement. */
  announceByFile?(address: string): Promise<number>;
  /** Withdraws the table; returns when the call began. What was announced since may stay. */
  withdrawAll(): Promise<number>;
  /** Lets go of connections and timers; the program itself is stopped by the bench. */
  release(): void;
}

export interface Usage {
  readonly residentMb: number;
  readonly peakMb: number;
  readonly cpuSeconds: number;
}

/** The processes of its group, and those they forked into groups of their own. */
function processesOf(program: Program): readonly number[] {
  const found = new Set([program.pid]);
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const fields = statFields(Number(name));
      return fields === undefined ? [] : [{ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]) }];
    });
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent, group } of rows) if (found.has(parent) || group === program.pid) found.add(pid);
  }
  return [...found];
}

/** From the state on: the name before it may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function statusMb(pid: number, key: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
}

const clockTicksPerSecond = 100;

export function usageOf(program: Program): Usage {
  const sum = (amount: (pid: number) => number) => processesOf(program).reduce((total, pid) => total + amount(pid), 0);
  return {
    residentMb: sum((pid) => statusMb(pid, 'VmRSS')),
    peakMb: sum((pid) => statusMb(pid, 'VmHWM')),
    cpuSeconds: sum((pid) => {
      const [user, system] = statFields(pid)?.slice(11, 13) ?? [];
      return (Number(user) + Number(system)) / clockTicksPerSecond;
    }),
  };
}
