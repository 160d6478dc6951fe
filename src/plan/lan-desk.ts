// The part of the announcer's desk that is about the LAN: keeps what the plan is made from, and tells the workshop what
// each service wants there. Without advertisements, and until somebody serves the LAN, it costs nothing.

import type { Config } from '../config/config.js';
import { Electorate, type Hash, type Membership } from '../l2/election.js';
import { type Segment, segmentsKey } from '../l2/interfaces.js';
import type { LanPort } from '../l2/wish.js';
import type { PoolOf } from '../pools/ranges.js';
import type { Settlement } from '../pools/settlement.js';
import type { Service } from '../table/service.js';
import { drainedLanPlan } from './drain.js';
import {
  type Election,
  electionOf,
  type KnownPolicies,
  type LanContext,
  type LanFacts,
  type LanPlan,
  lanContext,
  planLan,
} from './layer2.js';
import { holdsAddresses } from './plan.js';

const nobody: LanPort = {
  want: () => {},
  announced: 0,
  pendingWithdrawals: 0,
  state: () => ({ state: 'pending', reason: '' }),
};

const noFacts: LanFacts = {
  segments: [],
  membership: { isAlive: () => true },
};
const noHash: Hash = () => new Uint8Array();

/** What of the configuration the LAN is planned by; handed back to undo a change that was refused. */
export interface LanRules {
  readonly config: Config;
  readonly poolOf: PoolOf;
}

export class LanDesk {
  readonly #policies: KnownPolicies = new Map();
  /** Services are to be planned again when it changes. */
  isDrained = false;
  #rules: LanRules | undefined;
  #facts = noFacts;
  #context: LanContext | undefined;
  #port = nobody;
  #hash = noHash;
  #electorate: { readonly members: string; readonly is: Electorate } | undefined;

  /** Services are to be planned again after each change of what the plan is made from. */
  configure(rules: LanRules): void {
    this.#rules = rules;
    this.#context = undefined;
  }

  /** Somebody serves the LAN from now on. */
  attach(port: LanPort, facts: LanFacts, hash: Hash): void {
    this.#port = port;
    this.learn(facts, hash);
  }

  /** What the plan is made from, be there anybody to tell it to or not. */
  learn(facts: LanFacts, hash: Hash): void {
    this.#facts = facts;
    this.#hash = hash;
    this.#electorate = undefined;
    this.#context = undefined;
  }

  detach(): void {
    this.attach(nobody, noFacts, noHash);
  }

  /** False where nothing that the plan looks at is different. */
  setSegments(segments: readonly Segment[]): boolean {
    if (segmentsKey(segments) === segmentsKey(this.#facts.segments)) return false;
    this.#facts = { ...this.#facts, segments };
    this.#context = undefined;
    return true;
  }

  /** Somebody came or went. */
  membersChanged(): void {
    this.#context = undefined;
  }

  get membership(): Membership {
    return this.#facts.membership;
  }

  get isServed(): boolean {
    return this.#port !== nobody;
  }

  get port(): LanPort {
    return this.#port;
  }

  planOf(service: Service, settlement: Settlement): LanPlan {
    if (this.#rules === undefined || !holdsAddresses(settlement)) return { wishes: [], withheld: [] };
    this.#context ??= this.#newContext(this.#rules);
    const planned = planLan(service, settlement.addresses, this.#context, settlement.origin);
    return this.isDrained ? drainedLanPlan(planned) : planned;
  }

  /** Who announces it; undefined where nobody is elected. */
  electionOf(service: Service, settlement: Settlement): Election | undefined {
    if (this.#rules === undefined || !holdsAddresses(settlement)) return undefined;
    this.#context ??= this.#newContext(this.#rules);
    return electionOf(service, settlement.addresses, this.#context, settlement.origin);
  }

  #newContext({ config, poolOf }: LanRules): LanContext {
    const names = config.electionMembers.map(({ name }) => name);
    const members = JSON.stringify(names);
    if (this.#electorate?.members !== members) this.#electorate = { members, is: new Electorate(names, this.#hash) };
    return lanContext(config, poolOf, this.#facts, this.#electorate.is, this.#policies);
  }

  /** Undefined: there is none of the name any more. */
  replan(name: string, service: Service | undefined, settlement: Settlement | undefined): void {
    const isGone = service === undefined || settlement === undefined;
    if (this.isServed) this.#port.want(name, isGone ? [] : this.planOf(service, settlement).wishes);
  }
}
