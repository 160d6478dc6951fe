import assert from 'node:assert/strict';
import { readDocument } from '../../src/config/document.js';
import { placeIn } from '../../src/config/places.js';
import { formatPlace } from '../../src/problem.js';

const text = `loadBalancerClass: ours
bgpPeers:
  - name: tor-1
    peerAddress: 10.0.0.1
  - { name: tor-2, shutdown: true }
addressPools:
  - name: production
    spec:
      addresses:
        - 203.0.113.0/24
        - 198.51.100.0/24
`;

function place(steps: readonly (string | number)[], of = text): string | undefined {
  const found = placeIn(readDocument(of, 'h.yaml'), steps);
  return found && formatPlace(found);
}

describe('The place of something in a configuration', () => {
  for (const [steps, where] of [
    [['loadBalancerClass'], 'h.yaml:1:1'],
    [['bgpPeers', 'tor-1'], 'h.yaml:3:5'],
    [['bgpPeers', 'tor-1', 'peerAddress'], 'h.yaml:4:5'],
    [['bgpPeers', 'tor-2', 'shutdown'], 'h.yaml:5:20'],
    [['addressPools', 'production', 'addresses', 1], 'h.yaml:11:11'],
    [['bgpPeers', 'tor-3'], undefined],
    [['bgpPeers', 'tor-1', 'shutdown'], undefined],
    [['addressPools', 'production', 'addresses', 2], undefined],
    [['loadBalancerClass', 'deeper'], undefined],
    [['__proto__'], undefined],
  ] as const)
    it(`is that of what is written: ${steps.join('.')}`, () => assert.equal(place(steps), where));

  it('is found in JSON as well, and in no text that cannot be read', () => {
    assert.equal(place(['bgpPeers', 'a'], '{ "bgpPeers": [\n  { "name": "a" }\n] }\n'), 'h.yaml:2:3');
    assert.equal(place(['bgpPeers', 'a'], 'bgpPeers: [\n'), undefined);
  });
});
