import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDebianPackage } from '../../src/bundle/debian.js';
import { loadedWorks } from '../../src/bundle/works.js';

const repository = join(import.meta.dirname, '../..');
const needed = ['dpkg-deb', 'dpkg-shlibdeps', 'strip'];

describe('The package for Debian', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'herald-debian-'));
  const root = join(directory, 'root');
  let made = '';
  /** Every line of `tar -tv`: mode, owner, size, date, time, path. */
  let listing: readonly (readonly string[])[] = [];
  let paths: readonly string[] = [];

  const ask = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, words, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  const field = (name: string): string => ask('dpkg-deb', '--field', made, name).trim();
  const node = (...words: readonly string[]): string =>
    execFileSync(process.execPath, words, { cwd: join(root, 'usr/lib/herald'), encoding: 'utf8' });

  before(function () {
    const absent = needed.filter((program) => spawnSync(program, ['--version']).error !== undefined);
    if (absent.length > 0 || !existsSync(join(repository, 'dist/main.js'))) {
      process.stderr.write(`Skipped: no ${absent.join(', ') || 'dist/main.js'}\n`);
      this.skip();
    }
    made = makeDebianPackage(directory, '1.2.3-beta.1');
    ask('dpkg-deb', '--extract', made, root);
    listing = ask('dpkg-deb', '--contents', made)
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/));
    paths = listing.map((words) => words[5]!.replace(/^\./, ''));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is octet for octet the same when somebody else makes it elsewhere', () => {
    const before = process.umask(0o077);
    const shelter = process.env['TMPDIR'];
    try {
      process.env['TMPDIR'] = mkdtempSync(join(directory, 'tmp-'));
      const again = makeDebianPackage(join(directory, 'again'), '1.2.3-beta.1');
      assert(readFileSync(again).equals(readFileSync(made)));
    } finally {
      process.umask(before);
      if (shelter === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = shelter;
    }
  });

  it('says what it is, and what it needs', () => {
    assert.equal(field('Package'), 'herald');
    // A tilde sorts before the release.
    assert.equal(field('Version'), '1.2.3~beta.1');
    assert.match(field('Depends'), /^nodejs \(>= 20\.19\), .*\blibc6 \(>= [\d.]+\).*\blibstdc\+\+6 \(>= [\d.]+\)/);
    assert.deepEqual(field('Conffiles'), '');
  });

  it('has each file where Debian has its like, owned by root', () => {
    for (const path of [
      '/etc/herald/',
      '/usr/bin/herald',
      '/usr/lib/systemd/system/herald.service',
      '/usr/lib/systemd/system/herald.socket',
      '/usr/lib/sysusers.d/herald.conf',
      '/usr/lib/tmpfiles.d/herald.conf',
      '/usr/share/bash-completion/completions/herald',
      '/usr/share/doc/herald/changelog.gz',
      '/usr/share/doc/herald/copyright',
      '/usr/share/doc/herald/docs/operations.md',
      '/usr/share/doc/herald/examples/herald.yaml',
      '/usr/share/man/man8/herald.8.gz',
    ])
      assert(paths.includes(path), path);
    for (const [mode = '', owner] of listing) {
      assert.equal(owner, 'root/root');
      assert.match(mode, /^(?:drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx)$/);
    }
    assert.match(
      readFileSync(join(root, 'usr/share/bash-completion/completions/herald'), 'utf8'),
      /^complete .*herald$/m,
    );
  });

  it('holds what herald loads, and nothing that it was made of', () => {
    assert.deepEqual(
      paths.filter((path) => /\.(?:m?ts|tsx|cc|h|o|map|deb)$|\/(?:tests?|nan|node-addon-api|\..*)\//.test(path)),
      [],
    );
    assert.equal(node('dist/main.js', '--version'), '1.2.3-beta.1\n');
    // From the tree alone: nothing above it has packages.
    const loads = ['lmdb', 'node-netlink', 'raw-socket', 'ip6addr'].map((name) => `await import('${name}');`);
    node('--input-type=module', '--eval', loads.join(''));
    const openLedger = `const { open } = await import('lmdb'); const db = open('${join(directory, 'ledger')}'); await db.put('a', 1); if (db.get('a') !== 1) throw 1; await db.close();`;
    node('--input-type=module', '--eval', openLedger);
    const addon = "process.dlopen({ exports: {} }, './build/Release/herald.node')";
    node('--eval', addon);
  });

  it('works with another Node than it was made with, whose code caches are not its own', () => {
    const own = node('dist/main.js', 'check', '--help');
    // A flag that shapes code is another V8 to a cache.
    assert.equal(node('--no-opt', 'dist/main.js', 'check', '--help'), own);
  });

  it('has a program that finds the rest when it is called by its name', () => {
    const program = join(root, 'usr/bin/herald');
    assert.equal(ask('readlink', program).trim(), '../lib/herald/dist/main.js');
    assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/node\n/);
    const elsewhere = join(directory, 'herald');
    symlinkSync(program, elsewhere);
    assert.equal(ask(process.execPath, elsewhere, '--version'), '1.2.3-beta.1\n');
  });

  it('passes on what the licences of others ask for', () => {
    const copyright = readFileSync(join(root, 'usr/share/doc/herald/copyright'), 'utf8');
    for (const { name, version, licence } of loadedWorks(repository)) {
      assert(copyright.includes(`\n${name} ${version}\n`), name);
      assert.notEqual(licence, 'unknown', name);
    }
    const bundled = readFileSync(join(root, 'usr/lib/herald/dist/licences.txt'), 'utf8');
    for (const name of ['yaml', 'yargs', 'zod', 'preact', 'winston', 'hono'])
      assert.match(bundled, new RegExp(`^${name} \\d.*\\n.*\\nLicence: \\S+\\n\\n\\S`, 'm'), name);
  });

  it('has scripts that a shell understands', () => {
    const scripts = join(directory, 'control');
    ask('dpkg-deb', '--control', made, scripts);
    for (const name of ['postinst', 'prerm', 'postrm']) {
      ask('sh', '-n', join(scripts, name));
      assert.doesNotMatch(readFileSync(join(scripts, name), 'utf8'), /@\w+@/);
    }
  });
});
