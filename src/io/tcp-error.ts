// What an errno means to an operator who set up a peer: which address, which port, which capability.

import { type Endpoint, TransportError } from '../bgp/transport.js';
import { type Address, formatAddress, isIpv6LinkLocal } from '../net/address.js';

/** What was tried when it failed. */
export interface Attempt {
  readonly local?: Address | undefined;
  /** The port to listen on. */
  readonly localPort?: number | undefined;
  readonly remote?: Endpoint | undefined;
  readonly device?: string | undefined;
  /** The peer is dialled with an MD5 key or a minimum TTL: silence has more causes then. */
  readonly guarded?: boolean | undefined;
}

/** For errors of the operating system, native or Node's own; anything else is a mistake of ours and thrown on. */
export function transportError(error: unknown, attempt: Attempt): TransportError {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : '';
  return new TransportError(error.code, describe(error.code, syscall, attempt) ?? error.message);
}

export const errnoError = (code: string, attempt: Attempt): TransportError =>
  new TransportError(code, describe(code, '', attempt) ?? code);

export function explained<T>(attempt: Attempt, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw transportError(error, attempt);
  }
}

function describe(code: string, syscall: string, attempt: Attempt): string | undefined {
  const { local, localPort, remote, device } = attempt;
  const to = remote === undefined ? 'the peer' : formatAddress(remote.address);
  const from = local === undefined ? 'the source' : formatAddress(local);
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
      return 'connection reset by peer';
    case 'EPIPE':
      return 'connection closed by peer while we were writing';
    case 'ETIMEDOUT':
      return silence(attempt);
    case 'ENETUNREACH':
      return `no route to ${to}`;
    case 'EHOSTUNREACH':
      return `${to} is unreachable: it does not answer on its link, or a router says so`;
    case 'EADDRNOTAVAIL':
      return syscall === 'bind'
        ? `${from} is not an address of this host`
        : `this host has no address or port to reach ${to} from`;
    case 'EADDRINUSE':
      return localPort === undefined
        ? `no port is free on ${from}`
        : `port ${localPort} on ${from} is in use by another program`;
    case 'EACCES':
      return syscall === 'bind'
        ? `permission to bind port ${localPort} needs CAP_NET_BIND_SERVICE`
        : `a route or rule of this host prohibits connections to ${to}`;
    case 'EPERM':
      return syscall.includes('SO_BINDTODEVICE')
        ? `permission to bind to device ${device} needs CAP_NET_RAW`
        : `a firewall rule of this host forbids ${remote === undefined ? 'this' : `connections to ${to}`}`;
    case 'ENODEV':
      return `this host has no device ${device}`;
    case 'ENOPROTOOPT':
      return syscall.includes('TCP_MD5SIG') ? 'TCP MD5 is not supported by this kernel' : undefined;
    case 'ENOENT':
      return syscall.includes('TCP_MD5SIG') ? badPassword : undefined;
    case 'EINVAL':
      if (syscall.includes('TCP_MD5SIG')) return badPassword;
      if (device !== undefined) return undefined;
      if (local !== undefined && isIpv6LinkLocal(local)) return needsDevice(local);
      return remote !== undefined && isIpv6LinkLocal(remote.address) ? needsDevice(remote.address) : undefined;
    case 'EAFNOSUPPORT':
      return `this host has no ${(remote?.address ?? local)?.family === 'ipv6' ? 'IPv6' : 'IPv4'}`;
    case 'EMFILE':
    case 'ENFILE':
      return 'out of file descriptors: raise LimitNOFILE';
    default:
      return undefined;
  }
}

const badPassword = 'a TCP MD5 password has 1 to 80 octets';

const needsDevice = (address: Address): string =>
  `${formatAddress(address)} is link-local: it is reachable through a named interface only`;

// A packet with a wrong signature or too low a TTL is dropped without a word, the RST that says "refused" among them.
function silence({ remote, guarded }: Attempt): string {
  const peer = remote === undefined ? 'the peer' : `${formatAddress(remote.address)} port ${remote.port}`;
  return guarded === true
    ? `no answer from ${peer}: nobody is there, or the TCP MD5 passwords or the TTL security of the two sides differ`
    : `no answer from ${peer}`;
}
