// What operators write: every key with its type, range, default and meaning, once. parse.ts reads by it, reference.ts
// prints it. Names are MetalLB's where MetalLB has the thing. What depends on more than one key is in the section files.
// Every schema is built when it is first asked for: herald starts without those of the keys that a file has not.

import * as z from 'zod/mini';
import {
  asn,
  bgpEndpoint,
  device,
  deviceOrNone,
  devicePattern,
  duration,
  durationUpTo,
  flag,
  hostAddress,
  httpEndpoint,
  integer,
  member,
  milliseconds,
  multiHop,
  nextHops,
  oneOf,
  prefix,
  routerId,
  secret,
  text,
  textOrList,
  zonedAddress,
} from './scalars.js';

export const about = z.registry<{ readonly text: string }>();

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

function described<S extends z.ZodMiniType>(schema: S, meaning: string): S {
  about.add(schema, { text: meaning });
  return schema;
}

const optional = <S extends z.ZodMiniType>(schema: S, meaning: string) => described(z.optional(schema), meaning);

/** `value` as an operator would write it. */
const withDefault = <S extends z.ZodMiniType>(schema: S, value: z.util.NoUndefined<z.input<S>>, meaning: string) =>
  described(z.prefault(schema, value), meaning);

const list = <S extends z.ZodMiniType>(item: S, meaning: string) => described(z.prefault(z.array(item), []), meaning);

const labels = (meaning: string) => described(z.prefault(z.record(z.string(), text()), {}), meaning);

const name = (meaning: string) => withDefault(text('letters, digits, ".", "_" and "-"'), '', meaning);

const requirement = () =>
  z
    .strictObject({
      key: described(text(), 'Required. The label.'),
      operator: described(oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), 'Required.'),
      values: list(text(), 'What In and NotIn compare with; empty for the others.'),
    })
    .check(({ value: { operator, values }, issues }) => {
      const compares = operator === 'In' || operator === 'NotIn';
      if (compares === values.length > 0) return;
      const message = `${operator} ${compares ? 'needs at least one value' : 'takes no values'}`;
      issues.push({ code: 'custom', message, input: values, path: ['values'] });
    });

export const selector = once(() =>
  z.strictObject({
    matchLabels: labels('Labels that must all be there with these values.'),
    matchExpressions: list(requirement(), 'Requirements that must all hold.'),
  }),
);

const selectors = (meaning: string) => list(selector(), meaning);
const nodeSelectors = once(() =>
  selectors('Nodes this is for, by `node.labels`; any match will do. Empty: all nodes.'),
);
const serviceSelectors = once(() => selectors('Services this is for, by their labels; any match will do. Empty: all.'));
const poolNames = once(() => list(text(), 'Names of pools. Empty, with empty selectors: all of them.'));
const poolSelectors = once(() => selectors('Pools by their labels, in addition to those named.'));

const untilMinutes = (meaning: string, value: string) => withDefault(durationUpTo('0s to 24h', 86_400), value, meaning);
const onRevokeValues = () => oneOf('reassign', 'keep', 'refuse', 'release');

export const node = once(() =>
  z.strictObject({
    name: optional(text(), 'This node, as `nodes` of services and other nodes call it. Default: the host name.'),
    labels: labels('What nodeSelectors match; `kubernetes.io/hostname` is there by itself.'),
  }),
);

export const bgp = once(() =>
  z.strictObject({
    asn: optional(asn(), 'Our AS number: the default of `myASN` of every peer.'),
    routerID: optional(
      routerId(),
      'BGP identifier. Default: the source address of the first IPv4 session; a host with only IPv6 peers must set it.',
    ),
    listen: list(bgpEndpoint(), 'Where to accept connections from peers. Empty: nowhere.'),
  }),
);

const gracefulRestart = () =>
  z.strictObject({
    restartTime: withDefault(
      durationUpTo('0s to 4095s', 4095),
      '120s',
      'How long the peer keeps our routes while we restart (RFC 4724).',
    ),
    longLivedStaleTime: withDefault(
      durationUpTo('0s to 16777215s', 16_777_215),
      '0s',
      'How much longer it keeps them as a last resort (RFC 9494). 0s: not asked for.',
    ),
  });

export const bgpPeer = once(() =>
  z.strictObject({
    name: name('Required, unique.'),
    description: withDefault(text(), '', 'For people.'),
    peerAddress: optional(
      zonedAddress(),
      'The peer. Exactly one of `peerAddress`, `interface` and `peerRange` is needed.',
    ),
    interface: optional(device(), 'Unnumbered: the peer is whoever is at the other end of this interface.'),
    peerRange: optional(prefix(), 'Dynamic peers: whoever connects from this prefix. Needs `bgp.listen`.'),
    peerPort: withDefault(integer(1, 65_535), 179, 'TCP port of the peer.'),
    peerASN: optional(asn(), "The peer's AS number. Exactly one of `peerASN` and `dynamicASN` is needed."),
    dynamicASN: optional(oneOf('internal', 'external'), 'Any AS number: our own, or any but our own.'),
    myASN: optional(asn(), 'Our AS number towards this peer. Default: `bgp.asn`.'),
    localASN: optional(asn(), "MetalLB's word for another AS number towards this peer alone; goes before `myASN`."),
    sourceAddress: optional(
      hostAddress(),
      'Our end of the session, an address of this host. Default: the kernel chooses.',
    ),
    routerID: optional(routerId(), 'As `bgp.routerID`. There is one per host: all that set it must agree.'),
    holdTime: optional(
      duration('0s, 3s to 65535s', (seconds) => seconds === 0 || (seconds >= 3 && seconds <= 65_535)),
      'How long silence is borne; the smaller of both ends counts. 0s: for ever, without keepalives. Default: 90s, or three times `keepaliveTime`.',
    ),
    keepaliveTime: optional(
      duration('0s to 21845s, less than holdTime', (seconds) => seconds <= 21_845),
      'How often we say that we are there. Default: a third of the hold time.',
    ),
    connectTime: withDefault(
      duration('1s to 65535s', (seconds) => seconds >= 1 && seconds <= 65_535),
      '10s',
      'First retry; doubles with jitter up to 120s, and starts again after 30s of Established.',
    ),
    password: withDefault(secret('at most 80 octets'), '', 'TCP MD5 key (RFC 2385).'),
    passwordFile: optional(text('a path'), 'A file with the key, read again on reload. Not together with `password`.'),
    ebgpMultiHop: withDefault(multiHop(), false, 'TTL of an external session; false: 1, the peer is a neighbour.'),
    ttlSecurity: withDefault(
      integer(0, 254),
      0,
      'GTSM (RFC 5082): accept only what comes from at most so many hops away. 0: off.',
    ),
    passive: withDefault(flag(), false, 'Wait for the peer to connect. Needs `bgp.listen`.'),
    enableGracefulRestart: withDefault(flag(), false, 'Ask the peer to keep our routes while we restart (RFC 4724).'),
    gracefulRestart: withDefault(gracefulRestart(), {}, 'How long, with `enableGracefulRestart`.'),
    bfdProfile: optional(text(), 'Name of a BFD profile.'),
    vrf: withDefault(deviceOrNone(), '', 'Bind the socket to this device.'),
    families: optional(
      z.array(oneOf('ipv4', 'ipv6')),
      'What is announced. Default: the family of `peerAddress`, both with `dualStackAddressFamily`.',
    ),
    dualStackAddressFamily: withDefault(flag(), false, 'Both families over this session.'),
    disableMP: withDefault(flag(), false, 'Of no effect, as in MetalLB since 0.15; `families` decides.'),
    addPaths: withDefault(flag(), false, 'Several paths for one prefix (RFC 7911).'),
    extendedNextHop: withDefault(flag(), false, 'IPv4 routes with IPv6 next hops (RFC 8950).'),
    extendedMessage: withDefault(flag(), true, 'Messages of up to 65535 octets where the peer takes them (RFC 8654).'),
    role: optional(
      oneOf('provider', 'rs', 'rs-client', 'customer', 'peer'),
      'What we are to the peer (RFC 9234); a peer that disagrees is refused.',
    ),
    maxPrefixes: optional(integer(1, 4_294_967_295), 'End the session when the peer announces more than so many.'),
    shutdown: withDefault(flag(), false, 'Configured, and kept down.'),
    nodeSelectors: nodeSelectors(),
    passwordSecret: optional(z.unknown(), 'A Kubernetes secret, which herald cannot read: use `passwordFile`.'),
  }),
);

const serviceAllocation = () =>
  z.strictObject({
    priority: withDefault(integer(0, 2_147_483_647), 0, 'Lower goes first, 0 last; ties by name.'),
    namespaces: list(text(), 'Namespaces of services.'),
    namespaceSelectors: selectors('Namespaces by their labels.'),
    serviceSelectors: serviceSelectors(),
  });

export const addressPool = once(() =>
  z.strictObject({
    name: name('Required, unique.'),
    labels: labels('What ipAddressPoolSelectors match.'),
    addresses: list(
      text('CIDR or FIRST-LAST'),
      'Required. Prefixes and ranges; none may overlap another, in any pool.',
    ),
    autoAssign: withDefault(flag(), true, 'Give out addresses that nobody asked for by name.'),
    avoidBuggyIPs: withDefault(flag(), false, 'Leave out IPv4 addresses that end in .0 and .255.'),
    serviceAllocation: optional(serviceAllocation(), 'Which services the pool is for.'),
    state: withDefault(
      oneOf('active', 'draining', 'disabled'),
      'active',
      'draining: keeps what it has and gives nothing new. disabled: as if absent.',
    ),
    onRevoke: optional(onRevokeValues(), 'Instead of `allocation.onRevoke`.'),
    reuseDelay: optional(durationUpTo('0s to 24h', 86_400), 'Instead of `allocation.reuseDelay`.'),
  }),
);

export const allocation = once(() =>
  z.strictObject({
    onRevoke: withDefault(
      onRevokeValues(),
      'reassign',
      'What becomes of a live allocation that its pool no longer covers.',
    ),
    overlap: untilMinutes('How long a moved service has its old and its new address.', '30s'),
    reuseDelay: untilMinutes('How long a freed address rests before another service gets it.', '5m'),
    maxMovesPerMinute: withDefault(integer(1, 1_000_000), 60, 'Pace of re-allocations.'),
  }),
);

export const bgpAdvertisement = once(() =>
  z.strictObject({
    name: name('Required, unique.'),
    ipAddressPools: poolNames(),
    ipAddressPoolSelectors: poolSelectors(),
    aggregationLength: withDefault(integer(0, 32), 32, 'IPv4 addresses are announced as prefixes of this length.'),
    aggregationLengthV6: withDefault(integer(0, 128), 128, 'The same for IPv6.'),
    localPref: optional(integer(0, 4_294_967_295), 'LOCAL_PREF towards internal peers. Default: 100.'),
    communities: list(
      text('"64512:100", "large:64512:1:2", "ext:rt:64512:1", a well-known name, an alias'),
      'Communities added to the routes.',
    ),
    med: optional(integer(0, 4_294_967_295), 'MULTI_EXIT_DISC. Default: none.'),
    asPathPrepend: optional(integer(0, 255), 'How often our AS number is put before the path once more.'),
    nextHop: optional(nextHops(), 'Default: our end of the session.'),
    peers: list(text(), 'Names of peers. Empty: all.'),
    nodeSelectors: nodeSelectors(),
    serviceSelectors: serviceSelectors(),
  }),
);

const track = () =>
  z.strictObject({
    ping: described(hostAddress(), 'Required. Who must answer echo requests on the interface: usually the gateway.'),
    interval: withDefault(milliseconds(100, 60_000), '1s', 'How often it is asked.'),
    fall: withDefault(integer(1, 100), 3, 'Answers that must be missing before the interface is given up.'),
    rise: withDefault(integer(1, 100), 2, 'Answers that must arrive before it is used again.'),
  });

export const l2Advertisement = once(() =>
  z.strictObject({
    name: name('Required, unique.'),
    ipAddressPools: poolNames(),
    ipAddressPoolSelectors: poolSelectors(),
    interfaces: list(
      devicePattern(),
      'Where. Empty: every usable interface whose subnet holds the address, else every usable one. A name, not a glob, goes before `layer2.excludeInterfaces`.',
    ),
    nodeSelectors: nodeSelectors(),
    serviceSelectors: serviceSelectors(),
    garpRefresh: untilMinutes('Repeat unsolicited announcements so often, with jitter. 0s: never.', '60s'),
    onConflict: withDefault(
      oneOf('warn', 'refuse', 'defend'),
      'warn',
      'What happens when another host claims an address. warn: it is said. defend: announced again, at most every 10s. refuse: withdrawn, and tried again after a minute.',
    ),
    probe: withDefault(
      flag(),
      false,
      'Ask whether anybody has the address before it is announced, which takes 4 to 7 seconds (RFC 5227). `onConflict: refuse` implies it.',
    ),
    track: optional(track(), 'The interface counts as usable only while a neighbour answers.'),
  }),
);

/** MetalLB's list, and what other networks of containers and VPNs call their devices. */
const containerDevices = [
  ...['docker*', 'cbr*', 'dummy*', 'virbr*', 'lxcbr*', 'veth*', 'lo', 'cali*', 'tunl*', 'flannel*', 'kube-ipvs*'],
  ...['cni*', 'nodelocaldns*', 'lxc*', 'br-*', 'wg*', 'tailscale*', 'ovn*', 'cilium*', 'podman*', 'vnet*', 'zt*'],
];

export const layer2 = once(() =>
  z.strictObject({
    excludeInterfaces: described(
      z.prefault(z.array(devicePattern()), containerDevices),
      'Interfaces of containers and VPNs, on which nothing is announced unless an advertisement names them.',
    ),
    framesPerSecond: withDefault(
      integer(1, 10_000_000),
      10_000,
      'Pace of unsolicited announcements on each interface.',
    ),
  }),
);

export const election = once(() =>
  z.strictObject({
    members: list(
      member(),
      'Nodes that share a segment and this table: each address is announced by one of them, chosen as MetalLB chooses. Empty: this node announces without asking.',
    ),
  }),
);

export const hostAddresses = once(() =>
  z.strictObject({
    interface: withDefault(device(), 'lo', 'Where they are put.'),
    manage: withDefault(
      flag(),
      false,
      'Put each address on the interface while it is announced on the LAN, and take it away afterwards.',
    ),
  }),
);

export const community = once(() =>
  z.strictObject({
    name: name('Required, unique: the alias.'),
    value: withDefault(
      text('"64512:100", "large:64512:1:2", "ext:rt:64512:1", a well-known name'),
      '',
      'Required. The community.',
    ),
  }),
);

export const bfdProfile = once(() =>
  z.strictObject({
    name: name('Required, unique.'),
    receiveInterval: withDefault(milliseconds(10, 60_000), '300ms', 'Shortest interval we can receive at.'),
    transmitInterval: withDefault(milliseconds(10, 60_000), '300ms', 'Shortest interval we want to send at.'),
    detectMultiplier: withDefault(integer(2, 255), 3, 'Packets that may be missed.'),
    echoMode: withDefault(flag(), false, 'Echo packets as well.'),
    echoInterval: withDefault(milliseconds(10, 60_000), '50ms', 'Shortest interval for echo packets.'),
    passiveMode: withDefault(flag(), false, 'Wait for the peer to begin.'),
    minimumTtl: withDefault(integer(1, 254), 254, 'Least TTL of what arrives, over several hops.'),
  }),
);

const socketSource = () =>
  z.strictObject({
    onDisconnect: withDefault(
      oneOf('keep', 'withdraw'),
      'keep',
      'What becomes of the entries of a POST stream when it closes.',
    ),
    after: withDefault(durationUpTo('0s to 24h', 86_400), '30s', 'How long withdraw waits for the writer to return.'),
  });

export const source = once(() =>
  z.strictObject({
    name: name('Unique. Default: the name of the file without its ending. `cli` is taken.'),
    file: optional(
      text('a path'),
      'A table: .yaml, .json, .ndjson or .csv. Exactly one of `file` and `socket` is needed.',
    ),
    socket: optional(socketSource(), 'Entries are written through the control socket.'),
  }),
);

export const safety = once(() =>
  z.strictObject({
    maxWithdrawPercent: withDefault(
      integer(0, 100),
      100,
      'Refuse a change of table or configuration that withdraws more than this share of the announced prefixes at once.',
    ),
  }),
);

export const log = once(() =>
  z.strictObject({
    level: withDefault(oneOf('error', 'warn', 'info', 'debug'), 'info', 'How much.'),
    format: withDefault(
      oneOf('auto', 'text', 'json', 'journal'),
      'auto',
      'auto: journal priorities under systemd, coloured text on a terminal, else JSON lines.',
    ),
  }),
);

export const http = once(() =>
  z.strictObject({
    listen: withDefault(httpEndpoint(), '127.0.0.1:7472', 'Metrics, status page and the reading half of the API.'),
  }),
);

export const metrics = once(() =>
  z.strictObject({
    compat: withDefault(oneOf('', 'metallb'), '', "metallb: emit MetalLB's metric names and labels as well."),
  }),
);

/** Keys of the file itself that are no sections. */
export const rootKeys = once(() =>
  z.strictObject({
    loadBalancerClass: withDefault(
      textOrList(),
      '',
      'Unset: only entries without a class are ours. Set: only entries of these classes are.',
    ),
    handleUnclassed: withDefault(flag(), false, 'With a class set, take entries without one as well.'),
  }),
);

export type Peer = z.output<ReturnType<typeof bgpPeer>>;
export type Pool = z.output<ReturnType<typeof addressPool>>;
export type Advertisement = z.output<ReturnType<typeof bgpAdvertisement>>;
export type L2Advertisement = z.output<ReturnType<typeof l2Advertisement>>;
export type CommunityAlias = z.output<ReturnType<typeof community>>;
export type Source = z.output<ReturnType<typeof source>>;

interface SectionSchema {
  /** Of the section, or of each item of the list. */
  readonly schema: () => z.ZodMiniObject;
  readonly isList: boolean;
  readonly text: string;
}

const one = (schema: () => z.ZodMiniObject, text: string): SectionSchema => ({ schema, isList: false, text });
const many = (schema: () => z.ZodMiniObject, text: string): SectionSchema => ({ schema, isList: true, text });

/** In the order of the reference. Lists are read item by item: one bad peer hides nothing of the next. */
export const sections = {
  node: one(node, 'This node.'),
  bgp: one(bgp, 'What all BGP sessions share.'),
  bgpPeers: many(bgpPeer, "Routers to announce to: MetalLB's BGPPeer."),
  addressPools: many(
    addressPool,
    "Ranges that addresses of services come from, and that those a table names must lie in: MetalLB's IPAddressPool. Without any pool, a table may name any address.",
  ),
  allocation: one(allocation, 'How addresses are given out and taken back.'),
  bgpAdvertisements: many(
    bgpAdvertisement,
    "What is announced to whom: MetalLB's BGPAdvertisement. Key absent: one named `default` that announces everything to every peer. `[]`: none.",
  ),
  l2Advertisements: many(
    l2Advertisement,
    "What is announced on the LAN by ARP and NDP: MetalLB's L2Advertisement. Key absent or `[]`: nothing.",
  ),
  layer2: one(layer2, 'What all `l2Advertisements` share.'),
  election: one(election, 'Which of several hosts with the same table announces an address on the LAN.'),
  hostAddresses: one(hostAddresses, 'Whether herald gives announced addresses to this host.'),
  communities: many(community, "Names for communities: MetalLB's Community."),
  bfdProfiles: many(bfdProfile, "Parameters of BFD sessions: MetalLB's BFDProfile."),
  sources: many(
    source,
    'Where the table comes from; earlier sources win over later ones on the same service name. Default: `[{ file: /etc/herald/allocations.yaml }]`.',
  ),
  safety: one(safety, 'Guards against accidents.'),
  log: one(log, 'What is logged, and how.'),
  http: one(http, 'The HTTP listener.'),
  metrics: one(metrics, 'How metrics are named.'),
} as const;

export type SectionKey = keyof typeof sections;

export const knownKeys: readonly string[] = [...Object.keys(sections), 'loadBalancerClass', 'handleUnclassed'];
