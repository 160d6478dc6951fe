// The second act of the demo: a host on a segment of herald's host, and whom its kernel sends to for an address.

import type { Lab, Namespace } from '../netns.js';

/** herald's end, without a name that anybody else would use. */
export const segment = { device: 'lan0', address: '192.168.7.2', address6: 'fd07::2' } as const;
export const neighbour = { name: 'guest', address: '192.168.7.9', address6: 'fd07::9' } as const;

/** What makes a kernel ask for an address: one datagram to it, to the port that discards. */
const knock = (address: string): string =>
  `const s = require('node:dgram').createSocket('udp${address.includes(':') ? 6 : 4}');` +
  `s.send('?', 9, '${address}', () => s.close());`;

export class Guest {
  readonly #namespace: Namespace;
  /** herald's host as frames have it. */
  readonly mac: string;

  /** The addresses of services are on link for it, though it has none of their networks. */
  constructor(lab: Lab, here: Namespace, onLink: readonly string[]) {
    this.#namespace = lab.namespace(neighbour.name);
    lab.connect(
      { namespace: here, device: segment.device, addresses: [`${segment.address}/24`, `${segment.address6}/64`] },
      {
        namespace: this.#namespace,
        device: 'eth0',
        addresses: [`${neighbour.address}/24`, `${neighbour.address6}/64`],
      },
    );
    this.#namespace.ip(...onLink.map((prefix) => `route add ${prefix} dev eth0`));
    this.mac = /link\/ether (\S+)/.exec(here.run('ip', 'link', 'show', segment.device))?.[1] ?? '';
  }

  /** Sends to an address, so that the kernel asks who has it. */
  ask(address: string): void {
    this.#namespace.run(process.execPath, '-e', knock(address));
  }

  /** Whom the kernel has found; '' while nobody has answered. */
  answerFor(address: string): string {
    const line = this.#namespace.run('ip', 'neighbour', 'show', address, 'dev', 'eth0');
    return /lladdr (\S+)/.exec(line)?.[1] ?? '';
  }

  forget(): void {
    this.#namespace.ip('neighbour flush dev eth0');
  }
}
