// Why something is not announced, or not allocated: the words operators search for. MetalLB's where it has one.

export type WithheldReason =
  | 'disabled'
  | 'notThisNode'
  /** It would be announced, were the node not drained. */
  | 'drained'
  | 'noEndpoints'
  | 'noLocalEndpoints'
  | 'noMatchingAdvertisement'
  | 'conflictingAdvertisements'
  /** Another member of the election announces it. */
  | 'notOwner'
  | 'sharedIPWithServiceSelector'
  /** No interface that an advertisement names, or any, is there. */
  | 'noInterface'
  /** The session does not carry the family. */
  | 'familyNotNegotiated';
