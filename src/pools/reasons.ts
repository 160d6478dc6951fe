// Why a service stands as it does with its addresses: the words operators search for. MetalLB's where it has one.

export type SettlementReason =
  | ''
  | 'loadBalancerClass'
  | 'noAddresses'
  | 'AddressNotInPool'
  | 'poolNotCompatible'
  | 'unknownPool'
  | 'noIPAllocated'
  | 'addressInUse'
  | 'poolDraining'
  | 'notYetRead'
  | 'ledgerUnavailable'
  | 'moving'
  | 'kept'
  | 'notAccepted'
  | 'noFreeAddress'
  | 'movePaced';
