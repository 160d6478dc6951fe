// What explanations say: a sentence for each reason, and which step of the chain it belongs to. docs/operations.md has what
// to do about each.

import type { ExplainStep } from '../api/house.js';
import type { RouteAttributes } from '../config/config.js';
import type { LanReason } from '../l2/wish.js';
import { formatAddress } from '../net/address.js';
import { formatCommunity } from '../net/community.js';
import type { WithheldReason } from '../plan/reasons.js';

export interface ReasonWords {
  readonly step: ExplainStep['step'];
  readonly text: string;
}

const reasons: Readonly<Record<WithheldReason | LanReason, ReasonWords>> = {
  noMatchingAdvertisement: { step: 'advertisement', text: 'no advertisement speaks of it' },
  conflictingAdvertisements: {
    step: 'advertisement',
    text: 'the advertisements that speak of it contradict each other, and its entry does not decide',
  },
  sharedIPWithServiceSelector: {
    step: 'advertisement',
    text: 'it shares its address, and an l2Advertisements item for the address has serviceSelectors, by which those that share it could be elected to different nodes',
  },
  disabled: { step: 'node', text: 'its entry says enabled: false' },
  notThisNode: { step: 'node', text: 'it is not for this node' },
  drained: { step: 'node', text: 'the node is drained; `herald undrain` announces it again' },
  noEndpoints: { step: 'node', text: 'its entry lists endpoints, and none of them serves' },
  noLocalEndpoints: {
    step: 'node',
    text: 'externalTrafficPolicy is Local, and no endpoint on this node serves',
  },
  notOwner: { step: 'election', text: 'another member of the election announces it' },
  familyNotNegotiated: { step: 'peer', text: 'the session does not carry its family' },
  noInterface: {
    step: 'interface',
    text: 'no interface that an advertisement names is here, or none is fit for ARP and NDP',
  },
  interfaceDown: { step: 'interface', text: 'the interface is down' },
  noCarrier: { step: 'interface', text: 'the interface has no carrier' },
  interfaceGone: { step: 'interface', text: 'the interface is gone' },
  interfaceFailed: { step: 'interface', text: 'the interface cannot be served' },
  neighbourUnreachable: { step: 'interface', text: 'the neighbour that is tracked does not answer' },
  probing: { step: 'interface', text: 'others are being asked whether they have it' },
  conflict: { step: 'interface', text: 'another host claims it' },
};

const isKnown = (reason: string): reason is keyof typeof reasons => Object.hasOwn(reasons, reason);

/** Undefined for what is no reason, as '' is. */
export const wordsOf = (reason: string): ReasonWords | undefined => (isKnown(reason) ? reasons[reason] : undefined);

/** What a route is announced with beyond its prefix; '' for nothing. */
export function attributesText({ communities, localPref, med, asPathPrepend, nextHop }: RouteAttributes): string {
  return [
    ...(communities === undefined ? [] : [`communities ${communities.map(formatCommunity).join(' ')}`]),
    ...(localPref === undefined ? [] : [`local preference ${localPref}`]),
    ...(med === undefined ? [] : [`MED ${med}`]),
    ...(asPathPrepend === undefined || asPathPrepend === 0 ? [] : [`our AS prepended ${asPathPrepend} times more`]),
    ...(nextHop === undefined ? [] : [`next hop ${nextHop.map(formatAddress).join(' and ')}`]),
  ].join(', ');
}
