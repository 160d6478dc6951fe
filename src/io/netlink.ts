// Short conversations with the kernel through node-netlink: open, talk, close. What to know of it:
// - an open socket keeps a thread of libuv's pool: never keep one;
// - of two requests that are under way at once it forgets one: ask one after the other;
// - messages of multicast groups confuse it: those are heard by native/netlink.cc;
// - it does not look at NLM_F_DUMP_INTR, and its table of errors is wrong: only the number counts.

import { dumpInterrupted, type NetlinkMessage } from '../l2/netlink.js';
import { requestFlag } from '../l2/rtnetlink.js';

export interface NetlinkAnswer {
  /** 0: done. */
  readonly errno: number;
  readonly messages: readonly NetlinkMessage[];
}

export interface NetlinkConversation {
  /** The acknowledgement is asked for by itself. Not before the question before it was answered. */
  ask(type: number, flags: number, body: Uint8Array): Promise<NetlinkAnswer>;
  /** Everything of a kind; throws where the kernel refuses. */
  dump(type: number, body: Uint8Array): Promise<readonly NetlinkMessage[]>;
}

/** The kernel answers at once, unless somebody holds its lock. */
const answerPatienceMs = 5000;
/** Tables that change without a pause are dumped so often, and then taken as they are. */
const dumpAttempts = 5;

export async function converse<Result>(talk: (kernel: NetlinkConversation) => Promise<Result>): Promise<Result> {
  const { default: netlink } = await import('node-netlink');
  const socket = await netlink.open({ family: 0 });
  const ask = async (type: number, flags: number, body: Uint8Array): Promise<NetlinkAnswer> => {
    const header = {
      nlmsg_type: BigInt(type),
      nlmsg_flags: BigInt(flags | requestFlag.request | requestFlag.ack),
    };
    const payload = Buffer.from(body.buffer, body.byteOffset, body.length);
    const { errorCode, packets } = await socket.tryTalk({ header, payload }, { timeout: answerPatienceMs });
    const messages = packets.map((packet) => ({
      type: Number(packet.header.nlmsg_type),
      flags: Number(packet.header.nlmsg_flags),
      body: packet.payload,
    }));
    return { errno: errorCode, messages };
  };
  const dump = async (type: number, body: Uint8Array): Promise<readonly NetlinkMessage[]> => {
    for (let attempt = 1; ; attempt++) {
      const { errno, messages } = await ask(type, requestFlag.dump, body);
      if (errno !== 0) throw new Error(`the kernel refuses to list its interfaces and addresses: errno ${errno}`);
      const isWhole = messages.every(({ flags }) => (flags & dumpInterrupted) === 0);
      if (isWhole || attempt === dumpAttempts) return messages;
    }
  };
  try {
    return await talk({ ask, dump });
  } finally {
    // It takes up to a tenth of a second, and nobody needs to wait for it.
    socket.close().catch(() => {});
  }
}
