// How many lines of one kind the log takes: of a peer that flaps, of an interface, of clients that are refused as fast as they
// can ask. Others decide how often these happen, so what is beyond the limit is counted and said in one line a minute.

import type { LogLevel } from '../ports.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

export const windowMs = 60_000;
/** In a window, of one event: about one peer or interface, … */
export const mostOfSubject = 30;
/** … about anything else, … */
export const mostOfEvent = 300;
/** … of changes that were refused, and of those that were made: a trail should have all that a host can bear. */
export const mostRefusals = 60;
export const mostWrites = 6000;

interface Kind {
  readonly key: string;
  readonly event: string;
  /** Whom it is about; empty for nobody. */
  readonly subject: Readonly<Record<string, string>>;
  readonly most: number;
}

interface Window {
  readonly kind: Kind;
  readonly endsMs: number;
  lines: number;
}

export class LogLimits {
  readonly #windows = new Map<string, Window>();
  #omitting = 0;

  /** There is something to be said once its window has ended. */
  get areOmitting(): boolean {
    return this.#omitting > 0;
  }

  /** What is to be written of the line: it, or nothing; and before it what was left out in a window that is over. */
  admit(line: LogLine, nowMs: number): readonly LogLine[] {
    const kind = kindOf(line);
    let window = this.#windows.get(kind.key);
    const said = window !== undefined && nowMs >= window.endsMs ? this.#end(window) : [];
    if (window === undefined || nowMs >= window.endsMs) {
      window = { kind, endsMs: nowMs + windowMs, lines: 0 };
      this.#windows.set(kind.key, window);
    }
    window.lines++;
    if (window.lines <= kind.most) return [...said, line];
    if (window.lines === kind.most + 1) this.#omitting++;
    return said;
  }

  /** What was left out in windows that are over. */
  due(nowMs: number): readonly LogLine[] {
    return [...this.#windows.values()].flatMap((window) => (nowMs >= window.endsMs ? this.#end(window) : []));
  }

  #end({ kind, lines }: Window): readonly LogLine[] {
    this.#windows.delete(kind.key);
    if (lines <= kind.most) return [];
    this.#omitting--;
    return [omission(kind, lines - kind.most)];
  }
}

function kindOf({ level, event, fields }: LogLine): Kind {
  if (event === 'apiWrite') {
    const isRefusal = level !== 'info';
    return { key: isRefusal ? 'refusal' : 'write', event, subject: {}, most: isRefusal ? mostRefusals : mostWrites };
  }
  for (const field of ['peer', 'interface'] as const) {
    const name = fields[field];
    if (typeof name === 'string')
      return { key: `${event} ${field} ${name}`, event, subject: { [field]: name }, most: mostOfSubject };
  }
  const { source } = fields;
  const subject = typeof source === 'string' ? { source } : {};
  return { key: `${event} ${subject.source ?? ''}`, event, subject, most: mostOfEvent };
}

function omission({ event, subject }: Kind, count: number): LogLine {
  const [about] = Object.values(subject);
  const message = `${count} more lines ${event}${about === undefined ? '' : ` about ${about}`} within a minute are left out`;
  return write('warn', 'linesOmitted', message, { of: event, ...subject, count });
}

const write = (level: LogLevel, event: string, message: string, fields: LogLine['fields']): LogLine => ({
  level,
  event,
  message,
  fields,
  at: new Date(),
});
