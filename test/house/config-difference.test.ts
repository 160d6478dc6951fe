import assert from 'node:assert/strict';
import { configDifference } from '../../src/house/config-difference.js';
import { accepts } from '../config/given.js';

const base = 'node: { name: node-a }\nbgp: { asn: 64512 }\n';
const difference = (before: string, after: string): string[] =>
  configDifference(accepts(base + before), accepts(base + after));

describe('what a reload says has changed', () => {
  it('is nothing where the file says the same in other words', () => {
    assert.deepEqual(difference('', 'http: { listen: "127.0.0.1:7472" }\nlog: {}\n'), []);
  });

  it('names every section, whichever it is', () => {
    const changes = {
      'bgp: { asn: 64513 }': 'bgp changed',
      'addressPools: [{ name: a, addresses: [203.0.113.0/24] }]': 'addressPools changed',
      'allocation: { overlap: 10s }': 'allocation changed',
      'bgpAdvertisements: []': 'bgpAdvertisements changed',
      'l2Advertisements: [{ name: lan }]': 'l2Advertisements changed',
      'communities: [{ name: blue, value: "64512:1" }]': 'communities changed',
      'loadBalancerClass: mine': 'loadBalancerClass changed',
      'handleUnclassed: true': 'handleUnclassed changed',
      'safety: { maxWithdrawPercent: 10 }': 'safety changed',
      'log: { level: debug }': 'log changed',
      'http: { listen: "" }': 'http changed',
      'metrics: { compat: metallb }': 'metrics changed',
    };
    for (const [line, said] of Object.entries(changes)) {
      const before = accepts('node: { name: node-a }\n');
      const after = accepts(`node: { name: node-a }\n${line}\n`);
      assert.deepEqual([line, ...configDifference(before, after)], [line, said]);
    }
  });

  it('says an advertisement that moves to other nodes once', () => {
    const advertisement = (rack: string): string =>
      `bgpAdvertisements: [{ name: a, nodeSelectors: [{ matchLabels: { rack: ${rack} } }] }]\n`;
    const labelled = `node: { name: node-a, labels: { rack: r1 } }\n`;
    const changes = configDifference(accepts(labelled + advertisement('r1')), accepts(labelled + advertisement('r2')));
    assert.deepEqual(changes, ['bgpAdvertisements changed']);
  });

  it('names peers and sources one by one, and the price of a changed peer', () => {
    const peer = (name: string, more = ''): string =>
      `  - { name: ${name}, peerAddress: 10.0.0.1, peerASN: 64500${more} }\n`;
    assert.deepEqual(
      difference(
        `bgpPeers:\n${peer('one')}${peer('two').replace('0.1', '0.2')}sources: [{ file: a.yaml }]\n`,
        `bgpPeers:\n${peer('one', ', holdTime: 30s')}sources: [{ file: a.yaml }, { name: ctl, socket: {} }]\n`,
      ),
      ['peer one changed, which takes a new session', 'peer two removed', 'source ctl added'],
    );
  });
});
