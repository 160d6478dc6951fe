import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Link } from '../../src/l2/link.js';
import { LinkTable } from '../../src/l2/link-table.js';
import type { InterfaceAddress, LinkEvent, LinkFacts } from '../../src/l2/rtnetlink.js';
import { parseAddress } from '../../src/net/address.js';
import { linkFacts as link } from './given.js';

const address = (index: number, text: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
  index,
  address: parseAddress(text)!,
  prefixLength: 24,
  flags: 0x80,
  protocol: 0,
  metric: 0,
  ...more,
});

const table = (...events: readonly LinkEvent[]): LinkTable => {
  const its = new LinkTable();
  for (const event of events) its.apply(event);
  return its;
};

/** Without the order in which addresses came. */
const settled = (links: readonly Link[]): unknown =>
  links.map((its) => ({
    ...its,
    addresses: its.addresses
      .map((one) => `${one.address.words.join('.')}/${one.prefixLength} ${one.isTentative}`)
      .sort(),
  }));

describe('The table of interfaces', () => {
  const eth0: LinkEvent = { kind: 'link', link: link(2, 'eth0') };
  const eth1: LinkEvent = { kind: 'link', link: link(3, 'eth1') };

  it('follows renames, MAC addresses, carrier and masters', () => {
    const its = table(eth0);
    for (const change of [
      { name: 'uplink' },
      { mac: Uint8Array.of(2, 0, 0, 0, 0, 99) },
      { hasCarrier: false },
      { isUp: false },
      { master: 3 },
      { kind: 'bridge' },
      { isNoArp: true },
    ]) {
      const changed = link(2, 'eth0', change);
      assert.equal(its.apply({ kind: 'link', link: changed }), true);
      assert.deepEqual(its.links(), [{ ...changed, addresses: [] }]);
      assert.equal(its.apply(eth0), true);
    }
  });

  it('knows an interface that is made anew under the same name for another, without the addresses of the first', () => {
    const its = table(eth0, { kind: 'address', address: address(2, '192.0.2.1') }, { kind: 'linkGone', index: 2 });
    its.apply({ kind: 'link', link: link(9, 'eth0') });
    assert.deepEqual(its.links(), [{ ...link(9, 'eth0'), addresses: [] }]);
  });

  it('follows an address through duplicate address detection', () => {
    const tentative = address(2, '2001:db8::1', { flags: 0x40 });
    const its = table(eth0, { kind: 'address', address: tentative });
    assert.equal(its.links()[0]!.addresses[0]!.isTentative, true);
    assert.equal(its.apply({ kind: 'address', address: { ...tentative, flags: 0x80 } }), true);
    assert.equal(its.links()[0]!.addresses[0]!.isTentative, false);
    its.apply({ kind: 'address', address: { ...tentative, flags: 0x48 } });
    assert.equal(its.links()[0]!.addresses[0]!.isTentative, true);
  });

  it('keeps an address that is there twice, with different lengths or far ends, until the last of them goes', () => {
    const far = (text: string): Partial<InterfaceAddress> => ({ prefixLength: 32, peer: parseAddress(text) });
    const [a, b] = [address(2, '192.0.2.1', far('192.0.2.8')), address(2, '192.0.2.1', far('192.0.2.9'))];
    const its = table(eth0, { kind: 'address', address: a }, { kind: 'address', address: b });
    its.apply({ kind: 'addressGone', address: a });
    assert.equal(its.links()[0]!.addresses.length, 1);
    its.apply({ kind: 'addressGone', address: b });
    assert.equal(its.links()[0]!.addresses.length, 0);
  });

  it('calls nothing a change that changes nothing', () => {
    const its = table(eth0, { kind: 'address', address: address(2, '192.0.2.1') });
    const before = its.links();
    const again: LinkEvent[] = [
      { kind: 'link', link: link(2, 'eth0') },
      { kind: 'address', address: address(2, '192.0.2.1', { flags: 0xa0, protocol: 3 }) },
      { kind: 'addressGone', address: address(2, '192.0.2.2') },
      { kind: 'addressGone', address: address(8, '192.0.2.1') },
      { kind: 'linkGone', index: 8 },
    ];
    for (const event of again) assert.equal(its.apply(event), false, event.kind);
    assert.equal(its.links(), before);
  });

  it('lists an interface that did not change as the same object, also after a dump', () => {
    const its = table(eth0, eth1);
    const [first, second] = its.links();
    its.apply({ kind: 'address', address: address(3, '192.0.2.1') });
    assert.equal(its.links()[0], first);
    assert.notEqual(its.links()[1], second);
    assert.equal(its.replace([eth0, eth1]), true);
    assert.equal(its.links()[0], first);
    const before = its.links();
    assert.equal(its.replace([eth1, eth0]), false);
    assert.equal(its.links(), before);
  });

  it('does not list addresses whose interface it does not know yet', () => {
    const its = table({ kind: 'address', address: address(2, '192.0.2.1') });
    assert.deepEqual(its.links(), []);
    its.apply(eth0);
    assert.equal(its.links()[0]!.addresses.length, 1);
  });
});

// A host whose administrator is busy: what happens is possible in this order, and ends in what a dump of it says.
type Deed = { readonly index: number; readonly what: number; readonly detail: number };

function history(deeds: readonly Deed[]): { events: LinkEvent[]; dumps: LinkEvent[][] } {
  const links = new Map<number, LinkFacts>();
  const addresses = new Map<string, InterfaceAddress>();
  const events: LinkEvent[] = [];
  const dump = (): LinkEvent[] => [
    ...[...links.values()].map((its): LinkEvent => ({ kind: 'link', link: its })),
    ...[...addresses.values()].map((its): LinkEvent => ({ kind: 'address', address: its })),
  ];
  const dumps = [dump()];
  const say = (event: LinkEvent): void => {
    events.push(event);
    dumps.push(dump());
  };
  for (const { index, what, detail } of deeds) {
    const its = address(index, `192.0.2.${detail}`, { flags: what === 3 ? 0x40 : 0x80 });
    const key = `${index} ${detail}`;
    if (what === 0 && links.delete(index)) {
      for (const [other, { index: owner }] of addresses) if (owner === index) addresses.delete(other);
      say({ kind: 'linkGone', index });
    } else if (what === 1 || !links.has(index)) {
      const facts = link(index, `eth${detail}`, { hasCarrier: detail % 2 === 0 });
      links.set(index, facts);
      say({ kind: 'link', link: facts });
    } else if (what === 2) {
      if (addresses.delete(key)) say({ kind: 'addressGone', address: its });
    } else {
      addresses.set(key, its);
      say({ kind: 'address', address: its });
    }
  }
  return { events, dumps };
}

const deeds = fc.array(
  fc.record({
    index: fc.integer({ min: 2, max: 4 }),
    what: fc.integer({ min: 0, max: 4 }),
    detail: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 40 },
);

describe('The table of interfaces, whatever happens', () => {
  const dumped = (dump: readonly LinkEvent[]): unknown => {
    const its = new LinkTable();
    its.replace(dump);
    return settled(its.links());
  };

  it('ends where a dump would', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const { events, dumps } = history(all);
        for (const [i, dump] of dumps.entries())
          assert.deepEqual(settled(table(...events.slice(0, i)).links()), dumped(dump));
      }),
    );
  });

  it('ends there too when every event is heard twice', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const { events, dumps } = history(all);
        assert.deepEqual(settled(table(...events.flatMap((event) => [event, event])).links()), dumped(dumps.at(-1)!));
      }),
    );
  });

  it('ends there too when a dump is followed by events that are older than it', () => {
    fc.assert(
      fc.property(deeds, fc.nat(), fc.nat(), fc.nat(), (all, heard, older, moment) => {
        const { events, dumps } = history(all);
        const at = moment % dumps.length;
        // Heard from the beginning up to somewhere; then a gap; then the dump, and events from before it on.
        const its = table(...events.slice(0, heard % (at + 1)));
        its.replace(dumps[at]!);
        for (const event of events.slice(older % (at + 1))) its.apply(event);
        assert.deepEqual(settled(its.links()), dumped(dumps.at(-1)!));
      }),
    );
  });
});
