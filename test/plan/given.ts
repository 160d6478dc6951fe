// What tests of the plan begin with: a configuration, services, bulks, and a route port that remembers what it was told.

import assert from 'node:assert/strict';
import { Rib } from '../../src/bgp/rib.js';
import type { Config, RouteAttributes } from '../../src/config/config.js';
import {
  type Address,
  compareAddresses,
  comparePrefixes,
  type Family,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '../../src/net/address.js';
import type { RoutePort } from '../../src/plan/announcer.js';
import { communityKey } from '../../src/plan/attribute-sets.js';
import type { RouteBatch } from '../../src/plan/route-batch.js';
import type { Bulk, BulkColumns } from '../../src/table/bulk.js';
import { defaultService } from '../../src/table/entry.js';
import type { Service } from '../../src/table/service.js';
import { accepts } from '../config/given.js';

export const address = (text: string): Address => parseAddress(text)!;
export const prefix = (text: string): Prefix => parsePrefix(text)!;

/** Peers tor-1 and tor-2 and so on, and whatever else stands in `lines`. */
export function configured(lines: string, peers = 1): Config {
  const bgpPeers = Array.from(
    { length: peers },
    (_, i) => `  - { name: tor-${i + 1}, peerAddress: 10.0.0.${i + 1}, peerASN: 64500 }`,
  );
  return accepts(
    ['node: { name: node-a, labels: { rack: r1 } }', 'bgp: { asn: 64512 }', 'bgpPeers:', ...bgpPeers, lines].join('\n'),
  );
}

export interface Given extends Partial<Omit<Service, 'addresses' | 'prefixes'>> {
  readonly addresses?: readonly string[];
  readonly prefixes?: readonly string[];
}

export const service = (name: string, { addresses = [], prefixes = [], ...rest }: Given): Service => ({
  ...defaultService(),
  name: `default/${name}`,
  ...rest,
  addresses: addresses.map(address),
  prefixes: prefixes.map(prefix),
});

export type BulkRow = readonly [prefix: string, attributes?: RouteAttributes];

export function bulkOf(rows: readonly BulkRow[]): Bulk {
  const attributeSets: RouteAttributes[] = [{}];
  const numbered = rows.map(([text, attributes]) => {
    if (attributes !== undefined) attributeSets.push(attributes);
    return { prefix: prefix(text), attributes: attributes === undefined ? 0 : attributeSets.length - 1 };
  });
  const columns = (family: Family): BulkColumns => {
    const mine = numbered
      .filter((row) => row.prefix.family === family)
      .sort((a, b) => comparePrefixes(a.prefix, b.prefix));
    return {
      family,
      count: mine.length,
      words: Uint32Array.from(mine.flatMap((row) => row.prefix.words)),
      lengths: Uint8Array.from(mine, (row) => row.prefix.length),
      attributes: Uint16Array.from(mine, (row) => row.attributes),
    };
  };
  return { ipv4: columns('ipv4'), ipv6: columns('ipv6'), attributeSets };
}

/** Equal for sets that say the same. */
export function saying({ localPref, med, asPathPrepend, nextHop, communities }: RouteAttributes): string {
  const said = {
    localPref,
    med,
    asPathPrepend,
    nextHop: nextHop && [...nextHop].sort(compareAddresses).map(formatAddress),
    communities: communities && [...new Set(communities.map(communityKey))].sort(),
  };
  return JSON.stringify(said);
}

/** Prefix → what it is announced with. */
export type Told = Map<string, string>;

/** The BGP thread's end of the port: keeps its rules, and remembers. */
export class ToldPort implements RoutePort {
  readonly views = new Map<number, Told>();
  readonly #sets = new Map<number, RouteAttributes>();
  readonly #ids = new Map<string, number>();
  /** What the BGP thread makes of it, by view and family. In every other one a reader stands still. */
  readonly #ribs = new Map<string, Rib>();
  calls = 0;
  /** When the changes of routes began, one after the other. */
  readonly sinces: (number | undefined)[] = [];

  defineAttributes(sets: readonly { readonly id: number; readonly attributes: RouteAttributes }[]): void {
    this.calls++;
    for (const { id, attributes } of sets) {
      assert.notEqual(id, 0);
      assert.ok(!this.#sets.has(id), `attribute set ${id} is defined twice`);
      this.#sets.set(id, attributes);
    }
  }

  changeRoutes({ view, ...columns }: RouteBatch, sinceMs?: number): void {
    const { family, count, words, lengths, attributes } = columns;
    this.calls++;
    this.sinces.push(sinceMs);
    this.#rib(view, family).apply(columns);
    const width = family === 'ipv4' ? 1 : 4;
    const told = this.view(view);
    assert.ok(count > 0);
    for (let row = 0; row < count; row++) {
      const text = formatPrefix({
        family,
        words: [...words.subarray(row * width, (row + 1) * width)],
        length: lengths[row]!,
      });
      const id = attributes[row]!;
      const set = this.#sets.get(id);
      if (id === 0) assert.ok(told.delete(text), `${text} is withdrawn, and was not announced`);
      else {
        assert.ok(set !== undefined, `${text} is announced with the undefined attribute set ${id}`);
        told.set(text, saying(set));
      }
      this.#ids.set(`${view} ${text}`, id);
    }
  }

  withdrawAll(view: number, family: Family, sinceMs?: number): void {
    this.calls++;
    this.sinces.push(sinceMs);
    this.#rib(view, family).withdrawAll();
    for (const text of [...this.view(view).keys()]) {
      if (text.includes(':') !== (family === 'ipv6')) continue;
      this.view(view).delete(text);
      this.#ids.delete(`${view} ${text}`);
    }
  }

  forgetAttributes(ids: readonly number[]): void {
    this.calls++;
    for (const id of ids) assert.ok(this.#sets.delete(id), `attribute set ${id} is forgotten, and was not defined`);
  }

  /** No route carries a set that was forgotten, or became another, behind its back; and the thread has them all. */
  check(): void {
    for (const [view, told] of this.views) {
      for (const [text, said] of told) {
        const set = this.#sets.get(this.#ids.get(`${view} ${text}`) ?? 0);
        assert.equal(set && saying(set), said, `${text} of view ${view}`);
        const { family, words, length } = prefix(text);
        assert.equal(this.#rib(view, family).lookup(words, length), this.#ids.get(`${view} ${text}`));
      }
      assert.equal(this.#rib(view, 'ipv4').size + this.#rib(view, 'ipv6').size, told.size);
    }
  }

  #rib(view: number, family: Family): Rib {
    const key = `${view} ${family}`;
    let rib = this.#ribs.get(key);
    if (rib === undefined) {
      rib = new Rib(family);
      if (view % 2 === 0) rib.open();
      this.#ribs.set(key, rib);
    }
    return rib;
  }

  dropView(view: number): void {
    this.views.delete(view);
    for (const family of ['ipv4', 'ipv6'] as const) this.#ribs.delete(`${view} ${family}`);
    for (const key of [...this.#ids.keys()]) if (key.startsWith(`${view} `)) this.#ids.delete(key);
  }

  view(view: number): Told {
    let told = this.views.get(view);
    if (told === undefined) {
      told = new Map();
      this.views.set(view, told);
    }
    return told;
  }

  get announced(): number {
    return [...this.views.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get attributeSets(): number {
    return this.#sets.size;
  }
}
