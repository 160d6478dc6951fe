// The BGP thread's floor: sessions, listeners and the views' routes, kept as the last configuration wants them.
// Pure but for the ports it is handed; worker.ts gives it the real ones.

import { type Address, type Family, formatAddress, isIpv6LinkLocal, sameAddress } from '../net/address.js';
import type { Clock, Log, Random, Timer, Timers } from '../ports.js';
import { BgpError } from './errors.js';
import { encodeMessage } from './message.js';
import type { Negotiated } from './negotiate.js';
import { afiSafiOf, familyOf } from './nlri.js';
import { ceaseSubcode, errorCode, maxExtendedMessageOctets, maxMessageOctets } from './numbers.js';
import { Propagation } from './propagation.js';
import type {
  FromSpeaker,
  ListenerStatus,
  PeerCommand,
  PeerSettings,
  PeerStatus,
  SpeakerSettings,
  SpeakerStatus,
  ToSpeaker,
} from './protocol.js';
import type { SessionKind } from './route-attributes.js';
import { Session, type SessionOutput } from './session.js';
import type { SessionSettings } from './settings.js';
import type { Connection, ConnectionEvents, Endpoint, Listener, Transport } from './transport.js';
import { TransportError } from './transport.js';
import { endOfRib } from './update.js';
import type { Member } from './update-group.js';
import { type Membership, Views } from './views.js';

export interface SpeakerEnvironment {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** An address of the other family on the interface that has `local`: the next hop for routes of that family. */
  neighbourAddress(local: Address, family: Family): Address | undefined;
  report(message: FromSpeaker): void;
}

/** A session takes more routes while less than this waits for the kernel: enough to keep a fast peer busy for a turn. */
const unsentLimit = 262144;
const listenRetryMs = 5000;
const nextHopRetryMs = 1000;

export class Speaker {
  readonly #environment: SpeakerEnvironment;
  readonly #views: Views;
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #listeners = new Map<string, ListenerState>();
  readonly #propagation = new Propagation();
  #unknownPeers = 0;

  constructor(environment: SpeakerEnvironment) {
    this.#environment = environment;
    const tooLarge = 'routes are not announced: their attributes fill a whole message';
    this.#views = new Views(
      (attributes) => environment.log.write('error', 'routesTooLarge', tooLarge, { attributes }),
      (task) => environment.timers.after(0, task),
      (sinceMs, peers) => this.#propagation.add(environment.clock.monotonicMs() - sinceMs, peers),
    );
  }

  receive(message: ToSpeaker): void {
    switch (message.kind) {
      case 'configure':
        this.#configure(message.settings);
        break;
      case 'defineAttributes':
        for (const { id, attributes } of message.sets) this.#views.define(id, attributes);
        break;
      case 'changeRoutes':
        this.#giveUp(this.#views.change(message.view, message.columns, message.sinceMs));
        break;
      case 'withdrawAll':
        this.#giveUp(this.#views.withdrawAll(message.view, message.family, message.sinceMs));
        break;
      case 'forgetAttributes':
        for (const id of message.ids) this.#views.forget(id);
        break;
      case 'dropView':
        this.#views.drop(message.view);
        break;
      case 'tableLoaded':
        this.#views.complete();
        this.#environment.report({ kind: 'tableTold' });
        break;
      case 'query':
        this.#environment.report({ kind: 'answer', id: message.id, status: this.status() });
        break;
      case 'command':
        this.#neighbours.get(message.peer)?.command(message.command);
        break;
      case 'stop':
        this.#stop(message.text, message.keepRoutes);
        break;
    }
  }

  status(): SpeakerStatus {
    return {
      peers: [...this.#neighbours.values()].map((neighbour) => neighbour.status()),
      listeners: [...this.#listeners.values()].map(({ status }) => status),
      propagation: this.#propagation.counts,
    };
  }

  #giveUp(laggard: Member | undefined): void {
    if (laggard === undefined) return;
    for (const neighbour of this.#neighbours.values()) neighbour.giveUp(laggard);
  }

  #configure({ listen, peers }: SpeakerSettings): void {
    const wanted = new Map(peers.map((peer) => [peer.session.name, peer]));
    // An address may have gone from one peer to another: its key stays as long as anybody has it.
    const isGone = ({ remote }: SessionSettings): boolean =>
      remote !== undefined && !peers.some(({ session }) => isAt(session, remote.address));
    for (const [name, neighbour] of this.#neighbours) {
      if (isGone(neighbour.settings)) this.#setKey(neighbour.settings, undefined);
      if (wanted.has(name)) continue;
      neighbour.stop(ceaseSubcode.peerDeconfigured, '', false);
      this.#neighbours.delete(name);
    }
    this.#configureListeners(listen);
    for (const [name, peer] of wanted) {
      const known = this.#neighbours.get(name);
      this.#setKey(peer.session, peer.session.socket.md5Password);
      if (known === undefined) {
        const neighbour = new Neighbour(peer, this.#environment, this.#views);
        this.#neighbours.set(name, neighbour);
        neighbour.start();
      } else known.configure(peer);
    }
  }

  #configureListeners(listen: readonly Endpoint[]): void {
    const wanted = new Map(listen.map((endpoint) => [endpointText(endpoint), endpoint]));
    for (const [key, state] of this.#listeners) {
      if (wanted.has(key)) continue;
      state.close();
      this.#listeners.delete(key);
    }
    for (const [key, endpoint] of wanted) {
      if (this.#listeners.has(key)) continue;
      const state = new ListenerState(
        endpoint,
        this.#environment,
        (connection) => this.#accept(connection),
        (listener) => {
          for (const { settings } of this.#neighbours.values()) {
            if (settings.remote !== undefined)
              listener.setMd5Password(settings.remote.address, settings.socket.md5Password);
          }
        },
      );
      this.#listeners.set(key, state);
      state.open();
    }
  }

  #setKey({ name, remote }: SessionSettings, password: string | undefined): void {
    if (remote === undefined) return;
    for (const { listener } of this.#listeners.values()) {
      try {
        listener?.setMd5Password(remote.address, password);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        this.#environment.log.write(
          'error',
          'md5Failed',
          `the TCP MD5 key of ${name} cannot be set: ${error.message}`,
          { peer: name },
        );
      }
    }
  }

  /** Whose connection it is. A stranger's is closed before anything is kept for it. */
  #accept(connection: Connection): ConnectionEvents | undefined {
    const { address } = connection.remote;
    const neighbour = [...this.#neighbours.values()].find(({ settings }) => isAt(settings, address));
    if (neighbour !== undefined) return neighbour.accept(connection);
    this.#unknownPeers++;
    // One line for the 1st, 2nd, 4th, 8th … : a flood of connections is no flood of lines.
    if (Number.isInteger(Math.log2(this.#unknownPeers))) {
      this.#environment.log.write(
        'warn',
        'unknownPeer',
        `refused a connection from ${formatAddress(address)}, which is no peer`,
        {
          address: formatAddress(address),
          refused: this.#unknownPeers,
        },
      );
    }
    return undefined;
  }

  #stop(text: string, keepRoutes: boolean): void {
    for (const state of this.#listeners.values()) state.close();
    this.#listeners.clear();
    for (const neighbour of this.#neighbours.values())
      neighbour.stop(ceaseSubcode.administrativeShutdown, text, keepRoutes);
  }
}

const endpointText = ({ address, port }: Endpoint): string => `${formatAddress(address)} ${port}`;

const isAt = ({ remote }: SessionSettings, address: Address): boolean =>
  remote !== undefined && sameAddress(remote.address, address);

/** A listening socket that is wanted: opened as soon as it can be. */
class ListenerState {
  readonly #endpoint: Endpoint;
  readonly #environment: SpeakerEnvironment;
  readonly #accept: (connection: Connection) => ConnectionEvents | undefined;
  readonly #prepare: (listener: Listener) => void;
  listener: Listener | undefined;
  #problem = '';
  #retry: Timer | undefined;

  constructor(
    endpoint: Endpoint,
    environment: SpeakerEnvironment,
    accept: (connection: Connection) => ConnectionEvents | undefined,
    prepare: (listener: Listener) => void,
  ) {
    this.#endpoint = endpoint;
    this.#environment = environment;
    this.#accept = accept;
    this.#prepare = prepare;
  }

  get status(): ListenerStatus {
    return { endpoint: this.#endpoint, problem: this.#problem };
  }

  open(): void {
    const { log, timers, transport } = this.#environment;
    const where = { address: formatAddress(this.#endpoint.address), port: this.#endpoint.port };
    try {
      this.listener = transport.listen(this.#endpoint, this.#accept);
      this.#prepare(this.listener);
      this.#problem = '';
      log.write('info', 'listening', `listening for BGP on ${where.address} port ${where.port}`, where);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      // Without its keys it would take unsigned connections.
      this.listener?.close();
      this.listener = undefined;
      if (error.message !== this.#problem) {
        log.write(
          'error',
          'listenFailed',
          `cannot listen for BGP on ${where.address} port ${where.port}: ${error.message}`,
          where,
        );
      }
      this.#problem = error.message;
      this.#retry = timers.after(listenRetryMs, () => this.open());
    }
  }

  close(): void {
    this.#retry?.cancel();
    this.listener?.close();
  }
}

/** One configured peer: its session, and its place in the views while it is Established. */
class Neighbour implements SessionOutput {
  readonly #environment: SpeakerEnvironment;
  readonly #views: Views;
  readonly #families = new Map<Family, FamilyState>();
  #peer: PeerSettings;
  readonly #session: Session;
  #negotiated: Negotiated | undefined;

  constructor(peer: PeerSettings, environment: SpeakerEnvironment, views: Views) {
    this.#peer = peer;
    this.#environment = environment;
    this.#views = views;
    this.#session = new Session(peer.session, { ...environment, output: this });
  }

  get settings(): SessionSettings {
    return this.#peer.session;
  }

  start(): void {
    this.#session.start();
  }

  stop(subcode: number, text: string, keepRoutes: boolean): void {
    this.#session.stop({ subcode, text, keepRoutes });
  }

  accept(connection: Connection): ConnectionEvents | undefined {
    return this.#session.accept(connection);
  }

  /** Applies what changed: a parameter of the session itself bounces it, anything else reaches it running. */
  configure(peer: PeerSettings): void {
    const before = this.#peer;
    this.#peer = peer;
    this.#session.update(peer.session);
    if (before.generation !== peer.generation) this.#session.reset({ subcode: ceaseSubcode.otherConfigurationChange });
    if (before.view === peer.view) return;
    for (const state of this.#families.values()) {
      state.membership = this.#views.move(state.membership, peer.view, state.kind, state.member, () =>
        this.#finish(state),
      );
      state.membership.pump();
    }
  }

  command(command: PeerCommand): void {
    switch (command.kind) {
      case 'reset':
        this.#session.reset({ subcode: ceaseSubcode.administrativeReset, text: command.text });
        break;
      case 'refresh':
        for (const state of this.#families.values()) this.#refresh(state);
        break;
    }
  }

  giveUp(member: Member): void {
    if (![...this.#families.values()].some((state) => state.member === member)) return;
    this.#environment.log.write(
      'error',
      'peerTooSlow',
      `${this.settings.name} does not read: its session is closed to free memory`,
      {
        peer: this.settings.name,
      },
    );
    this.#session.giveUp(new BgpError(errorCode.cease, ceaseSubcode.outOfResources, 'the peer does not read'));
  }

  status(): PeerStatus {
    let announcedPrefixes = 0;
    let pendingPrefixes = 0;
    for (const { membership } of this.#families.values()) {
      const { announced, pending } = membership.progress();
      announcedPrefixes += announced;
      pendingPrefixes += pending;
    }
    const { unsentOctets } = this.#session;
    return { ...this.#session.status(), announcedPrefixes, pendingPrefixes, unsentOctets };
  }

  established(session: Session, negotiated: Negotiated, { local }: Pick<Connection, 'local'>): void {
    this.#negotiated = negotiated;
    const waiting = negotiated.families.filter((family) => !this.#join(session, negotiated, local.address, family));
    for (const family of waiting) {
      const text = `${this.settings.name}: no ${family} routes yet, for want of a next hop: the interface of ${formatAddress(local.address)} has no ${family} address`;
      this.#environment.log.write('warn', 'noNextHop', text, { peer: this.settings.name, family });
    }
    for (const state of this.#families.values()) state.membership.pump();
    if (waiting.length > 0) this.#joinLater(session, negotiated, local.address, waiting);
    this.#report('Established', [...this.#families.keys()]);
  }

  /** An interface gets its addresses, and the kernel says so, some time after the other family already speaks. */
  #joinLater(session: Session, negotiated: Negotiated, local: Address, families: readonly Family[]): void {
    this.#environment.timers.after(nextHopRetryMs, () => {
      if (this.#negotiated !== negotiated) return;
      const waiting = families.filter((family) => !this.#join(session, negotiated, local, family));
      for (const family of families) this.#families.get(family)?.membership.pump();
      if (waiting.length < families.length) this.#report('Established', [...this.#families.keys()]);
      if (waiting.length > 0) this.#joinLater(session, negotiated, local, waiting);
    });
  }

  /** False while there is no next hop for the family. */
  #join(session: Session, negotiated: Negotiated, local: Address, family: Family): boolean {
    const nextHop = this.#nextHop(local, family);
    if (nextHop === undefined) return false;
    const kind: SessionKind = {
      family,
      localAsn: this.settings.asn,
      internal: negotiated.internal,
      fourOctetAs: negotiated.fourOctetAs,
      maxOctets: negotiated.sendExtendedMessage ? maxExtendedMessageOctets : maxMessageOctets,
      nextHop,
      linkLocal: family === 'ipv6' && isIpv6LinkLocal(local) ? local : undefined,
    };
    const member: Member = {
      get writable() {
        return session.unsentOctets < unsentLimit;
      },
      write: (octets) => session.write(octets),
      wrote: (messages) => session.wrote(messages),
    };
    const state: FamilyState = { kind, member, told: false, refreshing: false, membership: undefined as never };
    state.membership = this.#views.join(this.#peer.view, kind, member, () => this.#finish(state));
    this.#families.set(family, state);
    return true;
  }

  closed(): void {
    for (const { membership } of this.#families.values()) membership.leave();
    this.#families.clear();
    this.#negotiated = undefined;
  }

  drained(): void {
    for (const { membership } of this.#families.values()) membership.pump();
  }

  refreshRequested(_session: Session, request: { readonly afi: number; readonly safi: number }): void {
    const family = familyOf(request.afi, request.safi);
    const state = family === undefined ? undefined : this.#families.get(family);
    if (state !== undefined) this.#refresh(state);
  }

  transition(_session: Session, _from: string, to: string): void {
    // Established is reported once it is known which families are announced.
    if (to !== 'Established') this.#report(to, []);
  }

  #report(state: string, families: readonly Family[]): void {
    this.#environment.report({ kind: 'transition', peer: this.settings.name, state, families });
  }

  /** RFC 7313 §4.1: the whole table between BoRR and EoRR; before the first End-of-RIB it is on its way anyway. */
  #refresh(state: FamilyState): void {
    if (!state.told) {
      state.refreshing = true;
      return;
    }
    state.refreshing = true;
    this.#mark(state, 1);
    state.membership.rejoin(() => this.#finish(state));
  }

  #finish(state: FamilyState): void {
    if (!state.told) {
      state.told = true;
      state.member.write(encodeMessage(endOfRib(state.kind.family)));
      state.member.wrote(1);
      if (state.refreshing) this.#refresh(state);
      return;
    }
    if (state.refreshing) this.#mark(state, 2);
    state.refreshing = false;
  }

  /** RFC 7313 §3.2: subtype 1 begins a refresh, 2 ends it. */
  #mark({ kind, member }: FamilyState, subtype: 1 | 2): void {
    if (this.#negotiated?.enhancedRouteRefresh !== true) return;
    member.write(encodeMessage({ kind: 'routeRefresh', ...afiSafiOf(kind.family), subtype }));
    member.wrote(1);
  }

  /** RFC 4271 §5.1.3, RFC 2545 §3: our own address on the session, or beside it on the same interface. */
  #nextHop(local: Address, family: Family): Address | undefined {
    if (local.family !== family) return this.#environment.neighbourAddress(local, family);
    if (isIpv6LinkLocal(local)) return this.#environment.neighbourAddress(local, family) ?? local;
    return local;
  }
}

interface FamilyState {
  readonly kind: SessionKind;
  readonly member: Member;
  membership: Membership;
  /** End-of-RIB has been sent. */
  told: boolean;
  refreshing: boolean;
}
