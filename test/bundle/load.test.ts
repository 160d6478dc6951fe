import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiled, identityLine } from '../../src/bundle/load.js';

describe('A code cache', () => {
  const directory = mkdtempSync(join(tmpdir(), 'herald-bundle-'));
  const [old, current] = [identityLine('0'.repeat(64)), identityLine('1'.repeat(64))];
  const bundle = (identity: string, answer: number): void =>
    writeFileSync(join(directory, 'bgp.cjs'), `${identity}(() => ${answer})`);
  const cache = (identity: string, octets: Uint8Array): void =>
    writeFileSync(join(directory, 'bgp.cache'), Buffer.concat([Buffer.from(identity), octets]));
  const answer = (): unknown => compiled(directory, 'bgp').runInThisContext()();

  before(() => {
    bundle(old, 1);
    const script = compiled(directory, 'bgp');
    script.runInThisContext()();
    cache(old, script.createCachedData());
  });

  after(() => rmSync(directory, { recursive: true }));

  it('is taken for the bundle that it was made of', () => {
    assert.equal(compiled(directory, 'bgp').cachedDataRejected, false);
    assert.equal(answer(), 1);
  });

  it('is left alone for another bundle, were it of the same length', () => {
    bundle(current, 2);
    assert.equal(compiled(directory, 'bgp').cachedDataRejected, undefined);
    assert.equal(answer(), 2);
  });

  it('costs nothing but time where it is broken, or not there', () => {
    bundle(current, 3);
    cache(current, Buffer.from('no cache of any V8'));
    assert.equal(compiled(directory, 'bgp').cachedDataRejected, true);
    assert.equal(answer(), 3);
    rmSync(join(directory, 'bgp.cache'));
    assert.equal(answer(), 3);
  });

  it('holds no import() in any bundle that is built: code from a cache has nothing to import by', function () {
    const built = ['herald', 'bgp']
      .map((name) => join(import.meta.dirname, `../../dist/${name}.cjs`))
      .filter(existsSync);
    if (built.length === 0) this.skip();
    for (const file of built) assert.doesNotMatch(readFileSync(file, 'latin1'), /\bimport\(/);
  });
});
