// The configuration in force, and what keeps the one on disk from it: a change is taken over whole, or not at all.

import type { ReloadOptions, ReloadResult, StatusBody } from '../api/house.js';
import type { Config } from '../config/config.js';
import type { HouseLog } from '../io/log.js';
import { formatProblem, type Problem } from '../problem.js';
import { configDifference } from './config-difference.js';
import { loadConfig } from './load-config.js';

/** Why a configuration without problems does not come into force. */
export interface ConfigRefusal {
  readonly lines: readonly string[];
  /** Nothing is wrong, but pools refuse to take from services what it takes. */
  readonly onlyRevocations: boolean;
}

interface Surroundings {
  readonly configFile: string;
  readonly log: HouseLog;
  /** Plans by it, or says why not and changes nothing. */
  readonly admit: (config: Config, options: ReloadOptions) => Promise<ConfigRefusal | undefined>;
  /** The rest of the house follows. */
  readonly apply: (config: Config) => void;
}

export class ConfigKeeper {
  readonly #surroundings: Surroundings;
  #config: Config;
  #problems: readonly Problem[];
  #loadedAt = new Date();
  #refusals: readonly string[] = [];
  #isStale: boolean = false;

  constructor(config: Config, problems: readonly Problem[], surroundings: Surroundings) {
    this.#config = config;
    this.#problems = problems;
    this.#surroundings = surroundings;
  }

  get config(): Config {
    return this.#config;
  }

  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** What is on disk is not in force. */
  get isStale(): boolean {
    return this.#isStale;
  }

  body(): StatusBody['config'] {
    return {
      file: this.#surroundings.configFile,
      stale: this.#isStale,
      problems: [...this.#refusals, ...this.#problems.map(formatProblem)],
      loadedAt: this.#loadedAt.toISOString(),
    };
  }

  /** `isAsked`: somebody waits for an answer, be it that there is nothing new. */
  async reload(options: ReloadOptions): Promise<ReloadResult> {
    const { isAsked = true } = options;
    const { admit, apply, log, configFile } = this.#surroundings;
    const { config, problems } = loadConfig(configFile);
    if (config === undefined) return this.#stayStale(problems, [], isAsked);
    const refusal = await admit(config, options);
    if (refusal !== undefined)
      return { ...this.#stayStale(problems, refusal.lines, isAsked), onlyRevocations: refusal.onlyRevocations };
    const isNews = this.#isStale || !sameProblems(problems, this.#problems);
    const changes = configDifference(this.#config, config);
    this.#config = config;
    this.#problems = problems;
    this.#loadedAt = new Date();
    this.#refusals = [];
    this.#isStale = false;
    apply(config);
    const done: ReloadResult = { kind: 'done', warnings: problems.map(formatProblem) };
    if (!isNews && !isAsked && changes.length === 0) return done;
    for (const problem of problems) log.write('warn', 'configProblem', formatProblem(problem));
    const what = changes.length === 0 ? 'it says what it said before' : changes.join(', ');
    log.write('info', 'configLoaded', `${configFile} is in force: ${what}`, { peers: config.bgpPeers.length });
    return done;
  }

  #stayStale(
    problems: readonly Problem[],
    refusals: readonly string[],
    isAsked: boolean,
  ): Extract<ReloadResult, { kind: 'refused' }> {
    const { log, configFile } = this.#surroundings;
    const isSame = refusals.join() === this.#refusals.join() && sameProblems(problems, this.#problems);
    const isNews = !this.#isStale || !isSame;
    this.#isStale = true;
    this.#problems = problems;
    this.#refusals = refusals;
    const lines = [...refusals, ...problems.map(formatProblem)];
    if (isNews || isAsked) {
      const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : '';
      const kept = `${configFile} is not taken over, the configuration before stays in force`;
      log.write('error', 'configStale', `${kept}: ${lines[0]}${more}`, { problems: lines });
    }
    return { kind: 'refused', problems: lines, onlyRevocations: false };
  }
}

const sameProblems = (a: readonly Problem[], b: readonly Problem[]): boolean => JSON.stringify(a) === JSON.stringify(b);
