// A house without rooms: it holds what it is given and answers from that, so that the windows can be tried alone.

import type { DrainBody, DrainCalledOff, DrainRequest } from '../../src/api/drain.js';
import {
  BadCursor,
  type Confirmation,
  type EntryStream,
  type EntryWritten,
  type ExplainBody,
  type ExplainStep,
  type House,
  type Line,
  type LineAnswer,
  type Listed,
  type PageRequest,
  type PlanRequest,
  type PlanResult,
  type PoolBody,
  type ReloadOptions,
  type ReloadResult,
  type ServiceAnnouncementBody,
  type ServiceBody,
  type SourceBody,
  type StatusBody,
  type StreamSummary,
  type TableBody,
  type TableWritten,
  type WriteFailure,
  type WriteOptions,
} from '../../src/api/house.js';
import type { InterfaceBody, MemberBody } from '../../src/api/lan.js';
import type { PeerOrder, PeerOutcome } from '../../src/api/peers.js';
import { Propagation } from '../../src/bgp/propagation.js';
import type { PeerStatus, PropagationCounts } from '../../src/bgp/protocol.js';
import { nothingCounted } from '../../src/l2/responder.js';

export const quietLog = { write: (): void => {} };

export const messages = { open: 1, update: 2, notification: 0, keepalive: 40, routeRefresh: 0 };

export const peer = (name: string, changes: Partial<PeerStatus> = {}): PeerStatus => ({
  name,
  description: '',
  address: '10.0.0.1',
  port: 179,
  asn: 64500,
  localAsn: 64512,
  localAddress: '10.0.0.11',
  routerId: '10.0.0.11',
  remoteRouterId: '10.0.0.1',
  state: 'Established',
  adminState: 'enabled',
  shutdown: false,
  passive: false,
  uptimeSeconds: 3700,
  holdTimeSeconds: 90,
  keepaliveSeconds: 30,
  families: ['ipv4'],
  capabilities: { local: ['multiprotocol ipv4'], remote: ['multiprotocol ipv4', 'routeRefresh'] },
  receivedPrefixes: 0,
  messages: { sent: messages, received: messages },
  updateFaults: { treatAsWithdraw: 0, attributeDiscard: 0 },
  lastError: null,
  flaps: 0,
  announcedPrefixes: 3,
  pendingPrefixes: 0,
  unsentOctets: 0,
  ...changes,
});

export const service = (name: string, changes: Partial<ServiceBody> = {}): ServiceBody => ({
  name,
  source: 'static',
  owner: '',
  state: 'Allocated',
  reason: '',
  message: '',
  pool: 'production',
  addresses: ['203.0.113.10'],
  since: '2026-01-02T03:04:05.000Z',
  announcements: [{ prefix: '203.0.113.10/32', protocol: 'bgp', via: 'tor-1', state: 'announced', reason: '' }],
  ...changes,
});

const counters = { ...nothingCounted, requestsReceived: 9, responsesSent: 2, gratuitousSent: 20, conflicts: 1 };

export const anInterface = (name: string, changes: Partial<InterfaceBody> = {}): InterfaceBody => ({
  name,
  index: 2,
  mac: '02:00:00:00:00:02',
  usable: true,
  reason: '',
  problem: '',
  addresses: ['10.0.0.11/24'],
  announced: 2,
  pendingFrames: 0,
  groups: 1,
  counters: { ipv4: counters, ipv6: counters },
  conflicts: [],
  tracks: [],
  ...changes,
});

export class FakeHouse implements House {
  statusBody: StatusBody = {
    node: 'node-a',
    version: '1.2.3',
    uptimeSeconds: 61,
    ready: true,
    drained: false,
    draining: false,
    config: { file: '/etc/herald/herald.yaml', stale: false, problems: [], loadedAt: '2026-01-02T03:04:05.000Z' },
    sources: [],
    listeners: [],
    layer2: { problems: [] },
    counts: {
      services: 1,
      allocated: 1,
      announcedBgp: 1,
      announcedLayer2: 0,
      peers: 1,
      peersEstablished: 1,
      peersDisabled: 0,
    },
  };
  peerBodies: PeerStatus[] = [peer('tor-1')];
  propagationCounts: PropagationCounts = new Propagation().counts;
  sourceBodies: SourceBody[] = [
    { name: 'static', kind: 'file', file: '/etc/herald/allocations.yaml', stale: false, problems: [], services: 1 },
    { name: 'cli', kind: 'cli', stale: false, problems: [], services: 0 },
  ];
  interfaceBodies: InterfaceBody[] = [anInterface('eth0')];
  memberBodies: MemberBody[] = [
    { name: 'node-a', labels: { rack: 'r1' }, alive: true, self: true },
    { name: 'node-b', labels: {}, alive: true, self: false },
  ];
  readonly table = new Map<string, ServiceBody>([['shop/web', service('shop/web')]]);
  /** What the next write comes to; undefined: it is done. */
  refusal: WriteFailure | undefined;
  /** Lines of streams, in the order in which they were taken. */
  readonly taken: (string | 'tooLong')[] = [];
  /** A stream answers when this is done. */
  pause: Promise<void> | undefined;
  openStreams = 0;
  reloadResult: ReloadResult = { kind: 'done', warnings: [] };
  readonly reloads: ReloadOptions[] = [];
  confirmation: Confirmation = 'kept';
  planResult: PlanResult = {
    kind: 'planned',
    forecast: { refused: [], services: [], announcements: [], sessions: [] },
  };
  readonly planned: PlanRequest[] = [];
  drainResult: DrainBody | DrainCalledOff = { drained: true, draining: false, pendingPeers: [] };
  readonly drains: DrainRequest[] = [];
  undrains = 0;
  poolBodies: PoolBody[] = [
    {
      name: 'production',
      state: 'active',
      autoAssign: true,
      addresses: ['203.0.113.0/24', '2001:db8:1::/64'],
      ipv4: { capacity: 256, inUse: 1, quarantined: 2 },
      ipv6: { capacity: '18446744073709551616', inUse: 0, quarantined: 0 },
    },
  ];
  /** Thrown by everything. */
  fault: Error | undefined;
  readonly written: (readonly [source: string, name: string, entry: unknown, options: WriteOptions])[] = [];
  readonly commands: string[] = [];

  async isReady(): Promise<boolean> {
    return this.statusBody.ready;
  }

  async status(): Promise<StatusBody> {
    if (this.fault) throw this.fault;
    return { ...this.statusBody, sources: this.sourceBodies };
  }

  async propagation(): Promise<PropagationCounts> {
    return this.propagationCounts;
  }

  async peers(): Promise<readonly PeerStatus[]> {
    return this.peerBodies;
  }

  services(request: PageRequest): Listed<ServiceBody> {
    return page([...this.table.values()], request);
  }

  service(name: string): ServiceBody | undefined {
    return this.table.get(name);
  }

  announcements(request: PageRequest): Listed<ServiceAnnouncementBody> {
    const all = [...this.table.values()].flatMap(({ name, announcements }) =>
      announcements.map((announcement) => ({ service: name, ...announcement })),
    );
    return page(all, request);
  }

  sources(): readonly SourceBody[] {
    return this.sourceBodies;
  }

  interfaces(): readonly InterfaceBody[] {
    return this.interfaceBodies;
  }

  members(): readonly MemberBody[] {
    return this.memberBodies;
  }

  setMember(name: string, alive: boolean): boolean | undefined {
    const at = this.memberBodies.findIndex((member) => member.name === name);
    const member = this.memberBodies[at];
    if (member === undefined) return undefined;
    this.memberBodies[at] = { ...member, alive };
    return member.alive !== alive;
  }

  async putService(
    source: string,
    name: string,
    entry: unknown,
    options: WriteOptions,
  ): Promise<EntryWritten | WriteFailure> {
    this.written.push([source, name, entry, options]);
    if (this.refusal !== undefined) return this.refusal;
    const before = this.table.get(name);
    if (before?.source === source) return { outcome: 'unchanged', service: before, warnings: [], entry: '' };
    const written = service(name, { source, owner: options.owner ?? '' });
    this.table.set(name, written);
    return { outcome: 'done', service: written, warnings: ['labels: odd'], entry: '{"name":"shop/new"}' };
  }

  async deleteService(source: string, name: string, options: WriteOptions): Promise<EntryWritten | WriteFailure> {
    this.written.push([source, name, undefined, options]);
    if (this.refusal !== undefined) return this.refusal;
    if (this.table.get(name)?.source !== source) return { failure: 'noSuchService', name };
    this.table.delete(name);
    return { outcome: 'done', service: undefined, warnings: [], entry: '' };
  }

  async replaceServices(source: string, body: TableBody, options: WriteOptions): Promise<TableWritten | WriteFailure> {
    if (this.refusal !== undefined) return this.refusal;
    const lines: string[] = [];
    if (body.format === 'json') lines.push(Buffer.from(body.octets).toString());
    else for await (const some of body.lines) lines.push(...some.map((line) => Buffer.from(line).toString()));
    this.written.push([source, body.format, lines, options]);
    const counts = { services: lines.length, added: lines.length, changed: 0, removed: 0, held: 0 };
    return { outcome: 'done', ...counts, warnings: [] };
  }

  openStream(): EntryStream | WriteFailure {
    if (this.refusal !== undefined) return this.refusal;
    this.openStreams++;
    return {
      take: async (lines: readonly Line[]): Promise<readonly LineAnswer[]> => {
        await this.pause;
        const texts = lines.map((line) => (line === 'tooLong' ? line : Buffer.from(line).toString()));
        this.taken.push(...texts);
        return texts.map((text) =>
          text === 'tooLong'
            ? { name: undefined, failure: { failure: 'invalid', name: undefined, problems: ['too long'] } }
            : { name: text, state: 'Allocated', addresses: [] },
        );
      },
      close: (): StreamSummary => {
        this.openStreams--;
        return { written: 0, removed: 0, unchanged: 0, refused: 0, withdrawnAfterSeconds: undefined };
      },
    };
  }

  async explain(asked: string): Promise<ExplainBody | undefined> {
    if (asked === 'nobody/knows') return undefined;
    const steps: readonly ExplainStep[] = [
      {
        step: 'source',
        subject: 'static',
        verdict: 'yes',
        text: 'it is there',
        where: '/etc/herald/allocations.yaml:3:5',
      },
      {
        step: 'owner',
        subject: 'ops',
        verdict: 'note',
        text: 'it belongs to ops, and others change it only by force',
        where: '',
      },
      {
        step: 'advertisement',
        subject: 'blue',
        verdict: 'no',
        text: 'blue is for services with other labels (serviceSelectors), and so it is not announced to anybody',
        where: '/etc/herald/herald.yaml:30:5',
      },
    ];
    return { asked, kind: 'service', verdict: `${asked} is not announced: noMatchingAdvertisement`, steps };
  }

  pools(): readonly PoolBody[] {
    return this.poolBodies;
  }

  async reload(options: ReloadOptions = {}): Promise<ReloadResult> {
    this.reloads.push(options);
    return this.reloadResult;
  }

  confirm(): Confirmation {
    return this.confirmation;
  }

  async plan(request: PlanRequest): Promise<PlanResult> {
    this.planned.push(request);
    return this.planResult;
  }

  async drain(request: DrainRequest): Promise<DrainBody | DrainCalledOff> {
    this.drains.push(request);
    return this.drainResult;
  }

  undrain(): boolean {
    return ++this.undrains === 1;
  }

  commandPeer(name: string, order: PeerOrder): PeerOutcome {
    const at = this.peerBodies.findIndex((known) => known.name === name);
    const known = this.peerBodies[at];
    if (known === undefined) return 'noSuchPeer';
    if (known.adminState === 'shutdown' && order.kind !== 'disable') return 'shutDown';
    const isUp = known.adminState === 'enabled';
    if (order.kind === 'reset' || order.kind === 'refresh') {
      if (!isUp) return 'disabled';
    } else {
      if (isUp === (order.kind === 'enable')) return 'unchanged';
      this.peerBodies[at] = {
        ...known,
        ...(isUp ? { adminState: 'disabled', state: 'Idle' } : { adminState: 'enabled', state: 'Connect' }),
      };
    }
    this.commands.push([order.kind, name, 'message' in order ? order.message : ''].join(' ').trim());
    return 'done';
  }
}

function* page<T>(all: readonly T[], { limit = all.length, after = '0' }: PageRequest): Listed<T> {
  const from = Number(after);
  if (!Number.isInteger(from)) throw new BadCursor('after is not a cursor that a page of this list gave');
  yield* all.slice(from, from + limit);
  return from + limit < all.length ? String(from + limit) : undefined;
}
