// What operators are shown of services and announcements: worked out when asked, from the same plan that was announced,
// so that status cannot disagree with the wire.

import { type Address, formatAddress, formatPrefix, hostPrefix, type Prefix } from '../net/address.js';
import type { Settlement } from '../pools/settlement.js';
import type { Bulk, BulkColumns } from '../table/bulk.js';
import type { Claim } from '../table/merged.js';
import type { Service } from '../table/service.js';
import type { Announcer } from './announcer.js';
import type { View } from './views.js';

/** What is known of a session when announcements are listed. */
export interface PeerView {
  readonly established: boolean;
  /** Families it is sent routes of. */
  readonly families: readonly string[];
}

export type AnnouncementState = 'announced' | 'pending' | 'withheld';

export interface ListedAnnouncement {
  readonly prefix: string;
  readonly protocol: 'bgp' | 'layer2';
  readonly via: string;
  readonly state: AnnouncementState;
  readonly reason: string;
}

export interface ListedService {
  readonly name: string;
  readonly source: string;
  readonly owner: string;
  readonly state: Settlement['state'] | 'Shadowed' | 'Flapping';
  readonly reason: string;
  readonly message: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  readonly prefixes?: number;
  readonly since: string;
  readonly announcements: readonly ListedAnnouncement[];
}

/** An entry of a table that could not be taken. */
export interface RejectedClaim {
  readonly source: string;
  readonly name: string;
  /** An entry before it has the name: both are listed. */
  readonly isRepeat: boolean;
  readonly message: string;
  /** FILE:LINE:COLUMN of the first thing that is wrong. */
  readonly where: string;
}

/** By name. Another object whenever anything in it is another. */
export type RejectedClaims = ReadonlyMap<string, readonly RejectedClaim[]>;

/** What is known of entries that change too often, and stay as they are for a while. */
export interface HeldEntries {
  /** Why, in words; undefined: it is not held. */
  why(source: string, name: string): string | undefined;
  /** Who would write it as well, and was refused lately, for it has another owner. */
  rival(source: string, name: string): string | undefined;
  /** Those that are not in force at all, though they are wanted. */
  absent(): Iterable<RejectedClaim>;
}

/** State and addresses alone, for whoever writes many. */
export interface BriefService {
  readonly name: string;
  readonly state: ListedService['state'] | 'Deleted';
  readonly addresses: readonly string[];
}

export class Listing {
  readonly #announcer: Announcer;
  readonly #peerOf: (name: string) => PeerView;
  readonly #rejected: () => RejectedClaims;
  readonly #sourceSince: (source: string) => Date;
  readonly #held: HeldEntries;
  /** What names() answered last, and what it was made of. */
  #names: { readonly of: readonly unknown[]; readonly sorted: readonly string[] } | undefined;

  constructor(
    announcer: Announcer,
    peerOf: (name: string) => PeerView,
    rejected: () => RejectedClaims,
    sourceSince: (source: string) => Date,
    held: HeldEntries = { why: () => undefined, rival: () => undefined, absent: () => [] },
  ) {
    this.#announcer = announcer;
    this.#peerOf = peerOf;
    this.#rejected = rejected;
    this.#sourceSince = sourceSince;
    this.#held = held;
  }

  /** Names of all items, sorted; several items may have one name. */
  names(): readonly string[] {
    const table = this.#announcer.table.names();
    const rejected = this.#rejected();
    const more = [...this.#bulkNames().keys(), ...Array.from(this.#held.absent(), ({ name }) => name)];
    if (more.length + rejected.size === 0) return table;
    // A long list is asked for page by page.
    const of = [table, rejected, ...more];
    if (this.#names?.of.length === of.length && of.every((part, i) => part === this.#names?.of[i]))
      return this.#names.sorted;
    const sorted = [...new Set([...table, ...more, ...rejected.keys()])].sort();
    this.#names = { of, sorted };
    return sorted;
  }

  /** The items of one name: the one that counts first, then those in its shadow, then rejected ones. */
  items(name: string): ListedService[] {
    const claims = this.#announcer.table.claims(name);
    const listed = claims.map((claim, rank) => (rank === 0 ? this.#winner(claim) : this.#shadowed(claim, claims[0]!)));
    for (const absent of this.#held.absent())
      if (absent.name === name) listed.push(this.#emptyItem(absent, 'Flapping', 'flapping'));
    const bulk = this.#bulkNames().get(name);
    if (bulk !== undefined) listed.push(this.#bulkItem(name, ...bulk));
    for (const rejected of this.rejected(name)) {
      const at = listed.findIndex(({ source, state }) => source === rejected.source && state !== 'Rejected');
      if (at < 0 || rejected.isRepeat) listed.push(this.#emptyItem(rejected, 'Rejected', 'invalidEntry'));
      // Its last good version stays announced; that it is not what the table says comes first.
      else
        listed[at] = {
          ...listed[at]!,
          state: 'Rejected',
          reason: 'invalidEntry',
          message: `${rejected.message}; the version before stays in force`,
        };
    }
    return listed;
  }

  /** What could not be taken under this name. */
  rejected(name: string): readonly RejectedClaim[] {
    return this.#rejected().get(name) ?? [];
  }

  /** What items() says of the one that the source has. */
  brief(source: string, name: string): BriefService {
    const claims = this.#announcer.table.claims(name);
    const rank = claims.findIndex((claim) => claim.source === source);
    const held = this.#held.why(source, name);
    if (rank < 0) return { name, state: held === undefined ? 'Deleted' : 'Flapping', addresses: [] };
    if (rank > 0) return { name, state: 'Shadowed', addresses: [] };
    const { state, addresses } = this.#announcer.settlement(claims[0]!.service);
    return { name, state: held === undefined ? state : 'Flapping', addresses: addresses.map(formatAddress) };
  }

  /** Everything announced, pending or withheld for one name; rows of a bulk from `row` on, at most `limit`. */
  *announcements(name: string, row: number): Generator<ListedAnnouncement & { row: number }> {
    const winner = this.#announcer.table.winner(name);
    if (winner !== undefined && row === 0)
      for (const announcement of this.#announcementsOf(winner.service)) yield { ...announcement, row: 0 };
    const bulk = this.#bulkNames().get(name);
    if (bulk !== undefined) yield* this.#bulkRows(bulk[1], row);
  }

  bulk(name: string): Bulk | undefined {
    return this.#bulkNames().get(name)?.[1];
  }

  #bulkNames(): Map<string, [source: string, bulk: Bulk]> {
    return new Map([...this.#announcer.bulks].map(([source, bulk]) => [`default/${source}`, [source, bulk]]));
  }

  #winner({ source, service }: Claim): ListedService {
    const { state, reason, message, pool, addresses, since } = this.#announcer.settlement(service);
    const held = this.#held.why(source, service.name);
    const rival = message === '' ? this.#held.rival(source, service.name) : undefined;
    const contested = rival === undefined ? message : `${rival} wants to change it as well, and is refused`;
    return {
      name: service.name,
      source,
      owner: service.owner,
      ...(held === undefined
        ? { state, reason, message: contested }
        : { state: 'Flapping', reason: 'flapping', message: held }),
      pool,
      addresses: addresses.map(formatAddress),
      since: since === undefined ? this.#since(service.name) : new Date(since).toISOString(),
      announcements: this.#announcementsOf(service),
    };
  }

  #shadowed({ source, service }: Claim, winner: Claim): ListedService {
    return {
      name: service.name,
      source,
      owner: service.owner,
      state: 'Shadowed',
      reason: 'shadowed',
      message: `the source ${winner.source} has this service, and ranks before ${source}`,
      pool: '',
      addresses: [],
      since: this.#since(service.name),
      announcements: [],
    };
  }

  #emptyItem({ source, name, message }: RejectedClaim, state: 'Rejected' | 'Flapping', reason: string): ListedService {
    const since = this.#sourceSince(source).toISOString();
    return { name, source, owner: '', state, reason, message, pool: '', addresses: [], since, announcements: [] };
  }

  #bulkItem(name: string, source: string, bulk: Bulk): ListedService {
    return {
      name,
      source,
      owner: '',
      state: 'Allocated',
      reason: '',
      message: '',
      pool: '',
      addresses: [],
      prefixes: bulk.ipv4.count + bulk.ipv6.count,
      since: this.#sourceSince(source).toISOString(),
      announcements: [],
    };
  }

  #since(name: string): string {
    return (this.#announcer.table.since(name) ?? new Date(0)).toISOString();
  }

  #announcementsOf(service: Service): ListedAnnouncement[] {
    const { routes, withheld } = this.#announcer.planOf(service);
    const listed: ListedAnnouncement[] = [];
    for (const view of this.#announcer.views) {
      for (const peer of view.peers) {
        for (const route of routes) if (route.view === view.id) listed.push(this.#announced(route.prefix, peer));
        for (const { view: id, prefix, reason } of withheld) {
          if (id === view.id)
            listed.push({ prefix: formatPrefix(prefix), protocol: 'bgp', via: peer, state: 'withheld', reason });
        }
      }
    }
    return [...listed, ...this.#onTheLan(service)];
  }

  #onTheLan(service: Service): ListedAnnouncement[] {
    const { wishes, withheld } = this.#announcer.lanPlanOf(service);
    const prefixOf = (address: Address): string => formatPrefix(hostPrefix(address));
    const { port } = this.#announcer.lan;
    return [
      ...wishes.map(({ address, link, via }) => ({
        prefix: prefixOf(address),
        protocol: 'layer2' as const,
        via,
        ...port.state(link, address),
      })),
      ...withheld.map(({ address, via, reason }) => ({
        prefix: prefixOf(address),
        protocol: 'layer2' as const,
        via,
        state: 'withheld' as const,
        reason,
      })),
    ];
  }

  #announced(prefix: Prefix, peer: string): ListedAnnouncement {
    const { established, families } = this.#peerOf(peer);
    const text = formatPrefix(prefix);
    if (!established) return { prefix: text, protocol: 'bgp', via: peer, state: 'pending', reason: '' };
    if (families.includes(prefix.family))
      return { prefix: text, protocol: 'bgp', via: peer, state: 'announced', reason: '' };
    return { prefix: text, protocol: 'bgp', via: peer, state: 'withheld', reason: 'familyNotNegotiated' };
  }

  *#bulkRows(bulk: Bulk, from: number): Generator<ListedAnnouncement & { row: number }> {
    const total = bulk.ipv4.count + bulk.ipv6.count;
    const reasons = new Map(
      this.#announcer.views.map((view) => [view.id, this.#announcer.bulkAdvertisement(view, bulk)]),
    );
    for (let row = from; row < total; row++) {
      const prefix = row < bulk.ipv4.count ? prefixAt(bulk.ipv4, row) : prefixAt(bulk.ipv6, row - bulk.ipv4.count);
      for (const view of this.#announcer.views)
        for (const peer of view.peers) yield { ...this.#bulkRow(prefix, view, peer, reasons), row };
    }
  }

  #bulkRow(
    prefix: Prefix,
    view: View,
    peer: string,
    reasons: ReadonlyMap<number, readonly unknown[] | string>,
  ): ListedAnnouncement {
    const reason = reasons.get(view.id);
    if (typeof reason !== 'string') return this.#announced(prefix, peer);
    return { prefix: formatPrefix(prefix), protocol: 'bgp', via: peer, state: 'withheld', reason };
  }
}

function prefixAt({ family, words, lengths }: BulkColumns, row: number): Prefix {
  const width = family === 'ipv4' ? 1 : 4;
  return { family, words: [...words.subarray(row * width, (row + 1) * width)], length: lengths[row]! };
}
