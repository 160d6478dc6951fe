// Hosts that run herald on one Ethernet segment, and a client there that judges: what its kernel and arping make of them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Lab, Namespace } from '../netns.js';
import { eventually } from './eventually.js';
import { type Entry, Herald } from './herald.js';

export interface LanAnnouncement {
  readonly service: string;
  readonly prefix: string;
  readonly protocol: string;
  readonly via: string;
  readonly state: string;
  readonly reason: string;
}

export interface LanInterface {
  readonly name: string;
  readonly mac: string;
  readonly usable: boolean;
  readonly reason: string;
  readonly problem: string;
  readonly announced: number;
  readonly groups: number;
  readonly counters: {
    readonly ipv4: {
      readonly requestsReceived: number;
      readonly responsesSent: number;
      readonly gratuitousSent: number;
    };
    readonly ipv6: {
      readonly requestsReceived: number;
      readonly responsesSent: number;
      readonly gratuitousSent: number;
    };
  };
  readonly conflicts: readonly { readonly address: string; readonly mac: string }[];
  readonly tracks: readonly { readonly address: string; readonly reachable: boolean; readonly problem: string }[];
}

export function macOf(namespace: Namespace, device: string): string {
  return /link\/ether (\S+)/.exec(namespace.run('ip', 'link', 'show', device))?.[1] ?? '';
}

/** A host with a herald. */
export class Host {
  readonly name: string;
  readonly namespace: Namespace;
  readonly herald: Herald;
  #table: readonly Entry[] = [];

  constructor(lab: Lab, name: string) {
    this.name = name;
    this.namespace = lab.namespace(name.slice(-6));
    const directory = join(lab.directory, name);
    mkdirSync(directory);
    this.herald = new Herald(this.namespace, directory);
  }

  configure(config: Readonly<Record<string, unknown>>): void {
    this.herald.writeConfig({ node: { name: this.name }, ...config });
  }

  /** Waits until it is in force. */
  async reconfigure(config: Readonly<Record<string, unknown>>): Promise<void> {
    this.configure(config);
    await this.herald.reload();
  }

  write(...services: readonly Entry[]): void {
    this.#table = services;
    this.herald.writeTable(services);
  }

  get table(): string {
    return stringify(this.#table);
  }

  mac(device = 'eth0'): string {
    return macOf(this.namespace, device);
  }

  async announcements(): Promise<readonly LanAnnouncement[]> {
    const { announcements }: { announcements: readonly LanAnnouncement[] } = JSON.parse(
      await this.herald.get('/v1/announcements'),
    );
    return announcements.filter(({ protocol }) => protocol === 'layer2');
  }

  async interface(name: string): Promise<LanInterface | undefined> {
    const { interfaces }: { interfaces: readonly LanInterface[] } = JSON.parse(await this.herald.get('/v1/interfaces'));
    return interfaces.find((one) => one.name === name);
  }

  /** `ADDRESS INTERFACE`, with the reason where there is one, once the check is content with them. */
  async settles(check: (lines: readonly string[]) => void): Promise<void> {
    await eventually(async () => {
      const all = await this.announcements();
      return all.map(({ prefix, via, reason }) => `${prefix.replace(/\/.*/, '')} ${via} ${reason}`.trim()).sort();
    }, check);
  }
}

/** Everybody who answers an ARP request for the address, in broadcast, within a second. */
export function whoHas(client: Namespace, address: string, device = 'eth0'): readonly string[] {
  const out = client.run('sh', '-c', `arping -b -w 1 -I ${device} ${address} || true`);
  return [...new Set(Array.from(out.matchAll(/\[([0-9A-F:]{17})\]/g), ([, mac = '']) => mac.toLowerCase()))].sort();
}

/** The first who answers; '' where nobody does within a second. */
export function firstOf(client: Namespace, address: string, device = 'eth0'): string {
  const out = client.run('sh', '-c', `arping -f -w 1 -I ${device} ${address} || true`);
  return /\[([0-9A-F:]{17})\]/.exec(out)?.[1]?.toLowerCase() ?? '';
}

/** Lets the client's kernel ask, and keep the answer. */
export function knock(client: Namespace, address: string): void {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const script = `const s = require('node:dgram').createSocket('${type}'); s.send('?', 9, '${address}', () => s.close());`;
  client.run(process.execPath, '-e', script);
}

/** What the client's kernel has for the address; '' where it has found nobody. */
export function neighbourOf(client: Namespace, address: string, device = 'eth0'): string {
  const line = client.run('ip', 'neighbour', 'show', address, 'dev', device);
  return /lladdr (\S+)/.exec(line)?.[1] ?? '';
}
