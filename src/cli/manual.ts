// herald(8), from the table of commands: what `--help` says, as man(1) shows it. groff_man(7) has the macros.

import { type Command, nameOf } from './command.js';
import { exitCodes } from './exit.js';

const exits: { readonly [K in keyof typeof exitCodes]: string } = {
  done: 'Done.',
  failed: 'Failed; the message says why.',
  wouldChange: 'plan found that something would change.',
  usage: 'The command line was not understood.',
  noDaemon: 'No daemon answers at the socket.',
  notPermitted: 'Not permitted.',
  badConfig: 'The configuration or a table cannot be used.',
};
const isExit = (name: string): name is keyof typeof exitCodes => Object.hasOwn(exitCodes, name);

const files: readonly (readonly [path: string, what: string])[] = [
  ['/etc/herald/herald.yaml', 'The configuration.'],
  ['/etc/herald/allocations.yaml', 'The allocation table, unless the configuration names others.'],
  ['/run/herald/herald.sock', 'The control socket.'],
  ['/var/lib/herald', 'What must survive a restart.'],
];

const variables: readonly (readonly [name: string, what: string])[] = [
  ['HERALD_CONFIG', 'The configuration, where --config does not say.'],
  ['HERALD_SOCKET', 'The control socket, where --socket does not say.'],
  ['NO_COLOR', 'No colours, also on a terminal.'],
  ['STATE_DIRECTORY, RUNTIME_DIRECTORY', 'As systemd sets them.'],
];

/** The whole page. */
export function manual(commands: readonly Command[]): string {
  return [
    '.\\" Written by `npm run docs` from the table of commands; do not edit by hand.',
    '.TH HERALD 8 "" herald "System Administration"',
    '.SH NAME',
    'herald \\- announces the addresses of this host to the network',
    '.SH SYNOPSIS',
    ...commands.flatMap((command) => [`.B herald ${nameOf(command)}`, ...arguments_(command), '.br']),
    '.SH DESCRIPTION',
    'herald reads an allocation table and announces the addresses in it to the network: over BGP, and on the LAN by ARP and neighbour discovery.',
    'One program is the daemon',
    '.RB ( "herald run" )',
    'and its clients.',
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH EXIT STATUS',
    ...Object.keys(exits).flatMap((name) => (isExit(name) ? term(String(exitCodes[name]), exits[name]) : [])),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, what]) => term(name, what)),
    '.SH FILES',
    ...files.flatMap(([path, what]) => term(path, what)),
    '.SH SEE ALSO',
    'The documentation of the package: configuration.md, table.md, operations.md, runbook.md, api.md.',
    '',
  ].join('\n');
}

const arguments_ = (command: Command): string[] => {
  const words = command.words.split(' ').slice(1).join(' ');
  return words === '' ? [] : [`.I ${roff(words)}`];
};

function section(command: Command): string[] {
  return [
    `.SS ${roff(`herald ${command.words}`)}`,
    `${roff(command.summary)}.`,
    ...Object.entries(command.positionals ?? {}).flatMap(([name, what]) => term(name, what)),
    ...Object.entries(command.options).flatMap(([name, { value, summary }]) =>
      term(value === undefined ? `--${name}` : `--${name} ${value}`, summary),
    ),
    ...command.examples.flatMap(([line, does]) => [
      '.PP',
      '.EX',
      `${roff(line)}${does === '' ? '' : `      # ${roff(does)}`}`,
      '.EE',
    ]),
  ];
}

const term = (name: string, what: string): string[] => ['.TP', `.B ${roff(name)}`, roff(what)];

/** A backslash begins an escape, a point or an apostrophe at the start of a line a request, a hyphen is not a minus. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^([.'])/, '\\&$1');
