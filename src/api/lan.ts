// The calls about the LAN, and the shapes of what they answer.

import type { FamilyCounters } from '../l2/responder.js';
import { CallError, shown } from './problem-answer.js';
import type { Call, Route } from './route.js';
import { nothing, wrapped } from './schema.js';

export interface InterfaceBody {
  readonly name: string;
  /** The kernel's number. */
  readonly index: number;
  /** '' where it has none. */
  readonly mac: string;
  /** Addresses can be announced on it, now. */
  readonly usable: boolean;
  /** One word why not; '' when it is. */
  readonly reason: string;
  /** Why it is not served although it is usable; '' when it is. */
  readonly problem: string;
  /** Its own, with prefix length. */
  readonly addresses: readonly string[];
  /** Service addresses that are answered for. */
  readonly announced: number;
  /** Frames of announcements still to be sent. */
  readonly pendingFrames: number;
  /** Solicited-node groups joined. */
  readonly groups: number;
  readonly counters: { readonly ipv4: FamilyCounters; readonly ipv6: FamilyCounters };
  /** The thousand seen last, the last at the end. */
  readonly conflicts: readonly ConflictBody[];
  readonly tracks: readonly TrackBody[];
}

export interface ConflictBody {
  readonly address: string;
  /** Who claimed it last. */
  readonly mac: string;
  readonly at: string;
  readonly count: number;
}

/** A neighbour that must answer. */
export interface TrackBody {
  readonly address: string;
  readonly reachable: boolean;
  /** Why it cannot even be asked; '' when it can. */
  readonly problem: string;
}

export interface MemberBody {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly alive: boolean;
  /** It is this node. */
  readonly self: boolean;
}

/** What a house has of the LAN. */
export interface LanHouseDoor {
  /** Empty while nothing is announced on the LAN. */
  interfaces(): readonly InterfaceBody[];
  members(): readonly MemberBody[];
  /** Undefined: no such member; false: that was known. */
  setMember(name: string, alive: boolean): boolean | undefined;
}

const memberState = {
  type: 'object',
  properties: { alive: { type: 'boolean', description: 'Whether it stands for election.' } },
  required: ['alive'],
};

export const lanRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/interfaces',
    summary: 'The interfaces of this host, and what is announced on them',
    answer: wrapped('interfaces', 'Interface', false),
    errors: [],
    handle: ({ house }) => ({ body: { interfaces: house.interfaces() } }),
  },
  {
    method: 'get',
    path: '/v1/members',
    summary: 'Who stands for election on the LAN',
    answer: wrapped('members', 'Member', false),
    errors: [],
    handle: ({ house }) => ({ body: { members: house.members() } }),
  },
  {
    method: 'post',
    path: '/v1/members/{name}',
    summary: 'Say whether a member is there; those that are not do not stand for election',
    body: { schema: memberState, isRequired: true },
    answer: nothing,
    errors: [404, 413, 422],
    handle: ({ house, path, body }) => {
      const name = path['name'] ?? '';
      const result = house.setMember(name, aliveOf(body));
      if (result === undefined)
        throw new CallError(404, 'noSuchMember', `there is no member ${shown(name)} in election.members`);
      return { body: {}, result: result ? 'done' : 'unchanged' };
    },
  },
];

function aliveOf(body: Call['body']): boolean {
  if (typeof body === 'object' && body !== null && Object.keys(body).length === 1 && 'alive' in body)
    if (typeof body.alive === 'boolean') return body.alive;
  throw new CallError(422, 'invalid', 'the body must be {"alive": true} or {"alive": false}');
}
