import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { eventually } from '../interop/eventually.js';
import { installed, Machine, missing } from './machine.js';

const config = `node: { name: node-a }
bgp: { asn: 64512, routerID: 192.0.2.1 }
bgpPeers:
  - { name: absent, peerAddress: 127.0.0.2, peerASN: 64500 }
sources: [{ file: /etc/herald/allocations.yaml }]
`;
const table = 'services:\n  - { name: shop/web, addresses: [203.0.113.10] }\n';
const bootMs = 60_000;

describe('the units, under a real systemd', function () {
  this.timeout(bootMs);
  let machine: Machine | undefined;
  const there = (): Machine => {
    assert(machine);
    return machine;
  };
  const becomes = (name: string, expected: string | RegExp): Promise<string> =>
    eventually(
      () => there().property(name),
      (value) =>
        expected instanceof RegExp
          ? assert.match(value, expected, there().console.slice(-3000))
          : assert.equal(value, expected, there().console.slice(-3000)),
      20_000,
    );

  before(function () {
    const why = missing();
    if (why !== undefined) {
      process.stderr.write(`Skipped: ${why}\n`);
      this.skip();
    }
    machine = new Machine({
      ...installed,
      files: { ...installed.files, 'etc/herald/herald.yaml': config, 'etc/herald/allocations.yaml': table },
      dropIn: '[Service]\nWatchdogSec=2\nProtectProc=default\nTimeoutAbortSec=2\n',
    });
  });
  after(() => machine?.stop());

  it('start the daemon, which says when it is ready and how it is', async () => {
    await becomes('ActiveState', 'active');
    await becomes('StatusText', /^0 of 1 BGP peers Established, \d+ prefixes announced$/);
    const { code, out } = await there().run('herald', 'status', '--json');
    assert.equal(code, 0, out);
    assert.match(out, /"ready":true/);
  });

  it('run it as a user of its own, with three capabilities and no way to more', async () => {
    const pid = await there().property('MainPID');
    const { out } = await there().run('cat', `/proc/${pid}/status`);
    const named = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(out)?.[1] ?? '';
    assert.notEqual(named('Uid'), '0');
    // CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12, CAP_NET_RAW 13.
    assert.equal(Number.parseInt(named('CapEff'), 16), (1 << 10) | (1 << 12) | (1 << 13));
    assert.equal(named('CapBnd'), named('CapEff'));
    assert.equal(named('NoNewPrivs'), '1');
  });

  it('own the control socket, which is the group’s and nobody else’s', async () => {
    const { out } = await there().run('stat', '--format', '%a %U %G', '/run/herald/herald.sock');
    assert.equal(out.trim(), '660 herald herald');
  });

  it('hand it over; herald knows all the same who takes a peer out, and its status says so', async () => {
    const { code, out } = await there().run('herald', 'peers', 'disable', 'absent');
    assert.equal(code, 0, out);
    await eventually(
      () => there().run('journalctl', '--unit', 'herald.service', '--grep', 'event=apiWrite', '--output', 'cat'),
      (journal) => assert.match(journal.out, /peers\/absent\/disable: done event=apiWrite .* pid=\d+ uid=0 gid=0 /),
    );
    await becomes('StatusText', /^0 of 1 BGP peers Established \(1 disabled\), /);
  });

  it('reload it, and systemd knows when that is done', async () => {
    const { code, out } = await there().run('systemctl', 'reload', 'herald.service');
    assert.equal(code, 0, out);
    await becomes('ActiveState', 'active');
  });

  it('restart it when it hangs', async () => {
    const pid = await there().property('MainPID');
    // kill(2): 0 would be ourselves and all around us.
    assert(Number(pid) > 1, pid);
    await there().run('kill', '-STOP', pid);
    await becomes('NRestarts', '1');
    await becomes('ActiveState', 'active');
    assert.notEqual(await there().property('MainPID'), pid);
    assert.equal((await there().run('herald', 'status')).code, 0);
  });

  it('keep the socket while it is stopped, and start it for whoever asks', async () => {
    assert.equal((await there().run('systemctl', 'stop', 'herald.service')).code, 0);
    assert.equal(await there().property('ActiveState'), 'inactive');
    assert.equal(await there().property('Result'), 'success');
    const { code, out } = await there().run('herald', 'status');
    assert.equal(code, 0, out);
    await becomes('ActiveState', 'active');
  });
});

describe('the units', () => {
  const analyze = (...words: readonly string[]): string => {
    const { stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    return `${stdout}${stderr}`;
  };

  before(function () {
    if (!existsSync('/usr/bin/systemd-analyze')) this.skip();
  });

  // docs/operations.md has the number: the less, the better.
  it('are hardened as far as a program that compiles itself can be', () => {
    const verdict = analyze('security', '--offline=true', '--threshold=100', 'systemd/herald.service');
    const [, exposure = ''] = /exposure level[^:]*: ([\d.]+)/.exec(verdict) ?? [];
    assert(Number(exposure) <= 2.2, verdict.slice(-600));
  });
});
