// herald's responder alone, in the namespace of the bench: told over Node's IPC what to serve.

import { startResponder } from '../../../src/io/responder.js';
import type { AddressColumns } from '../../../src/l2/responder.js';

export type HostOrder =
  | { readonly serve: Table; readonly index: number; readonly mac: string }
  /** All of the table at once, unpaced. */
  | { readonly announce: Table; readonly index: number }
  /** From now on JavaScript is busy, for a second at a time. */
  | { readonly block: true }
  | { readonly counters: number };

export interface Table {
  readonly protocol: 'arp' | 'ndp';
  readonly first: number;
  readonly count: number;
}

const responder = startResponder();
const pause = new Int32Array(new SharedArrayBuffer(4));

/** As lan.c numbers them: IPv4, or the last word under 2001:db8:1::/96. */
function columns({ protocol, first, count }: Table): AddressColumns {
  const numbers = Uint32Array.from({ length: count }, (_, at) => first + at);
  if (protocol === 'arp') return { ipv4: numbers, ipv6: new Uint32Array() };
  const ipv6 = new Uint32Array(count * 4);
  for (const [at, number] of numbers.entries()) ipv6.set([0x20010db8, 0x00010000, 0, number], at * 4);
  return { ipv4: new Uint32Array(), ipv6 };
}

function block(): void {
  Atomics.wait(pause, 0, 0, 1000);
  setImmediate(block);
}

function carryOut(order: HostOrder): unknown {
  if ('counters' in order) return responder.counters(order.counters) ?? {};
  if ('block' in order) {
    setTimeout(block, 10);
    return {};
  }
  if ('announce' in order) {
    const table = columns(order.announce);
    const beganUs = Number(process.hrtime.bigint()) / 1e3;
    responder.announce(order.index, table, 1, 0);
    return { beganUs };
  }
  responder.open({ index: order.index, name: 'eth0', mac: Buffer.from(order.mac.replaceAll(':', ''), 'hex') }, 0);
  responder.answerFor(order.index, columns(order.serve));
  return {};
}

process.on('message', (order: HostOrder) => process.send?.(carryOut(order)));
process.on('disconnect', () => process.exit());
process.send?.({});
