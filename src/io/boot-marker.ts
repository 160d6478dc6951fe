// Whether this start is a restart of the daemon alone: then the host has gone on forwarding, and a graceful-restart
// helper may be told so (RFC 4724 §3, the F bit). After a reboot of the host it has not.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const bootIdFile = '/proc/sys/kernel/random/boot_id';

/** Throws where the kernel does not say. */
export const bootId = (): string => readFileSync(bootIdFile, 'utf8').trim();

/** Marks this boot in the state directory. `problem`: why the next start will not know. */
export function markBoot(stateDirectory: string): { survived: boolean; problem: string } {
  const marker = join(stateDirectory, 'boot-id');
  let survived = false;
  try {
    const boot = bootId();
    try {
      survived = readFileSync(marker, 'utf8').trim() === boot;
    } catch {
      // The first start here.
    }
    if (!survived) {
      mkdirSync(stateDirectory, { recursive: true });
      writeFileSync(marker, `${boot}\n`);
    }
    return { survived, problem: '' };
  } catch (error) {
    return { survived, problem: error instanceof Error ? error.message : String(error) };
  }
}
