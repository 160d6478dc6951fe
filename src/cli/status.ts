// `herald status`: is it well, and if not, what is wrong.

import type { ListenerBody, StatusBody } from '../api/house.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { type Cell, cell, facts, paint, type Screen } from './table.js';
import { duration, moment, plural } from './words.js';

export const status: Command = {
  words: 'status',
  summary: 'How herald is, and what is wrong',
  options: readingOptions,
  examples: [
    ['herald status', ''],
    ['herald status --json | jq .counts', 'for scripts'],
  ],
  run: (given, world) => read('/v1/status', lines, given, world),
};

const drainOf = ({ drained, draining }: StatusBody): Cell | undefined =>
  drained ? cell('drained', 'waiting') : draining ? cell('draining', 'waiting') : undefined;

function lines(body: StatusBody, screen: Screen): string[] {
  const { counts, config, sources, listeners, http } = body;
  const stale = sources.filter((source) => source.stale);
  const drain = drainOf(body);
  const state = body.ready ? cell('ready', 'good') : cell('not ready yet', 'waiting');
  const problems = [
    ...config.problems,
    ...sources.flatMap(({ name, problems: said }) => said.map((problem) => `source ${name}: ${problem}`)),
    ...body.layer2.problems,
    ...[...listeners, ...(http ? [http] : [])].map(({ problem }) => problem).filter((problem) => problem !== ''),
  ];
  return [
    `herald ${body.version} on ${body.node}: ${paint(state, screen)}${drain === undefined ? '' : `, ${paint(drain, screen)}`}, up ${duration(body.uptimeSeconds)}`,
    '',
    ...facts(
      [
        ['Configuration', `${config.file}, loaded ${moment(config.loadedAt)}`],
        ['', config.stale ? cell('stale: the file is not in force, an earlier configuration is', 'bad') : ''],
        ...wayBack(config).map((line) => ['', cell(line, 'waiting')] as const),
        ['Sources', sources.map(({ name }) => name).join(', ')],
        ['', stale.length > 0 ? cell(`stale: ${stale.map(({ name }) => name).join(', ')}`, 'bad') : ''],
        [
          'Services',
          `${counts.services}, ${counts.allocated} allocated, ${counts.announcedBgp} announced over BGP${counts.announcedLayer2 > 0 ? `, ${counts.announcedLayer2} on the LAN` : ''}`,
        ],
        [
          'BGP peers',
          `${counts.peersEstablished} of ${counts.peers} established${counts.peersDisabled > 0 ? `, ${counts.peersDisabled} disabled` : ''}`,
        ],
        ['Listening', listeners.map(endpoint).join(', ')],
        ['HTTP', http ? endpoint(http) : ''],
      ],
      screen,
    ),
    ...(problems.length === 0
      ? []
      : ['', paint(cell(`${plural(problems.length, 'problem')}:`, 'heading'), screen), ...problems]),
  ];
}

const endpoint = ({ address, port }: ListenerBody): string => `${address} port ${port}`;

function wayBack({ confirmBefore, fallback }: StatusBody['config']): string[] {
  if (confirmBefore === undefined || fallback === undefined) return [];
  return [
    `to be confirmed before ${moment(confirmBefore)}, or else`,
    `the one loaded ${moment(fallback.loadedAt)} comes back`,
  ];
}
