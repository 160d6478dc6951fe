// What the suites ask of a real router: five implementations stand beside this file. Each renders the same plan in its
// router's own language, runs it on sockets and files of its own, and reads its view of sessions and routes.

import { execFile } from 'node:child_process';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Namespace, Program } from '../../netns.js';

export type Family = 'ipv4' | 'ipv6';

/** One session, from the router's side. */
export interface Neighbor {
  /** The name of the peer in herald's configuration as well. Letters and digits. */
  readonly name: string;
  readonly localAddress: string;
  readonly address: string;
  readonly asn: number;
  readonly families: readonly Family[];
  readonly holdTimeSeconds: number;
  readonly passive?: boolean;
  readonly password?: string;
  /** GTSM, RFC 5082, one hop. */
  readonly ttlSecurity?: boolean;
  /** Helps a neighbour that restarts, RFC 4724 §4.2. */
  readonly gracefulRestart?: boolean;
}

export interface RouterPlan {
  readonly asn: number;
  readonly routerId: string;
  readonly neighbors: readonly Neighbor[];
  /** What the router itself announces to every neighbour; nothing else ever leaves it. */
  readonly announce: readonly string[];
}

/** A route as the router holds it. Strings in canonical form: communities "64512:100", large ones "64512:1:2". */
export interface Route {
  readonly prefix: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  /** Kept for a neighbour that restarts, RFC 4724 §4.2. */
  readonly stale: boolean;
}

export interface Session {
  readonly established: boolean;
  /** In the router's own words. */
  readonly state: string;
  /** Why the last session ended, in the router's own words; '' when it does not say. */
  readonly lastError: string;
  /** UPDATEs it has got from this neighbour since the session came up. */
  readonly updates: number;
}

export interface Router {
  readonly plan: RouterPlan;
  /** Resolves as soon as the router answers questions; sessions come later. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP: the kernel keeps acknowledging, nobody reads. */
  freeze(): void;
  thaw(): void;
  /** What this neighbour has told us, sorted by prefix; also while the session is down. */
  routes(neighbor: string, family: Family): Promise<readonly Route[]>;
  session(neighbor: string): Promise<Session>;
  /** Sends a ROUTE-REFRESH, RFC 2918. */
  requestRefresh(neighbor: string, family: Family): Promise<void>;
  /** What the router wrote, for a failed run. */
  readonly log: string;
}

export interface RouterSite {
  readonly namespace: Namespace;
  /** The router's own, for configuration and sockets. */
  readonly directory: string;
}

/** Signals and log, the same for every router. */
export abstract class RouterProgram {
  protected program: Program | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();

  get log(): string {
    return this.program?.log ?? '';
  }

  /** Until it answers; a router that ends instead has said why. */
  protected async answering(program: Program, look: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await look();
        return;
      } catch (error) {
        if (!program.running) throw new Error(`did not start: ${program.log}`, { cause: error });
      }
      await delay(20);
    }
  }

  /** One question after the other: control sockets have short queues. */
  protected inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work, work);
    this.#lastTurn = turn;
    return turn;
  }

  async stop(): Promise<void> {
    await this.program?.stop();
  }

  async kill(): Promise<void> {
    this.program?.signal('SIGKILL');
    await this.program?.exited;
  }

  freeze(): void {
    this.program?.signal('SIGSTOP');
  }

  thaw(): void {
    this.program?.signal('SIGCONT');
  }
}

/** Asks over a unix socket and reads until `complete` is content with what came. */
export function ask(socketPath: string, question: string, complete: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = createConnection(socketPath);
    const finish = (error: Error | undefined): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve(answer);
    };
    socket.setTimeout(5000, () => finish(new Error(`no answer to "${question}" at ${socketPath}`)));
    socket.on('error', finish);
    socket.on('close', () => finish(new Error(`hung up on "${question}": ${answer}`)));
    socket.on('data', (octets) => {
      answer += octets.toString('latin1');
      if (complete(answer)) finish(undefined);
    });
    socket.write(question);
  });
}

/** What a client program of the router prints; rejects when it fails. */
export async function output(program: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, words, { timeout: 5000, maxBuffer: 1 << 26 });
  return stdout;
}

export const byPrefix = (routes: readonly Route[]): readonly Route[] =>
  [...routes].sort((a, b) => (a.prefix < b.prefix ? -1 : 1));

export function neighborOf(plan: RouterPlan, name: string): Neighbor {
  const neighbor = plan.neighbors.find((candidate) => candidate.name === name);
  if (!neighbor) throw new Error(`no neighbour ${name} in the plan`);
  return neighbor;
}

/** What the tools of three routers call the communities of RFC 1997, 7999 and 8326. */
const wellKnown: Readonly<Record<string, string>> = {
  'no-export': '65535:65281',
  'no-advertise': '65535:65282',
  'graceful-shutdown': '65535:0',
  blackhole: '65535:666',
};

export const communityOf = (word: string): string => wellKnown[word.toLowerCase().replaceAll('_', '-')] ?? word;
