// What a command is: one file of this room each, told apart by its words; and the arguments it was given.

import type { ExitCode } from './exit.js';
import type { Option, Options } from './options.js';
import type { Variables, World } from './world.js';

export interface Command {
  /** `peers [name]`: the name of the command, and of the words behind it. */
  readonly words: string;
  readonly summary: string;
  readonly positionals?: Readonly<Record<string, string>>;
  readonly options: Options;
  readonly examples: readonly (readonly [line: string, does: string])[];
  run(given: Given, world: World): Promise<ExitCode>;
}

/** What came of it: `body`, the API's JSON, or in words. */
export const tell = (body: string, words: string, given: Given, world: World): void =>
  world.write(`${given.flag('json') ? body : words}\n`);

export const nameOf = ({ words }: Command): string => words.split(' ', 1)[0]!;

/** Arguments as a parser gives them, with the fallbacks of what was not said. */
export class Given {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #options: Options;
  readonly #variables: Variables;

  constructor(values: Readonly<Record<string, unknown>>, options: Options, variables: Variables) {
    this.#values = values;
    this.#options = options;
    this.#variables = variables;
  }

  /** Of an option that has a fallback, or a word that the command cannot do without. */
  text(name: string): string {
    const option: Option | undefined = this.#options[name];
    return this.optionalText(name) ?? option?.fallback?.(this.#variables) ?? '';
  }

  /** On the command line or by a variable, rather than by being what it always is. */
  isSaid(name: string): boolean {
    return this.optionalText(name) !== undefined || this.text(name) !== this.#options[name]?.fallback?.({});
  }

  optionalText(name: string): string | undefined {
    const value = this.#last(name);
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.#last(name) === true;
  }

  /** Of what is said twice the last counts. */
  #last(name: string): unknown {
    const value = this.#values[name];
    return Array.isArray(value) ? value.at(-1) : value;
  }
}
