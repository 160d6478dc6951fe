// What happened lately, for whoever looks on: a bounded ring of transitions with sequence numbers, told as server-sent events
// (WHATWG HTML §9.2). Whoever comes back says where it was; whoever reads too slowly is dropped, and never waited for.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LogLevel } from '../ports.js';

export interface HouseEvent {
  readonly at: Date;
  readonly level: LogLevel;
  /** The word of the log. */
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const mostKept = 1024;
const mostReaders = 64;
/** What a reader may leave unread. */
const mostUnreadOctets = 1024 * 1024;
/** So that both ends notice when the other is gone. */
const beatMs = 20_000;

export class EventRing {
  readonly #texts: string[] = [];
  #next = 1;
  readonly #readers = new Set<ServerResponse>();

  /** Debug lines and calls of the API are no transitions. */
  add({ at, level, event, message, fields }: HouseEvent): void {
    if (level === 'debug' || event === 'apiWrite') return;
    const data = JSON.stringify({ at: at.toISOString(), level, event, message, fields });
    const text = `id: ${this.#next++}\nevent: ${event}\ndata: ${data}\n\n`;
    this.#texts.push(text);
    if (this.#texts.length > mostKept) this.#texts.shift();
    for (const reader of this.#readers) this.#tell(reader, text);
  }

  /** Stays open. False: there are too many readers already. */
  open(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#readers.size >= mostReaders) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    request.socket.setTimeout(0);
    response.write(`retry: 1000\n\n${this.#since(request.headers['last-event-id'])}`);
    this.#readers.add(response);
    const beat = setInterval(() => this.#tell(response, ': still here\n\n'), beatMs).unref();
    response.once('close', () => {
      clearInterval(beat);
      this.#readers.delete(response);
    });
    return true;
  }

  close(): void {
    for (const reader of this.#readers) reader.destroy();
  }

  /** Without a place to resume from, what comes; with one that is not ours (of a daemon before this one), all there is. */
  #since(lastEventId: string | string[] | undefined): string {
    if (typeof lastEventId !== 'string' || !/^\d{1,15}$/.test(lastEventId)) return '';
    const last = Number(lastEventId);
    const first = this.#next - this.#texts.length;
    const from = last >= this.#next ? 0 : Math.max(0, last + 1 - first);
    return this.#texts.slice(from).join('');
  }

  #tell(reader: ServerResponse, text: string): void {
    reader.write(text);
    if (reader.writableLength > mostUnreadOctets) reader.destroy();
  }
}
