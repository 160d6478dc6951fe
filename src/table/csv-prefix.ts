// Prefixes read straight from octets, because a bulk has millions and a string for each would cost more than all the
// rest. The grammar is that of net/address.ts's parsePrefix, and a law holds the two together.

const dot = 0x2e;
const slash = 0x2f;
const colon = 0x3a;

export class PrefixScanner {
  /** What the last successful scan found: one word for IPv4, four for IPv6, as written (host bits included). */
  readonly words = new Uint32Array(4);
  length = 0;
  /** No length was written. */
  isBare = true;
  family: 'ipv4' | 'ipv6' = 'ipv4';
  readonly #groups = new Uint16Array(8);

  /**
   * Reads `ADDRESS[/LENGTH]` at `at`; the octets must hold something after it that is no part of a prefix, as a row has
   * its newline. Answers where it ends, or -1.
   */
  scan(octets: Uint8Array, at: number): number {
    const end = this.#ipv4(octets, at);
    return end >= 0 ? end : this.#ipv6(octets, at);
  }

  #ipv4(octets: Uint8Array, start: number): number {
    const at = this.#dottedQuad(octets, start);
    if (at < 0 || octets[at] === colon) return -1;
    this.family = 'ipv4';
    return this.#length(octets, at, 32);
  }

  /** Leaves the value in words[0]. */
  #dottedQuad(octets: Uint8Array, start: number): number {
    let at = start;
    let value = 0;
    for (let dots = 0; ; dots++) {
      const first = octets[at]! - 48;
      if (first < 0 || first > 9) return -1;
      let octet = first;
      at++;
      for (let digit = octets[at]! - 48; digit >= 0 && digit <= 9; digit = octets[++at]! - 48) {
        octet = octet * 10 + digit;
        if (first === 0 || octet > 255) return -1;
      }
      value = (value << 8) | octet;
      if (dots === 3) break;
      if (octets[at++] !== dot) return -1;
    }
    this.words[0] = value;
    return octets[at] === dot ? -1 : at;
  }

  #length(octets: Uint8Array, start: number, most: number): number {
    this.length = most;
    this.isBare = octets[start] !== slash;
    if (this.isBare) return start;
    let at = start + 1;
    let length = 0;
    for (let digit = octets[at]! - 48; digit >= 0 && digit <= 9; digit = octets[++at]! - 48) {
      length = length * 10 + digit;
      if (length > most) return -1;
    }
    const digits = at - start - 1;
    if (digits === 0 || (digits > 1 && octets[start + 1] === 48)) return -1;
    this.length = length;
    return at;
  }

  #ipv6(octets: Uint8Array, start: number): number {
    const groups = this.#groups;
    let at = start;
    let count = 0;
    let gap = -1;
    if (octets[at] === colon) {
      if (octets[at + 1] !== colon) return -1;
      gap = 0;
      at += 2;
    }
    while (count < 8) {
      const from = at;
      let group = 0;
      for (let digit = hexDigit(octets[at]!); digit >= 0; digit = hexDigit(octets[++at]!)) {
        group = group * 16 + digit;
        if (at - from > 3) return -1;
      }
      if (at === from) break;
      if (octets[at] === dot) {
        at = count > 6 ? -1 : this.#dottedQuad(octets, from);
        if (at < 0) return -1;
        groups[count++] = this.words[0]! >>> 16;
        groups[count++] = this.words[0]! & 0xffff;
        break;
      }
      groups[count++] = group;
      if (octets[at] !== colon) break;
      if (octets[at + 1] === colon) {
        if (gap >= 0) return -1;
        gap = count;
        at += 2;
      } else if (hexDigit(octets[at + 1]!) < 0 || count === 8) return -1;
      else at++;
    }
    if (octets[at] === colon || hexDigit(octets[at]!) >= 0 || (gap < 0 ? count !== 8 : count > 7)) return -1;
    groups.copyWithin(8 - count + Math.max(gap, 0), Math.max(gap, 0), count);
    if (gap >= 0) groups.fill(0, gap, gap + 8 - count);
    for (let word = 0; word < 4; word++) this.words[word] = groups[word * 2]! * 0x10000 + groups[word * 2 + 1]!;
    this.family = 'ipv6';
    return this.#length(octets, at, 128);
  }
}

function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
