import assert from 'node:assert/strict';
import fc from 'fast-check';
import { difference, isOurs, ownAddress } from '../../src/l2/host-addresses.js';
import type { InterfaceAddress } from '../../src/l2/rtnetlink.js';
import { formatAddress, parseAddress } from '../../src/net/address.js';

const lo = 1;
const eth0 = 2;
const at = (text: string) => parseAddress(text)!;
const ours = (text: string, index = lo): InterfaceAddress => ownAddress(index, at(text));
const foreign = (text: string, index = lo): InterfaceAddress => ({ ...ours(text, index), protocol: 0, metric: 0 });

describe('Addresses that herald puts on an interface', () => {
  it('are known by their mark, also on a kernel that drops one half of it', () => {
    const its = ours('203.0.113.10');
    assert.equal(isOurs(its), true);
    assert.equal(isOurs({ ...its, protocol: 0 }), true, 'before Linux 5.18');
    assert.equal(isOurs({ ...its, metric: 0 }), true, 'its metric was changed');
    assert.equal(isOurs({ ...its, protocol: 2, metric: 100 }), false, "the kernel's, from a router advertisement");
  });

  it('are whole: those that are missing are added, those that are wanted no longer removed', () => {
    const present = [foreign('127.0.0.1'), ours('203.0.113.10'), ours('203.0.113.11')];
    assert.deepEqual(difference([at('203.0.113.11'), at('2001:db8::1')], present, lo), {
      add: [at('2001:db8::1')],
      remove: [ours('203.0.113.10')],
      foreign: [],
    });
  });

  it('leave one of somebody else alone, wanted or not', () => {
    const present = [foreign('203.0.113.10'), foreign('203.0.113.11')];
    assert.deepEqual(difference([at('203.0.113.10')], present, lo), {
      add: [],
      remove: [],
      foreign: [at('203.0.113.10')],
    });
  });

  it('are added beside the same address on another interface, and removed from one they were on before', () => {
    const present = [foreign('203.0.113.10', eth0), ours('203.0.113.11', eth0)];
    assert.deepEqual(difference([at('203.0.113.10'), at('203.0.113.11')], present, lo), {
      add: [at('203.0.113.10'), at('203.0.113.11')],
      remove: [ours('203.0.113.11', eth0)],
      foreign: [],
    });
  });

  it('wait for an interface that is not there', () => {
    assert.deepEqual(difference([at('203.0.113.10')], [ours('203.0.113.10', eth0)], undefined), {
      add: [],
      remove: [ours('203.0.113.10', eth0)],
      foreign: [],
    });
  });

  it('end as wanted from any beginning, and what others added is there as before', () => {
    const text = fc.constantFrom('203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2');
    const present = fc.array(fc.record({ text, index: fc.constantFrom(lo, eth0), isOurs: fc.boolean() }));
    fc.assert(
      fc.property(fc.uniqueArray(text), present, (wanted, beginning) => {
        const before = beginning.map((its) => (its.isOurs ? ours(its.text, its.index) : foreign(its.text, its.index)));
        const { add, remove, foreign: left } = difference(wanted.map(at), before, lo);
        const after = [...before.filter((its) => !remove.includes(its)), ...add.map((its) => ownAddress(lo, its))];
        const others = (list: readonly InterfaceAddress[]): InterfaceAddress[] => list.filter((its) => !isOurs(its));
        assert.deepEqual(others(after), others(before));
        const standing = new Set(after.filter(isOurs).map((its) => `${its.index} ${formatAddress(its.address)}`));
        const withheld = new Set(left.map(formatAddress));
        assert.deepEqual(standing, new Set(wanted.filter((its) => !withheld.has(its)).map((its) => `${lo} ${its}`)));
        const again = difference(wanted.map(at), after, lo);
        assert.deepEqual([again.add, again.remove], [[], []]);
      }),
    );
  });
});
