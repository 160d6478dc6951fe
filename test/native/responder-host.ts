// A program of its own with the responder in it, to be started in another network namespace. The tests speak to it over
// Node's IPC: the calls of l2/responder.ts with their arguments as text, one answer each.

import { startResponder } from '../../src/io/responder.js';
import type { AddressColumns, LinkCounters } from '../../src/l2/responder.js';
import { formatAddress, parseAddress } from '../../src/net/address.js';

export type HostRequest =
  | { readonly open: { readonly index: number; readonly mac: string; readonly framesPerSecond?: number } }
  | { readonly close: number }
  | { readonly answerFor: readonly string[]; readonly index: number }
  | {
      readonly announce: readonly string[];
      readonly index: number;
      readonly rounds?: number;
      readonly intervalMs?: number;
    }
  | { readonly probe: readonly string[]; readonly index: number }
  | { readonly counters: number }
  /** What was heard of since the last time. */
  | { readonly conflicts: true }
  /** The thread of JavaScript does nothing else for so long; answered before it begins. */
  | { readonly blockMs: number };

export interface HostAnswer {
  readonly counters?: LinkCounters | undefined;
  /** "INTERFACE ADDRESS MAC", one for each. */
  readonly conflicts?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
}

const responder = startResponder();
let conflicts: string[] = [];
responder.onConflict(({ link, mac, ...address }) => {
  conflicts.push(`${link} ${formatAddress(address)} ${Buffer.from(mac).toString('hex', 0, 6)}`);
});

function columns(texts: readonly string[]): AddressColumns {
  const addresses = texts.map((text) => parseAddress(text)!);
  const words = (family: string) => addresses.flatMap((one) => (one.family === family ? one.words : []));
  return { ipv4: Uint32Array.from(words('ipv4')), ipv6: Uint32Array.from(words('ipv6')) };
}

function perform(request: HostRequest): HostAnswer {
  if ('open' in request) {
    const { index, mac, framesPerSecond = 0 } = request.open;
    responder.open({ index, name: 'eth0', mac: Buffer.from(mac.replaceAll(':', ''), 'hex') }, framesPerSecond);
  } else if ('close' in request) responder.close(request.close);
  else if ('answerFor' in request) responder.answerFor(request.index, columns(request.answerFor));
  else if ('announce' in request)
    responder.announce(request.index, columns(request.announce), request.rounds ?? 1, request.intervalMs ?? 0);
  else if ('probe' in request) responder.probe(request.index, columns(request.probe));
  else if ('counters' in request) return { counters: responder.counters(request.counters) };
  else if ('conflicts' in request) {
    const heard = conflicts;
    conflicts = [];
    return { conflicts: heard };
  } else setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, request.blockMs));
  return {};
}

process.on('message', (request: HostRequest) => {
  try {
    process.send?.(perform(request));
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    process.send?.({ error: { code, message } });
  }
});
// Nothing is stopped by hand: what is left of the responder must not keep the program alive.
process.on('disconnect', () => {});
process.send?.({});
