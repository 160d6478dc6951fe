// What tests of the LAN begin with: links as netlink tells them, and addresses.

import type { Link, LinkAddress } from '../../src/l2/link.js';
import type { LinkFacts } from '../../src/l2/rtnetlink.js';
import { type Address, bitsOf, parseAddress } from '../../src/net/address.js';

export const address = (text: string): Address => parseAddress(text)!;

/** `10.0.0.11/24`. */
export function linkAddress(text: string): LinkAddress {
  const [plain = '', length] = text.split('/');
  const parsed = address(plain);
  return {
    address: parsed,
    prefixLength: length === undefined ? bitsOf(parsed.family) : Number(length),
    isTentative: false,
  };
}

interface Given extends Partial<Omit<Link, 'addresses'>> {
  readonly addresses?: readonly string[];
}

/** An Ethernet interface that is up, unless something else is said. Its MAC is made of its index. */
export const linkFacts = (index: number, name: string, more: Partial<LinkFacts> = {}): LinkFacts => ({
  index,
  name,
  mac: Uint8Array.of(2, 0, 0, 0, 0, index),
  isUp: true,
  hasCarrier: true,
  isBroadcast: true,
  isLoopback: false,
  isNoArp: false,
  master: 0,
  kind: '',
  ...more,
});

export const link = (index: number, name: string, { addresses = [], ...rest }: Given = {}): Link => ({
  ...linkFacts(index, name, rest),
  addresses: addresses.map(linkAddress),
});
