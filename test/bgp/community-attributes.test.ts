import assert from 'node:assert/strict';
import { communityAttributes } from '../../src/bgp/community-attributes.js';
import type { Community } from '../../src/net/community.js';

const standard = (value: number): Community => ({ kind: 'standard', value });
const extended = (high: number, low: number): Community => ({ kind: 'extended', high, low });

describe('communities', () => {
  it('become one attribute of each kind, sorted, each community once', () => {
    const communities: Community[] = [
      standard(0xffffff01),
      { kind: 'large', global: 2, local1: 0, local2: 0 },
      standard(0xfc000064),
      extended(0x0002fc00, 1),
      standard(0xffffff01),
      { kind: 'large', global: 1, local1: 0, local2: 0 },
    ];
    assert.deepEqual(communityAttributes(communities), [
      { kind: 'communities', communities: [0xfc000064, 0xffffff01] },
      { kind: 'extendedCommunities', communities: [{ high: 0x0002fc00, low: 1 }] },
      {
        kind: 'largeCommunities',
        communities: [
          { global: 1, local1: 0, local2: 0 },
          { global: 2, local1: 0, local2: 0 },
        ],
      },
    ]);
    assert.deepEqual(communityAttributes([]), []);
  });
});
