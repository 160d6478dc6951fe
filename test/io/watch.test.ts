import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type FileWatch, watchFile } from '../../src/io/watch.js';

const deadlineMs = 8000;

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + deadlineMs; !holds(); await pause(2))
    if (performance.now() > end) assert.fail(`not within ${deadlineMs} ms: ${what}`);
}

describe('a watched file', () => {
  let directory: string;
  let file: string;
  let watch: FileWatch | undefined;
  /** What a reader would have read at each report. */
  let reports: (string | undefined)[];

  const contents = (): string | undefined => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  };
  const start = (): void => {
    watch = watchFile(file, () => reports.push(contents()));
  };
  const reported = (text: string | undefined): Promise<void> =>
    eventually(`a report of ${JSON.stringify(text)}`, () => reports.length > 0 && reports.at(-1) === text);
  const replace = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-watch-'));
    file = join(directory, 'table');
    reports = [];
    writeFileSync(file, 'first');
  });

  afterEach(() => {
    watch?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('that is replaced by rename is reported, every time', async () => {
    start();
    for (const text of ['second', 'third', 'fourth']) {
      replace(text);
      await reported(text);
    }
    assert.deepEqual(reports, ['second', 'third', 'fourth']);
  });

  it('that is written in place is reported once it is whole', async () => {
    start();
    const descriptor = openSync(file, 'w');
    for (let part = 0; part < 6; part++) {
      writeSync(descriptor, `part ${part} `);
      await pause(20);
    }
    closeSync(descriptor);
    await reported('part 0 part 1 part 2 part 3 part 4 part 5 ');
    assert.equal(reports.length, 1);
  });

  it('that is removed and made anew in its place is reported once it is whole', async () => {
    start();
    unlinkSync(file);
    const descriptor = openSync(file, 'w');
    writeSync(descriptor, 'part 0 ');
    await pause(20);
    writeSync(descriptor, 'part 1');
    closeSync(descriptor);
    await reported('part 0 part 1');
    assert.deepEqual(reports, ['part 0 part 1']);
  });

  it('that an editor writes anew beside a backup is reported whole', async () => {
    start();
    renameSync(file, `${file}~`);
    const descriptor = openSync(file, 'w');
    await pause(20);
    writeSync(descriptor, 'sec');
    await pause(20);
    writeSync(descriptor, 'ond');
    closeSync(descriptor);
    unlinkSync(`${file}~`);
    await reported('second');
    assert.deepEqual(reports, ['second']);
  });

  it('that is truncated and written, copied over or appended to is reported', async () => {
    start();
    writeFileSync(file, 'second');
    await reported('second');
    writeFileSync(join(directory, 'other'), 'third');
    copyFileSync(join(directory, 'other'), file);
    await reported('third');
    appendFileSync(file, ' and more');
    await reported('third and more');
  });

  it('that vanishes and comes back is reported both times', async () => {
    start();
    unlinkSync(file);
    await reported(undefined);
    writeFileSync(file, 'second');
    await reported('second');
  });

  it('need not be there at first, nor its directory', async () => {
    file = join(directory, 'etc', 'herald', 'table');
    start();
    mkdirSync(join(directory, 'etc'));
    mkdirSync(join(directory, 'etc', 'herald'));
    writeFileSync(file, 'first');
    await reported('first');
  });

  it('is found again when its directory is removed and made anew', async () => {
    const home = join(directory, 'home');
    mkdirSync(home);
    file = join(home, 'table');
    writeFileSync(file, 'first');
    start();
    for (const text of ['second', 'third']) {
      rmSync(home, { recursive: true });
      await reported(undefined);
      mkdirSync(home);
      replace(text);
      await reported(text);
    }
    writeFileSync(file, 'fourth');
    await reported('fourth');
  });

  it('is found again when its directory is swapped for another', async () => {
    const home = join(directory, 'home');
    mkdirSync(home);
    file = join(home, 'table');
    writeFileSync(file, 'first');
    start();
    mkdirSync(join(directory, 'next'));
    writeFileSync(join(directory, 'next', 'table'), 'second');
    renameSync(home, join(directory, 'old'));
    renameSync(join(directory, 'next'), home);
    await reported('second');
    replace('third');
    await reported('third');
  });

  it('is followed through a ConfigMap, whose data directory is a symlink that is swapped', async () => {
    const mount = join(directory, 'mount');
    mkdirSync(join(mount, '..2024_1'), { recursive: true });
    writeFileSync(join(mount, '..2024_1', 'table'), 'first');
    symlinkSync('..2024_1', join(mount, '..data'));
    symlinkSync(join('..data', 'table'), join(mount, 'table'));
    file = join(mount, 'table');
    start();
    for (const [version, text] of ['second', 'third'].entries()) {
      const next = `..2024_${version + 2}`;
      mkdirSync(join(mount, next));
      writeFileSync(join(mount, next, 'table'), text);
      symlinkSync(next, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
      rmSync(join(mount, `..2024_${version + 1}`), { recursive: true });
      await reported(text);
    }
    assert.deepEqual(reports, ['second', 'third']);
  });

  it('is followed through a symlink to a file elsewhere, written or replaced there', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    const target = join(elsewhere, 'real');
    writeFileSync(target, 'first');
    unlinkSync(file);
    symlinkSync(target, file);
    start();
    writeFileSync(target, 'second');
    await reported('second');
    writeFileSync(`${target}.new`, 'third');
    renameSync(`${target}.new`, target);
    await reported('third');
  });

  it('that a link points to in a circle is as good as missing', async () => {
    unlinkSync(file);
    symlinkSync('loop', join(directory, 'table'));
    symlinkSync('table', join(directory, 'loop'));
    start();
    unlinkSync(file);
    writeFileSync(file, 'second');
    await reported('second');
  });

  it('that changes a hundred times in a burst is reported a few times, and the last state always', async () => {
    start();
    for (let version = 0; version < 100; version++) replace(`version ${version}`);
    await reported('version 99');
    assert(reports.length <= 5, `${reports.length} reports`);
  });

  it('is not reported for what happens to its neighbours, nor when it is only read', async () => {
    start();
    writeFileSync(join(directory, 'neighbour'), 'x');
    renameSync(join(directory, 'neighbour'), join(directory, 'neighbour2'));
    readFileSync(file);
    replace('second');
    await reported('second');
    assert.deepEqual(reports, ['second']);
  });

  it('that changes without an event is found all the same, a little later', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    linkSync(file, join(elsewhere, 'other'));
    start();
    // Through another name in another directory: the kernel tells those who watch that directory.
    writeFileSync(join(elsewhere, 'other'), 'second');
    await reported('second');
  });

  it('that is no longer watched is not reported', async () => {
    start();
    replace('second');
    watch?.close();
    // Another watch on the same file tells when the first would have had its turn.
    let others = 0;
    const other = watchFile(file, () => others++);
    replace('third');
    await eventually('the other report', () => others > 0);
    other.close();
    assert.deepEqual(reports, []);
  });
});
