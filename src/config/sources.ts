// Where tables come from: files by name and place, or the control socket.

import { basename, extname } from 'node:path';
import type { SourceConfig } from './config.js';
import type { Reader, Section } from './reader.js';
import type { Source } from './schema.js';

const defaultTable = '/etc/herald/allocations.yaml';
/** The source that `herald announce` writes to; always there. */
const reservedName = 'cli';
const tableEndings = ['.yaml', '.yml', '.json', '.ndjson', '.csv'];

export const defaultSources: readonly SourceConfig[] = [
  { name: defaultName(defaultTable), kind: 'file', file: defaultTable },
];

function defaultName(file: string): string {
  return basename(file, extname(file));
}

export function readSources(
  reader: Reader,
  items: readonly Section<Source>[],
  resolve: (file: string) => string,
): readonly SourceConfig[] {
  const named = items.map((item): Section<Source> => {
    const { name, file } = item.value;
    if (name !== '' || file === undefined || item.has('name')) return item;
    return { ...item, value: { ...item.value, name: defaultName(file) } };
  });
  const known = reader.names(named, 'source');
  if (known.has(reservedName))
    reader.error(
      known.get(reservedName)!.path('name'),
      `"${reservedName}" is the source of \`herald announce\`, which always exists; choose another name`,
    );
  return named.flatMap((item): SourceConfig[] => {
    const { name, file, socket } = item.value;
    if (!item.has('file') && !item.has('socket')) reader.error(item.path(), 'exactly one of file and socket is needed');
    if (item.has('file') && item.has('socket'))
      reader.error(item.path('socket'), 'stands beside file; only one of both is allowed');
    if (socket !== undefined)
      return [{ name, kind: 'socket', onDisconnect: socket.onDisconnect, afterSeconds: socket.after }];
    if (file === undefined) return [];
    if (!tableEndings.includes(extname(file).toLowerCase()))
      reader.error(item.path('file'), `the name must end in one of ${tableEndings.join(', ')}: it says what is inside`);
    return [{ name, kind: 'file', file: resolve(file) }];
  });
}
