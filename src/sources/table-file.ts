// Reading a table file in pieces, without ever taking what is half written, blocking on what is no file, or trusting that
// what stands at a path stays the same while it is read.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileFailure } from '../io/file-failure.js';
import { identify } from '../io/watch.js';

/** A bulk is parsed as it comes: some ten milliseconds a piece. */
const chunkOctets = 1024 * 1024;

export type FileReading =
  /** Read to the end, and it stood still meanwhile. */
  | { readonly kind: 'read'; readonly isWorldWritable: boolean }
  /** Somebody wrote into it. */
  | { readonly kind: 'written' }
  /** Another file stands at the path now. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'failed'; readonly message: string };

export interface FileReader {
  /** The size, before anything is read; refuses by saying why. */
  sized(octets: number): string | undefined;
  /** Piece by piece, valid during the call only; or else all of them stand in `whole` in the end. */
  taken(octets: Uint8Array): void;
  /** As long as the file. */
  readonly whole?: Uint8Array;
}

export async function readTableFile(path: string, reader: FileReader): Promise<FileReading> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK the open of a FIFO waits for a writer, and takes a thread with it.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { kind: 'failed', message: fileFailure(error) };
  }
  try {
    return await readOpen(path, handle, reader);
  } catch (error) {
    return { kind: 'failed', message: fileFailure(error) };
  } finally {
    await handle.close();
  }
}

async function readOpen(path: string, handle: FileHandle, reader: FileReader): Promise<FileReading> {
  const before = await handle.stat({ bigint: true });
  if (!before.isFile())
    return { kind: 'failed', message: `is ${before.isDirectory() ? 'a directory' : 'not a regular file'}` };
  if (before.size === 0n)
    return { kind: 'failed', message: 'is empty; a table without services says so: services: []' };
  const refusal = reader.sized(Number(before.size));
  if (refusal !== undefined) return { kind: 'failed', message: refusal };

  const { whole } = reader;
  const chunk = whole ?? Buffer.allocUnsafe(Math.min(chunkOctets, Number(before.size)));
  let octets = 0;
  for (;;) {
    const room = whole === undefined ? chunk : whole.subarray(octets);
    const { bytesRead } = await handle.read(room, 0, room.length, octets);
    if (bytesRead === 0) break;
    octets += bytesRead;
    if (octets > before.size) return { kind: 'written' };
    reader.taken(room.subarray(0, bytesRead));
  }
  const after = await handle.stat({ bigint: true });
  const isUntouched = before.mtimeNs === after.mtimeNs && before.size === after.size && BigInt(octets) === after.size;
  if (!isUntouched) return { kind: 'written' };
  const there = identify(path);
  if (there?.ino !== after.ino || there.dev !== after.dev) return { kind: 'replaced' };
  return { kind: 'read', isWorldWritable: (before.mode & 0o002n) !== 0n };
}
