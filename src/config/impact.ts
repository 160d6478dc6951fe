// What a changed peer costs: only what the OPEN says or the socket is made with needs a new session.

import type { BgpPeer } from './config.js';

/** hot: taken over as the session runs. refresh: our whole table is said again. reset: the session starts anew. */
export type Effect = 'hot' | 'refresh' | 'reset';

export interface Impact {
  readonly field: string;
  readonly effect: Effect;
}

const effects: { readonly [K in keyof BgpPeer]: Effect } = {
  name: 'hot',
  description: 'hot',
  peerAddress: 'reset',
  peerPort: 'reset',
  peerAsn: 'reset',
  myAsn: 'reset',
  sourceAddress: 'reset',
  holdTimeSeconds: 'reset', // negotiated in the OPEN, RFC 4271 §4.2
  keepaliveSeconds: 'hot', // our own timer
  connectSeconds: 'hot',
  password: 'reset', // the kernel drops segments signed with the other key, RFC 2385 §2
  ebgpMultiHopTtl: 'reset',
  ttlSecurityHops: 'reset',
  passive: 'hot', // matters to the next connection
  gracefulRestart: 'reset', // a capability, as the next three
  device: 'reset',
  families: 'reset',
  extendedMessage: 'reset',
  maxPrefixes: 'hot',
  shutdown: 'hot', // stops or starts the session itself
};

/** One row for each field that differs; empty: nothing to do. */
export function impact(before: BgpPeer, after: BgpPeer): Impact[] {
  const fields = Object.keys(effects) as (keyof BgpPeer)[];
  return fields
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ field, effect: effects[field] }));
}
