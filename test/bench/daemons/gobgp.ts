// GoBGP: the table goes in over gRPC before the peers are configured (with peers up it sends one UPDATE per prefix), a
// change is one AddPath on the same connection.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connectPatiently } from '../control.js';
import type { Daemon, Running, Work } from '../daemon.js';
import { daemonAddress, daemonAsn, nowMs, peerAddress, peerAsn, type Stage, tableAddress } from '../stage.js';

function config({ peers, holdTimeSeconds }: Work): string {
  const neighbors = Array.from(
    { length: peers },
    (_, index) => `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${peerAddress(index)}"
    peer-as = ${peerAsn}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.timers.config]
    hold-time = ${holdTimeSeconds}
    keepalive-interval = ${Math.floor(holdTimeSeconds / 3)}
`,
  );
  return `[global.config]
  as = ${daemonAsn}
  router-id = "${daemonAddress}"
  local-address-list = ["${daemonAddress}"]
${neighbors.join('')}`;
}

// Protocol Buffers by hand: what the three calls need of them.
function varint(value: number): Buffer {
  const octets: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...octets, rest]);
    octets.push((rest & 127) | 128);
  }
}
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
function octets(field: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}
const any = (field: number, type: string, ...parts: readonly Buffer[]): Buffer =>
  octets(field, octets(1, `type.googleapis.com/apipb.${type}`), octets(2, ...parts));

const family = octets(9, number(1, 1), number(2, 1));
const attributes = Buffer.concat([
  any(2, 'OriginAttribute', number(1, 0)),
  any(2, 'NextHopAttribute', octets(1, daemonAddress)),
]);
const path = (field: number, address: string): Buffer =>
  octets(field, any(1, 'IPAddressPrefix', number(1, 32), octets(2, address)), attributes, family);

/** One call: its messages, length-prefixed as gRPC has them; resolves when the daemon has answered. */
function call(session: ClientHttp2Session, method: string, messages: Iterable<Buffer>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/apipb.GobgpApi/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown = 'none';
    let complaint: unknown;
    const look = (headers: NodeJS.Dict<unknown>) => {
      status = headers['grpc-status'] ?? status;
      complaint = headers['grpc-message'] ?? complaint;
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.on('error', reject);
    stream.on('close', () =>
      status === '0' ? resolve() : reject(new Error(`gobgp: ${method}: ${status} ${complaint}`)),
    );
    stream.resume();
    for (const message of messages) {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([prefix, message]));
    }
    stream.end();
  });
}

function* table(routes: number): Generator<Buffer> {
  const batch = 1000;
  for (let first = 0; first < routes; first += batch) {
    const length = Math.min(batch, routes - first);
    yield Buffer.concat(Array.from({ length }, (_, index) => path(3, tableAddress(first + index))));
  }
}

async function start(stage: Stage, work: Work): Promise<Running> {
  const socketPath = stage.path('gobgp.sock');
  const configFile = stage.path('gobgp.toml');
  writeFileSync(configFile, config({ ...work, peers: 0 }));
  const messages = [...table(work.routes)];
  const words = ['gobgpd', '-f', configFile, '--api-hosts', `unix://${socketPath}`, '--pprof-disable', '-l', 'error'];
  const started = await stage.startDaemon(words);
  const socket = await connectPatiently(socketPath, started.program);
  const session = connect('http://gobgp', { createConnection: () => socket });
  await call(session, 'AddPathStream', messages);
  writeFileSync(configFile, config(work));
  started.program.signal('SIGHUP');
  return {
    ...started,
    announce: async (address) => {
      const answered = call(session, 'AddPath', [path(3, address)]);
      // What Node's HTTP/2 client takes until here is not GoBGP's; it hands its frames to the kernel a turn later.
      const atMs = nowMs();
      await answered;
      return atMs;
    },
    withdrawAll: async () => {
      const atMs = nowMs();
      await call(session, 'DeletePath', [octets(3, number(1, 1), number(2, 1))]);
      return atMs;
    },
    release: () => session.destroy(),
  };
}

export const gobgp: Daemon = {
  name: 'gobgp',
  version: () => /[\d.]+/.exec(spawnSync('gobgpd', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0],
  start,
};
