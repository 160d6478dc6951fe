import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { Herald, type Outcome, type Person, program, run } from './herald.js';
import { Router } from './router.js';

const isRoot = process.getuid?.() === 0;

describe('The command line', () => {
  const herald = new Herald();
  let router: Router;

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.write('table.yaml', { services: [{ name: 'shop/web', addresses: ['203.0.113.10'] }] });
    herald.writeConfig({
      node: { name: 'node-a' },
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [router.peer('router')],
      sources: [{ name: 'table', file: herald.path('table.yaml') }],
    });
    await herald.start();
    await herald.established('router');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  const ended = ({ code, out, err }: Outcome, expected: number): Outcome => {
    assert.equal(code, expected, `${out}\n${err}`);
    return { code, out, err };
  };

  it('reads with --json: the body of the API as it is', async () => {
    const paths = { status: '/v1/status', services: '/v1/services', announcements: '/v1/announcements' };
    await Promise.all(
      Object.entries(paths).map(async ([command, path]) => {
        const typed: object = JSON.parse(ended(await herald.type(command, '--json'), 0).out);
        assert.deepEqual(Object.keys(typed), Object.keys(await herald.get<object>(path)), command);
      }),
    );
  });

  it('reads as tables that name what is there', async () => {
    const [status, peers, services, one] = await Promise.all([
      herald.type('status'),
      herald.type('peers'),
      herald.type('services'),
      herald.type('services', 'shop/web'),
    ]);
    assert.match(ended(status, 0).out, /node-a.*ready/);
    assert.match(ended(peers, 0).out, /router +127\.0\.0\.2 +64500 +Established/);
    assert.match(ended(services, 0).out, /shop\/web +Allocated +table +203\.0\.113\.10 +1\/1/);
    assert.match(ended(one, 0).out, /203\.0\.113\.10\/32 +router +bgp +announced/);
    for (const { out } of [status, peers, services]) assert.equal(out.includes('\x1b'), false);
  });

  it('is coloured on a terminal, and as wide as that; with NO_COLOR it is not', async function () {
    if (!existsSync('/usr/bin/script')) this.skip();
    const typed = (before: string): Promise<string> =>
      new Promise((resolve) => {
        const line = `stty cols 60; env -u NO_COLOR ${before} ${process.execPath} ${program} peers --socket ${herald.socket}`;
        execFile('/usr/bin/script', ['-qec', line, '/dev/null'], { timeout: 15_000 }, (_, out) => resolve(out));
      });
    const [coloured, plain, dumb] = await Promise.all(['TERM=xterm', 'NO_COLOR=1', 'TERM=dumb'].map(typed));
    assert.ok(coloured?.includes('\x1b[32mEstablished\x1b[39m'), coloured);
    for (const text of [plain, dumb]) {
      assert.match(text ?? '', /Established/);
      assert.equal(text?.includes('\x1b'), false);
    }
    for (const text of (plain ?? '').split('\r\n')) assert.ok(text.length <= 60, text);
  });

  it('announces and withdraws entries of the source cli, which belong to their owner', async () => {
    ended(await herald.type('announce', 'block', '198.51.100.7', '192.0.2.0/24', '--owner', 'ops'), 0);
    await router.holds('203.0.113.10/32', '198.51.100.7/32', '192.0.2.0/24');
    const listed = await herald.service('default/block');
    assert.deepEqual([listed.source, listed.owner], ['cli', 'ops']);
    assert.match(ended(await herald.type('withdraw', 'block'), 1).err, /ops/);
    ended(await herald.type('withdraw', 'block', '--owner', 'ops'), 0);
    await router.holds('203.0.113.10/32');
    ended(await herald.type('withdraw', 'block', '--owner', 'ops'), 1);
    router.isUnbroken();
  });

  it('ends with 64 for what it does not understand, and says what was meant', async () => {
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /herald/],
      [['statsu'], /status/],
      [['status', '--jsn'], /json/],
      [['announce', 'name', '203.0.113.300'], /203\.0\.113\.300/],
      [['run', '--confg', 'x'], /config/],
    ];
    await Promise.all(
      mistakes.map(async ([words, hint]) => {
        const { err } = ended(await run(words), 64);
        assert.match(err, hint, words.join(' '));
      }),
    );
  });

  it('ends with 69 where no daemon is, and says which path and how to start one', async () => {
    const path = herald.path('nowhere.sock');
    const outcomes = await Promise.all(
      [['status'], ['announce', 'a', '203.0.113.1']].map((words) => run([...words, '--socket', path])),
    );
    for (const outcome of outcomes) {
      const { err } = ended(outcome, 69);
      assert.ok(err.includes(path) && err.includes('herald run'), err);
    }
  });

  it('ends with 77 for somebody who may not use the socket', async function () {
    const stranger: Person & { cwd?: string } = isRoot ? { uid: 65_534, gid: 65_534, cwd: '/' } : {};
    if (isRoot && (await run(['version'], stranger)).code !== 0) this.skip();
    chmodSync(herald.directory, 0o711);
    if (!isRoot) chmodSync(herald.socket, 0o000);
    const { err } = ended(await run(['status', '--socket', herald.socket], stranger), 77);
    if (!isRoot) chmodSync(herald.socket, 0o660);
    assert.ok(err.includes(herald.socket), err);
  });

  it('ends with 78 for a reload of a bad configuration, with every problem', async () => {
    herald.write('bad.yaml', 'bgpPeers: [{ name: tor }]\n');
    const good = { node: { name: 'node-a' }, bgp: { asn: 64512 }, bgpPeers: [{ name: 'tor' }] };
    herald.writeConfig(good);
    const { err } = ended(await herald.type('reload'), 78);
    assert.match(err, /herald\.yaml:\d+:\d+: bgpPeers\[0\]/);
    assert.match(ended(await herald.type('status'), 0).out, /stale/);
    router.isUnbroken();
  });

  it('checks offline: 0 for what is good, 78 with the same words as `run` for what is not', async () => {
    herald.write('good.yaml', {
      bgp: { asn: 64512, routerID: '10.0.0.11' },
      bgpPeers: [{ name: 'tor', peerAddress: '10.0.0.1', peerASN: 64500 }],
      sources: [{ name: 'table', file: herald.path('table.yaml') }],
    });
    herald.write('bad-table.yaml', 'services:\n  - { name: a, addresses: [1.2.3.4] }\n  - { name: b, adresses: [] }\n');
    const [good, badConfig, badTable, json, missing, running] = await Promise.all([
      run(['check', '--config', herald.path('good.yaml')]),
      run(['check', '--config', herald.path('bad.yaml')]),
      run(['check', '--config', herald.path('good.yaml'), '--table', herald.path('bad-table.yaml')]),
      run(['check', '--config', herald.path('bad.yaml'), '--json']),
      run(['check', '--config', herald.path('missing.yaml')]),
      run(['run', '--config', herald.path('bad.yaml'), '--socket', herald.path('x.sock'), '--state-dir', herald.state]),
    ]);
    ended(good, 0);
    const problem = /bad\.yaml:1:\d+: bgpPeers\[0\].*/;
    assert.match(ended(badConfig, 78).out, problem);
    assert.ok(ended(running, 78).err.includes(problem.exec(badConfig.out)?.[0] ?? 'nothing'));
    assert.match(ended(badTable, 78).out, /bad-table\.yaml:3:\d+: services\[1\]\.adresses: .*addresses/);
    const problems: unknown[] = JSON.parse(ended(json, 78).out).problems;
    assert.ok(problems.length > 0);
    assert.match(ended(missing, 78).out + missing.err, /missing\.yaml/);
  });
});
