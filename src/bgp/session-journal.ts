// The words of a session: one log line for each thing that happens, and what went wrong last. A failure that repeats
// itself is said once and then whispered, until something changes. Nothing of a peer's is printed unsanitised.

import { sanitised } from '../net/text.js';
import type { Clock, Log, LogLevel } from '../ports.js';
import { describeFamily } from './capability.js';
import type { UpdateFault } from './errors.js';
import type { Ending, StateName } from './fsm.js';
import type { AfiSafi } from './message.js';
import { describeNotification } from './notification.js';
import { errorCode } from './numbers.js';
import type { SessionError } from './session-status.js';

type Fields = Readonly<Record<string, unknown>>;

/** Kinds of faults that get a line of their own; what comes after is only counted. */
const maxFaultKinds = 64;

const nothing = new Uint8Array();

/** In the operator's words and in the protocol's numbers. */
export function describeEnding(ending: Ending): Omit<SessionError, 'at'> {
  const local = (text: string): Omit<SessionError, 'at'> => ({ code: 0, subcode: 0, text, direction: 'local' });
  switch (ending.kind) {
    case 'stopped': {
      if (ending.farewell === undefined)
        return local('closed without a NOTIFICATION, so that the peer keeps the routes');
      const { code, subcode } = ending.farewell;
      return { code, subcode, text: describeNotification(ending.farewell), direction: 'sent' };
    }
    case 'fault': {
      const { code, subcode } = ending;
      const title = describeNotification({ code, subcode, data: nothing });
      // RFC 9687 §4: the one that could not be delivered.
      const direction = code === errorCode.sendHoldTimerExpired ? 'local' : 'sent';
      return { code, subcode, text: `${title}: ${sanitised(ending.text)}`, direction };
    }
    case 'notified': {
      const { code, subcode } = ending.notification;
      return { code, subcode, text: describeNotification(ending.notification), direction: 'received' };
    }
    case 'closed':
    case 'dialFailed':
      return local(sanitised(ending.reason));
    case 'collision':
      return local('another connection with the peer stays in its place');
  }
}

/** The event that a connection's end is logged as, short of an established session's. */
const endingEvents: { readonly [K in Ending['kind']]: string } = {
  stopped: 'peerNotification',
  fault: 'peerNotification',
  notified: 'peerNotification',
  closed: 'connectionClosed',
  dialFailed: 'connectFailed',
  collision: 'connectionCollision',
};

export class Journal {
  readonly #peer: string;
  readonly #log: Log;
  readonly #clock: Clock;
  /** What was said last of each kind of event. */
  readonly #said = new Map<string, string>();
  readonly #faultKinds = new Set<string>();
  #lastError: SessionError | undefined;

  constructor(peer: string, log: Log, clock: Clock) {
    this.#peer = peer;
    this.#log = log;
    this.#clock = clock;
  }

  get lastError(): SessionError | undefined {
    return this.#lastError;
  }

  #write(level: LogLevel, event: string, message: string, fields: Fields = {}): void {
    this.#log.write(level, event, `${this.#peer}: ${message}`, { peer: this.#peer, ...fields });
  }

  /** Once at `level`, then at debug for as long as nothing else is said of `event`. */
  #writeOnce(level: LogLevel, event: string, message: string, fields?: Fields): void {
    const repeated = this.#said.get(event) === message;
    this.#said.set(event, message);
    this.#write(repeated ? 'debug' : level, event, message, fields);
  }

  moved(from: StateName, to: StateName, reason: string): void {
    this.#write('debug', 'sessionState', `${from} → ${to}: ${reason}`, { from, to, reason });
  }

  up(fields: Fields): void {
    this.#said.clear();
    this.#write('info', 'sessionUp', 'session established', fields);
  }

  /** `goesOn`: another session is wanted after this one. Returns what it said. */
  ended(from: StateName, ending: Ending, goesOn: boolean): string {
    const error = describeEnding(ending);
    const { code, subcode, text, direction } = error;
    if (ending.kind === 'collision') {
      this.#write('debug', endingEvents.collision, text);
      return text;
    }
    // That it is down by an operator's will is no error, and must not hide the one that may have led to it.
    if (ending.kind !== 'stopped' || goesOn) this.#lastError = { at: this.#clock.now().toISOString(), ...error };
    const level = ending.kind === 'stopped' ? 'info' : 'warn';
    const event = endingEvents[ending.kind];
    if (from === 'Established') {
      if (direction !== 'local') this.#write(level, event, `${direction} ${text}`, { code, subcode, direction });
      this.#write(level, 'sessionDown', `session lost: ${text}`, { code, subcode, direction, reason: text });
    } else
      this.#writeOnce(level, event, direction === 'local' ? text : `${direction} ${text}`, {
        code,
        subcode,
        direction,
        state: from,
      });
    return text;
  }

  refused(reason: string): void {
    this.#writeOnce('warn', 'connectionRefused', `refused a connection of the peer: ${reason}`);
  }

  /** RFC 7606 §6: worth a line, once for each kind. */
  faulty({ severity, attribute, subcode, message }: UpdateFault): void {
    const kind = `${severity} ${attribute}/${subcode}`;
    if (this.#faultKinds.has(kind) || this.#faultKinds.size >= maxFaultKinds) return;
    this.#faultKinds.add(kind);
    this.#write(
      'warn',
      'updateFault',
      `malformed UPDATE (${severity}): ${sanitised(message)}; more of the kind are only counted`,
      {
        severity,
        attribute,
        subcode,
      },
    );
  }

  ignoredFamily(family: AfiSafi, what: string): void {
    const kind = `${what} ${family.afi}/${family.safi}`;
    if (this.#faultKinds.has(kind) || this.#faultKinds.size >= maxFaultKinds) return;
    this.#faultKinds.add(kind);
    this.#write(
      'warn',
      'familyIgnored',
      `${what} for ${describeFamily(family)}, which was not negotiated, is ignored`,
      { afi: family.afi, safi: family.safi },
    );
  }
}
