// A kernel that keeps addresses as ours does, as far as HostAddresses can tell: asked through the same conversation.

import { constants } from 'node:os';
import type { NetlinkAnswer, NetlinkConversation } from '../../src/io/netlink.js';
import { type NetlinkMessage, readMessages } from '../../src/l2/netlink.js';
import { type InterfaceAddress, messageType, readEvent, writeAddress } from '../../src/l2/rtnetlink.js';
import { formatAddress } from '../../src/net/address.js';
import { linkHeader, message, newLink } from '../l2/netlink-fixtures.js';

const { EADDRNOTAVAIL, EEXIST, ENODEV, EPERM } = constants.errno;

export class FakeKernel {
  addresses: InterfaceAddress[] = [];
  /** By name. */
  readonly interfaces = new Map([['lo', 1]]);
  isPrivileged = true;
  /** Linux before 5.18 drops IFA_PROTO. */
  knowsProtocol = true;
  /** Refused with this errno, by its text. */
  readonly refused = new Map<string, number>();
  timesAsked = 0;
  isOutOfDescriptors = false;

  readonly converse = async <Result>(talk: (kernel: NetlinkConversation) => Promise<Result>): Promise<Result> => {
    if (this.isOutOfDescriptors) throw new Error('EMFILE: too many open files');
    let isBusy = false;
    return talk({
      ask: async (type, _flags, body) => {
        if (isBusy) throw new Error('asked before the question before was answered');
        isBusy = true;
        await Promise.resolve();
        isBusy = false;
        this.timesAsked++;
        return this.#answer(type, body);
      },
      dump: async () =>
        this.addresses.flatMap((its) => readMessages(message(messageType.newAddress, writeAddress(its)))),
    });
  };

  texts(): string[] {
    return this.addresses.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`);
  }

  #answer(type: number, body: Uint8Array): NetlinkAnswer {
    if (type === messageType.getLink) return this.#link(body);
    if (!this.isPrivileged) return refusal(EPERM);
    const event = readEvent({ type, flags: 0, body });
    if (event?.kind !== 'address' && event?.kind !== 'addressGone') throw new Error(`a request of type ${type}`);
    const its = event.address;
    const at = this.addresses.findIndex(
      ({ index, address }) => index === its.index && formatAddress(address) === formatAddress(its.address),
    );
    if (event.kind === 'addressGone') {
      if (at < 0) return refusal(EADDRNOTAVAIL);
      this.addresses.splice(at, 1);
      return refusal(0);
    }
    const errno = this.refused.get(formatAddress(its.address)) ?? (at < 0 ? 0 : EEXIST);
    if (errno === 0) this.addresses.push({ ...its, protocol: this.knowsProtocol ? its.protocol : 0 });
    return refusal(errno);
  }

  #link(body: Uint8Array): NetlinkAnswer {
    const name = Buffer.from(body.subarray(linkHeader(0, 0, 0, 0).length + 4))
      .toString()
      .replace(/\0+$/, '');
    const index = this.interfaces.get(name);
    if (index === undefined) return refusal(ENODEV);
    const facts = { isUp: true, hasCarrier: true, isBroadcast: false, isLoopback: true, isNoArp: false };
    const said = newLink({ ...facts, index, name, mac: undefined, master: 0, kind: '' });
    const messages: readonly NetlinkMessage[] = readMessages(said);
    return { errno: 0, messages };
  }
}

const refusal = (errno: number): NetlinkAnswer => ({ errno, messages: [] });
