// A change planned: texts of a configuration and a table read as the daemon reads them, and tried out on a copy.

import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { PlanRequest, PlanResult } from '../api/house.js';
import type { Config } from '../config/config.js';
import { Draft, type Situation } from '../plan/draft.js';
import { type Forecast, forecast, type ServiceForecast } from '../plan/forecast.js';
import { formatProblem } from '../problem.js';
import { formatOf } from '../sources/formats.js';
import type { RejectedEntry } from '../table/entry-table.js';
import type { Aliases } from '../table/reading.js';
import type { ServicesChange } from '../table/table-change.js';
import { type ListLinks, learnLan, listLinks } from './lan-facts.js';
import { parseConfigText } from './load-config.js';

/** Of a table that is planned everything stands in memory twice, and in the answer once more. */
const heapOctetsPerService = 4096;
const mostServices = Math.floor(getHeapStatistics().heap_size_limit / heapOctetsPerService);

/** `before`: what is in force. Nothing of it is touched. `configFile`: whose directory paths are relative to. */
export async function planChange(
  before: Situation,
  request: PlanRequest,
  configFile: string,
  list: ListLinks = listLinks,
): Promise<PlanResult> {
  const { config: configText, table: tableText } = request;
  const name = request.configName ?? configFile;
  const parsed =
    configText === undefined
      ? { config: before.config, problems: [] }
      : parseConfigText(configText, join(dirname(configFile), name.replace(/^.*\//, '')), name);
  const { config } = parsed;
  if (config === undefined) return { kind: 'invalid', problems: parsed.problems.map(formatProblem) };
  const draft = Draft.copy(before, Date.now());
  let rejected: readonly RejectedEntry[] = [];
  const refused = refusalsOf(draft, config);
  if (configText !== undefined) draft.configure(config);
  if (tableText !== undefined) {
    const file = request.tableName ?? 'table.yaml';
    const source = sourceFor(file, request.source, config);
    if (source === undefined)
      return {
        kind: 'invalid',
        problems: [`${file}: no source of the configuration is a file that it could stand for`],
      };
    const change = await readTable(tableText, file, config.communityAliases);
    if (change.kind === 'invalid') return change;
    if (change.count > mostServices)
      return { kind: 'invalid', problems: [`${file}: there is memory to plan ${mostServices} services, not more`] };
    rejected = change.rejected;
    // The last good version of an entry that cannot be taken stays.
    const kept = new Set([...change.upserted, ...rejected].map(({ name }) => name));
    const gone = draft.table.namesOf(source).filter((known) => !kept.has(known));
    draft.apply(source, { upserted: change.upserted, removed: gone });
  }
  await learnLan(before, before instanceof Draft ? [before, draft] : [draft], list);
  const found = forecast(before, draft);
  const services = [...found.services, ...rejected.flatMap((entry) => rejectedForecast(entry, draft))];
  return { kind: 'planned', forecast: { refused: [...refused, ...unsafe(before, config, found)], ...found, services } };
}

function rejectedForecast({ name, problems }: RejectedEntry, after: Situation): ServiceForecast[] {
  if (name === undefined) return [];
  const [first] = problems;
  const why = first === undefined ? 'it cannot be used' : formatProblem(first);
  const message = after.table.winner(name) === undefined ? why : `${why}; what is in force stays`;
  return [{ service: name, fate: 'rejected', from: [], to: [], message }];
}

const refusalsOf = (draft: Draft, config: Config): string[] =>
  draft.allotment.refusals(config).map(({ message }) => `onRevoke: refuse: ${message}`);

/** As safety counts: of what is announced, each prefix once for each peer, and for each interface. */
function unsafe(before: Situation, { safety }: Config, { announcements }: Omit<Forecast, 'refused'>): string[] {
  const { maxWithdrawPercent } = safety;
  if (maxWithdrawPercent >= 100) return [];
  let announced = 0;
  for (const name of before.table.names()) {
    const entry = before.table.winner(name)?.service;
    if (entry === undefined) continue;
    for (const { view } of before.planOf(entry).routes)
      announced += before.views.find(({ id }) => id === view)?.peers.length ?? 0;
    announced += before.lanPlanOf(entry).wishes.length;
  }
  const gone = announcements.filter(({ change }) => change === 'goes').length;
  return announced > 0 && gone * 100 > announced * maxWithdrawPercent
    ? [
        `safety.maxWithdrawPercent: it withdraws ${gone} of ${announced} announcements, and ${maxWithdrawPercent} % are allowed`,
      ]
    : [];
}

/** The source that is named, or whose file is, or else the first that is a file. */
function sourceFor(file: string, wanted: string | undefined, { sources }: Config): string | undefined {
  if (wanted !== undefined) return sources.find(({ name }) => name === wanted)?.name;
  const files = sources.filter((source) => source.kind === 'file');
  return (files.find((source) => source.file === file) ?? files[0])?.name;
}

export async function readTable(
  text: string,
  file: string,
  aliases: Aliases,
): Promise<ServicesChange | Extract<PlanResult, { kind: 'invalid' }>> {
  const format = formatOf(file, aliases);
  if (format === undefined)
    return { kind: 'invalid', problems: [`${file}: a table ends in .yaml, .yml, .json or .ndjson`] };
  const taking = format.begin();
  const octets = Buffer.from(text);
  const refusal = taking.sized(octets.length);
  if (refusal !== undefined) return { kind: 'invalid', problems: [`${file}: ${refusal}`] };
  if (taking.whole === undefined) taking.taken(octets);
  else taking.whole.set(octets);
  const change = await taking.finish();
  if (change.kind === 'bulk')
    return {
      kind: 'invalid',
      problems: [`${file}: rows of a CSV are announced as they are; there is nothing to plan`],
    };
  return change.kind === 'services' ? change : { kind: 'invalid', problems: change.problems.map(formatProblem) };
}
