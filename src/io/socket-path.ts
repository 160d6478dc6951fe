// Whether a control socket can stand at a path, found out before anything is announced. Nothing is touched: what changes
// afterwards is found out by whoever makes it. Paths are those of unix(7): at most 107 octets, beyond which Node would cut
// them silently.

import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

export const mostPathOctets = 107;
/** The name under which a socket is made, until all about it is in order. */
const unseenOctets = 9;

/** In words; undefined: nothing is in the way, be it that a socket is there already. */
export function socketPathFault(path: string): string | undefined {
  const longest = Buffer.byteLength(path) + Math.max(0, unseenOctets - Buffer.byteLength(basename(path)));
  if (longest > mostPathOctets)
    return `the path of the control socket is longer than ${mostPathOctets} octets: ${path}`;
  const there = lookAt(path);
  if (there !== undefined && !there.isSocket()) {
    const what = there.isSymbolicLink() ? 'a symbolic link' : there.isDirectory() ? 'a directory' : 'a file';
    return `${path} is ${what}, not a socket; herald does not remove it`;
  }
  const directory = nearestDirectory(dirname(resolve(path)));
  try {
    if (!statSync(directory).isDirectory()) return `cannot listen on ${path}: ${directory} is not a directory`;
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch {
    return `cannot listen on ${path}: nothing can be made in ${directory}, which needs another owner or mode`;
  }
  return undefined;
}

/** Undefined where nothing stands, or nothing can be seen. */
function lookAt(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** The parts that are missing will be made. */
const nearestDirectory = (path: string): string =>
  lookAt(path) === undefined && path !== dirname(path) ? nearestDirectory(dirname(path)) : path;
