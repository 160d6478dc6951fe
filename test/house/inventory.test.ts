import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BadCursor, type Listed, type PageRequest } from '../../src/api/house.js';
import { listedAnnouncements, listedServices } from '../../src/house/inventory.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import type { Drain } from '../../src/plan/drain.js';
import { Listing, type PeerView, type RejectedClaim } from '../../src/plan/listing.js';
import { bulkOf, configured, type Given, service, ToldPort } from '../plan/given.js';

const since = new Date('2026-01-02T03:04:05Z');
const up: PeerView = { established: true, families: ['ipv4', 'ipv6'] };

interface World {
  readonly services?: Readonly<Record<string, Given>>;
  /** Of the source `routes`. */
  readonly bulk?: readonly string[];
  readonly shadowed?: Readonly<Record<string, Given>>;
  readonly rejected?: readonly RejectedClaim[];
  readonly peers?: Readonly<Record<string, PeerView>>;
  readonly lines?: string;
  readonly drain?: Drain;
}

function listingOf({
  services = {},
  bulk,
  shadowed = {},
  rejected = [],
  peers = {},
  lines = '',
  drain = 'off',
}: World): Listing {
  const config = configured(`sources: [{ name: static, file: /t.yaml }, { name: routes, file: /r.csv }]\n${lines}`, 2);
  const announcer = new Announcer(config, new ToldPort(), () => since);
  const named = (given: Readonly<Record<string, Given>>) =>
    Object.entries(given).map(([name, entry]) => service(name, entry));
  announcer.applyServices('static', { upserted: named(services), removed: [] });
  announcer.applyServices(cliSource, { upserted: named(shadowed), removed: [] });
  if (bulk !== undefined) announcer.applyBulk('routes', bulkOf(bulk.map((text) => [text])));
  announcer.setDrain(drain);
  return new Listing(
    announcer,
    (name) => peers[name] ?? up,
    () => new Map(rejected.map((claim) => [claim.name, [claim]])),
    () => since,
  );
}

const web: Given = { addresses: ['203.0.113.10'] };
/** `SERVICE PREFIX PEER STATE REASON`. */
const announcementsOf = (listing: Listing): string[] =>
  announcementsPage(listing, {}).items.map((item) =>
    [item.service, item.prefix, item.via, item.state, item.reason].join(' ').trim(),
  );

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

function pageOf<T>(listed: Listed<T>): Page<T> {
  const items: T[] = [];
  for (;;) {
    const { done, value } = listed.next();
    if (done === true) return { items, next: value };
    items.push(value);
  }
}

const servicesPage = (listing: Listing, request: PageRequest) => pageOf(listedServices(listing, request));
const announcementsPage = (listing: Listing, request: PageRequest) => pageOf(listedAnnouncements(listing, request));

/** All pages, each asked for with the cursor of the one before. */
function pages<T>(ask: (request: PageRequest) => Page<T>, limit?: number): (readonly T[])[] {
  const all: (readonly T[])[] = [];
  let after: string | undefined;
  do {
    const page = ask({ ...(limit === undefined ? {} : { limit }), ...(after === undefined ? {} : { after }) });
    all.push(page.items);
    after = page.next;
    assert.ok(all.length < 10_000, 'pages end');
  } while (after !== undefined);
  return all;
}

describe('Filtered lists', () => {
  const listing = listingOf({
    services: Object.fromEntries(
      Array.from({ length: 30_000 }, (_, i) => [
        `s${String(i).padStart(5, '0')}`,
        {
          addresses: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
          ...(i % 10_000 === 9_999 ? { enabled: false } : {}),
        },
      ]),
    ),
  });
  const found = (request: PageRequest): string[] =>
    pages((page) => servicesPage(listing, { ...request, ...page }), 100).flatMap((items) =>
      items.map(({ name }) => name),
    );

  it('find services by name, address and state, however many there are', () => {
    assert.deepEqual(
      found({ q: 's2999' }),
      Array.from({ length: 10 }, (_, i) => `default/s2999${i}`),
    );
    assert.deepEqual(found({ q: '10.0.1.7' }).slice(0, 1), ['default/s00263']);
    assert.equal(found({ state: 'Allocated' }).length, 30_000);
    assert.deepEqual(found({ state: 'Rejected' }), []);
  });

  it('find announcements by state and protocol', () => {
    const withheld = pages((page) => announcementsPage(listing, { ...page, state: 'withheld' }), 100).flatMap((items) =>
      items.map(({ service: name, reason }) => `${name} ${reason}`),
    );
    assert.deepEqual(
      [...new Set(withheld)],
      ['default/s09999 disabled', 'default/s19999 disabled', 'default/s29999 disabled'],
    );
    assert.deepEqual(announcementsPage(listing, { limit: 10, protocol: 'layer2' }).items, []);
  });

  it('end a page early rather than look at everything at once', () => {
    const { items, next } = servicesPage(listing, { limit: 100, q: 'nothing has this' });
    assert.deepEqual(items, []);
    assert.notEqual(next, undefined);
  });
});

describe('The list of announcements', () => {
  it('says for each peer what it is told, or why not', () => {
    const listing = listingOf({
      services: { web: { ...web, prefixes: ['2001:db8::/32'] }, off: { ...web, enabled: false } },
      peers: { 'tor-1': { established: true, families: ['ipv4'] }, 'tor-2': { established: false, families: [] } },
    });
    assert.deepEqual(announcementsOf(listing), [
      'default/off 203.0.113.10/32 tor-1 withheld disabled',
      'default/off 203.0.113.10/32 tor-2 withheld disabled',
      'default/web 203.0.113.10/32 tor-1 announced',
      'default/web 2001:db8::/32 tor-1 withheld familyNotNegotiated',
      'default/web 203.0.113.10/32 tor-2 pending',
      'default/web 2001:db8::/32 tor-2 pending',
    ]);
  });

  it('says of a drained node what would be announced without the drain, and why the rest would not', () => {
    const listing = listingOf({
      services: { web, off: { ...web, enabled: false } },
      bulk: ['192.0.2.0/24'],
      peers: { 'tor-2': { established: false, families: [] } },
      drain: 'drained',
    });
    assert.deepEqual(announcementsOf(listing), [
      'default/off 203.0.113.10/32 tor-1 withheld disabled',
      'default/off 203.0.113.10/32 tor-2 withheld disabled',
      'default/routes 192.0.2.0/24 tor-1 withheld drained',
      'default/routes 192.0.2.0/24 tor-2 withheld drained',
      'default/web 203.0.113.10/32 tor-1 withheld drained',
      'default/web 203.0.113.10/32 tor-2 withheld drained',
    ]);
  });

  it('has the rows of a bulk, each with its peers', () => {
    const listing = listingOf({ bulk: ['203.0.113.0/24', '192.0.2.0/24', '2001:db8::/32'] });
    assert.deepEqual(announcementsOf(listing), [
      'default/routes 192.0.2.0/24 tor-1 announced',
      'default/routes 192.0.2.0/24 tor-2 announced',
      'default/routes 203.0.113.0/24 tor-1 announced',
      'default/routes 203.0.113.0/24 tor-2 announced',
      'default/routes 2001:db8::/32 tor-1 announced',
      'default/routes 2001:db8::/32 tor-2 announced',
    ]);
    const withheld = listingOf({ bulk: ['192.0.2.0/24'], lines: 'bgpAdvertisements: [{ name: a, peers: [tor-1] }]' });
    assert.deepEqual(announcementsOf(withheld), [
      'default/routes 192.0.2.0/24 tor-1 announced',
      'default/routes 192.0.2.0/24 tor-2 withheld noMatchingAdvertisement',
    ]);
  });

  it('stops after a thousand rows of a bulk when nobody says how many, and goes on from there', () => {
    const listing = listingOf({ bulk: Array.from({ length: 2500 }, (_, n) => `10.${n >> 8}.${n & 255}.1/32`) });
    const found = pages((request) => announcementsPage(listing, request));
    assert.deepEqual(
      found.map(({ length }) => length),
      [2000, 2000, 1000],
    );
    assert.equal(new Set(found.flat().map(({ prefix, via }) => `${prefix} ${via}`)).size, 5000);
  });

  it('is the same in pages of any size', () => {
    const listing = listingOf({
      services: {
        a: web,
        'n/routes': { prefixes: ['192.0.2.0/24'] },
        routes: web,
        z: { addresses: ['203.0.113.1', '2001:db8::1'] },
      },
      bulk: ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16'],
    });
    const whole = announcementsPage(listing, {}).items;
    assert.equal(whole.length, 16);
    for (let limit = 1; limit < 20; limit++)
      assert.deepEqual(pages((request) => announcementsPage(listing, request), limit).flat(), whole);
  });

  it('refuses a cursor that it did not give', () => {
    const listing = listingOf({ services: { web } });
    for (const after of [
      '',
      'x',
      Buffer.from('[1,2]').toString('base64url'),
      Buffer.from('["a",-1]').toString('base64url'),
    ])
      assert.throws(() => announcementsPage(listing, { after }), BadCursor);
  });
});

describe('The list of services', () => {
  it('shows what holds, what is in its shadow, what waits and what is left alone', () => {
    const listing = listingOf({
      services: { web, none: {}, foreign: { ...web, loadBalancerClass: 'x' } },
      shadowed: { web },
      bulk: ['192.0.2.0/24', '2001:db8::/32'],
    });
    assert.deepEqual(
      servicesPage(listing, {}).items.map(({ name, source, state, reason, prefixes }) => [
        name,
        source,
        state,
        reason,
        prefixes,
      ]),
      [
        ['default/foreign', 'static', 'Ignored', 'loadBalancerClass', undefined],
        ['default/none', 'static', 'Rejected', 'noAddresses', undefined],
        ['default/routes', 'routes', 'Allocated', '', 2],
        ['default/web', 'static', 'Allocated', '', undefined],
        ['default/web', 'cli', 'Shadowed', 'shadowed', undefined],
      ],
    );
    assert.deepEqual(listing.items('default/web')[0]?.addresses, ['203.0.113.10']);
    assert.equal(listing.items('default/web')[0]?.since, since.toISOString());
    assert.deepEqual(listing.items('default/unknown'), []);
  });

  it('shows a rejected entry, and by its side that its last good version stays in force', () => {
    const rejected = ['web', 'new'].map((name) => ({
      source: 'static',
      name: `default/${name}`,
      isRepeat: false,
      message: 't.yaml:3:5: it is wrong',
      where: 't.yaml:3:5',
    }));
    const listing = listingOf({ services: { web }, rejected });
    const items = servicesPage(listing, {}).items;
    assert.deepEqual(
      items.map(({ name, state, announcements }) => [name, state, announcements.length]),
      [
        ['default/new', 'Rejected', 0],
        ['default/web', 'Rejected', 2],
      ],
    );
    assert.match(items[1]!.message, /version before stays in force/);
  });

  it('is the same in pages of any size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
        fc.integer({ min: 1, max: 6 }),
        (names, limit) => {
          const services = Object.fromEntries(names.map((name) => [name, web]));
          const listing = listingOf({ services, shadowed: services });
          const found = pages((request) => servicesPage(listing, request), limit);
          assert.deepEqual(found.flat(), servicesPage(listing, {}).items);
          for (const page of found.slice(0, -1)) assert.ok(page.length >= limit);
        },
      ),
      { numRuns: 30 },
    );
  });
});
