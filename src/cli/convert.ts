// `herald convert metallb`: MetalLB's objects in, a commented herald.yaml out. Reads files, asks nobody.

import { readFileSync } from 'node:fs';
import { fileFailure } from '../io/file-failure.js';
import { formatProblem } from '../problem.js';
import type { Command } from './command.js';
import { CommandFailure, exitCodes, usageFailure } from './exit.js';
import { plural } from './words.js';

const standardInput = '-';

export const convert: Command = {
  words: 'convert <from> <file..>',
  summary: "Turn another program's configuration into a herald.yaml: metallb",
  positionals: { from: 'metallb', file: 'manifests with its objects; - reads standard input' },
  options: {},
  examples: [
    ['herald convert metallb metallb.yaml > herald.yaml', 'and then herald check --config herald.yaml'],
    ['herald convert metallb -', 'what `kubectl get -o yaml` prints'],
  ],
  run: async (given, world) => {
    if (given.text('from') !== 'metallb') throw usageFailure(`convert knows metallb, not ${given.text('from')}`);
    const { convertFiles } = await import('./convert-metallb.js');
    const files = given.texts('file').map((file) => ({ file, text: read(file) }));
    const { syntax, conversion, problems } = convertFiles(files);
    if (conversion === undefined) {
      for (const problem of syntax) world.complain(`${formatProblem(problem)}\n`);
      return exitCodes.badConfig;
    }
    if (conversion.converted === 0)
      throw new CommandFailure(exitCodes.badConfig, "there is none of MetalLB's objects in what was given");
    world.write(conversion.text);
    const notes = conversion.notes.length === 0 ? '' : `, ${plural(conversion.notes.length, 'note')} in its comments`;
    world.complain(`herald: ${plural(conversion.converted, 'object')} converted${notes}\n`);
    for (const problem of problems) world.complain(`herald: ${formatProblem(problem)}\n`);
    return exitCodes.done;
  },
};

function read(file: string): string {
  try {
    return readFileSync(file === standardInput ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandFailure(exitCodes.failed, `${file} ${fileFailure(error)}`);
  }
}
