import assert from 'node:assert/strict';
import { type ArpSettings, arpVerdict } from '../../src/l2/arp-settings.js';

const settings = (arpIgnore?: number, arpAnnounce?: number, interfaceName = 'eth0'): ArpSettings => ({
  interfaceName,
  arpIgnore,
  arpAnnounce,
});

describe('ARP of the kernel, with addresses of services on lo', () => {
  for (const arpIgnore of [1, 2, 8])
    it(`is harmless with arp_ignore ${arpIgnore} and arp_announce 2`, () => {
      assert.deepEqual(arpVerdict('lo', [settings(arpIgnore, 2)]), { lines: [], refuse: false });
    });

  // 3 keeps quiet only for addresses of scope host, and the kernel takes 4 to 7 for 0.
  for (const arpIgnore of [0, 3, 4])
    it(`would make every host answer with arp_ignore ${arpIgnore}: refused, with the command that mends it`, () => {
      const { lines, refuse } = arpVerdict('lo', [settings(arpIgnore, 2)]);
      assert.equal(refuse, true);
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, /sysctl -w net\.ipv4\.conf\.eth0\.arp_ignore=1$/);
    });

  for (const arpAnnounce of [0, 1])
    it(`claims addresses in its own requests with arp_announce ${arpAnnounce}: said, not refused`, () => {
      const { lines, refuse } = arpVerdict('lo', [settings(1, arpAnnounce)]);
      assert.equal(refuse, false);
      assert.match(lines.join(), /sysctl -w net\.ipv4\.conf\.eth0\.arp_announce=2$/);
    });

  it('is looked at on every interface that is answered on', () => {
    const { lines, refuse } = arpVerdict('lo', [settings(1, 2), settings(0, 0, 'eth1.100')]);
    assert.equal(refuse, true);
    assert.deepEqual(
      lines.map((line) => /sysctl .*$/.exec(line)?.[0]),
      ['sysctl -w net.ipv4.conf.eth1/100.arp_ignore=1', 'sysctl -w net.ipv4.conf.eth1/100.arp_announce=2'],
    );
  });

  it('answers for what stands on the interface itself, whatever is set', () => {
    assert.equal(arpVerdict('eth0', [settings(1, 2)]).refuse, true);
  });

  it('is not known where it cannot be read, which is said', () => {
    const { lines, refuse } = arpVerdict('lo', [settings()]);
    assert.equal(refuse, false);
    assert.match(lines.join(), /cannot be read/);
  });
});
