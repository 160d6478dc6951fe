// JSON Schemas of the API's bodies (the dialect of OpenAPI 3.1), written so that a body whose fields differ from its
// type in house.ts does not compile.

import type { PeerStatus } from '../bgp/protocol.js';
import type { FamilyCounters } from '../l2/responder.js';
import type { Forecast } from '../plan/forecast.js';
import { confirmWithinRange } from './confirm-within.js';
import type { DrainBody } from './drain.js';
import type {
  AnnouncementBody,
  ExplainBody,
  ExplainStep,
  ListenerBody,
  PoolBody,
  PoolFamilyBody,
  ServiceAnnouncementBody,
  ServiceBody,
  SourceBody,
  StatusBody,
  WayBack,
} from './house.js';
import type { ConflictBody, InterfaceBody, MemberBody, TrackBody } from './lan.js';

export type Schema = Readonly<Record<string, unknown>>;

const text = (description?: string): Schema => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
});
const integer = (description?: string): Schema => ({
  type: 'integer',
  minimum: 0,
  ...(description === undefined ? {} : { description }),
});
const boolean = (description?: string): Schema => ({
  type: 'boolean',
  ...(description === undefined ? {} : { description }),
});
const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const textsOf = (description?: string): Schema => ({
  ...listOf(text()),
  ...(description === undefined ? {} : { description }),
});
/** RFC 3339; empty where it never happened. */
const moment: Schema = { type: 'string' };

/** Exactly the fields of T; `optional` are those that may be absent. Fields may be added one day, so others are allowed. */
function object<T>(
  properties: { readonly [K in keyof T]-?: Schema },
  optional: readonly (keyof T & string)[] = [],
): Schema {
  const names: readonly string[] = optional;
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !names.includes(name)) };
}

const counts = (...names: readonly string[]): Schema => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, integer()])),
  required: names,
});
const messageCounts = counts('open', 'update', 'notification', 'keepalive', 'routeRefresh');

const familyCounters = object<FamilyCounters>({
  requestsReceived: integer(),
  responsesSent: integer(),
  gratuitousSent: integer(),
  conflicts: integer(),
  dropped: object<FamilyCounters['dropped']>({
    arpReply: integer(),
    ethernetDestination: integer(),
    announceIP: integer('Asked for an address that is not announced here.'),
    malformed: integer(),
    hopLimit: integer(),
    checksum: integer(),
    notASolicitation: integer(),
    ownFrame: integer(),
    overflow: integer(),
    sendFailed: integer(),
  }),
});

const announcementFields = {
  prefix: text(),
  protocol: oneOf('bgp', 'layer2'),
  via: text("The peer's name, or the interface's."),
  state: oneOf('announced', 'pending', 'withheld'),
  reason: text('Why it is not announced; empty when it is.'),
};

const poolFamily = object<PoolFamilyBody>({
  capacity: { type: ['integer', 'string'], description: 'Text where it is more than 2^53 - 1.' },
  inUse: integer(),
  quarantined: integer('Freed lately, and not given to another service as long as anything else is free.'),
});

const listener = object<ListenerBody>({
  address: text(),
  port: integer(),
  problem: text('Empty while it listens.'),
});

const wayBack: { readonly [K in keyof WayBack]: Schema } = {
  confirmBefore: {
    type: 'string',
    description: 'RFC 3339. Unless it is confirmed until then, the configuration before comes back; absent: it stays.',
  },
  fallback: object<WayBack['fallback']>({ loadedAt: text('RFC 3339: which configuration comes back.') }),
};

/** The name by which a schema is referred to. */
export const schemas = {
  Status: object<StatusBody>(
    {
      node: text(),
      version: text(),
      uptimeSeconds: integer(),
      ready: boolean('The configuration and every source are loaded, the sockets are open.'),
      drained: boolean('Nothing is announced, for the node was drained.'),
      draining: boolean('It is about to be: everything is a last resort, or being withdrawn.'),
      config: object<StatusBody['config']>(
        {
          file: text(),
          stale: boolean('The file on disk was refused, or not confirmed; an earlier one is in force.'),
          problems: textsOf(),
          loadedAt: moment,
          ...wayBack,
        },
        ['confirmBefore', 'fallback'],
      ),
      sources: listOf(reference('Source')),
      listeners: listOf(listener),
      http: listener,
      layer2: object<StatusBody['layer2']>({
        problems: textsOf('What keeps the LAN from being served as it is configured.'),
      }),
      counts: object<StatusBody['counts']>({
        services: integer(),
        allocated: integer(),
        announcedBgp: integer('Prefixes wanted on the wire by at least one peer.'),
        announcedLayer2: integer('Services with an address that is announced on an interface.'),
        peers: integer(),
        peersEstablished: integer(),
        peersDisabled: integer('Kept down, by `shutdown: true` or by `disable`.'),
      }),
    },
    ['http'],
  ),
  ExplainStep: object<ExplainStep>({
    step: oneOf(
      'source',
      'class',
      'owner',
      'allocation',
      'advertisement',
      'node',
      'election',
      'peer',
      'interface',
      'wire',
    ),
    subject: text(),
    verdict: oneOf('yes', 'no', 'note'),
    text: text(),
    where: text(),
  }),
  Explanation: object<ExplainBody>({
    asked: text(),
    kind: oneOf('address', 'prefix', 'service'),
    verdict: text(),
    steps: { type: 'array', items: reference('ExplainStep') },
  }),
  Source: object<SourceBody>(
    {
      name: text(),
      kind: oneOf('file', 'socket', 'cli'),
      file: text(),
      stale: boolean('What it says now cannot be used; the last good table stays.'),
      problems: textsOf(),
      services: integer('Entries, or rows of a bulk.'),
      skipped: integer('Objects in a stream of Kubernetes manifests that are no entries; absent when there are none.'),
    },
    ['file', 'skipped'],
  ),
  Peer: object<PeerStatus>({
    name: text(),
    description: text(),
    address: text(),
    port: integer(),
    asn: { type: ['integer', 'null'], description: 'Null while it is not known.' },
    localAsn: integer(),
    localAddress: text(),
    routerId: text(),
    remoteRouterId: text(),
    state: text("The session's state as RFC 4271 §8.2.2 calls it."),
    adminState: {
      ...oneOf('enabled', 'disabled', 'shutdown'),
      description: 'Kept down by an operator (`disabled`) or by the configuration (`shutdown`).',
    },
    shutdown: boolean('By the configuration.'),
    passive: boolean(),
    uptimeSeconds: integer('Of the established session; 0 without one.'),
    holdTimeSeconds: integer(),
    keepaliveSeconds: integer(),
    families: textsOf(),
    capabilities: object<PeerStatus['capabilities']>({ local: textsOf(), remote: textsOf() }),
    announcedPrefixes: integer(),
    pendingPrefixes: integer(),
    unsentOctets: integer('Written to the session, and not taken by the kernel yet.'),
    receivedPrefixes: integer(),
    messages: object<PeerStatus['messages']>({ sent: messageCounts, received: messageCounts }),
    updateFaults: object<PeerStatus['updateFaults']>({ treatAsWithdraw: integer(), attributeDiscard: integer() }),
    lastError: {
      oneOf: [
        object<NonNullable<PeerStatus['lastError']>>({
          at: moment,
          code: integer(),
          subcode: integer(),
          text: text(),
          direction: oneOf('sent', 'received', 'local'),
        }),
        { type: 'null' },
      ],
    },
    flaps: integer(),
  }),
  Service: object<ServiceBody>(
    {
      name: text('NAMESPACE/NAME.'),
      source: text(),
      owner: text(),
      state: oneOf('Allocated', 'Pending', 'Rejected', 'OutOfPool', 'Moving', 'Shadowed', 'Ignored', 'Flapping'),
      reason: text(),
      message: text(),
      pool: text(),
      addresses: textsOf(),
      prefixes: integer('Only of a bulk: how many rows it announces.'),
      since: moment,
      announcements: listOf(reference('Announcement')),
      warnings: textsOf('Only in the answer to a write: what looks odd about the entry.'),
    },
    ['prefixes', 'warnings'],
  ),
  Pool: object<PoolBody>(
    {
      name: text(),
      state: oneOf('active', 'draining', 'disabled'),
      autoAssign: boolean(),
      addresses: textsOf(),
      ipv4: poolFamily,
      ipv6: poolFamily,
    },
    ['ipv4', 'ipv6'],
  ),
  Announcement: object<AnnouncementBody>(announcementFields),
  ServiceAnnouncement: object<ServiceAnnouncementBody>({ service: text(), ...announcementFields }),
  Interface: object<InterfaceBody>({
    name: text(),
    index: integer("The kernel's number."),
    mac: text(),
    usable: boolean('Addresses can be announced on it, now.'),
    reason: text('One word why it is not usable; empty when it is.'),
    problem: text('Why it is not served although it is usable.'),
    addresses: textsOf('Its own, with prefix length.'),
    announced: integer('Service addresses that are answered for.'),
    pendingFrames: integer('Frames of announcements still to be sent.'),
    groups: integer('Solicited-node multicast groups joined.'),
    counters: object<InterfaceBody['counters']>({ ipv4: familyCounters, ipv6: familyCounters }),
    conflicts: listOf(
      object<ConflictBody>({ address: text(), mac: text('Who claimed it last.'), at: moment, count: integer() }),
    ),
    tracks: listOf(
      object<TrackBody>({ address: text(), reachable: boolean(), problem: text('Why it cannot be asked.') }),
    ),
  }),
  Member: object<MemberBody>({
    name: text(),
    labels: { type: 'object', additionalProperties: text() },
    alive: boolean('It stands for election.'),
    self: boolean('It is this node.'),
  }),
  Problem: {
    type: 'object',
    description: 'RFC 9457. `code` is a stable word to tell errors apart by; the rest is for people.',
    properties: {
      type: text(),
      title: text(),
      status: integer(),
      code: text(),
      detail: text(),
      problems: textsOf('Everything that is wrong with what was sent, or with the file that was read.'),
      owner: text('Who holds the entry.'),
    },
    required: ['type', 'title', 'status', 'code', 'detail'],
  },
} as const;

type SchemaName =
  | 'Status'
  | 'Source'
  | 'Peer'
  | 'Service'
  | 'Pool'
  | 'Announcement'
  | 'ServiceAnnouncement'
  | 'Interface'
  | 'Member'
  | 'ExplainStep'
  | 'Explanation'
  | 'Problem';

export function reference(name: SchemaName): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** `{"peers": […]}`, and `next` where the list has pages. */
export const wrapped = (key: string, items: SchemaName, isPaged: boolean): Schema => ({
  type: 'object',
  properties: {
    [key]: listOf(reference(items)),
    ...(isPaged ? { next: text('Opaque; hand it back as `after`. Absent on the last page.') } : {}),
  },
  required: [key],
});

export const nothing: Schema = { type: 'object', description: 'Empty.' };

export const reloadBody: Schema = {
  type: 'object',
  properties: {
    acceptRevocations: boolean('Whatever `onRevoke: refuse` of pools says.'),
    confirmWithin: text(
      `What was in force before comes back unless POST /v1/confirm comes in time: ${confirmWithinRange}, as "60s".`,
    ),
  },
};

export const drainBody: Schema = {
  type: 'object',
  properties: {
    for: text('How long everything stays announced, as a last resort: a duration from 0s to 24h. Default: 30s.'),
    wait: boolean('Answer once all is withdrawn, as by default, or at once.'),
  },
};

export const drainAnswer: Schema = object<DrainBody>({
  drained: boolean(),
  draining: boolean('It goes on.'),
  pendingPeers: textsOf('Established peers that have not taken all withdrawals: they do not read.'),
});

export const planBody: Schema = {
  type: 'object',
  description: 'At least one of `config` and `table`.',
  properties: {
    config: text('A whole herald.yaml; without it the one in force.'),
    configName: text('What problems call it.'),
    table: text('A whole table, in the place of the one of a source; without it the tables in force.'),
    tableName: text('Its ending says its form, as of a file; default: YAML.'),
    source: text('Whose table it is; default: the file called `tableName`, or the first file.'),
  },
};

export const planAnswer: Schema = object<Forecast>({
  refused: textsOf('Why the change would be refused as it is; the rest says what it would do if it were accepted.'),
  services: listOf(
    object<Forecast['services'][number]>({
      service: text(),
      fate: oneOf('moves', 'keeps', 'released', 'rejected', 'served', 'waits', 'ignored', 'removed'),
      from: textsOf('What it holds now.'),
      to: textsOf('What it would hold.'),
      message: text('Why.'),
    }),
  ),
  announcements: listOf(
    object<Forecast['announcements'][number]>({
      prefix: text(),
      protocol: oneOf('bgp', 'layer2'),
      via: text("The peer's name, or the interface's."),
      change: oneOf('appears', 'goes', 'changes'),
    }),
  ),
  sessions: listOf(
    object<Forecast['sessions'][number]>({
      peer: text(),
      effect: oneOf('hot', 'refresh', 'reset', 'added', 'removed'),
      fields: listOf(
        object<Forecast['sessions'][number]['fields'][number]>({
          field: text(),
          effect: oneOf('hot', 'refresh', 'reset'),
        }),
      ),
    }),
  ),
});

export const reloadAnswer: Schema = {
  type: 'object',
  properties: { warnings: textsOf('What was said about the file and changed nothing.'), ...wayBack },
  required: ['warnings'],
};

/** Read by the table room, which says all that is wrong; here only what it is. */
export const serviceEntry: Schema = {
  type: 'object',
  description: 'A service entry as a table holds it (docs/table.md); `name` may be left out.',
};

export const tableBody: Schema = {
  type: 'object',
  description: 'All of them. As application/x-ndjson: one entry a line.',
  properties: { services: listOf(serviceEntry) },
  required: ['services'],
};

export const tableAnswer: Schema = {
  type: 'object',
  properties: {
    services: integer('Entries of the source now.'),
    added: integer(),
    changed: integer(),
    removed: integer(),
    held: integer('Of those changed: they flap, and stay as they are for a while.'),
    warnings: textsOf('What looks odd about the table.'),
  },
  required: ['services', 'added', 'changed', 'removed', 'held', 'warnings'],
};

export const streamLine: Schema = {
  description: 'One line of many.',
  oneOf: [
    {
      type: 'object',
      properties: { op: { const: 'upsert' }, service: serviceEntry },
      required: ['op', 'service'],
    },
    { type: 'object', properties: { op: { const: 'delete' }, name: text() }, required: ['op', 'name'] },
  ],
};

export const streamAnswer: Schema = {
  type: 'object',
  description: 'One line for each line that was sent, in order.',
  properties: {
    name: { type: ['string', 'null'], description: 'Null where the line does not say it.' },
    state: text('As of a service; or Deleted.'),
    addresses: textsOf(),
    error: {
      type: 'object',
      description: 'Instead of state and addresses: why nothing was done. The stream goes on.',
      properties: { status: integer(), code: text(), detail: text() },
      required: ['status', 'code', 'detail'],
    },
  },
  required: ['name'],
};
