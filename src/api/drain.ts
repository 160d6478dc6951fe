// The calls that take the traffic away from this node and let it come back.

import { parseDuration } from '../net/duration.js';
import { fieldsOf } from './body.js';
import { CallError } from './problem-answer.js';
import type { Route } from './route.js';
import { drainAnswer, drainBody, nothing } from './schema.js';

export interface DrainRequest {
  /** Until all is withdrawn. */
  readonly forMs: number;
  /** Answer when it is. */
  readonly wait: boolean;
}

export interface DrainBody {
  readonly drained: boolean;
  /** It goes on. */
  readonly draining: boolean;
  /** Established peers that have not taken all withdrawals: they do not read. */
  readonly pendingPeers: readonly string[];
}

/** Who waited for a drain waits for nothing any more. */
export interface DrainCalledOff {
  readonly calledOff: 'undrained' | 'stopping';
}

/** What a house has of it. */
export interface DrainDoor {
  /** One that is under way goes on, and ends no later than this one would. */
  drain(request: DrainRequest): Promise<DrainBody | DrainCalledOff>;
  /** False: there was no drain. */
  undrain(): boolean;
}

export const defaultGrace = '30s';
const longestGraceMs = 86_400_000;
export const graceRange = '0s to 24h, written as "30s" or "2m"';

/** Undefined: no time for which a drain may last. */
export function readGraceMs(text: string): number | undefined {
  const forMs = parseDuration(text);
  return forMs !== undefined && forMs <= longestGraceMs ? forMs : undefined;
}

function requestIn(body: unknown): DrainRequest {
  const { for: text = defaultGrace, wait = true } = fieldsOf(body, ['for', 'wait']);
  const forMs = typeof text === 'string' ? readGraceMs(text) : undefined;
  if (forMs === undefined) throw new CallError(400, 'badDuration', `for must be ${graceRange}`);
  if (typeof wait !== 'boolean') throw new CallError(422, 'invalid', 'wait must be true or false');
  return { forMs, wait };
}

function calledOff({ calledOff: why }: DrainCalledOff): CallError {
  switch (why) {
    case 'undrained':
      return new CallError(409, 'undrained', 'the drain was called off: somebody undrained this node meanwhile');
    case 'stopping':
      return new CallError(503, 'stopping', 'herald stops, and withdraws everything as it goes');
  }
}

export const drainRoutes: readonly Route[] = [
  {
    method: 'post',
    path: '/v1/drain',
    summary: 'Announce everything as a last resort for a while (RFC 8326), then withdraw it; sessions stay up',
    body: { schema: drainBody, isRequired: false },
    answer: drainAnswer,
    errors: [409, 413, 422, 503],
    isSlow: true,
    handle: async ({ house, body }) => {
      const request = requestIn(body);
      const result = await house.drain(request);
      if ('calledOff' in result) throw calledOff(result);
      return { body: result, written: { seconds: request.forMs / 1000, wait: request.wait } };
    },
  },
  {
    method: 'post',
    path: '/v1/undrain',
    summary: 'Announce everything again',
    answer: nothing,
    errors: [],
    handle: ({ house }) => ({ body: {}, result: house.undrain() ? 'done' : 'unchanged' }),
  },
];
