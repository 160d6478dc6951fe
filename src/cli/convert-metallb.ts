// What `herald convert metallb` loads: the objects of all files as one configuration, and what is wrong with the result.

import { hostname } from 'node:os';
import { readDocuments } from '../config/document.js';
import { type Conversion, convertMetallb } from '../config/metallb.js';
import { parseConfig } from '../config/parse.js';
import type { Problem } from '../problem.js';
import { manifestObjects } from '../table/manifest.js';

interface Converted {
  /** Why the files cannot be read; then nothing is converted. */
  readonly syntax: readonly Problem[];
  readonly conversion: Conversion | undefined;
  /** What `herald check` would say of the result. */
  readonly problems: readonly Problem[];
}

export function convertFiles(files: readonly { readonly file: string; readonly text: string }[]): Converted {
  const documents = files.flatMap(({ file, text }) => readDocuments(text, file));
  const objects = manifestObjects(documents);
  const syntax = documents.flatMap(({ problems }) => problems);
  if (syntax.length > 0) return { syntax, conversion: undefined, problems: [] };
  const conversion = convertMetallb(objects);
  const environment = { hostName: hostname(), readFile: () => new Error('is not looked at here') };
  const { problems } = parseConfig(conversion.text, 'herald.yaml', environment);
  return { syntax, conversion, problems: problems.filter(({ severity }) => severity === 'error') };
}
