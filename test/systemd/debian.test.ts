import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDebianPackage } from '../../src/bundle/debian.js';
import { eventually } from '../interop/eventually.js';
import { Machine, missing } from './machine.js';

const config = `node: { name: node-a }
bgp: { asn: 64512, routerID: 192.0.2.1 }
bgpPeers:
  - { name: absent, peerAddress: 127.0.0.2, peerASN: 64500 }
addressPools: [{ name: production, addresses: [203.0.113.0/24] }]
sources: [{ name: controller, socket: {} }]
`;
const [oldVersion, newVersion] = ['1.0.0', '1.0.1-rc.1'];
const suiteMs = 180_000;

describe('The package for Debian, under a real systemd', function () {
  this.timeout(suiteMs);
  const directory = mkdtempSync(join(tmpdir(), 'herald-packages-'));
  let machine: Machine | undefined;
  let filesBefore = '';

  const there = (): Machine => {
    assert(machine);
    return machine;
  };
  /** A command that has to succeed; returns what it said. */
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out } = await there().run(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${out}\n${there().console.slice(-3000)}`);
    return out;
  };
  // Where Node comes from elsewhere, no package says that it is there.
  const isNodePackaged = spawnSync('dpkg-query', ['--status', 'nodejs']).status === 0;
  const install = (name: string): Promise<string> =>
    done('dpkg', ...(isNodePackaged ? [] : ['--force-depends']), '--install', `/srv/${name}.deb`);
  const service = (name: string): Promise<string> => there().property(name);
  const addressOf = async (name: string): Promise<string> => {
    const { addresses }: { addresses: readonly string[] } = JSON.parse(
      await done('herald', 'services', name, '--json'),
    );
    return addresses.join();
  };
  const log = (): Promise<string> => done('journalctl', '--unit', 'herald.service', '--output', 'cat');
  const heraldsFiles = (): Promise<string> =>
    done('sh', '-c', 'find /etc /usr /var /run -xdev -path /run/systemd -prune -o -name "*herald*" -print | sort');

  before(async function () {
    const why = missing() ?? (spawnSync('dpkg-shlibdeps', ['--version']).error && 'dpkg-dev is not installed');
    if (why !== undefined) {
      process.stderr.write(`Skipped: ${why}\n`);
      this.skip();
    }
    machine = new Machine({
      files: { 'srv/herald.yaml': config, 'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 0\n' },
      copies: {
        'srv/old.deb': makeDebianPackage(directory, oldVersion),
        'srv/new.deb': makeDebianPackage(directory, newVersion),
        ...(isNodePackaged ? {} : { 'usr/bin/node': process.execPath }),
      },
    });
    await eventually(
      () => there().property('ActiveState', 'herald-test.target'),
      (state) => assert.equal(state, 'active', there().console.slice(-3000)),
      30_000,
    );
    filesBefore = await heraldsFiles();
  });
  after(() => {
    machine?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('waits for a configuration, and says so', async () => {
    assert.match(await install('old'), /herald: \/etc\/herald\/herald.yaml is not there yet/);
    assert.equal(await service('ActiveState'), 'inactive');
    assert.equal((await done('systemctl', 'is-enabled', 'herald.service', 'herald.socket')).trim(), 'enabled\nenabled');
    assert.match((await there().run('systemctl', 'status', 'herald.service')).out, /herald\.yaml was not met/);
    assert.equal((await there().run('herald', 'status')).code, 69);
  });

  it('has a program that starts once it is configured, with its socket held by systemd', async () => {
    await done('cp', '/srv/herald.yaml', '/etc/herald/herald.yaml');
    await done('systemctl', 'start', 'herald.service');
    assert.equal(await there().property('ActiveState', 'herald.socket'), 'active');
    assert.equal((await done('herald', '--version')).trim(), oldVersion);
    assert.match(await done('herald', 'status', '--json'), /"ready":true/);
    await done('herald', 'announce', 'shop/first', '--pool', 'production');
    await done('herald', 'announce', 'shop/second', '--pool', 'production');
    // What is given out anew would be the first again.
    await done('herald', 'withdraw', 'shop/first');
    assert.equal(await addressOf('shop/second'), '203.0.113.1');
  });

  it('is upgraded while it runs: routes stay with the peers, addresses with their services', async () => {
    const pid = await service('MainPID');
    await install('new');
    assert.equal(await service('ActiveState'), 'active');
    assert.notEqual(await service('MainPID'), pid);
    assert.match(await log(), /SIGUSR2: leaving for a restart/);
    assert.doesNotMatch(await log(), /withdrawing everything/);
    assert.match(await done('herald', 'status', '--json'), new RegExp(`"version":"${newVersion}"`));
    assert.equal(await addressOf('shop/second'), '203.0.113.1');
  });

  it('is not restarted into a configuration that it would not start with', async () => {
    const pid = await service('MainPID');
    await done('sh', '-c', 'echo "bgp: { asm: 64512 }" >/etc/herald/herald.yaml');
    const said = await install('new');
    assert.match(said, /herald\.yaml:1:8: .*asm/);
    assert.match(said, /this version cannot use \/etc\/herald\/herald\.yaml/);
    assert.equal(await service('MainPID'), pid);
    assert.equal(await service('ActiveState'), 'active');
    await done('cp', '/srv/herald.yaml', '/etc/herald/herald.yaml');
  });

  it('leaves stopped what was stopped', async () => {
    await done('systemctl', 'stop', 'herald.socket', 'herald.service');
    await install('old');
    assert.equal(await service('ActiveState'), 'inactive');
    await done('systemctl', 'start', 'herald.service');
  });

  it('is removed: routes are withdrawn, configuration and state stay', async () => {
    await done('dpkg', '--remove', 'herald');
    assert.match(await log(), /SIGTERM: withdrawing everything/);
    assert.equal(await service('ActiveState'), 'inactive');
    assert.equal(await service('LoadState'), 'not-found');
    const left = await heraldsFiles();
    assert.match(left, /^\/etc\/herald\/herald\.yaml$/m);
    assert.match(left, /^\/var\/lib\/herald$/m);
    assert.doesNotMatch(left, /^\/(?:usr|run)\/(?!sbin)/m);
  });

  it('starts by itself where it is installed again, with what it had', async () => {
    assert.doesNotMatch(await install('new'), /not there yet/);
    assert.equal(await service('ActiveState'), 'active');
    assert.equal(await addressOf('shop/second'), '203.0.113.1');
  });

  it('leaves nothing when it is purged, but the account', async () => {
    await done('dpkg', '--purge', 'herald');
    assert.equal(await heraldsFiles(), filesBefore);
    assert.equal((await there().run('id', 'herald')).code, 0);
  });
});
