// The part of ip6addr that pools.ts uses; the package brings no types.
declare module 'ip6addr' {
  interface Addr {
    toString(): string;
  }
  interface Cidr {
    /** The network address. */
    address(): Addr;
    /** The last address of an IPv4 network; throws for IPv6. */
    broadcast(): Addr;
    /** The last address of an IPv6 network. */
    last(): Addr;
  }
  const ip6addr: {
    /** Of `ADDRESS/LENGTH`; masks host bits. Throws an Error whose message says why. */
    createCIDR(text: string): Cidr;
  };
  export = ip6addr;
}
