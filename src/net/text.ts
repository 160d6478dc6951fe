// Text that came from, or goes to, the wire: UTF-8 both ways, and making a stranger's words fit to print.
// Written by hand because the pure rooms compile without Node's and the web's globals. RFC 3629.

export function utf8Octets(text: string): Uint8Array {
  const octets: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const scalar = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    if (scalar < 0x80) octets.push(scalar);
    else if (scalar < 0x800) octets.push(0xc0 | (scalar >> 6), 0x80 | (scalar & 0x3f));
    else if (scalar < 0x10000)
      octets.push(0xe0 | (scalar >> 12), 0x80 | ((scalar >> 6) & 0x3f), 0x80 | (scalar & 0x3f));
    else
      octets.push(
        0xf0 | (scalar >> 18),
        0x80 | ((scalar >> 12) & 0x3f),
        0x80 | ((scalar >> 6) & 0x3f),
        0x80 | (scalar & 0x3f),
      );
  }
  return Uint8Array.from(octets);
}

/** Total: each octet that is not part of well-formed UTF-8 becomes U+FFFD. */
export function utf8Text(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < octets.length; ) {
    const first = octets[i]!;
    const length =
      first < 0x80
        ? 1
        : first >= 0xc2 && first < 0xe0
          ? 2
          : first >= 0xe0 && first < 0xf0
            ? 3
            : first >= 0xf0 && first < 0xf5
              ? 4
              : 0;
    let code = length === 1 ? first : first & (0x7f >> length);
    let valid = length > 0 && i + length <= octets.length;
    for (let k = 1; valid && k < length; k++) {
      const next = octets[i + k]!;
      valid = (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    // Overlong forms, surrogates and what lies beyond Unicode are not well-formed (RFC 3629 §3).
    if (
      valid &&
      ((length === 3 && code < 0x800) ||
        (length === 4 && code < 0x10000) ||
        code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff))
    )
      valid = false;
    text += valid ? String.fromCodePoint(code) : '\ufffd';
    i += valid ? length : 1;
  }
  return text;
}

/** Keeps the longest prefix of whole characters that fits `limit` octets of UTF-8. */
export function utf8Within(text: string, limit: number): Uint8Array {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += utf8Octets(character).length;
    if (used > limit) break;
    kept += character;
  }
  return utf8Octets(kept);
}

/** What a stranger sent, made fit for a log line or a terminal: control, bidi and invisible characters become `?`, at most `limit` characters. */
export function sanitised(text: string, limit = 255): string {
  let safe = '';
  let count = 0;
  for (const character of text) {
    if (++count > limit) return `${safe}…`;
    safe += /[\p{C}\p{Zl}\p{Zp}]/u.test(character) ? '?' : character;
  }
  return safe;
}
