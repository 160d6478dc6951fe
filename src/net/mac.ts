// Ethernet addresses as text.

/** Lower case, with colons, as `ip link` writes them. */
export const formatMac = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
