// BGP communities as values, and as the text that operators write and status prints.
// RFC 1997, RFC 8092, RFC 4360, RFC 5668; well-known names as IANA keeps them, lower case with hyphens.

import { formatIpv4, parseIpv4 } from './address.js';

/** RFC 1997, RFC 8092, RFC 4360. All fields unsigned 32-bit. */
export type Community =
  | { readonly kind: 'standard'; readonly value: number }
  | { readonly kind: 'large'; readonly global: number; readonly local1: number; readonly local2: number }
  | { readonly kind: 'extended'; readonly high: number; readonly low: number };

/** Low 16 bits of the well-known ones; the high 16 are all ones. */
const wellKnown = {
  'graceful-shutdown': 0, // RFC 8326 §3
  'accept-own': 1, // RFC 7611
  'route-filter-translated-v4': 2,
  'route-filter-v4': 3,
  'route-filter-translated-v6': 4,
  'route-filter-v6': 5,
  'llgr-stale': 6, // RFC 9494 §4.6
  'no-llgr': 7,
  'accept-own-nexthop': 8,
  'standby-pe': 9, // RFC 9026
  blackhole: 666, // RFC 7999
  'no-export': 0xff01, // RFC 1997
  'no-advertise': 0xff02,
  'no-export-subconfed': 0xff03,
  'local-as': 0xff03, // FRR's and IOS's word for it
  'no-peer': 0xff04, // RFC 3765
  nopeer: 0xff04,
} as const;

const wellKnownValues = new Map<string, number>(
  Object.entries(wellKnown).map(([name, low]) => [name, 0xffff0000 + low]),
);

export const wellKnownNames: readonly string[] = Object.keys(wellKnown);

const transitiveTwoOctetAs = 0x00;
const transitiveIpv4 = 0x01;
const transitiveFourOctetAs = 0x02;
/** RFC 4360 §4 and §5; the first name is the one we print. */
const extendedSubtypes: readonly (readonly [subtype: number, ...names: string[]])[] = [
  [2, 'rt'],
  [3, 'soo', 'ro'],
];

/** The community, or why the text is none. Names in any case, with `-` or `_`. */
export function parseCommunity(text: string): Community | string {
  const plain = text.toLowerCase();
  const named = wellKnownValues.get(plain.replaceAll('_', '-'));
  if (named !== undefined) return { kind: 'standard', value: named };
  const [first = '', ...rest] = plain.split(':');
  if (first === 'large') return parseLarge(rest);
  if (first === 'ext') return parseExtended(rest);
  if (rest.length === 0) return `"${text}" is neither a number pair nor a well-known community`;
  if (rest.length === 2) return `three numbers are a large community: write "large:${plain}"`;
  const [high, low] = [numberWithin(first, 0xffff), numberWithin(rest[0] ?? '', 0xffff)];
  if (rest.length > 1 || high === undefined || low === undefined)
    return 'a community is two numbers from 0 to 65535, as "64512:100"';
  return { kind: 'standard', value: high * 0x10000 + low };
}

function parseLarge(parts: readonly string[]): Community | string {
  const [global, local1, local2] = parts.map((part) => numberWithin(part, 0xffffffff));
  if (parts.length !== 3 || global === undefined || local1 === undefined || local2 === undefined)
    return 'a large community is three numbers from 0 to 4294967295, as "large:64512:1:2"';
  return { kind: 'large', global, local1, local2 };
}

const extendedForm =
  'an extended community is "ext:rt:64512:1", "ext:soo:192.0.2.1:1", or 16 hexadecimal digits as "ext:0x0002fc0000000001"';

function parseExtended(parts: readonly string[]): Community | string {
  const [kind = '', administrator = '', assigned = ''] = parts;
  if (parts.length === 1 && /^0x[0-9a-f]{16}$/.test(kind))
    return {
      kind: 'extended',
      high: Number.parseInt(kind.slice(2, 10), 16),
      low: Number.parseInt(kind.slice(10), 16),
    };
  const subtype = extendedSubtypes.find(([, ...names]) => names.includes(kind))?.[0];
  if (parts.length !== 3 || subtype === undefined) return extendedForm;

  const host = parseIpv4(administrator)?.words[0];
  const asn = numberWithin(administrator.replace(/l$/, ''), 0xffffffff);
  if (host === undefined && asn === undefined) return extendedForm;
  const isTwoOctetAs = host === undefined && asn! <= 0xffff && !administrator.endsWith('l');
  const local = numberWithin(assigned, isTwoOctetAs ? 0xffffffff : 0xffff);
  if (local === undefined)
    return isTwoOctetAs
      ? `"${assigned}" is not a number from 0 to 4294967295`
      : `after an IPv4 address or a four-octet AS number, "${assigned}" must be a number from 0 to 65535`;
  const extended = (type: number, high: number, low: number): Community => ({
    kind: 'extended',
    high: type * 0x1000000 + subtype * 0x10000 + high,
    low,
  });
  if (isTwoOctetAs) return extended(transitiveTwoOctetAs, asn!, local);
  const wide = host ?? asn!;
  return extended(
    host === undefined ? transitiveFourOctetAs : transitiveIpv4,
    wide >>> 16,
    (wide & 0xffff) * 0x10000 + local,
  );
}

/** Decimal, no sign, no leading zeros, at most `most`. */
function numberWithin(text: string, most: number): number | undefined {
  const value = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : undefined;
}

/** In numbers, as parseCommunity reads them back; an `L` marks a four-octet AS number that two octets could hold. */
export function formatCommunity(community: Community): string {
  switch (community.kind) {
    case 'standard':
      return `${community.value >>> 16}:${community.value & 0xffff}`;
    case 'large':
      return `large:${community.global}:${community.local1}:${community.local2}`;
    case 'extended':
      return `ext:${formatExtended(community.high, community.low)}`;
  }
}

function formatExtended(high: number, low: number): string {
  const name = extendedSubtypes.find(([subtype]) => subtype === ((high >>> 16) & 0xff))?.[1];
  const wide = (((high & 0xffff) << 16) | (low >>> 16)) >>> 0;
  if (name !== undefined) {
    if (high >>> 24 === transitiveTwoOctetAs) return `${name}:${high & 0xffff}:${low}`;
    if (high >>> 24 === transitiveIpv4) return `${name}:${formatIpv4(wide)}:${low & 0xffff}`;
    if (high >>> 24 === transitiveFourOctetAs) return `${name}:${wide}${wide <= 0xffff ? 'L' : ''}:${low & 0xffff}`;
  }
  return `0x${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}`;
}
