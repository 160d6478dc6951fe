import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { routes } from '../../src/api/routes.js';
import { viewList } from '../../src/api/windows.js';
import { utf8Octets } from '../../src/net/text.js';
import { RawClient } from '../api/raw.js';
import { eventually } from '../interop/eventually.js';
import { Herald, type Outcome, run } from './herald.js';
import { freePort, Router } from './router.js';

/** In the configuration, in a file of its own, and in a configuration that is only planned or refused. */
const markers = ['Xq7vLmPz9Kt2', 'Rw4cJn8Hb6Ds', 'Gf3yTk5Vx1Ae'] as const;
const [inConfig, inFile, inPlan] = markers;

/** What a peer may try on whoever reads of it: escapes, a bell, a new line, a change of direction. */
const trick = '\u001b[2J\u001b]0;owned\u0007\nfaked line\u202e\u2066\u009b31m';
const tricks = /\p{C}/u;

describe('What a running herald says', () => {
  const herald = new Herald();
  let router: Router;
  let port = 0;
  const said = new Map<string, string>();

  const peers = (password: string): readonly Readonly<Record<string, unknown>>[] => [
    router.peer('router', { enableGracefulRestart: true }),
    { name: 'keyed', peerAddress: '127.0.0.9', peerPort: 17999, peerASN: 64501, password },
    { name: 'filed', peerAddress: '127.0.0.10', peerPort: 17999, peerASN: 64501, passwordFile: herald.path('key') },
  ];
  const config = (password: string): Readonly<Record<string, unknown>> => ({
    node: { name: 'node-a' },
    bgp: { asn: 64512, routerID: '10.0.0.11' },
    bgpPeers: peers(password),
    addressPools: [{ name: 'production', addresses: ['203.0.113.0/24'] }],
    sources: [{ name: 'table', file: herald.path('table.yaml') }],
    log: { level: 'debug' },
    http: { listen: `127.0.0.1:${port}` },
    metrics: { compat: 'metallb' },
  });
  const hear = (where: string, words: string): void => void said.set(where, `${said.get(where) ?? ''}${words}\n`);
  const both = ({ out, err }: Outcome): string => out + err;

  before(async () => {
    router = await Router.listen('127.0.0.2', {
      capabilities: [
        { kind: 'fqdn', host: `host${trick}`, domain: `domain${trick}` },
        { kind: 'softwareVersion', version: `version${trick}` },
      ],
    });
    port = await freePort('127.0.0.1');
    herald.write('table.yaml', { services: [{ name: 'shop/web' }] });
    herald.write('key', `${inFile}\n`);
    chmodSync(herald.path('key'), 0o600);
    herald.writeConfig(config(inConfig));
    const crash = herald.path('crash.cjs');
    writeFileSync(
      crash,
      `const { readFileSync } = require('node:fs');
       process.on('SIGTTOU', () => {
         throw Object.assign(new Error('made to fail'), { config: readFileSync(${JSON.stringify(herald.config)}, 'utf8') });
       });`,
    );
    const options = `--require=${crash} --report-on-signal --report-signal=SIGWINCH --report-directory=${herald.directory}`;
    await herald.start({ through: ['env', `NODE_OPTIONS=${options}`] });
    await herald.established('router');
    await router.holds('203.0.113.0/32');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  it('answers every question of its API', async () => {
    const names: Readonly<Record<string, string>> = {
      namespace: 'shop',
      name: 'web',
      asked: '203.0.113.0',
      source: 'table',
    };
    const paths = [...routes.filter(({ method }) => method === 'get'), ...viewList].map(({ path }) => path);
    assert.ok(paths.includes('/metrics') && paths.includes('/v1/peers/{name}') && paths.includes('/v1/events'));
    const filled = paths.flatMap((path) => {
      const named = (name: string): string =>
        path.replaceAll(/\{(\w+)\}/g, (_, key: string) => (key === 'name' ? name : (names[key] ?? 'x')));
      return path.includes('/peers/') ? ['router', 'keyed', 'filed'].map(named) : [named('web')];
    });
    for (const path of [...filled, '/openapi.json', '/', '/page.js', '/nothing'])
      for (const where of [{ path: herald.socket }, { host: '127.0.0.1', port }]) {
        const target = path === '/v1/events' ? `${path}?follow=false` : path;
        const client = new RawClient(where);
        client.say(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nlast-event-id: 0\r\nconnection: close\r\n\r\n`);
        const heard = await client.whole();
        assert.match(heard, /^HTTP\/1\.1 (?:200|404) /, path);
        hear(`GET ${path}`, heard.replaceAll('\r\n', '\n'));
      }
    assert.match(said.get('GET /v1/peers') ?? '', /keyed.*filed/);
    assert.match(said.get('GET /v1/explain/203.0.113.0') ?? '', /shop\/web/);
    assert.match(said.get('GET /v1/events') ?? '', /sessionUp/);
  });

  it('says what another password would do, and not which', async () => {
    const planned = await herald.call('POST', '/v1/plan', { config: JSON.stringify(config(inPlan)) });
    assert.match(planned.text, /"peer":"keyed".*"field":"password"/);
    hear('plan', planned.text);
    const typo = JSON.stringify(config(inPlan)).replace(`"${inPlan}"`, `*${inPlan}`);
    hear('plan of a slip', (await herald.call('POST', '/v1/plan', { config: typo })).text);
    const cut = await herald.call('POST', '/v1/plan', `{"config": "password: "${inPlan}"}`);
    assert.equal(cut.status, 400);
    hear('plan that is no JSON', cut.text);
    herald.write('new.yaml', config(inPlan));
    hear('herald plan', both(await herald.type('plan', herald.path('new.yaml'))));
    hear('herald plan --json', both(await herald.type('plan', herald.path('new.yaml'), '--json')));
  });

  it('says what is wrong near a password, and not which', async () => {
    const text = readFileSync(herald.config, 'utf8');
    for (const slip of [`!${inPlan}`, `*${inPlan}`, `"${inPlan}`, `[${inPlan}`, `${inPlan.repeat(10)}`, `|${inPlan}`]) {
      const bad = text.replace(/password: \S+/, `password: ${slip}`);
      assert.notEqual(bad, text);
      herald.write('bad.yaml', bad);
      const checked = await run(['check', '--config', herald.path('bad.yaml')]);
      assert.equal(checked.code, 78, slip);
      hear('herald check', both(checked));
      herald.writeConfig(bad);
      hear('reload', (await herald.call('POST', '/v1/reload')).text);
      hear('status of a bad configuration', (await herald.call('GET', '/v1/status')).text);
      hear('herald status', both(await herald.type('status')));
    }
    await herald.hear('configStale');
    herald.writeConfig(text);
    await herald.done('POST', '/v1/reload');
    herald.writeConfig(config(inPlan));
    await herald.done('POST', '/v1/reload');
    herald.writeConfig(text);
    await herald.done('POST', '/v1/reload');
  });

  it('answers every command', async () => {
    for (const words of [
      'status',
      'peers',
      'peers keyed',
      'peers filed',
      'peers router',
      'services',
      'services shop/web',
      'announcements',
      'pools',
      'sources',
      'interfaces',
      'explain 203.0.113.0',
      'events',
      'events --json',
      `check --config ${herald.config}`,
    ])
      for (const form of words.startsWith('check') || words.startsWith('events') ? [[]] : [[], ['--json']]) {
        const asked = [...words.split(' '), ...form];
        const outcome = words.startsWith('check') ? await run(asked) : await herald.type(...asked);
        assert.equal(outcome.code, 0, `${words}: ${outcome.err}`);
        hear(`herald ${asked.join(' ')}`, both(outcome));
      }
  });

  it('says what a peer said, with nothing in it that a terminal obeys', async () => {
    const words = utf8Octets(`going${trick}`);
    router.session.say({ kind: 'notification', code: 6, subcode: 2, data: Uint8Array.of(words.length, ...words) });
    const peer = await eventually(
      () => herald.peer('router'),
      ({ lastError }) => assert.match(lastError?.text ?? '', /going/),
    );
    assert.match(peer.lastError?.text ?? '', /faked line/);
    await herald.heard('peerNotification', (lines) => assert.ok(lines.some(({ msg }) => msg.includes('going'))));
    await herald.established('router');
    const { capabilities } = await herald.peer('router');
    assert.match(capabilities.remote.join(), /host name host.*software version version/);
    for (const value of strings(await herald.get('/v1/peers'))) assert.doesNotMatch(value, tricks);
    const { text } = await herald.call('GET', '/v1/events?follow=false');
    const told = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data]): unknown => JSON.parse(data ?? ''));
    assert.ok(told.length > 2);
    for (const value of strings(told)) assert.doesNotMatch(value, tricks);
    for (const asked of [['peers', 'router'], ['peers', 'router', '--json'], ['events'], ['peers']])
      assert.doesNotMatch(both(await herald.type(...asked)).replaceAll('\n', ' '), tricks, asked.join(' '));
    for (const line of herald.log) for (const value of strings(line)) assert.doesNotMatch(value, tricks, value);
  });

  it('leaves nothing of a password where others may find it', async () => {
    const at = `/proc/${herald.pid}`;
    for (const file of ['cmdline', 'environ', 'status', 'maps'])
      hear(`/proc/PID/${file}`, readFileSync(join(at, file), 'latin1'));
    hear('ps', execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }));
    assert.match(said.get('ps') ?? '', /herald\.yaml/);
    herald.signal('SIGWINCH');
    const reports = await eventually(
      () => readdirSync(herald.directory).filter((name) => name.startsWith('report.') && name.endsWith('.json')),
      (names) => {
        assert.ok(names.length > 0);
        for (const name of names) JSON.parse(readFileSync(herald.path(name), 'utf8'));
      },
    );
    for (const name of reports) hear('diagnostic report', readFileSync(herald.path(name), 'utf8'));
    await herald.done('PUT', '/v1/sources/cli/services/a/b', { addresses: ['203.0.113.9'] });
    const kept = readdirSync(herald.state);
    assert.ok(kept.some((name) => name.startsWith('ledger')));
    for (const name of kept) hear(`state/${name}`, readFileSync(join(herald.state, name), 'latin1'));
  });

  it('crashes without a word about it', async () => {
    herald.signal('SIGTTOU');
    assert.equal(await herald.ended, 1);
    assert.match(herald.logged('crashed')[0]?.msg ?? herald.noise, /made to fail/);
    assert.equal(existsSync(herald.path('core')), false);
  });

  it('has never said a password', () => {
    hear('log', herald.text);
    hear('stderr and stdout', herald.noise);
    assert.ok(said.size > 40, [...said.keys()].join());
    assert.ok(herald.logged('sessionState').length > 0, 'it was at level debug');
    for (const [where, words] of said)
      for (const marker of markers) assert.ok(!words.includes(marker), `${marker} in ${where}`);
  });
});

/** Every text within, however deep. */
function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* strings(part);
}
