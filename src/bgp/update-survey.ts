// One pass over an UPDATE that finds its parts and weighs its faults, without making values: the hot path of reception.
// Throws where the session is lost; what is less is listed. RFC 4271 §6.3, RFC 7606 §3 to §5 and §7.

import type { Family } from '../net/address.js';
import {
  type AttributeRow,
  attributeFlag,
  attributeName,
  attributeRows,
  attributeType,
  mpReachOctets,
  type PathAttribute,
  type ReceiveContext,
} from './attribute.js';
import {
  type BgpError,
  faultWithoutNlri,
  malformedAttributeList,
  optionalAttributeError,
  type Severity,
  type UpdateFault,
  unrecognizedWellKnownAttribute,
  updateSubcode,
} from './errors.js';
import type { AfiSafi } from './message.js';
import { familyOf } from './nlri.js';
import { afi, safiUnicast } from './numbers.js';

export interface UpdateContext extends ReceiveContext {
  /** Negotiated; routes of others are passed over. */
  readonly families: readonly Family[];
}

/** A part of the message that holds prefixes of one family. */
interface Section {
  readonly family: Family;
  readonly from: number;
  readonly to: number;
}

/** Where an attribute stands: its header at `at`, its value from `from` to `to`. */
interface Found {
  readonly type: number;
  readonly flags: number;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

interface Sound extends Found {
  /** Undefined: optional and transitive, but nothing that we know. */
  readonly row: AttributeRow<PathAttribute> | undefined;
}

const u16 = (octets: Uint8Array, at: number): number => octets[at]! * 256 + octets[at + 1]!;

export class Survey {
  readonly withdrawnTo: number;
  readonly nlriFrom: number;
  readonly faults: UpdateFault[] = [];
  readonly ignored: AfiSafi[] = [];
  /** Attributes to be understood; only gathered if asked for. */
  readonly sound: Sound[] | undefined;
  severity: Severity | undefined;
  reach: Section | undefined;
  unreach: Section | undefined;
  endOfRib: Family | undefined;

  readonly #body: Uint8Array;
  readonly #context: UpdateContext;
  /** A bit for each type. */
  readonly #seen = [0, 0, 0, 0, 0, 0, 0, 0];
  #onlyUnreach = true;
  #repeated = false;
  #nextHopFault: { readonly message: string; readonly subcode: number; readonly found: Found } | undefined;
  /** Of the first fault that is worth a withdrawal. */
  #faultyAttribute: Uint8Array | undefined;

  constructor(body: Uint8Array, context: UpdateContext, gather: boolean) {
    this.#body = body;
    this.#context = context;
    this.sound = gather ? [] : undefined;
    this.withdrawnTo = body.length < 4 ? body.length : 2 + u16(body, 0);
    if (this.withdrawnTo + 2 > body.length) throw malformedAttributeList('the withdrawn routes overrun the message');
    this.nlriFrom = this.withdrawnTo + 2 + u16(body, this.withdrawnTo);
    if (this.nlriFrom > body.length) throw malformedAttributeList('the path attributes overrun the message');
    this.#attributes();
    this.#whole();
  }

  #attributes(): void {
    const body = this.#body;
    const end = this.nlriFrom;
    for (let at = this.withdrawnTo + 2; at < end; ) {
      const flags = body[at]!;
      const isLong = (flags & attributeFlag.extendedLength) !== 0;
      const from = at + (isLong ? 4 : 3);
      const to = from > end ? from : from + (isLong ? u16(body, at + 2) : body[at + 2]!);
      if (to > end) {
        // RFC 7606 §4: the NLRI can still be found, by the total length.
        this.#onlyUnreach = false;
        this.#add('treatAsWithdraw', 0, updateSubcode.malformedAttributeList, 'the last attribute overruns the list');
        return;
      }
      this.#attribute({ type: body[at + 1]!, flags, at, from, to });
      at = to;
    }
  }

  #attribute(found: Found): void {
    const { type, flags } = found;
    const isMultiprotocol = type === attributeType.mpReach || type === attributeType.mpUnreach;
    if (type !== attributeType.mpUnreach) this.#onlyUnreach = false;
    if (this.#has(type)) {
      // RFC 7606 §3(g). The first repetition is enough to list, or a message could list thousands.
      if (isMultiprotocol) throw malformedAttributeList(`${attributeName(type)} appears twice`);
      if (!this.#repeated)
        this.#add('attributeDiscard', type, updateSubcode.malformedAttributeList, `${attributeName(type)} is repeated`);
      this.#repeated = true;
      return;
    }
    this.#seen[type >>> 5]! |= 1 << (type & 31);

    const row = attributeRows[type];
    if (row === undefined) {
      if ((flags & attributeFlag.optional) === 0) throw unrecognizedWellKnownAttribute(type, this.#octetsOf(found));
      // RFC 4271 §5: unknown ones that are not transitive are quietly ignored.
      if ((flags & attributeFlag.transitive) !== 0) this.sound?.push({ ...found, row });
      return;
    }
    // RFC 7606 §3(c); Partial and the low four bits are not looked at.
    const hasWrongFlags = ((flags ^ row.flags) & (attributeFlag.optional | attributeFlag.transitive)) !== 0;
    if (hasWrongFlags) this.#fault(row, found, 'has the wrong flags', 'treatAsWithdraw', updateSubcode.attributeFlags);
    if (isMultiprotocol) this.#multiprotocol(row, found);
    else if (hasWrongFlags) return;
    else if (row.internalOnly && !this.#context.internal)
      this.#fault(row, found, 'comes from another AS', 'attributeDiscard');
    else this.#understand(row, found);
  }

  #understand(row: AttributeRow<PathAttribute>, found: Found): void {
    const reason = row.fault(this.#body, found.from, found.to, this.#context);
    if (reason === undefined) this.sound?.push({ ...found, row });
    else if (row.malformed !== 'sessionReset') this.#fault(row, found, reason, row.malformed);
    else throw this.#lost(found, reason);
  }

  #multiprotocol(row: AttributeRow<PathAttribute>, found: Found): void {
    const { type, from, to } = found;
    if (to - from < 3) throw this.#lost(found, 'is too short to name a family');
    const [number, safi] = [u16(this.#body, from), this.#body[from + 2]!];
    const family = familyOf(number, safi);
    if (family === undefined || !this.#context.families.includes(family)) {
      this.ignored.push({ afi: number, safi });
      return;
    }
    this.#understand(row, found);
    if (type === attributeType.mpReach) this.reach = { family, from: from + mpReachOctets + this.#body[from + 3]!, to };
    else this.unreach = { family, from: from + 3, to };
  }

  /** What can only be judged when all attributes are known. */
  #whole(): void {
    const { reach, unreach } = this;
    const hasNlri = this.nlriFrom < this.#body.length;
    const hasReach = reach !== undefined && reach.from < reach.to;
    const takesIpv4 = this.#context.families.includes('ipv4');
    const isEmpty = this.withdrawnTo === 2 && !hasNlri && this.#onlyUnreach;

    // RFC 4760 §3: without NLRI of its own, NEXT_HOP means nothing beside MP_REACH_NLRI.
    const nextHop = this.#nextHopFault;
    if (nextHop !== undefined && (hasNlri || !this.#has(attributeType.mpReach)))
      this.#add('treatAsWithdraw', attributeType.nextHop, nextHop.subcode, nextHop.message, nextHop.found);

    if (hasReach || (hasNlri && takesIpv4)) {
      this.#require(attributeType.origin);
      this.#require(attributeType.asPath);
      if (hasNlri && takesIpv4) this.#require(attributeType.nextHop);
    }

    // RFC 7606 §5.2: then the routes may stand where we have not found them.
    const announces = hasNlri || hasReach || (reach === undefined && this.#has(attributeType.mpReach));
    const worst = this.faults.find(({ severity }) => severity === 'treatAsWithdraw');
    if (worst !== undefined && !announces && !this.#onlyUnreach)
      throw faultWithoutNlri(worst, this.#faultyAttribute ?? new Uint8Array());

    // RFC 4724 §2: either form.
    if (isEmpty && !this.#has(attributeType.mpUnreach)) {
      if (takesIpv4) this.endOfRib = 'ipv4';
    } else if (isEmpty && unreach !== undefined && unreach.from === unreach.to && worst === undefined)
      this.endOfRib = unreach.family;
    const hasClassic = this.withdrawnTo > 2 || hasNlri || (isEmpty && !this.#has(attributeType.mpUnreach));
    if (hasClassic && !takesIpv4) this.ignored.push({ afi: afi.ipv4, safi: safiUnicast });
  }

  #has(type: number): boolean {
    return ((this.#seen[type >>> 5]! >>> (type & 31)) & 1) !== 0;
  }

  #require(type: number): void {
    if (!this.#has(type))
      this.#add('treatAsWithdraw', type, updateSubcode.missingWellKnownAttribute, `${attributeName(type)} is missing`);
  }

  #fault(
    row: AttributeRow<PathAttribute>,
    found: Found,
    reason: string,
    severity: Severity,
    subcode: number = row.subcode,
  ): void {
    const message = `${attributeName(row.type)} ${reason}`;
    if (row.type === attributeType.nextHop) this.#nextHopFault = { message, subcode, found };
    else this.#add(severity, row.type, subcode, message, found);
  }

  #add(severity: Severity, attribute: number, subcode: number, message: string, found?: Found): void {
    this.faults.push({ severity, attribute, subcode, message });
    if (severity === 'treatAsWithdraw' && this.severity !== severity && found !== undefined)
      this.#faultyAttribute = this.#octetsOf(found);
    // RFC 7606 §3(h): the strongest action wins.
    if (this.severity !== 'treatAsWithdraw') this.severity = severity;
  }

  /** RFC 4760 §7, RFC 7606 §7.11. */
  #lost(found: Found, reason: string): BgpError {
    return optionalAttributeError(`${attributeName(found.type)} ${reason}`, this.#octetsOf(found));
  }

  #octetsOf({ at, to }: Found): Uint8Array {
    return this.#body.slice(at, to);
  }
}
