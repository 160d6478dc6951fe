// Tells that a file changed, whichever way tools write files: in place, by rename, by removing and creating, by swapping a
// symlink somewhere on the way to it (as Kubernetes does with ConfigMaps). fs.watch on the file itself dies at the first
// rename, so directories are watched; and their events are only hints: what decides is stat.

import { type BigIntStats, type FSWatcher, lstatSync, readlinkSync, statSync, watch } from 'node:fs';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';

export interface FileWatch {
  close(): void;
}

/** Two that are equal are the same file with the same content, as far as anyone can tell without reading. */
export type Identity = Readonly<Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs' | 'ctimeNs' | 'size'>>;

export function sameIdentity(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size;
}

/** Of what stands at the path, links followed; undefined when nothing does, or nothing that we may see. */
export function identify(path: string): Identity | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** A file that is written in place is whole once nobody has touched it for so long. */
const quietMs = 100;
/** A file that was put in its place but may as well have been created there is looked at once more. */
const settleMs = 5;
/** Between two reports, so that a burst of renames is not as many reads. */
const gapMs = 10;
/** A net under the events: some file systems give none. */
const pollMs = 2000;
/** As many as the kernel follows. */
const maxLinks = 40;

/**
 * Calls `changed` after every change of what stands at the path, also when it vanishes and when it comes; never at once. A file
 * that was put in its place by rename is reported immediately, one that is being written when it has been quiet for a while.
 */
export function watchFile(path: string, changed: () => void): FileWatch {
  return new Watch(resolve(path), changed);
}

class Watch implements FileWatch {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #directories = new Map<string, { readonly watcher: FSWatcher; readonly key: string }>();
  /** Per directory, the names that the way to the file leads through. */
  #names = new Map<string, Set<string>>();
  readonly #poll: NodeJS.Timeout;
  #timer: { readonly handle: NodeJS.Timeout; readonly dueMs: number } | undefined;
  #look: NodeJS.Immediate | undefined;
  #confirmation: NodeJS.Immediate | undefined;
  #told: Identity | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  /** What stood there when last looked at. */
  #seen: Identity | undefined;
  /** The last event put a name in its place, and nobody has written since. */
  #placed = false;
  /** How often names came or went since the last look. */
  #renames = 0;

  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
    this.#follow();
    this.#told = identify(path);
    this.#seen = this.#told;
    this.#poll = setInterval(() => this.#check(false), pollMs);
  }

  close(): void {
    clearInterval(this.#poll);
    this.#cancel();
    clearImmediate(this.#look);
    clearImmediate(this.#confirmation);
    for (const { watcher } of this.#directories.values()) watcher.close();
    this.#directories.clear();
  }

  /** Watches every directory in which the way to the file can change, and no other. */
  #follow(): void {
    this.#names = waypoints(this.#path);
    for (const directory of this.#directories.keys()) if (!this.#names.has(directory)) this.#unwatch(directory);
    for (const directory of this.#names.keys()) {
      const key = directoryKey(directory);
      if (this.#directories.get(directory)?.key === key) continue;
      this.#unwatch(directory);
      if (key !== undefined) this.#watch(directory, key);
    }
  }

  #watch(directory: string, key: string): void {
    try {
      const watcher = watch(directory, (kind, name) => this.#hint(directory, kind, name));
      // Where watching is not possible (too many watches, the directory is gone again) the poll must do.
      watcher.on('error', () => this.#unwatch(directory));
      this.#directories.set(directory, { watcher, key });
      // What happened in there before the watch began gave no event.
      this.#lookSoon();
    } catch {
      this.#unwatch(directory);
    }
  }

  #unwatch(directory: string): void {
    this.#directories.get(directory)?.watcher.close();
    this.#directories.delete(directory);
  }

  #hint(directory: string, kind: string, name: string | null): void {
    // A directory that is removed or moved says so under its own name.
    const isOurs = name === null || name === basename(directory) || this.#names.get(directory)?.has(name) === true;
    if (!isOurs) return;
    this.#placed = kind === 'rename';
    if (this.#placed) this.#renames += name === null ? 2 : 1;
    this.#lookSoon();
  }

  /** Events come in runs: once after the run. */
  #lookSoon(): void {
    this.#look ??= setImmediate(() => {
      this.#look = undefined;
      this.#check(true);
    });
  }

  #check(isHinted: boolean): void {
    this.#follow();
    const found = identify(this.#path);
    const before = this.#seen;
    const isNew = !sameIdentity(found, before);
    // Where another file stood, removing it and creating this one would have been two events.
    const isRenamed = this.#renames === 1 && before !== undefined && found?.ino !== before.ino;
    this.#renames = 0;
    this.#seen = found;
    if (sameIdentity(found, this.#told)) this.#cancel();
    else if (isHinted && isRenamed && this.#isPlaced(found)) this.#confirm(found);
    else if (isHinted && this.#isPlaced(found)) this.#wait(placementMs(found), false);
    else if (isHinted || isNew || this.#timer === undefined) this.#wait(quietMs, true);
  }

  /** One event may be the first of two: had there been more by the time we looked, the next turn has them. */
  #confirm(found: Identity): void {
    clearImmediate(this.#confirmation);
    this.#confirmation = setImmediate(() => {
      if (this.#renames === 0 && this.#isPlaced(found)) this.#wait(0, false);
    });
  }

  #isPlaced(found: Identity | undefined): found is Identity {
    return this.#placed && found !== undefined && found.size > 0n;
  }

  /** Tells after so long at the soonest; `again`: counted from now on, whatever was planned before. */
  #wait(milliseconds: number, again: boolean): void {
    const now = performance.now();
    const dueMs = Math.max(now + milliseconds, this.#toldAtMs + gapMs);
    if (this.#timer !== undefined && !again && this.#timer.dueMs <= dueMs) return;
    this.#cancel();
    if (dueMs <= now) this.#tell(this.#seen);
    else this.#timer = { handle: setTimeout(() => this.#due(), dueMs - now), dueMs };
  }

  #cancel(): void {
    clearTimeout(this.#timer?.handle);
    this.#timer = undefined;
  }

  #due(): void {
    this.#timer = undefined;
    const found = identify(this.#path);
    const isQuiet = sameIdentity(found, this.#seen);
    this.#seen = found;
    if (sameIdentity(found, this.#told)) return;
    if (isQuiet || this.#isPlaced(found)) this.#tell(found);
    else this.#wait(quietMs, true);
  }

  #tell(found: Identity | undefined): void {
    this.#told = found;
    this.#toldAtMs = performance.now();
    this.#placed = false;
    this.#changed();
  }
}

/** A rename leaves its mark in ctime alone, unless writing and renaming fell into the same tick of the kernel's clock. */
const placementMs = ({ mtimeNs, ctimeNs }: Identity): number => (mtimeNs === ctimeNs ? settleMs : 0);

/** The directories, and the names in them, that decide what the path leads to: each symlink on the way, the file, or what is missing. */
function waypoints(path: string): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  const parts = path.split(sep).filter((part) => part !== '');
  let directory: string = sep;
  for (let links = 0; links <= maxLinks; ) {
    const name = parts.shift();
    if (name === undefined) break;
    const here = join(directory, name);
    if (name === '.' || name === '..') {
      directory = here;
      continue;
    }
    const target = linkTarget(here);
    if (target !== undefined || parts.length === 0 || directoryKey(here) === undefined) {
      const known = names.get(directory);
      if (known === undefined) names.set(directory, new Set([name]));
      else known.add(name);
    }
    if (target === undefined) {
      if (directoryKey(here) === undefined) break;
      directory = here;
      continue;
    }
    links++;
    parts.unshift(...target.split(sep).filter((part) => part !== ''));
    if (isAbsolute(target)) directory = sep;
  }
  return names;
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Tells a directory from another that came in its place; undefined when it is none. */
function directoryKey(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs, mode } = statSync(path, { bigint: true });
    return (mode & 0o170000n) === 0o040000n ? `${dev}:${ino}:${birthtimeNs}` : undefined;
  } catch {
    return undefined;
  }
}
