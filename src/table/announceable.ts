// Which addresses and prefixes can be announced at all. The blocks are those every router takes for martians and drops
// without a word (RFC 6890, RFC 1122 §3.2.1.3, RFC 4291 §2.5 to §2.7); a silent drop is worse than a refusal here.

import { contains, type Family, type Prefix, parsePrefix } from '../net/address.js';

const martians: readonly (readonly [block: Prefix, what: string])[] = (
  [
    ['0.0.0.0/8', '"this network" (0.0.0.0/8)'],
    ['127.0.0.0/8', 'loopback (127.0.0.0/8)'],
    ['224.0.0.0/4', 'multicast (224.0.0.0/4)'],
    ['255.255.255.255/32', 'the broadcast address'],
    ['::/128', 'the unspecified address'],
    ['::1/128', 'the loopback address'],
    ['::ffff:0:0/96', 'IPv4-mapped (::ffff:0:0/96); write it as an IPv4 address'],
    ['fe80::/10', 'link-local (fe80::/10)'],
    ['ff00::/8', 'multicast (ff00::/8)'],
  ] as const
).map(([block, what]) => [parsePrefix(block)!, what]);

/** Far from every martian, by the first octet alone: decides nearly all. */
export function isOrdinary(family: Family, firstWord: number): boolean {
  const first = firstWord >>> 24;
  return family === 'ipv4' ? first !== 0 && first !== 127 && first < 224 : first !== 0 && first < 0xfe;
}

/** What the prefix, or a host, lies in that no router accepts; undefined when it can be announced. Default routes can. */
export function martian({ family, words, length }: Prefix): string | undefined {
  if (isOrdinary(family, words[0]!)) return undefined;
  return martians.find(([block]) => length >= block.length && contains(block, { family, words }))?.[1];
}
