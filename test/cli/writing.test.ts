import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { peer, service } from '../api/fake-house.js';
import { Served } from '../api/served.js';
import { type Outcome, type } from './operator.js';

describe('herald, told what to do', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  const tell = (line: string): Promise<Outcome> => type([...line.split(' '), '--socket', served.socket]);

  it('announces addresses, and prefixes as prefixes, in the source cli', async () => {
    const { code, out } = await tell('announce shop/new 203.0.113.10 192.0.2.0/24 2001:db8::10 --owner ops --force');
    assert.equal(code, 0);
    const entry = { addresses: ['203.0.113.10', '2001:db8::10'], prefixes: ['192.0.2.0/24'] };
    assert.deepEqual(served.house.written, [['cli', 'shop/new', entry, { owner: 'ops', force: true }]]);
    assert.match(out, /Service +shop\/new/);
  });

  it('puts a bare name into the namespace default', async () => {
    await tell('announce web 203.0.113.10');
    await tell('withdraw web');
    assert.deepEqual(
      served.house.written.map(([, name]) => name),
      ['default/web', 'default/web'],
    );
  });

  it('refuses words that no table would take, before it asks anybody', async () => {
    const mistakes = [
      'web 203.0.113.300',
      'web 203.0.113.0/33',
      'web 127.0.0.1',
      'a/b/c 203.0.113.1',
      './web 203.0.113.1',
    ];
    for (const words of mistakes) {
      const { code, err } = await tell(`announce ${words}`);
      assert.deepEqual({ words, code }, { words, code: 64 });
      assert.match(err, /^herald: /);
    }
    assert.deepEqual(served.house.written, []);
  });

  it('says of host bits that they are not announced', async () => {
    const { code, err } = await tell('announce web 192.0.2.1/24');
    assert.equal(code, 0);
    assert.match(err, /192\.0\.2\.0\/24/);
  });

  it('withdraws what it announced, and fails where there is nothing', async () => {
    await tell('announce shop/new 203.0.113.10');
    assert.deepEqual(await tell('withdraw shop/new'), { code: 0, out: 'shop/new is withdrawn\n', err: '' });
    const { code, err } = await tell('withdraw shop/new');
    assert.deepEqual(
      { code, err },
      { code: 1, err: 'herald: cli has no entry shop/new; `herald services` lists those there are\n' },
    );
  });

  it('fails where the entry is stored and comes to nothing, and says what to do', async () => {
    const outcomes = [
      ['Rejected', '10.1.1.1 is in no address pool'],
      ['Shadowed', 'the source static has this service'],
    ] as const;
    for (const [state, message] of outcomes) {
      served.house.table.set('default/a', service('default/a', { source: 'cli', state, message }));
      const { code, out, err } = await tell('announce a 10.1.1.1');
      assert.deepEqual([state, code], [state, 1]);
      assert.match(out, new RegExp(`State +${state}`));
      assert.ok(err.includes(message) && err.includes('herald withdraw a'), err);
    }
    served.house.table.set('default/a', service('default/a', { source: 'cli', state: 'Pending' }));
    assert.equal((await tell('announce a --pool production')).code, 0);
  });

  it('names the owner who is in the way', async () => {
    served.house.refusal = { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' };
    const { code, err } = await tell('announce shop/new 203.0.113.10');
    assert.equal(code, 1);
    assert.match(err, /team-b/);
  });

  describe('what becomes of a peer', () => {
    it('does it, and says so', async () => {
      const said = [];
      for (const line of ['reset tor-1', 'refresh tor-1', 'disable tor-1', 'enable tor-1', 'refresh tor-1'])
        said.push(await tell(`peers ${line}`));
      assert.deepEqual(
        said.map(({ code, out }) => [code, out]),
        [
          [0, 'tor-1 is reset: Established\n'],
          [0, 'tor-1 is sent everything again\n'],
          [0, 'tor-1 is disabled, until it is enabled or herald restarts\n'],
          [0, 'tor-1 is enabled: Connect\n'],
          [0, 'tor-1 is Connect: it is sent everything once it is Established\n'],
        ],
      );
      assert.match((await tell('peers disable tor-1 --json')).out, /^\{"name":"tor-1".*"adminState":"disabled"/);
      assert.match((await tell('peers')).out, /tor-1 .* disabled /);
    });

    it('hands the message on to the other operator', async () => {
      await type(['peers', 'disable', 'tor-1', '--message', 'new optics, back at noon', '--socket', served.socket]);
      await tell('peers enable tor-1');
      await tell('peers reset tor-1 --message stuck');
      const told = ['disable tor-1 new optics, back at noon', 'enable tor-1', 'reset tor-1 stuck'];
      assert.deepEqual(served.house.commands, told);
    });

    it('says what is to be done where it cannot be', async () => {
      served.house.peerBodies = [peer('tor-1', { adminState: 'shutdown', state: 'Idle' }), peer('tor-2')];
      await tell('peers disable tor-2');
      const failures = {
        'peers enable tor-1': /`shutdown: true`/,
        'peers reset tor-2': /herald peers enable/,
        'peers enable tor-9': /no peer tor-9; `herald peers`/,
      };
      for (const [line, expected] of Object.entries(failures)) {
        const { code, out, err } = await tell(line);
        assert.deepEqual([line, code, out], [line, 1, '']);
        assert.match(err, expected);
      }
    });

    it('takes one word for a name, whatever it is, and two for an action and a name', async () => {
      const { code, err } = await tell('peers reset');
      assert.deepEqual([code, err], [64, 'herald: something is missing: herald peers reset NAME\n']);
      served.house.peerBodies.push(peer('reset'));
      assert.match((await tell('peers reset')).out, /Peer +reset\n/);
      await tell('peers reset reset');
      assert.deepEqual(served.house.commands, ['reset reset']);
    });
  });

  it('reloads', async () => {
    served.house.reloadResult = { kind: 'done', warnings: ['herald.yaml:3:1: warning: http: later'] };
    assert.deepEqual(await tell('reload'), {
      code: 0,
      out: 'herald.yaml:3:1: warning: http: later\nThe configuration is in force.\n',
      err: '',
    });
  });

  it('exits 78 on a configuration that is refused, with every problem', async () => {
    served.house.reloadResult = {
      kind: 'refused',
      onlyRevocations: false,
      problems: ['herald.yaml:1:1: a', 'herald.yaml:2:1: b'],
    };
    const { code, err } = await tell('reload');
    assert.equal(code, 78);
    assert.match(err, /herald\.yaml:1:1: a\nherald\.yaml:2:1: b\n/);
  });

  it('reloads for a while, and says how to keep it and what comes back otherwise', async () => {
    served.house.reloadResult = {
      kind: 'done',
      warnings: [],
      wayBack: { confirmBefore: '2026-01-02T03:05:05.000Z', fallback: { loadedAt: '2026-01-02T03:04:05.000Z' } },
    };
    assert.deepEqual(await tell('reload --confirm-within 1m'), {
      code: 0,
      out: [
        'The configuration is in force until 2026-01-02 03:05:05 UTC.',
        `To keep it: herald confirm --socket ${served.socket}`,
        'Without that, the one loaded 2026-01-02 03:04:05 UTC comes back.',
        '',
      ].join('\n'),
      err: '',
    });
    assert.deepEqual(served.house.reloads, [{ acceptRevocations: false, confirmWithinSeconds: 60 }]);
    for (const strange of ['60', '2h', '10ms', 'soon']) {
      const { code, err } = await tell(`reload --confirm-within ${strange}`);
      assert.deepEqual([code, err], [64, 'herald: --confirm-within must be 1s to 1h, written as 60s or 5m\n']);
    }
    assert.equal(served.house.reloads.length, 1);
  });

  it('confirms a reload, and exits 1 when there is nothing to confirm any more', async () => {
    assert.deepEqual(await tell('confirm'), { code: 0, out: 'The configuration stays in force.\n', err: '' });
    served.house.confirmation = 'tooLate';
    const { code, err } = await tell('confirm');
    assert.equal(code, 1);
    assert.match(err, /^herald: .*not confirmed in time/);
  });

  it('drains, for 30 seconds unless it is told otherwise, and says how that went', async () => {
    const { drains } = served.house;
    const done = 'Drained: nothing is announced until `herald undrain`.\n';
    assert.deepEqual(await tell('drain'), { code: 0, out: done, err: '' });
    assert.deepEqual(await tell('drain --wait --for 0s'), { code: 0, out: done, err: '' });
    served.house.drainResult = { drained: false, draining: true, pendingPeers: [] };
    const { out } = await tell('drain --for 2m --no-wait');
    assert.equal(out, 'Draining: everything is withdrawn within 2m.\n');
    assert.deepEqual(
      drains.map(({ forMs, wait }) => [forMs, wait]),
      [
        [30_000, true],
        [0, true],
        [120_000, false],
      ],
    );
    for (const words of ['drain --for 30', 'drain --for 2d', 'drain --wait --no-wait'])
      assert.equal((await tell(words)).code, 64, words);
    assert.equal(drains.length, 3);
  });

  it('exits 1 where a peer has not taken what is withdrawn, and where somebody called it off', async () => {
    served.house.drainResult = { drained: true, draining: false, pendingPeers: ['tor-2'] };
    const slow = await tell('drain');
    assert.equal(slow.code, 1);
    assert.match(slow.err, /tor-2/);
    served.house.drainResult = { calledOff: 'undrained' };
    const { code, err } = await tell('drain');
    assert.equal(code, 1);
    assert.match(err, /called off/);
    assert.deepEqual(await tell('undrain'), { code: 0, out: 'Undrained: everything is announced again.\n', err: '' });
  });

  it('asks a pool for an address', async () => {
    await tell('announce shop/new --pool production');
    const entry = { addresses: [], prefixes: [], addressPool: 'production' };
    assert.deepEqual(served.house.written, [['cli', 'shop/new', entry, { force: false }]]);
  });

  it('exits 1 where nothing but revocations is refused, and takes it over when they are accepted', async () => {
    served.house.reloadResult = {
      kind: 'refused',
      onlyRevocations: true,
      problems: ['shop/web would lose its address'],
    };
    const { code, err } = await tell('reload');
    assert.equal(code, 1);
    assert.match(err, /with acceptRevocations|accept/);
    assert.match(err, /shop\/web would lose its address\n/);
    served.house.reloadResult = { kind: 'done', warnings: [] };
    assert.equal((await tell('reload --accept-revocations')).code, 0);
    assert.deepEqual(
      served.house.reloads.map(({ acceptRevocations }) => acceptRevocations),
      [false, true],
    );
  });

  describe('asked what would be', () => {
    const file = fileURLToPath(new URL('../../systemd/herald.example.yaml', import.meta.url));

    it('exits 0 when nothing would change, and hands on the text and the name of the file', async () => {
      assert.deepEqual(await tell(`plan ${file}`), { code: 0, out: 'Nothing would change.\n', err: '' });
      const [request] = served.house.planned;
      assert.equal(request?.configName, file);
      assert.match(request?.config ?? '', /addressPools:/);
    });

    it('exits 2 when anything would, and says what', async () => {
      served.house.planResult = {
        kind: 'planned',
        forecast: {
          refused: ['onRevoke: refuse: shop/web would lose its address'],
          services: [
            { service: 'shop/web', fate: 'moves', from: ['203.0.113.10'], to: ['198.51.100.1'], message: 'because' },
          ],
          announcements: [{ prefix: '198.51.100.1/32', protocol: 'bgp', via: 'tor-1', change: 'appears' }],
          sessions: [{ peer: 'tor-2', effect: 'reset', fields: [{ field: 'holdTimeSeconds', effect: 'reset' }] }],
        },
      };
      const { code, out } = await tell(`plan ${file}`);
      assert.equal(code, 2);
      assert.deepEqual(
        out.split('\n').map((line) => line.replace(/ +/g, ' ')),
        [
          'Would be refused: onRevoke: refuse: shop/web would lose its address',
          '',
          'SERVICE WOULD FROM TO WHY',
          'shop/web move 203.0.113.10 198.51.100.1 because',
          '',
          'PREFIX PROTOCOL VIA WOULD',
          '198.51.100.1/32 bgp tor-1 appears',
          '',
          'PEER SESSION BECAUSE OF',
          'tor-2 is reset holdTimeSeconds (reset)',
          '',
          '1 service affected, 1 of them moved; 1 announcement changed; 1 session closed. Nothing has been done.',
          '',
        ],
      );
    });

    it('exits 78 on what cannot be used, and 64 where there is nothing to plan', async () => {
      served.house.planResult = { kind: 'invalid', problems: ['new.yaml:1:1: a'] };
      const bad = await tell(`plan ${file}`);
      assert.deepEqual([bad.code, bad.err], [78, 'herald: it cannot be used\nnew.yaml:1:1: a\n']);
      assert.equal((await tell('plan /nowhere/new.yaml')).code, 78);
      assert.equal((await tell('plan')).code, 64);
    });
  });
});
