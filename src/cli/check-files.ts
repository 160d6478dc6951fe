// What is wrong with a configuration and its tables, found by the rooms that read them for the daemon.

import { existsSync } from 'node:fs';
import type { Config } from '../config/config.js';
import { loadConfig } from '../house/load-config.js';
import { monotonicClock } from '../io/clock.js';
import { Rules } from '../pools/demand.js';
import type { Problem } from '../problem.js';
import { FileSource } from '../sources/file.js';
import type { SourceUpdate } from '../sources/update.js';
import { whole } from '../table/plain-service.js';
import type { Aliases } from '../table/reading.js';

export interface Findings {
  readonly problems: readonly Problem[];
  /** The files that were looked at. */
  readonly read: readonly string[];
}

export interface Asked {
  readonly config: string;
  /** Somebody said so; it is not only where a configuration usually is. */
  readonly isConfigNamed: boolean;
  /** In the place of the configuration's own. */
  readonly table: string | undefined;
}

export async function findProblems({ config: file, isConfigNamed, table }: Asked): Promise<Findings> {
  // A table can be looked at alone.
  if (table !== undefined && !isConfigNamed && !existsSync(file)) {
    return { problems: await tableProblems(table, undefined), read: [table] };
  }
  const { config: parsed, problems } = loadConfig(file);
  const tables = table === undefined ? (parsed?.sources ?? []).flatMap(fileOf) : [table];
  const found = await Promise.all(tables.map((path) => tableProblems(path, parsed)));
  return { problems: [...problems, ...found.flat()], read: [file, ...tables] };
}

const fileOf = (source: Config['sources'][number]): string[] => (source.kind === 'file' ? [source.file] : []);

async function tableProblems(file: string, config: Config | undefined): Promise<readonly Problem[]> {
  const update = await readOnce(file, config?.communityAliases ?? new Map());
  return config === undefined || update.kind !== 'services'
    ? update.problems
    : [...update.problems, ...rejections(file, update, config)];
}

/** The first that the source says of its file is all there is. */
function readOnce(file: string, aliases: Aliases): Promise<SourceUpdate> {
  return new Promise((deliver) => {
    const environment = {
      watch: () => ({ close: () => {} }),
      clock: monotonicClock,
      log: { write: () => {} },
      aliases,
    };
    const source = new FileSource({ name: 'check', file }, environment, (update) => {
      source.stop();
      deliver(update);
    });
    source.start();
  });
}

/** Entries that are good in themselves, but get nothing under this configuration. */
function rejections(
  file: string,
  { upserted }: Extract<SourceUpdate, { kind: 'services' }>,
  config: Config,
): Problem[] {
  const rules = new Rules(config);
  return upserted.map(whole).flatMap((service): Problem[] => {
    const demand = rules.demand(service);
    if (demand.kind !== 'impossible') return [];
    const { reason, message } = demand;
    const where = { file, line: 0, column: 0 };
    return [{ severity: 'warning', where, path: service.name, message: `${reason}: ${message}` }];
  });
}
