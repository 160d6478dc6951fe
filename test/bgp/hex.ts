// Octets as a test writes them: hexadecimal digits in any grouping, with a comment after `#` on each line.

export function hex(text: string): Uint8Array {
  const digits = text
    .split('\n')
    .map((line) => line.replace(/#.*/, ''))
    .join('')
    .replaceAll(/\s/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new Error(`not whole octets: ${digits}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export const marker = 'ffffffff ffffffff ffffffff ffffffff ';

/** A message around a body. */
export function message(type: number, body: string | Uint8Array): Uint8Array {
  const octets = typeof body === 'string' ? hex(body) : body;
  const length = 19 + octets.length;
  return Uint8Array.of(...hex(marker), length >>> 8, length & 0xff, type, ...octets);
}

export const textOf = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
