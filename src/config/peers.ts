// BGP peers: what one key allows another. MetalLB's rules and words (BGPPeer v1beta2), RFC 4271 §4.2 for the timers.

import { formatAddress, isIpv6LinkLocal, sameAddress } from '../net/address.js';
import { utf8Octets } from '../net/text.js';
import type { BgpPeer } from './config.js';
import type { Path } from './document.js';
import type { Reader, Section } from './reader.js';
import type { Peer } from './schema.js';
import { anySelects, type Labels } from './selector.js';

export interface PeerSurroundings {
  readonly nodeLabels: Labels;
  /** bgp.asn; `isAsnSound` false: what stands there is wrong, and said. */
  readonly asn: number | undefined;
  readonly isAsnSound: boolean;
  readonly routerId: number | undefined;
  readonly isRouterIdSound: boolean;
  readonly listens: boolean;
  readonly bfdProfiles: ReadonlySet<string>;
  /** The key in the file, or why there is none. Reports. */
  readPassword(path: Path, file: string): string | undefined;
}

export interface Peers {
  /** Those for this node that are in force. */
  readonly peers: readonly BgpPeer[];
  /** Of all nodes. */
  readonly names: ReadonlySet<string>;
  /** bgp.routerID, else what the peers say. */
  readonly routerId: number | undefined;
}

const defaultHoldTimeSeconds = 90;
/** RFC 2385 §4.5 as Linux has it: TCP_MD5SIG_MAXKEYLEN. */
const maxPasswordOctets = 80;

export function readPeers(reader: Reader, items: readonly Section<Peer>[], around: PeerSurroundings): Peers {
  const names = new Set(reader.names(items, 'peer').keys());
  const here = items.filter(
    ({ value, isSound }) => isSound('nodeSelectors') && anySelects(value.nodeSelectors, around.nodeLabels),
  );
  const routerId = sharedRouterId(reader, here, around.routerId);
  const seen: { readonly peer: BgpPeer; readonly item: Section<Peer> }[] = [];
  for (const item of items) {
    const peer = readPeer(reader, item, around);
    if (peer === undefined || !here.includes(item)) continue;
    const twin = seen.find((other) => isSameSession(other.peer, peer));
    if (twin === undefined) seen.push({ peer, item });
    else
      reader.error(
        item.path('peerAddress'),
        `peer "${twin.peer.name}" in line ${reader.lineOf(twin.item.path())} has the same address ${formatAddress(peer.peerAddress)}, port ${peer.peerPort} and device`,
      );
  }
  const peers = seen.map(({ peer }) => peer);
  const needsRouterId = peers.length > 0 && peers.every(({ peerAddress }) => peerAddress.family === 'ipv6');
  if (needsRouterId && routerId === undefined && around.isRouterIdSound)
    reader.error(['bgp', 'routerID'], 'is required when all peers are IPv6: an IPv4 address other than 0.0.0.0');
  return { peers, names, routerId };
}

const isSameSession = (a: BgpPeer, b: BgpPeer): boolean =>
  sameAddress(a.peerAddress, b.peerAddress) && a.peerPort === b.peerPort && a.device === b.device;

/** RFC 4271 §4.2: a speaker has one identifier for all its peers. */
function sharedRouterId(
  reader: Reader,
  items: readonly Section<Peer>[],
  common: number | undefined,
): number | undefined {
  let shared = common;
  let from = 'bgp.routerID';
  for (const item of items) {
    const { routerID, name } = item.value;
    if (routerID === undefined) continue;
    if (shared !== undefined && shared !== routerID)
      reader.error(
        item.path('routerID'),
        `differs from that of ${from}; a host has one router ID, best set as bgp.routerID`,
      );
    else if (shared === undefined) {
      shared = routerID;
      from = `peer "${name}"`;
    }
  }
  return shared;
}

/** Undefined for a peer without an address: unnumbered, dynamic, or wrong. */
function readPeer(reader: Reader, item: Section<Peer>, around: PeerSurroundings): BgpPeer | undefined {
  const { value } = item;
  const myAsn = readMyAsn(reader, item, around);
  const timers = readTimers(reader, item);
  const device = readDevice(reader, item);
  const password = readPassword(reader, item, around);
  checkTarget(reader, item, around);
  checkAsn(reader, item);
  checkTtl(reader, item, myAsn);
  checkMisfits(reader, item, around);
  const families = readFamilies(reader, item);
  const peerAsn = value.peerASN ?? value.dynamicASN;
  if (value.peerAddress === undefined || peerAsn === undefined || myAsn === undefined) return undefined;
  return {
    name: value.name,
    description: value.description,
    peerAddress: value.peerAddress.address,
    peerPort: value.peerPort,
    peerAsn,
    myAsn,
    sourceAddress: value.sourceAddress,
    ...timers,
    connectSeconds: value.connectTime,
    password,
    ebgpMultiHopTtl: value.ebgpMultiHop,
    ttlSecurityHops: value.ttlSecurity,
    passive: value.passive,
    gracefulRestart: value.enableGracefulRestart
      ? { restartTimeSeconds: value.gracefulRestart.restartTime }
      : undefined,
    device,
    families,
    extendedMessage: value.extendedMessage,
    maxPrefixes: value.maxPrefixes,
    shutdown: value.shutdown,
  };
}

const targets = ['peerAddress', 'interface', 'peerRange'] as const;

function checkTarget(reader: Reader, item: Section<Peer>, around: PeerSurroundings): void {
  const [first, second] = targets.filter((key) => item.has(key));
  if (first === undefined)
    reader.error(
      item.path('peerAddress'),
      'peer has no address: exactly one of peerAddress, interface and peerRange is needed',
    );
  if (second !== undefined)
    reader.error(
      item.path(second),
      `stands beside ${first}; only one of peerAddress, interface and peerRange is allowed`,
    );
  const { peerAddress, sourceAddress, passive } = item.value;
  if (sourceAddress !== undefined && peerAddress !== undefined && sourceAddress.family !== peerAddress.address.family)
    reader.error(item.path('sourceAddress'), 'is not of the same family as peerAddress');
  for (const [key, isOn] of [
    ['passive', passive],
    ['peerRange', item.has('peerRange')],
  ] as const)
    if (isOn && !around.listens)
      reader.error(item.path(key), 'needs an address to listen on; set bgp.listen, as ["10.0.0.11:179"]');
}

function checkAsn(reader: Reader, item: Section<Peer>): void {
  if (item.has('peerASN') && item.has('dynamicASN'))
    reader.error(item.path('dynamicASN'), 'both peer ASN and dynamicASN specified; only one is allowed');
  if (!item.has('peerASN') && !item.has('dynamicASN'))
    reader.error(item.path('peerASN'), 'missing peer ASN and dynamicASN; exactly one is needed');
}

function readMyAsn(reader: Reader, item: Section<Peer>, around: PeerSurroundings): number | undefined {
  const asn = item.value.localASN ?? item.value.myASN ?? around.asn;
  if (asn === undefined && item.isSound('localASN') && item.isSound('myASN') && around.isAsnSound)
    reader.error(item.path('myASN'), 'missing local ASN; set myASN here, or bgp.asn for all peers');
  return asn;
}

/** If only one of the two is given, it decides the other: three keepalives to a hold time. */
function readTimers(reader: Reader, item: Section<Peer>): Pick<BgpPeer, 'holdTimeSeconds' | 'keepaliveSeconds'> {
  const { holdTime, keepaliveTime } = item.value;
  const areSound = item.isSound('holdTime') && item.isSound('keepaliveTime');
  const holdTimeSeconds = holdTime ?? (keepaliveTime === undefined ? defaultHoldTimeSeconds : keepaliveTime * 3);
  if (areSound && holdTime !== undefined && keepaliveTime !== undefined) {
    if (holdTime === 0 && keepaliveTime > 0)
      reader.error(item.path('keepaliveTime'), 'a holdTime of 0s means no keepalives; only 0s is allowed');
    else if (holdTime > 0 && keepaliveTime === 0)
      reader.error(item.path('keepaliveTime'), `0s goes only with a holdTime of 0s, and that is ${holdTime}s`);
    else if (holdTime > 0 && keepaliveTime >= holdTime)
      reader.error(
        item.path('keepaliveTime'),
        `invalid keepaliveTime "${keepaliveTime}s", must be lower than holdTime "${holdTime}s"`,
      );
  }
  return { holdTimeSeconds, keepaliveSeconds: keepaliveTime === 0 ? undefined : keepaliveTime };
}

function readDevice(reader: Reader, item: Section<Peer>): string | undefined {
  const { peerAddress, vrf } = item.value;
  const zone = peerAddress?.zone;
  if (zone !== undefined && vrf !== '' && vrf !== zone)
    reader.error(item.path('vrf'), `is not the interface "${zone}" of peerAddress; only one device is allowed`);
  const device = zone ?? (vrf === '' ? undefined : vrf);
  if (peerAddress !== undefined && isIpv6LinkLocal(peerAddress.address) && device === undefined && item.isSound('vrf'))
    reader.error(
      item.path('peerAddress'),
      `a link-local address needs its interface: "${formatAddress(peerAddress.address)}%eth0", or vrf`,
    );
  return device;
}

function readPassword(reader: Reader, item: Section<Peer>, around: PeerSurroundings): string | undefined {
  const { password, passwordFile } = item.value;
  if (item.has('passwordSecret'))
    reader.error(
      item.path('passwordSecret'),
      'herald cannot read Kubernetes secrets; put the password into a file and set passwordFile to its path',
    );
  if (password !== '' && passwordFile !== undefined) {
    reader.error(item.path('passwordFile'), 'can not have both password and passwordFile set in peer config');
    return undefined;
  }
  if (passwordFile !== undefined) {
    const key = around.readPassword(item.path('passwordFile'), passwordFile);
    if (key === undefined) return undefined;
    if (key === '') reader.error(item.path('passwordFile'), `the file ${passwordFile} holds no password`);
    else checkLength(reader, item.path('passwordFile'), key);
    return key;
  }
  checkLength(reader, item.path('password'), password);
  return password === '' ? undefined : password;
}

function checkLength(reader: Reader, path: Path, password: string): void {
  const { length } = utf8Octets(password);
  if (length > maxPasswordOctets)
    reader.error(path, `the password has ${length} octets; TCP MD5 takes at most ${maxPasswordOctets}`);
}

function checkTtl(reader: Reader, item: Section<Peer>, myAsn: number | undefined): void {
  const { ebgpMultiHop, ttlSecurity, peerASN, dynamicASN } = item.value;
  if (ebgpMultiHop === undefined) return;
  if (dynamicASN === 'internal' || (peerASN !== undefined && peerASN === myAsn))
    reader.error(item.path('ebgpMultiHop'), 'invalid ebgp-multihop parameter set for an ibgp peer; allowed: false');
  if (ttlSecurity > 0)
    reader.error(
      item.path('ttlSecurity'),
      'stands beside ebgpMultiHop; it sends with a TTL of 255 itself, only one is allowed',
    );
}

function readFamilies(reader: Reader, item: Section<Peer>): BgpPeer['families'] {
  const { families, peerAddress, dualStackAddressFamily } = item.value;
  if (families === undefined)
    return dualStackAddressFamily ? ['ipv4', 'ipv6'] : [peerAddress?.address.family ?? 'ipv6'];
  if (families.length === 0 && item.isSound('families'))
    reader.error(item.path('families'), 'names no family; allowed: ipv4, ipv6, or both');
  if (dualStackAddressFamily && families.length === 1)
    reader.error(item.path('dualStackAddressFamily'), `contradicts families, which has only ${families[0]}`);
  return [...new Set(families)];
}

function checkMisfits(reader: Reader, item: Section<Peer>, around: PeerSurroundings): void {
  const { value } = item;
  if (value.bfdProfile !== undefined && !around.bfdProfiles.has(value.bfdProfile))
    reader.unknownName(item.path('bfdProfile'), 'BFD profile', value.bfdProfile, around.bfdProfiles);
  if (item.has('gracefulRestart') && !value.enableGracefulRestart)
    reader.warn(item.path('gracefulRestart'), 'of no effect without enableGracefulRestart: true');
  if (value.disableMP) reader.warn(item.path('disableMP'), 'of no effect; families decides what is announced');
}
