// What a row of the table of calls is, and what its handler is given and gives.

import { nearest } from '../nearest.js';
import type { RawBody } from './body.js';
import type { EntryStream, House, LineAnswer, WriteOutcome } from './house.js';
import { CallError, type ErrorStatus, shown } from './problem-answer.js';
import type { Schema } from './schema.js';

/** Of a path that names a service. */
export const serviceName = (path: Call['path']): string => `${path['namespace']}/${path['name']}`;

export interface Call {
  readonly house: House;
  /** Decoded; every one that the path names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** What the route wants as it comes. */
  readonly raw?: RawBody;
}

export type Answer =
  /** `result` and what was `written` are for the audit log. */
  | {
      readonly body: unknown;
      readonly result?: WriteOutcome;
      readonly written?: Readonly<Record<string, unknown>>;
    }
  /** Lines are taken and answered for as long as the client likes. */
  | { readonly stream: EntryStream; describe(answer: LineAnswer): string }
  /** JSON already, in pieces. */
  | { readonly list: Iterable<string> };

export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** As OpenAPI writes paths. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, { readonly schema: Schema; readonly description: string }>>;
  readonly body?: {
    readonly schema: Schema;
    readonly isRequired: boolean;
    /** Handed on as it comes, and of these types besides JSON. */
    readonly isRaw?: true;
    readonly types?: readonly string[];
  };
  readonly answer: Schema;
  /** Of the answer, if not JSON. */
  readonly answerType?: string;
  readonly errors: readonly ErrorStatus[];
  /** The answer may be long in coming, and nothing is said meanwhile. */
  readonly isSlow?: true;
  handle(call: Call): Answer | Promise<Answer>;
}

/** A parameter that is misspelt would otherwise be a parameter that is not there. */
export function checkQuery(query: Call['query'], takes: Route['query'] = {}): void {
  const known = Object.keys(takes);
  for (const key of Object.keys(query)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw new CallError(400, 'badQuery', `unknown parameter ${shown(key)}${hint}`);
  }
}
