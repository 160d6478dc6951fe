// What the LAN needs of the world, and the real one. Loaded when the first advertisement for the LAN appears.

import { readArpSettings } from '../io/arp-settings.js';
import { monotonicClock, nodeTimers } from '../io/clock.js';
import { RawEcho } from '../io/echo.js';
import { HostAddresses } from '../io/host-addresses.js';
import { watchLinks } from '../io/links.js';
import { startResponder } from '../io/responder.js';
import { sha256 } from '../io/sha256.js';
import type { Hash } from '../l2/election.js';
import type { Link } from '../l2/link.js';
import type { Responder } from '../l2/responder.js';
import type { EchoPort } from '../l2/tracker.js';
import type { Clock, Log, Random, Timers } from '../ports.js';
import type { HostWorld } from './host-keeper.js';

export interface LanWorld extends HostWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hash: Hash;
  startResponder(): Responder;
  /** Resolves when all are known; `hear` is called for every change after that. */
  watchLinks(hear: (links: readonly Link[]) => void, log: Log): Promise<LinkWatch>;
  readonly echo: EchoPort;
}

export interface LinkWatch {
  links(): readonly Link[];
  close(): void;
}

export const world: LanWorld = {
  clock: monotonicClock,
  timers: nodeTimers,
  random: Math.random,
  hash: sha256,
  startResponder,
  watchLinks,
  hostAddresses: (interfaceName, log) => new HostAddresses(interfaceName, log),
  readArpSettings,
  echo: new RawEcho(),
};
