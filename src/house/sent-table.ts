// A whole table as a client sent it: every entry good, or none is taken.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TableBody, WriteFailure, WriteOptions } from '../api/house.js';
import { formatProblem } from '../problem.js';
import { inTurns } from '../sources/formats.js';
import { octetWork } from '../sources/octet-work.js';
import { EntryReader } from '../table/entry.js';
import { PlainEntryReader } from '../table/plain-entry.js';
import { whole } from '../table/plain-service.js';
import type { Aliases } from '../table/reading.js';
import type { Service } from '../table/service.js';
import { TableText } from '../table/table-text.js';
import { invalid, readWritten, type Written } from './entries.js';
import { full } from './entry-changes.js';

/** Problems that are told of one table; who sends it mends those first. */
const mostProblems = 100;

export interface SentTable {
  readonly services: ReadonlyMap<string, Service>;
  readonly warnings: readonly string[];
}

export async function readSentTable(
  body: TableBody,
  aliases: Aliases,
  options: WriteOptions,
  most: number,
): Promise<SentTable | WriteFailure> {
  const table =
    body.format === 'json'
      ? await readText(body.octets, aliases, most)
      : await readLines(body.lines, aliases, options, most);
  if ('failure' in table || options.owner === undefined) return table;
  const { owner } = options;
  const services = new Map<string, Service>();
  for (const [name, service] of table.services) {
    if (service.owner !== '' && service.owner !== owner)
      return invalid(name, [`${name}: owner: the entry says ${service.owner}, the request ${owner}`]);
    services.set(name, { ...service, owner });
  }
  return { ...table, services };
}

async function readText(octets: Uint8Array, aliases: Aliases, most: number): Promise<SentTable | WriteFailure> {
  const change = await inTurns(new TableText('json', 'table', aliases, octetWork, most).update(octets));
  const problems = change.problems.map(formatProblem);
  if (change.kind === 'unusable' || change.rejected.length > 0) return invalid(undefined, problems);
  return { services: new Map(change.upserted.map((service) => [service.name, whole(service)])), warnings: problems };
}

/** One service a line; blank lines are nothing. */
async function readLines(
  pieces: AsyncIterable<readonly Uint8Array[]>,
  aliases: Aliases,
  options: WriteOptions,
  most: number,
): Promise<SentTable | WriteFailure> {
  const read = new LineReader(aliases, options);
  const services = new Map<string, Service>();
  const warnings: string[] = [];
  const problems: string[] = [];
  let number = 0;
  for await (const lines of pieces) {
    for (const line of lines) {
      number++;
      const written = read.service(line);
      if (written === undefined) continue;
      const at = (message: string): string => `line ${number}: ${message}`;
      if ('failure' in written) problems.push(...written.problems.map(at));
      else {
        const { service } = written;
        if (services.has(service.name)) problems.push(at(`the name ${service.name} is taken by a line before`));
        services.set(service.name, service);
        if (warnings.length < mostProblems) warnings.push(...written.warnings.map(at));
      }
      if (services.size > most) return full(most);
      if (problems.length >= mostProblems) return invalid(undefined, problems.slice(0, mostProblems));
    }
    await nextTurn();
  }
  return problems.length > 0 ? invalid(undefined, problems) : { services, warnings: warnings.slice(0, mostProblems) };
}

/** Lines of JSON, each an entry. */
export class LineReader {
  readonly #entries: EntryReader;
  readonly #plain = new PlainEntryReader(octetWork.text);
  readonly #options: WriteOptions;

  constructor(aliases: Aliases, options: WriteOptions) {
    this.#entries = new EntryReader(aliases);
    this.#options = options;
  }

  /** Undefined for a blank line. */
  service(line: Uint8Array): Written | ReturnType<typeof invalid> | undefined {
    if (line.length === 0) return undefined;
    const plain = this.plain(line, 0, line.length);
    if (plain !== undefined) return { service: plain, warnings: [] };
    const text = octetWork.text(line, 0, line.length);
    if (text.trim() === '') return undefined;
    const value = parsed(text);
    return value === undefined ? invalid(undefined, ['not JSON']) : this.entry(value);
  }

  entry(value: unknown): Written | ReturnType<typeof invalid> {
    return readWritten(this.#entries, value, this.#options);
  }

  /** Undefined for an entry that is anything but a name and a few addresses or prefixes, or that is not one. */
  plain(octets: Uint8Array, start: number, end: number): Service | undefined {
    const kept = this.#plain.read(octets, start, end);
    const { owner } = this.#options;
    const service = kept && whole(kept);
    return service === undefined || owner === undefined ? service : { ...service, owner };
  }
}

/** Undefined for what is not JSON, which no JSON text gives. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
