// The addon as JavaScript sees it: types for native/, and the way to the built file. Loaded on first use, so that
// commands which only look at files need no addon. What each option means stands at the heads of native/*.cc.

import { existsSync } from 'node:fs';
import type { LinkCounters } from '../l2/responder.js';
import { packageFile } from './package-file.js';

interface NativeSocketOptions {
  /** A VRF or an interface; also the scope of link-local addresses. */
  readonly device?: string;
  readonly ttl?: number;
  readonly minTtl?: number;
  /** The whole octet: DSCP and ECN. */
  readonly trafficClass?: number;
}

export interface NativeDialOptions extends NativeSocketOptions {
  /** Decides the family, and whom the MD5 key is for. Addresses are 4 or 16 octets. */
  readonly peer: Uint8Array;
  readonly localAddress?: Uint8Array;
  /** 1 to 80 octets. */
  readonly md5Key?: Uint8Array;
  readonly userTimeoutMs?: number;
}

export interface NativeListenOptions extends NativeSocketOptions {
  readonly address: Uint8Array;
  readonly port: number;
  readonly backlog: number;
}

export interface NativeTcpOptions {
  readonly ttl: number;
  readonly minTtl: number;
  readonly trafficClass: number;
  readonly userTimeoutMs: number;
  readonly noDelay: boolean;
  readonly device: string;
}

export interface NativeNetlinkOptions {
  /** RTNLGRP_*: what the kernel tells. */
  readonly groups: readonly number[];
  readonly receiveBufferOctets: number;
  /** Whole messages, one after the other; the receiver's to keep. */
  received(messages: Uint8Array): void;
  /** The kernel had more to say than the buffer holds: what was missed has to be asked for. */
  lost(): void;
}

/** Listens until it is closed, and does not keep the process alive. */
export interface NativeNetlinkListener {
  /** Nothing is heard after the call. */
  close(): void;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Columns as in l2/responder.ts: IPv4 addresses of one word, IPv6 addresses of four. The rest of what it does stands there. */
export interface NativeResponder {
  /** `mac`: six octets. */
  open(index: number, mac: Uint8Array, framesPerSecond: number): void;
  close(index: number): void;
  answerFor(index: number, ipv4: Uint32Array, ipv6: Uint32Array): void;
  announce(index: number, ipv4: Uint32Array, ipv6: Uint32Array, rounds: number, intervalMs: number): void;
  probe(index: number, ipv4: Uint32Array, ipv6: Uint32Array): void;
  counters(index: number): LinkCounters | undefined;
  stop(): void;
}

/** Every call throws an Error with `code` (the errno's name) and `syscall` ("bind", "setsockopt TCP_MD5SIG"). */
export interface Native {
  /** A descriptor to be connected by Node in the same tick; whoever does not hand it over closes it. */
  openTcpSocket(options: NativeDialOptions): number;
  /** A descriptor that is bound and listens. */
  openTcpListener(options: NativeListenOptions): number;
  /** An empty key deletes; ENOENT when there is none. */
  setTcpMd5Key(descriptor: number, peer: Uint8Array, key: Uint8Array): void;
  setTcpTtl(descriptor: number, ttl: number): void;
  setTcpMinTtl(descriptor: number, ttl: number): void;
  /** 0: the kernel's default. */
  setTcpUserTimeout(descriptor: number, milliseconds: number): void;
  readTcpOptions(descriptor: number): NativeTcpOptions;
  /** To a unix socket: a path, or "@" and an abstract name. */
  sendDatagram(path: string, text: string): void;
  /** Of a connected unix socket: who connected, as it was then. */
  readPeerCredentials(descriptor: number): PeerCredentials;
  /** Octets that the kernel has taken, without waiting; of an error nothing is said but 0. */
  sendNow(descriptor: number, octets: Uint8Array): number;
  /** Two ends of a line within this process, to be handed to Node. */
  openSocketPair(): readonly [number, number];
  /** fs.closeSync() warns in a worker about descriptors that Node did not open. */
  closeDescriptor(descriptor: number): void;
  openNetlinkListener(options: NativeNetlinkOptions): NativeNetlinkListener;
  /** `hear`: whose frame claims which address (4 or 16 octets) on which interface. Does not keep the process alive. */
  readonly Responder: new (
    hear: (index: number, address: Uint8Array, mac: Uint8Array) => void,
  ) => NativeResponder;
  /** flock(2), exclusive and without waiting: false when somebody else has it. Held until the descriptor is closed. */
  tryLock(descriptor: number): boolean;
}

let loaded: Native | undefined;

export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const path = packageFile('build', 'Release', 'herald.node');
  if (!existsSync(path)) {
    throw new Error(`the native addon ${path} is missing: build it with "npm rebuild" in ${packageFile()}`);
  }
  // As require() does it; but that brings the machinery of modules along, into a thread that waits for its first peer.
  const module: { exports?: Native } = { exports: {} as Native };
  process.dlopen(module, path);
  return module.exports as Native;
}
