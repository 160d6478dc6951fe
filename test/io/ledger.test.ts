import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { hasLedger, LedgerUnusable, ledgerFile, openLedger, readLedger } from '../../src/io/ledger.js';
import type { LedgerChange, LedgerContents } from '../../src/pools/ledger.js';
import { FakeLedger } from '../pools/fake-ledger.js';

const holding = (service: string, address = '203.0.113.10') => ({
  service,
  addresses: [address],
  pool: 'production',
  since: 1,
});
const release = (address: string) => ({ address, pool: 'production', service: 'shop/web', at: 2 });
const entry = (service: string, source = 'cli') => ({ source, service, entry: '{"addresses":["203.0.113.10"]}' });

describe('The ledger', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-ledger-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const failure = (reason: RegExp) => (error: unknown) => {
    assert.ok(error instanceof LedgerUnusable, String(error));
    assert.match(error.message, reason);
    return true;
  };

  it('remembers what was written when it is opened again, and makes its directory', async () => {
    const state = join(directory, 'herald');
    assert.equal(hasLedger(state), false);
    assert.deepEqual(await readLedger(state), { holdings: [], releases: [], entries: [] });
    const ledger = await openLedger(state);
    ledger.write({ held: [holding('shop/web')], released: [release('203.0.113.9')], written: [entry('shop/api')] });
    ledger.close();
    assert.equal(hasLedger(state), true);
    const again = await openLedger(state);
    assert.deepEqual(again.read(), {
      holdings: [holding('shop/web')],
      releases: [release('203.0.113.9')],
      entries: [entry('shop/api')],
    });
    again.close();
  });

  it('holds what the one in memory holds, after any changes and any number of restarts', async () => {
    const name = fc.constantFrom('a/b', 'a/c', 'ns/\u00e4\u{1f600}', `long/${'x'.repeat(248)}`);
    const source = fc.constantFrom('cli', 'controller');
    const address = fc.constantFrom('203.0.113.1', '2001:db8::1');
    const change: fc.Arbitrary<LedgerChange> = fc.record(
      {
        held: fc.array(plain({ service: name, addresses: fc.array(address), pool: fc.string(), since: fc.nat() })),
        dropped: fc.array(name),
        released: fc.array(plain({ address, pool: fc.string(), service: name, at: fc.nat() })),
        forgotten: fc.array(address),
        written: fc.array(plain({ source, service: name, entry: fc.string({ maxLength: 20_000 }) })),
        erased: fc.array(plain({ source, service: name })),
      },
      { requiredKeys: [], noNullPrototype: true },
    );
    const step = fc.oneof({ arbitrary: change, weight: 4 }, fc.constant('restart' as const));
    let run = 0;
    const law = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const state = join(directory, `${run++}`);
      const model = new FakeLedger();
      let ledger = await openLedger(state);
      for (const taken of steps) {
        if (taken === 'restart') {
          ledger.close();
          ledger = await openLedger(state);
        } else {
          model.write(taken);
          ledger.write(taken);
        }
      }
      assert.deepEqual(sorted(ledger.read()), sorted(model.read()));
      ledger.close();
      assert.deepEqual(sorted(await readLedger(state)), sorted(model.read()));
    });
    await fc.assert(law, { numRuns: 20 });
  });

  it('loses nothing that was written when the process is killed, and never has half a write', async function () {
    this.timeout(60_000);
    const writer = fileURLToPath(new URL('ledger-writer.ts', import.meta.url));
    for (const patience of [1, 40, 300]) {
      const child = spawn(process.execPath, ['--import=tsx', writer, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.split('\n').length > patience) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const last = Number(said.trimEnd().split('\n').at(-1));
      const ledger = await openLedger(directory);
      const { holdings, entries } = ledger.read();
      ledger.close();
      const [first, second] = holdings;
      assert.ok(Number(first?.pool) >= last, `${first?.pool} is on disk, ${last} was said to be`);
      assert.equal(first?.pool, second?.pool);
      assert.ok(entries.some(({ entry: text }) => text === first?.pool));
    }
  });

  it('is for one herald at a time, and free again when that one is gone', async () => {
    const ledger = await openLedger(directory);
    await assert.rejects(
      openLedger(directory),
      failure(new RegExp(`another herald \\(process ${process.pid}\\) uses`)),
    );
    ledger.write({ held: [holding('shop/web')] });
    assert.deepEqual((await readLedger(directory)).holdings, [holding('shop/web')], 'looking is allowed');
    ledger.close();
    (await openLedger(directory)).close();
  });

  it('never opens a file that is damaged, and says what to do', async () => {
    const ledger = await openLedger(directory);
    const services = Array.from({ length: 3000 }, (_, index) => `shop/web-${index}`);
    ledger.write({ held: services.map((service) => holding(service)), written: [entry('a/long'), entry('a/b')] });
    ledger.write({ written: [{ ...entry('a/long'), entry: 'x'.repeat(50_000) }] });
    ledger.close();
    const file = ledgerFile(directory);
    const whole = readFileSync(file);
    const pages = Math.floor(whole.length / 4096);
    const damages: [string, () => void][] = [
      ['emptied', () => writeFileSync(file, '')],
      ['cut', () => truncateSync(file, 4096 * Math.floor(pages / 2))],
      ['other text', () => writeFileSync(file, 'addresses: [203.0.113.10]\n'.repeat(10_000))],
      ['zeroes', () => writeFileSync(file, Buffer.alloc(whole.length))],
    ];
    for (const [what, damage] of damages) {
      writeFileSync(file, whole);
      damage();
      await assert.rejects(openLedger(directory), failure(/ledger\.mdb is damaged: .*move it away/), what);
      await assert.rejects(readLedger(directory), failure(/is damaged/), what);
    }
    // A page overwritten is found out, or was not in use.
    for (let page = 0; page < pages; page += 7) {
      writeFileSync(file, whole);
      const descriptor = openSync(file, 'r+');
      writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
      const opened = await openLedger(directory).catch((error: unknown) => error);
      if (opened instanceof Error) assert.match(opened.message, /is damaged/);
      else if (typeof opened === 'object' && opened !== null && 'read' in opened) {
        const still = opened as Awaited<ReturnType<typeof openLedger>>;
        assert.equal(still.read().holdings.length, services.length, `page ${page}`);
        still.close();
      }
    }
    writeFileSync(file, whole);
    const mended = await openLedger(directory);
    assert.equal(mended.read().holdings.length, services.length);
    mended.close();
  });

  it('refuses what a later herald wrote', async () => {
    (await openLedger(directory)).close();
    const { open } = await import('lmdb');
    const root = open({ path: ledgerFile(directory), noSubdir: true, encoding: 'string', overlappingSync: false });
    root.putSync('version', '2');
    await root.close();
    await assert.rejects(
      openLedger(directory),
      failure(/was written by a later herald \(format 2, this one knows 1\)/),
    );
  });

  it('names what is in its way: a directory that is none, or not its own', async function () {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await assert.rejects(openLedger(file), failure(/the state directory .*file cannot be used/));
    if (process.getuid?.() === 0) this.skip();
    const foreign = join(directory, 'foreign');
    mkdirSync(foreign);
    chmodSync(foreign, 0o500);
    await assert.rejects(openLedger(foreign), failure(/permission denied.*--state-dir/i));
  });

  describe('on a disk of its own', () => {
    before(function () {
      if (process.getuid?.() !== 0) this.skip();
    });
    const mounted = async (options: string, use: (state: string) => Promise<void>): Promise<void> => {
      const state = join(directory, 'disk');
      mkdirSync(state);
      assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', state]).status, 0);
      try {
        await use(state);
      } finally {
        assert.equal(spawnSync('umount', ['-l', state]).status, 0);
      }
    };

    it('refuses a write that the disk has no room for, keeps everything else, and goes on when there is room', async () => {
      await mounted('size=1m', async (state) => {
        const ledger = await openLedger(state);
        ledger.write({ held: [holding('shop/web')] });
        const filler = join(state, 'filler');
        writeFileSync(filler, Buffer.alloc(700 * 1024));
        const large = { written: [{ ...entry('a/large'), entry: 'x'.repeat(400_000) }] };
        assert.throws(
          () => ledger.write({ ...large, dropped: ['shop/web'] }),
          failure(/cannot be written: .*is the disk full\?/i),
        );
        assert.deepEqual(ledger.read(), { holdings: [holding('shop/web')], releases: [], entries: [] });
        rmSync(filler);
        ledger.write(large);
        ledger.close();
        assert.deepEqual((await readLedger(state)).holdings, [holding('shop/web')]);
        assert.equal((await readLedger(state)).entries.length, 1);
        assert.ok(statSync(ledgerFile(state)).size < 1024 * 1024);
      });
    });

    it('says that it cannot be made, or opened, where nothing may be written', async () => {
      await mounted('size=1m', async (state) => {
        spawnSync('mount', ['-o', 'remount,ro', state]);
        await assert.rejects(openLedger(state), failure(/read-only file system; mount it for writing/i));
        spawnSync('mount', ['-o', 'remount,rw', state]);
        const ledger = await openLedger(state);
        ledger.write({ held: [holding('shop/web')] });
        ledger.close();
        spawnSync('mount', ['-o', 'remount,ro', state]);
        await assert.rejects(openLedger(state), failure(/read-only file system; mount it for writing/i));
        assert.deepEqual((await readLedger(state)).holdings, [holding('shop/web')], 'looking needs no writing');
      });
    });
  });
});

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

const sorted = ({ holdings, releases, entries }: LedgerContents): unknown => ({
  holdings: holdings.toSorted((a, b) => (a.service < b.service ? -1 : 1)),
  releases: releases.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
  entries: entries.toSorted((a, b) => (`${a.source} ${a.service}` < `${b.source} ${b.service}` ? -1 : 1)),
});
