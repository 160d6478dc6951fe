// The calls about a new configuration: what it would do, taking it over, and keeping it.

import { sanitised } from '../net/text.js';
import { fieldsOf } from './body.js';
import { confirmWithinRange, readConfirmWithin } from './confirm-within.js';
import type { Confirmation, PlanRequest, ReloadOptions } from './house.js';
import { CallError } from './problem-answer.js';
import type { Answer, Route } from './route.js';
import { nothing, planAnswer, planBody, reloadAnswer, reloadBody } from './schema.js';

/** PATH_MAX: a file is named as it was given. */
const mostNameCharacters = 4096;

export const reloadingRoutes: readonly Route[] = [
  {
    method: 'post',
    path: '/v1/plan',
    summary: 'What a new configuration or a new table would do; nothing is changed',
    body: { schema: planBody, isRequired: true },
    answer: planAnswer,
    errors: [413, 422],
    handle: async ({ house, body }) => {
      const result = await house.plan(planRequest(body));
      if (result.kind === 'invalid')
        throw new CallError(422, 'invalid', 'it cannot be used', { problems: result.problems });
      return { body: result.forecast };
    },
  },
  {
    method: 'post',
    path: '/v1/reload',
    summary: 'Read the configuration again, all of it or nothing',
    body: { schema: reloadBody, isRequired: false },
    answer: reloadAnswer,
    errors: [413, 422],
    handle: async ({ house, body }) => {
      const result = await house.reload(reloadOptions(body));
      if (result.kind === 'refused' && result.onlyRevocations)
        throw new CallError(
          422,
          'revocationsRefused',
          'the configuration takes addresses away from services whose pools refuse that; with acceptRevocations it is taken over',
          { problems: result.problems },
        );
      if (result.kind === 'refused')
        throw new CallError(422, 'refused', 'the configuration was refused; the one before stays in force', {
          problems: result.problems,
        });
      return { body: { warnings: result.warnings, ...result.wayBack }, result: 'done' };
    },
  },
  {
    method: 'post',
    path: '/v1/confirm',
    summary: 'Keep the configuration that a reload with `confirmWithin` took over',
    answer: nothing,
    errors: [409],
    handle: ({ house }) => confirmed(house.confirm()),
  },
];

function reloadOptions(body: unknown): ReloadOptions {
  const { acceptRevocations = false, confirmWithin } = fieldsOf(body, ['acceptRevocations', 'confirmWithin']);
  if (typeof acceptRevocations !== 'boolean')
    throw new CallError(422, 'invalid', 'acceptRevocations must be true or false');
  if (confirmWithin === undefined) return { acceptRevocations };
  const confirmWithinSeconds = typeof confirmWithin === 'string' ? readConfirmWithin(confirmWithin) : undefined;
  if (confirmWithinSeconds === undefined)
    throw new CallError(400, 'badDuration', `confirmWithin must be ${confirmWithinRange}, written as "60s" or "5m"`);
  return { acceptRevocations, confirmWithinSeconds };
}

function confirmed(confirmation: Confirmation): Answer {
  switch (confirmation) {
    case 'kept':
      return { body: {}, result: 'done' };
    case 'nothingToConfirm':
      throw new CallError(409, 'nothingToConfirm', 'no change of the configuration waits to be confirmed');
    case 'tooLate':
      throw new CallError(
        409,
        'tooLate',
        'the change was not confirmed in time, and the configuration before it is in force again; reload to try once more',
      );
  }
}

function planRequest(body: unknown): PlanRequest {
  const fields = fieldsOf(body, ['config', 'configName', 'table', 'tableName', 'source']);
  const request: Record<string, string> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (typeof value !== 'string') throw new CallError(422, 'invalid', `${field} must be a text`);
    // A name is said again in what is wrong with the text.
    const isText = field === 'config' || field === 'table';
    if (!isText && sanitised(value, mostNameCharacters) !== value)
      throw new CallError(
        422,
        'invalid',
        `${field} must be at most ${mostNameCharacters} characters, all of them visible`,
      );
    request[field] = value;
  }
  if (request['config'] === undefined && request['table'] === undefined)
    throw new CallError(422, 'invalid', 'there is nothing to plan: config or table is needed');
  return request;
}
