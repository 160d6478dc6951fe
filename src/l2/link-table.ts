// The interfaces of this host, kept from what the kernel tells: events as they come, and dumps when something was missed.
// An event replaces what it is about whole, so that one that is heard twice, or late in the wake of a dump, changes nothing.

import type { Address } from '../net/address.js';
import type { Link, LinkAddress } from './link.js';
import { addressFlag, type InterfaceAddress, type LinkEvent, type LinkFacts } from './rtnetlink.js';

interface Entry {
  /** undefined: its addresses came before it. */
  facts: LinkFacts | undefined;
  readonly addresses: Map<string, LinkAddress>;
  /** As it was last listed. */
  link: Link | undefined;
}

const sameMac = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.length === b.length && a.every((octet, i) => octet === b[i]);

function sameFacts(a: LinkFacts | undefined, b: LinkFacts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.index === b.index &&
    a.name === b.name &&
    sameMac(a.mac, b.mac) &&
    a.isUp === b.isUp &&
    a.hasCarrier === b.hasCarrier &&
    a.isBroadcast === b.isBroadcast &&
    a.isLoopback === b.isLoopback &&
    a.isNoArp === b.isNoArp &&
    a.master === b.master &&
    a.kind === b.kind
  );
}

const sameEntry = (a: Entry, b: Entry): boolean =>
  sameFacts(a.facts, b.facts) &&
  a.addresses.size === b.addresses.size &&
  [...a.addresses].every(([key, { isTentative }]) => b.addresses.get(key)?.isTentative === isTentative);

/** IPv4 may have an address several times, with different lengths or far ends. */
const addressKey = ({ address, prefixLength, peer }: InterfaceAddress): string =>
  `${words(address)}/${prefixLength}${peer === undefined ? '' : `,${words(peer)}`}`;
const words = (address: Address): string => address.words.join(',');

const linkAddress = ({ address, prefixLength, flags }: InterfaceAddress): LinkAddress => ({
  address,
  prefixLength,
  isTentative: (flags & (addressFlag.tentative | addressFlag.dadFailed)) !== 0,
});

export class LinkTable {
  #entries = new Map<number, Entry>();
  #links: readonly Link[] | undefined;

  /** Ordered by index. One that did not change is the same object as before. */
  links(): readonly Link[] {
    this.#links ??= [...this.#entries.values()]
      .flatMap((entry) => listed(entry) ?? [])
      .sort((a, b) => a.index - b.index);
    return this.#links;
  }

  /** Whether anything changed by it. */
  apply(event: LinkEvent): boolean {
    const isChanged = this.#change(event);
    if (isChanged) this.#links = undefined;
    return isChanged;
  }

  /** Takes over a dump: what is not in it is gone. Whether anything changed by it. */
  replace(dump: readonly LinkEvent[]): boolean {
    const fresh = new LinkTable();
    for (const event of dump) fresh.apply(event);
    let isChanged = false;
    for (const index of this.#entries.keys()) isChanged ||= !fresh.#entries.has(index);
    for (const [index, entry] of fresh.#entries) {
      const before = this.#entries.get(index);
      if (before !== undefined && sameEntry(before, entry)) fresh.#entries.set(index, before);
      else isChanged = true;
    }
    this.#entries = fresh.#entries;
    if (isChanged) this.#links = undefined;
    return isChanged;
  }

  #change(event: LinkEvent): boolean {
    switch (event.kind) {
      case 'link': {
        const entry = this.#entry(event.link.index);
        if (sameFacts(entry.facts, event.link)) return false;
        entry.facts = event.link;
        entry.link = undefined;
        return true;
      }
      case 'linkGone':
        return this.#entries.delete(event.index);
      case 'address': {
        const entry = this.#entry(event.address.index);
        const key = addressKey(event.address);
        const address = linkAddress(event.address);
        if (entry.addresses.get(key)?.isTentative === address.isTentative) return false;
        entry.addresses.set(key, address);
        entry.link = undefined;
        return true;
      }
      case 'addressGone': {
        const entry = this.#entries.get(event.address.index);
        if (entry?.addresses.delete(addressKey(event.address)) !== true) return false;
        entry.link = undefined;
        if (entry.facts === undefined && entry.addresses.size === 0) this.#entries.delete(event.address.index);
        return true;
      }
    }
  }

  #entry(index: number): Entry {
    let entry = this.#entries.get(index);
    if (entry === undefined) {
      entry = { facts: undefined, addresses: new Map(), link: undefined };
      this.#entries.set(index, entry);
    }
    return entry;
  }
}

function listed(entry: Entry): Link | undefined {
  if (entry.facts !== undefined) entry.link ??= { ...entry.facts, addresses: [...entry.addresses.values()] };
  return entry.link;
}
