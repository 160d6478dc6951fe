// The command line: yargs reads it, helps and completes; this file says which commands there are and what a mistake costs.

import { parseArgs } from 'node:util';
import yargs, { type Argv } from 'yargs';
import { nearest } from '../nearest.js';
import { version as number } from '../version.js';
import { announce } from './announce.js';
import { announcements } from './announcements.js';
import { check } from './check.js';
import { type Command, Given, nameOf } from './command.js';
import { confirm } from './confirm.js';
import { convert } from './convert.js';
import { drain, undrain } from './drain.js';
import { events } from './events.js';
import { CommandFailure, type ExitCode, exitCodes, usageFailure } from './exit.js';
import { explain } from './explain.js';
import { interfaces } from './interfaces.js';
import { peers } from './peers.js';
import { plan } from './plan.js';
import { pools } from './pools.js';
import { reload } from './reload.js';
import { run } from './run.js';
import { services } from './services.js';
import { sources } from './sources.js';
import { status } from './status.js';
import { version } from './version.js';
import { withdraw } from './withdraw.js';
import type { World } from './world.js';

export const commands: readonly Command[] = [
  run,
  check,
  plan,
  status,
  peers,
  services,
  announcements,
  interfaces,
  pools,
  sources,
  explain,
  events,
  announce,
  withdraw,
  drain,
  undrain,
  reload,
  confirm,
  convert,
  version,
];
const completion = 'completion';
const completionRequest = '--get-yargs-completions';
const widestHelp = 100;

/** Never throws for what an operator did; resolves to the exit code. */
export async function runCommandLine(words: readonly string[], world: World): Promise<ExitCode> {
  try {
    refuseUnknownCommand(words);
    if (words.length === 0) {
      world.complain(`${parse(['--help'], world)}\n`);
      return exitCodes.usage;
    }
    const parsed = parse(words, world);
    if (typeof parsed === 'string') {
      world.write(parsed === '' ? '' : `${parsed}\n`);
      return exitCodes.done;
    }
    const { command, values } = parsed;
    refuseEmptyOptions(command, values);
    return await command.run(new Given(values, command.options, world.variables), world);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    world.complain(`herald: ${error.message}\n`);
    return error.exitCode;
  }
}

interface Parsed {
  readonly command: Command;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What to run, or what to print instead. */
function parse(words: readonly string[], world: World): Parsed | string {
  let chosen: Parsed | undefined;
  let failure: Error | undefined;
  let said = '';
  const parser = commands
    .reduce(
      (all, command) =>
        withCommand(all, command, (values) => {
          chosen = { command, values };
        }),
      empty(world),
    )
    .completion(completion, 'Print what makes a shell complete commands: source <(herald completion)');
  parser.parse([...words], {}, (error, _argv, output) => {
    failure = error ?? undefined;
    said = output;
  });
  if (failure !== undefined) throw usageFailure(mistake(failure.message, words));
  return chosen ?? said;
}

const empty = (world: World): Argv =>
  yargs()
    .scriptName('herald')
    .usage('$0 COMMAND\n\nAnnounces the addresses of this host to the network.')
    .epilogue('Each command explains itself: herald COMMAND --help')
    .locale('en')
    .wrap(Math.min(world.columns, widestHelp))
    .parserConfiguration({
      'dot-notation': false,
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .version(number)
    .demandCommand(1, 1, 'say what to do: one of the commands that `herald --help` lists')
    .strict()
    .exitProcess(false);

function withCommand(all: Argv, command: Command, choose: (values: Readonly<Record<string, unknown>>) => void): Argv {
  return all.command(
    command.words,
    command.summary,
    (one) => {
      const { positionals = {}, options, examples, words } = command;
      for (const [name, describe] of Object.entries(positionals))
        one.positional(name, { type: 'string', describe, ...(words.includes(`${name}..`) ? { array: true } : {}) });
      for (const [name, option] of Object.entries(options))
        one.option(name, {
          type: option.type,
          describe: option.summary,
          ...(option.value === undefined ? {} : { requiresArg: true }),
          ...(option.fallback === undefined ? {} : { defaultDescription: option.fallback({}) }),
        });
      for (const [line, does] of examples) one.example(line, does);
      return one;
    },
    choose,
  );
}

/** The first word that is neither an option nor the value of one. */
function commandWord(words: readonly string[]): string | undefined {
  const options = Object.fromEntries(commands.flatMap((command) => Object.entries(command.options)));
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const first = tokens.find(({ kind }) => kind === 'positional');
  return first?.kind === 'positional' ? first.value : undefined;
}

function refuseUnknownCommand(words: readonly string[]): void {
  if (words[0] === completionRequest) return;
  const word = commandWord(words);
  const known = [...commands.map(nameOf), completion];
  if (word === undefined || known.includes(word)) return;
  const meant = nearest(word, known);
  throw usageFailure(
    `unknown command ${word}; ${meant === undefined ? '`herald --help` lists those there are' : `did you mean ${meant}?`}`,
  );
}

/** `--config ""` comes of a variable that is not set; it is nobody's wish. */
function refuseEmptyOptions({ options }: Command, values: Parsed['values']): void {
  for (const name of Object.keys(options)) if (values[name] === '') throw usageFailure(`--${name} needs a value`);
}

/** What yargs says, in our words where they help. */
function mistake(message: string, words: readonly string[]): string {
  const word = commandWord(words);
  const command = commands.find((candidate) => nameOf(candidate) === word);
  const unvalued = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  if (unvalued !== undefined) return `--${unvalued} needs a value`;
  if (message.startsWith('Not enough non-option arguments') && command !== undefined)
    return `something is missing: herald ${command.words}`;
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  return unknown?.map((name) => unknownWord(name, words, command)).join('; ') ?? message;
}

function unknownWord(name: string, words: readonly string[], command: Command | undefined): string {
  const word = words.find((said) => said === `-${name}` || said.replace(/=.*$/s, '') === `--${name}`);
  if (word === undefined)
    return `one word too many: ${name}${command === undefined ? '' : `; there are: herald ${command.words}`}`;
  const meant = nearest(name, Object.keys(command?.options ?? {}));
  const help = ['herald', ...(command === undefined ? [] : [nameOf(command)]), '--help'].join(' ');
  return `unknown option ${word}; ${meant === undefined ? `\`${help}\` lists those there are` : `did you mean --${meant}?`}`;
}
