// `herald interfaces`: what is announced on each interface of this host, and what is wrong with it; or one in full.

import type { InterfaceBody } from '../api/lan.js';
import type { Command } from './command.js';
import { CommandFailure, exitCodes } from './exit.js';
import { read, readingOptions } from './reading.js';
import { type Cell, cell, facts, type Screen, table } from './table.js';
import { moment } from './words.js';

export const interfaces: Command = {
  words: 'interfaces [name]',
  summary: 'The interfaces of this host and what is announced on them, or one in full',
  positionals: { name: 'the name of an interface' },
  options: readingOptions,
  examples: [
    ['herald interfaces', ''],
    ['herald interfaces eth0', 'with counters, drops by reason, and conflicts'],
  ],
  run: (given, world) => {
    const name = given.optionalText('name');
    const lines = ({ interfaces: all }: Body, screen: Screen): string[] => {
      if (name === undefined) return list(all, screen);
      const one = all.find((candidate) => candidate.name === name);
      if (one === undefined)
        throw new CommandFailure(
          exitCodes.failed,
          `there is no interface ${name}; \`herald interfaces\` lists those there are`,
        );
      return detail(one, screen);
    };
    return read('/v1/interfaces', lines, given, world);
  },
};

interface Body {
  readonly interfaces: readonly InterfaceBody[];
}

function list(all: readonly InterfaceBody[], screen: Screen): string[] {
  if (all.length === 0) return ['Nothing is announced on the LAN: there are no l2Advertisements.'];
  return table(
    [
      { heading: 'NAME', least: 8 },
      { heading: 'STATE' },
      { heading: 'ANNOUNCED', isNumber: true },
      { heading: 'ASKED', isNumber: true },
      { heading: 'ANSWERED', isNumber: true },
      { heading: 'UNASKED', isNumber: true },
      { heading: 'CONFLICTS', isNumber: true },
      { heading: 'PROBLEM', least: 12 },
    ],
    all.map((one) => [
      cell(one.name),
      stateOf(one),
      some(one.announced),
      some(sum(one, 'requestsReceived')),
      some(sum(one, 'responsesSent')),
      some(sum(one, 'gratuitousSent')),
      cell(sum(one, 'conflicts') || '', 'bad'),
      cell(problemOf(one), 'bad'),
    ]),
    screen,
  );
}

const some = (count: number): Cell => cell(count === 0 ? '' : count);

function stateOf({ usable, reason, announced }: InterfaceBody): Cell {
  if (!usable) return cell(reason, reason === 'interfaceDown' || reason === 'noCarrier' ? 'waiting' : 'quiet');
  return announced > 0 ? cell('serving', 'good') : cell('usable');
}

const sum = ({ counters }: InterfaceBody, key: 'requestsReceived' | 'responsesSent' | 'gratuitousSent' | 'conflicts') =>
  counters.ipv4[key] + counters.ipv6[key];

function problemOf({ problem, tracks, usable }: InterfaceBody): string {
  // Whoever is asked through one that is down cannot answer.
  const silent = (usable ? tracks : [])
    .filter(({ reachable }) => !reachable)
    .map(({ address }) => `${address} does not answer`);
  return [problem, ...silent].filter((text) => text !== '').join('; ');
}

function detail(one: InterfaceBody, screen: Screen): string[] {
  const { ipv4, ipv6 } = one.counters;
  const rows = (['requestsReceived', 'responsesSent', 'gratuitousSent', 'conflicts'] as const).map((key) => [
    cell(key),
    cell(ipv4[key]),
    cell(ipv6[key]),
  ]);
  const reasons = Object.keys(ipv4.dropped) as (keyof typeof ipv4.dropped)[];
  const dropped = reasons
    .filter((reason) => ipv4.dropped[reason] + ipv6.dropped[reason] > 0)
    .map((reason) => [cell(`dropped: ${reason}`), cell(ipv4.dropped[reason]), cell(ipv6.dropped[reason])]);
  return [
    ...facts(
      [
        ['Interface', `${one.name}, number ${one.index}`],
        ['MAC', one.mac],
        ['State', stateOf(one)],
        ['Problem', cell(one.problem, 'bad')],
        ['Addresses', one.addresses.slice(0, 20).join(' ')],
        ['Announced', String(one.announced)],
        ['To be sent', one.pendingFrames > 0 ? `${one.pendingFrames} frames` : ''],
        ['Groups', one.groups > 0 ? `${one.groups} solicited-node groups joined` : ''],
        ...one.tracks.map(
          ({ address, reachable, problem }) =>
            [
              'Neighbour',
              cell(
                `${address} ${reachable ? 'answers' : 'does not answer'}${problem === '' ? '' : `: ${problem}`}`,
                reachable ? 'good' : 'bad',
              ),
            ] as const,
        ),
      ],
      screen,
    ),
    '',
    ...table(
      [{ heading: 'FRAMES' }, { heading: 'ARP', isNumber: true }, { heading: 'NDP', isNumber: true }],
      [...rows, ...dropped],
      screen,
    ),
    ...(one.conflicts.length === 0 ? [] : ['', ...conflictTable(one, screen)]),
  ];
}

const conflictTable = ({ conflicts }: InterfaceBody, screen: Screen): string[] =>
  table(
    [
      { heading: 'CONFLICT', least: 15 },
      { heading: 'CLAIMED BY' },
      { heading: 'LAST' },
      { heading: 'TIMES', isNumber: true },
    ],
    conflicts
      .toReversed()
      .map(({ address, mac, at, count }) => [cell(address), cell(mac), cell(moment(at)), cell(count)]),
    screen,
  );
