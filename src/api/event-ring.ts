// What happened lately, for whoever looks on: a bounded ring of transitions with sequence numbers, told as server-sent events
// (WHATWG HTML §9.2). Whoever comes back says where it was; whoever reads too slowly is dropped, and never waited for.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LogLevel } from '../ports.js';
import { formatEvent } from './event-stream.js';

export interface HouseEvent {
  readonly at: Date;
  readonly level: LogLevel;
  /** The word of the log. */
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const mostKept = 1024;
const mostKeptCharacters = 8 * 1024 * 1024;
/** Of each window, so that those who only look on keep nobody out who operates herald. */
const mostReaders = 64;
/** What a reader may leave unread. */
const mostUnreadOctets = 1024 * 1024;
/** So that both ends notice when the other is gone. */
const beatMs = 20_000;

export class EventRing {
  readonly #texts: string[] = [];
  /** Of the first event of this daemon, and of the next. */
  readonly #began: number;
  #next: number;
  #characters = 0;
  readonly #readers = { onlookers: new Set<ServerResponse>(), operators: new Set<ServerResponse>() };

  /** `began`: greater than any number that a daemon before this one can have given. */
  constructor(began = 1) {
    this.#began = began;
    this.#next = began;
  }

  /** Debug lines and calls of the API are no transitions. */
  add({ at, level, event, message, fields }: HouseEvent): void {
    if (level === 'debug' || event === 'apiWrite') return;
    const data = JSON.stringify({ at: at.toISOString(), level, event, message, fields });
    const text = formatEvent({ id: String(this.#next++), event, data });
    this.#texts.push(text);
    this.#characters += text.length;
    while (this.#texts.length > mostKept || this.#characters > mostKeptCharacters)
      this.#characters -= this.#texts.shift()?.length ?? 0;
    for (const reader of this.#all()) this.#tell(reader, text);
  }

  /** Stays open as long as it `follows`. False: there are too many readers already. */
  open(request: IncomingMessage, response: ServerResponse, follows: boolean, isOnlooker: boolean): boolean {
    const readers = isOnlooker ? this.#readers.onlookers : this.#readers.operators;
    if (follows && readers.size >= mostReaders) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const last = lastEvent(request.headers['last-event-id']);
    if (!follows) {
      // Written as fast as it is read: there may be many that do not read.
      pipeline(Readable.from(this.#since(last ?? 0)), response).catch(() => response.destroy());
      return true;
    }
    response.flushHeaders();
    request.socket.setTimeout(0);
    response.write(`retry: 1000\n\n${last === undefined ? '' : this.#since(last).join('')}`);
    readers.add(response);
    const beat = setInterval(() => this.#tell(response, ': still here\n\n'), beatMs).unref();
    response.once('close', () => {
      clearInterval(beat);
      readers.delete(response);
    });
    return true;
  }

  close(): void {
    for (const reader of this.#all()) reader.destroy();
  }

  #all(): ServerResponse[] {
    return [...this.#readers.onlookers, ...this.#readers.operators];
  }

  /** All there are for a number that is none of ours. What is not held any more is said, to whoever has seen what was before. */
  #since(last: number): string[] {
    const first = this.#next - this.#texts.length;
    const from = last >= this.#next ? first : Math.max(first, last + 1);
    const missed = last === 0 ? 0 : from - Math.max(this.#began, last + 1);
    return [...(missed > 0 ? [missedText(first - 1, missed)] : []), ...this.#texts.slice(from - first)];
  }

  #tell(reader: ServerResponse, text: string): void {
    reader.write(text);
    if (reader.writableLength > mostUnreadOctets) reader.destroy();
  }
}

/** Undefined: it does not say where it was. */
function lastEvent(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,16}$/.test(header) ? Number(header) : undefined;
}

function missedText(id: number, count: number): string {
  const event = 'missed';
  const message = `${count} ${count === 1 ? 'event is' : 'events are'} no longer held`;
  const data = { at: new Date().toISOString(), level: 'warn', event, message, fields: { count } };
  return formatEvent({ id: String(id), event, data: JSON.stringify(data) });
}
