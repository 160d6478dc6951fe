// What a client of the API may write and where: entries checked, sources that take them, owners. Decides; writers.ts does.

import type { WriteFailure, WriteOptions } from '../api/house.js';
import type { Config } from '../config/config.js';
import { cliSource } from '../plan/announcer.js';
import type { EntryReader, EntryReading } from '../table/entry.js';
import type { EntryProblem } from '../table/reading.js';
import type { Service } from '../table/service.js';

/** An entry that may be used, with what is odd about it. */
export interface Written {
  readonly service: Service;
  readonly warnings: readonly string[];
}

export const isFailure = <T extends object>(result: T | WriteFailure): result is WriteFailure => 'failure' in result;

export function unwritable(source: string, config: Config): WriteFailure | undefined {
  if (source === cliSource) return undefined;
  const configured = config.sources.find(({ name }) => name === source);
  if (configured === undefined) return { failure: 'noSuchSource' };
  if (configured.kind === 'socket') return undefined;
  return {
    failure: 'notWritable',
    message: `the source ${source} is the file ${configured.file}, which is read and never written`,
  };
}

export type OtherOwner = Extract<WriteFailure, { failure: 'otherOwner' }>;

/** An entry belongs to its owner; nobody's entries may be taken by anybody. */
export function foreignOwner(held: Service | undefined, owner: string, force: boolean): OtherOwner | undefined {
  if (held === undefined || held.owner === '' || held.owner === owner || force) return undefined;
  return { failure: 'otherOwner', name: held.name, owner: held.owner };
}

const said = ({ path, message }: EntryProblem): string => (path === '' ? message : `${path}: ${message}`);

/** The entry a client sent; it need not say its own name where `name` does. */
export function readWritten(
  reader: EntryReader,
  entry: unknown,
  { owner }: WriteOptions,
  name?: string,
): Written | Extract<WriteFailure, { failure: 'invalid' }> {
  const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  const reading: EntryReading = reader.read(name !== undefined && isObject ? { name, ...entry } : entry);
  const { service } = reading;
  if (service === undefined) return invalid(reading.name, reading.problems.map(said));
  if (name !== undefined && service.name !== name)
    return invalid(name, [`name: the entry is called ${service.name}, its path says ${name}`]);
  if (owner !== undefined && service.owner !== '' && service.owner !== owner)
    return invalid(service.name, [`owner: the entry says ${service.owner}, the request ${owner}`]);
  return {
    service: owner === undefined ? service : { ...service, owner },
    warnings: reading.problems.map(said),
  };
}

export const invalid = (
  name: string | undefined,
  problems: readonly string[],
): Extract<WriteFailure, { failure: 'invalid' }> => ({ failure: 'invalid', name, problems });
