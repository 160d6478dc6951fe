// The HTTP listener, wherever the configuration in force wants it: a new one is open before the old one closes, and one
// that cannot be opened costs nothing else.

import type { ListenerBody } from '../api/house.js';
import type { ApiServer } from '../api/server.js';
import type { Config } from '../config/config.js';
import { formatAddress } from '../net/address.js';
import type { Log } from '../ports.js';

type Endpoint = NonNullable<Config['http']['listen']>;

interface Listener {
  readonly at: Endpoint;
  readonly server: ApiServer;
}

export class HttpKeeper {
  readonly #listen: (host: string, port: number) => Promise<ApiServer>;
  readonly #log: Log;
  #wanted: Endpoint | undefined;
  #listener: Listener | undefined;
  #problem = '';
  #isStarted: boolean = false;
  #work: Promise<void> = Promise.resolve();
  readonly #leaving = new Set<Promise<void>>();

  /** `listen` throws what the kernel says. */
  constructor(listen: (host: string, port: number) => Promise<ApiServer>, log: Log) {
    this.#listen = listen;
    this.#log = log;
  }

  /** Undefined: none is wanted, and there is none. */
  get body(): ListenerBody | undefined {
    const at = this.#listener?.at ?? this.#wanted;
    return at && { address: formatAddress(at.address), port: at.port, problem: this.#problem };
  }

  /** Until it is started, it only remembers. */
  configure(wanted: Endpoint | undefined): Promise<void> {
    this.#wanted = wanted;
    return this.#tendNext();
  }

  start(): Promise<void> {
    this.#isStarted = true;
    return this.#tendNext();
  }

  async close(): Promise<void> {
    await this.configure(undefined);
    await Promise.all(this.#leaving);
  }

  #tendNext(): Promise<void> {
    this.#work = this.#work.then(() => (this.#isStarted ? this.#tend(this.#wanted) : undefined));
    return this.#work;
  }

  async #tend(wanted: Endpoint | undefined): Promise<void> {
    const old = this.#listener;
    this.#problem = '';
    if (wanted === undefined) void this.#leave();
    else if (old === undefined || !same(old.at, wanted)) await this.#move(wanted, old);
  }

  async #move(at: Endpoint, old: Listener | undefined): Promise<void> {
    try {
      const server = await this.#open(at);
      void this.#leave();
      this.#listener = { at, server };
    } catch (error) {
      this.#problem = `cannot listen on ${endpointText(at)}: ${error instanceof Error ? error.message : String(error)}`;
      // Whoever names another address wants to be seen there, and perhaps not here any more.
      if (old !== undefined && formatAddress(old.at.address) !== formatAddress(at.address)) void this.#leave();
      const kept = this.#listener === undefined ? 'there is none' : `it stays on ${endpointText(this.#listener.at)}`;
      this.#log.write('error', 'httpFailed', `the HTTP listener ${this.#problem}; ${kept}, and all else goes on`);
    }
  }

  async #open({ address, port }: Endpoint): Promise<ApiServer> {
    const host = formatAddress(address);
    try {
      return await this.#listen(host, port);
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isInUse || this.#listener?.at.port !== port) throw error;
      // Who has a port on every address stands in the way of whoever wants it on one, and the other way round.
      await this.#leave();
      return this.#listen(host, port);
    }
  }

  /** Nobody new is let in at once; what is being answered may take its time. */
  async #leave(): Promise<void> {
    const left = this.#listener?.server.close();
    this.#listener = undefined;
    if (left === undefined) return;
    this.#leaving.add(left);
    await left;
    this.#leaving.delete(left);
  }
}

const same = (a: Endpoint, b: Endpoint): boolean => endpointText(a) === endpointText(b);

const endpointText = ({ address, port }: Endpoint): string =>
  `${address.family === 'ipv6' ? `[${formatAddress(address)}]` : formatAddress(address)}:${port}`;
