// Reads herald.yaml from disk. What its text means is config/parse.ts.

import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Parsed, parseConfig } from '../config/parse.js';
import { fileFailure } from '../io/file-failure.js';

export function loadConfig(file: string): Parsed {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `${fileFailure(error)}; --config or $HERALD_CONFIG says where it is`;
    return {
      config: undefined,
      problems: [{ severity: 'error', where: { file, line: 0, column: 0 }, path: '', message }],
    };
  }
  return parseConfigText(text, file);
}

/** `name`: what problems call it, if not by the path that others are relative to. */
export function parseConfigText(text: string, file: string, name = file): Parsed {
  const parsed = parseConfig(text, file, {
    hostName: hostname(),
    readFile: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
    fileMode: (path) => statSync(path, { throwIfNoEntry: false })?.mode,
  });
  if (name === file) return parsed;
  const problems = parsed.problems.map((problem) => ({ ...problem, where: { ...problem.where, file: name } }));
  return { ...parsed, problems };
}
