// The control socket as a file: made so that nobody ever sees it with the wrong mode, taken over from a dead daemon, never
// from a live one, and nothing that is not a socket is touched.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { socketPathFault } from '../io/socket-path.js';
import { answers } from '../io/unix-socket.js';
import type { Log } from '../ports.js';
import { groupId } from './unix-groups.js';

/** Another daemon answers there. */
export class SocketInUse extends Error {
  override readonly name = 'SocketInUse';
}

/** Nothing can listen there until somebody mends it; the message says what. */
export class SocketUnusable extends Error {
  override readonly name = 'SocketUnusable';
}

const group = 'herald';
const mode = 0o660;

export interface ControlSocket {
  /** Removes what stands at the path, if it still is what was put there. */
  remove(): void;
}

/** Listens under a name that nobody knows, and links the path to it when all is in order. */
export async function listenOn(server: Server, path: string, log: Log): Promise<ControlSocket> {
  const fault = socketPathFault(path);
  if (fault !== undefined) throw new SocketUnusable(fault);
  const hidden = unseenName(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    server.listen(hidden);
    await once(server, 'listening');
    chmodSync(hidden, mode);
    giveToGroup(hidden, log);
    await putInPlace(hidden, path);
    const { ino } = lstatSync(path);
    return {
      remove: () => {
        if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) remove(path);
      },
    };
  } catch (error) {
    server.close();
    if (error instanceof SocketInUse || error instanceof SocketUnusable) throw error;
    throw new SocketUnusable(`cannot listen on ${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    remove(hidden);
  }
}

/** A socket that somebody else made, and keeps: nothing is left for us to remove. */
export async function adopt(server: Server, descriptor: number): Promise<ControlSocket> {
  try {
    server.listen({ fd: descriptor });
    await once(server, 'listening');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SocketUnusable(`the socket that the service manager handed over cannot be used: ${why}`);
  }
  return { remove: () => {} };
}

/** With a slash in it, whatever the directory: Node takes `.27953039` for a port. */
const unseenName = (path: string): string => `${dirname(path)}/.${randomUUID().slice(0, 8)}`;

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, or was never there.
  }
}

function giveToGroup(path: string, log: Log): void {
  const id = groupId(group);
  if (id === undefined) return;
  try {
    chownSync(path, process.geteuid!(), id);
  } catch {
    log.write(
      'warn',
      'socketGroup',
      `the control socket could not be given to the group ${group}; its owner alone may use it`,
      { group },
    );
  }
}

/** link() fails where something stands, so of two daemons that start at once only one gets the path. */
async function putInPlace(hidden: string, path: string): Promise<void> {
  for (;;) {
    try {
      linkSync(hidden, path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await clear(path);
  }
}

async function clear(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new SocketUnusable(socketPathFault(path) ?? `something else stands at ${path}`);
  if (await answers(path)) throw new SocketInUse(`another herald is running: it answers on ${path}`);
  // Between the question and here somebody else may have taken the path over: looked at again where nobody else looks.
  const aside = unseenName(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const isLive = await answers(aside);
  if (!isLive) {
    remove(aside);
    return;
  }
  renameSync(aside, path);
  throw new SocketInUse(`another herald is running: it answers on ${path}`);
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
