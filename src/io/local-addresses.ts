// Addresses of this host: the next hop for routes of the other family, and the router ID nobody configured.

import { networkInterfaces } from 'node:os';
import {
  type Address,
  type Family,
  formatAddress,
  isIpv6LinkLocal,
  parseAddress,
  sameAddress,
} from '../net/address.js';

interface LocalAddress {
  readonly device: string;
  readonly address: Address;
  readonly internal: boolean;
}

function localAddresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? []).flatMap(({ address: text, internal }) => {
      const address = parseAddress(text);
      return address === undefined ? [] : [{ device, address, internal }];
    }),
  );
}

/** A global address of `family` on the interface that has `local`; else, should that have none, on any other but the loopback. */
export function neighbourAddress(local: Address, family: Family): Address | undefined {
  const all = localAddresses();
  const device = all.find(({ address }) => sameAddress(address, local))?.device;
  const usable = all.filter(({ address }) => address.family === family && !isIpv6LinkLocal(address));
  const found = usable.find((candidate) => candidate.device === device) ?? usable.find(({ internal }) => !internal);
  return found?.address;
}

/** The IPv4 address packets to `remote` leave from; undefined without a route there. Nothing is sent. */
export function sourceAddressTowards(remote: Address): Promise<Address | undefined> {
  return new Promise((resolve) => {
    // Seldom asked, and never by the BGP thread.
    const socket = process.getBuiltinModule('node:dgram').createSocket('udp4');
    const finish = (address: Address | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish(undefined));
    socket.connect(9, formatAddress(remote), () => finish(parseAddress(socket.address().address)));
  });
}

export const firstIpv4Address = (): Address | undefined =>
  localAddresses().find(({ address, internal }) => address.family === 'ipv4' && !internal)?.address;
