// `herald plan`: what a new configuration or a new table would do, against the running daemon or what it has stored.
// Nothing is changed. What plans without a daemon is loaded by this command alone.

import { readFileSync } from 'node:fs';
import type { PlanRequest, PlanResult } from '../api/house.js';
import { fileFailure } from '../io/file-failure.js';
import type { Forecast, ServiceForecast, SessionForecast } from '../plan/forecast.js';
import { callApi, Refusal } from './client.js';
import { type Command, type Given, tell } from './command.js';
import { CommandFailure, exitCodes, usageFailure } from './exit.js';
import { config, json, socket, stateDirectory } from './options.js';
import { type Cell, cell, paint, type Screen, type Tone, table } from './table.js';
import { plural } from './words.js';

const unprocessable = 422;

export const plan: Command = {
  words: 'plan [new]',
  summary: 'What a new configuration or a new table would do, without doing it',
  positionals: { new: 'a herald.yaml as it may become' },
  options: {
    table: { type: 'string', value: 'FILE', summary: 'a table as it may become, in the place of the one in force' },
    source: { type: 'string', value: 'NAME', summary: 'whose table that is, where several sources are files' },
    ...socket,
    'state-dir': {
      type: 'string',
      value: 'DIRECTORY',
      summary: 'without a daemon: against what is stored there, and --config',
    },
    config: { ...config.config, summary: 'with --state-dir: the configuration in force [$HERALD_CONFIG]' },
    ...json,
  },
  examples: [
    [
      'herald plan new.yaml',
      'every service that would move, with its old and its new address; exits 2 if anything would change',
    ],
    ['herald plan --table new-table.yaml', ''],
    [`herald plan new.yaml --state-dir ${stateDirectory['state-dir'].fallback({})}`, 'while no daemon runs'],
  ],
  run: async (given, world) => {
    const request = requested(given);
    const directory = given.optionalText('state-dir');
    const result = directory === undefined ? await ask(given, request) : await offline(given, request, directory);
    if (result.kind === 'invalid') {
      world.complain(['herald: it cannot be used', ...result.problems, ''].join('\n'));
      return exitCodes.badConfig;
    }
    const { forecast } = result;
    tell(JSON.stringify(forecast), describe(forecast, world).join('\n'), given, world);
    return isNothing(forecast) ? exitCodes.done : exitCodes.wouldChange;
  },
};

function requested(given: Given): PlanRequest {
  const [file, tableFile, source] = ['new', 'table', 'source'].map((name) => given.optionalText(name));
  if (file === undefined && tableFile === undefined)
    throw usageFailure('nothing to plan: name a new configuration, or a table with --table');
  return {
    ...(file === undefined ? {} : { config: readText(file), configName: file }),
    ...(tableFile === undefined ? {} : { table: readText(tableFile), tableName: tableFile }),
    ...(source === undefined ? {} : { source }),
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(exitCodes.badConfig, `${file} ${fileFailure(error)}`);
  }
}

async function ask(given: Given, request: PlanRequest): Promise<PlanResult> {
  try {
    const forecast: Forecast = JSON.parse(await callApi(given.text('socket'), 'POST', '/v1/plan', request));
    return { kind: 'planned', forecast };
  } catch (error) {
    if (error instanceof Refusal && error.status === unprocessable && error.problems.length > 0)
      return { kind: 'invalid', problems: error.problems };
    throw error;
  }
}

async function offline(given: Given, request: PlanRequest, directory: string): Promise<PlanResult> {
  const { planStored } = await import('../house/stored-plan.js');
  return planStored(given.text('config'), directory, request);
}

const isNothing = ({ refused, services, announcements, sessions }: Forecast): boolean =>
  refused.length + services.length + announcements.length + sessions.length === 0;

function describe(forecast: Forecast, screen: Screen): string[] {
  if (isNothing(forecast)) return ['Nothing would change.'];
  const { refused, services, announcements, sessions } = forecast;
  const sections = [
    refused.map((line) => paint(cell(`Would be refused: ${line}`, 'bad'), screen)),
    services.length === 0 ? [] : table(serviceColumns, services.map(serviceRow), screen),
    announcements.length === 0
      ? []
      : table(
          announcementColumns,
          announcements.map(({ prefix, protocol, via, change }) => [
            cell(prefix),
            cell(protocol),
            cell(via),
            cell(change, changeTones[change]),
          ]),
          screen,
        ),
    sessions.length === 0 ? [] : table(sessionColumns, sessions.map(sessionRow), screen),
    [summary(forecast)],
  ];
  return sections.filter((lines) => lines.length > 0).flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]));
}

const serviceColumns = [
  { heading: 'SERVICE', least: 12 },
  { heading: 'WOULD' },
  { heading: 'FROM', least: 15 },
  { heading: 'TO', least: 15 },
  { heading: 'WHY', least: 20 },
];
const announcementColumns = [
  { heading: 'PREFIX', least: 18 },
  { heading: 'PROTOCOL' },
  { heading: 'VIA', least: 8 },
  { heading: 'WOULD' },
];
const sessionColumns = [{ heading: 'PEER', least: 8 }, { heading: 'SESSION' }, { heading: 'BECAUSE OF', least: 20 }];

const fates: Readonly<Record<ServiceForecast['fate'], readonly [words: string, tone: Tone]>> = {
  moves: ['move', 'waiting'],
  keeps: ['keep, out of pool', 'waiting'],
  released: ['be released', 'bad'],
  rejected: ['be rejected', 'bad'],
  served: ['be served', 'good'],
  waits: ['wait', 'waiting'],
  ignored: ['be ignored', 'quiet'],
  removed: ['go', 'quiet'],
};

const changeTones = { appears: 'good', goes: 'bad', changes: 'waiting' } as const;

function serviceRow({ service, fate, from, to, message }: ServiceForecast): Cell[] {
  const [words, tone] = fates[fate];
  return [cell(service), cell(words, tone), cell(from.join(' ')), cell(to.join(' ')), cell(message)];
}

const effects: Readonly<Record<SessionForecast['effect'], readonly [words: string, tone: Tone]>> = {
  hot: ['stays up', 'good'],
  refresh: ['stays up, is refreshed', 'waiting'],
  reset: ['is reset', 'bad'],
  added: ['is new', 'good'],
  removed: ['is closed', 'bad'],
};

function sessionRow({ peer, effect, fields }: SessionForecast): Cell[] {
  const [words, tone] = effects[effect];
  return [cell(peer), cell(words, tone), cell(fields.map((its) => `${its.field} (${its.effect})`).join(', '))];
}

function summary({ services, announcements, sessions }: Forecast): string {
  const moves = services.filter(({ fate }) => fate === 'moves').length;
  const resets = sessions.filter(({ effect }) => effect === 'reset' || effect === 'removed').length;
  return `${plural(services.length, 'service')} affected, ${moves} of them moved; ${plural(announcements.length, 'announcement')} changed; ${plural(resets, 'session')} closed. Nothing has been done.`;
}
