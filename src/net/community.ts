// BGP communities as values, shared by what operators write and what goes to the wire. Text forms live in bgp/communities.ts.

/** RFC 1997, RFC 8092, RFC 4360. All fields unsigned 32-bit. */
export type Community =
  | { readonly kind: 'standard'; readonly value: number }
  | { readonly kind: 'large'; readonly global: number; readonly local1: number; readonly local2: number }
  | { readonly kind: 'extended'; readonly high: number; readonly low: number };
