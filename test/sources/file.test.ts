import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type FileWatch, watchFile } from '../../src/io/watch.js';
import type { Community } from '../../src/net/community.js';
import type { Clock, Log } from '../../src/ports.js';
import { formatProblem } from '../../src/problem.js';
import { FileSource } from '../../src/sources/file.js';
import type { SourceUpdate } from '../../src/sources/update.js';

const deadlineMs = 8000;

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + deadlineMs; !holds(); await pause(2))
    if (performance.now() > end) assert.fail(`not within ${deadlineMs} ms: ${what}`);
}

/** An update as a test wants to see it. */
function seen(update: SourceUpdate): unknown {
  switch (update.kind) {
    case 'services':
      return { upserted: update.upserted.map(({ name }) => name), removed: update.removed, count: update.count };
    case 'bulk':
      return { rows: update.count };
    case 'stale':
      return { stale: update.problems.map(({ message }) => message), loaded: update.loaded };
  }
}

describe('a table in a file', () => {
  let directory: string;
  let file: string;
  let source: FileSource;
  let updates: SourceUpdate[];
  let events: string[];
  let times: number[];
  let nowMs: number;

  const clock: Clock = { monotonicMs: () => nowMs, now: () => new Date(0) };
  const log: Log = { write: (_level, event) => events.push(event) };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-source-'));
    updates = [];
    events = [];
    times = [];
    nowMs = 1000;
  });

  afterEach(() => {
    source.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(name: string, text?: string, aliases: ReadonlyMap<string, Community> = new Map()): void {
    file = join(directory, name);
    if (text !== undefined) writeFileSync(file, text);
    source = new FileSource({ name: 'static', file }, { watch: watchFile, clock, log, aliases }, (update, sinceMs) => {
      updates.push(update);
      times.push(sinceMs);
    });
    source.start();
  }

  function replace(text: string): void {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  /** The next update that was not asked for yet. */
  async function next(): Promise<SourceUpdate> {
    await eventually('an update', () => updates.length > 0);
    return updates.shift()!;
  }

  const nextSeen = async (): Promise<unknown> => seen(await next());

  it('is taken at the start, and what changes in it when it changes', async () => {
    start('t.yaml', 'services:\n  - name: a\n  - name: b\n');
    assert.deepEqual(await nextSeen(), { upserted: ['default/a', 'default/b'], removed: [], count: 2 });
    replace('services:\n  - name: b\n  - name: c\n');
    assert.deepEqual(await nextSeen(), { upserted: ['default/c'], removed: ['default/a'], count: 2 });
    replace('services: []\n');
    assert.deepEqual(await nextSeen(), { upserted: [], removed: ['default/b', 'default/c'], count: 0 });
  });

  for (const [name, text] of [
    ['t.yml', 'services: [{ name: a }]'],
    ['t.json', '{"services":[{"name":"a"}]}'],
    ['T.NDJSON', '{"name":"a"}\n'],
  ] as const)
    it(`may be called ${name}`, async () => {
      start(name, text);
      assert.deepEqual(await nextSeen(), { upserted: ['default/a'], removed: [], count: 1 });
    });

  it('is a bulk when it is CSV', async () => {
    start('t.csv', 'prefix\n192.0.2.0/24\n2001:db8::/32\n');
    assert.deepEqual(await nextSeen(), { rows: 2 });
    replace('prefix\n192.0.2.0/24\n');
    assert.deepEqual(await nextSeen(), { rows: 1 });
  });

  it('of another kind is refused by name', async () => {
    start('t.txt', 'services: []');
    assert.deepEqual(await nextSeen(), {
      stale: ['the name of a table ends in .yaml, .yml, .json, .ndjson, .csv'],
      loaded: false,
    });
  });

  it('that says the same again is no news', async () => {
    start('t.ndjson', '{"name":"a"}\n');
    await next();
    replace('{"name":"a"}\n');
    source.reload();
    replace('{"name":"a"}\n{"name":"b"}\n');
    assert.deepEqual(await nextSeen(), { upserted: ['default/b'], removed: [], count: 2 });
  });

  it('in CSV that says the same in another order is no news', async () => {
    start('t.csv', 'prefix\n192.0.2.0/24\n2001:db8::/32\n');
    await next();
    replace('prefix\n2001:db8::/32\n192.0.2.0/24\n');
    source.reload();
    replace('prefix\n');
    assert.deepEqual(await nextSeen(), { rows: 0 });
  });

  for (const [what, spoil, message] of [
    ['a syntax error', () => replace('{"services":[{"name":"a"}'), /the text ends inside/],
    ['no content', () => replace(''), /^is empty; /],
    ['a directory in its place', () => [unlinkSync(file), mkdirSync(file)], /^is a directory$/],
    ['a FIFO in its place', () => [unlinkSync(file), execFileSync('mkfifo', [file])], /^is not a regular file$/],
    ['nothing in its place', () => unlinkSync(file), /^does not exist$/],
  ] as const)
    it(`keeps the last good table when there is ${what}, and says when it is well again`, async () => {
      start('t.json', '{"services":[{"name":"a"},{"name":"b"}]}');
      await next();
      spoil();
      const stale = await next();
      assert(stale.kind === 'stale');
      assert.equal(stale.loaded, true);
      assert.match(stale.problems[0]?.message ?? '', message);
      rmSync(file, { recursive: true, force: true });
      replace('{"services":[{"name":"a"},{"name":"b"}]}');
      let well = await next();
      if (well.kind === 'stale') well = await next(); // it was seen missing
      assert.deepEqual(seen(well), { upserted: [], removed: [], count: 2 });
      assert.deepEqual(events.slice(0, 2), ['sourceLoaded', 'sourceStale']);
    });

  it('that is missing at the start is nothing, until it comes', async () => {
    start('t.yaml');
    assert.deepEqual(await nextSeen(), { stale: ['does not exist'], loaded: false });
    assert.equal(source.loaded, false);
    replace('services: [{ name: a }]\n');
    assert.deepEqual(await nextSeen(), { upserted: ['default/a'], removed: [], count: 1 });
    assert.equal(source.loaded, true);
  });

  it('rejects bad entries by line and takes the others', async () => {
    start('t.yaml', 'services:\n  - name: a\n  - name: b\n    addresses: [x]\n');
    const update = await next();
    assert(update.kind === 'services');
    assert.deepEqual(
      update.rejected.map(({ name }) => name),
      ['default/b'],
    );
    assert.deepEqual(update.problems.map(formatProblem), [
      `${file}:4:17: services[1].addresses[0]: "x" is not an IP address`,
    ]);
  });

  it('tells again when only what is wrong with it changed', async () => {
    start('t.csv', 'prefix\n192.0.2.0/24\n');
    await next();
    replace('prefix\n192.0.2.0/24\nx\n');
    const update = await next();
    assert.equal(update.problems.length, 1);
  });

  it('that everyone may write to is taken with a warning', async () => {
    start('t.yaml', 'services: []\n');
    await next();
    chmodSync(file, 0o666);
    source.reload();
    const update = await next();
    assert.deepEqual(
      update.problems.map(({ severity, message }) => [severity, message]),
      [['warning', 'is writable by everyone, who can thereby announce anything; chmod o-w takes that away']],
    );
  });

  it('in YAML of more than four mebibytes is refused, and told where to go', async () => {
    start('t.yaml', `services: []\n${'#'.repeat(4 * 1024 * 1024)}\n`);
    const update = await next();
    assert.match(update.problems[0]?.message ?? '', /^is larger than 4 MiB, too much for YAML; .*\.ndjson/);
  });

  it('of more than a gibibyte is refused, and costs no memory', async () => {
    start('t.ndjson', '{"name":"a","addresses":["203.0.113.1"]}\n');
    await next();
    truncateSync(file, 5e9);
    source.reload();
    const update = await next();
    assert.deepEqual([update.kind, update.problems.length], ['stale', 1]);
    assert.match(update.problems[0]?.message ?? '', /^is larger than 1024 MiB, too much for one table; .*\.csv/);
  });

  it('reads the names of communities anew when they change', async () => {
    start('t.yaml', 'services: [{ name: a, bgp: { communities: [blue] } }, { name: b }]\n');
    assert.deepEqual(await nextSeen(), { upserted: ['default/b'], removed: [], count: 1 });
    source.reload(new Map([['blue', { kind: 'standard', value: 1 }]]));
    assert.deepEqual(await nextSeen(), { upserted: ['default/a'], removed: [], count: 2 });
    source.reload(new Map([['blue', { kind: 'standard', value: 2 }]]));
    assert.deepEqual(await nextSeen(), { upserted: ['default/a'], removed: [], count: 2 });
  });

  it('is taken whole when somebody writes into it while it is read', async () => {
    const line = (i: number): string =>
      `{"name":"s${i}","addresses":["10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}"]}\n`;
    const lines = Array.from({ length: 60_000 }, (_, i) => line(i)).join('');
    start('t.ndjson', lines);
    for (let i = 60_000; i < 60_010; i++) {
      await pause(1);
      appendFileSync(file, line(i));
    }
    const names = new Set<string>();
    for (let count = 0; count !== 60_010; ) {
      const update = await next();
      assert(update.kind === 'services');
      for (const { name } of update.upserted) names.add(name);
      count = update.count;
    }
    assert.equal(names.size, 60_010);
  });

  it('in a burst of changes ends with the last', async () => {
    start('t.ndjson', '{"name":"a"}\n');
    await next();
    for (let i = 0; i < 100; i++) replace(`{"name":"s${i}"}\n`);
    const names = new Set(['default/a']);
    while (!names.has('default/s99')) {
      const update = await next();
      assert(update.kind === 'services');
      for (const name of update.removed) names.delete(name);
      for (const { name } of update.upserted) names.add(name);
    }
    assert.deepEqual([...names], ['default/s99']);
  });

  it('says of each change when it was noticed, not when it was read', async () => {
    start('t.ndjson', '{"name":"a"}\n');
    nowMs = 2000;
    await next();
    replace('{"name":"b"}\n');
    nowMs = 3000;
    await next();
    assert.deepEqual(times, [1000, 3000]);
  });

  it('is read again when it changes while it is read, at whichever moment', async () => {
    file = join(directory, 't.ndjson');
    const lines = Array.from({ length: 50_000 }, (_, i) => `{"name":"s${i}"}\n`).join('');
    for (let delayMs = 0; delayMs < 10; delayMs++) {
      writeFileSync(file, lines);
      const told: string[] = [];
      const changed: (() => void)[] = [];
      const watch = (_path: string, tell: () => void): FileWatch => {
        changed.push(tell);
        return { close: () => undefined };
      };
      source = new FileSource({ name: 'static', file }, { watch, clock, log, aliases: new Map() }, (update) => {
        if (update.kind === 'services') told.push(...update.upserted.map(({ name }) => name));
      });
      source.start();
      await pause(delayMs);
      replace(`${lines}{"name":"last"}\n`);
      for (const tell of changed) tell();
      await eventually(`the last version, changed after ${delayMs} ms`, () => told.includes('default/last'));
      source.stop();
    }
  });

  it('that is no longer wanted tells nothing more', async () => {
    start('t.yaml', 'services: []\n');
    const [first, told] = [source, updates];
    updates = [];
    start('t.yaml');
    first.stop();
    await next();
    assert.deepEqual(told, []);
  });
});
