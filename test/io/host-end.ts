// Runs on another host (a network namespace) and does there what it is asked over IPC: listens, watches interfaces, stands still.

import { nodeTimers } from '../../src/io/clock.js';
import { RawEcho } from '../../src/io/echo.js';
import { HostAddresses } from '../../src/io/host-addresses.js';
import { type LinkWatch, watchLinks } from '../../src/io/links.js';
import { native } from '../../src/io/native.js';
import { readMessages } from '../../src/l2/netlink.js';
import { groups, readEvent } from '../../src/l2/rtnetlink.js';
import { Tracker } from '../../src/l2/tracker.js';
import { formatAddress, parseAddress } from '../../src/net/address.js';
import type { Log } from '../../src/ports.js';

export type HostRequest =
  /** The raw events, with a receive buffer of so many octets. */
  | { readonly listen: number }
  | { readonly watch: true }
  /** Wanted on that interface. */
  | { readonly hostAddresses: readonly string[]; readonly on: string }
  /** A neighbour, every 100 ms. */
  | { readonly track: string; readonly on: string }
  | { readonly standStillMs: number }
  | { readonly forget: true };

/** Told when asked, and whenever something changes. */
export interface HostState {
  /** Of requests that were done. */
  readonly done: number;
  readonly events: number;
  readonly timesLost: number;
  /** As `eth0 up carrier 02…` and its addresses. */
  readonly links: readonly string[];
  readonly timesHeard: number;
  readonly warnings: readonly string[];
  /** Of an earlier herald. */
  readonly found: readonly string[];
  readonly problems: readonly string[];
  /** By the neighbour: whether it answers, and why it cannot be asked. */
  readonly tracked: Readonly<Record<string, { readonly isUp: boolean; readonly problem: string }>>;
  /** When it was so: milliseconds since 1970, with fractions. */
  readonly atMs: number;
}

let done = 0;
let events = 0;
let timesLost = 0;
let timesHeard = 0;
let watch: LinkWatch | undefined;
let listener: { close(): void } | undefined;
let hostAddresses: HostAddresses | undefined;
const echo = new RawEcho();
const trackers = new Map<string, Tracker>();
let found: readonly string[] = [];
const warnings: string[] = [];
const log: Log = { write: (level, event) => void (level === 'warn' && warnings.push(event)) };

function tell(): void {
  const links = (watch?.links() ?? []).map(
    ({ name, isUp, hasCarrier, mac, master, kind, addresses }) =>
      `${name}${isUp ? ' up' : ''}${hasCarrier ? ' carrier' : ''}${kind === '' ? '' : ` ${kind}`}${master === 0 ? '' : ' member'}` +
      `${mac === undefined ? '' : ` ${Buffer.from(mac).toString('hex')}`}` +
      addresses
        .map((its) => ` ${formatAddress(its.address)}/${its.prefixLength}${its.isTentative ? '?' : ''}`)
        .filter((text) => !text.startsWith(' fe80'))
        .join(''),
  );
  const problems = [...(hostAddresses?.problems.values() ?? [])];
  const tracked = Object.fromEntries([...trackers].map(([name, { isUp, problem }]) => [name, { isUp, problem }]));
  const atMs = performance.timeOrigin + performance.now();
  process.send?.({
    done,
    events,
    timesLost,
    links,
    timesHeard,
    warnings,
    found,
    problems,
    tracked,
    atMs,
  } satisfies HostState);
}

async function perform(request: HostRequest): Promise<void> {
  if ('listen' in request)
    listener = native().openNetlinkListener({
      groups: Object.values(groups),
      receiveBufferOctets: request.listen,
      received: (octets) => {
        events += readMessages(octets).filter((message) => readEvent(message) !== undefined).length;
        tell();
      },
      lost: () => {
        timesLost++;
        tell();
      },
    });
  else if ('watch' in request) {
    const heard = (): void => {
      timesHeard++;
      tell();
    };
    watch = await watchLinks(heard, log);
  } else if ('hostAddresses' in request) {
    if (hostAddresses === undefined) {
      hostAddresses = new HostAddresses(request.on, log);
      found = (await hostAddresses.claimLeftovers()).map(formatAddress);
    }
    await hostAddresses.set(request.hostAddresses.map((text) => parseAddress(text)!));
  } else if ('track' in request) {
    const [text = ''] = request.track.split('%');
    const settings = { intervalMs: 100, fall: 3, rise: 2, target: parseAddress(text)!, device: request.on };
    trackers.set(request.track, new Tracker(settings, echo, nodeTimers, tell));
  } else if ('standStillMs' in request)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, request.standStillMs);
  else {
    watch?.close();
    listener?.close();
    await hostAddresses?.close();
    for (const tracker of trackers.values()) tracker.close();
  }
}

process.on('message', (request: HostRequest) => {
  perform(request).then(
    () => {
      done++;
      tell();
    },
    (error: unknown) => {
      warnings.push(String(error));
      done++;
      tell();
    },
  );
});
process.on('disconnect', () => process.exit());
tell();
