// Errors as clients see them: RFC 9457, with a stable `code` beside the words.

import { STATUS_CODES } from 'node:http';
import { sanitised } from '../net/text.js';

export type ErrorStatus = 400 | 403 | 404 | 405 | 408 | 409 | 413 | 417 | 421 | 422 | 431 | 500 | 501 | 503 | 507;

export interface ProblemDetails {
  readonly problems?: readonly string[];
  readonly owner?: string;
}

/** A client's own word, as it is repeated to it. */
export const shown = (word: string): string => sanitised(word, 253);

/** Thrown by whoever cannot answer a call; becomes the answer. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly status: ErrorStatus;
  readonly code: string;
  readonly details: ProblemDetails;

  constructor(status: ErrorStatus, code: string, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const problemType = 'application/problem+json';

/** RFC 9457 §4.2.1: with `about:blank` the title is the status phrase. */
export const problemText = ({ status, code, message, details }: CallError): string =>
  JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, code, detail: message, ...details });
