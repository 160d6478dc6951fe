// A LAN of two hosts for the tests of the responder: on one a responder-host.ts, the other asks. And frames from scapy's hand.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { LinkCounters } from '../../src/l2/responder.js';
import { Lab, type Namespace } from '../netns.js';
import type { HostAnswer, HostRequest } from './responder-host.js';

const program = new URL('./responder-host.ts', import.meta.url).pathname;

/** A responder-host.ts in a namespace. */
export class Host {
  readonly #child: ChildProcess;
  readonly exited: Promise<number | null>;

  private constructor(command: readonly string[]) {
    const [file, ...words] = command;
    this.#child = spawn(file!, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  static async start(namespace: Namespace, ...prefix: readonly string[]): Promise<Host> {
    const host = new Host(namespace.words(...prefix, process.execPath, '--import=tsx', program));
    await host.#answer();
    return host;
  }

  async ask(request: HostRequest): Promise<HostAnswer> {
    this.#child.send(request);
    return this.#answer();
  }

  /** For what must succeed. */
  async tell(...requests: readonly HostRequest[]): Promise<void> {
    for (const request of requests) assert.deepEqual(await this.ask(request), {});
  }

  async counters(index: number): Promise<LinkCounters> {
    const { counters } = await this.ask({ counters: index });
    assert.ok(counters, `interface ${index} is not open`);
    return counters;
  }

  async conflicts(): Promise<readonly string[]> {
    return (await this.ask({ conflicts: true })).conflicts ?? [];
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #answer(): Promise<HostAnswer> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the responder ended'));
      this.#child.once('exit', gone);
      this.#child.once('message', (answer: HostAnswer) => {
        this.#child.off('exit', gone);
        resolve(answer);
      });
    });
  }
}

export interface Interface {
  readonly index: number;
  readonly mac: string;
}

export function interfaceOf(namespace: Namespace, device: string): Interface {
  const read = (file: string): string => namespace.run('ip', '-o', 'link', 'show', device).match(file)?.[1] ?? '';
  return { index: Number(read('^(\\d+):')), mac: read('link/ether ([0-9a-f:]+)') };
}

/** Our host and its neighbour, joined by a veth pair; both call it eth0. */
export class Segment {
  readonly lab = new Lab();
  readonly here = this.lab.namespace('responder');
  readonly there = this.lab.namespace('neighbour');

  constructor() {
    this.lab.connect(
      { namespace: this.here, device: 'eth0' },
      { namespace: this.there, device: 'eth0', addresses: ['10.0.0.1/24', '2001:db8::1/64'] },
    );
  }

  /** Runs Python with scapy beside the neighbour: `out` is what it calls with what we shall get, `here` and `there` are the MACs. */
  scapy(script: string): unknown {
    return scapy(this.there, `here, there = "${this.mac}", "${interfaceOf(this.there, 'eth0').mac}"\n${script}`);
  }

  get mac(): string {
    return interfaceOf(this.here, 'eth0').mac;
  }

  get index(): number {
    return interfaceOf(this.here, 'eth0').index;
  }
}

export const preamble = `
import json, logging, sys, time
logging.getLogger("scapy").setLevel(logging.CRITICAL)
from scapy.all import *
conf.verb = 0
conf.iface = "eth0"
def out(value): print(json.dumps(value))
def records(report):
    for record in report.records:
        while isinstance(record, ICMPv6MLDMultAddrRec):
            yield record
            record = record.payload
def heard(action, keep, seconds=1.0, count=0):
    sniffer = AsyncSniffer(iface="eth0", lfilter=keep, count=count, started_callback=action)
    sniffer.start()
    sniffer.join(seconds)
    if sniffer.running: sniffer.stop()
    return sniffer.results
`;

export function scapy(namespace: Namespace, script: string): unknown {
  const printed = namespace.run('/usr/bin/python3', '-c', `${preamble}\n${script}`);
  return printed === '' ? undefined : JSON.parse(printed);
}
