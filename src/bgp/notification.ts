// NOTIFICATION: both directions, and what it says in words. Never faulty on reading: it is the last thing a peer says, and
// what it got wrong can be reported to nobody (RFC 4271 §6.4). RFC 4271 §4.5, RFC 4486, RFC 8538 §3, RFC 9003.

import type { Writer } from '../net/bytes.js';
import { sanitised, utf8Text, utf8Within } from '../net/text.js';
import type { BgpError } from './errors.js';
import type { Notification } from './message.js';
import { ceaseSubcode, errorCode } from './numbers.js';

export function encodeNotification({ code, subcode, data }: Notification, to: Writer): void {
  to.u8(code).u8(subcode).octets(data);
}

/** Code or subcode are 0, which means nothing, where the message ends before them. */
export const decodeNotification = (body: Uint8Array): Notification => ({
  kind: 'notification',
  code: body[0] ?? 0,
  subcode: body[1] ?? 0,
  data: body.slice(2),
});

export const notificationOf = ({ code, subcode, data }: BgpError): Notification => ({
  kind: 'notification',
  code,
  subcode,
  data,
});

/** RFC 9003 §2: the two subcodes that may carry a message to the other operator. */
const carriesCommunication = ({ code, subcode }: Pick<Notification, 'code' | 'subcode'>): boolean =>
  code === errorCode.cease &&
  (subcode === ceaseSubcode.administrativeShutdown || subcode === ceaseSubcode.administrativeReset);

const maxCommunicationOctets = 255;

/** `communication` is cut to 255 octets at a character, and dropped where RFC 9003 has no place for it. */
export function cease(subcode: number, communication = ''): Notification {
  const plain: Notification = { kind: 'notification', code: errorCode.cease, subcode, data: new Uint8Array() };
  const text = utf8Within(communication, maxCommunicationOctets);
  return text.length > 0 && carriesCommunication(plain)
    ? { ...plain, data: Uint8Array.of(text.length, ...text) }
    : plain;
}

/** What the other operator wrote, fit to print. Undefined without one, or with a length that reaches beyond the message. */
export function communicationOf(notification: Notification): string | undefined {
  const { data } = innerOf(notification) ?? notification;
  if (!carriesCommunication(innerOf(notification) ?? notification)) return undefined;
  const length = data[0] ?? 0;
  return length === 0 || length >= data.length ? undefined : sanitised(utf8Text(data.subarray(1, 1 + length)));
}

/** RFC 8538 §3.1: says that the session ends for good, although graceful restart was negotiated. */
export const hardReset = ({ code, subcode, data }: Notification): Notification => ({
  kind: 'notification',
  code: errorCode.cease,
  subcode: ceaseSubcode.hardReset,
  data: Uint8Array.of(code, subcode, ...data),
});

/** What a Hard Reset wraps; undefined for anything else, and for one that wraps nothing. */
export function innerOf({ code, subcode, data }: Notification): Notification | undefined {
  const isHardReset = code === errorCode.cease && subcode === ceaseSubcode.hardReset;
  return isHardReset && data.length >= 2 ? decodeNotification(data) : undefined;
}

/** IANA's "BGP Error (Notification) Codes" and "Error Subcodes". */
const names: Readonly<Record<number, readonly [name: string, subcodes: readonly (string | undefined)[]]>> = {
  1: ['Message Header Error', [undefined, 'Connection Not Synchronized', 'Bad Message Length', 'Bad Message Type']],
  2: [
    'OPEN Message Error',
    [
      undefined,
      'Unsupported Version Number',
      'Bad Peer AS',
      'Bad BGP Identifier',
      'Unsupported Optional Parameter',
      'Authentication Failure',
      'Unacceptable Hold Time',
      'Unsupported Capability',
      undefined,
      undefined,
      undefined,
      'Role Mismatch',
    ],
  ],
  3: [
    'UPDATE Message Error',
    [
      undefined,
      'Malformed Attribute List',
      'Unrecognized Well-known Attribute',
      'Missing Well-known Attribute',
      'Attribute Flags Error',
      'Attribute Length Error',
      'Invalid ORIGIN Attribute',
      'AS Routing Loop',
      'Invalid NEXT_HOP Attribute',
      'Optional Attribute Error',
      'Invalid Network Field',
      'Malformed AS_PATH',
    ],
  ],
  4: ['Hold Timer Expired', []],
  5: [
    'Finite State Machine Error',
    [
      undefined,
      'Unexpected Message in OpenSent State',
      'Unexpected Message in OpenConfirm State',
      'Unexpected Message in Established State',
    ],
  ],
  6: [
    'Cease',
    [
      undefined,
      'Maximum Number of Prefixes Reached',
      'Administrative Shutdown',
      'Peer De-configured',
      'Administrative Reset',
      'Connection Rejected',
      'Other Configuration Change',
      'Connection Collision Resolution',
      'Out of Resources',
      'Hard Reset',
      'BFD Down',
    ],
  ],
  7: ['ROUTE-REFRESH Message Error', [undefined, 'Invalid Message Length']],
  8: ['Send Hold Timer Expired', []],
};

/** "Cease/Administrative Shutdown: maintenance"; octets that have no better reading follow in hexadecimal. Fit to print. */
export function describeNotification({ code, subcode, data }: Pick<Notification, 'code' | 'subcode' | 'data'>): string {
  const whole: Notification = { kind: 'notification', code, subcode, data };
  const inner = innerOf(whole);
  // One Hard Reset within another means nothing, so it is not looked into.
  return inner === undefined ? describeOne(whole) : `${titleOf(whole)} (${describeOne(inner)})`;
}

function describeOne(notification: Notification): string {
  const communication = innerOf(notification) === undefined ? communicationOf(notification) : undefined;
  if (communication !== undefined) return `${titleOf(notification)}: ${communication}`;
  const { data } = notification;
  return data.length === 0 ? titleOf(notification) : `${titleOf(notification)} (data ${hexadecimal(data)})`;
}

function titleOf({ code, subcode }: Notification): string {
  const [name, subcodes] = names[code] ?? [`error ${code}`, []];
  const detail = subcodes[subcode] ?? (subcode === 0 ? undefined : `subcode ${subcode}`);
  return detail === undefined ? name : `${name}/${detail}`;
}

const shownOctets = 16;

function hexadecimal(octets: Uint8Array): string {
  const digits = Array.from(octets.subarray(0, shownOctets), (octet) => octet.toString(16).padStart(2, '0')).join('');
  return octets.length > shownOctets ? `${digits}…` : digits;
}
