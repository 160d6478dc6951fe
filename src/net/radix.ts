// Sorting rows of columns without moving them: a stable least-significant-digit radix sort over row numbers.

/** One column of keys: row i has `values[i * stride + offset]`. */
export interface RadixColumn {
  readonly values: Uint32Array | Uint8Array;
  readonly stride: number;
  readonly offset: number;
}

/** Wide enough that 32 bits take three passes, small enough that the buckets stay in the cache. */
const digitBits = 11;
const buckets = 1 << digitBits;

/** The row numbers in ascending order of the columns, the most significant column first; equal rows keep their order. */
export function radixOrder(count: number, columns: readonly RadixColumn[]): Uint32Array {
  let order = new Uint32Array(count);
  for (let row = 0; row < count; row++) order[row] = row;
  let spare = new Uint32Array(count);
  for (const column of columns.toReversed()) {
    const bits = column.values.BYTES_PER_ELEMENT * 8;
    for (let shift = 0; shift < bits; shift += digitBits) {
      const starts = bucketStarts(count, column, shift);
      if (starts === undefined) continue;
      scatter(order, spare, column, shift, starts);
      [order, spare] = [spare, order];
    }
  }
  return order;
}

/** Where each bucket begins; undefined when one holds all rows, as the high digits of small tables do. */
function bucketStarts(count: number, { values, stride, offset }: RadixColumn, shift: number): Uint32Array | undefined {
  const sizes = new Uint32Array(buckets);
  const digitAt = (at: number): number => (values[at]! >>> shift) & (buckets - 1);
  for (let row = 0, at = offset; row < count; row++, at += stride) sizes[digitAt(at)]!++;
  if (count === 0 || sizes[digitAt(offset)] === count) return undefined;
  let start = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const size = sizes[bucket]!;
    sizes[bucket] = start;
    start += size;
  }
  return sizes;
}

function scatter(
  from: Uint32Array,
  to: Uint32Array,
  { values, stride, offset }: RadixColumn,
  shift: number,
  starts: Uint32Array,
): void {
  for (let i = 0; i < from.length; i++) {
    const row = from[i]!;
    const digit = (values[row * stride + offset]! >>> shift) & (buckets - 1);
    to[starts[digit]!++] = row;
  }
}
