// Every way the world touches us, as interfaces. The real ones live in io/, fakes beside the tests that need them.

/** Milliseconds that never jump: not a date (RFC 4271's timers must survive an NTP step). All threads count the same ones. */
export interface Clock {
  monotonicMs(): number;
  /** For what people read. */
  now(): Date;
}

export interface Timer {
  cancel(): void;
}

export interface Timers {
  after(milliseconds: number, callback: () => void): Timer;
}

/** Uniform in [0, 1). */
export type Random = () => number;

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Structured: `event` is a stable word to search for, fields carry the rest. Never a secret, nothing from a peer unsanitised. */
export interface Log {
  write(level: LogLevel, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
