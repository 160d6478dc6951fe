// Single entries written to a source by a client of the API: checked, owned, and applied one at a time.

import type { WriteResult } from '../api/house.js';
import type { Config } from '../config/config.js';
import { type Announcer, cliSource, describeRefusal } from '../plan/announcer.js';
import { readEntry } from '../table/entry.js';
import { type Service, sameService } from '../table/service.js';

export interface WriteOptions {
  readonly owner?: string;
  readonly force: boolean;
}

/** What a write came to, but for how the API shows the service. */
export type EntryResult =
  | Exclude<WriteResult, { kind: 'done' | 'unchanged' }>
  | { readonly kind: 'done' }
  | { readonly kind: 'unchanged' };

function unwritable(source: string, config: Config): EntryResult | undefined {
  if (source === cliSource) return undefined;
  const configured = config.sources.find(({ name }) => name === source);
  if (configured === undefined) return { kind: 'noSuchSource' };
  if (configured.kind === 'socket') return undefined;
  return {
    kind: 'notWritable',
    message: `the source ${source} is the file ${configured.file}, which is read and never written`,
  };
}

/** An entry belongs to its owner; nobody's entries may be taken by anybody. */
function foreignOwner(held: Service | undefined, owner: string, force: boolean): EntryResult | undefined {
  if (held === undefined || held.owner === '' || held.owner === owner || force) return undefined;
  return { kind: 'otherOwner', owner: held.owner };
}

export function putEntry(
  announcer: Announcer,
  config: Config,
  source: string,
  name: string,
  entry: unknown,
  { owner, force }: WriteOptions,
): EntryResult {
  const refused = unwritable(source, config);
  if (refused !== undefined) return refused;
  const named = typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? { name, ...entry } : entry;
  const reading = readEntry(named, config.communityAliases);
  const problems = reading.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  if (reading.service === undefined) return { kind: 'invalid', problems };
  if (reading.service.name !== name) {
    return { kind: 'invalid', problems: [`name: the entry is called ${reading.service.name}, its path says ${name}`] };
  }
  if (owner !== undefined && reading.service.owner !== '' && reading.service.owner !== owner) {
    return { kind: 'invalid', problems: [`owner: the entry says ${reading.service.owner}, the request ${owner}`] };
  }
  const service = owner === undefined ? reading.service : { ...reading.service, owner };
  const held = announcer.table.of(source, name);
  const foreign = foreignOwner(held, service.owner, force);
  if (foreign !== undefined) return foreign;
  if (held !== undefined && sameService(held, service)) return { kind: 'unchanged' };
  const refusal = announcer.applyServices(source, { upserted: [service], removed: [] }, force);
  return refusal === undefined ? { kind: 'done' } : { kind: 'refused', message: describeRefusal(refusal) };
}

export function deleteEntry(
  announcer: Announcer,
  config: Config,
  source: string,
  name: string,
  { owner, force }: WriteOptions,
): EntryResult {
  const refused = unwritable(source, config);
  if (refused !== undefined) return refused;
  const held = announcer.table.of(source, name);
  if (held === undefined) return { kind: 'noSuchService' };
  const foreign = foreignOwner(held, owner ?? '', force);
  if (foreign !== undefined) return foreign;
  const refusal = announcer.applyServices(source, { upserted: [], removed: [name] }, force);
  return refusal === undefined ? { kind: 'done' } : { kind: 'refused', message: describeRefusal(refusal) };
}
