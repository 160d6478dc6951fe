// Who announces an address of several hosts with the same table: MetalLB's rendezvous hash, so that a move from MetalLB
// moves no address. Everybody works it out alone; what they must agree on is who stands.

/** SHA-256 of the text's UTF-8 octets. A port: pure rooms have no cryptography. */
export type Hash = (text: string) => Uint8Array;

/** Who of the members is there. A port: for now operators say it, later members hear each other. */
export interface Membership {
  isAlive(member: string): boolean;
}

/** All that stand, the winner first: each takes over from those before it. */
export const ranking = (ip: string, candidates: readonly string[], hash: Hash): string[] =>
  candidates
    .map((name) => ({ name, score: hash(`${name}#${ip}`) }))
    .sort((a, b) => compare(a.score, b.score))
    .map(({ name }) => name);

/** Remembers rankings: who comes or goes changes none of them. */
export class Electorate {
  readonly #members: readonly string[];
  readonly #hash: Hash;
  readonly #rankings = new Map<string, readonly string[]>();
  /** There are few orders of few members. */
  readonly #orders = new Map<string, readonly string[]>();

  constructor(members: readonly string[], hash: Hash) {
    this.#members = members;
    this.#hash = hash;
  }

  /** The candidate that announces; undefined when none of them is a member. `ip`: RFC 5952's text of the service's first address. */
  winner(ip: string, candidates: readonly string[]): string | undefined {
    if (candidates.length === 1 && this.#members.includes(candidates[0]!)) return candidates[0];
    return this.#ranking(ip).find((name) => candidates.includes(name));
  }

  #ranking(ip: string): readonly string[] {
    const known = this.#rankings.get(ip);
    if (known !== undefined) return known;
    const fresh = ranking(ip, this.#members, this.#hash);
    const key = fresh.join('\n');
    const order = this.#orders.get(key) ?? fresh;
    if (this.#rankings.size >= maxRankings) {
      this.#rankings.clear();
      this.#orders.clear();
    }
    this.#orders.set(key, order);
    this.#rankings.set(ip, order);
    return order;
  }
}

/** Of addresses that are long gone, too. */
const maxRankings = 1 << 18;

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
