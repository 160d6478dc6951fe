// Interned attribute sets: a route carries a number, and equal sets have the same. Counted, so that a controller that
// invents a new community for every write does not fill the memory.

import type { RouteAttributes } from '../config/config.js';
import { compareAddresses, formatAddress } from '../net/address.js';
import type { Community } from '../net/community.js';

/** Never 0: that means withdrawn. */
export type AttributesId = number;

interface InternedSet {
  readonly key: string;
  readonly attributes: RouteAttributes;
  uses: number;
  /** It has left through takeAdded(). */
  told: boolean;
}

export class AttributeSets {
  readonly #byKey = new Map<string, AttributesId>();
  /** The same object comes again for every plain service: found without looking into it. */
  readonly #byObject = new WeakMap<RouteAttributes, AttributesId>();
  readonly #sets: (InternedSet | undefined)[] = [undefined];
  readonly #free: AttributesId[] = [];
  #added: AttributesId[] = [];
  #idle = new Set<AttributesId>();

  /** The id of a set; it lives while it is retained, and until the next takeRemoved() otherwise. */
  intern(attributes: RouteAttributes): AttributesId {
    const quick = this.#byObject.get(attributes);
    if (quick !== undefined && this.#sets[quick]?.attributes === attributes) return quick;
    const key = keyOf(attributes);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#sets.length;
    this.#sets[id] = { key, attributes, uses: 0, told: false };
    this.#byKey.set(key, id);
    this.#byObject.set(attributes, id);
    this.#added.push(id);
    this.#idle.add(id);
    return id;
  }

  attributes(id: AttributesId): RouteAttributes {
    const set = this.#sets[id];
    if (set === undefined) throw new Error(`attribute set ${id} was released`);
    return set.attributes;
  }

  retain(id: AttributesId, uses = 1): void {
    this.#sets[id]!.uses += uses;
    this.#idle.delete(id);
  }

  release(id: AttributesId, uses = 1): void {
    const set = this.#sets[id]!;
    set.uses -= uses;
    if (set.uses === 0) this.#idle.add(id);
  }

  /** Sets that came since the last call: to be told before any route that carries them. */
  takeAdded(): { id: AttributesId; attributes: RouteAttributes }[] {
    const added = this.#added.map((id) => ({ id, attributes: this.attributes(id) }));
    for (const id of this.#added) this.#sets[id]!.told = true;
    this.#added = [];
    return added;
  }

  /** Sets that were told and nobody uses any more: to be told after all routes. Their ids are used again. */
  takeRemoved(): AttributesId[] {
    const removed: AttributesId[] = [];
    for (const id of this.#idle) {
      const { key, told } = this.#sets[id]!;
      if (told) removed.push(id);
      this.#byKey.delete(key);
      this.#sets[id] = undefined;
      this.#free.push(id);
    }
    this.#added = this.#added.filter((id) => this.#sets[id] !== undefined);
    this.#idle = new Set();
    return removed;
  }
}

/** Equal for sets that look the same on the wire. */
function keyOf({ localPref, med, asPathPrepend, nextHop, communities }: RouteAttributes): string {
  const nextHops = [...(nextHop ?? [])].sort(compareAddresses).map(formatAddress);
  const sorted = (communities ?? []).map(communityKey).sort();
  return [localPref, med, asPathPrepend, nextHops.join(' '), [...new Set(sorted)].join(' ')].join('|');
}

export function communityKey(community: Community): string {
  switch (community.kind) {
    case 'standard':
      return `s${community.value}`;
    case 'large':
      return `l${community.global}:${community.local1}:${community.local2}`;
    case 'extended':
      return `e${community.high}:${community.low}`;
  }
}
