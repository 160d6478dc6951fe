// What a refused write is called in an answer: one row for each reason.

import type { House, WriteFailure } from './house.js';
import { CallError, shown } from './problem-answer.js';

export function writeError(failure: WriteFailure, source: string, house: House): CallError {
  switch (failure.failure) {
    case 'noSuchSource':
      return new CallError(404, 'noSuchSource', `there is no source ${shown(source)} in the configuration`);
    case 'notWritable':
      return new CallError(409, 'notWritable', failure.message);
    case 'noSuchService': {
      const elsewhere = house.service(failure.name)?.source;
      const hint =
        elsewhere === undefined
          ? '`herald services` lists those there are'
          : `the one there is comes from ${elsewhere}`;
      return new CallError(404, 'noSuchService', `${shown(source)} has no entry ${shown(failure.name)}; ${hint}`);
    }
    case 'invalid': {
      const { problems } = failure;
      const [first = 'it is malformed'] = problems;
      const all = problems.length > 3 ? `${first} (and ${problems.length - 1} more)` : problems.join('; ');
      return new CallError(422, 'invalid', `what was sent cannot be used: ${all}`, { problems });
    }
    case 'otherOwner':
      return new CallError(
        409,
        'otherOwner',
        `${shown(failure.name)} belongs to ${shown(failure.owner)}; with force it is taken over`,
        { owner: failure.owner },
      );
    case 'refused':
      return new CallError(409, 'refused', failure.message);
    case 'full':
      return new CallError(507, 'full', failure.message);
    case 'notStored':
      return new CallError(507, 'notStored', `nothing of it is in force, for it cannot be stored: ${failure.message}`);
  }
}
