// The calls about BGP peers: their state, and the few things that an operator may ask of one.

import type { PeerStatus } from '../bgp/protocol.js';
import { sanitised, utf8Octets } from '../net/text.js';
import { fieldsOf } from './body.js';
import type { WriteOutcome } from './house.js';
import { CallError, shown } from './problem-answer.js';
import type { Answer, Call, Route } from './route.js';
import { reference, wrapped } from './schema.js';

/** `message`: what the peer's operator is told (RFC 9003). */
export type PeerOrder =
  | { readonly kind: 'enable' | 'refresh' }
  | { readonly kind: 'disable' | 'reset'; readonly message?: string };

/** `shutDown` by its configuration, or `disabled` by an operator: nothing was done, for it is kept down. */
export type PeerOutcome = Exclude<WriteOutcome, 'held'> | 'noSuchPeer' | 'shutDown' | 'disabled';

/** What a house has of the peers. */
export interface PeerHouseDoor {
  peers(): Promise<readonly PeerStatus[]>;
  commandPeer(name: string, order: PeerOrder): PeerOutcome;
}

/** RFC 9003 §2. */
const mostMessageOctets = 255;

const farewell = {
  type: 'object',
  properties: {
    message: {
      type: 'string',
      description: 'What the operator of the peer is told: at most 255 octets of UTF-8 (RFC 9003).',
    },
  },
};

export const peerRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/peers',
    summary: 'All BGP peers',
    answer: wrapped('peers', 'Peer', false),
    errors: [],
    handle: async ({ house }) => ({ body: { peers: await house.peers() } }),
  },
  {
    method: 'get',
    path: '/v1/peers/{name}',
    summary: 'One BGP peer',
    answer: reference('Peer'),
    errors: [404],
    handle: async ({ house, path }) => ({ body: await peerOf(house, nameIn(path)) }),
  },
  {
    method: 'post',
    path: '/v1/peers/{name}/reset',
    summary: 'Close the session (Cease/Administrative Reset) and open it again',
    body: { schema: farewell, isRequired: false },
    answer: reference('Peer'),
    errors: [404, 409, 413, 422],
    handle: (call) => command(call, { kind: 'reset', ...messageOf(call) }),
  },
  {
    method: 'post',
    path: '/v1/peers/{name}/refresh',
    summary: 'Send the peer everything again, without closing the session',
    answer: reference('Peer'),
    errors: [404, 409],
    handle: (call) => command(call, { kind: 'refresh' }),
  },
  {
    method: 'post',
    path: '/v1/peers/{name}/disable',
    summary: 'Close the session (Cease/Administrative Shutdown) and keep it down until it is enabled',
    body: { schema: farewell, isRequired: false },
    answer: reference('Peer'),
    errors: [404, 413, 422],
    handle: (call) => command(call, { kind: 'disable', ...messageOf(call) }),
  },
  {
    method: 'post',
    path: '/v1/peers/{name}/enable',
    summary: 'Take the session up again, at once',
    answer: reference('Peer'),
    errors: [404, 409],
    handle: (call) => command(call, { kind: 'enable' }),
  },
];

const nameIn = (path: Call['path']): string => path['name'] ?? '';
const noSuchPeer = (name: string): CallError =>
  new CallError(404, 'noSuchPeer', `there is no peer ${shown(name)}; \`herald peers\` lists those there are`);

async function peerOf(house: PeerHouseDoor, name: string): Promise<PeerStatus> {
  const peer = (await house.peers()).find((one) => one.name === name);
  if (peer === undefined) throw noSuchPeer(name);
  return peer;
}

async function command({ house, path }: Call, order: PeerOrder): Promise<Answer> {
  const name = nameIn(path);
  const result = house.commandPeer(name, order);
  switch (result) {
    case 'noSuchPeer':
      throw noSuchPeer(name);
    case 'shutDown':
      throw new CallError(
        409,
        'shutDown',
        `${shown(name)} is shut down by the configuration: remove \`shutdown: true\` from it in herald.yaml and reload`,
      );
    case 'disabled':
      throw new CallError(409, 'disabled', `${shown(name)} is disabled: \`herald peers enable\` takes it up again`);
    case 'done':
    case 'unchanged':
      return {
        body: await peerOf(house, name),
        result,
        written: 'message' in order ? { message: order.message } : {},
      };
  }
}

function messageOf({ body }: Call): { readonly message?: string } {
  const { message } = fieldsOf(body, ['message']);
  if (message === undefined) return {};
  if (typeof message !== 'string') throw new CallError(422, 'invalid', 'message must be a text');
  const { length } = utf8Octets(message);
  if (length > mostMessageOctets)
    throw new CallError(422, 'invalid', `message is ${length} octets long; RFC 9003 has room for ${mostMessageOctets}`);
  if (sanitised(message) !== message)
    throw new CallError(422, 'invalid', 'message must be visible characters on one line');
  return { message };
}
