// Server-sent events as text, both ways: what the ring says, and what the command line and the page read (WHATWG HTML §9.2.5
// and §9.2.6). The browser's own EventSource delivers only the event names it was told beforehand; here every name counts.

export interface StreamEvent {
  /** Read: of this event or the last before it that had one. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** `data` is one line, as JSON is. */
export const formatEvent = ({ id, event, data }: StreamEvent): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

export class EventStream {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  /** What `text`, the next piece of the stream, completes. */
  read(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A line feed that follows a carriage return may come with the next piece: wait for what is behind a trailing one.
    const all = this.#rest + text;
    const lines = (all.endsWith('\r') ? all.slice(0, -1) : all).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + (all.endsWith('\r') ? '\r' : '');
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const [field, value] =
      colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))];
    if (field === 'id') this.#id = value;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const [data, event] = [this.#data, this.#event];
    this.#data = [];
    this.#event = '';
    return data.length === 0 ? undefined : { id: this.#id, event, data: data.join('\n') };
  }
}
