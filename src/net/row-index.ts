// Finding rows by a hash of their keys: open addressing in typed arrays, which cost the collector nothing and grow without
// looking at a key. The rows and their keys are with whoever uses it.

const emptySlot = 0;
const leastSlots = 16;

export class RowIndex {
  /** Row + 1. */
  #slots = new Int32Array(leastSlots);
  /** By row. */
  #hashes = new Int32Array(leastSlots / 2);
  #mask = leastSlots - 1;
  #count = 0;

  /**
   * A slot that holds a row with this hash, the first or the next one after another; -1: there is none. Whether it is the row
   * that is looked for, its key tells.
   */
  find(hash: number, after = -1): number {
    let slot = (after < 0 ? spread(hash) : after + 1) & this.#mask;
    for (let held = this.#slots[slot]!; held !== emptySlot; held = this.#slots[slot]!) {
      if (this.#hashes[held - 1] === hash) return slot;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  rowAt(slot: number): number {
    return this.#slots[slot]! - 1;
  }

  /** Rows are numbered from 0 on, with few gaps. */
  add(row: number, hash: number): void {
    if (row >= this.#hashes.length) {
      const hashes = this.#hashes;
      this.#hashes = new Int32Array(Math.max(row + 1, hashes.length * 4));
      this.#hashes.set(hashes);
    }
    if (++this.#count * 2 > this.#slots.length) this.#resize(this.#slots.length * 4);
    this.#hashes[row] = hash;
    this.#insert(row);
  }

  remove(slot: number): void {
    this.#close(slot);
    this.#count--;
    if (this.#slots.length > leastSlots && this.#count * 16 < this.#slots.length) this.#resize(this.#slots.length / 4);
  }

  /** The row gets another number. */
  renumber(row: number, number: number): void {
    const hash = this.#hashes[row]!;
    let slot = this.find(hash);
    while (this.rowAt(slot) !== row) slot = this.find(hash, slot);
    this.#slots[slot] = number + 1;
    this.#hashes[number] = hash;
  }

  /** Moves back what stands behind a slot because it was taken. */
  #close(slot: number): void {
    let hole = slot;
    for (let at = (hole + 1) & this.#mask; this.#slots[at] !== emptySlot; at = (at + 1) & this.#mask) {
      const home = spread(this.#hashes[this.rowAt(at)]!) & this.#mask;
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#slots[hole] = this.#slots[at]!;
      hole = at;
    }
    this.#slots[hole] = emptySlot;
  }

  #insert(row: number): void {
    let slot = spread(this.#hashes[row]!) & this.#mask;
    while (this.#slots[slot] !== emptySlot) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = row + 1;
  }

  #resize(slots: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    for (const held of before) if (held !== emptySlot) this.#insert(held - 1);
  }
}

/** Neighbouring hashes, as of a table that counts its addresses up, go to slots far apart. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
