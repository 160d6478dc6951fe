// The configuration in force, and what keeps the one on disk from it: a change is taken over whole, or not at all, one
// after the other; and one that nobody confirms in time is taken back.

import type { Confirmation, ReloadOptions, ReloadResult, StatusBody, WayBack } from '../api/house.js';
import type { Config } from '../config/config.js';
import type { Clock, Log, Timers } from '../ports.js';
import { formatProblem, type Problem } from '../problem.js';
import { configDifference } from './config-difference.js';
import { ConfirmWindow, type OpenWindow } from './confirm-window.js';
import { loadConfig } from './load-config.js';

/** Why a configuration without problems does not come into force. */
export interface ConfigRefusal {
  readonly lines: readonly string[];
  /** Nothing is wrong, but pools refuse to take from services what it takes. */
  readonly onlyRevocations: boolean;
}

/** What a change need not mind. */
export interface Exemptions {
  readonly safety: boolean;
  readonly revocations: boolean;
}

interface Surroundings {
  readonly configFile: string;
  readonly log: Log;
  readonly time: Pick<Clock, 'now'> & Timers;
  /** Plans by it, or says why not and changes nothing. */
  readonly admit: (config: Config, exempt: Exemptions) => Promise<ConfigRefusal | undefined>;
  /** The rest of the house follows. */
  readonly apply: (config: Config) => Promise<void>;
  /** Another is in force, or the one on disk is not. */
  readonly changed: () => void;
}

interface InForce {
  readonly config: Config;
  readonly loadedAt: Date;
}

export class ConfigKeeper {
  readonly #surroundings: Surroundings;
  readonly #window: ConfirmWindow<InForce>;
  #inForce: InForce;
  #problems: readonly Problem[];
  #refusals: readonly string[] = [];
  #isStale: boolean = false;
  /** What was taken back, and why: it is not news when the file says it again. */
  #takenBack: { readonly config: Config; readonly reason: string } | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(config: Config, problems: readonly Problem[], surroundings: Surroundings) {
    const { time } = surroundings;
    this.#inForce = { config, loadedAt: time.now() };
    this.#problems = problems;
    this.#surroundings = surroundings;
    this.#window = new ConfirmWindow(time, (missed) => void this.#inTurn(() => this.#takeBack(missed)));
  }

  get config(): Config {
    return this.#inForce.config;
  }

  get loadedAt(): Date {
    return this.#inForce.loadedAt;
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
      loadedAt: this.loadedAt.toISOString(),
      ...this.#wayBack,
    };
  }

  get #wayBack(): WayBack | undefined {
    const open = this.#window.open;
    return (
      open && {
        confirmBefore: open.confirmBefore.toISOString(),
        fallback: { loadedAt: open.fallback.loadedAt.toISOString() },
      }
    );
  }

  close(): void {
    this.#window.stop();
  }

  confirm(): Confirmation {
    if (!this.#window.confirm()) return this.#takenBack === undefined ? 'nothingToConfirm' : 'tooLate';
    const { log, configFile } = this.#surroundings;
    log.write('info', 'configConfirmed', `${configFile} was confirmed and stays in force`);
    return 'kept';
  }

  /** `isAsked`: somebody waits for an answer, be it that there is nothing new. */
  reload(options: ReloadOptions): Promise<ReloadResult> {
    return this.#inTurn(() => this.#reload(options));
  }

  async #reload(options: ReloadOptions): Promise<ReloadResult> {
    const { isAsked = true, acceptRevocations = false, confirmWithinSeconds } = options;
    const { admit, log, configFile, time } = this.#surroundings;
    const { config, problems } = loadConfig(configFile);
    if (config === undefined) return this.#stayStale(problems, [], isAsked);
    const takenBack = isAsked ? undefined : this.#takenBack;
    if (takenBack !== undefined && configDifference(takenBack.config, config).length === 0)
      return this.#stayStale(problems, [takenBack.reason], isAsked);
    const refusal = await admit(config, { safety: false, revocations: acceptRevocations });
    if (refusal !== undefined)
      return { ...this.#stayStale(problems, refusal.lines, isAsked), onlyRevocations: refusal.onlyRevocations };
    const isNews = this.#isStale || !sameProblems(problems, this.#problems);
    const changes = configDifference(this.config, config);
    if (changes.length > 0) this.#window.replaced(this.#inForce);
    const asked = confirmWithinSeconds && this.#window.ask(confirmWithinSeconds);
    this.#problems = problems;
    this.#refusals = [];
    this.#isStale = false;
    this.#takenBack = undefined;
    await this.#take({ config, loadedAt: time.now() });
    const warnings = problems.map(formatProblem);
    if (isNews || isAsked || changes.length > 0) {
      for (const warning of warnings) log.write('warn', 'configProblem', warning);
      const what = changes.length === 0 ? 'it says what it said before' : changes.join(', ');
      log.write('info', 'configLoaded', `${configFile} is in force: ${what}`, { peers: config.bgpPeers.length });
    }
    if (asked) log.write('info', 'configUnconfirmed', `${configFile} stays in force if ${wishOf(asked)}`);
    else if (confirmWithinSeconds !== undefined) warnings.push(nothingToConfirm);
    const wayBack = this.#wayBack;
    return { kind: 'done', warnings, ...(wayBack && { wayBack }) };
  }

  /** Nobody confirmed. What served before must not be refused. */
  async #takeBack(missed: OpenWindow<InForce>): Promise<void> {
    const { admit, log, configFile } = this.#surroundings;
    const { config } = this;
    const { fallback } = missed;
    // A reload that was under way may have asked anew.
    this.#window.stop();
    const late = `not confirmed within ${missed.withinSeconds} s`;
    const changes = configDifference(config, fallback.config);
    if (changes.length === 0) {
      log.write('info', 'configRolledBack', `${configFile}: ${late}, and what was before is in force already`);
      return;
    }
    const loadedAt = fallback.loadedAt.toISOString();
    const reason = `${late}: the configuration loaded at ${loadedAt} is in force again, the file on disk is not`;
    await admit(fallback.config, { safety: true, revocations: true });
    this.#takenBack = { config, reason };
    this.#refusals = [reason];
    this.#isStale = true;
    await this.#take(fallback);
    log.write('warn', 'configRolledBack', `${configFile}: ${reason} (${changes.join(', ')})`);
  }

  #take(next: InForce): Promise<void> {
    this.#inForce = next;
    return this.#surroundings.apply(next.config);
  }

  /** One after the other, however fast they come. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work).finally(this.#surroundings.changed);
    this.#work = done.catch(() => {});
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

const wishOf = ({ confirmBefore, fallback }: OpenWindow<InForce>): string =>
  `it is confirmed before ${confirmBefore.toISOString()}; otherwise the one loaded at ${fallback.loadedAt.toISOString()} comes back`;

const nothingToConfirm =
  'nothing has changed since the start or the last confirmation: there is nothing to confirm, and nothing to go back to';
