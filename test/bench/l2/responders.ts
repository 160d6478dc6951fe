// Who answers in the bench: herald, the C reflector that is its measure, the kernel, ndppd. Each serves a table until stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LinkCounters } from '../../../src/l2/responder.js';
import type { Lab, Namespace, Program } from '../../netns.js';
import type { HostOrder, Table } from './host.js';

/** Each has a namespace and a veth pair of its own, so that all can be there at once and be asked in turn. */
export interface Site {
  readonly lab: Lab;
  /** Where its interface is eth0. */
  readonly here: Namespace;
  /** What the asker calls the other end. */
  readonly device: string;
  readonly lan: string;
  readonly index: number;
  readonly mac: string;
}

export interface Serving {
  stop(): Promise<void>;
}

export interface Responder {
  readonly name: string;
  /** Why it is left out; undefined when it can do this. */
  obstacle(table: Table): string | undefined;
  serve(site: Site, table: Table): Promise<Serving>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const hex = (number: number): string => `0x${number.toString(16)}`;
const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
const addressText = ({ protocol, first }: Table, at: number): string =>
  protocol === 'arp'
    ? dotted(first + at)
    : `2001:db8:1::${((first + at) >>> 16).toString(16)}:${((first + at) & 0xffff).toString(16)}`;

const stopping = (program: Program): Serving => ({
  stop: async () => {
    program.signal('SIGKILL');
    await program.exited;
  },
});

export const reflector: Responder = {
  name: 'C reflector',
  obstacle: () => undefined,
  serve: async ({ here, lan }, { protocol, first, count }) => {
    const program = here.spawn([lan, 'reflect', 'eth0', protocol, hex(first), String(count)]);
    await sleep(100);
    return stopping(program);
  },
};

/** Its answers to neighbours come from where it has the address; it has none that is not on an interface. */
export const kernel: Responder = {
  name: 'kernel',
  obstacle: ({ count }) => (count > 10_000 ? 'has no address that is not on an interface' : undefined),
  serve: async ({ here }, table) => {
    const numbers = Array.from({ length: table.count }, (_, at) => at);
    const lines = (verb: string): readonly string[] =>
      table.protocol === 'arp'
        ? numbers.map((at) => `address ${verb} ${addressText(table, at)}/32 dev lo`)
        : numbers.map(
            (at) => `address ${verb} ${addressText(table, at)}/128 dev eth0${verb === 'add' ? ' nodad' : ''}`,
          );
    here.ip(...lines('add'));
    return { stop: async () => here.ip(...lines('del')) };
  },
};

const ndppdProgram = '/usr/sbin/ndppd';
export const ndppd: Responder = {
  name: 'ndppd',
  obstacle: ({ protocol }) =>
    protocol === 'arp' ? 'does no ARP' : existsSync(ndppdProgram) ? undefined : 'not installed',
  serve: async ({ here, lab }) => {
    const file = join(lab.directory, 'ndppd.conf');
    writeFileSync(file, 'proxy eth0 {\n  router no\n  rule 2001:db8:1::/64 {\n    static\n  }\n}\n');
    const program = here.spawn([ndppdProgram, '-c', file]);
    await sleep(500);
    return stopping(program);
  },
};

/** herald's responder; `blocked`: while its JavaScript does nothing else but wait. */
export class Herald implements Serving {
  readonly #child: ChildProcess;
  readonly #site: Site;

  private constructor(site: Site) {
    this.#site = site;
    const program = fileURLToPath(new URL('./host.ts', import.meta.url));
    const [file = '', ...words] = site.here.words(process.execPath, '--import=tsx', program);
    this.#child = spawn(file, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  static async start(site: Site, table: Table): Promise<Herald> {
    const herald = new Herald(site);
    await herald.#answer();
    await herald.ask({ serve: table, index: site.index, mac: site.mac });
    const groups = table.protocol === 'ndp' ? table.count : 0;
    while (((await herald.ask({ counters: site.index })) as LinkCounters).groups < groups) await sleep(20);
    return herald;
  }

  ask(order: HostOrder): Promise<unknown> {
    this.#child.send(order);
    return this.#answer();
  }

  async announce(table: Table): Promise<number> {
    return ((await this.ask({ announce: table, index: this.#site.index })) as { beganUs: number }).beganUs;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** What the thread that answers has used so far. */
  cpuSeconds(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    const task = readdirSync(tasks).find((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() === 'herald-l2');
    const fields = readFileSync(`${tasks}/${task}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the responder ended'));
      this.#child.once('exit', gone);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', gone);
        resolve(answer);
      });
    });
  }
}

export const herald: Responder = {
  name: 'herald',
  obstacle: () => undefined,
  serve: (site, table) => Herald.start(site, table),
};

export const heraldBlocked: Responder = {
  name: 'herald, JavaScript blocked',
  obstacle: () => undefined,
  serve: async (site, table) => {
    const serving = await Herald.start(site, table);
    await serving.ask({ block: true });
    return serving;
  },
};
