import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrainMarker } from '../../src/io/drain-marker.js';
import { temporaryDirectory } from '../api/served.js';

describe('the marker of a drain', () => {
  let directory: string;
  let marker: DrainMarker;
  beforeEach(() => {
    directory = temporaryDirectory();
    marker = new DrainMarker(join(directory, 'state'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is there until it is removed, and makes the directory it lives in', () => {
    assert.equal(marker.read(), undefined);
    marker.write(0);
    assert.equal(new DrainMarker(join(directory, 'state')).read(), 0);
    marker.remove();
    assert.equal(marker.read(), undefined);
    marker.remove();
  });

  it('knows in any process of this boot how long there is still to wait', () => {
    marker.write(3_600_000);
    const remainingMs = marker.read();
    assert.ok(typeof remainingMs === 'number' && remainingMs > 3_000_000 && remainingMs <= 3_600_000);
  });

  it('is one of another boot when it is not of this, or cannot be understood', () => {
    marker.write(0);
    const file = join(directory, 'state', 'drained');
    const [, rest] = readFileSync(file, 'utf8').split(' ');
    for (const text of [`00000000-0000-0000-0000-000000000000 ${rest}`, '', 'odd\n']) {
      writeFileSync(file, text);
      assert.equal(marker.read(), 'otherBoot');
    }
  });

  it('says when it cannot be written', () => {
    writeFileSync(join(directory, 'state'), 'no directory');
    assert.throws(() => marker.write(0), /ENOTDIR|EEXIST/);
  });
});
