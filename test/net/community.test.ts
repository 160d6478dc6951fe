import assert from 'node:assert/strict';
import { type Community, formatCommunity, parseCommunity, wellKnownNames } from '../../src/net/community.js';

const standard = (value: number): Community => ({ kind: 'standard', value });
const extended = (high: number, low: number): Community => ({ kind: 'extended', high, low });

describe('communities', () => {
  const texts: readonly (readonly [string, Community])[] = [
    ['64512:100', standard(0xfc000064)],
    ['0:0', standard(0)],
    ['65535:65535', standard(0xffffffff)],
    ['large:64512:1:2', { kind: 'large', global: 64512, local1: 1, local2: 2 }],
    ['large:4294967295:0:4294967295', { kind: 'large', global: 0xffffffff, local1: 0, local2: 0xffffffff }],
    ['ext:rt:64512:1', extended(0x0002fc00, 1)],
    ['ext:rt:64512:4294967295', extended(0x0002fc00, 0xffffffff)],
    ['ext:soo:192.0.2.1:7', extended(0x0103c000, 0x02010007)],
    ['ext:rt:4200000000:7', extended(0x0202fa56, 0xea000007)],
    ['ext:rt:64512L:7', extended(0x02020000, 0xfc000007)],
    ['ext:0x4306000000000001', extended(0x43060000, 1)],
  ];
  for (const [text, community] of texts) {
    it(`${text} is read and printed`, () => {
      assert.deepEqual(parseCommunity(text), community);
      assert.equal(formatCommunity(community), text);
    });
  }

  it('names may be written in any case, with hyphens or underscores', () => {
    for (const text of ['no-export', 'NO_EXPORT', 'No-Export'])
      assert.deepEqual(parseCommunity(text), standard(0xffffff01));
  });

  it('the well-known names stand for the numbers IANA gave them', () => {
    const numbers = wellKnownNames.map((name) => {
      const parsed = parseCommunity(name);
      return [name, typeof parsed === 'string' ? parsed : formatCommunity(parsed)];
    });
    assert.deepEqual(Object.fromEntries(numbers), {
      'graceful-shutdown': '65535:0',
      'accept-own': '65535:1',
      'route-filter-translated-v4': '65535:2',
      'route-filter-v4': '65535:3',
      'route-filter-translated-v6': '65535:4',
      'route-filter-v6': '65535:5',
      'llgr-stale': '65535:6',
      'no-llgr': '65535:7',
      'accept-own-nexthop': '65535:8',
      'standby-pe': '65535:9',
      blackhole: '65535:666',
      'no-export': '65535:65281',
      'no-advertise': '65535:65282',
      'no-export-subconfed': '65535:65283',
      'local-as': '65535:65283',
      'no-peer': '65535:65284',
      nopeer: '65535:65284',
    });
  });

  it('ext:ro is another word for ext:soo', () => {
    assert.deepEqual(parseCommunity('ext:ro:64512:1'), parseCommunity('ext:soo:64512:1'));
  });

  const mistakes: readonly (readonly [text: string, reason: RegExp])[] = [
    ['', /neither a number pair nor a well-known/],
    ['no-exports', /neither a number pair nor a well-known/],
    ['65536:1', /two numbers from 0 to 65535/],
    ['64512:65536', /two numbers from 0 to 65535/],
    ['64512:', /two numbers/],
    ['064512:1', /two numbers/],
    ['-1:1', /two numbers/],
    ['1:2:3:4', /two numbers/],
    ['64512:1:2', /write "large:64512:1:2"/],
    ['large:64512:1', /three numbers/],
    ['large:64512:1:4294967296', /three numbers/],
    ['ext:rt:64512', /"ext:rt:64512:1"/],
    ['ext:xx:64512:1', /"ext:rt:64512:1"/],
    ['ext:rt:64512:4294967296', /0 to 4294967295/],
    ['ext:rt:192.0.2.1:65536', /0 to 65535/],
    ['ext:rt:4200000000:65536', /0 to 65535/],
    ['ext:rt:192.0.2.01:1', /"ext:rt:64512:1"/],
    ['ext:0x01', /16 hexadecimal digits/],
  ];
  for (const [text, reason] of mistakes) {
    it(`"${text}" is none, and it says why`, () => {
      const parsed = parseCommunity(text);
      assert.ok(typeof parsed === 'string');
      assert.match(parsed, reason);
    });
  }
});
