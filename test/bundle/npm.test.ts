import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean } & Readonly<Record<string, unknown>>>>;
}

/** Not what the npm that runs us hands down to its own: the next one would work on this repository. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(?:cache|registry|userconfig)$)/i.test(name)),
);

const npm = (cwd: string, ...words: readonly string[]): string =>
  execFileSync('npm', words, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

describe('The package for npm', function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'herald-npm-'));
  const place = join(directory, 'place');
  let file = '';
  let paths: readonly string[] = [];

  before(function () {
    if (!existsSync(join(repository, 'dist/main.js'))) {
      process.stderr.write('Skipped: no dist/main.js\n');
      this.skip();
    }
    // What is built is there already.
    const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory];
    const [packed]: { filename: string; files: { path: string }[] }[] = JSON.parse(npm(repository, ...words));
    assert(packed);
    file = packed.filename;
    paths = packed.files.map(({ path }) => path);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('holds what is run, what the addon is built of, what systemd reads and what people read, and nothing else', () => {
    const kinds =
      /^(?:dist\/|native\/[\w-]+\.(?:cc|h)$|systemd\/[^/]+$|docs\/|(?:package\.json|binding\.gyp|LICENSE|(?:README|CHANGELOG)\.md)$)/;
    assert.deepEqual(
      paths.filter((path) => !kinds.test(path) || /\.(?:deb|tgz|key|pem|env|log)$/.test(path)),
      [],
    );
    for (const path of ['dist/main.js', 'dist/herald.cjs', 'dist/bgp.cjs', 'dist/page/index.html', 'dist/licences.txt'])
      assert(paths.includes(path), path);
  });

  it('has every file that the addon is built of', () => {
    const sources = [...readFileSync(join(repository, 'binding.gyp'), 'utf8').matchAll(/"(native\/[^"]+)"/g)];
    const named = sources.map(([, path]) => path!);
    assert(named.length > 5);
    const included = paths
      .filter((path) => path.startsWith('native/'))
      .flatMap((path) => [...readFileSync(join(repository, path), 'utf8').matchAll(/^#include "([^"]+)"/gm)])
      .map(([, path]) => `native/${path}`);
    for (const path of [...named, ...included]) assert(paths.includes(path), path);
  });

  it('is installed, and is a program', () => {
    const { version, dependencies, bin } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    const lock: Lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
    // The versions that are installed here: npm has them at hand, and asks nobody.
    const others = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const wanted = { name: 'place', version: '1.0.0', dependencies: { herald: `file:../${file}` } };
    const herald = { version, resolved: `file:../${file}`, dependencies, bin };
    const packages = { '': wanted, 'node_modules/herald': herald, ...Object.fromEntries(others) };
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), JSON.stringify(wanted));
    writeFileSync(join(place, 'package-lock.json'), JSON.stringify({ ...wanted, lockfileVersion: 3, packages }));
    // Without scripts: they would compile the addon, as the installation of this repository does.
    npm(place, 'ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');

    const program = (...words: readonly string[]): string =>
      execFileSync(join(place, 'node_modules/.bin/herald'), words, { cwd: place, encoding: 'utf8' });
    assert.equal(program('--version'), `${version}\n`);
    writeFileSync(join(place, 'table.yaml'), 'services:\n  - { name: shop/web, addresses: [203.0.113.10] }\n');
    const example = join(place, 'node_modules/herald/systemd/herald.example.yaml');
    assert.match(program('check', '--config', example, '--table', 'table.yaml'), /table\.yaml: /);
  });
});
