// The LAN as it is lived in: interfaces followed, the responder running, neighbours asked, the host's addresses kept.
// Opened with the first advertisement and closed with the last: a herald that only speaks BGP needs no privilege for it.

import type { InterfaceBody } from '../api/lan.js';
import type { Config } from '../config/config.js';
import { type Matches, matcher, outOfService, segments, unsuitable } from '../l2/interfaces.js';
import { Lan } from '../l2/lan.js';
import type { LanEvent } from '../l2/lan-link.js';
import type { Link } from '../l2/link.js';
import { nothingCounted, type Responder } from '../l2/responder.js';
import { formatAddress } from '../net/address.js';
import { formatMac } from '../net/mac.js';
import type { Announcer } from '../plan/announcer.js';
import type { Log } from '../ports.js';
import { ConflictLog } from './conflict-log.js';
import { HostKeeper } from './host-keeper.js';
import type { LanWorld, LinkWatch } from './lan-world.js';
import type { Members } from './members.js';
import { Neighbours } from './neighbours.js';

export interface LanSurroundings {
  readonly announcer: Announcer;
  readonly members: Members;
  readonly log: Log;
  readonly world: LanWorld;
  /** Every table has been tried: what an earlier herald put on the host and nobody wants may go. */
  readonly tablesRead: Promise<void>;
}

export class LanHouse {
  readonly #around: LanSurroundings;
  readonly #responder: Responder;
  readonly #lan: Lan;
  readonly #conflicts: ConflictLog;
  readonly #neighbours: Neighbours;
  readonly #host: HostKeeper;
  #config: Config;
  #isExcluded: Matches;
  #watch: LinkWatch | undefined;
  #isClosed: boolean = false;

  /** Rejects where interfaces cannot be listed or nothing can answer. */
  static async open(config: Config, around: LanSurroundings): Promise<LanHouse> {
    const house = new LanHouse(config, around);
    try {
      await house.#open();
      return house;
    } catch (error) {
      await house.close(false);
      throw error;
    }
  }

  private constructor(config: Config, around: LanSurroundings) {
    const { world, log } = around;
    this.#around = around;
    this.#config = config;
    this.#isExcluded = matcher(config.layer2.excludeInterfaces);
    this.#conflicts = new ConflictLog(log);
    this.#host = new HostKeeper(world, log);
    this.#responder = world.startResponder();
    this.#lan = new Lan({
      responder: this.#responder,
      timers: world.timers,
      clock: world.clock,
      random: world.random,
      framesPerSecond: config.layer2.framesPerSecond,
      hear: (event) => this.#hear(event),
    });
    this.#neighbours = new Neighbours(world, (track, link, isReachable) =>
      this.#lan.setReachable(track, link, isReachable),
    );
  }

  get servicesAnnounced(): number {
    return this.#lan.servicesAnnounced;
  }

  /** Why interfaces are not served that should be. */
  get failures(): string[] {
    return this.#links.flatMap(({ index }) => this.#lan.link(index)?.problem || []);
  }

  /** What else keeps the LAN from being as it is configured. */
  get problems(): string[] {
    return this.#host.problems;
  }

  async configure(config: Config): Promise<void> {
    this.#config = config;
    this.#isExcluded = matcher(config.layer2.excludeInterfaces);
    this.#lan.setFramesPerSecond(config.layer2.framesPerSecond);
    this.#linksChanged();
    await this.#keepHostAddresses();
  }

  /** Somebody of the election came or went. */
  membersChanged(): void {
    this.#around.announcer.lan.membersChanged();
    this.#around.announcer.replanLan();
  }

  /** Resolves when the LAN is as it is wanted. */
  settled(): Promise<void> {
    return this.#lan.settled();
  }

  interfaces(): InterfaceBody[] {
    return this.#links.map((link) => this.#body(link));
  }

  /** Stops answering before it returns; the host's addresses go afterwards, unless they are to stay. */
  async close(keepHostAddresses: boolean): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#around.announcer.lan.detach();
    const closed = this.#lan.close();
    this.#responder.stop();
    this.#watch?.close();
    this.#neighbours.close();
    await closed;
    if (!keepHostAddresses) await this.#host.close();
  }

  get #links(): readonly Link[] {
    return this.#watch?.links() ?? [];
  }

  async #open(): Promise<void> {
    const { world, log, announcer, members, tablesRead } = this.#around;
    this.#watch = await world.watchLinks(() => this.#linksChanged(), log);
    const { manage } = this.#config.hostAddresses;
    const prepared = this.#host.configure(this.#config.hostAddresses);
    if (manage) await Promise.all([prepared, tablesRead]);
    if (this.#isClosed) return;
    announcer.lan.attach(this.#lan, { segments: [], membership: members }, world.hash);
    this.#linksChanged();
    announcer.replanLan();
    // Before the turn is over, and with it the first announcement made.
    if (manage) await this.#lan.setHostAddresses(this.#host);
    await prepared;
  }

  #linksChanged(): void {
    const { announcer } = this.#around;
    if (this.#isClosed || !announcer.lan.isServed) return;
    const links = this.#links;
    this.#lan.setLinks(links);
    const all = segments(links, this.#isExcluded);
    if (announcer.lan.setSegments(all)) announcer.replanLan();
    this.#neighbours.follow(this.#config.l2Advertisements, all);
    this.#host.serve(all.filter((one) => !one.isExcluded || this.#isNamed(one.name)).map(({ name }) => name));
  }

  /** One that is named is not excluded. */
  #isNamed(name: string): boolean {
    return this.#config.l2Advertisements.some(({ isHere, interfaces }) => isHere && interfaces.includes(name));
  }

  async #keepHostAddresses(): Promise<void> {
    const { manage } = this.#config.hostAddresses;
    if (!manage) await this.#lan.setHostAddresses(undefined);
    const isKept = await this.#host.configure(this.#config.hostAddresses);
    if (isKept) await this.#lan.setHostAddresses(this.#host);
  }

  #hear(event: LanEvent): void {
    const { log, world } = this.#around;
    switch (event.kind) {
      case 'conflict':
        this.#conflicts.write(event, world.clock.monotonicMs());
        return;
      case 'conflictOver': {
        const address = formatAddress(event.address);
        log.write('info', 'addressConflictOver', `nobody else has ${address} on ${event.link} now: it is announced`, {
          interface: event.link,
          address,
        });
        return;
      }
      case 'failed':
        log.write('error', 'interfaceFailed', event.problem, { interface: event.link });
        return;
    }
  }

  #body(link: Link): InterfaceBody {
    const served = this.#lan.link(link.index);
    const counters = served?.counters;
    const isExcluded: Matches = (name) => this.#isExcluded(name) && !this.#isNamed(name);
    const reason = unsuitable(link, this.#links, isExcluded) ?? outOfService(link) ?? '';
    return {
      name: link.name,
      index: link.index,
      mac: link.mac === undefined ? '' : formatMac(link.mac),
      usable: reason === '',
      reason,
      problem: served?.problem ?? '',
      addresses: link.addresses.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`),
      announced: served?.announced ?? 0,
      pendingFrames: counters?.pendingAnnouncements ?? 0,
      groups: counters?.groups ?? 0,
      counters: { ipv4: counters?.ipv4 ?? nothingCounted, ipv6: counters?.ipv6 ?? nothingCounted },
      conflicts: Array.from(served?.conflicts ?? [], ({ address, mac, at, count }) => ({
        address: formatAddress(address),
        mac: formatMac(mac),
        at: at.toISOString(),
        count,
      })),
      tracks: this.#neighbours.on(link.index),
    };
  }
}
