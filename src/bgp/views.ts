// The routes of every view and the update groups over them: which octets go to which session. Knows sessions only as
// members; dialling, OPENs and timers are elsewhere.

import type { RouteAttributes } from '../config/config.js';
import { type Family, formatAddress } from '../net/address.js';
import { Rib, type RouteColumns } from './rib.js';
import { difference, withdrawals } from './rib-difference.js';
import { encodeRouteAttributes, type SessionKind } from './route-attributes.js';
import { type EncodedAttributes, type Encoding, encodeBatch } from './update-encoder.js';
import { batchRows, type Finish, type Member, type Told, UpdateGroup } from './update-group.js';

interface ViewFamily {
  readonly rib: Rib;
  readonly groups: Map<string, UpdateGroup>;
}

/** How many withdrawals may wait for one slow session beyond the size of the table itself. */
const patience = 65536;

export class Views {
  readonly #ribs = new Map<string, ViewFamily>();
  readonly #attributes = new Map<number, RouteAttributes>();
  readonly #memos = new Set<AttributeMemo>();
  readonly #oversized: (attributes: RouteAttributes) => void;
  readonly #later: (task: () => void) => void;
  readonly #told: Told;
  readonly #unsettled = new Set<Rib>();
  /** Of the last move: peers that part from a view, or join one, do so one after the other. */
  #difference: { readonly before: Rib; readonly after: Rib; readonly versions: string; readonly rest: Rib } | undefined;
  #complete = false;

  /** `oversized` is told of attribute sets that fit no message: their routes are not announced. `later` runs a task once this turn's octets have left. */
  constructor(oversized: (attributes: RouteAttributes) => void, later: (task: () => void) => void, told: Told) {
    this.#oversized = oversized;
    this.#later = later;
    this.#told = told;
  }

  define(id: number, attributes: RouteAttributes): void {
    this.forget(id);
    this.#attributes.set(id, attributes);
  }

  forget(id: number): void {
    this.#attributes.delete(id);
    for (const memo of this.#memos) memo.forget(id);
  }

  /**
   * Applies changes and tells every session of the view. Answers a session to give up, should one hold too much memory.
   * `sinceMs`: when they began, for `told`.
   */
  change(view: number, columns: RouteColumns, sinceMs?: number): Member | undefined {
    const state = this.#family(view, columns.family);
    state.rib.apply(columns);
    return this.#tell(state, sinceMs);
  }

  withdrawAll(view: number, family: Family, sinceMs?: number): Member | undefined {
    const state = this.#family(view, family);
    state.rib.withdrawAll();
    return this.#tell(state, sinceMs);
  }

  #tell({ rib, groups }: ViewFamily, sinceMs: number | undefined): Member | undefined {
    for (const group of groups.values()) group.pump(sinceMs);
    this.#settleLater(rib);
    if (rib.withdrawals <= rib.size + patience) return undefined;
    const laggards = [...groups.values()].flatMap((group) => group.laggard() ?? []);
    return laggards.sort((a, b) => a.progress - b.progress)[0]?.member;
  }

  /** The whole table is known: sessions that have been sent all of it are told that this was all. */
  complete(): void {
    this.#complete = true;
    for (const { groups } of this.#ribs.values()) for (const group of groups.values()) group.complete();
  }

  drop(view: number): void {
    for (const family of ['ipv4', 'ipv6'] as const) this.#ribs.delete(keyOf(view, family));
    this.#difference = undefined;
  }

  rib(view: number, family: Family): Rib {
    return this.#family(view, family).rib;
  }

  join(view: number, kind: SessionKind, member: Member, finish: Finish): Membership {
    const group = this.#group(view, kind);
    group.join(member, finish);
    return this.#membership(view, kind, group, member);
  }

  /**
   * Takes a session to another view, and tells it the difference; one that is still being told its table is told the new
   * one from the beginning. What it is told at once waits for no window: it is no more than a table, and it is once.
   */
  move(from: Membership, view: number, kind: SessionKind, member: Member, finish: Finish): Membership {
    const [before, after] = [this.rib(from.view, kind.family), this.rib(view, kind.family)];
    const knowsAll = from.progress().pending === 0;
    // Before it leaves: what it has still to be told is withdrawn is known for as long as it is there.
    const rest = knowsAll ? this.#differenceOf(before, after) : withdrawals(before, after);
    from.leave();
    const group = this.#group(view, kind);
    const cursor = rest.open();
    while (!rest.caughtUp(cursor)) {
      const batch = encodeBatch(rest, cursor.at, batchRows, group.encoding);
      member.write(batch.octets);
      member.wrote(batch.messages);
      rest.advance(cursor, batch.last);
    }
    rest.close(cursor);
    group.join(member, finish, knowsAll ? after.openAtEnd() : after.open());
    return this.#membership(view, kind, group, member);
  }

  #differenceOf(before: Rib, after: Rib): Rib {
    const versions = `${before.version} ${after.version}`;
    const last = this.#difference;
    if (last?.before === before && last.after === after && last.versions === versions) return last.rest;
    const rest = difference(before, after);
    this.#difference = { before, after, versions, rest };
    return rest;
  }

  #group(view: number, kind: SessionKind): UpdateGroup {
    const { rib, groups } = this.#family(view, kind.family);
    const key = groupKey(kind);
    let group = groups.get(key);
    if (group === undefined) {
      const memo = new AttributeMemo(kind, this.#attributes);
      this.#memos.add(memo);
      group = new UpdateGroup(rib, memo, (id) => this.#oversized(this.#attributes.get(id) ?? {}), this.#told);
      groups.set(key, group);
      if (this.#complete) group.complete();
    }
    return group;
  }

  #membership(view: number, kind: SessionKind, joined: UpdateGroup, member: Member): Membership {
    const { rib, groups } = this.#family(view, kind.family);
    return {
      view,
      family: kind.family,
      pump: () => {
        joined.pump();
        this.#settleLater(rib);
      },
      rejoin: (again) => {
        joined.join(member, again);
        joined.pump();
      },
      progress: () => {
        const cursor = joined.cursorOf(member);
        if (cursor === undefined) return { announced: 0, pending: 0 };
        const { announcements, withdrawals } = rib.pending(cursor);
        return { announced: rib.size - announcements, pending: announcements + withdrawals };
      },
      leave: () => {
        joined.leave(member);
        if (!joined.empty) return;
        groups.delete(groupKey(kind));
        for (const memo of this.#memos) if (memo === joined.encoding) this.#memos.delete(memo);
      },
    };
  }

  #settleLater(rib: Rib): void {
    if (rib.withdrawals === 0 || this.#unsettled.has(rib)) return;
    this.#unsettled.add(rib);
    this.#later(() => {
      this.#unsettled.delete(rib);
      rib.settle();
    });
  }

  #family(view: number, family: Family): ViewFamily {
    const key = keyOf(view, family);
    let found = this.#ribs.get(key);
    if (found === undefined) {
      found = { rib: new Rib(family), groups: new Map() };
      this.#ribs.set(key, found);
    }
    return found;
  }
}

/** A session's place in one family of a view. */
export interface Membership {
  readonly view: number;
  readonly family: Family;
  pump(): void;
  /** Everything once more, from the beginning. */
  rejoin(finish: Finish): void;
  progress(): { announced: number; pending: number };
  leave(): void;
}

const keyOf = (view: number, family: Family): string => `${view} ${family}`;

const groupKey = ({ localAsn, internal, fourOctetAs, maxOctets, nextHop, linkLocal }: SessionKind): string =>
  [
    localAsn,
    internal,
    fourOctetAs,
    maxOctets,
    formatAddress(nextHop),
    linkLocal === undefined ? '' : formatAddress(linkLocal),
  ].join(' ');

/** Each attribute set is encoded once for each kind of session. */
class AttributeMemo implements Encoding {
  readonly maxOctets: number;
  readonly #kind: SessionKind;
  readonly #sets: ReadonlyMap<number, RouteAttributes>;
  readonly #encoded = new Map<number, EncodedAttributes>();

  constructor(kind: SessionKind, sets: ReadonlyMap<number, RouteAttributes>) {
    this.maxOctets = kind.maxOctets;
    this.#kind = kind;
    this.#sets = sets;
  }

  attributes(id: number): EncodedAttributes {
    let encoded = this.#encoded.get(id);
    if (encoded === undefined) {
      encoded = encodeRouteAttributes(this.#sets.get(id) ?? {}, this.#kind);
      this.#encoded.set(id, encoded);
    }
    return encoded;
  }

  forget(id: number): void {
    this.#encoded.delete(id);
  }
}
