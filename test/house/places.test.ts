import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigPlaces } from '../../src/house/places.js';

describe('The lines of the configuration', () => {
  const directory = mkdtempSync(join(tmpdir(), 'herald-places-'));
  const file = join(directory, 'herald.yaml');
  const places = new ConfigPlaces(file);
  after(() => rmSync(directory, { recursive: true }));

  it('are those of the file as it is now', () => {
    assert.equal(places.of('bgpPeers', 'a'), '');
    writeFileSync(file, 'bgpPeers:\n  - name: a\n');
    assert.equal(places.of('bgpPeers', 'a'), `${file}:2:5`);
    assert.equal(places.of('bgpPeers', 'a'), `${file}:2:5`);
    writeFileSync(file, '# moved\nbgpPeers:\n  - name: a\n');
    assert.equal(places.of('bgpPeers', 'a'), `${file}:3:5`);
    writeFileSync(file, 'bgpPeers:\n  - name: b\n');
    assert.equal(places.of('bgpPeers', 'a'), '');
  });

  it('are not looked for where nobody could have written them', () => {
    writeFileSync(file, `bgpPeers:\n  - name: a\n${'# filler\n'.repeat(40_000)}`);
    assert.equal(places.of('bgpPeers', 'a'), '');
    assert.equal(new ConfigPlaces('/dev/zero').of('bgpPeers', 'a'), '');
    assert.equal(new ConfigPlaces(directory).of('bgpPeers', 'a'), '');
  });
});
