// UPDATE: both directions. Reception is RFC 7606 in full (update-survey.ts): scanUpdate() validates and counts prefixes,
// decodeUpdate() also makes values. A fault that costs the session is thrown. RFC 4271 §4.3, RFC 4724 §2, RFC 6793 §4.2.

import type { Family, Prefix } from '../net/address.js';
import { Reader, type Writer } from '../net/bytes.js';
import { attributeType, type EncodeContext, encodeAttributes, type PathAttribute } from './attribute.js';
import { mergedPath } from './attribute-as-path.js';
import type { Severity, UpdateFault } from './errors.js';
import type { AfiSafi } from './message.js';
import { decodePrefixes, encodePrefixes, type PrefixVisitor, walkPrefixes } from './nlri.js';
import { asTrans } from './numbers.js';
import { Survey, type UpdateContext } from './update-survey.js';

/** IPv6 routes are in its mpReach and mpUnreach attributes. */
export interface Update {
  readonly kind: 'update';
  readonly withdrawn: readonly Prefix[];
  readonly attributes: readonly PathAttribute[];
  readonly announced: readonly Prefix[];
}

/** What an UPDATE does, after RFC 7606: where it is treated as withdraw, what it announces counts as withdrawn. */
export interface UpdateScan {
  readonly announced: Readonly<Record<Family, number>>;
  readonly withdrawn: Readonly<Record<Family, number>>;
  readonly endOfRib: Family | undefined;
  /** Families it spoke of although they were not negotiated. */
  readonly ignored: readonly AfiSafi[];
  /** Of the worst fault. */
  readonly severity: Severity | undefined;
  readonly faults: readonly UpdateFault[];
}

export interface ReceivedUpdate extends UpdateScan {
  /** As it is to be taken: without what was discarded or ignored, AS4_PATH merged into asPath. */
  readonly update: Update;
}

/** RFC 4724 §2. */
export const endOfRib = (family: Family): Update => ({
  kind: 'update',
  withdrawn: [],
  attributes: family === 'ipv4' ? [] : [{ kind: 'mpUnreach', family, prefixes: [] }],
  announced: [],
});

export function encodeUpdate({ withdrawn, attributes, announced }: Update, to: Writer, context: EncodeContext): void {
  to.counted(2, () => encodePrefixes(withdrawn, to));
  to.counted(2, () => to.octets(encodeAttributes(attributes, context)));
  encodePrefixes(announced, to);
}

/** No allocation for each prefix. Withdrawn ones are visited before announced ones: where one is both, the last word holds. */
export const scanUpdate = (body: Uint8Array, context: UpdateContext, visit?: PrefixVisitor): UpdateScan =>
  counted(body, new Survey(body, context, false), context, visit);

function counted(body: Uint8Array, survey: Survey, context: UpdateContext, visit?: PrefixVisitor): UpdateScan {
  const { withdrawnTo, nlriFrom, reach, unreach, endOfRib, ignored, severity, faults } = survey;
  const announced = { ipv4: 0, ipv6: 0 };
  const withdrawn = { ipv4: 0, ipv6: 0 };
  const isWithdrawal = severity === 'treatAsWithdraw';
  const takesIpv4 = context.families.includes('ipv4');
  const visitIpv4 = takesIpv4 ? visit : undefined;
  const gone = walkPrefixes('ipv4', body, 2, withdrawnTo, true, visitIpv4);
  if (takesIpv4) withdrawn.ipv4 += gone;
  if (unreach !== undefined)
    withdrawn[unreach.family] += walkPrefixes(unreach.family, body, unreach.from, unreach.to, true, visit);
  const effect = isWithdrawal ? withdrawn : announced;
  if (reach !== undefined)
    effect[reach.family] += walkPrefixes(reach.family, body, reach.from, reach.to, isWithdrawal, visit);
  const come = walkPrefixes('ipv4', body, nlriFrom, body.length, isWithdrawal, visitIpv4);
  if (takesIpv4) effect.ipv4 += come;
  return { announced, withdrawn, endOfRib, ignored, severity, faults };
}

export function decodeUpdate(body: Uint8Array, context: UpdateContext): ReceivedUpdate {
  const survey = new Survey(body, context, true);
  const scan = counted(body, survey, context);
  const takesIpv4 = context.families.includes('ipv4');
  const announced = takesIpv4 ? decodePrefixes('ipv4', body, survey.nlriFrom, body.length) : [];
  const update: Update = {
    kind: 'update',
    withdrawn: takesIpv4 ? decodePrefixes('ipv4', body, 2, survey.withdrawnTo) : [],
    attributes: withFourOctetAs(attributesOf(body, survey, context, announced.length > 0)),
    announced,
  };
  return { ...scan, update: scan.severity === 'treatAsWithdraw' ? asWithdrawal(update) : update };
}

function attributesOf(body: Uint8Array, survey: Survey, context: UpdateContext, hasNlri: boolean): PathAttribute[] {
  // RFC 4760 §3, as in the survey: NEXT_HOP is for NLRI outside MP_REACH_NLRI.
  const found = (survey.sound ?? []).filter(({ type }) => type !== attributeType.nextHop || hasNlri || !survey.reach);
  return found.map(({ row, type, flags, from, to }) => {
    const value = body.slice(from, to);
    return row === undefined
      ? { kind: 'unknown', type, flags: flags & 0xe0, value }
      : row.decode(new Reader(value), context);
  });
}

/** RFC 6793 §4.2.3: what a peer of two-octet AS numbers passed on in AS4_PATH and AS4_AGGREGATOR takes its place. */
function withFourOctetAs(attributes: readonly PathAttribute[]): PathAttribute[] {
  const of = <K extends PathAttribute['kind']>(kind: K): Extract<PathAttribute, { kind: K }> | undefined =>
    attributes.find((attribute): attribute is Extract<PathAttribute, { kind: K }> => attribute.kind === kind);
  const [aggregator, as4Aggregator] = [of('aggregator'), of('as4Aggregator')];
  const as4Path = of('as4Path');
  const isStale = aggregator !== undefined && as4Aggregator !== undefined && aggregator.asn !== asTrans;
  return attributes.flatMap((attribute): PathAttribute[] => {
    if (attribute.kind === 'as4Path' || attribute.kind === 'as4Aggregator') return [];
    if (isStale) return [attribute];
    if (attribute.kind === 'aggregator' && as4Aggregator) return [{ ...as4Aggregator, kind: 'aggregator' }];
    if (attribute.kind === 'asPath' && as4Path)
      return [{ kind: 'asPath', segments: mergedPath(attribute.segments, as4Path.segments) }];
    return [attribute];
  });
}

/** RFC 7606 §2: every route it speaks of, withdrawn. */
function asWithdrawal({ withdrawn, attributes, announced }: Update): Update {
  const routes = attributes.flatMap((attribute) =>
    attribute.kind === 'mpReach' || attribute.kind === 'mpUnreach' ? attribute.prefixes : [],
  );
  const ipv6 = routes.filter(({ family }) => family === 'ipv6');
  return {
    kind: 'update',
    withdrawn: [...withdrawn, ...announced, ...routes.filter(({ family }) => family === 'ipv4')],
    attributes: ipv6.length > 0 ? [{ kind: 'mpUnreach', family: 'ipv6', prefixes: ipv6 }] : [],
    announced: [],
  };
}
