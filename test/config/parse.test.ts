import assert from 'node:assert/strict';
import { parseConfig } from '../../src/config/parse.js';
import { formatProblem } from '../../src/problem.js';
import { accepts, environment, errorsOf, refuses, warningsOf } from './given.js';

describe('herald.yaml', () => {
  it('may hold nothing but what differs from the defaults', () => {
    const config = accepts('bgp: { asn: 64512 }\n');
    assert.deepEqual(config.node, { name: 'node-a', labels: {} });
    assert.deepEqual(config.bgp, { asn: 64512, routerId: undefined, listen: [] });
    assert.deepEqual(config.sources, [{ name: 'allocations', kind: 'file', file: '/etc/herald/allocations.yaml' }]);
    assert.deepEqual(config.safety, { maxWithdrawPercent: 100 });
    assert.deepEqual(config.log, { level: 'info', format: 'auto' });
    assert.deepEqual(config.loadBalancerClasses, []);
    assert.equal(config.handleUnclassed, false);
  });

  it('may be JSON', () => {
    assert.equal(accepts('{"bgp": {"asn": 64512}}').bgp.asn, 64512);
  });

  it('reports a problem as FILE:LINE:COLUMN: path: message', () => {
    const { problems } = parseConfig('bgp:\n  asn: 0\n', '/etc/herald/herald.yaml', environment);
    assert.match(formatProblem(problems[0]!), /^\/etc\/herald\/herald\.yaml:2:8: bgp\.asn: AS 0 must not be used/);
  });

  it('reports every problem at once, in the order of the file', () => {
    refuses(
      'bgp:\n  asn: 0\nbgpPeers:\n  - name: a\n    peerAddress: 10.0.0\n    peerASN: x\n    holdTime: 2s\n    peers: 1\nlog: { level: loud }\nsafty: {}\n',
      '2: bgp.asn: ',
      '5: bgpPeers[0].peerAddress: "10.0.0" is not an IP address',
      '6: bgpPeers[0].peerASN: "x" is not an AS number',
      '7: bgpPeers[0].holdTime: "2s" is out of range; allowed: 0s, 3s to 65535s',
      '8: bgpPeers[0].peers: unknown key',
      '9: log.level: "loud" is not known; allowed: error, warn, info, debug',
      '10: safty: unknown key; did you mean "safety"?',
    );
  });

  it('checks across keys what is right while other keys are wrong', () => {
    refuses(
      'bgpPeers:\n  - name: a\n    peerAddress: 10.0.0.1\n    interface: eth0\n    holdTime: 90\n    dynamicASN: external\n',
      '2: bgpPeers[0].myASN: missing local ASN; set myASN here, or bgp.asn for all peers',
      '4: bgpPeers[0].interface: stands beside peerAddress',
      '5: bgpPeers[0].holdTime: 90 has no unit; write "90s"',
    );
  });

  it('names the nearest key for an unknown one, at every depth', () => {
    refuses(
      'bgpPeers:\n  - { name: a, peerAddress: 10.0.0.1, peerASN: 1, my-asn: 2, myASN: 2 }\nbgpAdvertisements:\n  - name: x\n    serviceSelectors:\n      - matchLables: {}\n',
      '2: bgpPeers[0].my-asn: unknown key; did you mean "myASN"?',
      '6: bgpAdvertisements[0].serviceSelectors[0].matchLables: unknown key; did you mean "matchLabels"?',
    );
  });

  it('lists the known keys when none is near', () => {
    refuses('log:\n  colour: red\n', '2: log.colour: unknown key; known here: level, format');
  });

  it('says what a section takes when it is something else', () => {
    refuses('bgpPeers: {}\n', '1: bgpPeers: wants a list, not a mapping');
    refuses('bgp: 7\n', '1: bgp: wants a mapping, not 7');
    refuses('bgpPeers:\n  - tor-1\n', '2: bgpPeers[0]: wants a mapping with the keys of a BGP peer, not "tor-1"');
    refuses('[]\n', '1: : the file is not a mapping');
  });

  it('refuses keys without a value, which may mean none or all', () => {
    refuses(
      'bgpAdvertisements:\nlog: {}\n',
      '1: bgpAdvertisements: has no value; write [] for none, or leave the key out',
    );
    refuses('log:\n  level:\n', '2: log.level: has no value; give it one, or leave the key out');
  });

  it('refuses an empty file, which is what a broken save leaves', () => {
    refuses('', '1: : the file is empty');
    refuses('# nothing\n', '1: : the file is empty');
  });

  it('refuses text that only looks like a number or flag, and the other way round', () => {
    refuses(
      'node: { labels: { rack: 12 } }\n',
      '1: node.labels.rack: 12 is a number here, not text; put it in quotes: "12"',
    );
    refuses('node: { name: true }\n', '1: node.name: true is a flag here, not text');
    refuses('handleUnclassed: yes\n', '1: handleUnclassed: "yes" is neither true nor false');
    refuses('safety: { maxWithdrawPercent: "5" }\n', '1: safety.maxWithdrawPercent: "5" is text here');
  });

  it('goes on after a doubled key, and still has no configuration', () => {
    refuses(
      'log: { level: info }\nlog: { level: debug }\nbgp: { asn: 0 }\n',
      '2: : the key "log" appears twice in one mapping',
      '3: bgp.asn: AS 0',
    );
  });

  it('says only what is wrong with the syntax when there is no reading on', () => {
    assert.equal(errorsOf('bgp: [\nasn: 1').length, 1);
  });

  it('stops listing after a thousand problems and says how many there are', () => {
    const errors = errorsOf(`bgpPeers:\n${'  - x\n'.repeat(1500)}`);
    assert.equal(errors.length, 1001);
    assert.equal(errors.at(-1), '1002: : 500 more problems from here on');
  });

  it('stays a configuration however many warnings there are', () => {
    const pools = Array.from(
      { length: 1100 },
      (_, i) => `  - { name: p${i}, addresses: [10.${i >> 8}.${i & 255}.1/24] }\n`,
    );
    const text = `addressPools:\n${pools.join('')}`;
    assert.equal(warningsOf(text).length, 1001);
    assert.equal(accepts(text).addressPools.length, 1100);
  });

  it('takes a host name that is none as a problem of node.name', () => {
    refuses('node: { name: "a b" }\n', '1: node.name: "a b" is not a node name');
  });
});

describe('keys', () => {
  it('take load-balancer classes as text or as a list', () => {
    assert.deepEqual(accepts('loadBalancerClass: a.b/c\nhandleUnclassed: true\n').loadBalancerClasses, ['a.b/c']);
    assert.deepEqual(accepts('loadBalancerClass: [a, b]\n').loadBalancerClasses, ['a', 'b']);
    assert.deepEqual(accepts('loadBalancerClass: ""\n').loadBalancerClasses, []);
  });

  it('take an address to listen on with and without a port', () => {
    const { listen } = accepts(
      'bgp: { listen: ["10.0.0.11:1179", 10.0.0.12, "[2001:db8::1]:1179", "2001:db8::2", "[::]"] }\n',
    ).bgp;
    assert.deepEqual(
      listen.map(({ address, port }) => [address.family, port]),
      [
        ['ipv4', 1179],
        ['ipv4', 179],
        ['ipv6', 1179],
        ['ipv6', 179],
        ['ipv6', 179],
      ],
    );
  });

  it('refuse to listen twice on one endpoint, on none, or on a link-local address', () => {
    refuses('bgp:\n  listen:\n    - 10.0.0.11\n    - 10.0.0.11:179\n', '4: bgp.listen[1]: stands in the list twice');
    refuses(
      'bgp:\n  listen:\n    - 10.0.0.11:70000\n    - eth0:179\n    - "fe80::1"\n    - "10.0.0.1:"\n',
      '3: bgp.listen[0]: "10.0.0.11:70000": a port is from 1 to 65535',
      '4: bgp.listen[1]: "eth0:179" is not an address with a port',
      '5: bgp.listen[2]: "fe80::1" is link-local',
      '6: bgp.listen[3]: "10.0.0.1:" is not an address with a port',
    );
  });

  it('refuse a router ID that is none', () => {
    for (const id of ['0.0.0.0', '7', '2001:db8::1', '10.0.0.011'])
      refuses(`bgp: { routerID: "${id}" }\n`, '1: bgp.routerID: ');
    assert.equal(accepts('bgp: { routerID: 255.255.255.255 }\n').bgp.routerId, 0xffffffff);
  });

  it('keep the label every node has by itself out of node.labels, and match it', () => {
    const config = accepts(
      'bgpAdvertisements:\n  - { name: mine, nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: node-a } }] }\n',
    );
    assert.deepEqual(config.node.labels, {});
    assert.deepEqual(
      config.bgpAdvertisements.map(({ name }) => name),
      ['mine'],
    );
  });
});

describe('keys of what is still to come', () => {
  it('are warned about once, at the line of the key, and stop nothing', () => {
    const text = [
      'bgp: { asn: 64512, listen: [10.0.0.11] }',
      'bgpPeers:',
      '  - name: a',
      '    peerAddress: 10.0.0.1',
      '    peerASN: 64500',
      '    bfdProfile: fast',
      '    role: customer',
      '    addPaths: true',
      '    extendedNextHop: true',
      '    enableGracefulRestart: true',
      '    gracefulRestart: { longLivedStaleTime: 1h }',
      '  - { name: b, interface: eth0, peerASN: 64500 }',
      '  - { name: c, peerRange: 10.1.0.0/16, dynamicASN: external }',
      'bfdProfiles:',
      '  - name: fast',
      'addressPools:',
      '  - name: p',
      '    addresses: [203.0.113.0/24]',
      '    state: draining',
      '    spec: { autoAssign: false }',
      'allocation: { onRevoke: keep }',
      'l2Advertisements:',
      '  - name: lan',
      'sources:',
      '  - { name: s, socket: { onDisconnect: withdraw, after: 10s } }',
      'http: { listen: "127.0.0.1:80" }',
      'metrics: { compat: metallb }',
      '',
    ].join('\n');
    const waits = 'not in force yet in this version';
    const warnings = warningsOf(text).map((warning) => warning.replace(/ \(waits for.*/, ''));
    assert.deepEqual(warnings, [
      `6: bgpPeers[0].bfdProfile: ${waits}`,
      `7: bgpPeers[0].role: ${waits}`,
      `8: bgpPeers[0].addPaths: ${waits}`,
      `9: bgpPeers[0].extendedNextHop: ${waits}`,
      `11: bgpPeers[0].gracefulRestart.longLivedStaleTime: ${waits}`,
      `12: bgpPeers[1].interface: ${waits}`,
      `13: bgpPeers[2].peerRange: ${waits}`,
      `14: bfdProfiles: ${waits}`,
    ]);
    assert.deepEqual(
      accepts(text).bgpPeers.map(({ name }) => name),
      ['a'],
    );
  });

  it('are not warned about when they ask for nothing', () => {
    const text =
      'bfdProfiles: []\nl2Advertisements: []\nmetrics: { compat: "" }\nsources: [{ name: s, socket: { onDisconnect: keep } }]\n';
    assert.deepEqual(warningsOf(text), []);
  });

  it('are checked all the same', () => {
    refuses(
      [
        'bfdProfiles:',
        '  - { name: fast, receiveInterval: 9ms, transmitInterval: 300, detectMultiplier: 1, minimumTtl: 255 }',
        'allocation: { onRevoke: drop, overlap: 30 }',
        'l2Advertisements:',
        '  - { name: lan, ipAddressPools: [nowhere], garpRefresh: 60 }',
        'bgpPeers:',
        '  - { name: a, peerAddress: 10.0.0.1, peerASN: 1, myASN: 2, bfdProfile: fats, role: uplink }',
        'http: { listen: localhost }',
        '',
      ].join('\n'),
      '2: bfdProfiles[0].receiveInterval: "9ms" is out of range; allowed: 10ms to 60000ms',
      '2: bfdProfiles[0].detectMultiplier: 1 is not a whole number from 2 to 255',
      '2: bfdProfiles[0].minimumTtl: 255 is not a whole number from 1 to 254',
      '3: allocation.onRevoke: "drop" is not known; allowed: reassign, keep, refuse, release',
      '3: allocation.overlap: 30 has no unit',
      '5: l2Advertisements[0].ipAddressPools[0]: no pool is named "nowhere"; there is none',
      '5: l2Advertisements[0].garpRefresh: 60 has no unit',
      '7: bgpPeers[0].bfdProfile: no BFD profile is named "fats"; did you mean "fast"?',
      '7: bgpPeers[0].role: "uplink" is not known; allowed: provider, rs, rs-client, customer, peer',
      '8: http.listen: "localhost" is not an address with a port',
    );
  });
});
