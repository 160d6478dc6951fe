import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import type { ServiceAnnouncementBody, ServiceBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { Router } from './router.js';

const secret = 'correct-horse-battery';
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

type Shape = { readonly [field: string]: Shape | 'string' | 'number' | 'boolean' | 'moment' | 'list' | 'any' };

/** Every field of the contract is there with its type; fields may be added, never renamed. */
function hasShape(value: unknown, shape: Shape, path = ''): void {
  assert.ok(typeof value === 'object' && value !== null, path);
  const fields: Readonly<Record<string, unknown>> = { ...value };
  for (const [field, expected] of Object.entries(shape)) {
    const found = fields[field];
    const where = `${path}.${field}`;
    assert.ok(Object.hasOwn(fields, field), `${where} is missing`);
    if (typeof expected === 'object') hasShape(found, expected, where);
    else if (expected === 'list') assert.ok(Array.isArray(found), where);
    else if (expected === 'moment') assert.match(String(found), moment, where);
    else if (expected !== 'any') assert.equal(typeof found, expected, where);
  }
}

const counts: Shape = { open: 'number', update: 'number', notification: 'number', keepalive: 'number' };
const statusShape: Shape = {
  node: 'string',
  version: 'string',
  uptimeSeconds: 'number',
  ready: 'boolean',
  drained: 'boolean',
  draining: 'boolean',
  config: { stale: 'boolean', problems: 'list', loadedAt: 'moment' },
  sources: 'list',
  counts: {
    services: 'number',
    allocated: 'number',
    announcedBgp: 'number',
    announcedLayer2: 'number',
    peers: 'number',
    peersEstablished: 'number',
  },
};
const sourceShape: Shape = {
  name: 'string',
  kind: 'string',
  stale: 'boolean',
  problems: 'list',
  services: 'number',
};
const peerShape: Shape = {
  name: 'string',
  address: 'string',
  port: 'number',
  asn: 'number',
  localAsn: 'number',
  state: 'string',
  uptimeSeconds: 'number',
  holdTimeSeconds: 'number',
  keepaliveSeconds: 'number',
  families: 'list',
  capabilities: { local: 'list', remote: 'list' },
  announcedPrefixes: 'number',
  pendingPrefixes: 'number',
  unsentOctets: 'number',
  receivedPrefixes: 'number',
  messages: { sent: counts, received: counts },
  lastError: 'any',
  flaps: 'number',
};
const errorShape: Shape = { at: 'moment', code: 'number', subcode: 'number', text: 'string', direction: 'string' };
const serviceShape: Shape = {
  name: 'string',
  source: 'string',
  owner: 'string',
  state: 'string',
  reason: 'string',
  message: 'string',
  pool: 'string',
  addresses: 'list',
  since: 'moment',
  announcements: 'list',
};
const announcementShape: Shape = {
  prefix: 'string',
  protocol: 'string',
  via: 'string',
  state: 'string',
  reason: 'string',
};

describe('The control API', () => {
  const herald = new Herald();
  let router: Router;
  const rows = 2500;

  before(async () => {
    router = await Router.listen('127.0.0.2');
    const names = Array.from({ length: 25 }, (_, i) => `team-${i % 3}/s${i}`);
    herald.write('table.yaml', {
      services: names.map((name, i) => ({ name, addresses: [`203.0.113.${i}`, `2001:db8::${i}`] })),
    });
    const csv = Array.from({ length: rows }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    herald.write('bulk.csv', `prefix\n${csv.join('\n')}\n`);
    herald.write('key', `${secret}-file\n`);
    chmodSync(herald.path('key'), 0o600);
    herald.writeConfig({
      node: { name: 'node-a' },
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [
        router.peer('router'),
        // Nobody is there: with a key the kernel drops the refusal, so that this one stays in Connect.
        { name: 'keyed', peerAddress: '127.0.0.9', peerPort: 17999, peerASN: 64501, password: secret },
        { name: 'filed', peerAddress: '127.0.0.10', peerPort: 17999, peerASN: 64501, passwordFile: herald.path('key') },
        { name: 'refused', peerAddress: '127.0.0.11', peerPort: 17999, peerASN: 64501 },
      ],
      sources: [
        { name: 'static', file: herald.path('table.yaml') },
        { name: 'bulk', file: herald.path('bulk.csv') },
        { name: 'controller', socket: {} },
      ],
    });
    await herald.start();
    await herald.established('router');
    await eventually(
      () => router.session.routes.size,
      (size) => assert.equal(size, rows + 25),
    );
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  it('shows status in the agreed shape, with numbers that are true', async () => {
    const status = await herald.status();
    hasShape(status, statusShape);
    assert.deepEqual(
      [status.node, status.ready, status.drained, status.config.stale, status.config.problems],
      ['node-a', true, false, false, []],
    );
    assert.deepEqual(status.counts, {
      services: 26,
      allocated: 26,
      announcedBgp: 26,
      announcedLayer2: 0,
      peers: 4,
      peersEstablished: 1,
      peersDisabled: 0,
    });
    assert.deepEqual(
      status.sources.map(({ name, kind, services }) => [name, kind, services]),
      [
        ['static', 'file', 25],
        ['bulk', 'file', rows],
        ['controller', 'socket', 0],
        ['cli', 'cli', 0],
      ],
    );
    for (const source of status.sources) hasShape(source, sourceShape);
    const { sources } = await herald.get<{ sources: unknown }>('/v1/sources');
    assert.deepEqual(sources, status.sources);
  });

  it('shows peers in the agreed shape, wrapped and one by one', async () => {
    const { peers } = await herald.get<{ peers: { name: string }[] }>('/v1/peers');
    assert.deepEqual(
      peers.map(({ name }) => name),
      ['router', 'keyed', 'filed', 'refused'],
    );
    for (const peer of peers) hasShape(peer, peerShape);
    const peer = await herald.peer('router');
    assert.deepEqual(
      [peer.address, peer.port, peer.asn, peer.localAsn, peer.state, peer.families, peer.flaps, peer.lastError],
      ['127.0.0.2', router.port, 64500, 64512, 'Established', ['ipv4'], 0, null],
    );
    assert.deepEqual(
      [
        peer.announcedPrefixes,
        peer.pendingPrefixes,
        peer.receivedPrefixes,
        peer.holdTimeSeconds,
        peer.keepaliveSeconds,
      ],
      [rows + 25, 0, 0, 90, 30],
    );
    assert.equal(peer.messages.sent.open, 1);
    assert.ok(peer.capabilities.remote.includes('multiprotocol ipv4/unicast'), peer.capabilities.remote.join());
    assert.equal((await herald.call('GET', '/v1/peers/nobody')).status, 404);
  });

  it('says of a peer that cannot be reached why, in status as in the log', async () => {
    const { lastError, state } = await eventually(
      () => herald.peer('refused'),
      (peer) => assert.ok(peer.lastError),
    );
    hasShape(lastError, errorShape);
    assert.equal(lastError?.text, 'connection refused');
    assert.notEqual(state, 'Established');
    const line = await herald.hear('connectFailed');
    assert.equal(line['peer'], 'refused');
    assert.match(line.msg, /refused: connection refused/);
  });

  it('shows services and announcements in the agreed shape', async () => {
    const service = await herald.service('team-0/s0');
    hasShape(service, serviceShape);
    assert.deepEqual(
      [service.source, service.owner, service.state, service.reason, service.pool, service.addresses],
      ['static', '', 'Allocated', '', '', ['203.0.113.0', '2001:db8::']],
    );
    for (const announcement of service.announcements) hasShape(announcement, announcementShape);
    const of = (via: string, prefix: string) =>
      service.announcements.find((announcement) => announcement.via === via && announcement.prefix === prefix);
    assert.deepEqual(of('router', '203.0.113.0/32'), {
      prefix: '203.0.113.0/32',
      protocol: 'bgp',
      via: 'router',
      state: 'announced',
      reason: '',
    });
    assert.equal(of('router', '2001:db8::/128')?.reason, 'familyNotNegotiated');
    assert.equal(of('refused', '203.0.113.0/32')?.state, 'pending');
    const [first] = await herald.announcements();
    hasShape(first, { service: 'string', ...announcementShape });
    assert.equal((await herald.call('GET', '/v1/services/team-0/none')).status, 404);
  });

  it('pages services: everything once, in order, whatever the limit', async () => {
    const all = await herald.services();
    assert.equal(all.length, 26);
    for (const limit of [1, 7, 26, 1000]) {
      const seen: ServiceBody[] = [];
      let after = '';
      do {
        const page = await herald.get<{ services: ServiceBody[]; next?: string }>(
          `/v1/services?limit=${limit}${after}`,
        );
        assert.ok(page.services.length <= limit);
        seen.push(...page.services);
        after = page.next === undefined ? '' : `&after=${page.next}`;
      } while (after !== '');
      assert.deepEqual(seen, all, `limit ${limit}`);
    }
  });

  it('pages announcements and the rows of a bulk, a thousand where nobody says how many', async () => {
    const seen: ServiceAnnouncementBody[] = [];
    let after = '';
    let pages = 0;
    do {
      const page = await herald.get<{ announcements: ServiceAnnouncementBody[]; next?: string }>(
        `/v1/announcements?limit=1000${after}`,
      );
      seen.push(...page.announcements);
      after = page.next === undefined ? '' : `&after=${page.next}`;
      pages++;
    } while (after !== '');
    assert.ok(pages > 5);
    const told = seen.filter(({ via, state }) => via === 'router' && state === 'announced').map(({ prefix }) => prefix);
    assert.deepEqual(told.sort(), router.session.prefixes);
    assert.equal(new Set(seen.map(({ service, prefix, via }) => `${service} ${prefix} ${via}`)).size, seen.length);

    const first = await herald.get<{ announcements: ServiceAnnouncementBody[]; next?: string }>('/v1/announcements');
    const bulk = first.announcements.filter(({ service, via }) => service === 'default/bulk' && via === 'router');
    assert.equal(bulk.length, 1000);
    assert.ok(first.next !== undefined);
  });

  it('answers what it does not take with RFC 9457 problems', async () => {
    const asked: readonly (readonly [number, string, string, unknown?])[] = [
      [404, 'GET', '/v1/nothing'],
      [405, 'DELETE', '/v1/status'],
      [400, 'GET', '/v1/services?limit=0'],
      [400, 'GET', '/v1/services?limit=ten'],
      [400, 'GET', '/v1/services?limt=10'],
      [400, 'GET', '/v1/services?after=nonsense'],
      [400, 'GET', '/v1/announcements?after=bnVsbA'],
      [400, 'PUT', '/v1/sources/cli/services/a/b', '{"addresses":['],
      [422, 'PUT', '/v1/sources/cli/services/a/b', '[]'],
      [422, 'PUT', '/v1/sources/cli/services/a/b', 'null'],
      [404, 'PUT', '/v1/sources/none/services/a/b', {}],
      [404, 'POST', '/v1/peers/nobody/reset'],
    ];
    for (const [status, method, path, body] of asked) {
      const answer = await herald.call(method, path, body);
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      assert.equal(answer.type, 'application/problem+json', path);
      hasShape(JSON.parse(answer.text), { type: 'string', title: 'string', status: 'number', detail: 'string' });
      assert.equal(JSON.parse(answer.text).status, status);
    }
    const { openapi, paths } = await herald.get<{ openapi: string; paths: object }>('/openapi.json');
    assert.match(openapi, /^3\./);
    for (const path of ['/v1/status', '/v1/services/{namespace}/{name}', '/v1/reload'])
      assert.ok(Object.hasOwn(paths, path), path);
  });

  it('sends a peer everything again without a bounce, and bounces it when asked to', async () => {
    const before = router.session.updates;
    await herald.done('POST', '/v1/peers/router/refresh');
    await eventually(
      () => router.session.updates,
      (updates) => assert.ok(updates > before),
    );
    router.isUnbroken();
    await herald.done('POST', '/v1/peers/router/reset');
    await eventually(
      () => router.sessions.length,
      (sessions) => assert.equal(sessions, 2),
    );
    assert.equal(router.sessions[0]?.farewell, '6/4'); // RFC 4486: Administrative Reset
    await herald.established('router');
    await eventually(
      () => router.session.routes.size,
      (size) => assert.equal(size, rows + 25),
    );
    const { lastError } = await herald.peer('router');
    assert.deepEqual([lastError?.code, lastError?.subcode, lastError?.direction], [6, 4, 'sent']);
  });
});
