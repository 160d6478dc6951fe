// A running herald from the inside: the configuration in force, its sources, the announcer, and what is known of the
// peers. daemon.ts decides when; here is what happens. The windows see it as a House.

import type {
  House,
  Page,
  PageRequest,
  ReloadResult,
  ServiceAnnouncementBody,
  ServiceBody,
  SourceBody,
  StatusBody,
  WriteResult,
} from './api/house.js';
import type { FromSpeaker, PeerCommand, PeerStatus } from './bgp/protocol.js';
import type { BgpPeer, Config, SourceConfig } from './config/config.js';
import { impact } from './config/impact.js';
import { deleteEntry, type EntryResult, putEntry, type WriteOptions } from './entries.js';
import { announcementsPage, servicesPage } from './inventory.js';
import type { BgpThread } from './io/bgp-thread.js';
import { firstIpv4Address, sourceAddressTowards } from './io/local-addresses.js';
import type { HouseLog } from './io/log.js';
import { watchFile } from './io/watch.js';
import { loadConfig } from './load-config.js';
import { formatAddress, parseIpv4 } from './net/address.js';
import { Announcer, cliSource, describeRefusal, type Refusal } from './plan/announcer.js';
import { Listing, type PeerView } from './plan/listing.js';
import { formatProblem, type Problem } from './problem.js';
import { sessionSettings } from './session-settings.js';
import { SourceState } from './source-state.js';
import { FileSource } from './sources/file.js';
import type { SourceUpdate } from './sources/update.js';
import type { SourceChange } from './table/merged.js';
import { version } from './version.js';

export interface Surroundings {
  readonly configFile: string;
  readonly socketPath: string;
  readonly bgp: BgpThread;
  readonly log: HouseLog;
  /** The F bit of graceful restart. */
  readonly forwardingPreserved: boolean;
}

interface OpenSource {
  readonly state: SourceState;
  readonly config: SourceConfig | undefined;
  readonly file: FileSource | undefined;
  /** What safety refused: still to come, together with whatever changes next. */
  refused: SourceChange | undefined;
}

/** How long the first End-of-RIB waits for a source that cannot be read: a helper keeps our routes meanwhile. */
const firstTablePatienceMs = 60_000;
const noPeer: PeerView = { established: false, families: [] };

export class Residence implements House {
  /** Every source has been tried once. */
  readonly tablesRead: Promise<void>;
  readonly #surroundings: Surroundings;
  readonly #announcer: Announcer;
  readonly #listing: Listing;
  readonly #sources = new Map<string, OpenSource>();
  readonly #peers = new Map<string, PeerView>();
  readonly #generations = new Map<string, { readonly peer: BgpPeer; readonly number: number }>();
  readonly #startedAt = performance.now();
  readonly #routerId: number;
  #tablesRead: () => void = () => {};
  #config: Config;
  #configProblems: readonly Problem[];
  #configLoadedAt = new Date();
  #refusal = '';
  #isStale: boolean = false;
  #isOpen: boolean = false;
  #isLoaded: boolean = false;
  #reloading: Promise<ReloadResult> | undefined;

  static async open(config: Config, problems: readonly Problem[], surroundings: Surroundings): Promise<Residence> {
    return new Residence(config, problems, surroundings, await ownRouterId(config));
  }

  private constructor(config: Config, problems: readonly Problem[], surroundings: Surroundings, routerId: number) {
    this.#surroundings = surroundings;
    this.#config = config;
    this.#configProblems = problems;
    this.#routerId = routerId;
    this.tablesRead = new Promise((resolve) => {
      this.#tablesRead = resolve;
    });
    this.#announcer = new Announcer(config, surroundings.bgp, () => new Date());
    this.#listing = new Listing(
      this.#announcer,
      (name) => this.#peers.get(name) ?? noPeer,
      () => [...this.#sources.values()].flatMap(({ state }) => state.rejected),
      (source) => this.#sources.get(source)?.state.since ?? this.#configLoadedAt,
    );
    this.#configurePeers();
    this.#sources.set(cliSource, {
      state: new SourceState(cliSource, 'cli'),
      config: undefined,
      file: undefined,
      refused: undefined,
    });
    for (const source of config.sources) this.#openSource(source);
    this.#settleFirstTables();
  }

  /** One line for the start: what is read, and who is spoken to. */
  describe(): string {
    const tables = this.#config.sources.map((source) =>
      source.kind === 'file' ? source.file : `the source ${source.name}`,
    );
    const listen = this.#config.bgp.listen.map(({ address, port }) => `${formatAddress(address)} port ${port}`);
    return [
      `herald ${version} on ${this.#config.node.name} reads ${this.#surroundings.configFile} and ${tables.join(', ')}`,
      `has ${this.#config.bgpPeers.length} BGP peers`,
      ...(listen.length > 0 ? [`listens for BGP on ${listen.join(', ')}`] : []),
      `answers on ${this.#surroundings.socketPath}`,
    ].join('; ');
  }

  /** The windows are open. */
  opened(): void {
    this.#isOpen = true;
  }

  close(): void {
    for (const { file } of this.#sources.values()) file?.stop();
  }

  peerChanged({ peer, state, families }: Extract<FromSpeaker, { kind: 'transition' }>): void {
    this.#peers.set(peer, { established: state === 'Established', families });
  }

  async status(): Promise<StatusBody> {
    const { listeners } = await this.#surroundings.bgp.status();
    const established = [...this.#peers.values()].filter((peer) => peer.established);
    const { table } = this.#announcer;
    let allocated = this.#announcer.bulks.size;
    for (const name of table.names()) {
      if (this.#announcer.settlement(table.winner(name)!.service).state === 'Allocated') allocated++;
    }
    return {
      node: this.#config.node.name,
      version,
      uptimeSeconds: Math.floor((performance.now() - this.#startedAt) / 1000),
      ready: this.#isOpen && this.#isLoaded && listeners.every(({ problem }) => problem === ''),
      drained: false,
      config: {
        file: this.#surroundings.configFile,
        stale: this.#isStale,
        problems: [...(this.#refusal === '' ? [] : [this.#refusal]), ...this.#configProblems.map(formatProblem)],
        loadedAt: this.#configLoadedAt.toISOString(),
      },
      sources: this.sources(),
      listeners: listeners.map(({ endpoint, problem }) => ({
        address: formatAddress(endpoint.address),
        port: endpoint.port,
        problem,
      })),
      counts: {
        services: table.size + this.#announcer.bulks.size,
        allocated,
        announcedBgp: this.#announcer.servicesAnnouncedTo((peer) => this.#peers.get(peer)?.established === true),
        announcedLayer2: 0,
        peers: this.#config.bgpPeers.length,
        peersEstablished: established.length,
      },
    };
  }

  async peers(): Promise<readonly PeerStatus[]> {
    return (await this.#surroundings.bgp.status()).peers;
  }

  services(page: PageRequest): Page<ServiceBody> {
    return servicesPage(this.#listing, page);
  }

  service(name: string): ServiceBody | undefined {
    return this.#listing.items(name)[0];
  }

  announcements(page: PageRequest): Page<ServiceAnnouncementBody> {
    return announcementsPage(this.#listing, page);
  }

  sources(): readonly SourceBody[] {
    const configured = this.#config.sources.map(({ name }) => name);
    return [...configured, cliSource].flatMap((name) => {
      const source = this.#sources.get(name);
      return source === undefined ? [] : [source.state.body()];
    });
  }

  putService(source: string, name: string, entry: unknown, options: WriteOptions): WriteResult {
    return this.#written(source, name, putEntry(this.#announcer, this.#config, source, name, entry, options));
  }

  deleteService(source: string, name: string, options: WriteOptions): WriteResult {
    return this.#written(source, name, deleteEntry(this.#announcer, this.#config, source, name, options));
  }

  commandPeer(name: string, command: PeerCommand): boolean {
    if (!this.#config.bgpPeers.some((peer) => peer.name === name)) return false;
    this.#surroundings.bgp.command(name, command);
    return true;
  }

  /** The configuration once more, and every file source with it. Calls that come meanwhile share one that comes after. */
  async reload(): Promise<ReloadResult> {
    const before = this.#reloading;
    const turn = (async () => {
      await before;
      return this.#reload();
    })();
    this.#reloading = turn;
    return turn;
  }

  #reload(): ReloadResult {
    const { log, configFile } = this.#surroundings;
    const { config, problems } = loadConfig(configFile);
    if (config === undefined) return this.#stayStale(problems, '');
    const refusal = this.#announcer.configure(config, false);
    if (refusal !== undefined) return this.#stayStale(problems, describeRefusal(refusal));
    this.#config = config;
    this.#configProblems = problems;
    this.#configLoadedAt = new Date();
    this.#refusal = '';
    this.#isStale = false;
    log.configure(config.log.level, config.log.format);
    this.#configurePeers();
    for (const view of this.#announcer.dropUnusedViews()) this.#surroundings.bgp.dropView(view);
    this.#configureSources();
    for (const problem of problems) log.write('warn', 'configProblem', formatProblem(problem));
    log.write('info', 'configLoaded', `${configFile} is in force`, { peers: config.bgpPeers.length });
    return { kind: 'done', warnings: problems.map(formatProblem) };
  }

  #stayStale(problems: readonly Problem[], refusal: string): ReloadResult {
    const { log, configFile } = this.#surroundings;
    this.#isStale = true;
    this.#configProblems = problems;
    this.#refusal = refusal;
    const lines = [...(refusal === '' ? [] : [refusal]), ...problems.map(formatProblem)];
    log.write(
      'error',
      'configStale',
      `${configFile} is not taken over, the configuration before stays in force: ${lines[0]}`,
      {
        problems: lines,
      },
    );
    return { kind: 'refused', problems: lines };
  }

  #configurePeers(): void {
    const { bgpPeers, bgp, node } = this.#config;
    const own = {
      routerId: bgp.routerId ?? this.#routerId,
      hostName: node.name,
      softwareVersion: `herald/${version}`,
      forwardingPreserved: this.#surroundings.forwardingPreserved,
    };
    const viewOf = new Map(this.#announcer.views.flatMap(({ id, peers }) => peers.map((peer) => [peer, id] as const)));
    this.#surroundings.bgp.configure({
      listen: bgp.listen,
      peers: bgpPeers.map((peer) => ({
        session: sessionSettings(peer, own),
        generation: this.#generation(peer, own.routerId),
        view: viewOf.get(peer.name)!,
      })),
    });
    const names = new Set(bgpPeers.map(({ name }) => name));
    for (const known of [this.#peers, this.#generations])
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
  }

  /** Another number once a change needs a new session. */
  #generation(peer: BgpPeer, routerId: number): number {
    const known = this.#generations.get(peer.name);
    const isSame = known !== undefined && !impact(known.peer, peer).some(({ effect }) => effect === 'reset');
    const before = known === undefined ? 0 : Math.floor(known.number / 2 ** 32);
    const number = (isSame ? before : before + 1) * 2 ** 32 + routerId;
    this.#generations.set(peer.name, { peer, number });
    return number;
  }

  #configureSources(): void {
    const wanted = new Map(this.#config.sources.map((source) => [source.name, source]));
    for (const [name, { config, file }] of this.#sources) {
      if (name === cliSource || (config !== undefined && sameSource(config, wanted.get(name)))) continue;
      file?.stop();
      this.#announcer.dropSource(name);
      this.#sources.delete(name);
    }
    for (const [name, source] of wanted) {
      const known = this.#sources.get(name);
      if (known === undefined) this.#openSource(source);
      else known.file?.reload(this.#config.communityAliases);
    }
  }

  #openSource(config: SourceConfig): void {
    const state = new SourceState(config.name, config.kind, config.kind === 'file' ? config.file : undefined);
    const source: OpenSource = {
      state,
      config,
      file: config.kind === 'file' ? this.#fileSource(config.name, config.file, state) : undefined,
      refused: undefined,
    };
    this.#sources.set(config.name, source);
    source.file?.start();
  }

  #fileSource(name: string, file: string, state: SourceState): FileSource {
    const deliver = (update: SourceUpdate): void => {
      const source = this.#sources.get(name);
      if (source?.state === state) this.#take(source, update);
    };
    const environment = { watch: watchFile, log: this.#surroundings.log, aliases: this.#config.communityAliases };
    return new FileSource({ name, file }, environment, deliver);
  }

  #take(source: OpenSource, update: SourceUpdate): void {
    const { state } = source;
    const refusal = this.#apply(source, update);
    if (refusal !== undefined) {
      state.refused(describeRefusal(refusal));
      this.#surroundings.log.write(
        'error',
        'tableRefused',
        `the table of ${state.name} is not taken over: ${describeRefusal(refusal)}`,
        {
          source: state.name,
          ...refusal,
        },
      );
    }
    this.#settleFirstTables();
  }

  #apply(source: OpenSource, update: SourceUpdate): Refusal | undefined {
    const { state } = source;
    switch (update.kind) {
      case 'stale':
        state.failed(update.problems);
        return undefined;
      case 'bulk': {
        const refusal = this.#announcer.applyBulk(state.name, update.bulk);
        if (refusal === undefined) state.taken(update.problems, update.count);
        return refusal;
      }
      case 'services': {
        const change = source.refused === undefined ? update : combined(source.refused, update);
        const refusal = this.#announcer.applyServices(state.name, change);
        source.refused = refusal === undefined ? undefined : change;
        if (refusal !== undefined) return refusal;
        state.taken(update.problems, update.count);
        state.rejected = update.rejected.flatMap(({ name, problems }) =>
          name === undefined ? [] : [{ source: state.name, name, message: problems.map(formatProblem).join('; ') }],
        );
        return undefined;
      }
    }
  }

  #written(source: string, name: string, result: EntryResult): WriteResult {
    if (result.kind !== 'done' && result.kind !== 'unchanged') return result;
    const state = this.#sources.get(source)?.state;
    if (state !== undefined && result.kind === 'done') state.count = this.#announcer.table.countOf(source);
    return { kind: result.kind, service: this.#listing.items(name).find((item) => item.source === source) };
  }

  /** RFC 4724 §4.1: End-of-RIB only when the table is known, for a helper drops what was not announced by then. */
  #settleFirstTables(): void {
    if (this.#isLoaded) return;
    const states = [...this.#sources.values()].map(({ state }) => state);
    const tried = states.every(({ loaded, stale }) => loaded || stale);
    if (!tried) return;
    this.#tablesRead();
    if (states.every(({ loaded }) => loaded)) this.#loaded();
    else this.#patience ??= setTimeout(() => this.#loaded(), firstTablePatienceMs).unref();
  }

  #patience: NodeJS.Timeout | undefined;

  #loaded(): void {
    if (this.#isLoaded) return;
    clearTimeout(this.#patience);
    this.#isLoaded = true;
    this.#surroundings.bgp.tableLoaded();
  }
}

const sameSource = (a: SourceConfig, b: SourceConfig | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One change that does what both do, one after the other. */
function combined(first: SourceChange, then: SourceChange): SourceChange {
  const last = new Map<string, SourceChange['upserted'][number] | undefined>();
  for (const change of [first, then]) {
    for (const name of change.removed) last.set(name, undefined);
    for (const service of change.upserted) last.set(service.name, service);
  }
  return {
    upserted: [...last.values()].filter((service) => service !== undefined),
    removed: [...last].flatMap(([name, service]) => (service === undefined ? [name] : [])),
  };
}

/** RFC 4271 §4.2: one of our addresses; the one the first IPv4 peer will see, else any. */
async function ownRouterId(config: Config): Promise<number> {
  if (config.bgp.routerId !== undefined) return config.bgp.routerId;
  const peer = config.bgpPeers.find(({ peerAddress }) => peerAddress.family === 'ipv4');
  const source = peer && (peer.sourceAddress ?? (await sourceAddressTowards(peer.peerAddress)));
  return (source ?? firstIpv4Address() ?? parseIpv4('127.0.0.1')!).words[0]!;
}
