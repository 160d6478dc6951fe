// The interfaces of this host as they are now: the kernel's events from the addon's listener, and its dumps at the start and
// whenever events were lost. Changes are told once for each turn of the event loop.

import type { Link } from '../l2/link.js';
import { LinkTable } from '../l2/link-table.js';
import { type NetlinkMessage, readMessages } from '../l2/netlink.js';
import { allAddresses, allLinks, groups, type LinkEvent, messageType, readEvent } from '../l2/rtnetlink.js';
import type { Log } from '../ports.js';
import { type NativeNetlinkListener, type NativeNetlinkOptions, native } from './native.js';
import { converse } from './netlink.js';

export interface LinkWatch {
  /** Ordered by index. One that did not change is the same object as before. */
  links(): readonly Link[];
  close(): void;
}

/** Where the news come from: the kernel, or a test's idea of it. */
export interface LinkNews {
  listen(options: NativeNetlinkOptions): NativeNetlinkListener;
  /** Every interface and every address. */
  dump(): Promise<readonly NetlinkMessage[]>;
}

/** Some ten thousand events, while this thread is busy. */
const receiveBufferOctets = 8 * 1024 * 1024;
/** Events that may wait for a dump; beyond that another dump is cheaper. */
const backlogLimit = 20_000;
const retryMs = 1000;

const kernelNews: LinkNews = {
  listen: (options) => native().openNetlinkListener(options),
  dump: () =>
    converse(async ({ dump }) => [
      ...(await dump(messageType.getLink, allLinks())),
      ...(await dump(messageType.getAddress, allAddresses())),
    ]),
};

/**
 * Resolves when all interfaces are known; `hear` is called for every change after that. Rejects where the kernel cannot be asked.
 * Needs no privilege, and does not keep the process alive.
 */
export async function watchLinks(
  hear: (links: readonly Link[]) => void,
  log: Log,
  news: LinkNews = kernelNews,
): Promise<LinkWatch> {
  const watch = new Watch(hear, log, news);
  try {
    await watch.open();
  } catch (error) {
    watch.close();
    throw error;
  }
  return watch;
}

class Watch implements LinkWatch {
  readonly #hear: (links: readonly Link[]) => void;
  readonly #log: Log;
  readonly #news: LinkNews;
  readonly #table = new LinkTable();
  #listener: NativeNetlinkListener | undefined;
  /** What was heard since the dump that is under way was asked for. */
  #backlog: LinkEvent[] = [];
  #isDumping = false;
  #isOutdated = false;
  #isOpen = false;
  /** Until then there is nothing to tell a change of. */
  #isKnown = false;
  #tell: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(hear: (links: readonly Link[]) => void, log: Log, news: LinkNews) {
    this.#hear = hear;
    this.#log = log;
    this.#news = news;
  }

  /** Listens before it asks, so that nothing falls between. */
  async open(): Promise<void> {
    this.#isOpen = true;
    this.#listener = this.#news.listen({
      groups: Object.values(groups),
      receiveBufferOctets,
      received: (messages) => this.#received(messages),
      lost: () => this.#lost('more happened than the kernel keeps for us'),
    });
    await this.#dump();
    this.#isKnown = true;
  }

  links(): readonly Link[] {
    return this.#table.links();
  }

  close(): void {
    this.#isOpen = false;
    this.#listener?.close();
    clearImmediate(this.#tell);
    clearTimeout(this.#retry);
  }

  #received(octets: Uint8Array): void {
    let events: readonly LinkEvent[];
    try {
      events = readEvents(readMessages(octets));
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
      return;
    }
    for (const event of events) if (this.#table.apply(event)) this.#tellSoon();
    if (!this.#isDumping) return;
    if (this.#backlog.length + events.length <= backlogLimit) this.#backlog.push(...events);
    else this.#isOutdated = true;
  }

  #lost(reason: string): void {
    this.#log.write('warn', 'linkEventsLost', `events of interfaces were missed, all are read anew: ${reason}`);
    if (this.#isDumping) this.#isOutdated = true;
    else this.#dumpAgain();
  }

  #dumpAgain(): void {
    this.#dump().catch((error: unknown) => {
      if (!this.#isOpen) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#log.write('error', 'linkDumpFailed', `interfaces cannot be read, trying again: ${message}`);
      this.#retry = setTimeout(() => this.#dumpAgain(), retryMs).unref();
    });
  }

  /** Repeats it where events were lost meanwhile. */
  async #dump(): Promise<void> {
    if (this.#isDumping) return;
    this.#isDumping = true;
    try {
      do {
        this.#isOutdated = false;
        this.#backlog = [];
        const dump = readEvents(await this.#news.dump());
        if (!this.#isOpen) return;
        if (this.#table.replace(dump)) this.#tellSoon();
        // What is older than the dump is followed by what made it so: the last word on everything is the same.
        for (const event of this.#backlog) if (this.#table.apply(event)) this.#tellSoon();
      } while (this.#isOutdated);
    } finally {
      this.#isDumping = false;
      this.#backlog = [];
    }
  }

  #tellSoon(): void {
    if (!this.#isKnown) return;
    this.#tell ??= setImmediate(() => {
      this.#tell = undefined;
      this.#hear(this.links());
    });
  }
}

const readEvents = (messages: readonly NetlinkMessage[]): readonly LinkEvent[] =>
  messages.flatMap((message) => readEvent(message) ?? []);
