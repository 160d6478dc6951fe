import assert from 'node:assert/strict';
import { anInterface, peer, service } from '../api/fake-house.js';
import { Served } from '../api/served.js';
import { type Outcome, type } from './operator.js';

describe('herald, asked how things are', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  const ask = (line: string, world: Parameters<typeof type>[1] = {}): Promise<Outcome> =>
    type([...line.split(' '), '--socket', served.socket], world);

  it('gives with --json what the API gives', async () => {
    const calls = {
      status: '/v1/status',
      peers: '/v1/peers',
      'peers tor-1': '/v1/peers/tor-1',
      services: '/v1/services',
      'services shop/web': '/v1/services/shop/web',
      announcements: '/v1/announcements',
      interfaces: '/v1/interfaces',
      'explain 192.0.2.0/24': '/v1/explain/192.0.2.0%2F24',
      pools: '/v1/pools',
      sources: '/v1/sources',
      'explain shop/web': '/v1/explain/shop/web',
    };
    for (const [line, path] of Object.entries(calls)) {
      const { code, out, err } = await ask(`${line} --json`);
      assert.deepEqual(
        { line, code, err, out },
        { line, code: 0, err: '', out: `${(await served.ask('GET', path)).text}\n` },
      );
    }
  });

  it('says of a node that it is drained, or about to be', async () => {
    const { statusBody } = served.house;
    for (const [changes, said] of [
      [{ draining: true }, 'ready, draining, up'],
      [{ drained: true }, 'ready, drained, up'],
    ] as const) {
      served.house.statusBody = { ...statusBody, ...changes };
      assert.ok((await ask('status')).out.includes(said), said);
    }
  });

  it('says on one screen how it is and what is wrong', async () => {
    served.house.statusBody = {
      ...served.house.statusBody,
      config: { ...served.house.statusBody.config, stale: true, problems: ['herald.yaml:3:5: bgp.asn: is missing'] },
      listeners: [{ address: '10.0.0.11', port: 179, problem: '10.0.0.11 port 179 is in use' }],
    };
    served.house.sourceBodies = [
      { name: 'static', kind: 'file', file: 'a.yaml', stale: true, problems: ['a.yaml: does not exist'], services: 0 },
    ];
    const { code, out } = await ask('status');
    assert.equal(code, 0);
    assert.equal(
      out,
      `herald 1.2.3 on node-a: ready, up 1m1s

Configuration  /etc/herald/herald.yaml, loaded 2026-01-02 03:04:05 UTC
               stale: the file is not in force, an earlier configuration is
Sources        static
               stale: static
Services       1, 1 allocated, 1 announced over BGP
BGP peers      1 of 1 established
Listening      10.0.0.11 port 179

3 problems:
herald.yaml:3:5: bgp.asn: is missing
source static: a.yaml: does not exist
10.0.0.11 port 179 is in use
`,
    );
  });

  it('says what waits to be confirmed, and where it can be looked at', async () => {
    const { config } = served.house.statusBody;
    const wayBack = { confirmBefore: '2026-01-02T04:05:05Z', fallback: { loadedAt: '2026-01-01T01:02:03Z' } };
    served.house.statusBody = {
      ...served.house.statusBody,
      config: { ...config, ...wayBack },
      http: { address: '127.0.0.1', port: 7472, problem: 'cannot listen on 127.0.0.1:80: permission denied' },
    };
    const { out } = await ask('status');
    assert.equal(
      out.slice(out.indexOf('Configuration')),
      `Configuration  /etc/herald/herald.yaml, loaded 2026-01-02 03:04:05 UTC
               to be confirmed before 2026-01-02 04:05:05 UTC, or else
               the one loaded 2026-01-01 01:02:03 UTC comes back
Sources        static, cli
Services       1, 1 allocated, 1 announced over BGP
BGP peers      1 of 1 established
HTTP           127.0.0.1 port 7472

1 problem:
cannot listen on 127.0.0.1:80: permission denied
`,
    );
  });

  it('shows the peers in a table, with what went wrong last', async () => {
    const lastError = {
      at: '2026-01-02T03:04:05Z',
      code: 2,
      subcode: 2,
      text: 'bad peer AS',
      direction: 'received',
    } as const;
    served.house.peerBodies.push(
      peer('spine', {
        address: '2001:db8::1',
        asn: null,
        state: 'Active',
        uptimeSeconds: 0,
        lastError,
        pendingPrefixes: 3,
      }),
    );
    const { out } = await ask('peers');
    assert.equal(
      out,
      `NAME   ADDRESS        ASN  STATE          UP  SENT  WAITING  LAST ERROR
tor-1  10.0.0.1     64500  Established  1h1m     3
spine  2001:db8::1      ?  Active                3        3  received 2/2 bad p…
`,
    );
  });

  it('shows one peer in full', async () => {
    const { out } = await ask('peers tor-1');
    for (const expected of [/State +Established/, /Peer offers +multiprotocol ipv4, routeRefresh/, /keepalive +40 +40/])
      assert.match(out, expected);
  });

  it('shows of a service where it is announced, where not, and why', async () => {
    served.house.table.set(
      'default/api',
      service('default/api', {
        addresses: ['203.0.113.20', '2001:db8::20'],
        announcements: [
          { prefix: '203.0.113.20/32', protocol: 'bgp', via: 'tor-1', state: 'announced', reason: '' },
          {
            prefix: '2001:db8::20/128',
            protocol: 'bgp',
            via: 'tor-1',
            state: 'withheld',
            reason: 'familyNotNegotiated',
          },
        ],
      }),
    );
    assert.equal(
      (await ask('services')).out,
      `NAME         STATE      SOURCE  ADDRESSES          ANNOUNCED  REASON
shop/web     Allocated  static  203.0.113.10             1/1
default/api  Allocated  static  203.0.113.20 200…        1/2  familyNotNegotiat…
`,
    );
    const { out } = await ask('services api');
    assert.match(out, /Service +default\/api/);
    assert.match(out, /2001:db8::20\/128 +tor-1 +bgp +withheld +familyNotNegotiated/);
  });

  it('shows a rejected service with the reason in words', async () => {
    const message = '192.0.2.1 is in no address pool';
    served.house.table.set(
      'shop/web',
      service('shop/web', { state: 'Rejected', reason: 'AddressNotInPool', message, announcements: [] }),
    );
    assert.match((await ask('services shop/web')).out, /Rejected\nReason +AddressNotInPool\n +192\.0\.2\.1 is in no/);
  });

  it('says so when there is nothing', async () => {
    served.house.table.clear();
    served.house.peerBodies = [];
    for (const line of ['peers', 'services', 'announcements']) {
      const { code, out } = await ask(line);
      assert.equal(code, 0);
      assert.match(out, /^No/);
    }
  });

  it('keeps to the width of the terminal, whatever the names', async () => {
    const long = `namespace/${'x'.repeat(200)}`;
    served.house.table.set(
      long,
      service(long, {
        source: 's'.repeat(100),
        addresses: Array.from({ length: 20 }, (_, i) => `2001:db8:1:2:3:4:5:${i}`),
        announcements: [
          {
            prefix: '2001:db8:1111:2222:3333:4444:5555:6666/128',
            protocol: 'bgp',
            via: 'p'.repeat(60),
            state: 'withheld',
            reason: 'noMatchingAdvertisement',
          },
        ],
      }),
    );
    served.house.peerBodies.push(peer('p'.repeat(60), { address: '2001:db8:1111:2222:3333:4444:5555:6666' }));
    for (const columns of [80, 132])
      for (const line of ['services', 'announcements', 'peers', 'sources', 'interfaces'])
        for (const text of (await ask(line, { columns })).out.split('\n'))
          assert.ok(text.length <= columns, `${line} at ${columns}: ${text}`);
  });

  it('says of one thing in full all there is to say, within the terminal', async () => {
    const words = Array.from({ length: 30 }, (_, i) => `word-${i}`).join(' ');
    served.house.peerBodies = [
      peer('tor-1', {
        description: words,
        capabilities: { local: words.split(' '), remote: [] },
        lastError: { at: '2026-01-02T03:04:05Z', code: 6, subcode: 2, text: words, direction: 'received' },
      }),
    ];
    served.house.table.set('shop/web', service('shop/web', { message: words, reason: 'AddressNotInPool' }));
    served.house.interfaceBodies = [anInterface('eth0', { problem: words, addresses: words.split(' ') })];
    for (const columns of [80, 132])
      for (const line of ['peers tor-1', 'services shop/web', 'interfaces eth0', 'status', 'pools']) {
        const { out } = await ask(line, { columns });
        for (const text of out.split('\n')) assert.ok(text.length <= columns, `${line} at ${columns}: ${text}`);
        if (line.includes(' ')) assert.match(out, /word-0 word-1 .*\n +word-.*word-29\n/s, line);
      }
  });

  it('shows the interfaces: what is announced on each, and why one is not usable', async () => {
    served.house.interfaceBodies.push(
      anInterface('lo', { usable: false, reason: 'loopback', announced: 0, mac: '' }),
      anInterface('eth1', { problem: 'eth1 needs CAP_NET_RAW', announced: 0 }),
    );
    const { out } = await ask('interfaces');
    assert.equal(
      out,
      `NAME  STATE     ANNOUNCED  ASKED  ANSWERED  UNASKED  CONFLICTS  PROBLEM
eth0  serving           2     18         4       40          2
lo    loopback                18         4       40          2
eth1  usable                  18         4       40          2  eth1 needs CAP_…
`,
    );
    served.house.interfaceBodies = [];
    assert.equal((await ask('interfaces')).out, 'Nothing is announced on the LAN: there are no l2Advertisements.\n');
  });

  it('shows one interface in full, with whoever claims an address', async () => {
    served.house.interfaceBodies = [
      anInterface('eth0', {
        conflicts: [{ address: '10.0.0.100', mac: '02:09:09:09:09:09', at: '2026-01-02T03:04:05.000Z', count: 3 }],
        tracks: [{ address: '10.0.0.1', reachable: false, problem: '' }],
      }),
    ];
    const { out } = await ask('interfaces eth0');
    assert.match(out, /Neighbour +10\.0\.0\.1 does not answer/);
    assert.match(out, /responsesSent +2 +2/);
    assert.match(out, /10\.0\.0\.100 +02:09:09:09:09:09 +2026-01-02 03:04:05 UTC +3/);
    const { code, err } = await ask('interfaces eth9');
    assert.deepEqual(
      [code, err],
      [1, 'herald: there is no interface eth9; `herald interfaces` lists those there are\n'],
    );
  });

  it('colours only where there are colours', async () => {
    assert.ok(!(await ask('peers')).out.includes('\x1b'));
    assert.ok((await ask('peers', { hasColours: true })).out.includes('\x1b[32mEstablished\x1b[39m'));
  });

  it('watches: looks again and again', async () => {
    const { code, out } = await ask('peers --watch', {
      looks: 2,
      between: () => {
        served.house.peerBodies = [peer('tor-1', { state: 'Active' })];
      },
    });
    assert.equal(code, 0);
    assert.match(out, /Established.*Active/s);
    const reading = [
      'status',
      'peers',
      'services',
      'announcements',
      'interfaces',
      'pools',
      'sources',
      'explain shop/web',
    ];
    for (const line of reading) {
      const once = (await ask(`${line} --json`)).out;
      assert.equal((await ask(`${line} --watch --json`, { looks: 2 })).out, once.repeat(2), line);
    }
  });

  it('watches on while the daemon is away', async () => {
    const away = await Served.open();
    const words = ['peers', '--watch', '--socket', away.socket];
    const { code, out } = await type(words, { looks: 2, between: () => away.close() });
    assert.equal(code, 0);
    assert.match(out, /Established.*no herald answers/s);
  });

  it('begins each look at the top of a terminal, and stays on it', async () => {
    for (let i = 0; i < 50; i++) served.house.table.set(`many/s${i}`, service(`many/s${i}`));
    const { out } = await ask('services --watch', { rows: 10, looks: 2 });
    const screens = out.split('\x1b[H\x1b[2J\x1b[3J').slice(1);
    assert.equal(screens.length, 2);
    for (const screen of screens) assert.equal(screen.split('\n').length, 10);
  });

  it('explains step by step, within the width of the terminal', async () => {
    const { code, out } = await ask('explain shop/web');
    assert.equal(code, 0);
    assert.equal(
      out,
      `shop/web is not announced: noMatchingAdvertisement

✓ source         it is there
                 /etc/herald/allocations.yaml:3:5
· owner          it belongs to ops, and others change it only by force
✗ advertisement  blue is for services with other labels (serviceSelectors), and
                 so it is not announced to anybody
                 /etc/herald/herald.yaml:30:5
`,
    );
    const narrow = (await ask('explain shop/web', { columns: 40 })).out.split('\n');
    assert.deepEqual(narrow.slice(0, 2), ['shop/web is not announced:', 'noMatchingAdvertisement']);
    assert(narrow.filter((line) => !line.includes('/etc/')).every((line) => line.length <= 40));
    const { out: coloured } = await ask('explain shop/web', { hasColours: true });
    assert(coloured.includes('\x1b[32m✓') && coloured.includes('\x1b[31m✗'));
    const unknown = await ask('explain nobody/knows');
    assert.deepEqual(unknown, {
      code: 1,
      out: '',
      err: 'herald: nobody/knows is no address, no prefix, and no service that is there\n',
    });
  });

  it('fails plainly when there is no such thing', async () => {
    const { code, out, err } = await ask('peers tor-9');
    assert.deepEqual({ code, out }, { code: 1, out: '' });
    assert.match(err, /^herald: there is no peer tor-9; `herald peers` lists/);
    assert.equal((await ask('services shop/nix')).code, 1);
  });

  it('shows pools, a line for each family', async () => {
    const { out } = await type(['pools', '--socket', served.socket]);
    assert.deepEqual(
      out.split('\n').map((line) => line.replace(/ +/g, ' ')),
      [
        'NAME STATE FAMILY CAPACITY IN USE RESTING ADDRESSES',
        'production active ipv4 256 1 2 203.0.113.0/24',
        'production active ipv6 2^64 0 2001:db8:1::/64',
        '',
      ],
    );
    served.house.poolBodies = [];
    assert.match((await type(['pools', '--socket', served.socket])).out, /^No address pools/);
  });
});
