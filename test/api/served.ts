// A fake house behind a real control socket, in a directory of its own that goes when the test ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventRing } from '../../src/api/event-ring.js';
import { type ApiServer, serveApi } from '../../src/api/server.js';
import type { Windows } from '../../src/api/windows.js';
import type { Log } from '../../src/ports.js';
import { ask, type Reply } from './ask.js';
import { FakeHouse } from './fake-house.js';

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'herald-'));
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class KeptLog implements Log {
  readonly lines: LogLine[] = [];

  write(level: string, event: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.lines.push({ level, event, message, fields });
  }
}

/** Nothing to see through them. */
export const plainWindows = (changes: Partial<Windows> = {}): Windows => ({
  events: new EventRing(),
  metrics: async function* () {
    yield 'herald_build_info 1\n';
  },
  page: undefined,
  isReadOnly: false,
  ...changes,
});

export class Served {
  readonly house = new FakeHouse();
  readonly log = new KeptLog();
  readonly directory = temporaryDirectory();
  readonly socket = join(this.directory, 'herald.sock');
  #server: ApiServer | undefined;

  static async open(): Promise<Served> {
    const served = new Served();
    served.#server = await serveApi(served.house, served.socket, served.log, plainWindows());
    return served;
  }

  ask(
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    return ask(this.socket, method, path, body, headers);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    rmSync(this.directory, { recursive: true });
  }
}
