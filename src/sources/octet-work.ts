// Node's native code for octets, behind the door that the table room has for it.

import type { OctetWork } from '../table/table-text.js';

const bufferOf = (octets: Uint8Array): Buffer =>
  octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);

export const octetWork: OctetWork = {
  text: (octets, start, end) => bufferOf(octets).toString('utf8', start, end),
  equal: (a, aStart, b, bStart, length) =>
    bufferOf(a).compare(b, bStart, bStart + length, aStart, aStart + length) === 0,
};
