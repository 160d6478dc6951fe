// Opens the LAN's part of the house when the configuration asks for it, and closes it when it does not: one after the
// other, however fast configurations follow each other.

import type { InterfaceBody, LanHouseDoor, MemberBody } from '../api/lan.js';
import type { Config } from '../config/config.js';
import type { Announcer } from '../plan/announcer.js';
import type { Log } from '../ports.js';
import type { LanHouse } from './lan-house.js';
import { Members } from './members.js';

export class LanKeeper implements LanHouseDoor {
  readonly #announcer: Announcer;
  readonly #log: Log;
  readonly #tablesRead: Promise<void>;
  readonly #members = new Members();
  #config: Config;
  #house: LanHouse | undefined;
  #problem = '';
  #isLeaving: boolean = false;
  #keepsAddresses: boolean = false;
  #work: Promise<void> = Promise.resolve();

  constructor(config: Config, announcer: Announcer, log: Log, tablesRead: Promise<void>) {
    this.#config = config;
    this.#announcer = announcer;
    this.#log = log;
    this.#tablesRead = tablesRead;
    this.configure(config);
  }

  get servicesAnnounced(): number {
    return this.#house?.servicesAnnounced ?? 0;
  }

  get problems(): string[] {
    const { failures = [], problems = [] } = this.#house ?? {};
    return [...(this.#problem === '' ? [] : [this.#problem]), ...failures, ...problems];
  }

  /** Sockets are open where any are needed. */
  get isReady(): boolean {
    return this.#config.l2Advertisements.length === 0 || (this.#problem === '' && this.#house?.failures.length === 0);
  }

  /** After the announcer has taken it over. */
  configure(config: Config): void {
    this.#config = config;
    this.#members.configure(config);
    this.#work = this.#work.then(() => this.#tend());
  }

  interfaces(): readonly InterfaceBody[] {
    return this.#house?.interfaces() ?? [];
  }

  members(): readonly MemberBody[] {
    return this.#members.bodies();
  }

  setMember(name: string, alive: boolean): boolean | undefined {
    const result = this.#members.set(name, alive);
    if (result === true) this.#house?.membersChanged();
    return result;
  }

  /** Resolves when the LAN is as it is wanted. */
  async settled(): Promise<void> {
    await this.#work;
    await this.#house?.settled();
  }

  /** Nothing is answered any more when it returns; resolves when the host's addresses are as they are to be. */
  async leave(keepHostAddresses: boolean): Promise<void> {
    this.#isLeaving = true;
    this.#keepsAddresses = keepHostAddresses;
    await this.#house?.close(keepHostAddresses);
  }

  async #tend(): Promise<void> {
    if (this.#isLeaving) return;
    try {
      if (this.#config.l2Advertisements.length === 0) await this.#close();
      else if (this.#house === undefined) await this.#open();
      else await this.#house.configure(this.#config);
      this.#problem = '';
    } catch (error) {
      this.#problem = `nothing is announced on the LAN: ${error instanceof Error ? error.message : String(error)}`;
      this.#log.write('error', 'lanFailed', this.#problem);
    }
  }

  async #open(): Promise<void> {
    const [{ LanHouse: House }, { world }] = await Promise.all([import('./lan-house.js'), import('./lan-world.js')]);
    const house = await House.open(this.#config, {
      announcer: this.#announcer,
      members: this.#members,
      log: this.#log,
      world,
      tablesRead: this.#tablesRead,
    });
    this.#house = house;
    if (this.#isLeaving) await house.close(this.#keepsAddresses);
  }

  async #close(): Promise<void> {
    const house = this.#house;
    this.#house = undefined;
    await house?.close(false);
  }
}
