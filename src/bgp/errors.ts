// What a peer did wrong, in the RFC's own terms: one named constructor per clause, called where the fault is seen.
// RFC 4271 §6; RFC 7606 says which faults of an UPDATE are worth a session and which are not.

import type { AfiSafi } from './message.js';
import { ceaseSubcode, errorCode } from './numbers.js';

/** A fault that ends the session, with the NOTIFICATION that says so. */
export class BgpError extends Error {
  override readonly name = 'BgpError';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;

  constructor(code: number, subcode: number, message: string, data: Uint8Array = new Uint8Array()) {
    super(message);
    this.code = code;
    this.subcode = subcode;
    this.data = data;
  }
}

/** RFC 4271 §6.5. */
export const holdTimerExpired = (): BgpError => new BgpError(errorCode.holdTimerExpired, 0, 'hold timer expired');

/** RFC 9687 §4. */
export const sendHoldTimerExpired = (): BgpError =>
  new BgpError(errorCode.sendHoldTimerExpired, 0, 'the peer has not read what we sent for too long');

/** RFC 4486 §4: the data is the family and the bound. */
export const maximumPrefixesReached = ({ afi, safi }: AfiSafi, bound: number): BgpError =>
  new BgpError(
    errorCode.cease,
    ceaseSubcode.maximumPrefixesReached,
    `the peer announced more than ${bound} prefixes`,
    Uint8Array.of(afi >>> 8, afi & 0xff, safi, bound >>> 24, (bound >>> 16) & 0xff, (bound >>> 8) & 0xff, bound & 0xff),
  );

/** RFC 4271 §6.8. */
export const connectionCollision = (): BgpError =>
  new BgpError(
    errorCode.cease,
    ceaseSubcode.connectionCollision,
    'connection collision resolved for the other connection',
  );

const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 0xff);

// RFC 4271 §6.1: message header.

export const connectionNotSynchronized = (): BgpError =>
  new BgpError(errorCode.messageHeader, 1, 'the marker is not all ones');

export const badMessageLength = (length: number, what: string): BgpError =>
  new BgpError(errorCode.messageHeader, 2, `${length} octets are no length for ${what}`, u16(length));

export const badMessageType = (type: number): BgpError =>
  new BgpError(errorCode.messageHeader, 3, `message type ${type} is unknown`, Uint8Array.of(type));

// RFC 4271 §6.2: OPEN.

/** Also capabilities of a wrong length: RFC 5492 has no subcode of its own for them. */
export const malformedOpen = (message: string): BgpError => new BgpError(errorCode.open, 0, message);

export const unsupportedVersion = (version: number): BgpError =>
  new BgpError(errorCode.open, 1, `BGP version ${version} is not 4`, u16(4));

export const badPeerAs = (message: string): BgpError => new BgpError(errorCode.open, 2, message);

/** RFC 6286 §2.2. */
export const badBgpIdentifier = (message: string): BgpError => new BgpError(errorCode.open, 3, message);

export const unsupportedOptionalParameter = (type: number): BgpError =>
  new BgpError(errorCode.open, 4, `optional parameter type ${type} is unknown`);

export const unacceptableHoldTime = (seconds: number): BgpError =>
  new BgpError(errorCode.open, 6, `hold time ${seconds}s is neither 0 nor at least 3s`);

/** RFC 5492 §5; `missing` is the capabilities we insist on, as they would stand in an OPEN. */
export const unsupportedCapability = (message: string, missing: Uint8Array): BgpError =>
  new BgpError(errorCode.open, 7, message, missing);

/** RFC 9234 §4.2. */
export const roleMismatch = (message: string): BgpError => new BgpError(errorCode.open, 11, message);

// RFC 4271 §6.3: UPDATE. `attribute` is the whole path attribute: flags, type, length, value.

export const updateSubcode = {
  malformedAttributeList: 1,
  unrecognizedWellKnownAttribute: 2,
  missingWellKnownAttribute: 3,
  attributeFlags: 4,
  attributeLength: 5,
  invalidOrigin: 6,
  invalidNextHop: 8,
  optionalAttribute: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const;

export const malformedAttributeList = (message: string): BgpError =>
  new BgpError(errorCode.update, updateSubcode.malformedAttributeList, message);

export const unrecognizedWellKnownAttribute = (type: number, attribute: Uint8Array): BgpError =>
  new BgpError(
    errorCode.update,
    updateSubcode.unrecognizedWellKnownAttribute,
    `path attribute ${type} claims to be well-known and is not`,
    attribute,
  );

export const optionalAttributeError = (message: string, attribute: Uint8Array): BgpError =>
  new BgpError(errorCode.update, updateSubcode.optionalAttribute, message, attribute);

export const invalidNetworkField = (message: string): BgpError =>
  new BgpError(errorCode.update, updateSubcode.invalidNetworkField, message);

/** What a fault of an UPDATE costs, short of the session. RFC 7606 §2. */
export type Severity = 'treatAsWithdraw' | 'attributeDiscard';

/** One fault that did not end the session. */
export interface UpdateFault {
  readonly severity: Severity;
  /** Type code of the path attribute; 0 where the attributes overrun their field. */
  readonly attribute: number;
  /** What RFC 4271 §6.3 calls it: one of updateSubcode. */
  readonly subcode: number;
  readonly message: string;
}

/** RFC 7606 §5.2: the same fault in a message without reachable NLRI. */
export const faultWithoutNlri = (fault: UpdateFault, attribute: Uint8Array): BgpError =>
  new BgpError(errorCode.update, fault.subcode, `${fault.message}, and no route is announced`, attribute);

/** RFC 7313 §5; `message` is the whole message, header included. */
export const invalidRouteRefreshLength = (message: Uint8Array): BgpError =>
  new BgpError(errorCode.routeRefresh, 1, `a ROUTE-REFRESH of ${message.length} octets is no BoRR or EoRR`, message);
