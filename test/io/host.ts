// A host-end.ts somewhere else, and what it last said.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Namespace } from '../netns.js';
import type { HostRequest, HostState } from './host-end.js';

const program = new URL('./host-end.ts', import.meta.url).pathname;

export class Host {
  readonly #child: ChildProcess;
  #state: HostState | undefined;
  #asked = 0;
  #isGone = false;
  #wake: (() => void)[] = [];

  private constructor([file, ...words]: readonly string[]) {
    this.#child = spawn(file!, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (state: HostState) => {
      this.#state = state;
      this.#tell();
    });
    this.#child.on('exit', () => {
      this.#isGone = true;
      this.#tell();
    });
  }

  /** `prefix`: a program that runs it. */
  static async start(namespace: Namespace, ...prefix: readonly string[]): Promise<Host> {
    const host = new Host(namespace.words(...prefix, process.execPath, '--import=tsx', program));
    await host.until(() => true);
    return host;
  }

  /** Does not wait for the answer. */
  tell(request: HostRequest): void {
    this.#asked++;
    this.#child.send(request);
  }

  ask(request: HostRequest): Promise<HostState> {
    this.tell(request);
    const asked = this.#asked;
    return this.until(({ done }) => done >= asked);
  }

  async until(isTrue: (state: HostState) => boolean): Promise<HostState> {
    while (this.#state === undefined || !isTrue(this.#state)) {
      if (this.#isGone) throw new Error('the other program ended');
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.#state;
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** As `kill -9`: nothing is cleaned up. */
  async die(): Promise<void> {
    this.#child.kill('SIGKILL');
    while (!this.#isGone) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
