// A directory that becomes a package: what is put there, and in the end one time and one mode for each kind of file, whoever
// made it and when.

import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** All that is no directory, however deep, in an order that does not depend on the file system. */
export const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

export class Tree {
  readonly root = mkdtempSync(join(tmpdir(), 'herald-tree-'));

  /** Where a file shall be; its directory is made. */
  #place(path: string): string {
    const place = join(this.root, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  }

  put(path: string, content: string | Uint8Array): void {
    writeFileSync(this.#place(path), content);
  }

  copy(from: string, path: string): void {
    copyFileSync(from, this.#place(path));
  }

  link(path: string, target: string): void {
    symlinkSync(target, this.#place(path));
  }

  directory(path: string): void {
    mkdirSync(join(this.root, path), { recursive: true });
  }

  get files(): readonly string[] {
    return filesIn(this.root);
  }

  read(path: string): Buffer {
    return readFileSync(join(this.root, path));
  }

  /** In units of 1024 octets, each file for itself. */
  get kibibytes(): number {
    return this.files.reduce((sum, file) => sum + Math.ceil(lstatSync(join(this.root, file)).size / 1024), 0);
  }

  /** Nothing is put there afterwards. */
  settle(date: Date, isProgram: (path: string) => boolean): void {
    const visit = (path: string): void => {
      const place = join(this.root, path);
      const kind = lstatSync(place);
      if (kind.isDirectory()) for (const name of readdirSync(place)) visit(join(path, name));
      if (!kind.isSymbolicLink()) chmodSync(place, kind.isDirectory() || isProgram(path) ? 0o755 : 0o644);
      lutimesSync(place, date, date);
    };
    visit('');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
