import assert from 'node:assert/strict';
import { formatAddress } from '../../src/net/address.js';
import { accepts, refuses, warningsOf } from './given.js';

describe('l2Advertisements', () => {
  it('are none without the key, and with an empty list', () => {
    for (const text of ['log: {}', 'l2Advertisements: []']) assert.deepEqual(accepts(text).l2Advertisements, []);
  });

  it("have MetalLB's defaults and ours", () => {
    const [lan] = accepts('l2Advertisements: [{ name: lan }]').l2Advertisements;
    assert.deepEqual(lan, {
      name: 'lan',
      pools: undefined,
      interfaces: [],
      nodeSelectors: [],
      isHere: true,
      serviceSelectors: [],
      garpRefreshSeconds: 60,
      onConflict: 'warn',
      probe: false,
      track: undefined,
    });
  });

  it('can be pasted from MetalLB, under their name', () => {
    const [lan] = accepts(
      [
        'addressPools: [{ name: inner, addresses: [10.0.0.0/24] }]',
        'l2Advertisements:',
        '  - name: lan',
        '    spec:',
        '      ipAddressPools: [inner]',
        '      interfaces: [eth0, eth1]',
        '      nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: node-a } }]',
      ].join('\n'),
    ).l2Advertisements;
    assert.deepEqual([lan?.pools, lan?.interfaces, lan?.isHere], [['inner'], ['eth0', 'eth1'], true]);
  });

  it('of other nodes are kept: they decide who stands for election', () => {
    const text = 'l2Advertisements: [{ name: lan, nodeSelectors: [{ matchLabels: { rack: r2 } }] }]';
    assert.equal(accepts(text).l2Advertisements[0]?.isHere, false);
  });

  it('ask before they announce where they refuse', () => {
    const text = 'l2Advertisements: [{ name: lan, onConflict: refuse, probe: false }]';
    assert.equal(accepts(text).l2Advertisements[0]?.probe, true);
    assert.deepEqual(warningsOf(text), [
      '1: l2Advertisements[0].probe: of no effect: onConflict: refuse has to ask before it announces',
    ]);
  });

  it('may track a neighbour of either family', () => {
    const track = (value: string) =>
      accepts(`l2Advertisements: [{ name: lan, track: ${value} }]`).l2Advertisements[0]?.track;
    const { target, ...rest } = track('{ ping: "fe80::1", interval: 300ms, fall: 2, rise: 1 }')!;
    assert.equal(formatAddress(target), 'fe80::1');
    assert.deepEqual(rest, { intervalMs: 300, fall: 2, rise: 1 });
    const { target: _, ...defaults } = track('{ ping: 10.0.0.1 }')!;
    assert.deepEqual(defaults, { intervalMs: 1000, fall: 3, rise: 2 });
  });

  it('say with the line what is wrong', () => {
    refuses(
      [
        'l2Advertisements:',
        '  - name: lan',
        '    ipAddressPools: [nowhere]',
        '    interfaces: [eth0, "a/b*", "a name", eth0]',
        '    onConflict: fight',
        '    track: { interval: 1s }',
        '  - name: lan',
        '    garpRefreshh: 10s',
        'layer2: { framesPerSecond: 0 }',
        'hostAddresses: { interface: "", manage: yes }',
        '',
      ].join('\n'),
      '3: l2Advertisements[0].ipAddressPools[0]: no pool is named "nowhere"',
      '4: l2Advertisements[0].interfaces[1]: "a/b*" cannot match the name of an interface',
      '4: l2Advertisements[0].interfaces[2]: "a name" cannot be the name of an interface',
      '4: l2Advertisements[0].interfaces[3]: duplicate definition of interfaces: "eth0"',
      '5: l2Advertisements[0].onConflict: "fight" is not known; allowed: warn, refuse, defend',
      '6: l2Advertisements[0].track.ping: is required',
      '7: l2Advertisements[1].name: duplicate definition of L2 advertisement "lan"',
      '8: l2Advertisements[1].garpRefreshh: unknown key; did you mean "garpRefresh"?',
      '9: layer2.framesPerSecond: 0 is not a whole number',
      '10: hostAddresses.interface: "" cannot be the name of an interface',
      '10: hostAddresses.manage: "yes" is neither true nor false',
    );
  });
});

describe('election.members', () => {
  const node = 'node: { name: node-a, labels: { rack: r1 } }\n';

  it('are names, or names with labels, each with the label that every node has', () => {
    const { electionMembers } = accepts(
      `${node}election: { members: [node-a, { name: node-b, labels: { rack: r2 } }] }`,
    );
    assert.deepEqual(electionMembers, [
      { name: 'node-a', labels: { 'kubernetes.io/hostname': 'node-a' } },
      { name: 'node-b', labels: { 'kubernetes.io/hostname': 'node-b', rack: 'r2' } },
    ]);
    assert.deepEqual(accepts(node).electionMembers, []);
  });

  it('are warned about when this node is none of them: it would announce nothing', () => {
    assert.deepEqual(warningsOf(`${node}election: { members: [node-b] }`), [
      '2: election.members: this node, "node-a", is none of them: it announces nothing on the LAN; node.name says what it is called',
    ]);
    assert.deepEqual(warningsOf(`${node}election: { members: [node-a] }`), []);
  });

  it('are warned about when nodeSelectors would see this node with other labels than the others see it', () => {
    const selecting = `${node}l2Advertisements: [{ name: a, nodeSelectors: [{ matchLabels: { rack: r1 } }] }]\n`;
    const [warning = ''] = warningsOf(`${selecting}election: { members: [node-a, node-b] }`);
    assert.match(warning, /^3: election\.members\[0\]: its labels are not those of node\.labels/);
    assert.deepEqual(warningsOf(`${selecting}election: { members: [{ name: node-a, labels: { rack: r1 } }] }`), []);
  });

  it('say with the line what is wrong', () => {
    refuses(
      [
        'node: { name: node-a }',
        'election:',
        '  members:',
        '    - node-a',
        '    - { name: node-b, label: { rack: r1 } }',
        '    - { name: node-c, labels: [rack] }',
        '    - { name: node-d, labels: { rack: 1 } }',
        '    - 7',
        '    - "node e"',
        '    - node-a',
      ].join('\n'),
      '5: election.members[1]: unknown key "label"; a member is node-a, or { name: node-a, labels: { rack: r1 } }',
      '6: election.members[2]: labels: a list is not a mapping',
      '7: election.members[3]: labels: "rack": 1 is a number here',
      '8: election.members[4]: 7 is a number here, not text',
      '9: election.members[5]: "node e" is not a node name',
      '10: election.members[6]: duplicate definition of member "node-a"',
    );
  });
});
