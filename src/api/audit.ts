// The trail of what clients of the API have changed, or were not allowed to, and who they were. Two that fight over an entry as fast as they
// can must not fill the log: a refusal that repeats itself within a minute is told the 1st, 2nd, 4th, 8th … time.

import type { Socket } from 'node:net';
import { type PeerCredentials, peerCredentials } from '../io/unix-socket.js';
import { sanitised } from '../net/text.js';
import type { Log } from '../ports.js';
import type { WriteOutcome } from './house.js';
import type { CallError } from './problem-answer.js';

export interface AuditedCall {
  readonly method: string;
  /** As in the table of routes. */
  readonly path: string;
  readonly names: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly caller: PeerCredentials | undefined;
}

const memoryMs = 60_000;
/** Refusals told apart; more of them than these start over. */
const mostRefusals = 1000;
const mostCharacters = 1000;

export class Audit {
  readonly #log: Log;
  readonly #callers = new WeakMap<Socket, PeerCredentials>();
  #refusals = new Map<string, number>();
  #sinceMs = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Who is on the line: asked once of each, and before what it wants, after which it may be gone. */
  caller(line: Socket): PeerCredentials | undefined {
    const known = this.#callers.get(line);
    if (known !== undefined) return known;
    const caller = peerCredentials(line);
    if (caller !== undefined) this.#callers.set(line, caller);
    return caller;
  }

  /** `fields`: what was written. Nothing of them is trusted. */
  done(call: AuditedCall, outcome: WriteOutcome, fields: Readonly<Record<string, unknown>>): void {
    // What changes nothing can be repeated as often as anybody likes.
    this.#write(outcome === 'done' ? 'info' : 'debug', call, outcome, fields);
  }

  refused(call: AuditedCall, { code, message }: CallError): void {
    const times = this.#times(`${describe(call)} ${call.caller?.uid} ${call.query['owner'] ?? ''} ${code}`);
    const isTold = (times & (times - 1)) === 0;
    this.#write(isTold ? 'warn' : 'debug', call, code, { detail: message, ...(times > 1 ? { times } : {}) });
  }

  #write(
    level: 'info' | 'warn' | 'debug',
    call: AuditedCall,
    result: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const { owner, force } = call.query;
    this.#log.write(level, 'apiWrite', `${describe(call)}: ${result}`, {
      method: call.method,
      target: targetOf(call),
      ...call.caller,
      ...(owner === undefined ? {} : { owner: sanitised(owner) }),
      ...(force === 'true' ? { force: true } : {}),
      result,
      ...Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [
          key,
          typeof value === 'string' ? sanitised(value, mostCharacters) : value,
        ]),
      ),
    });
  }

  #times(refusal: string): number {
    const nowMs = performance.now();
    if (nowMs - this.#sinceMs > memoryMs || this.#refusals.size >= mostRefusals) {
      this.#refusals = new Map();
      this.#sinceMs = nowMs;
    }
    const times = (this.#refusals.get(refusal) ?? 0) + 1;
    this.#refusals.set(refusal, times);
    return times;
  }
}

const targetOf = ({ path, names }: AuditedCall): string =>
  sanitised(path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? ''));

const describe = (call: AuditedCall): string => `${call.method} ${targetOf(call)}`;
