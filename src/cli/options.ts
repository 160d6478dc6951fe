// Options that several commands have, and what they are without being said: one table for both parsers, the quick one of
// `herald run` and yargs. Nothing here may be slow to load.

import { join } from 'node:path';
import type { Variables } from './world.js';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly summary: string;
  /** What it is called in the help; strings only. */
  readonly value?: string;
  readonly fallback?: (variables: Variables) => string;
}

export type Options = Readonly<Record<string, Option>>;

/** Not empty; of a list of directories as systemd gives it, the first. */
const variable = (variables: Variables, name: string): string | undefined => variables[name] || undefined;
const directory = (variables: Variables, name: string): string | undefined => variable(variables, name)?.split(':')[0];

export const config = {
  config: {
    type: 'string',
    value: 'FILE',
    summary: 'the configuration [$HERALD_CONFIG]',
    fallback: (variables) => variable(variables, 'HERALD_CONFIG') ?? '/etc/herald/herald.yaml',
  },
} as const satisfies Options;

export const socket = {
  socket: {
    type: 'string',
    value: 'PATH',
    summary: 'the control socket [$HERALD_SOCKET]',
    fallback: (variables) =>
      variable(variables, 'HERALD_SOCKET') ??
      join(directory(variables, 'RUNTIME_DIRECTORY') ?? '/run/herald', 'herald.sock'),
  },
} as const satisfies Options;

export const stateDirectory = {
  'state-dir': {
    type: 'string',
    value: 'DIRECTORY',
    summary: 'what must survive a restart [$STATE_DIRECTORY]',
    fallback: (variables) => directory(variables, 'STATE_DIRECTORY') ?? '/var/lib/herald',
  },
} as const satisfies Options;

export const json = {
  json: { type: 'boolean', summary: 'the body that the control API gives, as it is' },
} as const satisfies Options;

export const watch = {
  watch: { type: 'boolean', summary: 'look again every second' },
} as const satisfies Options;

export const force = {
  force: { type: 'boolean', summary: 'whoever owns the entry, and whatever the safety limits say' },
} as const satisfies Options;

export const owner = {
  owner: { type: 'string', value: 'NAME', summary: 'who owns the entry: nobody else may change it without --force' },
} as const satisfies Options;
