// One connection, two hundred thousand upserts one after the other, and every one of them at a peer and on the disk.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Sinks } from './sinks.js';
import { nowMs, tableAddress } from './stage.js';

const linesPerPiece = 1000;

export interface StreamFigures {
  readonly answeredMs: number;
  readonly announcedMs: number;
}

/** From the first line until the last answer has come, and until the peer has the last route. */
export async function streamUpserts(socketPath: string, sinks: Sinks, upserts: number): Promise<StreamFigures> {
  const pieces: string[] = [];
  for (let at = 0; at < upserts; at += linesPerPiece) {
    let text = '';
    for (let index = at; index < Math.min(upserts, at + linesPerPiece); index++)
      text += `{"op":"upsert","service":{"name":"bench/s${index}","addresses":["${tableAddress(index)}"]}}\n`;
    pieces.push(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }
  const socket = connect(socketPath);
  await once(socket, 'connect');
  let answers = 0;
  let last = 0;
  let complaint = '';
  const answered = new Promise<number>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the stream closed after ${answers} answers`)));
    socket.on('data', (octets: Buffer) => {
      // Lines of HTTP's own end otherwise.
      for (const octet of octets) {
        if (octet === 0x0a && last === 0x7d) answers++;
        last = octet;
      }
      if (complaint === '' && octets.includes('"error"')) complaint = octets.toString();
      if (answers === upserts) resolve(nowMs());
    });
  });
  const atMs = nowMs();
  socket.write('POST /v1/sources/cli/services HTTP/1.1\r\nhost: herald\r\ntransfer-encoding: chunked\r\n\r\n');
  for (const piece of pieces) if (!socket.write(piece)) await once(socket, 'drain');
  const [answeredAtMs, announced] = await Promise.all([answered, sinks.waitCount(upserts)]);
  socket.destroy();
  if (complaint !== '') throw new Error(complaint);
  return { answeredMs: answeredAtMs - atMs, announcedMs: announced.at - atMs };
}
