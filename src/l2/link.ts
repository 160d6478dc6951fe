// What is known of a network interface: a fact about the world, as netlink tells it. Judged in this room, read in io/.

import type { Address } from '../net/address.js';

export interface Link {
  /** The kernel's number; a new one when an interface is made anew under the same name. */
  readonly index: number;
  readonly name: string;
  /** Six octets; undefined where there is no Ethernet address (tunnels, loopback). */
  readonly mac: Uint8Array | undefined;
  /** IFF_UP: the administrator wants it. */
  readonly isUp: boolean;
  /** IFF_LOWER_UP: frames can be sent. */
  readonly hasCarrier: boolean;
  readonly isBroadcast: boolean;
  readonly isLoopback: boolean;
  /** IFF_NOARP. */
  readonly isNoArp: boolean;
  /** Index of the bridge, bond or VRF that it is a member of; 0: none. */
  readonly master: number;
  /** The kernel's word for what it is (IFLA_INFO_KIND: bridge, bond, vrf, macvlan, veth); '' for hardware. */
  readonly kind: string;
  readonly addresses: readonly LinkAddress[];
}

export interface LinkAddress {
  readonly address: Address;
  readonly prefixLength: number;
  /** Duplicate address detection is not done, or has failed (IFA_F_TENTATIVE, IFA_F_DADFAILED). */
  readonly isTentative: boolean;
}
