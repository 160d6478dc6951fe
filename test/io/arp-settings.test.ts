import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArpSettings } from '../../src/io/arp-settings.js';

describe('The ARP settings of an interface', () => {
  const directory = mkdtempSync(join(tmpdir(), 'herald-arp-'));
  after(() => rmSync(directory, { recursive: true }));
  const put = (name: string, arpIgnore: number, arpAnnounce: number): void => {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'arp_ignore'), `${arpIgnore}\n`);
    writeFileSync(join(directory, name, 'arp_announce'), `${arpAnnounce}\n`);
  };

  it('are the larger of its own and those of all', () => {
    put('all', 0, 2);
    put('eth0', 1, 0);
    assert.deepEqual(readArpSettings('eth0', directory), { interfaceName: 'eth0', arpIgnore: 1, arpAnnounce: 2 });
  });

  it('are unknown for an interface that is not there', () => {
    assert.equal(readArpSettings('eth9', directory).arpIgnore, undefined);
  });

  it('are those of this host', () => {
    const { arpIgnore, arpAnnounce } = readArpSettings('lo');
    assert.ok(Number.isInteger(arpIgnore) && Number.isInteger(arpAnnounce));
  });
});
