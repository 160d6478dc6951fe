// The part of node-netlink that netlink.ts uses; the package brings no types.
declare module 'node-netlink' {
  interface Packet {
    readonly header: { readonly nlmsg_type: bigint; readonly nlmsg_flags: bigint };
    readonly payload: Buffer;
  }
  interface Socket {
    /** `nlmsg_flags` must have NLM_F_ACK, for dumps as well. `errorCode`: the errno, positive; 0: done. */
    tryTalk(
      message: {
        readonly header: { readonly nlmsg_type: bigint; readonly nlmsg_flags: bigint };
        readonly payload: Buffer;
      },
      options?: { readonly timeout?: number },
    ): Promise<{ readonly errorCode: number; readonly packets: readonly Packet[] }>;
    close(): Promise<void>;
  }
  const netlink: {
    /** `family`: 0 is NETLINK_ROUTE. */
    open(options: { readonly family: number }): Promise<Socket>;
  };
  // biome-ignore lint/style/noDefaultExport: it is how the package exports.
  export default netlink;
}
