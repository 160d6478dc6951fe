// A running herald from the inside: the configuration in force, its sources, the announcer, and what is known of the
// peers. daemon.ts decides when; here is what happens. The windows see it as a House.

import type { DrainBody, DrainCalledOff, DrainRequest } from '../api/drain.js';
import type {
  Confirmation,
  EntryStream,
  EntryWritten,
  ExplainBody,
  House,
  Listed,
  PageRequest,
  PlanRequest,
  PlanResult,
  PoolBody,
  ReloadOptions,
  ReloadResult,
  ServiceAnnouncementBody,
  ServiceBody,
  SourceBody,
  StatusBody,
  TableBody,
  TableWritten,
  WriteFailure,
  WriteOptions,
} from '../api/house.js';
import type { InterfaceBody, MemberBody } from '../api/lan.js';
import type { PeerOrder, PeerOutcome } from '../api/peers.js';
import type { FromSpeaker, PeerStatus, PropagationCounts, SpeakerStatus } from '../bgp/protocol.js';
import type { Config } from '../config/config.js';
import type { BgpThread } from '../io/bgp-thread.js';
import { monotonicClock, nodeTimers } from '../io/clock.js';
import { DrainMarker } from '../io/drain-marker.js';
import { hasLedger, openLedger } from '../io/ledger.js';
import type { HouseLog } from '../io/log.js';
import { formatAddress } from '../net/address.js';
import { Announcer, describeRefusal } from '../plan/announcer.js';
import { Listing } from '../plan/listing.js';
import type { Ledger } from '../pools/ledger.js';
import type { Problem } from '../problem.js';
import { version } from '../version.js';
import { allocationLines, poolBodies } from './allocation-bodies.js';
import { AllocationsFile } from './allocations-file.js';
import { AllotmentShell } from './allotment-shell.js';
import { ConfigKeeper, type ConfigRefusal, type Exemptions } from './config-keeper.js';
import { DampedTable } from './damped-table.js';
import { Drainage } from './drain.js';
import type { HttpKeeper } from './http-keeper.js';
import { listedAnnouncements, listedServices } from './inventory.js';
import { LanKeeper } from './lan-keeper.js';
import { LedgerKeeper } from './ledger-keeper.js';
import { ownRouterId, PeerKeeper } from './peer-keeper.js';
import type { ConfigPlaces } from './places.js';
import { planChange } from './planning.js';
import { PushedEntries } from './pushed-entries.js';
import { TableSources } from './table-sources.js';

export interface Surroundings {
  readonly configFile: string;
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly bgp: BgpThread;
  readonly log: HouseLog;
  readonly http: HttpKeeper;
  /** The F bit of graceful restart. */
  readonly forwardingPreserved: boolean;
  /** summary() may have another line. */
  readonly changed: () => void;
}

/** The first announcements wait no longer for peers that are not up. */
const sessionPatienceMs = 100;

export class Residence implements House {
  readonly #surroundings: Surroundings;
  readonly #announcer: Announcer;
  readonly #table: DampedTable;
  readonly #listing: Listing;
  readonly #pushed: PushedEntries;
  readonly #sources: TableSources;
  readonly #lan: LanKeeper;
  readonly #keeper: LedgerKeeper;
  readonly #shell: AllotmentShell;
  readonly #allocationsFile: AllocationsFile;
  readonly #peers: PeerKeeper;
  readonly #drainage: Drainage;
  readonly #startedAt = performance.now();
  readonly #keptConfig: ConfigKeeper;
  /** Where things stand in it, once somebody has asked. */
  #places: ConfigPlaces | undefined;
  #isOpen: boolean = false;
  #isTold: boolean = false;
  readonly #announced: Promise<void>;
  #beAnnounced: () => void = () => {};

  /** Throws LedgerUnusable: before anybody is spoken to, for another herald may have the state directory. */
  static async open(config: Config, problems: readonly Problem[], surroundings: Surroundings): Promise<Residence> {
    const { stateDirectory } = surroundings;
    const keeper = new LedgerKeeper(() => openLedger(stateDirectory));
    const isNeeded = hasLedger(stateDirectory) || config.addressPools.length > 0;
    const ledger = isNeeded ? await keeper.open() : undefined;
    return new Residence(config, problems, surroundings, await ownRouterId(config), keeper, ledger);
  }

  private constructor(
    config: Config,
    problems: readonly Problem[],
    surroundings: Surroundings,
    routerId: number,
    keeper: LedgerKeeper,
    ledger: Ledger | undefined,
  ) {
    const { log, bgp, forwardingPreserved } = surroundings;
    this.#surroundings = surroundings;
    this.#keptConfig = new ConfigKeeper(config, problems, {
      configFile: surroundings.configFile,
      log,
      time: { ...monotonicClock, ...nodeTimers },
      admit: (...asked) => this.#admit(...asked),
      apply: (accepted) => this.#apply(accepted),
      changed: surroundings.changed,
    });
    this.#keeper = keeper;
    this.#allocationsFile = new AllocationsFile(surroundings.stateDirectory, log, nodeTimers, () =>
      allocationLines(this.#announcer),
    );
    this.#shell = new AllotmentShell(
      keeper,
      log,
      nodeTimers,
      () => this.#announcer.tick(),
      () => this.#allocationsFile.changed(),
    );
    this.#announcer = new Announcer(config, bgp, () => new Date(), this.#shell);
    const stored = ledger?.read() ?? { holdings: [], releases: [], entries: [] };
    this.#announcer.allotment.restore(stored);
    const environment = { log, timers: nodeTimers, nowMs: monotonicClock.monotonicMs };
    this.#table = new DampedTable(this.#announcer, environment, (...settled) => this.#pushed.settled(...settled));
    this.#listing = new Listing(
      this.#announcer,
      (name) => this.#peers.view(name),
      () => this.#sources.rejected,
      (source) => this.#sources.state(source)?.since ?? this.#keptConfig.loadedAt,
      this.#table,
    );
    this.#drainage = new Drainage({
      announcer: this.#announcer,
      memory: new DrainMarker(surroundings.stateDirectory),
      log,
      timers: nodeTimers,
      nowMs: monotonicClock.monotonicMs,
      behind: () => this.#peers.behind(),
      lanSettled: () => this.#lan.settled(),
      changed: surroundings.changed,
    });
    this.#drainage.resume();
    this.#announced = new Promise((resolve) => {
      this.#beAnnounced = resolve;
    });
    this.#pushed = new PushedEntries({
      announcer: this.#announcer,
      table: this.#table,
      listing: this.#listing,
      keeper,
      log,
      clock: monotonicClock,
      timers: nodeTimers,
      config: () => this.#config,
      changed: (source) => this.#sources.count(source),
    });
    this.#peers = new PeerKeeper({ announcer: this.#announcer, bgp, log, routerId, forwardingPreserved });
    this.#peers.configure(config);
    void surroundings.http.configure(config.http.listen);
    this.#sources = new TableSources(
      config,
      this.#announcer,
      this.#table,
      log,
      () => ledger && this.#pushed.restore(ledger, stored.entries),
      (source) => this.#pushed.forget(source),
      () => bgp.tableLoaded(),
    );
    void this.#sources.tried.then(() => {
      if (!this.#sources.isLoaded) this.#beAnnounced();
    });
    this.#lan = new LanKeeper(config, this.#announcer, surroundings.log, this.#sources.tried);
  }

  /** Every source has been tried once. */
  get tablesRead(): Promise<void> {
    return this.#sources.tried;
  }

  /** The tables have been told, and every session is up or has had its time; or a source cannot be read. */
  get announced(): Promise<void> {
    return this.#announced;
  }

  tableTold(): void {
    this.#isTold = true;
    if (this.#peers.areAllUp) this.#beAnnounced();
    else setTimeout(this.#beAnnounced, sessionPatienceMs);
  }

  get #config(): Config {
    return this.#keptConfig.config;
  }

  /** One line for the start: what is read, and who is spoken to. */
  describe(): string {
    const { bgpPeers } = this.#config;
    const tables = this.#config.sources.map((source) =>
      source.kind === 'file' ? source.file : `the source ${source.name}`,
    );
    const listen = this.#config.bgp.listen.map(({ address, port }) => `${formatAddress(address)} port ${port}`);
    return [
      `herald ${version} on ${this.#config.node.name} reads ${this.#surroundings.configFile} and ${tables.join(', ')}`,
      `has ${bgpPeers.length} BGP ${bgpPeers.length === 1 ? 'peer' : 'peers'}`,
      ...(this.#config.l2Advertisements.length > 0 ? ['announces on the LAN'] : []),
      ...(listen.length > 0 ? [`listens for BGP on ${listen.join(', ')}`] : []),
      `answers on ${this.#surroundings.socketPath}`,
    ].join('; ');
  }

  /** One line for whoever looks from far: how many peers, how many routes. */
  summary(): string {
    const { drained, draining } = this.#drainage.body;
    const drain = drained ? '; drained' : draining ? '; draining' : '';
    const stale = this.#keptConfig.isStale ? '; the configuration on disk is not in force' : '';
    const { established, keptDown } = this.#peers;
    const down = keptDown > 0 ? ` (${keptDown} disabled)` : '';
    return `${established} of ${this.#config.bgpPeers.length} BGP peers Established${down}, ${this.#announcer.announced} prefixes announced${drain}${stale}`;
  }

  /** The windows are open. */
  opened(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#keptConfig.close();
    this.#drainage.stop();
    this.#sources.stop();
    this.#table.stop();
    this.#pushed.stop();
    this.#shell.stop();
    this.#allocationsFile.stop();
    this.#keeper.close();
  }

  /** Nothing is answered on the LAN any more when it returns. */
  leaveLan(isForRestart: boolean): Promise<void> {
    return this.#lan.leave(isForRestart);
  }

  peerChanged(transition: Extract<FromSpeaker, { kind: 'transition' }>): void {
    this.#peers.changed(transition);
    if (this.#isTold && transition.state === 'Established' && this.#peers.areAllUp) this.#beAnnounced();
  }

  async isReady(): Promise<boolean> {
    return this.#isReadyWith(await this.#surroundings.bgp.status());
  }

  #isReadyWith({ listeners }: SpeakerStatus): boolean {
    const areOpen = listeners.every(({ problem }) => problem === '');
    return this.#isOpen && this.#sources.isLoaded && areOpen && this.#lan.isReady;
  }

  async status(): Promise<StatusBody> {
    const speaker = await this.#surroundings.bgp.status();
    const http = this.#surroundings.http.body;
    const { table } = this.#announcer;
    const { drained, draining } = this.#drainage.body;
    let allocated = this.#announcer.bulks.size;
    for (const name of table.names()) {
      const { state } = this.#announcer.settlement(table.winner(name)!.service);
      if (state === 'Allocated' || state === 'Moving' || state === 'OutOfPool') allocated++;
    }
    return {
      node: this.#config.node.name,
      version,
      uptimeSeconds: Math.floor((performance.now() - this.#startedAt) / 1000),
      ready: this.#isReadyWith(speaker),
      drained,
      draining,
      config: this.#keptConfig.body(),
      sources: this.sources(),
      listeners: speaker.listeners.map(({ endpoint, problem }) => ({
        address: formatAddress(endpoint.address),
        port: endpoint.port,
        problem,
      })),
      ...(http && { http }),
      layer2: { problems: this.#lan.problems },
      counts: {
        services: table.size + this.#announcer.bulks.size,
        allocated,
        announcedBgp: this.#announcer.servicesAnnouncedTo((peer) => this.#peers.isUp(peer)),
        announcedLayer2: this.#lan.servicesAnnounced,
        peers: this.#config.bgpPeers.length,
        peersEstablished: this.#peers.established,
        peersDisabled: this.#peers.keptDown,
      },
    };
  }

  async propagation(): Promise<PropagationCounts> {
    return (await this.#surroundings.bgp.status()).propagation;
  }

  async peers(): Promise<readonly PeerStatus[]> {
    return (await this.#surroundings.bgp.status()).peers;
  }

  services(page: PageRequest): Listed<ServiceBody> {
    return listedServices(this.#listing, page);
  }

  service(name: string): ServiceBody | undefined {
    return this.#listing.items(name)[0];
  }

  announcements(page: PageRequest): Listed<ServiceAnnouncementBody> {
    return listedAnnouncements(this.#listing, page);
  }

  get metricsCompat(): Config['metrics']['compat'] {
    return this.#config.metrics.compat;
  }

  async explain(asked: string): Promise<ExplainBody | undefined> {
    const [{ explain }, { ConfigPlaces }] = await Promise.all([import('../explain/explain.js'), import('./places.js')]);
    this.#places ??= new ConfigPlaces(this.#surroundings.configFile);
    const config = this.#places;
    return explain(asked, {
      announcer: this.#announcer,
      listing: this.#listing,
      peers: await this.peers(),
      lanProblems: this.#lan.problems,
      isStale: (source) => this.#sources.state(source)?.stale === true,
      places: {
        config: (...steps) => config.of(...steps),
        entry: (source, name) => this.#sources.placeOf(source, name),
        row: (source, prefix) => this.#sources.placeOfRow(source, prefix),
      },
    });
  }

  pools(): readonly PoolBody[] {
    return poolBodies(this.#announcer.allotment);
  }

  sources(): readonly SourceBody[] {
    return this.#sources.bodies(this.#config);
  }

  interfaces(): readonly InterfaceBody[] {
    return this.#lan.interfaces();
  }

  members(): readonly MemberBody[] {
    return this.#lan.members();
  }

  setMember(name: string, alive: boolean): boolean | undefined {
    return this.#lan.setMember(name, alive);
  }

  putService(
    source: string,
    name: string,
    entry: unknown,
    options: WriteOptions,
  ): Promise<EntryWritten | WriteFailure> {
    return this.#pushed.writers.put(source, name, entry, options);
  }

  deleteService(source: string, name: string, options: WriteOptions): Promise<EntryWritten | WriteFailure> {
    return this.#pushed.writers.delete(source, name, options);
  }

  replaceServices(source: string, table: TableBody, options: WriteOptions): Promise<TableWritten | WriteFailure> {
    return this.#pushed.writers.replace(source, table, options);
  }

  openStream(source: string, options: WriteOptions): EntryStream | WriteFailure {
    return this.#pushed.writers.stream(source, options);
  }

  plan(request: PlanRequest): Promise<PlanResult> {
    return planChange(this.#announcer, request, this.#surroundings.configFile);
  }

  drain(request: DrainRequest): Promise<DrainBody | DrainCalledOff> {
    return this.#drainage.drain(request);
  }

  undrain(): boolean {
    return this.#drainage.undrain();
  }

  commandPeer(name: string, order: PeerOrder): PeerOutcome {
    const outcome = this.#peers.command(name, order);
    this.#surroundings.changed();
    return outcome;
  }

  reload(options: ReloadOptions = {}): Promise<ReloadResult> {
    return this.#keptConfig.reload(options);
  }

  confirm(): Confirmation {
    return this.#keptConfig.confirm();
  }

  async #admit(config: Config, exempt: Exemptions): Promise<ConfigRefusal | undefined> {
    // Where it cannot be opened nothing is given out, which says so, and it is tried again.
    if (config.addressPools.length > 0) await this.#keeper.open().catch(() => {});
    const refusal = this.#announcer.configure(config, exempt.safety, exempt.revocations);
    if (refusal === undefined) return undefined;
    return 'revocations' in refusal
      ? { lines: refusal.revocations, onlyRevocations: true }
      : { lines: [describeRefusal(refusal)], onlyRevocations: false };
  }

  async #apply(config: Config): Promise<void> {
    this.#surroundings.log.configure(config.log.level, config.log.format);
    this.#peers.configure(config);
    this.#sources.configure(config);
    this.#lan.configure(config);
    await this.#surroundings.http.configure(config.http.listen);
  }
}
