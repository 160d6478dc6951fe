// From a configured peer to what its session needs: where configuration and BGP meet, so that neither knows the other.

import type { SessionSettings } from '../bgp/settings.js';
import type { SocketOptions } from '../bgp/transport.js';
import type { BgpPeer } from '../config/config.js';

export interface OwnIdentity {
  readonly routerId: number;
  readonly hostName: string;
  readonly softwareVersion: string;
  /** This host has gone on forwarding since the daemon ran last. */
  readonly forwardingPreserved: boolean;
}

/** RFC 5082 §3: sent with 255, so that each hop counts. */
const gtsmTtl = 255;

export function sessionSettings(peer: BgpPeer, own: OwnIdentity): SessionSettings {
  return {
    name: peer.name,
    description: peer.description,
    remote: { address: peer.peerAddress, port: peer.peerPort },
    asn: peer.myAsn,
    peerAsn: peer.peerAsn,
    routerId: own.routerId,
    holdTimeSeconds: peer.holdTimeSeconds,
    keepaliveSeconds: peer.keepaliveSeconds,
    connectRetrySeconds: peer.connectSeconds,
    passive: peer.passive,
    families: peer.families,
    socket: socketOptions(peer),
    extendedMessage: peer.extendedMessage,
    gracefulRestart: peer.gracefulRestart && { ...peer.gracefulRestart, forwardingPreserved: own.forwardingPreserved },
    maxPrefixes: peer.maxPrefixes,
    adminState: peer.shutdown ? 'shutdown' : 'enabled',
    shutdownText: '',
    hostName: own.hostName,
    softwareVersion: own.softwareVersion,
  };
}

function socketOptions(peer: BgpPeer): SocketOptions {
  const internal = peer.peerAsn === 'internal' || peer.peerAsn === peer.myAsn;
  const ttl = peer.ebgpMultiHopTtl ?? (internal ? undefined : 1);
  return {
    ...(peer.sourceAddress === undefined ? {} : { localAddress: peer.sourceAddress }),
    ...(peer.device === undefined ? {} : { device: peer.device }),
    ...(peer.password === undefined ? {} : { md5Password: peer.password }),
    ...(peer.ttlSecurityHops > 0
      ? { ttl: gtsmTtl, minTtl: gtsmTtl + 1 - peer.ttlSecurityHops }
      : ttl === undefined
        ? {}
        : { ttl }),
  };
}
