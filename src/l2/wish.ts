// What the plan asks of the LAN's workshop, address by address, and what it answers: the door between plan/ and l2/.

import type { Address } from '../net/address.js';

/** How an address is announced on an interface. The same object for the same advertisements. */
export interface Policy {
  /** How often it is announced unasked; 0: only when something changes. */
  readonly refreshMs: number;
  readonly onConflict: 'warn' | 'refuse' | 'defend';
  /** Ask before the first announcement. */
  readonly probe: boolean;
  /** Neighbours one of which must answer, by the key of their track; empty: none is asked. */
  readonly tracks: readonly string[];
}

const byStrictness = ['warn', 'defend', 'refuse'] as const;

/** Of several the shortest refresh and the strictest treatment of conflicts hold; one that asks no neighbour needs none. */
export function merged(policies: readonly Policy[]): Policy {
  const refreshes = policies.map(({ refreshMs }) => refreshMs).filter((ms) => ms > 0);
  const isTracked = policies.every(({ tracks }) => tracks.length > 0);
  return {
    refreshMs: refreshes.length === 0 ? 0 : Math.min(...refreshes),
    onConflict: byStrictness.findLast((one) => policies.some(({ onConflict }) => onConflict === one)) ?? 'warn',
    probe: policies.some(({ probe }) => probe),
    tracks: isTracked ? [...new Set(policies.flatMap(({ tracks }) => tracks))].sort() : [],
  };
}

export interface LanWish {
  readonly address: Address;
  /** The kernel's number of the interface. */
  readonly link: number;
  readonly policy: Policy;
}

/** Why an address that is wanted on an interface is not announced there, or is with trouble. */
export type LanReason =
  | 'interfaceDown'
  | 'noCarrier'
  | 'interfaceGone'
  | 'interfaceFailed'
  | 'neighbourUnreachable'
  | 'probing'
  | 'conflict';

export interface LanState {
  readonly state: 'announced' | 'pending' | 'withheld';
  readonly reason: '' | LanReason;
}

/** The way to the workshop. Nothing is sent before the turn of the event loop is over. */
export interface LanPort {
  /** All that one service wants on the LAN; empty when it is gone. */
  want(service: string, wishes: readonly LanWish[]): void;
  /** Addresses announced, each counted once for each interface. */
  readonly announced: number;
  /** How many of them nobody wants any more, before that has been said. */
  readonly pendingWithdrawals: number;
  state(link: number, address: Address): LanState;
}
