// Which of two connections with one peer survives, decided when an OPEN arrives on one of them. Both ends hold the same
// facts and come to the same answer, whoever decides first. RFC 4271 §6.8, RFC 6286 §2.3.

import type { FsmState } from './fsm.js';

/** Who dialled. */
export type Direction = 'outgoing' | 'incoming';

export const opposite = (direction: Direction): Direction => (direction === 'outgoing' ? 'incoming' : 'outgoing');

export interface Speaker {
  /** Unsigned 32-bit. */
  readonly routerId: number;
  readonly asn: number;
}

/** The connection that the higher identifier dialled stays; between equal identifiers the higher AS number decides. */
export function survivor(local: Speaker, remote: Speaker): Direction {
  const localWins = local.routerId === remote.routerId ? local.asn > remote.asn : local.routerId > remote.routerId;
  return localWins ? 'outgoing' : 'incoming';
}

/**
 * An OPEN arrived on `arrived`: which connection has to go? Undefined: none. The other one counts from the moment it is
 * connected: RFC 4271 §6.8 lets OpenSent take part where the peer's identifier is known otherwise, and it is, being the
 * same peer's. Waiting for its OPEN instead would let one end establish what the other end is about to close. But one
 * that keeps us waiting may lead nowhere. An Established one is never given up for a new one (what a restarted peer does
 * to it is decided when it connects, not here).
 */
export function loser(
  arrived: Direction,
  other: Pick<FsmState, 'name' | 'expectsOpen'>,
  local: Speaker,
  remote: Speaker,
): Direction | undefined {
  switch (other.name) {
    case 'Idle':
    case 'Connect':
    case 'Active':
      return undefined;
    case 'OpenSent':
      return other.expectsOpen ? opposite(survivor(local, remote)) : undefined;
    case 'OpenConfirm':
      return opposite(survivor(local, remote));
    case 'Established':
      return arrived;
  }
}
