// Addresses of services on an interface of this host, and the kernel's own ARP: by default Linux answers on every interface for any
// address of the host, and with such an address on all hosts, all of them would answer. Linux's ip-sysctl.rst: arp_ignore, arp_announce.

/** As the kernel combines them for an interface: the larger of `all` and its own. undefined: cannot be read. */
export interface ArpSettings {
  readonly interfaceName: string;
  readonly arpIgnore: number | undefined;
  readonly arpAnnounce: number | undefined;
}

export interface ArpVerdict {
  /** What must be set, and why; nothing: all is well. */
  readonly lines: readonly string[];
  /** Hosts would answer that should not: addresses must not be put on the interface. */
  readonly refuse: boolean;
}

/**
 * Values with which the kernel answers only for addresses of the interface that the request came in on, or not at all. 3 leaves out only
 * addresses of scope host, 4 to 7 mean nothing.
 */
const answersForItself: readonly number[] = [1, 2, 8];
const announcesItself = 2;

/** `hostInterface`: where the addresses stand. `served`: the interfaces that ARP is answered on. */
export function arpVerdict(hostInterface: string, served: readonly ArpSettings[]): ArpVerdict {
  const lines: string[] = [];
  let refuse = false;
  for (const { interfaceName, arpIgnore, arpAnnounce } of served) {
    const sysctl = (setting: string, value: number): string =>
      `sysctl -w net.ipv4.conf.${interfaceName.replaceAll('.', '/')}.${setting}=${value}`;
    if (interfaceName === hostInterface) {
      lines.push(
        `addresses on ${interfaceName} itself are answered for by the kernel, on every host that has them: put them on lo or on a dummy interface`,
      );
      refuse = true;
      continue;
    }
    if (arpIgnore === undefined || arpAnnounce === undefined)
      lines.push(`arp_ignore and arp_announce of ${interfaceName} cannot be read: see that they are 1 and 2`);
    if (arpIgnore !== undefined && !answersForItself.includes(arpIgnore)) {
      lines.push(
        `arp_ignore is ${arpIgnore} for ${interfaceName}: the kernel of every host that has an address on ${hostInterface} answers ARP for it; set it with: ${sysctl('arp_ignore', 1)}`,
      );
      refuse = true;
    }
    if (arpAnnounce !== undefined && arpAnnounce < announcesItself)
      lines.push(
        `arp_announce is ${arpAnnounce} for ${interfaceName}: ARP requests of this host may claim an address on ${hostInterface} for its MAC address; set it with: ${sysctl('arp_announce', announcesItself)}`,
      );
  }
  return { lines, refuse };
}
