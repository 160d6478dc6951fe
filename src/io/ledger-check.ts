// Whether an LMDB file is whole, before it is mapped: LMDB trusts what it reads, and a page that is not what it should be
// ends the process with a signal, or reads as if it were empty. Every page in use is visited once; freed ones are not.
// The layout is that of mdb.c (data version 2): MDB_page_header, MDB_meta, MDB_db, MDB_node, MDB_ovpage.

import { fstatSync, readSync } from 'node:fs';

const magic = 0xbeefc0de;
const dataVersion = 2;
const headerOctets = 24;
const nodeHeaderOctets = 8;
const treeOctets = 48;
const [pageBranch, pageLeaf, pageOverflow, pageMeta] = [1, 2, 4, 8];
const [nodeIsOverflow, nodeIsTree] = [1, 2];
/** A tree that was never written to has no root. */
const noPage = 2n ** 64n - 1n;
/** The deepest tree that LMDB makes (CURSOR_STACK). */
const mostLevels = 32;

interface Tree {
  readonly levels: number;
  readonly entries: bigint;
  readonly root: bigint;
}

interface Meta {
  readonly transaction: bigint;
  readonly pageOctets: number;
  readonly trees: readonly Tree[];
}

class Damage extends Error {
  override readonly name = 'Damage';
}

/** What is wrong, in a few words; undefined: it is whole. */
export function ledgerDamage(descriptor: number): string | undefined {
  try {
    check(descriptor);
    return undefined;
  } catch (error) {
    // Offsets of a damaged page lead anywhere, out of the buffer as well.
    if (error instanceof Damage || error instanceof RangeError) return error.message;
    throw error;
  }
}

function check(descriptor: number): void {
  const metas = metaPages(descriptor);
  const latest = metas.toSorted((a, b) => Number(b.transaction - a.transaction))[0];
  if (latest === undefined) throw new Damage('its first pages are not those of a ledger');
  const pages = new Pages(descriptor, latest.pageOctets);
  for (const tree of latest.trees) pages.tree(tree);
}

/** Two, written in turn; the one with the later transaction counts. */
function metaPages(descriptor: number): Meta[] {
  const first = Buffer.alloc(headerOctets + 152);
  if (readSync(descriptor, first, 0, first.length, 0) < first.length) return [];
  const meta = metaOf(first);
  if (meta === undefined) return [];
  const second = Buffer.alloc(first.length);
  readSync(descriptor, second, 0, second.length, meta.pageOctets);
  const other = metaOf(second);
  return other === undefined || other.pageOctets !== meta.pageOctets ? [] : [meta, other];
}

function metaOf(page: Buffer): Meta | undefined {
  const isMeta = page.readUInt16LE(18) === pageMeta && page.readUInt32LE(headerOctets) === magic;
  if (!isMeta || page.readUInt32LE(headerOctets + 4) !== dataVersion) return undefined;
  const trees = headerOctets + 24;
  const pageOctets = page.readUInt32LE(trees);
  if (![4096, 8192, 16384, 32768, 65536].includes(pageOctets)) return undefined;
  return {
    transaction: page.readBigUInt64LE(trees + 2 * treeOctets + 8),
    pageOctets,
    trees: [treeAt(page, trees), treeAt(page, trees + treeOctets)],
  };
}

const treeAt = (page: Buffer, at: number): Tree => ({
  levels: page.readUInt16LE(at + 6),
  entries: page.readBigUInt64LE(at + 32),
  root: page.readBigUInt64LE(at + 40),
});

class Pages {
  readonly #descriptor: number;
  readonly #octets: number;
  readonly #count: bigint;
  readonly #seen = new Set<bigint>();

  constructor(descriptor: number, octets: number) {
    this.#descriptor = descriptor;
    this.#octets = octets;
    this.#count = BigInt(Math.floor(fstatSync(descriptor).size / octets));
  }

  tree({ root, levels, entries }: Tree): void {
    if (root === noPage) return;
    if (levels === 0 || levels > mostLevels) throw new Damage(`a tree of ${levels} levels`);
    const found = this.#walk(root, levels);
    if (found !== entries) throw new Damage(`it holds ${found} records where ${entries} were written`);
  }

  /** How many entries hang from the page. */
  #walk(number: bigint, levels: number): bigint {
    const page = this.#page(number, levels > 1 ? pageBranch : pageLeaf);
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    const room = this.#octets - headerOctets;
    if (lower % 2 !== 0 || lower > upper || upper > room) throw new Damage(`page ${number} is not consistent`);
    let entries = 0n;
    for (let at = 0; at < lower; at += 2) {
      const node = headerOctets + page.readUInt16LE(headerOctets + at);
      if (levels > 1) entries += this.#walk(childOf(page, node), levels - 1);
      else {
        this.#leaf(page, node, number);
        entries++;
      }
    }
    return entries;
  }

  #leaf(page: Buffer, node: number, number: bigint): void {
    const octets = page.readUInt32LE(node);
    const flags = page.readUInt16LE(node + 4);
    const data = node + nodeHeaderOctets + page.readUInt16LE(node + 6);
    const isOverflow = (flags & nodeIsOverflow) !== 0;
    if (data + (isOverflow ? headerOctets : octets) > this.#octets)
      throw new Damage(`page ${number} is not consistent`);
    if ((flags & nodeIsTree) !== 0) this.tree(treeAt(page, data));
    if (isOverflow) this.#overflow(page.readBigUInt64LE(data), octets);
  }

  #overflow(number: bigint, octets: number): void {
    this.#page(number, pageOverflow);
    const pages = BigInt(Math.ceil((headerOctets + octets) / this.#octets));
    if (number + pages > this.#count) throw new Damage(`page ${number + pages - 1n} is missing`);
  }

  #page(number: bigint, kind: number): Buffer {
    if (number >= this.#count) throw new Damage(`page ${number} is missing`);
    if (this.#seen.size === this.#seen.add(number).size) throw new Damage(`page ${number} is used twice`);
    const page = Buffer.allocUnsafe(this.#octets);
    readSync(this.#descriptor, page, 0, page.length, Number(number) * this.#octets);
    if (page.readBigUInt64LE(0) !== number || (page.readUInt16LE(18) & 0xf) !== kind)
      throw new Damage(`page ${number} is not what was written there`);
    return page;
  }
}

const childOf = (page: Buffer, node: number): bigint =>
  BigInt(page.readUInt32LE(node)) + (BigInt(page.readUInt16LE(node + 4)) << 32n);
