// Puts addresses of services on an interface of this host and takes them off again: short conversations with the kernel,
// each of which asks what is there and says the difference. What is ours is decided in src/l2/host-addresses.ts.

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { difference, isOurs, ownAddress } from '../l2/host-addresses.js';
import {
  allAddresses,
  type InterfaceAddress,
  linkNamed,
  messageType,
  readEvent,
  requestFlag,
  writeAddress,
} from '../l2/rtnetlink.js';
import { type Address, formatAddress } from '../net/address.js';
import { sanitised } from '../net/text.js';
import type { Log, Timer, Timers } from '../ports.js';
import { nodeTimers } from './clock.js';
import { converse, type NetlinkConversation } from './netlink.js';

export type Converse = typeof converse;

/** What could not be done is tried again: the interface may come, another program may remove its own address. */
const retryMs = 10_000;

/**
 * One for a network namespace: a second herald beside it would take this one's addresses for leftovers of its own. Where no addresses are to
 * stand on an interface any more, `close()` on a fresh one removes what an earlier herald left.
 */
export class HostAddresses {
  readonly #interfaceName: string;
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #converse: Converse;
  #wanted: readonly Address[] = [];
  #problems: ReadonlyMap<string, string> = new Map();
  #settling: Promise<void> | undefined;
  #isStale = false;
  #isClosed = false;
  #retry: Timer | undefined;

  constructor(interfaceName: string, log: Log, timers: Timers = nodeTimers, talk: Converse = converse) {
    this.#interfaceName = interfaceName;
    this.#log = log;
    this.#timers = timers;
    this.#converse = talk;
  }

  /** Why a wanted address is not on the interface by our doing; by its text. */
  get problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** The addresses that an earlier herald left. The first `set` keeps those that it wants and removes the others. */
  async claimLeftovers(): Promise<readonly Address[]> {
    try {
      const found = (await this.#converse(present)).filter(isOurs).map(({ address }) => address);
      if (found.length > 0)
        this.#log.write(
          'info',
          'hostAddressesFound',
          `${counted(found.length)} of an earlier herald: taken over, or removed where no longer wanted`,
          { addresses: someOf(found.map(formatAddress)) },
        );
      return found;
    } catch (error) {
      this.#log.write('warn', 'hostAddressesFailed', `addresses of this host cannot be read: ${messageOf(error)}`);
      return [];
    }
  }

  /**
   * What should stand on the interface, the whole of it. Resolves when it does, as far as it can (`problems`); never rejects. Again with
   * the same addresses, it puts back what another program removed.
   */
  set(addresses: readonly Address[]): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#wanted = addresses;
    return this.#settle();
  }

  /** Removes all that are ours, wherever they are. */
  close(): Promise<void> {
    if (!this.#isClosed) this.#wanted = [];
    this.#isClosed = true;
    return this.#settle();
  }

  #settle(): Promise<void> {
    this.#isStale = true;
    this.#settling ??= this.#settleAll();
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    this.#retry?.cancel();
    while (this.#isStale) {
      this.#isStale = false;
      const wanted = this.#wanted;
      let problems: ReadonlyMap<string, string>;
      try {
        problems = await this.#converse((kernel) => this.#say(kernel, wanted));
      } catch (error) {
        problems = new Map(wanted.map((address) => [formatAddress(address), messageOf(error)]));
      }
      this.#report(problems);
    }
    if (this.#problems.size > 0 && !this.#isClosed)
      this.#retry = this.#timers.after(retryMs, () => void this.#settle());
    this.#settling = undefined;
  }

  /** Says the difference; returns what is wrong, by address. */
  async #say(kernel: NetlinkConversation, wanted: readonly Address[]): Promise<Map<string, string>> {
    const problems = new Map<string, string>();
    const { errno, messages } = await kernel.ask(messageType.getLink, 0, linkNamed(this.#interfaceName));
    const [link] = messages.map(readEvent);
    const index = link?.kind === 'link' ? link.link.index : undefined;
    if (index === undefined)
      for (const address of wanted) problems.set(formatAddress(address), this.#reason(errno, address));
    const { add, remove, foreign } = difference(wanted, await present(kernel), index);
    for (const address of foreign) {
      const text = formatAddress(address);
      problems.set(text, `${text} stands on ${this.#name} already, and not by herald: it is left alone`);
    }
    const request = async (type: number, flags: number, its: InterfaceAddress): Promise<void> => {
      const answer = await kernel.ask(type, flags, writeAddress(its));
      // What is to be removed and is not there has gone by itself.
      const isDone =
        answer.errno === 0 || (type === messageType.deleteAddress && answer.errno === constants.errno.EADDRNOTAVAIL);
      if (!isDone) problems.set(formatAddress(its.address), this.#reason(answer.errno, its.address));
    };
    for (const its of remove) await request(messageType.deleteAddress, 0, its);
    const addFlags = requestFlag.create | requestFlag.exclusive;
    for (const address of add) await request(messageType.newAddress, addFlags, ownAddress(index ?? 0, address));
    if (add.length + remove.length > 0)
      this.#log.write('debug', 'hostAddresses', `${this.#name}: ${add.length} added, ${remove.length} removed`, {
        added: someOf(add.map(formatAddress)),
        removed: someOf(remove.map(({ address }) => formatAddress(address))),
      });
    return problems;
  }

  get #name(): string {
    return sanitised(this.#interfaceName);
  }

  #reason(errno: number, address: Address): string {
    switch (errno) {
      case constants.errno.EPERM:
        return `addresses cannot be put on ${this.#name} without CAP_NET_ADMIN: AmbientCapabilities=CAP_NET_ADMIN in the unit`;
      case constants.errno.ENODEV:
        return `this host has no interface ${this.#name}`;
      case constants.errno.EACCES:
        return `IPv6 is switched off on ${this.#name} (net.ipv6.conf.${this.#name}.disable_ipv6)`;
      case constants.errno.EOPNOTSUPP:
      case constants.errno.EAFNOSUPPORT:
        return `this kernel has no ${address.family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
      case constants.errno.EEXIST:
        return `${formatAddress(address)} stands on ${this.#name} already, and not by herald: it is left alone`;
      default: {
        const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'an error nobody knows'];
        return `the kernel refuses ${formatAddress(address)} on ${this.#name}: ${text} (${code})`;
      }
    }
  }

  /** Once for each reason, until it is another. */
  #report(problems: ReadonlyMap<string, string>): void {
    const fresh = new Map<string, string[]>();
    for (const [address, reason] of problems) {
      if (this.#problems.get(address) === reason) continue;
      const addresses = fresh.get(reason);
      if (addresses === undefined) fresh.set(reason, [address]);
      else addresses.push(address);
    }
    for (const [reason, addresses] of fresh)
      this.#log.write('warn', 'hostAddressesFailed', reason, { addresses: someOf(addresses) });
    this.#problems = problems;
  }
}

async function present({ dump }: NetlinkConversation): Promise<readonly InterfaceAddress[]> {
  const messages = await dump(messageType.getAddress, allAddresses());
  return messages.map(readEvent).flatMap((event) => (event?.kind === 'address' ? [event.address] : []));
}

const counted = (count: number): string => `${count} host address${count === 1 ? '' : 'es'}`;

/** For a log line. */
const someOf = (addresses: readonly string[]): string =>
  addresses.length <= 10
    ? addresses.join(' ')
    : `${addresses.slice(0, 10).join(' ')} and ${addresses.length - 10} more`;

const messageOf = (error: unknown): string => sanitised(error instanceof Error ? error.message : String(error));
