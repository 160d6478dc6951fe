import assert from 'node:assert/strict';
import type { ExplainBody } from '../../src/api/house.js';
import type { PeerStatus } from '../../src/bgp/protocol.js';
import { readDocument } from '../../src/config/document.js';
import { placeIn } from '../../src/config/places.js';
import { explain } from '../../src/explain/explain.js';
import { DampedTable } from '../../src/house/damped-table.js';
import { sha256 } from '../../src/io/sha256.js';
import { matcher, segments } from '../../src/l2/interfaces.js';
import type { LanReason, LanState } from '../../src/l2/wish.js';
import { formatPrefix, type Prefix } from '../../src/net/address.js';
import { Announcer } from '../../src/plan/announcer.js';
import { Listing, type RejectedClaim } from '../../src/plan/listing.js';
import { formatPlace, formatProblem } from '../../src/problem.js';
import { YamlTable } from '../../src/table/yaml-table.js';
import { peer, quietLog } from '../api/fake-house.js';
import { accepts } from '../config/given.js';
import { link } from '../l2/given.js';
import { type BulkRow, bulkOf, ToldPort } from '../plan/given.js';

const since = new Date('2026-01-02T03:04:05Z');

const head = `node: { name: node-a }
bgp: { asn: 64512 }
bgpPeers:
  - name: tor-1
    peerAddress: 10.0.0.1
    peerASN: 64500
sources: [{ name: static, file: /t/static.yaml }, { name: later, file: /t/later.yaml }, { name: pushed, socket: {} }]
`;
/** Behind the head, from line 8 on. */
const production = `addressPools:
  - name: production
    addresses: [203.0.113.0/24]
`;
const pools = `${production}  - name: lab
    addresses:
      - 198.51.100.0/28
      - 198.51.100.64-198.51.100.79
`;
const lan = 'l2Advertisements:\n  - name: lan\n';

interface World {
  readonly head?: string;
  /** Behind the head. */
  readonly lines?: string;
  /** By source; those of files as YAML. */
  readonly tables?: Readonly<Record<string, string>>;
  readonly rows?: readonly BulkRow[];
  readonly stale?: readonly string[];
  /** What the peers are beyond Established. */
  readonly peers?: Readonly<Record<string, Partial<PeerStatus>>>;
  /** Undefined: nobody serves the LAN. */
  readonly lanState?: LanState;
  readonly nowMs?: () => number;
}

/** A running herald's tables, without the herald. */
class House {
  readonly #world: World;
  readonly #text: string;
  readonly announcer: Announcer;
  readonly #listing: Listing;
  readonly #damped: DampedTable;
  readonly #tables = new Map<string, YamlTable>();
  readonly #rejected = new Map<string, RejectedClaim[]>();

  constructor(world: World) {
    this.#world = world;
    this.#text = `${world.head ?? head}${world.lines ?? pools}`;
    this.announcer = new Announcer(accepts(this.#text), new ToldPort(), () => since);
    const timers = { after: () => ({ cancel: () => {} }) };
    this.#damped = new DampedTable(
      this.announcer,
      { log: quietLog, timers, nowMs: world.nowMs ?? (() => 0) },
      () => {},
    );
    this.#listing = new Listing(
      this.announcer,
      (name) => {
        const { state, families } = this.#peer(name);
        return { established: state === 'Established', families };
      },
      () => this.#rejected,
      () => since,
      this.#damped,
    );
    if (world.lanState !== undefined) this.#serveLan(world.lanState);
    for (const [source, text] of Object.entries(world.tables ?? {})) this.read(source, text);
    if (world.rows !== undefined) this.announcer.applyBulk('later', bulkOf(world.rows));
  }

  read(source: string, text: string): void {
    const table = this.#tables.get(source) ?? new YamlTable(`/t/${source}.yaml`, new Map());
    this.#tables.set(source, table);
    const change = table.update(text);
    assert(change.kind === 'services', change.problems.map(formatProblem).join('\n'));
    this.#damped.apply(source, change, false);
    this.#rejected.clear();
    for (const { name = '', isRepeat, problems } of change.rejected)
      this.#rejected.set(name, [
        ...(this.#rejected.get(name) ?? []),
        {
          source,
          name,
          isRepeat,
          message: problems.map(formatProblem).join('; '),
          where: problems.map(({ where }) => formatPlace(where))[0] ?? '',
        },
      ]);
  }

  #serveLan(state: LanState): void {
    const eth0 = link(1, 'eth0', { addresses: ['10.0.0.11/24'] });
    const port = { want: () => {}, announced: 0, pendingWithdrawals: 0, state: () => state };
    const facts = { segments: segments([eth0], matcher([])), membership: { isAlive: () => true } };
    this.announcer.lan.attach(port, facts, sha256);
  }

  #peer(name: string): PeerStatus {
    return peer(name, this.#world.peers?.[name]);
  }

  explain(asked: string): Promise<ExplainBody | undefined> {
    const document = readDocument(this.#text, 'h.yaml');
    return explain(asked, {
      announcer: this.announcer,
      listing: this.#listing,
      peers: this.announcer.config.bgpPeers.map(({ name }) => this.#peer(name)),
      lanProblems: [],
      isStale: (source) => this.#world.stale?.includes(source) === true,
      places: {
        config: (...steps) => {
          const place = placeIn(document, steps);
          return place === undefined ? '' : formatPlace(place);
        },
        entry: (source, name) => {
          const place = this.#tables.get(source)?.placeOf(name);
          return place === undefined || source === 'pushed' ? '' : formatPlace({ file: `${source}.yaml`, ...place });
        },
        row: async (source: string, prefix: Prefix) => `${source}.csv ${formatPrefix(prefix)}`,
      },
    });
  }
}

async function ask(asked: string, world: World | House): Promise<ExplainBody> {
  const body = await (world instanceof House ? world : new House(world)).explain(asked);
  assert(body !== undefined, `${asked} is unknown`);
  return body;
}

/** `yes source static.yaml:1:13 text`, a line each. */
const told = ({ steps }: ExplainBody): string[] =>
  steps.map(({ step, verdict, where, text }) => [verdict, step, where, text].filter((word) => word !== '').join(' '));

/** Of a service, from a world. */
const chain = async (world: World, asked = 'web'): Promise<string[]> => told(await ask(asked, world));
const only = (lines: readonly string[], step: string): string[] => lines.filter((line) => line.split(' ')[1] === step);

const table = (...entries: readonly string[]): string =>
  `services:\n${entries.map((entry) => `  - ${entry}\n`).join('')}`;
const web = '{ name: web, addresses: [203.0.113.10] }';

describe('To explain a service', () => {
  it('goes from its line of the table to the wire, with the line that decided at each step', async () => {
    const body = await ask('web', { tables: { static: table(web) } });
    assert.equal(body.kind, 'service');
    assert.equal(body.verdict, 'default/web is announced: tor-1');
    assert.deepEqual(told(body), [
      'yes source static.yaml:2:5 default/web is in the source static',
      'yes class it has no class, and needs none',
      'yes allocation static.yaml:2:5 it has 203.0.113.10 from the pool production, as its entry asks',
      'yes advertisement default speaks of it over BGP',
      'yes node node-a may announce it',
      'yes peer h.yaml:4:5 the session with tor-1 is Established',
      'yes wire 203.0.113.10/32 is announced to tor-1',
    ]);
  });

  it('names the range of the pool that an address is from', async () => {
    const lines = await chain({ tables: { static: table('{ name: web, addressPool: lab }') } });
    assert.deepEqual(only(lines, 'allocation'), ['yes allocation h.yaml:13:9 it has 198.51.100.0 from the pool lab']);
  });

  it('says what is announced with it', async () => {
    const lines = await chain({
      lines: `${production}bgpAdvertisements:
  - { name: blue, communities: ["64512:100", large:64512:1:2], med: 5, aggregationLength: 24 }
`,
      tables: { static: table(web) },
    });
    assert.deepEqual(only(lines, 'advertisement'), ['yes advertisement h.yaml:12:5 blue speaks of it over BGP']);
    assert.deepEqual(only(lines, 'wire'), [
      'yes wire 203.0.113.0/24 is announced to tor-1, with communities 64512:100 large:64512:1:2, MED 5',
    ]);
  });

  it('says that the node is drained, of an aggregate as well', async () => {
    const house = new House({
      lines: `${production}bgpAdvertisements: [{ name: blue, aggregationLength: 24 }]\n`,
      tables: { static: table(web) },
    });
    house.announcer.setDrain('grace');
    assert.deepEqual(only(told(await ask('web', house)), 'wire'), [
      'yes wire 203.0.113.0/24 is announced to tor-1, with communities 65535:0, local preference 0',
    ]);
    house.announcer.setDrain('drained');
    for (const asked of ['web', '203.0.113.10', '203.0.113.0/24']) {
      const body = await ask(asked, house);
      assert.equal(body.verdict, 'default/web is not announced: drained');
      assert.deepEqual(only(told(body), 'node'), ['no node the node is drained; `herald undrain` announces it again']);
    }
  });

  it('says whose it is', async () => {
    const owned = await chain({ tables: { static: table('{ name: web, addresses: [203.0.113.10], owner: ops }') } });
    assert.deepEqual(only(owned, 'owner'), ['note owner static.yaml:2:5 it belongs to ops']);
    const pushed = await chain({ tables: { pushed: table(web) } });
    assert.deepEqual(pushed.slice(0, 3), [
      'yes source default/web is in the source pushed',
      'yes class it has no class, and needs none',
      'note owner it belongs to nobody: whoever may write may change it',
    ]);
  });

  it('stops at a foreign class', async () => {
    const lines = `loadBalancerClass: ours\n${pools}`;
    assert.deepEqual(await chain({ lines, tables: { static: table('{ name: web, loadBalancerClass: theirs }') } }), [
      'yes source static.yaml:2:5 default/web is in the source static',
      'no class h.yaml:8:1 it has the class theirs, which is not one that this herald takes',
    ]);
    const taken = await chain({ lines, tables: { static: table('{ name: web, loadBalancerClass: ours }') } });
    assert.deepEqual(only(taken, 'class'), ['yes class h.yaml:8:1 it has the class ours, which this herald takes']);
  });

  it('says of a shadowed claim which entry it is in the shadow of', async () => {
    const body = await ask('web', { tables: { static: table(web), later: table(web) } });
    assert.match(body.verdict, /^default\/web is announced: tor-1$/);
    assert.deepEqual(told(body).slice(-1), [
      'no source static.yaml:2:5 the source static has this service, and ranks before later',
    ]);
  });

  it('says what is wrong with a rejected entry, and that its last good version goes on', async () => {
    const house = new House({ tables: { static: table(web) } });
    house.read('static', table('{ name: web, addresses: [203.0.113.1000] }', '{ name: new, adresses: [] }'));
    const kept = told(await ask('web', house));
    assert.match(
      kept[0] ?? '',
      /^no source \/t\/static\.yaml:2:30 .*"203\.0\.113\.1000" is not an IP address; the version before stays in force$/,
    );
    assert.equal(kept.at(-1), 'yes wire 203.0.113.10/32 is announced to tor-1');
    const body = await ask('new', house);
    assert.match(body.verdict, /^default\/new is not announced: .*did you mean addresses\?$/);
    assert.equal(body.steps.length, 1);
    assert.equal(body.steps[0]?.where, '/t/static.yaml:3:28');
  });

  it('says of an entry that repeats a name where it stands', async () => {
    const lines = await chain({ tables: { static: table(web, web) } });
    assert.equal(
      lines.at(-1),
      'no source /t/static.yaml:3:5 /t/static.yaml:3:5: services[1]: the name default/web is taken by the entry in line 2',
    );
  });

  it('says that its file cannot be used as it is now', async () => {
    const lines = await chain({ tables: { static: table(web) }, stale: ['static'] });
    assert.match(lines[0] ?? '', /^note source .*cannot be used as it is now: what it said before counts$/);
  });

  it('says that an entry flaps, and how long it is held', async () => {
    const house = new House({ tables: { static: table(web) } });
    for (let i = 11; i < 18; i++) house.read('static', table(`{ name: web, addresses: [203.0.113.${i}] }`));
    const lines = only(told(await ask('web', house)), 'allocation');
    assert.match(
      lines[0] ?? '',
      /^note allocation static\.yaml:2:5 it has 203\.0\.113\.15 .*; Flapping: its addresses changed more than 5 times in 60 s, by the source static; /,
    );
  });

  for (const [what, entry, line] of [
    ['outside every pool', '{ name: web, addresses: [192.0.2.1] }', 'static.yaml:2:5 192.0.2.1 is in no address pool'],
    ['of a pool that is not there', '{ name: web, addressPool: blue }', 'static.yaml:2:5 unknown pool "blue"'],
  ] as const)
    it(`stops at an address ${what}`, async () => {
      const lines = await chain({ tables: { static: table(entry) } });
      assert.equal(lines.at(-1), `no allocation ${line}`);
    });

  it('stops at a pool that is full, or draining', async () => {
    const small = 'addressPools:\n  - { name: small, addresses: [203.0.113.0/32], state: active }\n';
    const full = await chain({ lines: small, tables: { static: table('name: a', 'name: web') } });
    assert.match(full.at(-1) ?? '', /^no allocation h\.yaml:8:1 /);
    const draining = small.replace('active', 'draining');
    const lines = await chain({
      lines: draining,
      tables: { static: table('{ name: web, addresses: [203.0.113.0] }') },
    });
    assert.equal(lines.at(-1), 'no allocation h.yaml:9:49 203.0.113.0 is in the pool small, which is draining');
  });

  it('says of an address out of its pool which line keeps it there', async () => {
    const house = new House({ tables: { static: table('{ name: web, addressPool: lab }') } });
    const gone = 'addressPools:\n  - { name: lab, addresses: [192.0.2.0/24], onRevoke: keep }\n';
    house.announcer.configure(accepts(`${head}${gone}`), true);
    const [line] = only(told(await ask('web', house)), 'allocation');
    assert.match(
      line ?? '',
      /^note allocation .*it has 198\.51\.100\.0 from the pool lab; OutOfPool: .*onRevoke: keep/,
    );
  });

  it('says why no advertisement speaks of it, one by one', async () => {
    const lines = `${pools}bgpAdvertisements:
  - name: lab
    ipAddressPools: [lab]
  - name: canary
    serviceSelectors: [{ matchLabels: { canary: "yes" } }]
  - name: other
    nodeSelectors:
      - { matchLabels: { rack: r9 } }
`;
    const body = await ask('web', { lines, tables: { static: table(web) } });
    assert.equal(
      body.verdict,
      'default/web is not announced: noMatchingAdvertisement'.replace('noMatchingAdvertisement', 'notThisNode'),
    );
    assert.deepEqual(only(told(body), 'advertisement'), [
      'no advertisement h.yaml:17:5 lab is for addresses of the pool lab',
      'no advertisement h.yaml:19:5 canary is for services with other labels (serviceSelectors)',
      'no advertisement h.yaml:21:5 other is for other nodes than node-a (nodeSelectors)',
    ]);
    assert.deepEqual(only(told(body), 'node'), [
      'no node h.yaml:21:5 what speaks of it is for other nodes than node-a',
    ]);
    assert.equal(told(body).at(-1), 'no wire 203.0.113.10/32 is announced to nobody');
    const none = await chain({ lines: `${pools}bgpAdvertisements: []\n`, tables: { static: table(web) } });
    assert.deepEqual(only(none, 'advertisement'), [
      'no advertisement h.yaml:15:1 bgpAdvertisements has no items: nothing is announced over BGP',
    ]);
  });

  it('says to whom no advertisement speaks of it', async () => {
    const more = '  - { name: tor-2, peerAddress: 10.0.0.2, peerASN: 64500 }\nsources:';
    const body = await ask('web', {
      head: head.replace('sources:', more),
      lines: `${pools}bgpAdvertisements: [{ name: one, peers: [tor-1] }]\n`,
      tables: { static: table(web) },
    });
    assert.equal(body.verdict, 'default/web is announced: tor-1; not everywhere: noMatchingAdvertisement');
    assert.deepEqual(only(told(body), 'advertisement'), [
      'yes advertisement h.yaml:16:21 one speaks of it over BGP, to tor-1',
      'no advertisement no advertisement speaks of it to tor-2',
    ]);
  });

  it('says that advertisements contradict each other', async () => {
    const lines = `${pools}bgpAdvertisements:
  - { name: a, med: 1, ipAddressPools: [production] }
  - { name: b, med: 2 }
`;
    const body = await ask('web', { lines, tables: { static: table(web) } });
    assert.match(body.verdict, /conflictingAdvertisements$/);
    assert.match(only(told(body), 'advertisement').at(-1) ?? '', /^no .*contradict each other.* to tor-1$/);
  });

  for (const [what, entry, text] of [
    ['enabled: false', 'enabled: false', 'its entry says enabled: false'],
    ['nodes', 'nodes: [node-b, node-c]', 'its entry is for node-b and node-c and not for node-a'],
    ['endpoints', 'endpoints: []', 'its entry lists endpoints, and none of them serves'],
    [
      'endpoints elsewhere',
      'externalTrafficPolicy: Local, endpoints: [{ node: node-b }]',
      'externalTrafficPolicy is Local, and no endpoint on this node serves',
    ],
  ] as const)
    it(`says that the node may not: ${what}`, async () => {
      const lines = await chain({ tables: { static: table(`{ name: web, addresses: [203.0.113.10], ${entry} }`) } });
      assert.deepEqual(only(lines, 'node'), [`no node static.yaml:2:5 ${text}`]);
      assert.deepEqual(only(lines, 'peer'), []);
      assert.deepEqual(only(lines, 'wire'), ['no wire 203.0.113.10/32 is announced to nobody']);
    });

  it('says why a session does not carry it', async () => {
    const down = {
      state: 'Active',
      lastError: { at: '', code: 0, subcode: 0, text: 'refused', direction: 'local' },
    } as const;
    const tables = { static: table('{ name: web, addresses: [203.0.113.10, "2001:db8::1"] }') };
    const lines = '';
    assert.deepEqual(only(await chain({ lines, tables, peers: { 'tor-1': down } }), 'peer'), [
      'no peer h.yaml:4:5 the session with tor-1 is Active: refused',
    ]);
    const body = await ask('web', { lines, tables });
    assert.equal(body.verdict, 'default/web is announced: tor-1; not everywhere: familyNotNegotiated');
    assert.deepEqual(only(told(body), 'peer'), [
      'yes peer h.yaml:4:5 the session with tor-1 is Established',
      'no peer h.yaml:4:5 the session with tor-1 does not carry its family: it carries IPv4 only',
    ]);
    const keptDown = async (adminState: 'disabled' | 'shutdown'): Promise<string[]> =>
      only(await chain({ lines, tables, peers: { 'tor-1': { state: 'Idle', adminState } } }), 'peer');
    assert.deepEqual(await keptDown('shutdown'), ['no peer h.yaml:4:5 the session with tor-1 is shut down']);
    assert.deepEqual(await keptDown('disabled'), [
      'no peer h.yaml:4:5 the session with tor-1 is disabled: `herald peers enable tor-1` takes it up again',
    ]);
  });

  it('says that there is nobody to tell', async () => {
    const house = new House({ tables: { static: table(web) } });
    house.announcer.configure({ ...house.announcer.config, bgpPeers: [] }, true);
    const body = await ask('web', house);
    assert.equal(body.verdict, 'default/web is not announced: nothing speaks of it');
    assert.match(told(body).at(-1) ?? '', /^no peer this node has no bgpPeers, .*: there is nobody to tell$/);
  });

  it('says what is announced on the LAN, and who was elected', async () => {
    const world = (members: string, lanState: LanState = { state: 'announced', reason: '' }): World => ({
      lines: `${pools}${lan}election:\n  members: [${members}]\nbgpAdvertisements: []\n`,
      tables: { static: table(web) },
      lanState,
    });
    const alone = await chain(world('{ name: node-a }'));
    assert.deepEqual(alone.slice(3), [
      'no advertisement h.yaml:19:1 bgpAdvertisements has no items: nothing is announced over BGP',
      'yes advertisement h.yaml:16:5 lan speaks of it on the LAN',
      'yes node node-a may announce it',
      'yes election h.yaml:18:3 on the LAN node-a is elected, of node-a',
      'yes interface h.yaml:16:5 eth0 serves it',
      'yes wire 203.0.113.10/32 is announced on eth0',
    ]);
    const other = await chain(world('{ name: node-b }'));
    assert.deepEqual(only(other, 'election'), [
      'no election h.yaml:18:3 on the LAN node-b announces it: elected of node-b; node-a does not stand',
    ]);
    const probing: LanReason = 'probing';
    const asking = await chain(world('{ name: node-a }', { state: 'pending', reason: probing }));
    assert.deepEqual(only(asking, 'interface'), [
      'no interface h.yaml:16:5 eth0: others are being asked whether they have it',
    ]);
    const contested = await chain(world('{ name: node-a }', { state: 'announced', reason: 'conflict' }));
    assert.deepEqual(only(contested, 'interface'), ['note interface h.yaml:16:5 eth0: another host claims it']);
  });

  it('says that no interface is for it', async () => {
    const lines = `${pools}${lan}    interfaces: [eth7]\n`;
    const body = await chain({ lines, tables: { static: table(web) }, lanState: { state: 'announced', reason: '' } });
    assert.deepEqual(only(body, 'interface'), [
      'no interface h.yaml:17:5 no interface that an advertisement names is here, or none is fit for ARP and NDP',
    ]);
  });

  it('knows nothing of what nobody has heard of', async () => {
    assert.equal(await new House({ tables: { static: table(web) } }).explain('shop/nothing'), undefined);
  });
});

describe('To explain an address', () => {
  it('says which pool it is in and who has it', async () => {
    const body = await ask('203.0.113.10', { tables: { static: table(web) } });
    assert.equal(body.kind, 'address');
    assert.deepEqual(told(body).slice(0, 2), [
      'yes allocation h.yaml:10:17 the pool production covers it',
      'yes source static.yaml:2:5 default/web is in the source static',
    ]);
  });

  it('leaves out what is about other addresses of the service', async () => {
    const tables = { static: table('{ name: web, addresses: [203.0.113.10, "2001:db8::1"] }') };
    const body = await ask('2001:db8::1', { lines: '', tables });
    assert.equal(body.verdict, 'default/web is not announced: familyNotNegotiated');
    assert.deepEqual(only(told(body), 'wire'), ['no wire 2001:db8::1/128 is announced to nobody']);
  });

  it('of a pool that nobody has, and one that no pool has', async () => {
    assert.equal((await ask('203.0.113.99', {})).verdict, '203.0.113.99 is in pool production, allocated to nobody');
    const body = await ask('192.0.2.1', {});
    assert.equal(body.verdict, '192.0.2.1 is in no address pool and allocated to nobody');
    assert.deepEqual(told(body), [
      'no allocation h.yaml:8:1 no address pool covers it',
      'no source no entry asks for it, and none announces a prefix that it is in',
    ]);
  });

  it('names all that share it', async () => {
    const share = (name: string, port: number) =>
      `{ name: ${name}, addresses: [203.0.113.10], allowSharedIP: k, ports: [{ port: ${port} }] }`;
    const body = await ask('203.0.113.10/32', { tables: { static: table(share('a', 80), share('b', 443)) } });
    assert.equal(body.verdict, 'default/a is announced: tor-1, and 1 more has to do with it');
    assert.equal(only(told(body), 'source').length, 2);
  });

  it('names whoever asks for it in vain', async () => {
    const tables = { static: table(web), later: table('{ name: other, addresses: [203.0.113.10] }') };
    const lines = told(await ask('203.0.113.10', { tables }));
    assert.match(
      only(lines, 'allocation').at(-1) ?? '',
      /^no allocation later\.yaml:2:5 203\.0\.113\.10 is in use by default\/web/,
    );
  });

  it('says whose it was, while it rests', async () => {
    const house = new House({ tables: { static: table('name: web') } });
    house.read('static', 'services: []\n');
    const body = await ask('198.51.100.0', house);
    assert.equal(body.verdict, '198.51.100.0 is in pool lab, allocated to nobody');
    assert.match(
      told(body)[1] ?? '',
      /^note allocation it rests: default\/web had it, .* until 2026-01-02T03:09:05\.000Z /,
    );
  });

  it('says whom it is kept for, whose entry has not come yet', async () => {
    const house = new House({});
    const holding = { service: 'default/ghost', addresses: ['203.0.113.7'], pool: 'production', since: 0 };
    house.announcer.allotment.restore({ holdings: [holding], releases: [] });
    const body = await ask('203.0.113.7', house);
    assert.equal(body.verdict, '203.0.113.7 is in pool production, kept for default/ghost');
    assert.match(told(body)[1] ?? '', /^note allocation it is kept for default\/ghost, whose entry has not been read/);
  });

  it('says that its pool is draining, disabled, or never gives it', async () => {
    const pool = (more: string) => `addressPools: [{ name: p, addresses: [203.0.113.0/24], ${more} }]\n`;
    for (const [more, line] of [
      ['state: draining', 'note allocation h.yaml:8:56 the pool p covers it, and is draining: it gives nothing new'],
      ['state: disabled', 'no allocation h.yaml:8:56 the pool p covers it, and is disabled: as if it were not there'],
      [
        'avoidBuggyIPs: true',
        'no allocation h.yaml:8:56 the pool p covers it, and gives no address that ends in .0 or .255',
      ],
    ] as const)
      assert.deepEqual(told(await ask('203.0.113.255', { lines: pool(more) }))[0], line);
  });

  it('says that a service announces a prefix that it is in', async () => {
    const body = await ask('192.0.2.7', { tables: { static: table('{ name: block, prefixes: [192.0.2.0/24] }') } });
    assert.equal(body.verdict, 'default/block is announced: tor-1');
    assert.equal(told(body).at(-1), 'yes wire 192.0.2.0/24 is announced to tor-1');
  });

  it('says that it is announced together with others', async () => {
    const lines = `${production}bgpAdvertisements: [{ name: all, aggregationLength: 24 }]\n`;
    const body = await ask('203.0.113.99', { lines, tables: { static: table(web) } });
    assert.equal(
      body.verdict,
      '203.0.113.99 is in pool production, allocated to nobody; 203.0.113.0/24, which it is in, is announced for default/web',
    );
  });

  it('finds the row of a bulk that it is in', async () => {
    const rows: BulkRow[] = [['192.0.2.0/24', { med: 7 }], ['198.18.0.0/15']];
    const body = await ask('192.0.2.7', { lines: '', rows });
    assert.equal(body.verdict, '192.0.2.0/24 of default/later is announced: tor-1');
    assert.deepEqual(told(body), [
      'yes source later.csv 192.0.2.0/24 192.0.2.0/24 is a row of the source later',
      'yes allocation rows need no pool: they are announced as they are',
      'yes advertisement default speaks of it over BGP',
      'yes node node-a may announce it',
      'yes peer h.yaml:4:5 the session with tor-1 is Established',
      'yes wire 192.0.2.0/24 is announced to tor-1, with MED 7',
    ]);
    const whole = await ask('later', { lines: '', rows });
    assert.equal(whole.verdict, 'default/later is announced: tor-1');
    assert.equal(told(whole).at(-1), 'yes wire each of its 2 IPv4 prefixes is announced to tor-1');
  });
});

describe('To explain a prefix', () => {
  it('finds who announces it as it is, or as an aggregate', async () => {
    const block = await ask('192.0.2.0/24', { tables: { static: table('{ name: block, prefixes: [192.0.2.0/24] }') } });
    assert.deepEqual([block.kind, block.verdict], ['prefix', 'default/block is announced: tor-1']);
    const lines = `${production}bgpAdvertisements: [{ name: all, aggregationLength: 24 }]\n`;
    const aggregate = await ask('203.0.113.0/24', { lines, tables: { static: table(web) } });
    assert.equal(aggregate.verdict, 'default/web is announced: tor-1');
  });

  it('is not taken for its first address', async () => {
    const body = await ask('203.0.113.0/24', { tables: { static: table('{ name: web, addresses: [203.0.113.0] }') } });
    assert.equal(body.verdict, 'nothing is announced as 203.0.113.0/24');
    assert.deepEqual(told(body), ['note allocation it holds addresses of default/web']);
  });

  it('says what it is a part of', async () => {
    const rows: BulkRow[] = [['192.0.2.0/24']];
    const body = await ask('192.0.2.128/25', { lines: '', rows });
    assert.equal(body.verdict, 'nothing is announced as 192.0.2.128/25');
    assert.deepEqual(told(body), ['note wire a shorter prefix, which it is in, is announced for default/later']);
    assert.equal(
      (await ask('192.0.2.0/24', { lines: '', rows })).verdict,
      '192.0.2.0/24 of default/later is announced: tor-1',
    );
  });
});
