// Cursors over octets, big-endian as every protocol here is. A Reader never reads past its end: it asks its owner for
// the error to throw, so a short field becomes the protocol's own complaint at the place where it is read.

/** Makes the error for a read of `wanted` octets where only `left` remain. */
export type Short = (wanted: number, left: number) => Error;

const defaultShort: Short = (wanted, left) => new RangeError(`${wanted} octets wanted, ${left} left`);

export class Reader {
  readonly #octets: Uint8Array;
  readonly #view: DataView;
  readonly #short: Short;
  #at = 0;

  constructor(octets: Uint8Array, short: Short = defaultShort) {
    this.#octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#short = short;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  get done(): boolean {
    return this.left === 0;
  }

  /** Octets consumed so far. */
  get position(): number {
    return this.#at;
  }

  #take(count: number): number {
    if (count > this.left) throw this.#short(count, this.left);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A view, not a copy. */
  octets(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#octets.subarray(at, at + count);
  }

  rest(): Uint8Array {
    return this.octets(this.left);
  }

  /** Reads items until nothing is left. */
  each<T>(read: (from: this) => T): T[] {
    const items: T[] = [];
    while (!this.done) items.push(read(this));
    return items;
  }

  /** A reader over the next `count` octets; `short` replaces the error of this reader. */
  within(count: number, short: Short = this.#short): Reader {
    return new Reader(this.octets(count), short);
  }
}

export class Writer {
  #octets: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#octets = new Uint8Array(capacity);
    this.#view = new DataView(this.#octets.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** May replace the view: take the room first, then the view. */
  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#octets.length) {
      const grown = new Uint8Array(Math.max(this.#octets.length * 2, this.#length));
      grown.set(this.#octets);
      this.#octets = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  octets(octets: ArrayLike<number>): this {
    const at = this.#room(octets.length);
    this.#octets.set(octets, at);
    return this;
  }

  /** Writes what `body` writes, preceded by its length in `width` octets. */
  counted(width: 1 | 2, body: (to: this) => void): this {
    const at = this.#room(width);
    body(this);
    const count = this.#length - at - width;
    if (count >= 256 ** width) throw new RangeError(`${count} octets do not fit a length of ${width} octets`);
    if (width === 1) this.#view.setUint8(at, count);
    else this.#view.setUint16(at, count);
    return this;
  }

  /** Overwrites two octets written before. */
  patchU16(at: number, value: number): this {
    this.#view.setUint16(at, value);
    return this;
  }

  /** A copy of all that was written. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }
}
