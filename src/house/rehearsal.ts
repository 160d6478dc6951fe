// A dress rehearsal. Code that has never run is slow: the first change after a start would take fourteen milliseconds to the
// wire, the hundredth one, the thousandth a third of one. So once everything stands, changes go the whole way that real ones
// go, from a request to octets, with everybody who would hear of it replaced: a table of its own, a speaker on a stage
// (bgp/rehearsal.ts), no log. They come one at a time, so that a real one waits for a fraction of a millisecond.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { House } from '../api/house.js';
import { answerOn } from '../api/server.js';
import type { SpeakerSettings } from '../bgp/protocol.js';
import type { Config } from '../config/config.js';
import type { BgpThread } from '../io/bgp-thread.js';
import { monotonicClock, nodeTimers } from '../io/clock.js';
import { openLine } from '../io/line.js';
import { Announcer, cliSource } from '../plan/announcer.js';
import { Listing } from '../plan/listing.js';
import type { Ledger } from '../pools/ledger.js';
import type { Log } from '../ports.js';
import { DampedTable } from './damped-table.js';
import { LedgerKeeper } from './ledger-keeper.js';
import { PushedEntries } from './pushed-entries.js';
import { sessionSettings } from './session-settings.js';

const changes = 1000;
/** On a busy host there are better things to do. */
const patienceMs = 350;
/** Added, then taken away again. */
const entriesAtOnce = 50;

export interface Scene {
  readonly house: House;
  readonly config: Config;
  readonly bgp: Pick<BgpThread, 'stage'>;
  isCalledOff(): boolean;
}

export async function rehearse({ house, config: real, bgp, isCalledOff }: Scene): Promise<void> {
  const config = onStage(real);
  const stage = bgp.stage();
  const announcer = new Announcer(config, stage, () => new Date());
  stage.configure(castOf(config, announcer));
  stage.tableLoaded();
  const [line, farEnd] = openLine();
  answerOn(farEnd, stageHouse(house, announcer, config));
  const untilMs = performance.now() + patienceMs;
  for (let change = 0; change < changes && performance.now() < untilMs && !isCalledOff(); change++) {
    await ask(line, request(change));
    await turn();
  }
  line.destroy();
  stage.tell({ kind: 'stop', text: '', keepRoutes: false });
}

/** What is configured, but such that no address is refused and every peer is told. */
const onStage = (config: Config): Config => ({
  ...config,
  sources: [],
  addressPools: [],
  loadBalancerClasses: [],
  bgpAdvertisements: config.bgpAdvertisements
    .slice(0, 1)
    .map((advertisement) => ({ ...advertisement, pools: undefined, peers: [], serviceSelectors: [] })),
});

function castOf({ bgpPeers }: Config, { views }: Announcer): SpeakerSettings {
  const own = { routerId: 1, hostName: '', softwareVersion: '', forwardingPreserved: false };
  return {
    listen: [],
    peers: bgpPeers.map((peer) => ({
      session: sessionSettings(peer, own),
      generation: 0,
      view: views.find(({ peers }) => peers.includes(peer.name))!.id,
    })),
  };
}

const silent: Log = { write: () => {} };
const forgetful: Ledger = {
  read: () => ({ holdings: [], releases: [], entries: [] }),
  write: () => {},
  close: () => {},
};

/** The house, but for what writes. */
function stageHouse(house: House, announcer: Announcer, config: Config): House {
  const listing = new Listing(
    announcer,
    () => ({ established: true, families: ['ipv4', 'ipv6'] }),
    () => new Map(),
    () => new Date(),
  );
  const keeper = new LedgerKeeper(async () => forgetful);
  const environment = { log: silent, timers: nodeTimers, nowMs: monotonicClock.monotonicMs };
  const table: DampedTable = new DampedTable(announcer, environment, (...settled) => pushed.settled(...settled));
  const pushed = new PushedEntries({
    announcer,
    table,
    listing,
    keeper,
    log: silent,
    clock: monotonicClock,
    timers: nodeTimers,
    config: () => config,
    changed: () => {},
  });
  const writing: Pick<House, 'putService' | 'deleteService'> = {
    putService: (...asked) => pushed.writers.put(...asked),
    deleteService: (...asked) => pushed.writers.delete(...asked),
  };
  return Object.assign(Object.create(house), writing);
}

function request(change: number): string {
  const index = change % entriesAtOnce;
  const isAdded = Math.floor(change / entriesAtOnce) % 2 === 0;
  // RFC 5737, RFC 3849: addresses that nobody has.
  const address = index % 5 === 4 ? `2001:db8::${index.toString(16)}` : `198.51.100.${index}`;
  const body = isAdded ? JSON.stringify({ addresses: [address] }) : '';
  const target = `/v1/sources/${cliSource}/services/rehearsal/entry-${index}?force=true`;
  return `${isAdded ? 'PUT' : 'DELETE'} ${target} HTTP/1.1\r\nhost: herald\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Answers are short: each arrives in one piece, and what it says does not matter. */
async function ask(line: Socket, question: string): Promise<void> {
  const answered = once(line, 'data');
  line.write(question);
  await answered;
}
