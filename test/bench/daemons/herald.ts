// herald: the table is a CSV bulk or NDJSON services, a change is a PUT on a connection kept open, or a file renamed over.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Control } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, nowMs, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = `${root}dist/main.js`;

export interface TableFormat {
  readonly name: string;
  readonly file: string;
  /** `med` is what to change when the same prefixes shall all be different. */
  text(addresses: readonly string[], med?: number): string;
}

export const csv: TableFormat = {
  name: 'herald',
  file: 'herald-table.csv',
  text: (addresses, med) => `prefix,med\n${addresses.map((address) => `${address}/32,${med ?? ''}\n`).join('')}`,
};

export const services: TableFormat = {
  name: 'herald services',
  file: 'herald-table.ndjson',
  text: (addresses, med) => {
    const bgp = med === undefined ? '' : `,"bgp":{"med":${med}}`;
    const lines = addresses.map(
      (address) => `{"name":"bench/s${address.replaceAll('.', '-')}","addresses":["${address}"]${bgp}}\n`,
    );
    // A file of no octets at all is what a writer leaves who died, and is not taken over.
    return lines.join('') || '\n';
  },
};

export const tableAddresses = (routes: number): readonly string[] =>
  Array.from({ length: routes }, (_, index) => tableAddress(index));

/** JSON is YAML. */
function config(stage: Stage, format: TableFormat, { peers, holdTimeSeconds }: Work): string {
  return JSON.stringify({
    node: { name: 'bench' },
    bgp: { asn: daemonAsn, routerID: daemonAddress, listen: [`${daemonAddress}:179`] },
    http: { listen: '' },
    bgpPeers: Array.from({ length: peers }, (_, index) => ({
      name: `p${index}`,
      peerAddress: peerAddress(index),
      peerASN: peerAsn,
      passive: true,
      holdTime: `${holdTimeSeconds}s`,
      families: ['ipv4'],
    })),
    sources: [{ name: 'table', file: stage.path(format.file) }],
    log: { level: 'info', format: 'json' },
  });
}

/** Of an HTTP answer with its length told, or without a body. */
function endOfAnswer(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  if (/\r\ntransfer-encoding: chunked/i.test(text.slice(0, head))) {
    const last = text.indexOf('\r\n0\r\n\r\n', head);
    return last < 0 ? undefined : last + 7;
  }
  const end = head + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2))?.[1] ?? 0);
  return text.length < end ? undefined : end;
}

export interface RunningHerald extends Running {
  readonly socket: string;
  /** Renames a file over the table; returns the moment before. */
  replaceTable(text: string): number;
  request(method: string, path: string, body?: string): Promise<string>;
}

export async function startHerald(stage: Stage, work: Work, format: TableFormat): Promise<RunningHerald> {
  const table = stage.path(format.file);
  const configFile = stage.path('herald.yaml');
  const state = stage.path('herald-state');
  const socket = stage.path('herald.sock');
  rmSync(state, { recursive: true, force: true });
  writeFileSync(configFile, config(stage, format, work));
  let entries = tableAddresses(work.routes);
  writeFileSync(table, format.text(entries));
  const words = ['run', '--config', configFile, '--state-dir', state, '--socket', socket];
  const flags = (process.env['HERALD_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const started = await stage.startDaemon([process.execPath, ...flags, program, ...words]);
  const control = await Control.connect(socket, started.program, endOfAnswer);
  const asked = (method: string, path: string, body = '') =>
    `${method} ${path} HTTP/1.1\r\nhost: herald\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const accepted = (question: string, answer: string) => {
    if (!/^HTTP\/1.1 2\d\d /.test(answer)) throw new Error(`herald: ${question.split('\r\n')[0]}: ${answer}`);
    return answer;
  };
  const request = async (method: string, path: string, body?: string) => {
    const question = asked(method, path, body);
    return accepted(question, await control.ask(question));
  };
  const replaceTable = (text: string) => {
    writeFileSync(`${table}.new`, text);
    const atMs = nowMs();
    renameSync(`${table}.new`, table);
    return atMs;
  };
  return {
    ...started,
    socket,
    request,
    replaceTable,
    announce: async (address) => {
      const name = `bench/c${address.replaceAll('.', '-')}`;
      const question = asked('PUT', `/v1/sources/cli/services/${name}`, JSON.stringify({ name, addresses: [address] }));
      const atMs = nowMs();
      accepted(question, await control.ask(question));
      return atMs;
    },
    announceByFile: async (address) => {
      entries = [...entries, address];
      return replaceTable(format.text(entries));
    },
    withdrawAll: async () => replaceTable(format.text([])),
    release: () => control.close(),
  };
}

function heraldWith(format: TableFormat): Daemon {
  return {
    name: format.name,
    version: () =>
      existsSync(program)
        ? (/"version": "(.*)"/.exec(readFileSync(`${root}package.json`, 'utf8'))?.[1] ?? '?')
        : undefined,
    start: (stage, work) => startHerald(stage, work, format),
  };
}

export const herald = heraldWith(csv);
export const heraldServices = heraldWith(services);
