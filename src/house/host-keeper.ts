// The host's own addresses, if herald is to keep them: only while the kernel's ARP would not make every host that has them
// answer. IPv6 needs no such care: Linux answers solicitations only on the interface that has the address.

import type { Config } from '../config/config.js';
import { type ArpSettings, arpVerdict } from '../l2/arp-settings.js';
import type { HostAddresses } from '../l2/lan.js';
import type { Address } from '../net/address.js';
import type { Log } from '../ports.js';

/** Addresses on an interface, as the kernel has them. */
export interface KernelAddresses extends HostAddresses {
  /** Why an address is not on the interface, by its text. */
  readonly problems: ReadonlyMap<string, string>;
  /** What an earlier herald left is ours again, until the first set. */
  claimLeftovers(): Promise<unknown>;
  /** Removes all that are ours. */
  close(): Promise<void>;
}

export interface HostWorld {
  hostAddresses(interfaceName: string, log: Log): KernelAddresses;
  readArpSettings(interfaceName: string): ArpSettings;
}

type Settings = Config['hostAddresses'];

export class HostKeeper implements HostAddresses {
  readonly #world: HostWorld;
  readonly #log: Log;
  #settings: Settings | undefined;
  #kernel: KernelAddresses | undefined;
  #served: readonly string[] = [];
  #wanted: readonly Address[] = [];
  #warnings: readonly string[] = [];

  constructor(world: HostWorld, log: Log) {
    this.#world = world;
    this.#log = log;
  }

  get problems(): string[] {
    return [...this.#warnings, ...new Set(this.#kernel?.problems.values())];
  }

  /** The first set() may come when it resolves; what was kept elsewhere is gone then. True when addresses are to be kept. */
  async configure(settings: Settings): Promise<boolean> {
    const before = this.#settings;
    if (before?.manage === settings.manage && before.interface === settings.interface) return settings.manage;
    this.#settings = settings;
    const open = (): KernelAddresses => this.#world.hostAddresses(settings.interface, this.#log);
    if (!settings.manage || before?.manage === true) {
      // Of our own, or of a herald before this one that kept some.
      await (this.#kernel ?? open()).close();
      this.#kernel = undefined;
      this.#warnings = [];
    }
    if (!settings.manage) return false;
    this.#kernel = open();
    await this.#kernel.claimLeftovers();
    return true;
  }

  /** The interfaces that ARP is answered on. */
  serve(interfaces: readonly string[]): void {
    if (interfaces.join() === this.#served.join()) return;
    this.#served = interfaces;
    if (this.#wanted.length > 0) void this.set(this.#wanted);
  }

  set(addresses: readonly Address[]): Promise<void> {
    this.#wanted = addresses;
    const isRefused = this.#judge();
    return (
      this.#kernel?.set(isRefused ? addresses.filter(({ family }) => family === 'ipv6') : addresses) ??
      Promise.resolve()
    );
  }

  async close(): Promise<void> {
    await this.#kernel?.close();
  }

  #judge(): boolean {
    const needed = this.#wanted.some(({ family }) => family === 'ipv4') ? this.#served : [];
    const settings = needed.map((name) => this.#world.readArpSettings(name));
    const { lines, refuse } = arpVerdict(this.#settings?.interface ?? '', settings);
    for (const line of lines)
      if (!this.#warnings.includes(line)) this.#log.write(refuse ? 'error' : 'warn', 'arpSettings', line);
    this.#warnings = lines;
    return refuse;
  }
}
