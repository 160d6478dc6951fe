// The one place that speaks to the daemon: HTTP over the control socket, and what a failure means to an operator.

import { statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { userInfo } from 'node:os';

import { groupName } from '../api/unix-groups.js';
import { mostPathOctets } from '../io/socket-path.js';
import { sanitised } from '../net/text.js';
import { CommandFailure, exitCodes } from './exit.js';

/** A reload of a large table takes a while. */
const patienceMs = 120_000;
/** herald says every 20 seconds that it is still there. */
const silenceMs = 65_000;
const firstError = 400;

/** RFC 9457, as the API fills it. */
export class Refusal extends CommandFailure {
  readonly status: number;
  /** The stable word. */
  readonly code: string;
  readonly problems: readonly string[];

  constructor(status: number, code: string, detail: string, problems: readonly string[]) {
    super(exitCodes.failed, detail);
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The text of the answer. Throws a Refusal, or a CommandFailure when there was no answer. `workMs`: how long the daemon may be at it. */
export async function callApi(
  socketPath: string,
  method: Method,
  path: string,
  body?: unknown,
  workMs = 0,
): Promise<string> {
  if (Buffer.byteLength(socketPath) > mostPathOctets)
    throw new CommandFailure(exitCodes.usage, `the path of a socket is at most ${mostPathOctets} octets long`);
  const { status, text } = await exchange(socketPath, method, path, body, patienceMs + workMs).catch(
    (error: unknown) => {
      throw connectionFailure(socketPath, error);
    },
  );
  if (status >= firstError) throw refusal(status, text);
  return text;
}

/**
 * The text of an answer piece by piece, as it comes; ends when the other side does, the connection breaks, or `until` says so.
 * Throws as callApi().
 */
export async function* listenToApi(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  until: AbortSignal,
): AsyncGenerator<string> {
  const answer = await opened(socketPath, path, headers, until).catch((error: unknown) => {
    if (until.aborted) return undefined;
    throw connectionFailure(socketPath, error);
  });
  if (answer === undefined) return;
  answer.setEncoding('utf8');
  const isRefused = (answer.statusCode ?? 0) >= firstError;
  let refused = '';
  try {
    for await (const piece of answer) {
      const text = String(piece);
      if (isRefused) refused += text;
      else yield text;
    }
  } catch {
    // Whoever listens comes back.
  }
  if (isRefused) throw refusal(answer.statusCode ?? 0, refused);
}

function opened(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, headers, agent: false, signal }, resolve);
    call.setTimeout(silenceMs, () => call.destroy());
    call.on('error', reject);
    call.end();
  });
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

function exchange(socketPath: string, method: Method, path: string, body: unknown, mostMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const call = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    call.setTimeout(mostMs, () => call.destroy(new Error(`herald has not answered for ${mostMs / 1000} s`)));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusal(status: number, text: string): CommandFailure {
  try {
    const { code, detail, problems }: { code?: unknown; detail?: unknown; problems?: unknown } = JSON.parse(text);
    if (typeof detail === 'string')
      return new Refusal(
        status,
        String(code),
        sanitised(detail, 4000),
        Array.isArray(problems) ? problems.map(String) : [],
      );
  } catch {
    // Falls through: whoever answers there is not herald.
  }
  return new CommandFailure(
    exitCodes.failed,
    `the answer is not one of herald's: HTTP ${status}; say where its socket is with --socket`,
  );
}

function connectionFailure(socketPath: string, error: unknown): CommandFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new CommandFailure(
        exitCodes.noDaemon,
        `no herald answers on ${socketPath}; start one with \`systemctl start herald\` or \`herald run\`, ` +
          'or say where it is with --socket',
      );
    case 'EACCES':
    case 'EPERM':
      return new CommandFailure(exitCodes.notPermitted, `you may not use ${socketPath}: ${whoMay(socketPath)}`);
    default:
      return new CommandFailure(
        exitCodes.failed,
        `${socketPath}: ${error instanceof Error ? error.message : String(error)}; \`journalctl -u herald\` may say more`,
      );
  }
}

function whoMay(socketPath: string): string {
  try {
    const { gid, mode } = statSync(socketPath);
    const group = groupName(gid) ?? String(gid);
    if ((mode & 0o020) !== 0 && gid !== 0)
      return `it is for the group ${group} (sudo usermod -aG ${group} ${userInfo().username}, then log in again)`;
    return `it belongs to the group ${group}; use sudo`;
  } catch {
    return 'its directory is closed to you; the group herald may use it, and root';
  }
}

export const pathOf = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/');

/** A bare name lives in `default`. */
export const qualified = (name: string): string => (name.includes('/') ? name : `default/${name}`);

/** `ns/name` as the parts of a path. */
export const servicePath = (name: string): string => pathOf(...qualified(name).split('/'));
