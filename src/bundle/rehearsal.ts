// The life of herald whose compiled code the build keeps: tables of every kind, a peer that it dials and one that dials it,
// sessions up, everything announced, and a farewell before the windows open: nobody waits for them. On the loopback interface, with files of its own.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { encodeMessage, type Message } from '../bgp/message.js';
import { endOfRib } from '../bgp/update.js';

const patienceMs = 15_000;
const retryMs = 20;
const rows = 3000;
const ownAddress = '127.0.0.1';
const caller = '127.0.0.2';
const called = '127.0.0.3';
const absent = '127.0.0.4';
const peerAsn = 64501;
const messages: readonly Message[] = [
  {
    kind: 'open',
    asn: peerAsn,
    holdTimeSeconds: 90,
    routerId: 0x7f000002,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn: peerAsn },
      { kind: 'routeRefresh' },
    ],
  },
  { kind: 'keepalive' },
];
const greeting = Buffer.concat(messages.map((message) => encodeMessage(message)));
const lastWord = Buffer.from(encodeMessage(endOfRib('ipv4')));

/** Takes the session, and calls when End-of-RIB has come. */
function speak(socket: Socket, told: () => void): void {
  let heard = Buffer.alloc(0);
  socket.write(greeting);
  socket.on('data', (octets) => {
    heard = Buffer.concat([heard, octets]);
    if (heard.includes(lastWord)) told();
  });
  socket.on('error', () => {});
}

async function listening(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server, ownAddress);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Writes what herald shall read; returns the path of the configuration. */
function furnish(directory: string, listenPort: number, dialPort: number): string {
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const row = (i: number): string => `10.0.${i >> 8}.${i & 255}/32`;
  const csv = Array.from({ length: rows }, (_, i) => `${row(i)},${i % 7 === 0 ? '' : 100}\n`).join('');
  const ndjson = Array.from({ length: 100 }, (_, i) => `{"name":"a/s${i}","addresses":["192.0.2.${i}"]}\n`).join('');
  const peer = { peerASN: peerAsn, holdTime: '90s' };
  return write(
    'herald.yaml',
    JSON.stringify({
      node: { name: 'rehearsal' },
      bgp: { asn: 64500, routerID: ownAddress, listen: [`${ownAddress}:${listenPort}`] },
      http: { listen: '' },
      bgpPeers: [
        // The windows wait a while for it.
        { name: 'absent', ...peer, peerAddress: absent, passive: true },
        { name: 'caller', ...peer, peerAddress: caller, passive: true },
        { name: 'called', ...peer, peerAddress: called, peerPort: dialPort, sourceAddress: ownAddress },
      ],
      sources: [
        { name: 'csv', file: write('table.csv', `prefix,med\n${csv}2001:db8::/64,\n`) },
        { name: 'ndjson', file: write('table.ndjson', ndjson) },
        { name: 'yaml', file: write('table.yaml', 'services:\n  - name: web\n    addresses: [198.51.100.1]\n') },
      ],
      log: { level: 'info', format: 'json' },
    }),
  );
}

/** Leads `program`, a bundle's way in, through a life; its files are in `directory`. */
export async function lead(program: string, directory: string): Promise<void> {
  const server = createServer();
  const listenPort = await freePort();
  const config = furnish(directory, listenPort, await listening(server, called));
  const words = ['run', '--config', config, '--state-dir', directory, '--socket', join(directory, 'herald.sock')];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  let calls: NodeJS.Timeout | undefined;
  const isCalled = new Promise<void>((resolve) => server.on('connection', (socket) => speak(socket, resolve)));
  const hasCalled = new Promise<void>((resolve) => {
    calls = setInterval(() => {
      const socket = connect({ host: ownAddress, port: listenPort, localAddress: caller });
      socket.once('connect', () => {
        clearInterval(calls);
        speak(socket, resolve);
      });
      socket.on('error', () => {});
    }, retryMs);
  });
  await Promise.race([Promise.all([isCalled, hasCalled]), ended]);
  child.kill('SIGTERM');
  const code = await ended;
  clearInterval(calls);
  clearTimeout(impatience);
  server.close();
  if (code !== 0) throw new Error(`the rehearsal ended with ${code}: ${said.slice(-1000)}`);
}
