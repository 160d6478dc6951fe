// Keys that are read and checked, and wait for something that is not built yet. What builds it takes the row away.

import * as z from 'zod/mini';
import type { Path } from './document.js';
import type { Reader } from './reader.js';
import { isRecord, schemaAt } from './reader.js';
import { type SectionKey, sections } from './schema.js';

/** `*`: every item. A value that is the default, or an empty list, asks for nothing and is not warned about. */
const waiting: Readonly<Record<string, string>> = {
  bfdProfiles: 'BFD',
  'bgpPeers.*.bfdProfile': 'BFD',
  'bgpPeers.*.interface': 'unnumbered peers; this peer is left out',
  'bgpPeers.*.peerRange': 'dynamic peers; this peer is left out',
  'bgpPeers.*.addPaths': 'RFC 7911',
  'bgpPeers.*.extendedNextHop': 'RFC 8950',
  'bgpPeers.*.role': 'RFC 9234',
  'bgpPeers.*.gracefulRestart.longLivedStaleTime': 'RFC 9494',
};

/** As `bgpPeers.*.role`. */
export const waitingKeys: ReadonlySet<string> = new Set(Object.keys(waiting));

export function warnOfWaiting(reader: Reader, root: unknown): void {
  for (const [key, what] of Object.entries(waiting))
    for (const path of written(root, key.split('.'), []))
      reader.warnAtKey(path, `not in force yet in this version (waits for ${what})`);
}

/** Every place where the key is written and asks for something. */
function written(value: unknown, rest: readonly string[], path: Path): Path[] {
  const [key, ...after] = rest;
  if (key === undefined) return asksForNothing(value, path) ? [] : [path];
  if (key === '*') return Array.isArray(value) ? value.flatMap((item, i) => written(item, after, [...path, i])) : [];
  if (!isRecord(value)) return [];
  const { spec } = value;
  const nested = isRecord(spec) ? written(spec, rest, [...path, 'spec']) : [];
  return Object.hasOwn(value, key) ? [...written(value[key], after, [...path, key]), ...nested] : nested;
}

function asksForNothing(value: unknown, path: Path): boolean {
  if (value === null || (Array.isArray(value) && value.length === 0)) return true;
  const [key, ...rest] = path.filter((part) => typeof part !== 'number' && part !== 'spec');
  if (!isSectionKey(key)) return false;
  const schema = schemaAt(sections[key].schema(), rest);
  return schema instanceof z.ZodMiniPrefault && schema._zod.def.defaultValue === value;
}

const isSectionKey = (key: string | number | undefined): key is SectionKey =>
  typeof key === 'string' && Object.hasOwn(sections, key);
