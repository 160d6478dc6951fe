import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { eventually } from '../interop/eventually.js';
import { Herald, run } from './herald.js';
import { Router } from './router.js';

/** `npm test` has two seconds for what the story has ten. */
const fightMs = 2000;

const socketSources = [
  { name: 'static', file: 'static.yaml' },
  { name: 'controller', socket: {} },
  { name: 'fleeting', socket: { onDisconnect: 'withdraw', after: '1s' } },
];

describe('Entries written through the control socket', () => {
  let herald: Herald;
  let router: Router;

  beforeEach(async () => {
    herald = new Herald();
    router = await Router.listen('127.0.0.2');
    herald.write('static.yaml', { services: [{ name: 'base', addresses: ['198.51.100.1'] }] });
    herald.writeConfig({
      node: { name: 'node-a' },
      bgp: { asn: 64512, routerID: '127.0.0.1' },
      bgpPeers: [router.peer('tor-1')],
      sources: socketSources,
      log: { format: 'json' },
    });
    await herald.start();
    await herald.established('tor-1');
    await router.holds('198.51.100.1/32');
  });

  afterEach(async () => {
    await herald.remove();
    await router.close();
  });

  const put = (source: string, name: string, address: string, query = ''): Promise<number> =>
    herald
      .call('PUT', `/v1/sources/${source}/services/${name}${query}`, { addresses: [address] })
      .then(({ status }) => status);

  /** Of the latest session: what it was told before the first End-of-RIB. */
  const beforeEndOfRib = (): string[] => {
    const updates = router.session.heardOf('update');
    const end = updates.findIndex(({ announced, withdrawn, attributes }) =>
      [announced, withdrawn, attributes].every(({ length }) => length === 0),
    );
    assert.ok(end >= 0, 'no End-of-RIB yet');
    return updates
      .slice(0, end)
      .flatMap(({ announced }) => announced.map(({ words }) => `${words[0]! & 0xff}`))
      .sort((a, b) => Number(a) - Number(b));
  };

  it('come back after kill -9 before the first End-of-RIB, whatever way they came', async () => {
    assert.equal((await herald.type('announce', 'shop/web', '198.51.100.2')).code, 0);
    await herald.done('PUT', '/v1/sources/controller/services', {
      services: [
        { name: 'a', addresses: ['198.51.100.3'] },
        { name: 'b', addresses: ['198.51.100.4'] },
      ],
    });
    const lines = [
      { op: 'upsert', service: { name: 'c', addresses: ['198.51.100.5'] } },
      { op: 'delete', name: 'b' },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    const answer = await herald.call('POST', '/v1/sources/controller/services', text);
    assert.deepEqual(
      answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).state),
      ['Allocated', 'Deleted'],
    );
    const routes = ['1', '2', '3', '5'].map((octet) => `198.51.100.${octet}/32`);
    await router.holds(...routes);
    herald.signal('SIGKILL');
    await herald.ended;
    await herald.start();
    await eventually(
      () => router.sessions.length,
      (count) => assert.equal(count, 2),
      5000,
    );
    await router.holds(...routes);
    assert.deepEqual(await eventually(beforeEndOfRib, () => {}, 5000), ['1', '2', '3', '5']);
    assert.equal((await herald.source('controller')).services, 2);
  });

  it('of a stream go some time after it closed, where the configuration says so', async () => {
    const call = request({ socketPath: herald.socket, method: 'POST', path: '/v1/sources/fleeting/services' });
    call.on('error', () => undefined);
    call.write('{"op":"upsert","service":{"name":"here","addresses":["198.51.100.9"]}}\n');
    await router.holds('198.51.100.1/32', '198.51.100.9/32');
    call.destroy();
    await herald.hear('entriesWithdrawn');
    await router.holds('198.51.100.1/32');
  });

  it('are for one herald a state directory: another says whose it is and leaves everything as it is', async () => {
    await put('cli', 'shop/web', '198.51.100.2');
    const words = ['run', '--config', herald.config, '--state-dir', herald.state, '--socket', herald.path('2.sock')];
    const other = await run(words);
    assert.equal(other.code, 1);
    assert.match(other.err, new RegExp(`another herald \\(process ${herald.pid}\\) uses the state directory`));
    router.isUnbroken();
    assert.equal(await put('cli', 'shop/api', '198.51.100.3'), 200);
  });

  it('keep herald from starting where they cannot be read, and it says what to do', async () => {
    await put('cli', 'shop/web', '198.51.100.2');
    assert.equal(await herald.stop(), 0);
    const ledger = `${herald.state}/ledger.mdb`;
    const whole = readFileSync(ledger);
    truncateSync(ledger, 8192);
    herald.launch();
    assert.equal(await herald.ended, 1);
    assert.match(herald.logged('ledgerUnusable').at(-1)?.msg ?? '', /ledger\.mdb is damaged: .*move it away/);
    assert.equal(router.sessions.length, 1, 'nobody was spoken to');
    writeFileSync(ledger, whole);
    await herald.start();
    await router.holds('198.51.100.1/32', '198.51.100.2/32');
  });

  it('are refused while the disk is full, and nothing else is', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const mount = (...words: string[]) => spawnSync(words[0]!, words.slice(1)).status;
    await herald.stop();
    assert.equal(mount('mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', herald.state), 0);
    try {
      await herald.start();
      assert.equal(await put('cli', 'shop/web', '198.51.100.2'), 200);
      writeFileSync(`${herald.state}/filler`, '');
      spawnSync('dd', ['if=/dev/zero', `of=${herald.state}/filler`, 'bs=1k']);
      const services = Array.from({ length: 2000 }, (_, index) => ({
        name: `s${index}`,
        addresses: ['198.51.100.77'],
      }));
      const refused = await herald.call('PUT', '/v1/sources/controller/services', { services });
      assert.equal(refused.status, 507, refused.text);
      assert.match(refused.text, /notStored.*disk/);
      await router.holds('198.51.100.1/32', '198.51.100.2/32');
      herald.write('static.yaml', { services: [{ name: 'base', addresses: ['198.51.100.6'] }] });
      await router.holds('198.51.100.2/32', '198.51.100.6/32');
      rmSync(`${herald.state}/filler`);
      await herald.done('PUT', '/v1/sources/controller/services', { services });
      await router.holds('198.51.100.2/32', '198.51.100.6/32', '198.51.100.77/32');
      await herald.heard('ledgerFailed', ({ length }) => assert.equal(length, 1));
      await herald.stop();
    } finally {
      assert.equal(mount('umount', '-l', herald.state), 0);
    }
  });

  it('that two clients fight over as fast as they can cost the network, the log and the disk little', async () => {
    await put('controller', 'shop/other', '198.51.100.20');
    assert.equal(await put('controller', 'shop/web', '198.51.100.30', '?owner=metallb'), 200);
    await router.holds('198.51.100.1/32', '198.51.100.20/32', '198.51.100.30/32');
    const [updates, logged, transactions] = [router.session.updates, herald.log.length, transactionsOf(herald)];

    const untilMs = performance.now() + fightMs;
    const fighter = async (owner: string, address: string): Promise<number> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      let writes = 0;
      for (; performance.now() < untilMs; writes++)
        await write(
          agent,
          herald.socket,
          `/v1/sources/controller/services/shop/web?owner=${owner}&force=true`,
          address,
        );
      agent.destroy();
      return writes;
    };
    let served = 0;
    const bystander = async (): Promise<void> => {
      for (; performance.now() < untilMs; served++) {
        const address = `198.51.100.${100 + (served % 5)}`;
        assert.equal(await put('controller', `shop/s${served}`, address), 200);
        await eventually(
          () => router.session.prefixes,
          (seen) => assert.ok(seen.includes(`${address}/32`) && seen.includes('198.51.100.20/32')),
          2000,
        );
      }
    };
    const [metallb, chisel] = await Promise.all([
      fighter('metallb', '198.51.100.30'),
      fighter('chisel', '198.51.100.40'),
      bystander(),
    ]);
    assert.ok(metallb > 50 && chisel > 50 && served > 5, `${metallb} and ${chisel} writes, ${served} others served`);

    const own = served + 5;
    assert.ok(router.session.updates - updates <= 20 + own, `${router.session.updates - updates} updates`);
    assert.ok(herald.log.length - logged <= 20 + own, `${herald.log.length - logged} log lines`);
    assert.ok(transactionsOf(herald) - transactions <= 20 + own, 'writes to the disk');
    await herald.heard('flapping', ({ length }) => assert.equal(length, 1));
    const web = await herald.service('shop/web');
    assert.equal(web.state, 'Flapping');
    assert.match(web.message, /metallb/);
    assert.match(web.message, /chisel/);
    router.isUnbroken();

    await herald.hear('flappingEnded');
    assert.equal((await herald.service('shop/web')).state, 'Allocated');
  });
});

function write(agent: Agent, socketPath: string, path: string, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ agent, socketPath, path, method: 'PUT' }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    call.on('error', reject);
    call.end(JSON.stringify({ addresses: [address] }));
  });
}

/** mdb.c, MDB_meta: the number of the last transaction, in two pages that are written in turn. */
function transactionsOf(herald: Herald): number {
  const pages = readFileSync(`${herald.state}/ledger.mdb`);
  return Math.max(...[0, 4096].map((page) => Number(pages.readBigUInt64LE(page + 152))));
}
