// The LAN's workshop: services say what they want, links how they are, and what differs from what was said goes out when
// the turn of the event loop is over. It answers nobody itself; that is the responder's, on a thread of its own.

import type { Address } from '../net/address.js';
import type { Timer } from '../ports.js';
import { addressKey } from './address-rows.js';
import { type Entry, type LanEvent, LanLink, type LanSurroundings } from './lan-link.js';
import type { Link } from './link.js';
import type { LanPort, LanState, LanWish, Policy } from './wish.js';

/** Where announced addresses live, if herald is to give them to this host. */
export interface HostAddresses {
  /** From now on these and no others; resolves when the kernel has them, or has refused them. Never rejects. */
  set(addresses: readonly Address[]): Promise<void>;
}

export interface LanOptions extends Pick<LanSurroundings, 'responder' | 'timers' | 'clock' | 'random'> {
  framesPerSecond: number;
  hear(event: LanEvent): void;
}

interface Said {
  readonly entry: Entry;
  readonly policy: Policy;
}

type LinkNews = readonly [link: LanLink, fresh: readonly Entry[]];

export class Lan implements LanPort {
  readonly #options: LanOptions;
  readonly #around: LanSurroundings;
  readonly #links = new Map<number, LanLink>();
  readonly #services = new Map<string, readonly Said[]>();
  readonly #changed = new Set<LanLink>();
  readonly #reachable = new Set<string>();
  #macs: ReadonlySet<string> = new Set();
  #known: ReadonlyMap<number, Link> = new Map();
  #host: HostAddresses | undefined;
  /** What it was told last. */
  #hostHas: readonly Address[] = [];
  #due: Timer | undefined;
  #isClosed: boolean = false;
  /** What is going on with the host's addresses; one after the other. */
  #work: Promise<void> | undefined;

  constructor(options: LanOptions) {
    this.#options = options;
    this.#around = {
      ...options,
      framesPerSecond: () => this.#options.framesPerSecond,
      isReachable: (track, link) => this.#reachable.has(reachKey(track, link)),
      changed: (link) => {
        this.#changed.add(link);
        this.#schedule();
      },
    };
    options.responder.onConflict(({ link, family, words, mac }) => {
      // Two interfaces of ours on one segment hear each other.
      if (!this.#macs.has(mac.join())) this.#links.get(link)?.conflict(family, words, mac);
    });
  }

  get announced(): number {
    let count = 0;
    for (const link of this.#links.values()) count += link.announced;
    return count;
  }

  get pendingWithdrawals(): number {
    let count = 0;
    for (const link of this.#changed) count += link.pendingWithdrawals;
    return count;
  }

  /** Services with an address that is announced somewhere. */
  get servicesAnnounced(): number {
    let count = 0;
    for (const said of this.#services.values()) if (said.some(({ entry }) => entry.link.isAnnounced(entry))) count++;
    return count;
  }

  want(service: string, wishes: readonly LanWish[]): void {
    const before = this.#services.get(service) ?? [];
    if (isSame(before, wishes)) return;
    for (const { entry } of before) entry.link.unclaim(entry, service);
    const said = wishes.map(({ address, link, policy }) => ({
      entry: this.#link(link).claim(address, { service, policy }),
      policy,
    }));
    if (said.length === 0) this.#services.delete(service);
    else this.#services.set(service, said);
  }

  state(link: number, address: Address): LanState {
    return this.#links.get(link)?.state(address) ?? { state: 'pending', reason: '' };
  }

  link(index: number): LanLink | undefined {
    return this.#links.get(index);
  }

  /** All there are, whatever they are good for. */
  setLinks(links: readonly Link[]): void {
    const before = this.#known;
    this.#known = new Map(links.map((link) => [link.index, link]));
    this.#macs = new Set(links.flatMap(({ mac }) => (mac === undefined ? [] : mac.join())));
    for (const link of this.#links.values()) {
      const [was, is] = [before.get(link.index), this.#known.get(link.index)];
      if (is !== was) link.update(is);
    }
  }

  /** Whether the neighbour of a track answers on an interface; until it was said, it does not. */
  setReachable(track: string, link: number, isReachable: boolean): void {
    const key = reachKey(track, link);
    if (this.#reachable.has(key) === isReachable) return;
    if (isReachable) this.#reachable.add(key);
    else this.#reachable.delete(key);
    this.#links.get(link)?.reachabilityChanged(track);
  }

  setFramesPerSecond(framesPerSecond: number): void {
    if (this.#options.framesPerSecond === framesPerSecond) return;
    this.#options.framesPerSecond = framesPerSecond;
    for (const link of this.#links.values()) this.#around.changed(link);
  }

  /** Resolves when the one before has nothing any more; the next gets what is announced when this turn is over. */
  async setHostAddresses(host: HostAddresses | undefined): Promise<void> {
    while (this.#work !== undefined) await this.#work;
    await this.#alone(async () => {
      if (this.#host !== undefined && this.#host !== host) await this.#hold(this.#host, []);
    });
    this.#host = host;
    this.#schedule();
  }

  /** Stops answering at once. Resolves when nothing is under way with the host's addresses, which stay. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#due?.cancel();
    for (const link of this.#links.values()) link.close();
    while (this.#work !== undefined) await this.#work;
  }

  /** Resolves when what is wanted has been said, and the host has the addresses for it. */
  async settled(): Promise<void> {
    while (!this.#isClosed && (this.#due !== undefined || this.#work !== undefined))
      await (this.#work ?? new Promise<void>((resolve) => this.#around.timers.after(0, resolve)));
  }

  #link(index: number): LanLink {
    let link = this.#links.get(index);
    if (link === undefined) {
      link = new LanLink(index, this.#around);
      this.#links.set(index, link);
      link.update(this.#known.get(index));
    }
    return link;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#due ??= this.#around.timers.after(0, () => {
      this.#due = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const changed = [...this.#changed];
    const hasNews = changed.map((link) => link.settle()).includes(true);
    if (this.#work !== undefined) {
      // What begins has to wait for the host; what ends does not.
      for (const link of changed) link.withdraw();
      return;
    }
    this.#changed.clear();
    const host = this.#host;
    if (host === undefined) this.#say(changed.map((link) => [link, link.takeFresh()]));
    else void this.#alone(() => this.#sayWith(host, changed, hasNews));
  }

  /** What changes meanwhile is said when it is done. */
  #alone(work: () => Promise<void>): Promise<void> {
    this.#work = work().finally(() => {
      this.#work = undefined;
      if (this.#changed.size > 0) this.#schedule();
    });
    return this.#work;
  }

  /** The host has an address before anybody is told to send to it, and until nobody is. */
  async #sayWith(host: HostAddresses, changed: readonly LanLink[], hasNews: boolean): Promise<void> {
    const held = this.#held();
    const said = changed.map((link): LinkNews => [link, link.takeFresh()]);
    if (hasNews) await this.#hold(host, [...this.#hostHas, ...held]);
    if (this.#isClosed) return;
    this.#say(said);
    await this.#hold(host, this.#held());
  }

  async #hold(host: HostAddresses, addresses: readonly Address[]): Promise<void> {
    const each = new Map(addresses.map((address) => [addressKey(address), address]));
    this.#hostHas = [...each.values()];
    await host.set(this.#hostHas);
  }

  #say(news: readonly LinkNews[]): void {
    for (const [link, fresh] of news) {
      link.say(fresh);
      if (link.isIdle && !this.#changed.has(link)) this.#links.delete(link.index);
    }
  }

  #held(): Address[] {
    return [...this.#links.values()].flatMap((link) => [...link.addresses()]);
  }
}

const reachKey = (track: string, link: number): string => `${link} ${track}`;

const isSame = (said: readonly Said[], wishes: readonly LanWish[]): boolean =>
  said.length === wishes.length &&
  wishes.every(({ address, link, policy }, i) => {
    const before = said[i]!;
    return (
      before.policy === policy &&
      before.entry.link.index === link &&
      addressKey(before.entry.address) === addressKey(address)
    );
  });
