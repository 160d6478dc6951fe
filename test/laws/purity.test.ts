import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sourceFiles } from './source-files.js';

const root = resolve(import.meta.dirname, '../..');
const pureProject = join(root, 'src/tsconfig.pure.json');

/** Each line is a module of its own that wants something of Node or the web. */
const impure = {
  Buffer: `export const octets = Buffer.from('x');`,
  process: 'export const environment = process.env;',
  setTimeout: 'export const timer = setTimeout(() => {}, 1);',
  setImmediate: 'export const timer = setImmediate(() => {});',
  queueMicrotask: 'queueMicrotask(() => {});',
  console: `console.log('x');`,
  TextEncoder: 'export const encoder = new TextEncoder();',
  URL: `export const url = new URL('http://192.0.2.1');`,
  performance: 'export const now = performance.now();',
  structuredClone: 'export const clone = structuredClone({});',
  'node:fs': `import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x');`,
  'node:net': `import * as net from 'node:net';\nexport const server = net.createServer();`,
};

/** Compiles modules as a pure room is compiled; answers the files that have errors. */
function faulty(modules: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'herald-purity-'));
  try {
    const names = Object.keys(modules);
    for (const [i, text] of Object.values(modules).entries()) writeFileSync(join(directory, `m${i}.ts`), `${text}\n`);
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    const files = names.map((_, i) => `m${i}.ts`);
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        extends: pureProject,
        compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
        include: files,
        exclude: [],
      }),
    );
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', directory], {
      encoding: 'utf8',
    });
    assert.doesNotMatch(stdout, /TS5\d{3}|TS18003/, 'the project itself is sound');
    const found = new Set(Array.from(stdout.matchAll(/\bm(\d+)\.ts\(/g), (match) => names[Number(match[1])]!));
    return [...found].sort();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('The pure rooms', () => {
  it('cannot name anything of Node or the web: the compiler refuses each', () => {
    assert.deepEqual(faulty(impure), Object.keys(impure).sort());
  });

  it('are compiled so for no other reason: what the language itself has is there', () => {
    assert.deepEqual(
      faulty({ plain: 'export const sorted = new Map([[1, new Uint8Array(2)]]).size + [3, 1].toSorted().length;' }),
      [],
    );
  });

  it('are compiled so in every file, but for the thread that BGP lives in', () => {
    const { stdout, status } = spawnSync(
      join(root, 'node_modules/.bin/tsc'),
      ['--noEmit', '--listFilesOnly', '-p', pureProject],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout);
    const compiled = new Set(stdout.split('\n').map((file) => file.trim()));
    const pure = /^(net|table|pools|plan|bgp|l2)\/|^machine\.ts$/;
    const missing = sourceFiles().filter((file) => pure.test(file) && !compiled.has(join(root, 'src', file)));
    assert.deepEqual(missing, ['bgp/worker.ts']);
    const { compilerOptions } = JSON.parse(readFileSync(pureProject, 'utf8')) as { compilerOptions: unknown };
    assert.deepEqual(compilerOptions, { types: [], lib: ['es2023'] });
  });
});
