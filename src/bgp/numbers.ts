// The numbers IANA keeps for BGP, under the RFCs' names.

export const bgpPort = 179;
export const markerOctets = 16;
export const headerOctets = 19;
/** RFC 4271 §4.1. */
export const maxMessageOctets = 4096;
/** RFC 8654 §4. */
export const maxExtendedMessageOctets = 65535;
/** RFC 6793 §9: stands for an AS number that does not fit two octets. */
export const asTrans = 23456;

export const messageType = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

export const afi = { ipv4: 1, ipv6: 2 } as const;
export const safiUnicast = 1;

/** RFC 4271 §4.5, RFC 7313 §5, RFC 9687 §4. */
export const errorCode = {
  messageHeader: 1,
  open: 2,
  update: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefresh: 7,
  sendHoldTimerExpired: 8,
} as const;

/** RFC 4486 §4, RFC 8538 §3, RFC 9384 §3. */
export const ceaseSubcode = {
  maximumPrefixesReached: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;
