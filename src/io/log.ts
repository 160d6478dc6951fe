// The log: winston behind the house's port. Journal priorities under systemd, coloured text on a terminal, JSON lines
// elsewhere. winston is loaded when the first announcements are out; what is logged until then waits here.

import { writeSync } from 'node:fs';
import type { Logger } from 'winston';
import { sanitised } from '../net/text.js';
import type { Log, LogLevel } from '../ports.js';
import { LogLimits, type LogLine, windowMs } from './log-limits.js';

export type LogFormat = 'text' | 'json' | 'journal';

const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
/** sd-daemon(3). */
const journalPriority: { readonly [L in LogLevel]: number } = { error: 3, warn: 4, info: 6, debug: 7 };
const colours: { readonly [L in LogLevel]: string } = {
  error: '\x1b[31m',
  warn: '\x1b[33m',
  info: '',
  debug: '\x1b[2m',
};
/** As many as the ring of events holds. */
const mostEarly = 1024;
/** Lines that may wait for winston; a start-up that says more than this has lost its way. */
const waitingLimit = 10000;
/** Of a list in a field: problems of a file, for one. */
const mostListed = 100;

export function chosenFormat(configured: 'auto' | LogFormat): LogFormat {
  if (configured !== 'auto') return configured;
  if (process.env['JOURNAL_STREAM'] !== undefined) return 'journal';
  return process.stderr.isTTY ? 'text' : 'json';
}

function fieldText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
    .join('');
}

export function formatLine({ level, event, message, fields, at }: LogLine, format: LogFormat, colour: boolean): string {
  switch (format) {
    case 'json':
      return JSON.stringify({ ts: at.toISOString(), level, event, msg: message, ...fields });
    case 'journal':
      return `<${journalPriority[level]}>${message} event=${event}${fieldText(fields)}`;
    case 'text': {
      const start = colour ? colours[level] : '';
      const end = start === '' ? '' : '\x1b[0m';
      return `${at.toISOString().slice(11, 23)} ${start}${level.padEnd(5)}${end} ${message}${colour ? '\x1b[2m' : ''} ${event}${fieldText(fields)}${colour ? '\x1b[0m' : ''}`;
    }
  }
}

export class HouseLog implements Log {
  #level: LogLevel = 'info';
  #format: LogFormat = chosenFormat('auto');
  #logger: Logger | undefined;
  #waiting: LogLine[] = [];
  /** A line costs as much as the change that it is about: it is written after it, together with what else this turn says. */
  #due: NodeJS.Immediate | undefined;

  readonly #limits = new LogLimits();
  /** Says what the limits left out, once they may say it. */
  #reckoning: NodeJS.Timeout | undefined;

  /** What was written before somebody listened. */
  #early: LogLine[] = [];
  #listener: ((line: LogLine) => void) | undefined;

  /** Hears everything that is written, whatever the level; and first what was before, the latest of it, without debug lines. */
  hear(listener: (line: LogLine) => void): void {
    this.#listener = listener;
    for (const line of this.#early) listener(line);
    this.#early = [];
  }

  configure(level: LogLevel, format: 'auto' | LogFormat): void {
    this.#level = level;
    this.#format = chosenFormat(format);
  }

  write(level: LogLevel, event: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const line = { level, event, message, fields: shortened(fields), at: new Date() };
    if (this.#listener !== undefined) this.#listener(line);
    else if (level !== 'debug' && this.#early.push(line) > mostEarly) this.#early.shift();
    if (levels.indexOf(level) > levels.indexOf(this.#level)) return;
    // Whoever asks for debug lines wants all there are.
    if (this.#level === 'debug') this.#put(line);
    else for (const said of this.#limits.admit(line, performance.now())) this.#put(said);
    this.#reckonLater();
  }

  #reckonLater(): void {
    if (this.#limits.areOmitting) this.#reckoning ??= setTimeout(() => this.#reckon(), windowMs).unref();
  }

  #reckon(): void {
    this.#reckoning = undefined;
    for (const line of this.#limits.due(performance.now())) this.#put(line);
    this.#reckonLater();
  }

  #put(line: LogLine): void {
    if (this.#waiting.length < waitingLimit || this.#logger !== undefined) this.#waiting.push(line);
    if (this.#logger === undefined) return;
    if (line.level === 'error' || this.#waiting.length > waitingLimit) this.#hand();
    else this.#due ??= setImmediate(() => this.#hand());
  }

  /** Loads winston and says what has waited. */
  async open(): Promise<void> {
    const { default: winston } = await import('winston');
    // Whoever read it may be gone. It goes unread then, which is nobody's failure.
    process.stderr.on('error', () => {});
    this.#logger = winston.createLogger({
      level: 'debug',
      levels: { error: 0, warn: 1, info: 2, debug: 3 },
      format: winston.format.printf(({ message }) => String(message)),
      transports: [new winston.transports.Console({ stderrLevels: [...levels] })],
    });
    process.on('exit', () => this.flush());
    this.#hand();
  }

  /** Last words, or words before winston is there: at once, whatever else is going on. */
  flush(): void {
    this.#waiting.push(...this.#limits.due(Number.POSITIVE_INFINITY));
    const text = this.#waiting.map((line) => `${this.#text(line)}\n`).join('');
    this.#waiting = [];
    try {
      if (text !== '') writeSync(2, text);
    } catch {
      // Nobody reads it any more.
    }
  }

  #hand(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.map((line) => this.#text(line)).join('\n');
    this.#waiting = [];
    this.#logger?.log('info', text);
  }

  #text(line: LogLine): string {
    return formatLine(line, this.#format, this.#format === 'text' && process.stderr.isTTY && !process.env['NO_COLOR']);
  }
}

function shortened(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isLong = (value: unknown): boolean => Array.isArray(value) && value.length > mostListed;
  if (!Object.values(fields).some(isLong)) return fields;
  const shorten = (value: unknown): unknown =>
    Array.isArray(value) && value.length > mostListed
      ? [...value.slice(0, mostListed), `${value.length - mostListed} more`]
      : value;
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, shorten(value)]));
}

/** For errors of ours that end the daemon. */
export const describeError = (error: unknown): string => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return sanitised(text.replaceAll(/\n\s*/g, ' '), 4000);
};
