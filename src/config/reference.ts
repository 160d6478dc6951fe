// docs/configuration.md, written from the schema: every key with type, default, allowed values and meaning.

import * as z from 'zod/mini';
import { waitingKeys } from './not-in-force.js';
import { isRecord, unwrapped } from './reader.js';
import { kinds } from './scalars.js';
import { about, rootKeys, sections, selector } from './schema.js';

type Schema = z.core.$ZodType;

/** `example`: an annotated file, shown as it is. */
export function reference(example: string): string {
  return `${[
    '# Configuration: `herald.yaml`',
    'Written by `npm run docs` from the schema; do not edit by hand.',
    [
      'One YAML (or JSON) file, `/etc/herald/herald.yaml` unless `--config` or `HERALD_CONFIG` says otherwise. `herald check` reads it',
      'without starting anything. Every problem is reported, each with line and column, and unknown keys are errors; warnings change nothing.',
    ].join('\n'),
    [
      '- Names are those of MetalLB where MetalLB has the thing, and a `spec:` block of its objects can stand under a `name:` as it is.',
      '- Durations are text with a unit: `90s`, `300ms`, `2m`, `1h`, `1m30s`.',
      '- Relative paths start at the directory of the file.',
      '- A reload is atomic: a file with an error changes nothing.',
      '- Keys of things still to come are checked, and warned about: *not in force yet*.',
    ].join('\n'),
    '## Example',
    `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``,
    ...Object.entries(sections).flatMap(([key, { schema, isList, text }]) => [
      `## \`${key}\``,
      `${text}${mark(key)}${isList ? '\n\nA list; each item has these keys.' : ''}`,
      table(rows('', isList ? `${key}.*.` : `${key}.`, schema())),
    ]),
    '## Other keys',
    table(rows('', '', rootKeys())),
    '## Label selectors',
    "What the keys of type *selector* take: Kubernetes' label selectors. An empty one matches everything.",
    table(rows('', '', selector())),
  ].join('\n\n')}\n`;
}

function itemOf(schema: Schema): { readonly item: Schema; readonly isList: boolean } {
  const inner = unwrapped(schema);
  const isList = inner instanceof z.ZodMiniArray;
  return { item: isList ? unwrapped(inner._zod.def.element) : inner, isList };
}

/** Nested keys follow their parent: `serviceAllocation.priority`. */
function rows(prefix: string, above: string, object: z.ZodMiniObject): string[] {
  return Object.entries(object.shape).flatMap(([key, schema]) => {
    const { item, isList } = itemOf(schema);
    const deeper = item instanceof z.ZodMiniObject && item !== selector();
    const more = deeper ? rows(`${prefix}${key}${isList ? '[]' : ''}.`, `${above}${key}.`, item) : [];
    return [row(`${prefix}${key}`, `${above}${key}`, schema), ...more];
  });
}

const table = (lines: readonly string[]): string =>
  ['| key | type | default | allowed | meaning |', '|---|---|---|---|---|', ...lines].join('\n');

function row(name: string, key: string, schema: Schema): string {
  const { type, allowed } = kindOf(unwrapped(schema));
  const cells = [`\`${name}\``, type, defaultOf(schema), allowed, meaningOf(schema, key)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const meaningOf = (schema: Schema, key: string): string => `${textOf(schema)}${mark(key)}`;

const mark = (key: string): string => (waitingKeys.has(key) ? ' *Not in force yet.*' : '');

const textOf = (schema: Schema): string => about.get(schema)?.text ?? '';

function kindOf(schema: Schema): { readonly type: string; readonly allowed: string } {
  if (schema instanceof z.ZodMiniArray) {
    const { type, allowed } = kindOf(unwrapped(schema._zod.def.element));
    return { type: `list of ${type}`, allowed };
  }
  if (schema instanceof z.ZodMiniRecord) return { type: 'mapping of text to text', allowed: '' };
  if (schema === selector()) return { type: 'selector', allowed: '' };
  if (schema instanceof z.ZodMiniObject) return { type: 'mapping', allowed: '' };
  return kinds.get(schema) ?? { type: 'anything', allowed: '' };
}

function defaultOf(schema: Schema): string {
  if (!(schema instanceof z.ZodMiniPrefault)) return '';
  const value: unknown = schema._zod.def.defaultValue;
  if (value === '' && /^Required|Default:/.test(textOf(schema))) return '';
  if (value === '') return '`""`';
  return `\`${isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)}\``;
}
