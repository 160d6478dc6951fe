// Who stands for election: the members that are configured, each there unless somebody said otherwise.

import type { MemberBody } from '../api/lan.js';
import type { Config, ElectionMember } from '../config/config.js';
import type { Membership } from '../l2/election.js';

export class Members implements Membership {
  #members: readonly ElectionMember[] = [];
  #self = '';
  readonly #gone = new Set<string>();

  configure({ electionMembers, node }: Config): void {
    this.#members = electionMembers;
    this.#self = node.name;
    for (const name of this.#gone) if (!this.#isMember(name)) this.#gone.delete(name);
  }

  isAlive(name: string): boolean {
    return !this.#gone.has(name);
  }

  /** Undefined: no such member; false: that was known. */
  set(name: string, alive: boolean): boolean | undefined {
    if (!this.#isMember(name)) return undefined;
    if (this.isAlive(name) === alive) return false;
    if (alive) this.#gone.delete(name);
    else this.#gone.add(name);
    return true;
  }

  bodies(): MemberBody[] {
    return this.#members.map(({ name, labels }) => ({
      name,
      labels,
      alive: this.isAlive(name),
      self: name === this.#self,
    }));
  }

  #isMember(name: string): boolean {
    return this.#members.some((member) => member.name === name);
  }
}
