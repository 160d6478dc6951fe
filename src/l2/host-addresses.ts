// Which addresses of services stand on an interface of this host, and which should. The kernel is the memory: each address that
// herald adds carries its mark, so that what a herald left that died is known for its own, and what others added is never touched.

import { type Address, bitsOf, formatAddress } from '../net/address.js';
import { addressFlag, type InterfaceAddress } from './rtnetlink.js';

/**
 * IFA_PROTO, "who put it there", shown as `proto 72` by `ip address` (iproute2 6.3 and later). The kernel uses 0 to 3 and leaves the
 * rest to programs; /etc/iproute2/rt_addrprotos may give it a name.
 */
const ownProtocol = 72;
/**
 * Kernels before 5.18 drop IFA_PROTO without a word. They keep IFA_RT_PRIORITY, the metric of the prefix's route, and an address without
 * such a route has no other use for it: "hrld" in ASCII.
 */
const ownMetric = 0x68726c64;

export const isOurs = ({ protocol, metric }: InterfaceAddress): boolean =>
  protocol === ownProtocol || metric === ownMetric;

/**
 * A host address: deprecated, so that nothing this host sends leaves from it unasked; without duplicate address detection, because every
 * host of the service has it, and nobody else is to hear of it.
 */
export const ownAddress = (index: number, address: Address): InterfaceAddress => ({
  index,
  address,
  prefixLength: bitsOf(address.family),
  flags: addressFlag.deprecated | addressFlag.noDad | addressFlag.noPrefixRoute,
  protocol: ownProtocol,
  metric: ownMetric,
});

export interface HostAddressDifference {
  readonly add: readonly Address[];
  /** On whichever interface they are. */
  readonly remove: readonly InterfaceAddress[];
  /** Wanted, and there already, but not by us. */
  readonly foreign: readonly Address[];
}

/** `index`: the interface they are wanted on; undefined: it does not exist, and nothing can be added. */
export function difference(
  wanted: readonly Address[],
  present: readonly InterfaceAddress[],
  index: number | undefined,
): HostAddressDifference {
  const want = new Map(wanted.map((address) => [formatAddress(address), address]));
  const ours = new Set<string>();
  const foreign = new Set<string>();
  const remove: InterfaceAddress[] = [];
  for (const its of present) {
    const key = formatAddress(its.address);
    const isWanted = its.index === index && want.has(key);
    if (!isOurs(its)) {
      if (isWanted) foreign.add(key);
    } else if (isWanted) ours.add(key);
    else remove.push(its);
  }
  const missing = index === undefined ? [] : [...want].filter(([key]) => !ours.has(key));
  return {
    add: missing.filter(([key]) => !foreign.has(key)).map(([, address]) => address),
    remove,
    foreign: missing.filter(([key]) => foreign.has(key)).map(([, address]) => address),
  };
}
