import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sha256 } from '../../src/io/sha256.js';
import { Electorate, ranking } from '../../src/l2/election.js';

const order = (names: string, ip: string): string => ranking(ip, names.split(' '), sha256).join(' ');

const winner = (ip: string, names: readonly string[], hash = sha256): string | undefined =>
  new Electorate(names, hash).winner(ip, names);

describe('the election', () => {
  // From MetalLB's own unit test, so that a move from MetalLB moves no address.
  for (const [names, ip, expected] of [
    ['node-a node-b node-c', '10.0.0.1', 'node-b node-a node-c'],
    ['node-a node-b node-c', '10.0.0.2', 'node-b node-c node-a'],
    ['node-a node-b node-c', '192.168.10.1', 'node-c node-b node-a'],
    ['node-a node-b node-c', 'fc00:f853:ccd:e799::', 'node-b node-c node-a'],
    ['node-a node-b', '10.20.30.1', 'node-b node-a'],
    ['edge-a edge-b worker-a worker-b', '10.20.30.1', 'edge-b worker-a edge-a worker-b'],
  ] as const) {
    it(`ranks ${names} for ${ip} as MetalLB does: ${expected}`, () => {
      assert.equal(order(names, ip), expected);
      assert.equal(winner(ip, names.split(' ')), expected.split(' ')[0]);
    });
  }

  it("has MetalLB's winner among iris1 and iris2", () => {
    assert.equal(winner('10.20.30.1', ['iris1', 'iris2']), 'iris2');
  });

  it('is not won where nobody stands, and by the only one without a count', () => {
    assert.equal(winner('10.0.0.1', []), undefined);
    assert.equal(
      winner('10.0.0.1', ['node-a'], () => assert.fail('counted')),
      'node-a',
    );
  });

  const nodes = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 8 });
  const ip = fc.ipV4();

  it('is decided alike by everybody, in whatever order they know each other', () => {
    fc.assert(
      fc.property(nodes, ip, (names, address) => {
        const ranked = ranking(address, names, sha256);
        assert.deepEqual(ranking(address, names.toReversed(), sha256), ranked);
        assert.equal(winner(address, names.toSorted()), ranked[0]);
      }),
    );
  });

  it('counts once for an address, whoever comes and goes, and never elects who is no member', () => {
    let counted = 0;
    const electorate = new Electorate(['node-a', 'node-b', 'node-c'], (text) => {
      counted++;
      return sha256(text);
    });
    for (const [candidates, expected] of [
      [['node-a', 'node-b', 'node-c'], 'node-b'],
      [['node-a', 'node-c'], 'node-a'],
      [['node-c', 'node-z'], 'node-c'],
      [['node-z'], undefined],
    ] as const)
      assert.equal(electorate.winner('10.0.0.1', candidates), expected);
    assert.equal(counted, 3);
  });

  it('moves nothing when one that lost goes, and to the next when the winner does', () => {
    fc.assert(
      fc.property(nodes, ip, fc.nat(), (names, address, pick) => {
        const ranked = ranking(address, names, sha256);
        const gone = ranked[pick % ranked.length]!;
        const expected = ranked.filter((name) => name !== gone);
        assert.deepEqual(
          ranking(
            address,
            names.filter((name) => name !== gone),
            sha256,
          ),
          expected,
        );
      }),
    );
  });
});
