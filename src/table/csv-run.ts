// Rows of a bulk that are alike: an ordinary IPv4 prefix each, and after it what the row before said. One loop without a
// call in it: a table is read when the process has just begun, and of a few large loops the compiler makes something at
// once, of many small functions late. Whatever is not quite so is left to the closer look of csv.ts.

const dot = 0x2e;
const slash = 0x2f;
const capacity = 4096;

export class CsvRun {
  /** What the last reading found: `count` prefixes in canonical form. */
  readonly words = new Uint32Array(capacity);
  readonly lengths = new Uint8Array(capacity);
  count = 0;

  get isFull(): boolean {
    return this.count === capacity;
  }

  /** Reads rows from `start` on that end in `rest`, newline included; answers where the first one begins that it did not take. */
  read(octets: Uint8Array, start: number, end: number, rest: Uint8Array): number {
    const { words, lengths } = this;
    const restOctets = rest.length;
    let count = 0;
    let begin = start;
    rows: while (begin < end && count < capacity) {
      let at = begin;
      let word = 0;
      for (let part = 0; part < 4; part++) {
        const first = octets[at++]! - 48;
        if (first < 0 || first > 9) break rows;
        let octet = first;
        for (let digit = octets[at]! - 48; digit >= 0 && digit <= 9; digit = octets[++at]! - 48) {
          octet = octet * 10 + digit;
          if (first === 0 || octet > 255) break rows;
        }
        word = (word << 8) | octet;
        if (part < 3 && octets[at++] !== dot) break rows;
      }
      // Martians are for the closer look.
      const top = word >>> 24;
      if (top === 0 || top === 127 || top > 223) break;
      let length = 32;
      if (octets[at] === slash) {
        const first = octets[++at]! - 48;
        if (first < 1 || first > 9) break;
        length = first;
        for (let digit = octets[++at]! - 48; digit >= 0 && digit <= 9; digit = octets[++at]! - 48) {
          length = length * 10 + digit;
          if (length > 32) break rows;
        }
        if (length < 32 && word << length !== 0) break;
      }
      for (let k = 0; k < restOctets; k++) if (octets[at + k] !== rest[k]) break rows;
      words[count] = word;
      lengths[count++] = length;
      begin = at + restOctets;
    }
    this.count = count;
    return begin;
  }
}
