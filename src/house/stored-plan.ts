// A plan without a daemon: against the configuration on disk, its tables, and what the state directory holds.

import { readFileSync } from 'node:fs';
import type { PlanRequest, PlanResult } from '../api/house.js';
import { LedgerUnusable, readLedger } from '../io/ledger.js';
import { Draft } from '../plan/draft.js';
import { formatProblem } from '../problem.js';
import { readEntry } from '../table/entry.js';
import type { Service } from '../table/service.js';
import { loadConfig } from './load-config.js';
import { planChange, readTable } from './planning.js';

export async function planStored(
  configFile: string,
  stateDirectory: string,
  request: PlanRequest,
): Promise<PlanResult> {
  const { config, problems } = loadConfig(configFile);
  if (config === undefined) return { kind: 'invalid', problems: problems.map(formatProblem) };
  try {
    const contents = await readLedger(stateDirectory);
    const before = new Draft(config, contents, Date.now());
    for (const source of config.sources) {
      if (source.kind !== 'file' || source.file.endsWith('.csv')) continue;
      const change = await readTable(readFileSync(source.file, 'utf8'), source.file, config.communityAliases);
      if (change.kind === 'invalid') return change;
      before.apply(source.name, change);
    }
    const pushed = new Map<string, Service[]>();
    for (const { source, entry } of contents.entries) {
      const { service } = readEntry(JSON.parse(entry), config.communityAliases);
      if (service !== undefined) pushed.set(source, [...(pushed.get(source) ?? []), service]);
    }
    for (const [source, upserted] of pushed) before.apply(source, { upserted, removed: [] });
    before.read();
    return await planChange(before, request, configFile);
  } catch (error) {
    if (!(error instanceof LedgerUnusable) && !isFileError(error)) throw error;
    return { kind: 'invalid', problems: [error.message] };
  }
}

const isFileError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;
