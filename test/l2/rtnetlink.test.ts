import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NetlinkError, readMessages } from '../../src/l2/netlink.js';
import { type InterfaceAddress, type LinkEvent, readEvent, writeAddress } from '../../src/l2/rtnetlink.js';
import { type Address, formatAddress, parseAddress } from '../../src/net/address.js';
import {
  attribute,
  capturedDump,
  isLittleEndian,
  linkHeader,
  message,
  newLink,
  u32,
  zeroTerminated,
} from './netlink-fixtures.js';

const eventsOf = (octets: Uint8Array): LinkEvent[] => readMessages(octets).flatMap((its) => readEvent(its) ?? []);

const mac = (text: string): Uint8Array => Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));

const someAddress: fc.Arbitrary<Address> = fc.oneof(
  fc.tuple(fc.nat(0xffffffff)).map((words) => ({ family: 'ipv4' as const, words })),
  fc
    .tuple(...([0, 1, 2, 3] as const).map(() => fc.nat(0xffffffff)))
    .map((words) => ({ family: 'ipv6' as const, words })),
);

describe('What rtnetlink says of interfaces', () => {
  const facts = {
    index: 7,
    name: 'eth0',
    mac: mac('02:00:00:00:00:07'),
    isUp: true,
    hasCarrier: true,
    isBroadcast: true,
    isLoopback: false,
    isNoArp: false,
    master: 4,
    kind: 'veth',
  };

  it('is read as the kernel wrote it', () => {
    const link = fc.record(
      {
        index: fc.integer({ min: 1, max: 0x7fffffff }),
        name: fc.stringMatching(/^[a-z0-9]{1,15}$/),
        mac: fc.option(fc.uint8Array({ minLength: 6, maxLength: 6 }), { nil: undefined }),
        isUp: fc.boolean(),
        hasCarrier: fc.boolean(),
        isBroadcast: fc.boolean(),
        isLoopback: fc.boolean(),
        isNoArp: fc.boolean(),
        master: fc.nat(0x7fffffff),
        kind: fc.constantFrom('', 'bridge', 'bond', 'vrf', 'macvlan', 'veth'),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(link, (its) => assert.deepEqual(eventsOf(newLink(its)), [{ kind: 'link', link: its }])));
  });

  it('is a departure only for the family of all: a port that leaves its bridge is still there', () => {
    const name = attribute(3, zeroTerminated('eth0'));
    assert.deepEqual(eventsOf(message(17, linkHeader(0, 1, 7, 0), name)), [{ kind: 'linkGone', index: 7 }]);
    assert.deepEqual(eventsOf(message(17, linkHeader(7, 1, 7, 0), name)), []);
  });

  it('leaves aside what bridges and IPv6 say of their side of it', () => {
    for (const family of [7, 10])
      assert.deepEqual(eventsOf(message(16, linkHeader(family, 1, 7, 1), attribute(3, zeroTerminated('eth0')))), []);
  });

  it('leaves aside wireless events, which name the interface and nothing else of it', () => {
    const event = message(16, linkHeader(0, 1, 7, 1), attribute(3, zeroTerminated('wlan0')), attribute(11, u32(0)));
    assert.deepEqual(eventsOf(event), []);
  });

  it('keeps none of the octets it was read from', () => {
    const octets = newLink(facts);
    const events = eventsOf(octets);
    octets.fill(0);
    assert.deepEqual(events, [{ kind: 'link', link: facts }]);
  });

  it('has no MAC address that is not one of Ethernet', () => {
    const infiniband = message(
      16,
      linkHeader(0, 32, 7, 1),
      attribute(3, zeroTerminated('ib0')),
      attribute(1, new Uint8Array(20)),
    );
    const [event] = eventsOf(infiniband);
    assert.ok(event?.kind === 'link');
    assert.equal(event.link.mac, undefined);
  });
});

describe('What rtnetlink says of addresses', () => {
  it('is read as it is written', () => {
    const address: fc.Arbitrary<InterfaceAddress> = fc.record(
      {
        index: fc.integer({ min: 1, max: 0x7fffffff }),
        address: someAddress,
        prefixLength: fc.nat(32),
        flags: fc.nat(0xfff),
        peer: fc.constant(undefined),
        protocol: fc.nat(255),
        metric: fc.nat(0xffffffff),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(address, fc.boolean(), (its, isGone) => {
        const kind = isGone ? 'addressGone' : 'address';
        assert.deepEqual(eventsOf(message(isGone ? 21 : 20, writeAddress(its))), [{ kind, address: its }]);
      }),
    );
  });

  it('takes the near end of a point-to-point interface for the address', () => {
    const [near, far] = ['198.51.100.1', '198.51.100.2'].map((text) => parseAddress(text)!);
    const its = { index: 7, address: near!, prefixLength: 32, flags: 0x80, peer: far, protocol: 0, metric: 0 };
    assert.deepEqual(eventsOf(message(20, writeAddress(its))), [{ kind: 'address', address: its }]);
  });

  it('reads flags from the header where the kernel is too old for the attribute', () => {
    const old = message(20, Uint8Array.of(2, 24, 0x80, 0), u32(7), attribute(2, Uint8Array.of(192, 0, 2, 1)));
    const [event] = eventsOf(old);
    assert.ok(event?.kind === 'address');
    assert.equal(event.address.flags, 0x80);
  });

  it('refuses an address of another family than its message', () => {
    const mixed = message(20, Uint8Array.of(10, 24, 0, 0), u32(7), attribute(2, Uint8Array.of(192, 0, 2, 1)));
    assert.throws(() => eventsOf(mixed), NetlinkError);
  });

  it('leaves other families aside', () => {
    assert.deepEqual(eventsOf(message(20, Uint8Array.of(5, 8, 0, 0), u32(7))), []);
  });
});

describe('What rtnetlink says', () => {
  it('never throws anything but its own error, whatever is in a message of any kind', () => {
    const noise = fc.uint8Array({ maxLength: 120 });
    const attributes = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 24 })), { maxLength: 6 })
      .map((list) => Buffer.concat(list.map(([type, value]) => attribute(type, value))));
    const body = fc.oneof(
      noise,
      fc.tuple(fc.uint8Array({ minLength: 8, maxLength: 16 }), attributes).map((parts) => Buffer.concat(parts)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), body, (type, octets) => {
        try {
          readEvent({ type, flags: 0, body: octets });
        } catch (error) {
          assert.ok(error instanceof NetlinkError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is understood in the dump of a real host', function () {
    if (!isLittleEndian) this.skip();
    const events = eventsOf(capturedDump());
    const names = new Map<number, string>();
    const links = events.flatMap((event) => {
      if (event.kind !== 'link') return [];
      const { index, name, kind, master, isUp, hasCarrier, mac: octets } = event.link;
      names.set(index, name);
      const text = octets === undefined ? '' : Buffer.from(octets).toString('hex');
      return [[name, kind, isUp, hasCarrier, text, event.link.isLoopback, master] as const];
    });
    assert.deepEqual(
      links.map(([name, kind, isUp, hasCarrier, octets, isLoopback, master]) => [
        name,
        kind,
        isUp,
        hasCarrier,
        octets,
        isLoopback,
        names.get(master) ?? '',
      ]),
      [
        ['lo', '', true, true, '', true, ''],
        ['br0', 'bridge', true, true, '020000000019', false, ''],
        ['eth9', 'veth', true, true, '020000000019', false, 'br0'],
        ['eth0', 'veth', true, true, '020000000010', false, ''],
        ['mac0', 'macvlan', false, false, '020000000011', false, ''],
        ['tun0', 'vxlan', false, false, links.find(([name]) => name === 'tun0')?.[4], false, ''],
      ],
    );
    const addresses = events.flatMap((event) => {
      if (event.kind !== 'address') return [];
      const { index, address, prefixLength, flags } = event.address;
      return [
        `${names.get(index)} ${formatAddress(address)}/${prefixLength}${(flags & 0x40) === 0 ? '' : ' tentative'}`,
      ];
    });
    assert.deepEqual(addresses, [
      'lo 127.0.0.1/8',
      'eth0 192.0.2.1/24',
      'eth0 198.51.100.1/32',
      'eth0 192.0.2.2/24',
      'lo ::1/128',
      'br0 fe80::ff:fe00:19/64 tentative',
      'eth9 fe80::ff:fe00:19/64 tentative',
      'eth0 2001:db8::1/64',
      'eth0 fe80::ff:fe00:10/64 tentative',
      'mac0 2001:db8::2/64 tentative',
    ]);
  });
});
