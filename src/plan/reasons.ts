// Why something is not announced, or not allocated: the words operators search for. MetalLB's where it has one.

export type WithheldReason =
  | 'disabled'
  | 'notThisNode'
  | 'noEndpoints'
  | 'noLocalEndpoints'
  | 'noMatchingAdvertisement'
  | 'conflictingAdvertisements'
  /** The session does not carry the family. */
  | 'familyNotNegotiated';
