// `herald check`: the configuration and its tables, read as the daemon reads them, without a daemon. Every problem on a
// line of its own, as editors and CI understand it. What reads them is loaded by this command alone.

import { formatProblem, hasErrors, type Problem } from '../problem.js';
import type { Command } from './command.js';
import { exitCodes } from './exit.js';
import { config, json } from './options.js';
import { cell, paint } from './table.js';
import { plural } from './words.js';

export const check: Command = {
  words: 'check',
  summary: 'Look for problems in the configuration and its tables, without a daemon',
  options: {
    ...config,
    table: { type: 'string', value: 'FILE', summary: "this table instead of the configuration's" },
    json: { ...json.json, summary: 'the problems as JSON' },
  },
  examples: [
    ['herald check', 'before a reload; exits 78 when anything is wrong'],
    ['herald check --config new.yaml --table new-table.yaml', ''],
  ],
  run: async (given, world) => {
    const { findProblems } = await import('./check-files.js');
    const { problems, read } = await findProblems({
      config: given.text('config'),
      isConfigNamed: given.isSaid('config'),
      table: given.optionalText('table'),
    });
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (given.flag('json')) world.write(`${JSON.stringify({ problems: problems.map(flat) })}\n`);
    else {
      for (const problem of problems) world.write(`${formatProblem(problem)}\n`);
      const found = [plural(errors, 'error'), plural(problems.length - errors, 'warning')].join(', ');
      const verdict = problems.length === 0 ? cell('no problems', 'good') : cell(found, errors > 0 ? 'bad' : 'waiting');
      world.write(`${read.join(', ')}: ${paint(verdict, world)}\n`);
    }
    return hasErrors(problems) ? exitCodes.badConfig : exitCodes.done;
  },
};

const flat = ({ severity, where, path, message }: Problem): object => ({ severity, ...where, path, message });
