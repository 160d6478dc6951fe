// Two hosts, one cable, and on it one session for everything that two speakers can agree or disagree on. All run at
// once between one herald and one router, so a whole suite starts each of them once.

import type { Entry } from './herald.js';
import type { Family, Neighbor, RouterPlan } from './routers/router.js';

export const heraldAsn = 64512;
export const routerAsn = 64500;
/** Needs four octets, RFC 6793. */
export const wideAsn = 4_200_000_012;

interface SessionPlan {
  readonly name: string;
  readonly transport?: Family;
  readonly families?: readonly Family[];
  readonly holdTimeSeconds?: number;
  readonly internal?: boolean;
  /** Herald's AS number here. */
  readonly asn?: number;
  readonly passive?: 'herald' | 'router';
  readonly gracefulRestart?: boolean;
  /** Herald's key and the router's. */
  readonly keys?: readonly [string, string];
  /** GTSM on these ends. */
  readonly ttlSecurity?: readonly ('herald' | 'router')[];
}

const plans: readonly SessionPlan[] = [
  { name: 'plain', gracefulRestart: true },
  { name: 'six', transport: 'ipv6', families: ['ipv6'] },
  { name: 'dual', families: ['ipv4', 'ipv6'], gracefulRestart: true },
  { name: 'heraldWaits', passive: 'herald' },
  { name: 'routerWaits', passive: 'router' },
  { name: 'internal', internal: true },
  { name: 'wide', asn: wideAsn },
  { name: 'brisk', holdTimeSeconds: 3 },
  { name: 'keyed', keys: ['correct-horse', 'correct-horse'] },
  { name: 'miskeyed', keys: ['correct-horse', 'battery-staple'] },
  { name: 'near', ttlSecurity: ['herald', 'router'] },
  { name: 'far', ttlSecurity: ['herald'] },
];

/** Those on which both ends do as they should. */
export const sound: readonly string[] = plans.map(({ name }) => name).filter((n) => n !== 'miskeyed' && n !== 'far');

function address(host: 1 | 2, index: number, transport: Family): string {
  return transport === 'ipv4' ? `10.0.${index + 1}.${host}` : `fd00:${index + 1}::${host}`;
}

/** The host's addresses on the cable, with length. */
export const addresses = (host: 1 | 2): readonly string[] =>
  plans.flatMap((_, index) => [`${address(host, index, 'ipv4')}/24`, `${address(host, index, 'ipv6')}/64`]);

export function routerAddress(name: string, family: Family = 'ipv4'): string {
  return address(
    1,
    plans.findIndex((plan) => plan.name === name),
    family,
  );
}

export function heraldAddress(name: string, family: Family = 'ipv4'): string {
  return address(
    2,
    plans.findIndex((plan) => plan.name === name),
    family,
  );
}

export const routerPlan: RouterPlan = {
  asn: routerAsn,
  routerId: '10.255.0.1',
  announce: ['198.51.100.0/24', '2001:db8:99::/48'],
  neighbors: plans.map(
    ({ name, transport = 'ipv4', families = ['ipv4'], holdTimeSeconds = 9, passive, keys, ...rest }): Neighbor => ({
      name,
      localAddress: routerAddress(name, transport),
      address: heraldAddress(name, transport),
      asn: rest.internal ? routerAsn : (rest.asn ?? heraldAsn),
      families,
      holdTimeSeconds,
      passive: passive === 'router',
      gracefulRestart: rest.gracefulRestart === true,
      ttlSecurity: rest.ttlSecurity?.includes('router') === true,
      ...(keys && { password: keys[1] }),
    }),
  ),
};

export interface Advertisement {
  readonly name: string;
  readonly [field: string]: unknown;
}

export const heraldConfig = (...bgpAdvertisements: readonly Advertisement[]): Readonly<Record<string, unknown>> => ({
  node: { name: 'node-a' },
  bgp: {
    asn: heraldAsn,
    routerID: '10.255.0.2',
    listen: plans.map(({ name, transport = 'ipv4' }) =>
      transport === 'ipv4' ? `${heraldAddress(name)}:179` : `[${heraldAddress(name, transport)}]:179`,
    ),
  },
  bgpPeers: plans.map(
    ({ name, transport = 'ipv4', families = ['ipv4'], holdTimeSeconds = 9, passive, keys, ...rest }) => ({
      name,
      peerAddress: routerAddress(name, transport),
      peerASN: routerAsn,
      sourceAddress: heraldAddress(name, transport),
      holdTime: `${holdTimeSeconds}s`,
      connectTime: '1s',
      families,
      ...(rest.internal && { myASN: routerAsn }),
      ...(rest.asn !== undefined && { myASN: rest.asn }),
      ...(passive === 'herald' && { passive: true }),
      ...(rest.gracefulRestart && { enableGracefulRestart: true }),
      ...(rest.ttlSecurity?.includes('herald') && { ttlSecurity: 1 }),
      ...(keys && { password: keys[0] }),
    }),
  ),
  ...(bgpAdvertisements.length > 0 && { bgpAdvertisements }),
});

/** One entry of each sort. */
export const entries: readonly Entry[] = [
  { name: 'shop/web', addresses: ['203.0.113.10'] },
  { name: 'shop/api', addresses: ['203.0.113.20', '2001:db8::20'] },
  {
    name: 'shop/dressed',
    addresses: ['203.0.113.30'],
    bgp: {
      communities: ['64512:100', 'no-export', 'large:64512:1:2'],
      med: 50,
      localPref: 150,
      asPathPrepend: 2,
    },
  },
  { name: 'net/block', prefixes: ['192.0.2.0/25', '2001:db8:42::/48'] },
];

export const ipv4Prefixes = ['192.0.2.0/25', '203.0.113.10/32', '203.0.113.20/32', '203.0.113.30/32'];
export const ipv6Prefixes = ['2001:db8:42::/48', '2001:db8::20/128'];
