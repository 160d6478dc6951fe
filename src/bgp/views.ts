// The routes of every view and the update groups over them: which octets go to which session. Knows sessions only as
// members; dialling, OPENs and timers are elsewhere.

import type { RouteAttributes } from '../config/config.js';
import { type Family, formatAddress } from '../net/address.js';
import { Rib, type RouteColumns, withdrawn } from './rib.js';
import { encodeRouteAttributes, type SessionKind } from './route-attributes.js';
import { type EncodedAttributes, type EncodedBatch, type Encoding, encodeBatch } from './update-encoder.js';
import { type Finish, type Member, UpdateGroup } from './update-group.js';

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
  #complete = false;

  /** `oversized` is told of attribute sets that fit no message: their routes are not announced. */
  constructor(oversized: (attributes: RouteAttributes) => void) {
    this.#oversized = oversized;
  }

  define(id: number, attributes: RouteAttributes): void {
    this.forget(id);
    this.#attributes.set(id, attributes);
  }

  forget(id: number): void {
    this.#attributes.delete(id);
    for (const memo of this.#memos) memo.forget(id);
  }

  /** Applies changes and tells every session of the view. Answers a session to give up, should one hold too much memory. */
  change(view: number, columns: RouteColumns): Member | undefined {
    const { rib, groups } = this.#family(view, columns.family);
    rib.apply(columns);
    for (const group of groups.values()) group.pump();
    if (rib.withdrawals <= rib.size + patience) return undefined;
    for (const group of groups.values()) {
      const laggard = group.laggard();
      if (laggard !== undefined) return laggard;
    }
    return undefined;
  }

  /** The whole table is known: sessions that have been sent all of it are told that this was all. */
  complete(): void {
    this.#complete = true;
    for (const { groups } of this.#ribs.values()) for (const group of groups.values()) group.complete();
  }

  drop(view: number): void {
    for (const family of ['ipv4', 'ipv6'] as const) this.#ribs.delete(keyOf(view, family));
  }

  rib(view: number, family: Family): Rib {
    return this.#family(view, family).rib;
  }

  join(view: number, kind: SessionKind, member: Member, finish: Finish): Membership {
    const { rib, groups } = this.#family(view, kind.family);
    const key = groupKey(kind);
    let group = groups.get(key);
    if (group === undefined) {
      const memo = new AttributeMemo(kind, this.#attributes);
      this.#memos.add(memo);
      group = new UpdateGroup(rib, memo, (id) => this.#oversized(this.#attributes.get(id) ?? {}));
      groups.set(key, group);
      if (this.#complete) group.complete();
    }
    group.join(member, finish);
    const joined = group;
    return {
      view,
      family: kind.family,
      pump: () => joined.pump(),
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
        groups.delete(key);
        for (const memo of this.#memos) if (memo === joined.encoding) this.#memos.delete(memo);
      },
    };
  }

  /** Takes a session to another view: what only the old one announces is withdrawn, then it is told the new one. */
  move(from: Membership, view: number, kind: SessionKind, member: Member, finish: Finish): Membership {
    const batch = onlyIn(this.rib(from.view, kind.family), this.rib(view, kind.family), kind.maxOctets);
    from.leave();
    if (batch !== undefined) member.write(batch.octets, batch.messages);
    return this.join(view, kind, member, finish);
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

/** Withdrawals of what a session of `before` may have been told and `after` does not announce. */
function onlyIn(before: Rib, after: Rib, maxOctets: number): EncodedBatch | undefined {
  const { family, width } = before;
  const gone: number[] = [];
  for (let row = before.after(0); row !== 0; row = before.after(row)) {
    const words = before.words.subarray(row * width, (row + 1) * width);
    if (after.lookup(words, before.lengths[row]!) === withdrawn) gone.push(row);
  }
  if (gone.length === 0) return undefined;
  const rest = new Rib(family);
  const columns = {
    family,
    count: gone.length,
    words: Uint32Array.from(gone.flatMap((row) => [...before.words.subarray(row * width, (row + 1) * width)])),
    lengths: Uint8Array.from(gone, (row) => before.lengths[row]!),
    attributes: new Uint32Array(gone.length).fill(1),
  };
  rest.open();
  rest.apply(columns);
  rest.apply({ ...columns, attributes: new Uint32Array(gone.length) });
  return encodeBatch(rest, 0, gone.length, { maxOctets, attributes: () => ({ octets: none, nextHop: none }) });
}

const none = new Uint8Array();

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
