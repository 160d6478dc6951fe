// The five BGP messages and the capabilities, as values, and the table that leads from a kind of message to its codec.
// The codecs themselves are open.ts, update.ts, notification.ts, capability.ts, attribute.ts. RFC 4271 §4, RFC 5492, RFC 2918.

import { Reader, Writer } from '../net/bytes.js';
import type { EncodeContext } from './attribute.js';
import { badMessageLength, badMessageType, invalidRouteRefreshLength } from './errors.js';
import type { RawMessage } from './framer.js';
import { decodeNotification, encodeNotification } from './notification.js';
import { headerOctets, markerOctets, maxExtendedMessageOctets, maxMessageOctets, messageType } from './numbers.js';
import { decodeOpen, encodeOpen } from './open.js';
import { decodeUpdate, encodeUpdate, type Update } from './update.js';
import type { UpdateContext } from './update-survey.js';

/** The address family a route belongs to, as BGP numbers it (RFC 4760 §3). */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

export type Capability =
  | ({ readonly kind: 'multiprotocol' } & AfiSafi) // RFC 4760 §8
  | { readonly kind: 'routeRefresh' } // RFC 2918 §2
  | { readonly kind: 'extendedNextHop'; readonly tuples: readonly (AfiSafi & { readonly nextHopAfi: number })[] } // RFC 8950 §4
  | { readonly kind: 'extendedMessage' } // RFC 8654 §3
  | { readonly kind: 'role'; readonly role: number } // RFC 9234 §4.1
  | {
      readonly kind: 'gracefulRestart'; // RFC 4724 §3
      readonly restartState: boolean;
      /** The N bit, RFC 8538 §2. */
      readonly notification: boolean;
      readonly restartTimeSeconds: number;
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean })[];
    }
  | { readonly kind: 'fourOctetAs'; readonly asn: number } // RFC 6793 §3
  | { readonly kind: 'addPath'; readonly families: readonly (AfiSafi & { readonly direction: number })[] } // RFC 7911 §4
  | { readonly kind: 'enhancedRouteRefresh' } // RFC 7313 §3.1
  | {
      readonly kind: 'longLivedGracefulRestart'; // RFC 9494 §3.1
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleTimeSeconds: number })[];
    }
  | { readonly kind: 'fqdn'; readonly host: string; readonly domain: string } // draft-walton-bgp-hostname-capability
  | { readonly kind: 'softwareVersion'; readonly version: string } // draft-abraitis-bgp-version-capability
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array };

export interface Open {
  readonly kind: 'open';
  /** The two-octet field: AS_TRANS for a number that needs four. */
  readonly asn: number;
  readonly holdTimeSeconds: number;
  /** BGP Identifier, unsigned, any value but 0 (RFC 6286 §2.1). */
  readonly routerId: number;
  readonly capabilities: readonly Capability[];
}

export interface Notification {
  readonly kind: 'notification';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

export interface Keepalive {
  readonly kind: 'keepalive';
}

export interface RouteRefresh extends AfiSafi {
  readonly kind: 'routeRefresh';
  /** RFC 7313 §3.2: 0 request, 1 beginning (BoRR), 2 end (EoRR). */
  readonly subtype: number;
}

export type Message = Open | Update | Notification | Keepalive | RouteRefresh;

interface Row<M extends Message> {
  readonly type: number;
  /** Of the whole message, whatever was negotiated (RFC 8654 §4). */
  readonly maxOctets: number;
  encode(message: M, to: Writer, context: EncodeContext): void;
  decode(body: Uint8Array, context: UpdateContext): M;
}

const rows: { readonly [M in Message as M['kind']]: Row<M> } = {
  open: { type: messageType.open, maxOctets: maxMessageOctets, encode: encodeOpen, decode: decodeOpen },
  update: {
    type: messageType.update,
    maxOctets: maxExtendedMessageOctets,
    encode: encodeUpdate,
    decode: (body, context) => decodeUpdate(body, context).update,
  },
  notification: {
    type: messageType.notification,
    maxOctets: maxExtendedMessageOctets,
    encode: encodeNotification,
    decode: decodeNotification,
  },
  keepalive: {
    type: messageType.keepalive,
    maxOctets: headerOctets,
    encode: () => undefined,
    decode: () => ({ kind: 'keepalive' }),
  },
  routeRefresh: {
    type: messageType.routeRefresh,
    maxOctets: maxExtendedMessageOctets,
    encode: ({ afi, safi, subtype }, to) => to.u16(afi).u8(subtype).u8(safi),
    decode: decodeRouteRefresh,
  },
};

const byType = new Map<number, Row<Message>>(Object.values<Row<Message>>(rows).map((row) => [row.type, row]));

/** BoRR and EoRR. */
const marksRefresh = (subtype: number): boolean => subtype === 1 || subtype === 2;

function decodeRouteRefresh(body: Uint8Array): RouteRefresh {
  const from = new Reader(body, () => badMessageLength(headerOctets + body.length, 'a ROUTE-REFRESH'));
  const [afi, subtype, safi] = [from.u16(), from.u8(), from.u8()];
  // RFC 7313 §5. A request may be longer: RFC 5291 puts its filters there, which we never asked for.
  if (marksRefresh(subtype) && !from.done) throw invalidRouteRefreshLength(framed(messageType.routeRefresh, body));
  return { kind: 'routeRefresh', afi, safi, subtype };
}

/** Before the OPENs have been compared, when no UPDATE can come. */
const beforeOpen: UpdateContext = { fourOctetAs: true, internal: false, families: [] };

/** One whole message. Throws RangeError for one that no peer could take; a smaller limit is the caller's to keep. */
export function encodeMessage(message: Message, context: EncodeContext = beforeOpen): Uint8Array {
  const row: Row<Message> = rows[message.kind];
  const body = new Writer();
  row.encode(message, body, context);
  if (headerOctets + body.length > row.maxOctets)
    throw new RangeError(`${message.kind}: ${headerOctets + body.length} octets, ${row.maxOctets} allowed`);
  return framed(row.type, body.finish());
}

function framed(type: number, body: Uint8Array): Uint8Array {
  const octets = new Uint8Array(headerOctets + body.length);
  octets.fill(0xff, 0, markerOctets);
  octets[markerOctets] = octets.length >>> 8;
  octets[markerOctets + 1] = octets.length & 0xff;
  octets[headerOctets - 1] = type;
  octets.set(body, headerOctets);
  return octets;
}

/** What a Framer found. Throws BgpError. The hot path of UPDATEs is scanUpdate(), which makes no values. */
export function decodeMessage({ type, body }: RawMessage, context: UpdateContext = beforeOpen): Message {
  const row = byType.get(type);
  if (row === undefined) throw badMessageType(type);
  return row.decode(body, context);
}
